/**
 * One simulated binary market: pure steps over a plain state. Prices are whole ticks of 0.01 (1 to
 * 99) and sizes whole shares, both counts on a grid and so exact; they become decimal text at the
 * edge. NO mirrors YES (price 1 - p on the other side), except while a gap lasts.
 */
import { z } from 'zod';
import type { Random } from '../../actors/ports.ts';
import type { Outcome, Side } from '../../domain/instrument.ts';

/** Ticks of 0.01 in one dollar. */
export const TICKS = 100;
const LOWEST_FAIR = 6;
const HIGHEST_FAIR = 94;
const FEWEST_LEVELS = 5;
const MOST_LEVELS = 10;

const Ticks = z
  .int()
  .min(1)
  .max(TICKS - 1);
const Level = z.tuple([Ticks, z.int().min(1)]);
const Count = z.int().min(0);

/** The whole state of a market, as it is kept in JSON. Levels are `[ticks, shares]`, best first. */
export const SimulatedMarket = z.object({
  name: z.string(),
  /** Climbs to 0.9 and above and falls back, over and over; others wander around the middle. */
  climbs: z.boolean(),
  fair: Ticks,
  target: Ticks,
  /** Steps until another target is drawn. */
  holdSteps: Count,
  /** Ticks between best bid and best ask. */
  spread: z.int().min(1).max(2),
  depth: z.int().min(FEWEST_LEVELS).max(MOST_LEVELS),
  /** Steps for which NO is quoted too low, and by how many ticks both outcomes miss a dollar. */
  gapSteps: Count,
  gapTicks: Count,
  bids: z.array(Level),
  asks: z.array(Level),
});
export type SimulatedMarket = z.infer<typeof SimulatedMarket>;

type SimulatedLevel = z.infer<typeof Level>;

export interface SimulatedTrade {
  readonly outcome: Outcome;
  /** The taker's. */
  readonly side: Side;
  readonly ticks: number;
  readonly shares: number;
}

/** A market at its start, with both sides quoted. */
export function openMarket(name: string, climbs: boolean, random: Random): SimulatedMarket {
  const fair = climbs ? between(random, 80, 86) : between(random, 35, 65);
  const market: SimulatedMarket = {
    name,
    climbs,
    fair,
    target: fair,
    holdSteps: 0,
    spread: 1,
    depth: between(random, FEWEST_LEVELS, MOST_LEVELS),
    gapSteps: 0,
    gapTicks: 0,
    bids: [],
    asks: [],
  };
  requote(market, random);
  return market;
}

/** Moves the market by one step, in place. Says whether a book changed and what traded. */
export function stepMarket(
  market: SimulatedMarket,
  random: Random,
): { readonly changed: boolean; readonly trades: readonly SimulatedTrade[] } {
  const before = picture(market);
  drift(market, random);
  requote(market, random);
  stepGap(market, random);
  const trades = random() < 0.25 ? trade(market, random) : [];
  return { changed: picture(market) !== before, trades };
}

/** The levels of one outcome, best first. */
export function levelsOf(
  market: SimulatedMarket,
  outcome: Outcome,
): { readonly bids: readonly SimulatedLevel[]; readonly asks: readonly SimulatedLevel[] } {
  if (outcome === 'YES') return market;
  const shift = gapShift(market);
  const mirror = (levels: readonly SimulatedLevel[]): SimulatedLevel[] =>
    levels
      .map(([ticks, shares]): SimulatedLevel => [TICKS - ticks - shift, shares])
      .filter(([ticks]) => ticks >= 1);
  return { bids: mirror(market.asks), asks: mirror(market.bids) };
}

function drift(market: SimulatedMarket, random: Random): void {
  if (market.holdSteps === 0) {
    const low = market.target < 90;
    if (market.climbs) market.target = low ? between(random, 92, 94) : between(random, 60, 75);
    else market.target = between(random, 20, 80);
    market.holdSteps =
      market.climbs && low ? between(random, 600, 1200) : between(random, 150, 500);
  }
  market.holdSteps -= 1;
  if (random() < 0.05) market.spread = between(random, 1, 2);
  if (random() >= 0.3) return;
  const towards = market.fair < market.target ? 1 : -1;
  const move = random() < 0.7 ? towards : -towards;
  market.fair = Math.min(HIGHEST_FAIR, Math.max(LOWEST_FAIR, market.fair + move));
}

/** Drops levels that the fair price has passed, fills up to the depth and changes a size or two. */
function requote(market: SimulatedMarket, random: Random): void {
  const bestBid = market.fair - 1;
  market.bids = requoteSide(market.bids, bestBid, -1, market.depth, random);
  market.asks = requoteSide(market.asks, bestBid + market.spread, 1, market.depth, random);
}

function requoteSide(
  levels: readonly SimulatedLevel[],
  best: number,
  away: 1 | -1,
  depth: number,
  random: Random,
): SimulatedLevel[] {
  const known = new Map(levels);
  const changing = random() < 0.5 ? best + away * between(random, 0, depth - 1) : undefined;
  const next: SimulatedLevel[] = [];
  for (let step = 0; step < depth; step += 1) {
    const ticks = best + away * step;
    if (ticks < 1 || ticks >= TICKS) break;
    const shares = ticks === changing ? undefined : known.get(ticks);
    next.push([ticks, shares ?? logUniform(random, 50, 3000)]);
  }
  return next;
}

/**
 * Mirrored books cannot offer both outcomes for less than a dollar. Now and then NO is quoted on
 * its own for a few seconds, low enough to pay the fees of both sides (at most 2.5 ticks at 0.05).
 */
function stepGap(market: SimulatedMarket, random: Random): void {
  // Near a dollar there is no room below the mirror.
  const hasRoom = market.fair >= 15 && market.fair <= 85;
  if (market.gapSteps > 0) {
    market.gapSteps = hasRoom ? market.gapSteps - 1 : 0;
    return;
  }
  if (!hasRoom || random() >= 0.006) return;
  market.gapSteps = between(random, 6, 16);
  market.gapTicks = between(random, 4, 7);
}

/** One taker takes what it wants from the best three levels of a side. */
function trade(market: SimulatedMarket, random: Random): SimulatedTrade[] {
  // While NO is quoted on its own its takers would not hit the levels of YES.
  const outcome: Outcome = market.gapSteps === 0 && random() < 0.4 ? 'NO' : 'YES';
  const hitsAsks = random() < 0.5;
  const levels = hitsAsks ? market.asks : market.bids;
  const side: Side = hitsAsks === (outcome === 'YES') ? 'BUY' : 'SELL';
  let wanted = logUniform(random, 5, 800);
  const trades: SimulatedTrade[] = [];
  const kept: SimulatedLevel[] = [];
  for (const [index, [ticks, shares]] of levels.entries()) {
    // Never the whole side: a market without a price would tell the examples nothing.
    const most = index === levels.length - 1 ? shares - 1 : shares;
    const taken = index < 3 ? Math.min(wanted, most) : 0;
    wanted -= taken;
    if (taken > 0) {
      trades.push({
        outcome,
        side,
        ticks: outcome === 'YES' ? ticks : TICKS - ticks,
        shares: taken,
      });
    }
    if (shares > taken) kept.push([ticks, shares - taken]);
  }
  if (hitsAsks) market.asks = kept;
  else market.bids = kept;
  return trades;
}

/** Ticks by which NO is quoted below the mirror of YES. */
function gapShift(market: SimulatedMarket): number {
  const [bestBid = 1] = market.bids[0] ?? [];
  const [bestAsk = bestBid] = market.asks[0] ?? [];
  return market.gapSteps > 0 ? bestAsk - bestBid + market.gapTicks : 0;
}

function picture(market: SimulatedMarket): string {
  return JSON.stringify([gapShift(market), market.bids, market.asks]);
}

/** A whole number from `low` to `high`, both included. */
function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** A whole number with as many small values as large ones: trades and levels look like that. */
function logUniform(random: Random, low: number, high: number): number {
  return Math.round(low * (high / low) ** random());
}
