/**
 * The paper venue: an exchange that matches our orders against real or simulated public books, keeps
 * its books in a database of its own, and settles fills as a chain would. It is a peer of the live
 * venues: it answers late, can be asked again after a crash, and never loses what it acknowledged.
 */
import type {
  Clock,
  Ids,
  PreparedOrder,
  Random,
  SubmitOutcome,
  Venue,
} from '../../../actors/ports.ts';
import type { PaperStore } from '../../../actors/store-port.ts';
import { toText } from '../../../domain/decimal.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { Instrument } from '../../../domain/instrument.ts';
import type { MarketEvent } from '../../../domain/market-data.ts';
import { createEventStream } from './event-stream.ts';
import { PaperExchange } from './exchange.ts';
import { InstrumentList } from './instrument-list.ts';
import { prepareBody, readBody } from './order-body.ts';
import { legReport, orderFromRow, orderReport, type PaperOrder, tradeFromRow } from './records.ts';
import { createSchedule } from './schedule.ts';
import { checkSettings, type PaperSettings } from './settings.ts';
import { createTravel } from './travel.ts';
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
}

/** @throws {InvalidValue} for settings out of range. */
export function createPaperVenue(options: PaperVenueOptions): PaperVenue {
  const { clock, store, name = 'paper' } = options;
  const settings = checkSettings(options.settings);
  const instruments = new InstrumentList(options.instruments);
  const schedule = createSchedule(clock);
  const stream = createEventStream(clock);
  const travel = createTravel(clock);
  const recent = new Map<string, PaperOrder>();
  /** True while every order that the store holds is also in memory. */
  let memoryIsComplete = false;
  let state: 'new' | 'running' | 'stopped' = 'new';

  const changes: WriteQueue = new WriteQueue({
    store,
    clock,
    account: () => exchange.account,
    emit: (event) => stream.push(event),
    onFault: (fault) =>
      options.log?.warn({ err: fault, venue: name }, 'The paper venue could not save its books.'),
  });
  const exchange: PaperExchange = new PaperExchange({
    ...{ clock, settings, instruments, schedule, changes },
    ids: options.ids,
    random: options.random,
    onClosed: keepRecent,
  });

  function keepRecent(order: PaperOrder): void {
    recent.set(order.id, order);
    if (recent.size <= MAX_RECENT_ORDERS) return;
    const [oldest] = recent.keys();
    if (oldest !== undefined) recent.delete(oldest);
    memoryIsComplete = false;
  }

  function checkRunning(): void {
    if (state !== 'running') {
      throw new FillwrightFault('not_running', `The venue ${name} is not running.`, { state });
    }
  }

  async function findOrder(id: string): Promise<PaperOrder | undefined> {
    const known = exchange.openOrder(id) ?? recent.get(id);
    if (known !== undefined || memoryIsComplete) return known;
    const row = await store.findOrder(id);
    checkRunning();
    // The order may have been placed while the store was asked.
    return (
      exchange.openOrder(id) ??
      recent.get(id) ??
      (row === undefined ? undefined : orderFromRow(row))
    );
  }

  /** A store that fails takes no new work: the books in memory must not run away from it. */
  async function arrive(latencyMs: number): Promise<void> {
    await travel.wait(latencyMs);
    if (changes.failing) await changes.flushed();
    checkRunning();
  }

  async function place(prepared: PreparedOrder): Promise<SubmitOutcome> {
    await arrive(settings.submitLatencyMs);
    const read = readBody(name, prepared);
    if ('refusal' in read) return { kind: 'rejected', reason: read.refusal };
    const known = await findOrder(prepared.venueOrderId);
    const outcome =
      known === undefined
        ? exchange.place(prepared.venueOrderId, read.order)
        : exchange.repeat(known);
    await changes.flushed();
    return outcome;
  }

  /** Everything that the venue tells is durable first. */
  async function durable(): Promise<void> {
    checkRunning();
    await changes.flushed();
  }

  return {
    name,
    async start() {
      const loaded = await store.load();
      memoryIsComplete = loaded.balances.length === 0;
      exchange.restore(loaded);
      state = 'running';
      await changes.flushed();
    },
    async stop() {
      const wasRunning = state === 'running';
      state = 'stopped';
      schedule.clear();
      travel.stop();
      if (wasRunning) await changes.stop();
      stream.end();
    },
    instrument: (id) => instruments.get(id),
    instruments: () => instruments.all(),
    prepare: (order) => prepareBody(name, order),
    async submit(prepared, signal) {
      checkRunning();
      return unlessAborted(signal, () => place(prepared));
    },
    async cancel(venueOrderId, signal) {
      checkRunning();
      return unlessAborted(signal, async () => {
        await arrive(settings.cancelLatencyMs);
        const order = await findOrder(venueOrderId);
        if (order === undefined) return { kind: 'rejected', reason: 'order not found' };
        const outcome = exchange.cancel(order);
        await changes.flushed();
        return outcome;
      });
    },
    async fetchOrder(venueOrderId) {
      await durable();
      const order = await findOrder(venueOrderId);
      return order === undefined ? undefined : orderReport(order);
    },
    async fetchOpenOrders() {
      await durable();
      return exchange.openOrders().map(orderReport);
    },
    async fetchTrades(sinceMs) {
      await durable();
      const rows = await store.tradesSince(sinceMs);
      return rows.map((row) => legReport(tradeFromRow(row)));
    },
    async fetchPositions() {
      await durable();
      return [...exchange.account.holdings()].map(([instrumentId, size]) => ({
        instrumentId,
        size: toText(size),
      }));
    },
    async fetchBalances() {
      await durable();
      return { cashUsd: toText(exchange.account.cashUsd) };
    },
    events: (signal) => stream.read(signal),
    onMarketEvent(event) {
      if (state !== 'stopped') exchange.onMarketEvent(event);
    },
  };
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
