/** `fillwright status`: what the store says of the account, at one glance. */
import type { Command } from 'commander';
import { actorId } from '../actors/registry.ts';
import type { Store } from '../actors/store-port.ts';
import type { Config } from '../config.ts';
import { decimal, toText, ZERO } from '../domain/decimal.ts';
import { FillwrightFault } from '../domain/faults.ts';
import { venueName } from '../venue.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { isOpenStatus } from './statuses.ts';
import { tableLines } from './table.ts';

/** More unsettled orders than this are not counted or added up: one read answers no more. */
const MAX_UNSETTLED = 10_000;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Show where the account stands: orders by status, cash, positions, orphans.')
    .addHelpText('after', '\nExample:\n  $ fillwright status --json | jq .cash')
    .action(async (_options, command: Command) => status(command.optsWithGlobals()));
}

async function status(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const found = await withStore(config, options, async (store) => {
    const account = await accountOf(store, config);
    const unsettled = await store.orders({ closed: false, limit: MAX_UNSETTLED });
    const positions = await store.positions();
    const byStatus = await store.orderCounts();
    const sum = (values: readonly string[]) =>
      toText(values.reduce((total, value) => total.plus(value), ZERO));
    return {
      account,
      orders: byStatus,
      openOrders: Object.entries(byStatus).reduce(
        (total, [name, count]) => total + (isOpenStatus(name) ? count : 0),
        0,
      ),
      unsettledOrders: unsettled.length,
      positions: positions.filter(({ size }) => !decimal(size).isZero()).length,
      fills: await store.legCount(),
      orphans: (await store.orphans()).length,
      cash: await store.ledgerTotal(account),
      reserved: sum(unsettled.map(({ reservedUsd }) => reservedUsd)),
      realizedPnl: sum(positions.map(({ realizedPnl }) => realizedPnl)),
      fees: sum(positions.map(({ feesUsd }) => feesUsd)),
      journal: { lastSeq: await store.lastSeq(), projectedThrough: await store.projectedThrough() },
    };
  });
  printResult(options, found, () => {
    const { orders, journal, ...rest } = found;
    const behind = journal.lastSeq - journal.projectedThrough;
    return [
      ...tableLines(
        [{ title: 'account' }, { title: rest.account, align: 'right' }],
        [
          ['cash', rest.cash],
          ['reserved', rest.reserved],
          ['realised PnL', rest.realizedPnl],
          ['fees', rest.fees],
          ['open orders', String(rest.openOrders)],
          ['unsettled orders', String(rest.unsettledOrders)],
          ['positions', String(rest.positions)],
          ['fills', String(rest.fills)],
          ['orphan fills', String(rest.orphans)],
          ['journal', String(journal.lastSeq)],
          ['not yet in these tables', String(behind)],
        ],
      ),
      '',
      ...tableLines(
        [{ title: 'orders' }, { title: 'count', align: 'right' }],
        Object.entries(orders).map(([name, count]) => [name, String(count)]),
      ),
    ];
  });
}

/**
 * The account that this database holds; the configured one as long as it holds none.
 *
 * @throws {FillwrightFault} `invalid_config` for another account or venue, as `run` does: its cash
 * would read 0.
 */
async function accountOf(store: Store, config: Config): Promise<string> {
  const configured = { account: config.account.id, venue: venueName(config) };
  const held = await actorsHeld(store);
  if (held.account === undefined || held.venue === undefined) return configured.account;
  if (held.account === configured.account && held.venue === configured.venue) return held.account;
  throw new FillwrightFault(
    'invalid_config',
    `This database holds account "${held.account}" on venue "${held.venue}", the configuration says "${configured.account}" on "${configured.venue}". Use another data folder or database.`,
    held,
  );
}

/** Both are among the first actors that were ever made. */
async function actorsHeld(store: Store): Promise<{ account?: string; venue?: string }> {
  const names = new Map<string, string>();
  for await (const page of store.liveActors()) {
    for (const { kind, actorId: id } of page) {
      if (kind !== 'account' && kind !== 'venue') continue;
      names.set(kind, id.slice(actorId(kind, '').length));
    }
    if (names.size === 2) break;
  }
  return Object.fromEntries(names);
}
