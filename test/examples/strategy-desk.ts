/** A hand-made desk for a strategy: books, positions and orders are what the test says. */
import type { OrderView, PositionView } from '../../src/actors/rows.ts';
import type {
  Strategy,
  StrategyAnswer,
  StrategyContext,
  StrategyIntent,
} from '../../src/actors/strategy.ts';
import type { Instrument, Outcome, Side } from '../../src/domain/instrument.ts';
import { opposite } from '../../src/domain/instrument.ts';
import type { BookSnapshot } from '../../src/domain/market-data.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';

type Level = readonly [price: string, size: string];

export interface StrategyDesk {
  readonly context: StrategyContext;
  /** Order ids that the strategy asked to cancel. */
  readonly cancelled: string[];
  nowMs: number;
  availableUsd: string;
  /** Sets a book and answers what the strategy wants to do on it. */
  book(outcome: Outcome, asks: readonly Level[], bids?: readonly Level[]): StrategyIntent[];
  /** Sets a book without telling the strategy. */
  show(outcome: Outcome, asks: readonly Level[], bids?: readonly Level[]): BookSnapshot;
  hold(outcome: Outcome, position: Partial<PositionView>): void;
  /** An order of the strategy that is not over. */
  working(outcome: Outcome, side: Side, over?: Partial<OrderView>): OrderView;
  /** Tells the strategy of a step of an order. */
  step(order: OrderView): void;
  timer(): StrategyIntent[];
}

export function strategyDesk(strategy: Strategy, rules: Partial<Instrument> = {}): StrategyDesk {
  const instruments = { YES: { ...rain, ...rules }, NO: { ...noRain, ...rules } };
  const all = [instruments.YES, instruments.NO];
  const books = new Map<string, BookSnapshot>();
  const positions = new Map<string, PositionView>();
  const orders = new Map<string, OrderView>();
  const cancelled: string[] = [];

  const context: StrategyContext = {
    strategy: strategy.name,
    now: () => desk.nowMs,
    instruments: () => all,
    complement: (id) => {
      const known = all.find((instrument) => instrument.id === id);
      return known && instruments[opposite(known.outcome)];
    },
    find: (marketId, outcome) => all.find((i) => i.marketId === marketId && i.outcome === outcome),
    book: (id) => books.get(id),
    position: (id) => positions.get(id),
    account: () => ({
      accountId: 'main',
      depositsUsd: '1000',
      cashUsd: desk.availableUsd,
      reservedUsd: '0',
      budgetsUsd: '0',
      availableUsd: desk.availableUsd,
      redeemableUsd: '0',
      feesUsd: '0',
      minimumReserveUsd: '0',
      venueBalance: null,
    }),
    workingOrders: () => [...orders.values()],
    isPending: (id, side) =>
      [...orders.values()].some((order) => order.instrumentId === id && order.side === side),
    submit: async () => undefined,
    cancel: async (orderId) => {
      cancelled.push(orderId);
      const order = orders.get(orderId);
      if (order === undefined) throw new Error(`no order ${orderId}`);
      return { orderId, requested: true, order };
    },
    send: async () => ({ text: '', changed: false, facts: {} }),
  };

  function intents(answer: StrategyAnswer | undefined): StrategyIntent[] {
    return (answer ?? []).map((asked) => {
      if ('instrument' in asked) return asked;
      throw new Error('expected intents, got a signal');
    });
  }

  const desk: StrategyDesk = {
    context,
    cancelled,
    nowMs: AT_MS,
    availableUsd: '1000',
    show(outcome, asks, bids = []) {
      const { id, tickSize } = instruments[outcome];
      const levels = (side: readonly Level[]) => side.map(([price, size]) => ({ price, size }));
      const book = {
        instrumentId: id,
        atMs: desk.nowMs,
        bids: levels(bids),
        asks: levels(asks),
        tickSize,
      };
      books.set(id, book);
      return book;
    },
    book: (outcome, asks, bids) =>
      intents(strategy.onBook?.(desk.show(outcome, asks, bids), context) ?? undefined),
    hold(outcome, position) {
      const { id } = instruments[outcome];
      positions.set(id, {
        accountId: 'main',
        instrumentId: id,
        state: 'open',
        payout: null,
        resolvedAtMs: null,
        redeemableUsd: '0',
        redeemedSize: '0',
        redeemedUsd: '0',
        size: '0',
        sellableSize: position.size ?? '0',
        reservedShares: '0',
        averageEntry: '0.9',
        costBasis: '0',
        realizedPnl: '0',
        feesUsd: '0',
        reconciliationRequired: false,
        updatedAtMs: AT_MS,
        ...position,
      });
    },
    working(outcome, side, over = {}) {
      const order = orderView(instruments[outcome], side, strategy.name, over);
      orders.set(order.clientOrderId, order);
      return order;
    },
    step(order) {
      if (['PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN'].includes(order.status)) {
        orders.set(order.clientOrderId, order);
      } else {
        orders.delete(order.clientOrderId);
      }
      strategy.onOrder?.(order, context);
    },
    timer: () => intents(strategy.onTimer?.(context) ?? undefined),
  };
  return desk;
}

let made = 0;

export function orderView(
  instrument: Instrument,
  side: Side,
  strategy: string,
  over: Partial<OrderView>,
): OrderView {
  made += 1;
  return {
    clientOrderId: `ord_${made}`,
    venue: instrument.venue,
    venueOrderId: null,
    intentKey: `key-${made}`,
    strategy,
    instrumentId: instrument.id,
    marketId: instrument.marketId,
    outcome: instrument.outcome,
    side,
    type: 'limit',
    price: '0.5',
    size: '10',
    amountUsd: null,
    timeInForce: 'GTC',
    expiresAtMs: null,
    status: 'PLACED',
    execution: 'working.open',
    settlement: 'none',
    filledSize: '0',
    averageFillPrice: null,
    feesUsd: '0',
    reservedUsd: '0',
    reservedShares: '0',
    reason: null,
    closed: false,
    createdAtMs: AT_MS,
    updatedAtMs: AT_MS,
    ...over,
  };
}
