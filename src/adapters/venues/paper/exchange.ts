/**
 * The matching of the paper venue. Synchronous and in memory: every method changes the books, tells
 * the write queue what changed, and answers. Making that durable before anybody hears of it is the
 * caller's part.
 */
import type { CancelOutcome, Clock, Ids, Random, SubmitOutcome } from '../../../actors/ports.ts';
import type { PaperState } from '../../../actors/venue-store-port.ts';
import { decimal, toText, ZERO } from '../../../domain/decimal.ts';
import type { Instrument } from '../../../domain/instrument.ts';
import type { MarketEvent, PublicTrade } from '../../../domain/market-data.ts';
import type { Payouts } from '../../../domain/resolution.ts';
import { CASH, PaperAccount } from './account.ts';
import { Deadlines } from './deadlines.ts';
import type { InstrumentList } from './instrument-list.ts';
import { LegBook } from './leg-book.ts';
import { Markets } from './markets.ts';
import type { OrderBody } from './order-body.ts';
import {
  isOpen,
  newOrder,
  orderFromRow,
  orderReport,
  outcomeOf,
  type PaperOrder,
  remainingSize,
  restingSize,
  tradeFromRow,
} from './records.ts';
import type { MakerFill, RestingOrders } from './resting-orders.ts';
import { refusedByBalance, refusedByBook, refusedByMarket, refusedForm } from './rules.ts';
import type { Schedule } from './schedule.ts';
import type { CheckedSettings } from './settings.ts';
import { splitTakes } from './split-takes.ts';
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

export class PaperExchange {
  readonly #options: ExchangeOptions;
  readonly #markets: Markets;
  readonly #open = new Map<string, PaperOrder>();
  readonly #deadlines: Deadlines;
  #account = new PaperAccount([], []);
  #legs: LegBook;
  #arrivals = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#markets = new Markets(options.settings.queuePosition);
    this.#legs = new LegBook(options, this.#account);
    this.#deadlines = new Deadlines(options.schedule, {
      expire: (order) => this.#expire(order),
      endDelay: (order) => this.#endDelay(order),
      fillLater: (order) => this.#fillLater(order),
    });
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
      this.#deadlines.arm(order);
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
    this.#arrivals += 1;
    const arrival = { number: this.#arrivals, atMs: this.#options.clock.now() };
    const order = newOrder(id, body, instrument, arrival);
    const reason =
      instrument === undefined
        ? `instrumentId: got ${body.instrumentId}, expected an instrument of this venue`
        : this.#refusal(order, body, instrument);
    if (reason !== undefined) {
      // No event: whoever sent it has the answer. The record answers the same bytes sent again.
      order.status = 'rejected';
      order.reason = reason;
      this.#options.changes.order(order);
      this.#options.onClosed(order);
      return outcomeOf(order);
    }
    this.#open.set(id, order);
    const delayMs = instrument?.takerDelayMs ?? 0;
    const { book } = this.#markets.get(order.instrumentId);
    if (delayMs > 0 && book.crosses(order.side, order.price)) {
      order.status = 'delayed';
      order.delayedUntilMs = this.#options.clock.now() + delayMs;
      this.#changed(order);
    } else {
      this.#match(order);
    }
    if (isOpen(order)) this.#deadlines.arm(order);
    return outcomeOf(order);
  }

  cancel(order: PaperOrder): CancelOutcome {
    if (order.status === 'delayed') {
      const reason = 'order is delayed and cannot be cancelled before it is matched';
      return { kind: 'rejected', reason };
    }
    if (!isOpen(order)) {
      return { kind: 'rejected', reason: `order is already ${order.status}` };
    }
    if (order.timeInForce === 'FOK' || order.timeInForce === 'FAK') {
      return { kind: 'rejected', reason: 'order is being matched' };
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

  /** Ends the orders of a market and pays its shares. A second time it changes nothing. */
  resolve(marketId: string, payouts: Payouts): void {
    for (const instrument of this.#options.instruments.all()) {
      const { id, outcome } = instrument;
      if (instrument.marketId !== marketId || this.#account.isResolved(id)) continue;
      for (const order of this.openOrders()) {
        if (order.instrumentId === id) this.#close(order, 'cancelled', 'market resolved');
      }
      const changed = this.#account.resolve(id, decimal(payouts[outcome]));
      for (const asset of changed) this.#options.changes.balance(asset);
    }
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
    const { book, resting } = this.#markets.get(shown.instrumentId);
    book.replace(shown);
    if (resting.count === 0) return;
    this.#expireOverdue(resting);
    this.#fillMakers(resting.onBook(book, shown.atMs, this.#moved));
  }

  #onTrade(trade: PublicTrade): void {
    const { resting } = this.#markets.get(trade.instrumentId);
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

  #refusal(order: PaperOrder, body: OrderBody, instrument: Instrument): string | undefined {
    if (body.tokenId !== instrument.tokenId) {
      return `tokenId: got ${body.tokenId}, expected ${instrument.tokenId}`;
    }
    if (this.#account.isResolved(instrument.id)) {
      return `instrumentId: the market of ${instrument.id} is resolved`;
    }
    return (
      refusedForm(body) ??
      refusedByMarket(order, instrument, this.#options.clock.now()) ??
      refusedByBook(order, this.#markets.get(order.instrumentId).book) ??
      refusedByBalance(order, this.#account)
    );
  }

  /** Takes what crosses; the rest rests, is cancelled, or kills the order. */
  #match(order: PaperOrder): void {
    const { book } = this.#markets.get(order.instrumentId);
    const { side, price, timeInForce, amountUsd } = order;
    const wanted = amountUsd === undefined ? { size: remainingSize(order) } : { amountUsd };
    const { takes, complete } = book.plan(side, price, wanted);
    const found = takes.reduce((sum, take) => sum.plus(take.size), ZERO);
    if ((timeInForce === 'FOK' && !complete) || (timeInForce === 'FAK' && found.isZero())) {
      order.killed = true;
      const reason = `${timeInForce}: found ${toText(found)} shares at ${toText(price)} or better`;
      this.#close(order, 'cancelled', reason);
      return;
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
    if (order.later === undefined && complete) {
      this.#close(order, 'matched');
    } else if (order.later === undefined && order.timeInForce === 'FAK') {
      this.#close(order, 'cancelled', 'FAK: the rest found nothing to take');
    } else {
      this.#rest(order);
      this.#changed(order);
    }
  }

  /** Puts what may rest into the book's queue. FOK and FAK only wait for their second part. */
  #rest(order: PaperOrder): void {
    if (order.timeInForce === 'FOK' || order.timeInForce === 'FAK') return;
    if (restingSize(order).lte(0)) return;
    const { book, resting } = this.#markets.get(order.instrumentId);
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
    if (reason !== undefined) {
      this.#close(order, 'rejected', reason);
      return;
    }
    this.#match(order);
    if (isOpen(order)) this.#deadlines.arm(order);
  }

  #fillLater(order: PaperOrder): void {
    const { later } = order;
    if (later === undefined || !isOpen(order)) return;
    delete order.later;
    for (const take of later.takes) this.#legs.add(order, 'taker', take);
    const filled = order.amountUsd === undefined && remainingSize(order).lte(0);
    if (!filled && (order.timeInForce === 'GTC' || order.timeInForce === 'GTD')) {
      this.#changed(order);
    } else {
      this.#finishMatch(order, filled || later.complete);
    }
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

  #close(
    order: PaperOrder,
    status: 'matched' | 'cancelled' | 'expired' | 'rejected',
    reason?: string,
  ): void {
    order.status = status;
    if (reason !== undefined) order.reason = reason;
    delete order.later;
    delete order.ahead;
    this.#deadlines.disarm(order);
    this.#open.delete(order.id);
    this.#markets.get(order.instrumentId).resting.remove(order.id);
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
}
