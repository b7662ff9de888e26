/**
 * Closes everything: entries are refused at once, every order is cancelled until the venue has said so,
 * and every position is sold, the largest first, several at a time. The hold that refuses entries is
 * durable and says that it is under way: a start that finds it goes on where it was. At its end
 * trading is paused until a person resumes.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { decimal, toText } from '../domain/decimal.ts';
import { compare, minus, notBelowZero } from '../domain/exact.ts';
import { FillwrightFault, messageOf } from '../domain/faults.ts';
import type { Instrument, InstrumentId } from '../domain/instrument.ts';
import { byRisk, type Holding, sellFloor } from '../domain/liquidation.ts';
import { bestBid } from '../domain/order-book.ts';
import { worthUsd } from '../domain/position-totals.ts';
import { quantiseSize } from '../domain/quantise.ts';
import { LIQUIDATION, scopeOfCause } from '../domain/risk/holds.ts';
import { isExecutionOver, isPending } from '../machines/order.status.ts';
import type { PositionContext } from '../machines/position.machine.ts';
import type { Execution, Log } from './execution.ts';
import { cancelOpenOrders, openOrderIds } from './graceful-stop.ts';
import {
  type LiquidationHealth,
  type LiquidationPhase,
  type LiquidationReport,
  SalesTally,
  saleKey,
  whyLeft,
} from './liquidation-report.ts';
import type { Clock, Ids } from './ports.ts';
import { axes, orderRow, sellable, tradable } from './rows.ts';
import type { Store } from './store-port.ts';
import type { Books, CancelFilter, SubmitResult } from './trading-api.ts';

/** Its own: what a person holds beside it neither ends it nor is ended by it. */
const SCOPE = scopeOfCause('liquidation');
/** Cancels are asked for and waited for so long; then what can be sold is sold all the same. */
const CANCEL_LIMIT_MS = 30_000;
/** Sales that are under way at once: enough for the highest rate limit, and less than a second's worth of the lowest. */
const AT_ONCE = 32;
/** Attempts for a position that can be sold; four go down to one tick. */
const MAX_ATTEMPTS = 6;
const LOOK_EVERY_MS = 20;
/** A sale that never rests is over within a moment; what takes longer is looked after by its order. */
const SALE_LIMIT_MS = 30_000;
/** Bought shares can be sold once their trade is final on chain: minutes. Cancels are waited for as long. */
const SETTLE_LIMIT_MS = 600_000;
const SETTLE_LOOK_MS = 1_000;

export interface Liquidator {
  /** Begins, or joins the one that is under way. Resolves when it is over. */
  flatten(by: string, reason: string): Promise<LiquidationReport>;
  /** Goes on with one that an earlier life has begun. */
  start(): void;
  readonly health: LiquidationHealth | null;
  stop(): void;
}

export interface LiquidatorOptions {
  readonly execution: Execution;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'next'>;
  readonly log: Log;
  readonly books?: Books;
  readonly instrument: (id: InstrumentId) => Instrument | undefined;
  readonly store: Pick<Store, 'orders' | 'legsOfOrder'>;
  readonly submit: (intent: object) => Promise<SubmitResult>;
  readonly cancelAll: (filter: CancelFilter, reason: string) => Promise<unknown>;
}

interface Run {
  readonly liquidationId: string;
  readonly by: string;
  readonly reason: string;
  readonly startedAtMs: number;
  /** Of this life, as the attempts are: a new one begins anew. */
  openAtBegin: readonly string[];
  readonly held: Set<InstrumentId>;
  readonly tally: SalesTally;
  phase: LiquidationPhase;
  readonly attempts: Map<InstrumentId, number>;
  readonly whys: Map<InstrumentId, string>;
}

/** The engine stops, or has failed. The hold stays: the next start goes on. */
class Stopped extends FillwrightFault {
  constructor() {
    super(
      'not_running',
      'The engine has stopped while everything was being closed: the next start goes on.',
    );
  }
}

export function createLiquidator(options: LiquidatorOptions): Liquidator {
  const { execution, clock, log, books } = options;
  const { registry, dispatch, journal, projector, context } = execution;
  let running: { readonly run: Run; readonly done: Promise<LiquidationReport> } | undefined;
  let stopped = false;

  function goOn(): void {
    if (stopped || execution.failure !== undefined) throw new Stopped();
  }

  function holdNow() {
    const hold = context().holds[SCOPE];
    return hold?.level === 'liquidating' ? hold : undefined;
  }

  function flatten(by: string, reason: string): Promise<LiquidationReport> {
    if (running !== undefined) return running.done;
    if (holdNow() === undefined) {
      const atMs = clock.now();
      dispatch({ type: 'trading.held', level: 'liquidating', scope: SCOPE, by, reason, atMs });
    }
    return begin();
  }

  function begin(): Promise<LiquidationReport> {
    const hold = holdNow();
    if (hold === undefined) throw new Error('Nothing is being closed.');
    const { by, reason, sinceMs } = hold;
    const run: Run = {
      ...{ liquidationId: `liq_${sinceMs}`, by, reason, startedAtMs: sinceMs },
      ...{ phase: 'cancelling', openAtBegin: [], held: new Set(), tally: new SalesTally() },
      ...{ attempts: new Map(), whys: new Map() },
    };
    log.error({ by, reason }, `Everything is being closed: ${reason} (by ${by})`);
    const forget = run.tally.follow(execution.publisher);
    const done = closeAll(run).finally(() => {
      forget();
      running = undefined;
    });
    done.catch((error: unknown) => {
      if (!(error instanceof Stopped)) log.error({ error }, 'Closing everything has failed.');
    });
    running = { run, done };
    return done;
  }

  async function closeAll(run: Run): Promise<LiquidationReport> {
    await journal.durable();
    // Whoever else waits for that commit hears of it before thousands of cancels are asked for.
    await nextTick();
    run.openAtBegin = openOrderIds(registry);
    for (const { instrumentId } of positions()) run.held.add(instrumentId);
    await cancelOpenOrders({
      ...{ clock, registry, limitMs: CANCEL_LIMIT_MS },
      cancelAll: () => options.cancelAll({}, `everything is being closed: ${run.reason}`),
      isOver: () => stopped || execution.failure !== undefined,
    });
    const settleUntilMs = clock.now() + SETTLE_LIMIT_MS;
    for (;;) {
      goOn();
      run.phase = 'selling';
      await sellAll(run);
      // Shares that were bought a moment ago can be sold once the chain has them.
      if (!isAnythingToCome(run) || clock.now() >= settleUntilMs) break;
      run.phase = 'settling';
      await wait(SETTLE_LOOK_MS);
    }
    return end(run);
  }

  async function sellAll(run: Run): Promise<void> {
    const waiting = byRisk(holdings()).map(({ instrumentId }) => instrumentId);
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await sell(run, id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Attempts until nothing that can be sold is left, or the attempts are. */
  async function sell(run: Run, id: InstrumentId): Promise<void> {
    for (;;) {
      goOn();
      const size = sellableOf(id);
      if (size === '0') return;
      const attempt = (run.attempts.get(id) ?? 0) + 1;
      if (attempt > MAX_ATTEMPTS) {
        if (!run.whys.has(id)) run.whys.set(id, `${MAX_ATTEMPTS} attempts found nobody who buys`);
        return;
      }
      run.attempts.set(id, attempt);
      await attemptSale(run, id, size, attempt);
    }
  }

  async function attemptSale(
    run: Run,
    id: InstrumentId,
    size: string,
    attempt: number,
  ): Promise<void> {
    const instrument = options.instrument(id);
    if (instrument === undefined) {
      run.attempts.set(id, MAX_ATTEMPTS);
      run.whys.set(id, 'the venue does not name this instrument any more');
      return;
    }
    const book = books?.book(id);
    const bid = book === undefined ? undefined : bestBid(book);
    // Nobody who tells books, or a book without bids, may still be wrong: one tick asks the venue itself.
    const price =
      bid === undefined ? instrument.tickSize : sellFloor(bid, instrument.tickSize, attempt);
    try {
      const key = saleKey(run.liquidationId, options.ids.next('order'));
      const { orderId, order } = await options.submit({
        ...{ key, strategy: LIQUIDATION, instrument: id, side: 'SELL', type: 'market' },
        ...{ price, size, timeInForce: 'FAK', reason: `everything is being closed: ${run.reason}` },
      });
      if (order.status === 'DENIED') {
        run.whys.set(id, order.reason ?? 'denied');
        return;
      }
      run.tally.sent.add(orderId);
      run.held.add(id);
      await untilOver(orderId);
      const refusal = refusalOf(orderId);
      if (refusal !== undefined) run.whys.set(id, refusal);
      else if (bid === undefined) run.whys.set(id, 'nobody bids');
      else run.whys.delete(id);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      run.whys.set(id, messageOf(error));
      log.warn({ error, instrumentId: id }, 'A sale was not sent; it is tried again.');
      await wait(LOOK_EVERY_MS);
    }
  }

  /** One in doubt is over as far as this goes: its shares stay reserved, so they are not sold twice. */
  async function untilOver(orderId: string): Promise<void> {
    const untilMs = clock.now() + SALE_LIMIT_MS;
    const isLive = () => registry.orders.get(orderId)?.open === true && isReserving(orderId);
    while (isLive() && clock.now() < untilMs) {
      goOn();
      await wait(LOOK_EVERY_MS);
    }
    await nextTick();
  }

  function isReserving(orderId: string): boolean {
    const entry = registry.orders.get(orderId);
    return entry !== undefined && registry.snapshot(entry).context.reservedShares !== '0';
  }

  function holdings(): readonly Holding[] {
    return positions().map((position) => ({
      ...{ instrumentId: position.instrumentId, size: tradable(position).size },
      worthUsd: worthUsd(tradable(position), books?.mark(position.instrumentId)),
    }));
  }

  function positions(): readonly PositionContext[] {
    return [...registry.positions.values()]
      .map((entry) => registry.snapshot(entry).context)
      .filter((position) => compare(tradable(position).size, '0') > 0);
  }

  /** Whole hundredths of settled shares that nothing holds; `0`: none. */
  function sellableOf(id: InstrumentId): string {
    const entry = registry.positions.get(id);
    if (entry === undefined) return '0';
    const { context } = registry.snapshot(entry);
    const free = notBelowZero(minus(sellable(context), context.reservedShares));
    return toText(quantiseSize(decimal(free)));
  }

  /** What the venue said where it took none of it. */
  function refusalOf(orderId: string): string | undefined {
    const entry = registry.orders.get(orderId);
    if (entry === undefined) return undefined;
    const { status, reason } = orderRow(registry.snapshot(entry));
    return status === 'REJECTED' ? `the venue refused: ${reason ?? 'no reason given'}` : undefined;
  }

  /** An order may still fill, or its fills are to come; or shares are held that can be sold, or will be once the chain has them. */
  function isAnythingToCome(run: Run): boolean {
    for (const entry of registry.orders.values()) {
      const order = registry.snapshot(entry);
      if (isPending(axes(order).execution, order.context)) return true;
      // Sold, by whomever, and the chain may still take it back.
      if (entry.open && order.context.intent.side === 'SELL') return true;
    }
    return positions().some((position) => {
      const { instrumentId } = position;
      if ((run.attempts.get(instrumentId) ?? 0) >= MAX_ATTEMPTS) return false;
      const unsettled = minus(tradable(position).size, sellable(position));
      return compare(unsettled, '0.01') >= 0 || sellableOf(instrumentId) !== '0';
    });
  }

  /** A sale of which nobody knows the end: its shares stay promised to it. */
  function saleInDoubt(id: InstrumentId): string | undefined {
    for (const entry of registry.orders.values()) {
      const order = registry.snapshot(entry);
      const { instrument, intent, clientOrderId } = order.context;
      if (instrument.id !== id || intent.side !== 'SELL') continue;
      if (!isExecutionOver(axes(order).execution)) return clientOrderId;
    }
    return undefined;
  }

  async function end(run: Run): Promise<LiquidationReport> {
    // The last fills have been told, and are in the rows.
    await journal.durable();
    await nextTick();
    await projector.flush();
    goOn();
    const { tally, whys } = run;
    await tally.addEarlier(options.store, run.liquidationId);
    goOn();
    const left = positions().map((position) => {
      const { instrumentId } = position;
      const { size } = tradable(position);
      const why = whys.get(instrumentId) ?? whyLeft(size, saleInDoubt(instrumentId));
      return { instrumentId, size, why };
    });
    const unproven = openOrderIds(registry);
    const isUnproven = new Set(unproven);
    const isHeld = new Set(left.map(({ instrumentId }) => instrumentId));
    const touched = new Set([...run.held, ...tally.instruments]);
    const report: LiquidationReport = {
      ...{ liquidationId: run.liquidationId, by: run.by, reason: run.reason },
      ...{ startedAtMs: run.startedAtMs, endedAtMs: clock.now(), unproven },
      cancelled: run.openAtBegin.filter((id) => !isUnproven.has(id)).length,
      ...{ ordersSent: tally.sent.size, soldShares: tally.soldShares },
      proceedsUsd: tally.proceedsUsd,
      ...{ closed: [...touched].filter((id) => !isHeld.has(id)), left },
    };
    const text = `everything was closed (${run.reason}, by ${run.by}): ${report.closed.length} position(s) closed, ${left.length} left`;
    log.error({ ...report }, `Liquidation is over: ${text}.`);
    dispatch({
      ...{ type: 'trading.held', level: 'paused', scope: SCOPE, by: 'engine', reason: text },
      atMs: clock.now(),
    });
    await journal.durable();
    return report;
  }

  function wait(forMs: number): Promise<void> {
    return new Promise((resolve) => clock.at(clock.now() + forMs, resolve));
  }

  return {
    flatten,
    start() {
      if (holdNow() !== undefined && running === undefined) void begin().catch(() => undefined);
    },
    get health() {
      if (running === undefined) return null;
      const { liquidationId, phase, tally } = running.run;
      return {
        liquidationId,
        phase,
        ordersSent: tally.sent.size,
        positionsLeft: positions().length,
      };
    },
    stop() {
      stopped = true;
    },
  };
}
