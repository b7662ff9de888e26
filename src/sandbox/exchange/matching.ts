/** An order meets the book: it is killed, refused, matched, rested. */
import { ceilMultiply, smaller } from './arithmetic.ts';
import { addFill, close, fillResting, rest } from './lifecycle.ts';
import { type Plan, planMatch } from './plan.ts';
import {
  type MarketRecord,
  neverRests,
  type OrderRecord,
  type TradeLeg,
  type TradeRecord,
} from './records.ts';
import { DUST, FAK_UNMATCHED, FOK_KILLED, refused } from './rules.ts';
import { beginSettlement } from './settlement.ts';
import type { MakerFill, Micros, Placed } from './types.ts';
import type { World } from './world.ts';

/** Where a resting BUY ends whose account cannot pay any more. */
const UNCOVERED = 'not enough balance / allowance';

/** Matches an order that passed all checks, then rests or ends what is left of it. */
export function enter(world: World, order: OrderRecord, wasDelayed: boolean): Placed {
  const { market, view } = order;
  const plan = planMatch(order, market.book.opposite(order), (maker) =>
    world.accounts.dollarsOf(maker),
  );
  if (plan.fills.length === 0) dropUncovered(world, plan);
  if (view.orderType === 'FOK' && !plan.complete) return kill(world, order, FOK_KILLED);
  if (view.orderType === 'FAK' && plan.fills.length === 0) return kill(world, order, FAK_UNMATCHED);
  const fee = feeOf(market, order, plan);
  const rests = !neverRests(view) && !plan.complete && order.remaining - plan.size >= DUST;
  const shortage = world.accounts.shortage(order, needOf(order, plan, fee, rests));
  if (shortage !== undefined) return refused(shortage);

  const trade = plan.fills.length > 0 ? match(world, order, plan, fee) : undefined;
  if (rests) {
    order.view = { ...order.view, status: 'LIVE' };
    rest(world, order);
  } else {
    close(world, order, 'MATCHED');
    world.fates.delete(view.id);
  }
  world.noteOrder(rests && !wasDelayed ? 'PLACEMENT' : 'UPDATE', order);
  if (trade !== undefined) {
    world.note({ type: 'trade', trade: trade.view, atMs: trade.view.matchedAtMs });
  }
  world.noteLevels(market);
  if (trade === undefined) return accepted(wasDelayed ? 'unmatched' : 'live');
  const { conditionId, tokenId, side, price, size, matchedAtMs: atMs } = trade.view;
  world.note({ type: 'print', conditionId, tokenId, side, price, size, atMs });
  return view.side === 'BUY'
    ? accepted('matched', plan.dollars, plan.size, [trade.view.id])
    : accepted('matched', plan.size, plan.dollars, [trade.view.id]);
}

export function accepted(
  status: Extract<Placed, { kind: 'accepted' }>['status'],
  makingAmount: Micros = 0n,
  takingAmount: Micros = 0n,
  tradeIds: readonly string[] = [],
): Placed {
  return { kind: 'accepted', status, makingAmount, takingAmount, tradeIds };
}

/** The matching engine took the order and ended it at once: it can be read, and is never taken again. */
function kill(world: World, order: OrderRecord, reason: string): Placed {
  close(world, order, 'CANCELED', reason);
  world.noteOrder('CANCELLATION', order);
  return refused(reason, true);
}

/** Ends the resting orders that the plan had to pass over. */
function dropUncovered(world: World, plan: Plan): void {
  for (const maker of plan.uncovered) {
    close(world, maker, 'INVALID', UNCOVERED);
    world.noteOrder('CANCELLATION', maker);
    world.noteLevels(maker.market);
  }
}

/** A SELL's fee is deducted from what it gets, so it never exceeds that. */
function feeOf(market: MarketRecord, order: OrderRecord, plan: Plan): Micros {
  const fee = market.feeOf(plan.fills);
  return order.view.side === 'BUY' ? fee : smaller(fee, plan.dollars);
}

/** Dollars for a BUY: its whole amount, or what the match with its fee and the resting rest need. */
function needOf(order: OrderRecord, plan: Plan, fee: Micros, rests: boolean): Micros {
  if (order.view.side === 'SELL') return order.makerAmount;
  const resting = rests ? ceilMultiply(order.remaining - plan.size, order.limit) : 0n;
  const planned = plan.dollars + fee + resting;
  return planned > order.makerAmount ? planned : order.makerAmount;
}

function match(world: World, order: OrderRecord, plan: Plan, fee: Micros): TradeRecord {
  const { view } = order;
  const atMs = world.clock.now();
  const id = tradeIdOf(world);
  dropUncovered(world, plan);
  const worst = plan.fills.at(-1)?.takerPrice ?? order.limit;
  const legs: TradeLeg[] = [legOf(order, plan.size, plan.dollars, fee)];
  const makerFills: MakerFill[] = [];
  for (const { maker, size, makerDollars } of plan.fills) {
    fillResting(world, maker, size, id);
    world.noteOrder('UPDATE', maker);
    legs.push(legOf(maker, size, makerDollars, 0n));
    const { id: orderId, owner, tokenId, outcome, side, price } = maker.view;
    const account = maker.view.maker;
    makerFills.push({
      orderId,
      owner,
      maker: account,
      tokenId,
      outcome,
      side,
      price,
      matchedAmount: size,
    });
  }
  addFill(order, plan.size, id);
  order.remaining = order.byMoney ? 0n : order.remaining - plan.size;
  order.market.book.lastTradePrice = worst;
  const trade: TradeRecord = {
    legs,
    path: [],
    view: {
      id,
      conditionId: view.conditionId,
      takerOrderId: view.id,
      takerOwner: view.owner,
      takerMaker: view.maker,
      tokenId: view.tokenId,
      outcome: view.outcome,
      side: view.side,
      size: plan.size,
      price: worst,
      takerFee: fee,
      status: 'MATCHED',
      matchedAtMs: atMs,
      updatedAtMs: atMs,
      transactionHash: '',
      makerFills,
    },
  };
  world.trades.set(id, trade);
  beginSettlement(world, trade);
  for (const { maker } of plan.fills) {
    if (maker.remaining < DUST) world.fates.delete(maker.view.id);
  }
  return trade;
}

function legOf(order: OrderRecord, shares: Micros, dollars: Micros, fee: Micros): TradeLeg {
  const { maker, tokenId, side } = order.view;
  return { maker, tokenId, isBuy: side === 'BUY', shares, dollars, fee };
}

/** A random UUID (version 4). */
function tradeIdOf(world: World): string {
  const word = (): string =>
    Math.floor(world.random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  const hex = `${word()}${word()}${word()}${word()}`;
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
