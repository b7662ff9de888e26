/**
 * What an account made: realised and unrealised PnL, fees, return, hold time and win rate, over all and
 * for each strategy, market and day, and its equity over time.
 *
 * Legs are told in order of match, as a position folds them, so nothing here depends on the order in
 * which they arrived. What is kept grows with the open positions, strategies, markets and days, not with
 * the legs.
 *
 * Attribution: an exit belongs to the strategy of the order that closed, whoever's order opened, since
 * the shares of a market are one position of the account. Fees and volume belong to the strategy of their
 * own order. What is open belongs to the strategy that opened it, or to none where several did.
 *
 * What a resolution closes belongs to the strategy that opened it, to the first of several.
 *
 * With a period, earlier legs make the positions that it begins with, and count nowhere else.
 */
import type { DecimalText } from '../decimal.ts';
import { minus, plus, times } from '../exact.ts';
import { assertInvariant } from '../faults.ts';
import type { InstrumentId } from '../instrument.ts';
import { payoutUsd } from '../resolution.ts';
import type { Calendar, Day } from './calendar.ts';
import { type CurvePoint, createCurve } from './curve.ts';
import {
  type ClosedExit,
  type Holding,
  type PerformanceLeg,
  resolvedExit,
  takeLeg,
} from './holding.ts';
import {
  type Mark,
  type OpenPosition,
  openerOf,
  openPosition,
  unrealizedOf,
} from './open-positions.ts';
import { createTally, type PerformanceTotals, type Tally } from './tally.ts';

/** Money paid in; below zero, taken out. */
export interface Deposit {
  readonly atMs: number;
  readonly amountUsd: DecimalText;
}

/** What a resolved market has paid out: what was owed is cash. */
export type RedemptionPaid = Deposit;

/** A market is resolved: what is held of an outcome is closed at what a share pays. */
export interface OutcomeResolved {
  readonly atMs: number;
  readonly instrumentId: InstrumentId;
  readonly payout: DecimalText;
}

export interface GroupTotals extends PerformanceTotals {
  /** A strategy or a market. Null: positions that several strategies opened. */
  readonly name: string | null;
  readonly openPositions: number;
  /** At the end; null where a mark is not known. */
  readonly unrealizedPnl: DecimalText | null;
}

export interface DayTotals extends PerformanceTotals {
  readonly day: Day;
  /** After the day's last movement, at the prices of our own last fills. */
  readonly equityUsd: DecimalText;
}

/** How the account stands at one moment. */
export interface Standing {
  readonly depositsUsd: DecimalText;
  readonly cashUsd: DecimalText;
  /** What resolved markets owe, and have not paid yet. */
  readonly redeemableUsd: DecimalText;
  /** Null where a mark is not known. */
  readonly unrealizedPnl: DecimalText | null;
  /** Cash, what is owed, and what is held at its mark; null where a mark is not known. */
  readonly equityUsd: DecimalText | null;
}

export interface Performance {
  readonly totals: PerformanceTotals;
  readonly strategies: readonly GroupTotals[];
  readonly markets: readonly GroupTotals[];
  readonly days: readonly DayTotals[];
  readonly positions: readonly OpenPosition[];
  /** The newest, oldest first. */
  readonly exits: readonly ClosedExit[];
  /** At the prices of our own last fills then. */
  readonly start: Standing;
  readonly end: Standing;
  /** At the prices of our own last fills, in a bounded number of points. */
  readonly curve: readonly CurvePoint[];
  /** Deposits and fills that count: what the curve stands for. */
  readonly movements: number;
}

export interface PerformanceOptions {
  readonly calendar: Calendar;
  /** The first millisecond that counts; earlier ones make what the period begins with. */
  readonly fromMs?: number | undefined;
  /** The first that counts no more. */
  readonly toMs?: number | undefined;
  readonly mostCurvePoints: number;
  readonly mostExits: number;
}

export interface PerformanceFold {
  /** Takes the next deposit, not earlier than what was told before. */
  deposit(deposit: Deposit): void;
  /** Takes the next payment of a resolved market, like a deposit. */
  redemption(paid: RedemptionPaid): void;
  /** Takes the next resolution, not earlier than what was told before. A later leg is closed at once. */
  resolution(resolved: OutcomeResolved): void;
  /** Takes the next leg, in order of match: by time, then by key. */
  leg(leg: PerformanceLeg): void;
  result(markOf: (holding: Holding) => Mark | undefined): Performance;
}

interface DayEntry {
  readonly tally: Tally;
  equityUsd: DecimalText;
}

/** @throws {BrokenInvariant} from its methods when something is told out of order. */
export function createPerformance(options: PerformanceOptions): PerformanceFold {
  const { calendar, fromMs = Number.NEGATIVE_INFINITY, mostExits } = options;
  const toMs = options.toMs ?? Number.POSITIVE_INFINITY;
  const holdings = new Map<InstrumentId, Holding>();
  const total = createTally();
  const strategies = new Map<string, Tally>();
  const markets = new Map<string, Tally>();
  const days = new Map<Day, DayEntry>();
  const curve = createCurve(options.mostCurvePoints);
  let exits: ClosedExit[] = [];
  let movements = 0;
  let depositsUsd: DecimalText = '0';
  let cashUsd: DecimalText = '0';
  let redeemableUsd: DecimalText = '0';
  const payouts = new Map<InstrumentId, DecimalText>();
  /** Of all holdings at the prices of our own last fills, and what they cost. */
  let valueUsd: DecimalText = '0';
  let costUsd: DecimalText = '0';
  let start: Standing | undefined;
  let newest: { readonly atMs: number; readonly key: string } | undefined;

  const equity = () => plus(plus(cashUsd, redeemableUsd), valueUsd);
  const standing = (): Standing => ({
    depositsUsd,
    cashUsd,
    redeemableUsd,
    unrealizedPnl: minus(valueUsd, costUsd),
    equityUsd: equity(),
  });

  /** True when it counts; what the period begins with stands before the first that does. */
  function enters(atMs: number, key: string): boolean {
    const inOrder =
      newest === undefined ||
      atMs > newest.atMs ||
      (atMs === newest.atMs && (key === '' || newest.key < key));
    assertInvariant(inOrder, 'a report is told in order of time', { newest, atMs, key });
    newest = { atMs, key: key === '' && newest?.atMs === atMs ? newest.key : key };
    if (atMs < fromMs) return false;
    if (start === undefined) {
      start = standing();
      if (start.equityUsd !== '0' || depositsUsd !== '0') point(fromMs);
    }
    return true;
  }

  function point(atMs: number): void {
    curve.add({ atMs, equityUsd: equity(), depositsUsd });
  }

  function dayOf(atMs: number): DayEntry {
    return entryOf(days, calendar.dayOf(atMs), () => ({ tally: createTally(), equityUsd: '0' }));
  }

  /** After a movement that counts. */
  function moved(atMs: number, day: DayEntry): void {
    movements += 1;
    point(atMs);
    day.equityUsd = equity();
  }

  function hold(instrumentId: InstrumentId, holding: Holding | undefined): void {
    const before = holdings.get(instrumentId);
    if (holding === undefined) holdings.delete(instrumentId);
    else holdings.set(instrumentId, holding);
    valueUsd = plus(minus(valueUsd, worthOf(before)), worthOf(holding));
    costUsd = plus(minus(costUsd, costOf(before)), costOf(holding));
  }

  function tallyExit(exit: ClosedExit, day: DayEntry): void {
    const tallies = [total, day.tally, entryOf(strategies, exit.strategy, createTally)];
    for (const tally of [...tallies, entryOf(markets, exit.marketId, createTally)]) {
      tally.exit(exit);
    }
    keep(exit);
  }

  /** Closes what is held of a resolved outcome; undefined: nothing is. */
  function close(instrumentId: InstrumentId, atMs: number): ClosedExit | undefined {
    const holding = holdings.get(instrumentId);
    const payout = payouts.get(instrumentId);
    if (holding === undefined || payout === undefined) return undefined;
    redeemableUsd = plus(redeemableUsd, payoutUsd(holding.totals.size, payout));
    hold(instrumentId, undefined);
    return resolvedExit(holding, payout, atMs);
  }

  function keep(exit: ClosedExit): void {
    exits.push(exit);
    if (exits.length >= 2 * mostExits) exits = exits.slice(-mostExits);
  }

  return {
    deposit({ atMs, amountUsd }) {
      if (atMs >= toMs) return;
      const counts = enters(atMs, '');
      depositsUsd = plus(depositsUsd, amountUsd);
      cashUsd = plus(cashUsd, amountUsd);
      if (counts) moved(atMs, dayOf(atMs));
    },
    redemption({ atMs, amountUsd }) {
      if (atMs >= toMs) return;
      const counts = enters(atMs, '');
      cashUsd = plus(cashUsd, amountUsd);
      redeemableUsd = minus(redeemableUsd, amountUsd);
      if (counts) moved(atMs, dayOf(atMs));
    },
    resolution({ atMs, instrumentId, payout }) {
      if (atMs >= toMs) return;
      const counts = enters(atMs, '');
      payouts.set(instrumentId, payout);
      const exit = close(instrumentId, atMs);
      if (!counts || exit === undefined) return;
      tallyExit(exit, dayOf(atMs));
      moved(atMs, dayOf(atMs));
    },
    leg(leg) {
      if (leg.matchedAtMs >= toMs) return;
      const counts = enters(leg.matchedAtMs, leg.key);
      const before = holdings.get(leg.instrumentId);
      const { holding, exit } = takeLeg(before, leg);
      hold(leg.instrumentId, holding);
      const flow = times(leg.price, leg.size);
      cashUsd = leg.side === 'BUY' ? minus(cashUsd, flow) : plus(cashUsd, flow);
      cashUsd = minus(cashUsd, leg.feeUsd);
      const paid = close(leg.instrumentId, leg.matchedAtMs);
      if (!counts) return;
      const day = dayOf(leg.matchedAtMs);
      const tallies = [
        ...[total, day.tally, entryOf(strategies, leg.strategy, createTally)],
        entryOf(markets, leg.marketId, createTally),
      ];
      for (const tally of tallies) tally.leg(leg);
      for (const one of [exit, paid]) if (one !== undefined) tallyExit(one, day);
      moved(leg.matchedAtMs, day);
    },
    result(markOf) {
      const positions = [...holdings.values()]
        .map((holding) => openPosition(holding, markOf(holding)))
        .sort((a, b) => (a.instrumentId < b.instrumentId ? -1 : 1));
      const unrealizedPnl = unrealizedOf(positions);
      const owned = plus(plus(cashUsd, redeemableUsd), costUsd);
      const equityUsd = unrealizedPnl === null ? null : plus(owned, unrealizedPnl);
      return {
        totals: total.totals(),
        strategies: groups(strategies, positions, openerOf),
        markets: groups(markets, positions, ({ marketId }) => marketId),
        days: [...days]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([day, { tally, equityUsd: atEnd }]) => ({
            ...{ day, ...tally.totals(), equityUsd: atEnd },
          })),
        positions,
        exits: exits.slice(-mostExits),
        start: start ?? standing(),
        end: { depositsUsd, cashUsd, redeemableUsd, unrealizedPnl, equityUsd },
        curve: curve.points(),
        movements,
      };
    },
  };
}

function worthOf(holding: Holding | undefined): DecimalText {
  return holding === undefined ? '0' : times(holding.totals.size, holding.lastPrice);
}

function costOf(holding: Holding | undefined): DecimalText {
  return holding?.totals.costBasis ?? '0';
}

/** By name; what belongs to none stands last. */
function groups(
  tallies: ReadonlyMap<string, Tally>,
  positions: readonly OpenPosition[],
  nameOf: (position: OpenPosition) => string | null,
): GroupTotals[] {
  const open = new Map<string | null, OpenPosition[]>();
  for (const position of positions) entryOf(open, nameOf(position), () => []).push(position);
  const names = new Set<string | null>([...tallies.keys(), ...open.keys()]);
  const found = [...names].map((name): GroupTotals => {
    const tally = (name === null ? undefined : tallies.get(name)) ?? createTally();
    const held = open.get(name) ?? [];
    const unrealizedPnl = unrealizedOf(held);
    return { name, ...tally.totals(), openPositions: held.length, unrealizedPnl };
  });
  return found.sort((a, b) => {
    if (a.name === null || b.name === null) return a.name === null ? 1 : -1;
    return a.name < b.name ? -1 : 1;
  });
}

function entryOf<Key, Entry>(map: Map<Key, Entry>, key: Key, make: () => Entry): Entry {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
