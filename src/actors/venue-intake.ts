/**
 * The door for what a venue says: finds whose it is, checks that it can be booked, and makes it an
 * input. The stream, the reconciler and look-ups all come through here, so a leg told twice is one.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { dropOldest } from '../domain/drop-oldest.ts';
import { compare } from '../domain/exact.ts';
import { type LegReport, legKey } from '../domain/fill-leg.ts';
import { takeLeg as stepLeg } from '../machines/order.reducers.ts';
import { isAliveAtVenue, isExecutionOver } from '../machines/order.status.ts';
import { isKnownOrphan } from '../machines/system.orphans.ts';
import { toOrderReported } from './effects.ts';
import type { Execution, Log } from './execution.ts';
import { canonicalLeg, canonicalReport, isDecimal, legProblem, mismatch } from './outside.ts';
import type { Clock, Venue, VenueOrderReport } from './ports.ts';
import type { OurOrder } from './reconcile-ours.ts';
import { orderOfRow } from './reconcile-rows.ts';
import { actorId } from './registry.ts';
import { axes } from './rows.ts';
import type { Store } from './store-port.ts';

/** Legs taken in before other work gets the thread. */
const LEGS_AT_ONCE = 200;
/** Refused legs that wait for the next comparison; more are only counted and said. */
const MAX_REFUSED = 1_000;

/** Reports that are told again at each comparison until their trades have settled: some hours of them. */
const MAX_REPEATED = 20_000;

/** What became of a leg: `known` changed nothing. */
export type LegOutcome = 'applied' | 'known' | 'orphan' | 'refused';

export interface RefusedLeg {
  readonly leg: LegReport;
  readonly problem: string;
}

export interface VenueIntake {
  /** Our order of a venue order id; its actor is in memory then. */
  find(venueOrderId: string): Promise<string | undefined>;
  /** Our order of a venue order id as it stands; a closed one stays out of memory. */
  order(venueOrderId: string): Promise<OurOrder | undefined>;
  /** `newsOnly`: one that would change nothing does not become an input. */
  leg(told: LegReport, newsOnly?: 'newsOnly'): Promise<LegOutcome>;
  report(told: VenueOrderReport): Promise<void>;
  /** The same where it would tell an order of ours something that it does not know. */
  reportNews(told: VenueOrderReport): Promise<boolean>;
  /** The venue neither lists nor knows an order that is alive here: it becomes a question. */
  unlisted(clientOrderId: string): void;
  /** Takes in the legs that the venue has told of since a moment, and answers them. */
  tradesSince(sinceMs: number): Promise<readonly LegReport[]>;
  /** Legs that were refused and not forgotten since, by key. */
  refused(): ReadonlyMap<string, RefusedLeg>;
  /** These are findings now. */
  forgetRefused(legs: ReadonlyMap<string, RefusedLeg>): void;
}

export interface VenueIntakeOptions {
  readonly venue: Venue;
  readonly store: Pick<Store, 'preparedByVenueOrderIds' | 'actor'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: () => Execution;
}

export function createVenueIntake(options: VenueIntakeOptions): VenueIntake {
  const { venue, store, clock, log } = options;
  const refused = new Map<string, RefusedLeg>();
  const said = new Set<string>();
  const repeated = new Set<string>();
  /** Of orders that nobody knew: the system keeps fewer. */
  const orphaned = new Set<string>();

  async function find(venueOrderId: string): Promise<string | undefined> {
    const execution = options.execution();
    const known = execution.registry.clientOrderIdOf(venueOrderId);
    if (known !== undefined && execution.registry.orders.has(known)) return known;
    const [row] = await store.preparedByVenueOrderIds([venueOrderId]);
    if (row === undefined || row.venue !== venue.name) return undefined;
    return (await execution.loader.ensure(row.clientOrderId)) ? row.clientOrderId : undefined;
  }

  async function leg(told: LegReport, newsOnly?: 'newsOnly'): Promise<LegOutcome> {
    const { dispatch, registry, context } = options.execution();
    const problem = legProblem(told);
    if (problem !== undefined) return refuse(told, problem);
    const report = canonicalLeg(told);
    // What waits for its order needs no looking up: the order takes it along when it comes.
    if (newsOnly !== undefined && isKnownOrphan(context(), report)) return 'orphan';
    const text = JSON.stringify(report);
    if (newsOnly !== undefined && (repeated.has(text) || (await isKnown(report, text)))) {
      return 'known';
    }
    const clientOrderId = await find(report.venueOrderId);
    const atMs = clock.now();
    if (clientOrderId === undefined) {
      if (newsOnly !== undefined && orphaned.has(text)) return 'orphan';
      orphaned.add(text);
      dropOldest(orphaned, MAX_REPEATED);
      dispatch({ type: 'venue.orphanReported', leg: report, atMs });
      return 'orphan';
    }
    const entry = registry.orders.get(clientOrderId);
    // It left memory since it was found: it is found again.
    if (entry === undefined) return leg(told, newsOnly);
    const order = registry.snapshot(entry).context;
    const other = mismatch(report, order);
    if (other !== undefined) return refuse(told, other);
    const isNews = stepLeg(order, report, atMs).next !== order;
    dispatch({ type: 'venue.legReported', clientOrderId, leg: report, atMs });
    return isNews ? 'applied' : 'known';
  }

  /** A report that has changed nothing once never will: an order only learns. */
  async function isKnown(report: LegReport, text: string): Promise<boolean> {
    const held = await order(report.venueOrderId);
    if (held === undefined || mismatch(report, held.context) !== undefined) return false;
    if (stepLeg(held.context, report, clock.now()).next !== held.context) return false;
    repeated.add(text);
    dropOldest(repeated, MAX_REPEATED);
    return true;
  }

  async function order(venueOrderId: string): Promise<OurOrder | undefined> {
    const execution = options.execution();
    const known = execution.registry.clientOrderIdOf(venueOrderId);
    const inMemory = known === undefined ? undefined : orderInMemory(execution, known);
    if (inMemory !== undefined) return inMemory;
    const [row] = await store.preparedByVenueOrderIds([venueOrderId]);
    if (row === undefined || row.venue !== venue.name) return undefined;
    const { clientOrderId } = row;
    const actor = await store.actor(actorId('order', clientOrderId));
    return (
      orderInMemory(execution, clientOrderId) ??
      (actor === undefined ? undefined : orderOfRow(actor))
    );
  }

  function refuse(told: LegReport, problem: string): 'refused' {
    const key = legKey(venue.name, told);
    // The venue repeats it at each comparison.
    if (!said.has(key)) options.execution().refuseLeg(told, problem);
    said.add(key);
    dropOldest(said, MAX_REFUSED);
    if (refused.size < MAX_REFUSED) refused.set(key, { leg: told, problem });
    return 'refused';
  }

  return {
    find,
    order,
    leg,
    async report(told) {
      const report = canonicalReport(told);
      const clientOrderId = await find(report.venueOrderId);
      if (clientOrderId === undefined) {
        log.warn({ report }, 'The venue tells of an order that nobody here knows.');
        return;
      }
      options.execution().dispatch({ ...toOrderReported(report, clock.now()), clientOrderId });
    },
    async reportNews(told) {
      const report = canonicalReport(told);
      const held = await order(report.venueOrderId);
      if (held === undefined || !tellsNews(held, report)) return false;
      const { clientOrderId } = held;
      const { dispatch, loader, registry } = options.execution();
      // A closed one comes back for it; one that left memory meanwhile has come to its end.
      if (!registry.orders.has(clientOrderId)) await loader.ensure(clientOrderId);
      if (!registry.orders.has(clientOrderId)) return false;
      dispatch({ ...toOrderReported(report, clock.now()), clientOrderId });
      return true;
    },
    unlisted(clientOrderId) {
      const execution = options.execution();
      const held = orderInMemory(execution, clientOrderId);
      if (held === undefined) return;
      log.error({ clientOrderId }, 'The venue does not list an order that was live.');
      execution.dispatch({
        type: 'venue.orderReported',
        clientOrderId,
        status: 'unrecognised',
        rawStatus: 'not listed',
        sizeMatched: held.context.matchedSize,
        atMs: clock.now(),
      });
    },
    async tradesSince(sinceMs) {
      const legs = await venue.fetchTrades(sinceMs);
      for (const [index, told] of legs.entries()) {
        await leg(told, 'newsOnly');
        if ((index + 1) % LEGS_AT_ONCE === 0) await nextTick();
      }
      return legs;
    },
    refused: () => new Map(refused),
    forgetRefused(legs) {
      for (const key of legs.keys()) refused.delete(key);
    },
  };
}

/**
 * Whether a report tells an order anything. One whose answer is still under way is left to it; one that
 * is over listens only where nobody but us, or a person, had ended it, or where more was matched.
 */
export function tellsNews({ execution, context }: OurOrder, report: VenueOrderReport): boolean {
  const { status, sizeMatched } = report;
  const { matchedSize, reportedSize } = context;
  const tellsMore = isMore(sizeMatched, matchedSize) && isMore(sizeMatched, reportedSize);
  if (execution.startsWith('working') || execution.startsWith('cancelling')) {
    const expected = execution === 'working.delayed' ? 'delayed' : 'live';
    return status !== expected || tellsMore;
  }
  if (execution.startsWith('unknown')) return true;
  if (!isExecutionOver(execution)) return false;
  if (isAliveAtVenue(status) && (!context.acknowledged || context.settledBy !== null)) return true;
  return tellsMore;
}

/** Less is only said late. What is no number says nothing. */
function isMore(told: string, known: string): boolean {
  return isDecimal(told) && compare(told, known) > 0;
}

/** The order as its actor stands now. */
export function orderInMemory(
  { registry }: Execution,
  clientOrderId: string,
): OurOrder | undefined {
  const entry = registry.orders.get(clientOrderId);
  if (entry === undefined) return undefined;
  const order = registry.snapshot(entry);
  return { clientOrderId, execution: axes(order).execution, context: order.context };
}
