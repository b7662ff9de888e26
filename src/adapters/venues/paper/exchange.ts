/**
 * The matching of the paper venue. Synchronous and in memory: every method changes the books, tells
 * the write queue what changed, and answers. Making that durable before anybody hears of it is the
 * caller's part.
 */
import type { CancelOutcome, Clock, Ids, Random, SubmitOutcome } from '../../../actors/ports.ts';
import type { PaperState } from '../../../actors/store-port.ts';
import { decimal, toText, ZERO } from '../../../domain/decimal.ts';
import type { Instrument, InstrumentId } from '../../../domain/instrument.ts';
import type { MarketEvent, PublicTrade } from '../../../domain/market-data.ts';
import { CASH, PaperAccount } from './account.ts';
import type { InstrumentList } from './instrument-list.ts';
import { LegBook } from './leg-book.ts';
import type { OrderBody } from './order-body.ts';
import {
  isOpen,
  orderFromRow,
  orderReport,
  type PaperOrder,
  remainingSize,
  restingSize,
  tradeFromRow,
} from './records.ts';
import { type MakerFill, RestingOrders } from './resting-orders.ts';
import { refusedByBalance, refusedByBook, refusedByMarket, refusedForm } from './rules.ts';
import type { Schedule } from './schedule.ts';
import type { CheckedSettings } from './settings.ts';
import { splitTakes } from './split-takes.ts';
import { VisibleBook } from './visible-book.ts';
import type { WriteQueue } from './write-queue.ts';

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly settings: CheckedSettings;
  readonly instruments: InstrumentList;
  readonly schedule: Schedule;
  readonly changes: WriteQueue;
  /** Called with every order that is over: it leaves the exchange's memory. */
  readonly onClosed: (order: PaperOrder) => void;
}

interface Market {
  readonly book: VisibleBook;
  readonly resting: RestingOrders;
}

const FREE = { rate: '0', exponent: 0, takerOnly: true } as const;

export class PaperExchange {
  readonly #options: ExchangeOptions;
  readonly #markets = new Map<InstrumentId, Market>();
  readonly #open = new Map<string, PaperOrder>();
  /** Cancellations of the deadlines of open orders. */
  readonly #deadlines = new Map<string, (() => void)[]>();
  #account = new PaperAccount([], []);
  #legs: LegBook;
  #arrivals = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#legs = new LegBook(options, this.#account);
  }

  get account(): PaperAccount {
    return this.#account;
  }

  /** Takes up what an earlier run left: expires what is overdue, arms all other deadlines. */
  restore(state: PaperState): void {
    const { settings, changes, clock } = this.#options;
    const trades = state.trades.map(tradeFromRow);
    this.#account = new PaperAccount(state.balances, trades);
    this.#legs = new LegBook(this.#options, this.#account);
    this.#legs.restore(trades);
    if (state.balances.length === 0) {
      this.#account.deposit(settings.cashUsd);
      changes.balance(CASH);
    }
    for (const order of state.orders.map(orderFromRow).sort((a, b) => a.arrival - b.arrival)) {
      this.#arrivals = Math.max(this.#arrivals, order.arrival);
      this.#open.set(order.id, order);
      this.#account.reserve(order);
      if (order.expiresAtMs !== undefined && order.expiresAtMs <= clock.now()) {
        this.#expire(order);
        continue;
      }
      this.#arm(order);
      if (order.status === 'live') this.#rest(order);
    }
  }

  openOrder(id: string): PaperOrder | undefined {
    return this.#open.get(id);
  }

  openOrders(): readonly PaperOrder[] {
    return [...this.#open.values()];
  }

  /** Places an order that the venue has never seen. Every body gets a record, a refused one too. */
  place(id: string, body: OrderBody): SubmitOutcome {
    const instrument = this.#options.instruments.get(body.instrumentId);
    const order = this.#newOrder(id, body, instrument);
    const reason =
      instrument === undefined
        ? `instrumentId: got ${body.instrumentId}, expected an instrument of this venue`
        : this.#refusal(order, body, instrument);
    if (reason !== undefined) {
      this.#close(order, 'rejected', reason);
      return { kind: 'rejected', reason };
    }
    this.#open.set(id, order);
    const delayMs = instrument?.takerDelayMs ?? 0;
    const { book } = this.#market(order.instrumentId);
    if (delayMs > 0 && book.crosses(order.side, order.price)) {
      order.status = 'delayed';
      order.delayedUntilMs = this.#options.clock.now() + delayMs;
      this.#changed(order);
    } else {
      this.#match(order);
    }
    if (isOpen(order)) this.#arm(order);
    return outcomeOf(order);
  }

  cancel(order: PaperOrder): CancelOutcome {
    if (order.status === 'delayed') {
      return refused('order is delayed and cannot be cancelled before it is matched');
    }
    if (!isOpen(order)) return refused(`order is already ${order.status}`);
    if (order.timeInForce === 'FOK' || order.timeInForce === 'FAK') {
      return refused('order is being matched');
    }
    this.#close(order, 'cancelled', 'cancelled on request');
    return { kind: 'cancelled' };
  }

  /** Says an order's present state again, for somebody who sends its bytes a second time. */
  repeat(order: PaperOrder): SubmitOutcome {
    if (!isOpen(order)) {
      this.#options.changes.event({ type: 'order', report: orderReport(order) });
    }
    return outcomeOf(order);
  }

  onMarketEvent(event: MarketEvent): void {
    const { instruments } = this.#options;
    if (event.type === 'market.tickSizeChanged') {
      instruments.setTick(event.instrumentId, event.tickSize);
      return;
    }
    if (event.type === 'market.traded') {
      this.#onTrade(event.trade);
      return;
    }
    const { book: shown } = event;
    instruments.setTick(shown.instrumentId, shown.tickSize);
    const { book, resting } = this.#market(shown.instrumentId);
    book.replace(shown);
    if (resting.count === 0) return;
    this.#expireOverdue(resting);
    this.#fillMakers(resting.onBook(book, shown.atMs, this.#moved));
  }

  #onTrade(trade: PublicTrade): void {
    const { resting } = this.#market(trade.instrumentId);
    if (resting.count === 0) return;
    this.#expireOverdue(resting);
    this.#fillMakers(resting.onTrade(trade, this.#moved));
  }

  readonly #moved = (order: PaperOrder): void => this.#options.changes.orderLater(order);

  #fillMakers(fills: readonly MakerFill[]): void {
    for (const { order, size } of fills) {
      this.#legs.add(order, 'maker', { price: order.price, size });
      if (remainingSize(order).lte(0)) this.#close(order, 'matched');
      else this.#changed(order);
    }
  }

  #newOrder(id: string, body: OrderBody, instrument: Instrument | undefined): PaperOrder {
    this.#arrivals += 1;
    return {
      id,
      clientOrderId: body.salt,
      arrival: this.#arrivals,
      instrumentId: body.instrumentId,
      side: body.side,
      type: body.type,
      price: decimal(body.price),
      ...(body.size === undefined ? {} : { size: decimal(body.size) }),
      ...(body.amountUsd === undefined ? {} : { amountUsd: decimal(body.amountUsd) }),
      timeInForce: body.timeInForce,
      ...(body.expiresAtMs === undefined ? {} : { expiresAtMs: body.expiresAtMs }),
      postOnly: body.postOnly,
      tickSize: decimal(instrument?.tickSize ?? '0'),
      fees: instrument?.fees ?? FREE,
      status: 'live',
      killed: false,
      matchedSize: ZERO,
      spentUsd: ZERO,
      changedAtMs: this.#options.clock.now(),
    };
  }

  #refusal(order: PaperOrder, body: OrderBody, instrument: Instrument): string | undefined {
    if (body.tokenId !== instrument.tokenId) {
      return `tokenId: got ${body.tokenId}, expected ${instrument.tokenId}`;
    }
    return (
      refusedForm(body) ??
      refusedByMarket(order, instrument, this.#options.clock.now()) ??
      refusedByBook(order, this.#market(order.instrumentId).book) ??
      refusedByBalance(order, this.#account)
    );
  }

  /** Takes what crosses; the rest rests, is cancelled, or kills the order. */
  #match(order: PaperOrder): void {
    const { book } = this.#market(order.instrumentId);
    const { side, price, timeInForce, amountUsd } = order;
    const wanted = amountUsd === undefined ? { size: remainingSize(order) } : { amountUsd };
    const { takes, complete } = book.plan(side, price, wanted);
    if (timeInForce === 'FOK' && !complete) {
      const found = takes.reduce((sum, take) => sum.plus(take.size), ZERO);
      return this.#kill(order, `FOK: found ${toText(found)} shares at ${toText(price)} or better`);
    }
    if (timeInForce === 'FAK' && takes.length === 0) {
      return this.#kill(order, `FAK: found nothing at ${toText(price)} or better`);
    }
    book.consume(side, takes);
    const { settings, random, clock } = this.#options;
    const split = splitTakes(settings, random, takes);
    for (const take of split.now) this.#legs.add(order, 'taker', take);
    if (split.later.length > 0) {
      const atMs = clock.now() + settings.partialDelayMs;
      order.later = { atMs, complete, takes: [...split.later] };
    }
    this.#finishMatch(order, complete);
  }

  #finishMatch(order: PaperOrder, complete: boolean): void {
    if (order.later === undefined && complete) return this.#close(order, 'matched');
    if (order.timeInForce === 'FAK' && order.later === undefined) {
      return this.#close(order, 'cancelled', 'FAK: the rest found nothing to take');
    }
    this.#rest(order);
    this.#changed(order);
  }

  #kill(order: PaperOrder, reason: string): void {
    order.killed = true;
    this.#close(order, 'cancelled', reason);
  }

  /** Puts what may rest into the book's queue. FOK and FAK only wait for their second part. */
  #rest(order: PaperOrder): void {
    if (order.timeInForce === 'FOK' || order.timeInForce === 'FAK') return;
    if (restingSize(order).lte(0)) return;
    const { book, resting } = this.#market(order.instrumentId);
    resting.add(order, book);
  }

  #endDelay(order: PaperOrder): void {
    if (order.status !== 'delayed') return;
    delete order.delayedUntilMs;
    order.status = 'live';
    // The order's own reservation must not count against it.
    this.#account.release(order);
    const instrument = this.#options.instruments.get(order.instrumentId);
    const reason =
      instrument === undefined
        ? `instrumentId: ${order.instrumentId} is no longer traded here`
        : (refusedByMarket(order, instrument, this.#options.clock.now()) ??
          refusedByBalance(order, this.#account));
    if (reason !== undefined) return this.#close(order, 'rejected', reason);
    this.#match(order);
    if (isOpen(order)) this.#arm(order);
  }

  #fillLater(order: PaperOrder): void {
    const { later } = order;
    if (later === undefined || !isOpen(order)) return;
    delete order.later;
    for (const take of later.takes) this.#legs.add(order, 'taker', take);
    if (order.amountUsd === undefined && remainingSize(order).lte(0)) {
      return this.#close(order, 'matched');
    }
    if (order.timeInForce === 'GTC' || order.timeInForce === 'GTD') return this.#changed(order);
    this.#finishMatch(order, later.complete);
  }

  #expire(order: PaperOrder): void {
    if (isOpen(order)) this.#close(order, 'expired', `expired at ${order.expiresAtMs}`);
  }

  /** A market event can come before the timer of the same moment. */
  #expireOverdue(resting: RestingOrders): void {
    const nowMs = this.#options.clock.now();
    for (const order of resting.orders()) {
      if (order.expiresAtMs !== undefined && order.expiresAtMs <= nowMs) this.#expire(order);
    }
  }

  /** Sets the order's deadlines anew: its expiry, its taker delay, its second part. */
  #arm(order: PaperOrder): void {
    const { schedule } = this.#options;
    this.#disarm(order);
    const cancellations: (() => void)[] = [];
    const { expiresAtMs, delayedUntilMs, later } = order;
    if (expiresAtMs !== undefined) {
      cancellations.push(schedule.at(expiresAtMs, () => this.#expire(order)));
    }
    if (delayedUntilMs !== undefined) {
      cancellations.push(schedule.at(delayedUntilMs, () => this.#endDelay(order)));
    }
    if (later !== undefined) {
      cancellations.push(schedule.at(later.atMs, () => this.#fillLater(order)));
    }
    if (cancellations.length > 0) this.#deadlines.set(order.id, cancellations);
  }

  #disarm(order: PaperOrder): void {
    for (const cancel of this.#deadlines.get(order.id) ?? []) cancel();
    this.#deadlines.delete(order.id);
  }

  #close(
    order: PaperOrder,
    status: 'matched' | 'cancelled' | 'expired' | 'rejected',
    reason?: string,
  ): void {
    order.status = status;
    if (reason !== undefined) order.reason = reason;
    delete order.later;
    delete order.ahead;
    this.#disarm(order);
    this.#open.delete(order.id);
    this.#market(order.instrumentId).resting.remove(order.id);
    this.#changed(order);
    this.#options.onClosed(order);
  }

  #changed(order: PaperOrder): void {
    const { changes, clock } = this.#options;
    order.changedAtMs = clock.now();
    this.#account.reserve(order);
    changes.order(order);
    changes.event({ type: 'order', report: orderReport(order) });
  }

  #market(id: InstrumentId): Market {
    let market = this.#markets.get(id);
    if (market === undefined) {
      const { queuePosition } = this.#options.settings;
      market = { book: new VisibleBook(), resting: new RestingOrders(queuePosition) };
      this.#markets.set(id, market);
    }
    return market;
  }
}

/** The answer to whoever sends this order, for the first time or again. */
function outcomeOf(order: PaperOrder): SubmitOutcome {
  if (order.status === 'rejected') return { kind: 'rejected', reason: order.reason ?? 'refused' };
  if (order.killed) return { kind: 'killed', reason: order.reason ?? 'killed' };
  const status =
    order.status === 'delayed' ? 'delayed' : order.matchedSize.isZero() ? 'live' : 'matched';
  return { kind: 'acknowledged', venueOrderId: order.id, status };
}

function refused(reason: string): CancelOutcome {
  return { kind: 'rejected', reason };
}
