/** `fillwright status`: what the store says of the account, at one glance. */
import type { Command } from 'commander';
import { decodeSnapshot } from '../actors/codec.ts';
import { actorId } from '../actors/registry.ts';
import type { FindingRow, Store } from '../actors/store-port.ts';
import type { PostgresStore } from '../adapters/store/postgres-store.ts';
import { decimal, toText, ZERO } from '../domain/decimal.ts';
import { minus } from '../domain/exact.ts';
import { activeHolds, type Hold, holdText } from '../domain/risk/holds.ts';
import { type SettlementRate, settlementRates } from '../domain/settlement-rate.ts';
import type { AccountContext } from '../machines/account.machine.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import type { VenueBalance, VenueContext } from '../machines/venue.machine.ts';
import { venueName } from '../venue.ts';
import { accountOf } from './account.ts';
import { budgetsUsdOf } from './budget.ts';
import { formatDuration, formatTime } from './duration.ts';
import { MOST_WAITING, sinkLines } from './event-sinks.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { quarantineLines, quarantineOf } from './quarantine.ts';
import { loadConfig, withStore } from './settings.ts';
import { isOpenStatus } from './statuses.ts';
import { tableLines } from './table.ts';

/** More unsettled orders than this are not counted or added up: one read answers no more. */
const MAX_UNSETTLED = 10_000;
/** The engine keeps fewer than this. */
const MAX_FINDINGS = 10_000;
/** Markets with failed fills that are listed, those with the most first. */
const MAX_MARKETS = 20;

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
    const money = await moneyOf(store, account, {
      reserved: sum(unsettled.map(({ reservedUsd }) => reservedUsd)),
      configured: config.account.minimumReserveUsd,
    });
    return {
      account,
      orders: byStatus,
      openOrders: Object.entries(byStatus).reduce(
        (total, [name, count]) => total + (isOpenStatus(name) ? count : 0),
        0,
      ),
      unsettledOrders: unsettled.length,
      redeemable: sum(positions.map(({ redeemableUsd }) => redeemableUsd)),
      positions: positions.filter(({ size }) => !decimal(size).isZero()).length,
      quarantine: await quarantineOf(store, unsettled),
      ...(await stopsOf(store)),
      settlement: settlementRates(await store.settlementCounts()),
      fills: await store.legCount(),
      orphans: (await store.orphans()).length,
      findings: countFindings(await store.findings({ open: true, limit: MAX_FINDINGS })),
      ...money,
      venueBalance: await venueBalanceOf(store, venueName(config)),
      realizedPnl: sum(positions.map(({ realizedPnl }) => realizedPnl)),
      fees: sum(positions.map(({ feesUsd }) => feesUsd)),
      eventSinks: await store.events.lags(MOST_WAITING),
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
          ['cash at the venue', balanceText(rest.venueBalance)],
          ['reserved', rest.reserved],
          ['in budgets', rest.budgets],
          ['minimum reserve', rest.minimumReserve],
          ['available', rest.available],
          ['redeemable', rest.redeemable],
          ['realised PnL', rest.realizedPnl],
          ['fees', rest.fees],
          ['open orders', String(rest.openOrders)],
          ['unsettled orders', String(rest.unsettledOrders)],
          ['positions', String(rest.positions)],
          ['fills', String(rest.fills)],
          ['fills not final', String(sumOf(rest.settlement, 'unsettled'))],
          ['fills that failed', String(sumOf(rest.settlement, 'failed'))],
          ['orphan fills', String(rest.orphans)],
          ['open findings', `${rest.findings.open}, ${rest.findings.critical} critical`],
          ['journal', String(journal.lastSeq)],
          ['not yet in these tables', String(behind)],
        ],
      ),
      '',
      ...tableLines(
        [{ title: 'orders' }, { title: 'count', align: 'right' }],
        Object.entries(orders).map(([name, count]) => [name, String(count)]),
      ),
      ...quarantineLines(rest.quarantine),
      ...stopLines(rest),
      ...settlementLines(rest.settlement),
      ...sinkLines(rest.eventSinks),
    ];
  });
}

async function venueBalanceOf(store: Store, venue: string): Promise<VenueBalance | null> {
  const row = await store.actor(actorId('venue', venue));
  if (row === undefined) return null;
  const { context } = decodeSnapshot(row) as { readonly context: VenueContext };
  return context.balance;
}

function balanceText(balance: VenueBalance | null): string {
  if (balance === null) return 'not told yet';
  return `${balance.cashUsd} (${formatDuration(Date.now() - balance.askedAtMs)} ago)`;
}

function sumOf(rates: readonly SettlementRate[], field: 'unsettled' | 'failed'): number {
  return rates.reduce((sum, rate) => sum + rate[field], 0);
}

function countFindings(rows: readonly FindingRow[]): { open: number; critical: number } {
  const critical = rows.filter(({ severity }) => severity === 'critical').length;
  return { open: rows.length, critical };
}

/** What is available, with its parts: the amount that is never spent is of the newest start. */
async function moneyOf(
  store: PostgresStore,
  account: string,
  { reserved, configured }: { readonly reserved: string; readonly configured: string },
) {
  const row = await store.actor(actorId('account', account));
  const decoded = row && (decodeSnapshot(row) as { readonly context: AccountContext });
  const minimumReserve = decoded?.context.minimumReserveUsd ?? configured;
  const [cash, budgets] = [await store.ledgerTotal(account), await budgetsUsdOf(store)];
  const available = minus(minus(minus(cash, reserved), budgets), minimumReserve);
  return { cash, reserved, budgets, minimumReserve, available };
}

interface Stops {
  /** What the newest start found; null where it takes entries. */
  readonly boot: string | null;
  /** What keeps entries, or everything, from being traded. */
  readonly holds: readonly Hold[];
}

/** Why no entries are taken. */
async function stopsOf(store: Store): Promise<Stops> {
  const row = await store.actor(actorId('system', 'main'));
  if (row === undefined) return { boot: null, holds: [] };
  const { context } = decodeSnapshot(row) as { readonly context: SystemContext };
  return { boot: context.bootProblem, holds: activeHolds(context.holds, Date.now()) };
}

function until({ untilMs }: Hold): string {
  return untilMs === null ? '' : ` until ${formatTime(untilMs)}`;
}

function stopLines({ boot, holds }: Stops): string[] {
  return [
    ...(boot === null ? [] : ['', `The boot check has failed, no entries are taken: ${boot}`]),
    ...(holds.length === 0 ? [] : ['']),
    ...holds.map((hold) => `Trading is ${holdText(hold)}${until(hold)}.`),
  ];
}

/** Markets of which fills have failed. */
function settlementLines(rates: readonly SettlementRate[]): string[] {
  const failing = rates.filter(({ failed }) => failed > 0).slice(0, MAX_MARKETS);
  if (failing.length === 0) return [];
  return [
    '',
    ...tableLines(
      [
        { title: 'fills of market', shrinks: true },
        { title: 'confirmed', align: 'right' },
        { title: 'failed', align: 'right' },
        { title: 'not final', align: 'right' },
        { title: 'failure rate', align: 'right' },
      ],
      failing.map(({ marketId, confirmed, failed, unsettled, failureRate }) => [
        marketId,
        ...[confirmed, failed, unsettled].map(String),
        failureRate ?? '-',
      ]),
    ),
  ];
}
