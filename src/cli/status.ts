/** `fillwright status`: what the store says of the account, at one glance. */
import type { Command } from 'commander';
import { decimal, toText, ZERO } from '../domain/decimal.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { isOpenStatus } from './statuses.ts';
import { tableLines } from './table.ts';

/** More open orders than this are not added up. */
const MAX_OPEN = 10_000;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Show where the account stands: orders by status, cash, positions, orphans.')
    .addHelpText('after', '\nExample:\n  $ fillwright status --json | jq .cash')
    .action(async (_options, command: Command) => status(command.optsWithGlobals()));
}

async function status(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const account = config.account.id;
  const found = await withStore(config, options, async (store) => {
    const unsettled = await store.orders({ closed: false, limit: MAX_OPEN });
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
