/**
 * Takes in what the venue says: its stream as it comes, and, after every connection and from time
 * to time, everything since the last time that nothing was missing. Both go through the same door,
 * so that a leg seen twice is one leg.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { LegReport } from '../domain/fill-leg.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { toOrderReported } from './effects.ts';
import type { Execution, Log } from './execution.ts';
import { canonicalLeg, canonicalReport, legProblem, mismatch } from './outside.ts';
import type { Clock, Venue, VenueEvent, VenueOrderReport } from './ports.ts';
import type { Entry } from './registry.ts';
import { axes } from './rows.ts';
import type { Store } from './store-port.ts';

/** Catching up starts this much before the last moment known to be complete. */
export const OVERLAP_MS = 60_000;
/** The stream is checked against the venue's own list this often. */
export const CATCH_UP_EVERY_MS = 300_000;
/** A failed catch-up is tried again after this long. */
const RETRY_MS = 2_000;
/** A start waits this long for the stream to stand; after that entries are denied until it does. */
export const STREAM_LIMIT_MS = 15_000;
/** Stream events wait when this many inputs are not yet durable: memory stays bounded. */
const MAX_WAITING_INPUTS = 20_000;

export interface VenueLink {
  /** Connects: missed legs and orders are taken in before this resolves. */
  start(): Promise<void>;
  catchUp(): Promise<void>;
  /** Takes in the legs that the venue has told of since a moment. */
  takeTradesSince(sinceMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface VenueLinkOptions {
  readonly venue: Venue;
  readonly store: Pick<Store, 'preparedByVenueOrderIds'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: () => Execution;
}

export function createVenueLink(options: VenueLinkOptions): VenueLink {
  const { venue, store, clock, log } = options;
  const abort = new AbortController();
  let reading: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let catching: Promise<void> | undefined;
  /** Comings and goings of the connection: a catch-up that saw one may have missed something. */
  let connectionChanges = 0;
  /** Ends the wait of a start. */
  let onUp: () => void = () => undefined;

  /** Our order of a venue order id; its actor is in memory then. */
  async function find(venueOrderId: string): Promise<string | undefined> {
    const execution = options.execution();
    const known = execution.registry.clientOrderIdOf(venueOrderId);
    if (known !== undefined && execution.registry.orders.has(known)) return known;
    const [row] = await store.preparedByVenueOrderIds([venueOrderId]);
    if (row === undefined || row.venue !== venue.name) return undefined;
    return (await execution.loader.ensure(row.clientOrderId)) ? row.clientOrderId : undefined;
  }

  async function takeLeg(told: LegReport): Promise<void> {
    const { dispatch, refuseLeg, registry } = options.execution();
    const problem = legProblem(told);
    if (problem !== undefined) return refuseLeg(told, problem);
    const leg = canonicalLeg(told);
    const clientOrderId = await find(leg.venueOrderId);
    const atMs = clock.now();
    if (clientOrderId === undefined) {
      dispatch({ type: 'venue.orphanReported', leg, atMs });
      return;
    }
    const entry = registry.orders.get(clientOrderId);
    // It left memory since it was found: it is found again.
    if (entry === undefined) return takeLeg(told);
    const other = mismatch(leg, registry.snapshot(entry).context);
    if (other !== undefined) return refuseLeg(told, other);
    dispatch({ type: 'venue.legReported', clientOrderId, leg, atMs });
  }

  async function takeReport(told: VenueOrderReport): Promise<void> {
    const report = canonicalReport(told);
    const clientOrderId = await find(report.venueOrderId);
    if (clientOrderId === undefined) {
      log.warn({ report }, 'The venue tells of an order that nobody here knows.');
      return;
    }
    options.execution().dispatch({ ...toOrderReported(report, clock.now()), clientOrderId });
  }

  async function take(event: VenueEvent): Promise<void> {
    if (event.type === 'leg') await takeLeg(event.leg);
    else if (event.type === 'order') await takeReport(event.report);
    else await takeConnection(event.state);
  }

  async function takeConnection(state: 'up' | 'down'): Promise<void> {
    const { dispatch, publisher } = options.execution();
    const message = `The venue ${venue.name} is ${state}.`;
    log[state === 'up' ? 'info' : 'warn']({ venue: venue.name }, message);
    publisher.now({ type: 'health', part: 'venue', state, message });
    connectionChanges += 1;
    if (state === 'down') {
      dispatch({ type: 'venue.disconnected', venue: venue.name, atMs: clock.now() });
      return;
    }
    dispatch({ type: 'venue.connected', venue: venue.name, atMs: clock.now() });
    await catchUp();
    onUp();
  }

  /** Reads the venue's stream, and takes it up again whenever it ends. */
  async function read(): Promise<void> {
    for (;;) {
      const error: unknown = await readStream().catch((failed: unknown) => failed);
      if (abort.signal.aborted || options.execution().failure !== undefined) return;
      log.error({ error, venue: venue.name }, 'The stream of the venue ended; it is opened again.');
      await lostStream().catch((error: unknown) =>
        log.error({ error }, 'The loss of the stream could not be noted.'),
      );
    }
  }

  async function lostStream(): Promise<void> {
    await takeConnection('down');
    await waitFor(RETRY_MS);
    if (!abort.signal.aborted) void takeConnection('up').catch(() => undefined);
  }

  async function readStream(): Promise<void> {
    for await (const event of venue.events(abort.signal)) {
      const execution = options.execution();
      try {
        await take(event);
        if (execution.journal.waiting > MAX_WAITING_INPUTS) await execution.journal.durable();
      } catch (error) {
        if (abort.signal.aborted || execution.failure !== undefined) return;
        log.error({ error, event }, 'A venue event could not be taken in.');
        // What it told is asked for again, as often as it takes.
        void catchUp();
      }
    }
  }

  function catchUp(): Promise<void> {
    catching ??= doCatchUp().finally(() => {
      catching = undefined;
    });
    return catching;
  }

  async function doCatchUp(): Promise<void> {
    const { registry, dispatch } = options.execution();
    while (!abort.signal.aborted) {
      const startedAtMs = clock.now();
      const changesBefore = connectionChanges;
      try {
        const { seenAtMs } = registry.snapshot(registry.venue()).context;
        await takeTradesSince(Math.max(0, seenAtMs - OVERLAP_MS));
        await takeOrders();
        if (abort.signal.aborted) return;
        if (connectionChanges !== changesBefore) continue;
        dispatch({ type: 'venue.caughtUp', venue: venue.name, atMs: startedAtMs });
        schedule();
        return;
      } catch (error) {
        if (abort.signal.aborted || options.execution().failure !== undefined) return;
        log.warn({ error, venue: venue.name }, 'Catching up failed, trying again.');
        await waitFor(RETRY_MS);
      }
    }
  }

  /** Ends early when the link is stopped. */
  function waitFor(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        abort.signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.at(clock.now() + forMs, end);
      abort.signal.addEventListener('abort', end);
    });
  }

  async function takeTradesSince(sinceMs: number): Promise<void> {
    let taken = 0;
    for (const leg of await venue.fetchTrades(sinceMs)) {
      await takeLeg(leg);
      taken += 1;
      if (taken % 200 === 0) await nextTick();
    }
  }

  /** Asks about every order that we hold to be alive. What the venue lacks becomes a question. */
  async function takeOrders(): Promise<void> {
    const { registry, dispatch } = options.execution();
    const open = new Map<string, VenueOrderReport>();
    for (const told of await venue.fetchOpenOrders()) {
      open.set(told.venueOrderId, canonicalReport(told));
    }
    for (const entry of [...registry.orders.values()]) {
      const { venueOrderId } = registry.snapshot(entry).context;
      if (venueOrderId === null || !isAlive(entry)) continue;
      const found = open.get(venueOrderId) ?? (await venue.fetchOrder(venueOrderId));
      const report = found === undefined ? undefined : canonicalReport(found);
      // While the venue was asked the order may have come to its end, and have left memory.
      if (!isAlive(entry)) continue;
      const order = registry.snapshot(entry);
      const { execution } = axes(order);
      const atMs = clock.now();
      if (report === undefined) {
        log.error({ clientOrderId: entry.name }, 'The venue does not list an order that was live.');
        dispatch({
          type: 'venue.orderReported',
          clientOrderId: entry.name,
          status: 'unrecognised',
          rawStatus: 'not listed',
          sizeMatched: order.context.matchedSize,
          atMs,
        });
      } else if (says(report, order.context.matchedSize, execution)) {
        dispatch({ ...toOrderReported(report, atMs), clientOrderId: entry.name });
      }
    }
  }

  /** Taken by the venue, and not known to be over. */
  function isAlive(entry: Entry<'order'>): boolean {
    const { registry } = options.execution();
    if (registry.orders.get(entry.name) !== entry) return false;
    const order = registry.snapshot(entry);
    return order.context.acknowledged && !isExecutionOver(axes(order).execution);
  }

  function schedule(): void {
    cancelTimer?.();
    cancelTimer = clock.at(clock.now() + CATCH_UP_EVERY_MS, () => void catchUp());
  }

  return {
    async start() {
      const { dispatch } = options.execution();
      const up = new Promise<'up'>((resolve) => {
        onUp = () => resolve('up');
      });
      reading = read();
      // A stream that begins by saying that it is up has said so by then: one catch-up serves both.
      await nextTick();
      if (venue.tellsConnection === true) {
        if ((await Promise.race([up, waitFor(STREAM_LIMIT_MS)])) === 'up') return;
        log.warn(
          { venue: venue.name },
          'The stream does not stand yet; entries are denied until it does.',
        );
        await catchUp();
        return;
      }
      dispatch({ type: 'venue.connected', venue: venue.name, atMs: clock.now() });
      await catchUp();
    },
    catchUp,
    takeTradesSince,
    async stop() {
      cancelTimer?.();
      abort.abort();
      await reading;
    },
  };
}

/** Whether a report tells an order anything that it does not know. */
function says(report: VenueOrderReport, matchedSize: string, execution: string): boolean {
  const expected = execution === 'working.delayed' ? 'delayed' : 'live';
  const isWorking = execution.startsWith('working') || execution.startsWith('cancelling');
  return !isWorking || report.status !== expected || report.sizeMatched !== matchedSize;
}
