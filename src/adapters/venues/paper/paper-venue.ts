/**
 * The paper venue: an exchange that matches our orders against real or simulated public books, keeps
 * its books in a database of its own, and settles fills as a chain would. It is a peer of the live
 * venues: it answers late, can be asked again after a crash, and never loses what it acknowledged.
 */
import type {
  CancelOutcome,
  Clock,
  Ids,
  PreparedOrder,
  Random,
  SubmitOutcome,
  Venue,
  VenueBalances,
  VenueEvent,
  VenueOrder,
  VenueOrderReport,
  VenuePosition,
  VenueResolution,
} from '../../../actors/ports.ts';
import type { PaperStore } from '../../../actors/venue-store-port.ts';
import { toText } from '../../../domain/decimal.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { LegReport } from '../../../domain/fill-leg.ts';
import type { Instrument, InstrumentId } from '../../../domain/instrument.ts';
import type { MarketEvent } from '../../../domain/market-data.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
import { PaperExchange } from './exchange.ts';
import { InstrumentList } from './instrument-list.ts';
import { prepareBody, readBody } from './order-body.ts';
import { legReport, orderFromRow, orderReport, type PaperOrder, tradeFromRow } from './records.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { type CheckedSettings, checkSettings, type PaperSettings } from './settings.ts';
import { createTravel, type Travel } from './travel.ts';
import { WriteQueue } from './write-queue.ts';

/** Closed orders kept in memory, about 1 kB each: asking for one of these costs no read. */
const MAX_RECENT_ORDERS = 50_000;

export interface PaperVenueOptions {
  /** Default `paper`. Part of every order's bytes. */
  readonly name?: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly store: PaperStore;
  readonly log?: { warn(facts: object, message: string): void };
  readonly settings?: PaperSettings;
  /** Read whenever it is needed: the list may grow. */
  readonly instruments: () => readonly Instrument[];
}

export interface PaperVenue extends Venue {
  /** Feeds one event of the public market; matching happens at once, inside the call. */
  onMarketEvent(event: MarketEvent): void;
  /**
   * True while something goes on that does not wait for the clock: a request at the venue, a save.
   * Whoever moves a virtual clock waits until this is false.
   */
  readonly busy: boolean;
}

/** @throws {InvalidValue} for settings out of range. */
export function createPaperVenue(options: PaperVenueOptions): PaperVenue {
  return new DurableExchange(options);
}

/** Beyond the latency: a process under load may run its timers late. */
const ARRIVAL_MARGIN_MS = 2_000;

/** The exchange behind its network (latency) and its database (nothing is told before it is saved). */
class DurableExchange implements PaperVenue {
  readonly name: string;
  /** A request that has been under way this long, whatever held it up, is not placed any more. */
  readonly absenceIsFinalAfterMs: number;
  readonly #clock: Clock;
  readonly #store: PaperStore;
  readonly #settings: CheckedSettings;
  readonly #instruments: InstrumentList;
  readonly #schedule: Schedule;
  readonly #stream: EventStream;
  readonly #travel: Travel;
  readonly #changes: WriteQueue;
  readonly #exchange: PaperExchange;
  readonly #recent = new Map<string, PaperOrder>();
  /** True while every order that the store holds is also in memory. */
  #memoryIsComplete = false;
  #state: 'new' | 'running' | 'stopped' = 'new';
  /** Requests that have arrived, or arrive without a timer, and are not answered. */
  #working = 0;

  constructor(options: PaperVenueOptions) {
    const { clock, ids, random, store, log, name = 'paper' } = options;
    this.name = name;
    this.#clock = clock;
    this.#store = store;
    this.#settings = checkSettings(options.settings);
    this.absenceIsFinalAfterMs = this.#settings.submitLatencyMs + ARRIVAL_MARGIN_MS;
    this.#instruments = new InstrumentList(options.instruments);
    this.#schedule = createSchedule(clock);
    this.#stream = createEventStream(clock);
    this.#travel = createTravel(clock);
    this.#changes = new WriteQueue({
      store,
      clock,
      account: () => this.#exchange.account,
      emit: (event) => this.#stream.push(event),
      onFault: (fault) =>
        log?.warn({ err: fault, venue: name }, 'The paper venue could not save its books.'),
    });
    this.#exchange = new PaperExchange({
      ...{ clock, ids, random },
      settings: this.#settings,
      instruments: this.#instruments,
      schedule: this.#schedule,
      changes: this.#changes,
      onClosed: (order) => this.#keepRecent(order),
    });
  }

  get busy(): boolean {
    return this.#working > 0 || this.#changes.busy;
  }

  async start(): Promise<void> {
    const loaded = await this.#store.load();
    this.#memoryIsComplete = loaded.balances.length === 0;
    this.#exchange.restore(loaded);
    this.#state = 'running';
    await this.#changes.flushed();
  }

  async stop(): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopped';
    this.#schedule.clear();
    this.#travel.stop();
    if (wasRunning) await this.#changes.stop();
    this.#stream.end();
  }

  instrument(id: InstrumentId): Instrument | undefined {
    return this.#instruments.get(id);
  }

  instruments(): readonly Instrument[] {
    return this.#instruments.all();
  }

  prepare(order: VenueOrder): PreparedOrder {
    return prepareBody(this.name, order);
  }

  submit(prepared: PreparedOrder, signal: AbortSignal): Promise<SubmitOutcome> {
    const { submitLatencyMs } = this.#settings;
    const sentAtMs = this.#clock.now();
    const place = () => this.#place(prepared, sentAtMs);
    return unlessAborted(signal, () => this.#serve(submitLatencyMs, place));
  }

  cancel(venueOrderId: string, signal: AbortSignal): Promise<CancelOutcome> {
    const { cancelLatencyMs } = this.#settings;
    return unlessAborted(signal, () =>
      this.#serve(cancelLatencyMs, async () => {
        const order = await this.#findOrder(venueOrderId);
        return order === undefined
          ? { kind: 'rejected', reason: 'order not found' }
          : this.#exchange.cancel(order);
      }),
    );
  }

  async fetchOrder(venueOrderId: string): Promise<VenueOrderReport | undefined> {
    await this.#durable();
    const order = await this.#findOrder(venueOrderId);
    return order === undefined ? undefined : orderReport(order);
  }

  async fetchOpenOrders(): Promise<readonly VenueOrderReport[]> {
    await this.#durable();
    return this.#exchange.openOrders().map(orderReport);
  }

  async fetchTrades(sinceMs: number): Promise<readonly LegReport[]> {
    await this.#durable();
    const rows = await this.#store.tradesSince(sinceMs);
    return rows.map((row) => legReport(tradeFromRow(row)));
  }

  async fetchPositions(): Promise<readonly VenuePosition[]> {
    await this.#durable();
    return [...this.#exchange.account.holdings()].map(([instrumentId, size]) => ({
      instrumentId,
      size: toText(size),
    }));
  }

  async fetchBalances(): Promise<VenueBalances> {
    await this.#durable();
    return { cashUsd: toText(this.#exchange.account.cashUsd) };
  }

  async takeResolution({
    marketId,
    payouts,
  }: Pick<VenueResolution, 'marketId' | 'payouts'>): Promise<void> {
    this.#checkRunning();
    this.#exchange.resolve(marketId, payouts);
    await this.#durable();
  }

  events(signal: AbortSignal): AsyncIterable<VenueEvent> {
    return this.#stream.read(signal);
  }

  onMarketEvent(event: MarketEvent): void {
    if (this.#state !== 'stopped') this.#exchange.onMarketEvent(event);
  }

  /** Carries a request to the venue and its answer back, when everything about it is saved. */
  async #serve<Answer>(latencyMs: number, request: () => Promise<Answer>): Promise<Answer> {
    this.#checkRunning();
    if (latencyMs > 0) await this.#travel.wait(latencyMs);
    this.#working += 1;
    try {
      if (latencyMs === 0) await this.#travel.wait(0);
      // A store that fails takes no new work: the books in memory must not run away from it.
      if (this.#changes.failing) await this.#changes.flushed();
      this.#checkRunning();
      const answer = await request();
      await this.#changes.flushed();
      return answer;
    } finally {
      this.#working -= 1;
    }
  }

  async #place(prepared: PreparedOrder, sentAtMs: number): Promise<SubmitOutcome> {
    const read = readBody(this.name, prepared);
    if ('refusal' in read) return { kind: 'rejected', reason: read.refusal };
    const known = await this.#findOrder(prepared.venueOrderId);
    if (known !== undefined) return this.#exchange.repeat(known);
    // Right before it is placed: whoever was told that it is absent for good must stay right.
    const underwayMs = this.#clock.now() - sentAtMs;
    if (underwayMs >= this.absenceIsFinalAfterMs) throw lateFault(underwayMs);
    return this.#exchange.place(prepared.venueOrderId, read.order);
  }

  async #findOrder(id: string): Promise<PaperOrder | undefined> {
    const known = this.#remembered(id);
    if (known !== undefined || this.#memoryIsComplete) return known;
    const row = await this.#store.findOrder(id);
    this.#checkRunning();
    // The order may have been placed while the store was asked.
    return this.#remembered(id) ?? (row === undefined ? undefined : orderFromRow(row));
  }

  #remembered(id: string): PaperOrder | undefined {
    return this.#exchange.openOrder(id) ?? this.#recent.get(id);
  }

  #keepRecent(order: PaperOrder): void {
    this.#recent.set(order.id, order);
    if (this.#recent.size <= MAX_RECENT_ORDERS) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
    this.#memoryIsComplete = false;
  }

  /** Everything that the venue tells is durable first. */
  async #durable(): Promise<void> {
    this.#checkRunning();
    await this.#changes.flushed();
  }

  #checkRunning(): void {
    if (this.#state === 'running') return;
    const [name, state] = [this.name, this.#state];
    throw new FillwrightFault('not_running', `The venue ${name} is not running.`, { name, state });
  }
}

function lateFault(underwayMs: number): FillwrightFault {
  const message = `The request took ${underwayMs} ms to the venue, which takes it no more.`;
  return new FillwrightFault('venue_unknown', message, { underwayMs });
}

/**
 * Gives up waiting when `signal` aborts. The request itself goes on: it is under way, and whether the
 * venue acts on it is exactly what the sender does not know any more.
 */
async function unlessAborted<T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  const gaveUp = (): FillwrightFault =>
    new FillwrightFault('venue_unknown', 'The request was given up before it was answered.');
  if (signal.aborted) throw gaveUp();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(gaveUp());
    signal.addEventListener('abort', onAbort, { once: true });
    send()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
