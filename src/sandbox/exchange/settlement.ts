/**
 * What becomes of trades on chain. What a participant gives leaves its account at the match, what it
 * gets comes when the trade is CONFIRMED: until then neither the shares of a BUY nor the money of a
 * SELL can be used, and a FAILED trade gives everything back. The orders stay matched.
 */
import { createHash } from 'node:crypto';
import { InvalidValue } from '../../domain/faults.ts';
import type { TradeRecord } from './records.ts';
import type { Hex, SettlementRules, TradeStatus } from './types.ts';
import type { World } from './world.ts';

/** Polygon mines a block in about 2 s; the venue calls it final a few blocks later. */
const DEFAULT_RULES: SettlementRules = {
  minedAfterMs: 2_000,
  confirmedAfterMs: 4_000,
  failedShare: 0,
  retryingShare: 0,
};

/** A wait of more than a day is a slip of the unit. */
const LONGEST_MS = 86_400_000;

/** Orders whose fate is told ahead, and trades told ahead for each; more is a leak of the teller. */
const MOST_FATES = 10_000;
const LONGEST_FATE = 20;

/** @throws {InvalidValue} for a wait outside [0, one day] or a share outside [0, 1]. */
export function checkSettlement(rules: Partial<SettlementRules> = {}): SettlementRules {
  const checked = { ...DEFAULT_RULES, ...rules };
  const check = (name: keyof SettlementRules, highest: number): void => {
    const value = checked[name];
    if (Number.isFinite(value) && value >= 0 && value <= highest) return;
    throw new InvalidValue(`settlement.${name}`, value, `a number from 0 to ${highest}`);
  };
  check('minedAfterMs', LONGEST_MS);
  check('confirmedAfterMs', LONGEST_MS);
  check('failedShare', 1);
  check('retryingShare', 1);
  return checked;
}

/** @throws {InvalidValue} unless the path ends in CONFIRMED or FAILED, with MINED or RETRYING before. */
export function setFate(world: World, orderId: string, path: readonly TradeStatus[]): void {
  const last = path.at(-1);
  const isPath =
    (last === 'CONFIRMED' || last === 'FAILED') &&
    path.length <= LONGEST_FATE &&
    path.slice(0, -1).every((status) => status === 'MINED' || status === 'RETRYING');
  if (!isPath) {
    throw new InvalidValue(
      'settleNext.path',
      path,
      'RETRYING or MINED steps, then CONFIRMED or FAILED',
    );
  }
  const waiting = world.fates.get(orderId) ?? [];
  if (waiting.length >= MOST_FATES || (waiting.length === 0 && world.fates.size >= MOST_FATES)) {
    throw new InvalidValue('settleNext.orderId', orderId, `at most ${MOST_FATES} fates told ahead`);
  }
  world.fates.set(orderId, [...waiting, [...path]]);
}

/** Takes what the participants give and decides the trade's path. */
export function beginSettlement(world: World, trade: TradeRecord): void {
  for (const leg of trade.legs) {
    if (leg.isBuy) {
      const paid = leg.dollars + leg.fee;
      world.accounts.addDollars(leg.maker, -paid);
      world.inFlight += paid;
    } else {
      const { shares } = world.accounts.of(leg.maker);
      shares.set(leg.tokenId, (shares.get(leg.tokenId) ?? 0n) - leg.shares);
    }
  }
  trade.path = drawPath(world, trade);
  planNext(world, trade);
}

/** The trade's next status. */
export function settle(world: World, trade: TradeRecord): void {
  const [status, ...path] = trade.path;
  if (status === undefined) return;
  trade.path = path;
  const { view } = trade;
  const transactionHash = status === 'MINED' ? hashOf(view.id) : view.transactionHash;
  trade.view = { ...view, status, transactionHash, updatedAtMs: world.clock.now() };
  if (status === 'CONFIRMED') give(world, trade);
  if (status === 'FAILED') giveBack(world, trade);
  world.note({ type: 'trade', trade: trade.view, atMs: world.clock.now() });
  planNext(world, trade);
}

function give(world: World, trade: TradeRecord): void {
  for (const leg of trade.legs) {
    world.fees += leg.fee;
    if (leg.isBuy) {
      world.inFlight -= leg.dollars + leg.fee;
      world.collateral += leg.dollars;
      addShares(world, trade, leg);
    } else {
      // A buyer paid it, or it comes out of what a merge frees.
      world.collateral -= leg.dollars;
      world.accounts.addDollars(leg.maker, leg.dollars - leg.fee);
    }
  }
}

function giveBack(world: World, trade: TradeRecord): void {
  for (const leg of trade.legs) {
    if (leg.isBuy) {
      world.inFlight -= leg.dollars + leg.fee;
      world.accounts.addDollars(leg.maker, leg.dollars + leg.fee);
    } else {
      addShares(world, trade, leg);
    }
  }
}

function addShares(
  world: World,
  trade: TradeRecord,
  leg: { readonly maker: string; readonly tokenId: string; readonly shares: bigint },
): void {
  const market = world.markets.get(trade.view.conditionId);
  if (market === undefined) return;
  world.collateral -= world.accounts.addShares(leg.maker, market.market, leg.tokenId, leg.shares);
}

function drawPath(world: World, trade: TradeRecord): readonly TradeStatus[] {
  // Both are always drawn: turning one share on must not shift what the other one hits.
  const fails = world.random() < world.settlement.failedShare;
  const retries = world.random() < world.settlement.retryingShare;
  const { view } = trade;
  for (const id of [view.takerOrderId, ...view.makerFills.map((fill) => fill.orderId)]) {
    const [fate, ...later] = world.fates.get(id) ?? [];
    if (fate === undefined) continue;
    if (later.length === 0) world.fates.delete(id);
    else world.fates.set(id, later);
    return fate;
  }
  const end: TradeStatus[] = fails ? ['FAILED'] : ['MINED', 'CONFIRMED'];
  return retries ? ['RETRYING', ...end] : end;
}

function planNext(world: World, trade: TradeRecord): void {
  const next = trade.path[0];
  if (next === undefined) return;
  const { minedAfterMs, confirmedAfterMs } = world.settlement;
  const waitMs = next === 'CONFIRMED' ? confirmedAfterMs : minedAfterMs;
  world.plan(world.clock.now() + waitMs, 'settle', trade.view.id);
}

/** No chain here: a hash that looks like one and follows from the trade. */
function hashOf(tradeId: string): Hex {
  return `0x${createHash('sha256').update(tradeId).digest('hex')}`;
}
