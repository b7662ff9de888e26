/** New orders: the checks, the taker delay, and the answer. */
import { close, open } from './lifecycle.ts';
import { accepted, enter } from './matching.ts';
import { newOrderRecord, type OrderRecord } from './records.ts';
import {
  priceOf,
  type Refused,
  refused,
  refusedBook,
  refusedByBook,
  refusedByForm,
  refusedDuplicate,
} from './rules.ts';
import type { NewOrder, Placed } from './types.ts';
import type { World } from './world.ts';

/** Open orders of one account. The venue states no number; a client with more has lost control. */
const MOST_OPEN_ORDERS = 20_000;

/**
 * Which refusals are indexed (sent again: `Duplicated`): those of the matching engine, which are the
 * post-only order that crosses, FOK and FAK kills, and everything at the end of a taker delay. What is
 * refused before (form, tick, sizes, balance, no such book) leaves no trace, so that the same bytes may
 * be sent again. The venue documents neither; users report the former.
 */
export class Placing {
  readonly #world: World;
  /** Answers that wait for a taker delay, by order id. */
  readonly #waiting = new Map<string, (placed: Placed) => void>();

  constructor(world: World) {
    this.#world = world;
  }

  place(order: NewOrder): Promise<Placed> {
    const world = this.#world;
    if (world.orders.has(order.id) || world.refusedIds.has(order.id)) {
      return Promise.resolve(refusedDuplicate(order.id));
    }
    const record = this.#check(order);
    if ('kind' in record) {
      if (record.indexed) world.refusedIds.add(order.id);
      world.fates.delete(order.id);
      return Promise.resolve(record);
    }
    const { market } = record;
    if (market.market.takerDelayMs > 0 && market.book.isMarketable(record)) {
      return this.#delay(record);
    }
    const placed = enter(world, record, false);
    if (placed.kind === 'refused') world.fates.delete(order.id);
    world.flush();
    return Promise.resolve(placed);
  }

  /** The delay of an order is over: it is checked again by the rules of now, then it meets the book. */
  delayOver(id: string): void {
    const order = this.#world.orders.get(id);
    if (order?.view.status !== 'DELAYED') return;
    const refusal = this.#checkAgain(order);
    const placed = refusal ?? enter(this.#world, order, true);
    if (placed.kind === 'refused' && order.view.status === 'DELAYED') {
      close(this.#world, order, 'INVALID', placed.error);
      this.#world.noteOrder('CANCELLATION', order);
    }
    this.#world.flush();
    this.#answer(id, placed.kind === 'refused' ? { ...placed, indexed: true } : placed);
  }

  /** Answers a blocked request whose order was ended from outside, by resolution. */
  ended(order: OrderRecord): void {
    this.#answer(order.view.id, { ...refusedBook(order.view.tokenId), indexed: true });
  }

  /** Nobody will come back to the delayed orders: whoever waits hears that they are delayed. */
  stop(): void {
    for (const id of [...this.#waiting.keys()]) this.#answer(id, accepted('delayed'));
  }

  #answer(id: string, placed: Placed): void {
    this.#waiting.get(id)?.(placed);
    this.#waiting.delete(id);
  }

  #check(order: NewOrder): OrderRecord | Refused {
    const world = this.#world;
    const market = world.byToken.get(order.tokenId);
    if (market === undefined || market.market.payout !== undefined) {
      return refusedBook(order.tokenId);
    }
    const nowMs = world.clock.now();
    const refusal = refusedByForm(order, market, nowMs);
    if (refusal !== undefined) return refusal;
    const price = priceOf(order, market);
    if (price === undefined) return refused('Invalid order payload');
    if ((world.accounts.find(order.maker)?.openOrders ?? 0) >= MOST_OPEN_ORDERS) {
      return refused(`too many open orders, max allowed: ${MOST_OPEN_ORDERS}`);
    }
    const record = newOrderRecord(order, market, price, nowMs);
    const shortage = world.accounts.shortage(record, record.makerAmount);
    return (shortage === undefined ? refusedByBook(record) : refused(shortage)) ?? record;
  }

  #checkAgain(order: OrderRecord): Refused | undefined {
    const { view, makerAmount, takerAmount, market } = order;
    const shortage = this.#world.accounts.shortage(order, makerAmount);
    if (shortage !== undefined) return refused(shortage);
    return (
      refusedByForm({ ...view, makerAmount, takerAmount }, market, view.createdAtMs) ??
      refusedByBook(order)
    );
  }

  #delay(order: OrderRecord): Promise<Placed> {
    const world = this.#world;
    const { takerDelayMs, blockingDelay } = order.market.market;
    order.view = { ...order.view, status: 'DELAYED' };
    open(world, order);
    world.noteOrder('PLACEMENT', order);
    world.plan(world.clock.now() + takerDelayMs, 'delayOver', order.view.id);
    world.flush();
    if (!blockingDelay) return Promise.resolve(accepted('delayed'));
    return new Promise((resolve) => {
      this.#waiting.set(order.view.id, resolve);
    });
  }
}
