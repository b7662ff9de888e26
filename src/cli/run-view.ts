/** What a person wants to see of a running engine: gathered from its events, drawn as lines. */

import { namesOf } from '../actors/summary.ts';
import { decimal, toText } from '../domain/decimal.ts';
import type { BookSnapshot } from '../domain/market-data.ts';
import { holdText } from '../domain/risk/holds.ts';
import type {
  Engine,
  EngineEventOf,
  OrderView,
  PositionSummary,
  TradingHealth,
} from '../engine.ts';
import type { AccountContext } from '../machines/account.machine.ts';
import { formatClock, formatDuration } from './duration.ts';
import { orderTable } from './order-table.ts';
import { type InstrumentNames, label, money, positionLines } from './summary-lines.ts';
import { cut, printable, tableLines } from './table.ts';

const SHOWN_ORDERS = 8;
const SHOWN_FILLS = 6;
const SHOWN_MARKETS = 8;
const SHOWN_POSITIONS = 8;
const SHOWN_NOTES = 3;

interface ShownMarket {
  readonly instrument: string;
  readonly bid: string;
  readonly ask: string;
}

interface ShownFill {
  readonly atMs: number;
  readonly instrument: string;
  readonly side: string;
  readonly price: string;
  readonly size: string;
  readonly feeUsd: string;
  readonly settlement: string;
}

/** Everything that one picture shows. */
export interface RunView {
  readonly title: string;
  readonly uptimeMs: number;
  readonly health: TradingHealth;
  readonly cashUsd: string;
  readonly reservedUsd: string;
  readonly feesUsd: string;
  readonly names: InstrumentNames;
  readonly markets: readonly ShownMarket[];
  /** Newest first. */
  readonly orders: readonly OrderView[];
  readonly fills: readonly ShownFill[];
  readonly positions: readonly PositionSummary[];
  /** Newest lines of the log. */
  readonly notes: readonly string[];
}

export interface RunWatch {
  view(): RunView;
  /** Takes a line of the log. */
  note(line: string): void;
  close(): void;
}

/** Follows a started engine. Cheap: it listens, and reads the database once. */
export async function watchRun(engine: Engine, title: string): Promise<RunWatch> {
  const startedAt = performance.now();
  const first = await engine.account();
  let account: Pick<AccountContext, 'cashUsd' | 'reservedUsd' | 'feesUsd'> = first;
  const orders = new Map<string, OrderView>();
  for (const order of (await engine.orders({ limit: SHOWN_ORDERS })).toReversed()) {
    orders.set(order.clientOrderId, order);
  }
  const fills = new Map<string, ShownFill>();
  const notes: string[] = [];

  function takeOrder({ order }: EngineEventOf<'order'>): void {
    orders.set(order.clientOrderId, order);
    keepNewest(orders, SHOWN_ORDERS);
  }

  function takeFill({ leg, effect }: EngineEventOf<'fill'>): void {
    fills.set(leg.key, {
      atMs: leg.matchedAtMs,
      instrument: leg.instrumentId,
      side: leg.side,
      price: leg.price,
      size: leg.size,
      feeUsd: leg.feeUsd,
      settlement: effect === 'voided' ? 'failed' : leg.settlement,
    });
    keepNewest(fills, SHOWN_FILLS);
  }

  const ends = [
    engine.on('order', takeOrder),
    engine.on('fill', takeFill),
    engine.on('account', (event) => {
      account = event.account;
    }),
  ];
  return {
    view: () => ({
      title,
      uptimeMs: performance.now() - startedAt,
      health: engine.health(),
      cashUsd: account.cashUsd,
      reservedUsd: account.reservedUsd,
      feesUsd: account.feesUsd,
      names: namesOf(engine.instruments()),
      markets: engine.instruments().map(({ id }) => shownMarket(id, engine.book(id))),
      orders: [...orders.values()].toReversed(),
      fills: [...fills.values()].toReversed(),
      positions: engine.marks(),
      notes,
    }),
    note(line) {
      notes.push(...line.split('\n').filter((part) => part.trim() !== ''));
      notes.splice(0, Math.max(0, notes.length - SHOWN_NOTES));
    },
    close() {
      for (const end of ends) end();
    },
  };
}

/** Drops the oldest entries; an entry that changes keeps its place. */
function keepNewest(entries: Map<string, unknown>, most: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
}

function shownMarket(id: string, book: BookSnapshot | undefined): ShownMarket {
  return {
    instrument: id,
    bid: levelText(book?.bids[0]),
    ask: levelText(book?.asks[0]),
  };
}

function levelText(level: { readonly price: string; readonly size: string } | undefined): string {
  return level === undefined ? '-' : `${level.price} x ${level.size}`;
}

/** One line of facts, for a log that is no terminal. */
export function progressFacts(view: RunView): object {
  return {
    uptime: formatDuration(view.uptimeMs),
    liveOrders: view.health.openOrders,
    positions: view.positions.filter(({ size }) => size !== '0').length,
    cash: view.cashUsd,
    equity: equity(view),
    lag: view.health.waiting + view.health.lag,
    faults: view.health.actorFaults,
    orphans: view.health.orphans,
    quarantine: view.health.quarantine.map(({ marketId }) => marketId),
  };
}

function quarantineOf({ quarantine }: Pick<TradingHealth, 'quarantine'>): string {
  if (quarantine.length === 0) return '';
  return `  in quarantine ${quarantine.map(({ marketId }) => marketId).join(', ')}`;
}

function findingsOf({ reconciliation }: Pick<TradingHealth, 'reconciliation'>): string {
  const { openFindings, criticalFindings } = reconciliation;
  if (openFindings === 0) return '';
  return `  findings ${openFindings}${criticalFindings === 0 ? '' : ` (${criticalFindings} critical)`}`;
}

function entriesOf({ boot, holds }: TradingHealth): string {
  if (boot?.ok === false) {
    return `NO ENTRIES: ${boot.problems[0]?.message ?? 'the boot check has failed'}`;
  }
  const [first] = holds;
  if (first === undefined) return 'running';
  const more = holds.length === 1 ? '' : `, and ${holds.length - 1} more`;
  return `TRADING IS ${holdText(first)}${more}`;
}

/** The whole picture, at most `rows` lines of `columns` characters. */
export function renderRun(view: RunView, size: { columns: number; rows: number }): string[] {
  const { columns } = size;
  const { health } = view;
  const state = health.running
    ? entriesOf(health)
    : `NOT TRADING: ${health.failure ?? `store ${health.store}, writer lease ${health.lease}`}`;
  const heading = [
    `Fillwright  ${view.title}  up ${formatDuration(view.uptimeMs)}  ${state}`,
    `store ${health.store}  venue ${health.venue}  live orders ${health.openOrders}  waiting ${health.waiting}  lag ${health.lag}  faults ${health.actorFaults}  orphans ${health.orphans}  refused ${health.refusedLegs}${findingsOf(health)}${quarantineOf(health)}`,
    `cash ${money(view.cashUsd)}  reserved ${money(view.reservedUsd)}  equity ${money(equity(view))}  fees ${money(view.feesUsd)}`,
  ];
  const markets = tableLines(
    [
      { title: 'market', shrinks: true },
      { title: 'bid', align: 'right' },
      { title: 'ask', align: 'right' },
    ],
    view.markets
      .slice(0, SHOWN_MARKETS)
      .map(({ instrument, bid, ask }) => [label(instrument, view.names), bid, ask]),
    columns,
  );
  const held = view.positions.slice(0, SHOWN_POSITIONS);
  const sections = [
    heading,
    markets,
    orderTable(view.orders, view.names, columns),
    fillLines(view, columns),
    positionLines(held, columns),
    view.notes,
    ['Ctrl-C stops; starting again goes on from here.'],
  ];
  return sections
    .filter((section) => section.length > 0)
    .flatMap((section, index) => (index === 0 ? section : ['', ...section]))
    .slice(0, size.rows)
    .map((line) => cut(printable(line), columns));
}

function fillLines({ fills, names }: RunView, columns: number): string[] {
  return tableLines(
    [
      { title: 'fill' },
      { title: 'instrument', shrinks: true },
      { title: 'side' },
      { title: 'price', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'fee', align: 'right' },
      { title: 'settlement' },
    ],
    fills.map((fill) => [
      formatClock(fill.atMs),
      label(fill.instrument, names),
      fill.side,
      fill.price,
      fill.size,
      fill.feeUsd,
      fill.settlement,
    ]),
    columns,
  );
}

/** Cash and what the positions are worth; a position without a price counts at its cost. */
function equity({ cashUsd, positions }: RunView): string {
  return toText(
    positions.reduce(
      (sum, { size, mark, averageEntry }) => sum.plus(decimal(size).times(mark ?? averageEntry)),
      decimal(cashUsd),
    ),
  );
}
