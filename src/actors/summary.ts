/** What an account did and where it stands: the object that `run --json` and `replay --json` print. */
import { type DecimalText, decimal, toText, ZERO } from '../domain/decimal.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { MarketDataCounts } from '../domain/market-data.ts';
import { unrealizedPnl } from '../domain/position-totals.ts';
import { returnOnCostPct } from '../domain/return-on-cost.ts';
import { type SettlementRate, settlementRates } from '../domain/settlement-rate.ts';
import type { MarketView } from './market-view.ts';
import { standing, tradable } from './rows.ts';
import type { Store } from './store-port.ts';
import type { Trading } from './trading-api.ts';

export interface PositionSummary {
  readonly instrument: string;
  /** What people call it, as `sim-rain-tomorrow:YES`, where its market has a name. */
  readonly name?: string;
  /** Shares; positive is LONG. */
  readonly size: DecimalText;
  readonly averageEntry: DecimalText;
  /** What a share is worth by the newest book; null where none was seen. */
  readonly mark: DecimalText | null;
  /** Dollars, before fees. */
  readonly realizedPnl: DecimalText;
  readonly unrealizedPnl: DecimalText;
  /** Unrealised result in percent of what the open shares cost; null where nothing is open or marked. */
  readonly returnOnCostPct: DecimalText | null;
  readonly fees: DecimalText;
  /** Of a resolved market: what a share pays, and what is still to be redeemed. */
  readonly payout?: DecimalText;
  readonly redeemableUsd?: DecimalText;
}

export interface Summary {
  /** Market data messages of this run, and books published from them. */
  readonly events: number;
  readonly books: number;
  readonly hashMismatches: number;
  /** Orders of the account by how they stand. `submitted` counts all that were not denied. */
  readonly orders: {
    readonly submitted: number;
    readonly filled: number;
    readonly cancelled: number;
    readonly rejected: number;
    readonly denied: number;
    readonly expired: number;
    readonly failed: number;
    readonly open: number;
  };
  /** Fill legs that were not voided. */
  readonly fills: number;
  /** Fills by how the chain ended them, for each market; most failures first. */
  readonly settlement: readonly SettlementRate[];
  readonly fees: DecimalText;
  /** Dollars, before fees. */
  readonly realizedPnl: DecimalText;
  readonly unrealizedPnl: DecimalText;
  readonly cash: DecimalText;
  readonly positions: readonly PositionSummary[];
  /** Real time of this run. */
  readonly durationMs: number;
  /** Transactions committed by this run: journal batches and projections. */
  readonly transactions: number;
}

export async function summarise(parts: {
  readonly trading: Trading;
  readonly store: Store;
  readonly counts: Readonly<MarketDataCounts>;
  readonly view: MarketView;
  readonly durationMs: number;
}): Promise<Summary> {
  const { trading, store, counts, view } = parts;
  await trading.settled();
  const transactions = store.transactions;
  const byStatus = await store.orderCounts();
  const of = (...statuses: string[]) =>
    statuses.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
  const total = of(...Object.keys(byStatus));
  const positions = summarisePositions(trading, view);
  const account = await trading.account();
  const sum = (pick: (position: PositionSummary) => DecimalText) =>
    toText(positions.reduce((result, position) => result.plus(pick(position)), ZERO));
  return {
    events: counts.messages,
    books: counts.books,
    hashMismatches: counts.hashMismatches,
    orders: {
      submitted: total - of('DENIED'),
      filled: of('MATCHED', 'MINED', 'CONFIRMED'),
      cancelled: of('CANCELLED'),
      rejected: of('REJECTED'),
      denied: of('DENIED'),
      expired: of('EXPIRED'),
      failed: of('FAILED'),
      open: of('PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN'),
    },
    fills: await store.legCount(),
    settlement: settlementRates(await store.settlementCounts()),
    fees: account.feesUsd,
    realizedPnl: sum((position) => position.realizedPnl),
    unrealizedPnl: sum((position) => position.unrealizedPnl),
    cash: account.cashUsd,
    positions,
    durationMs: Math.round(parts.durationMs),
    transactions,
  };
}

/** Positions as they stand, by instrument id, with their worth by the newest books. */
export function summarisePositions(trading: Trading, view: MarketView): PositionSummary[] {
  const { registry } = trading.execution;
  const names = namesOf(trading.instruments());
  const summaries = [...registry.positions.values()].map((entry): PositionSummary => {
    const { context } = registry.snapshot(entry);
    const { instrumentId, fold } = context;
    const now = standing(context);
    const mark = view.mark(instrumentId);
    const name = names.get(instrumentId);
    return {
      instrument: instrumentId,
      ...(name === undefined ? {} : { name }),
      size: now.size,
      averageEntry: now.averageEntry,
      mark: mark ?? null,
      realizedPnl: now.realizedPnl,
      unrealizedPnl:
        mark === undefined ? '0' : toText(decimal(unrealizedPnl(tradable(context), mark))),
      returnOnCostPct: mark === undefined ? null : returnOnCostPct(tradable(context), mark),
      fees: fold.totals.feesUsd,
      ...(context.resolution === null
        ? {}
        : { payout: context.resolution.payout, redeemableUsd: now.redeemableUsd }),
    };
  });
  return summaries.sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
}

/** Names by instrument id, of markets that have one. */
export function namesOf(instruments: readonly Instrument[]): ReadonlyMap<string, string> {
  return new Map(
    instruments.flatMap(({ id, name, outcome }) =>
      name === undefined ? [] : [[id, `${name}:${outcome}`]],
    ),
  );
}
