/**
 * Compares our books with the venue's: at the start, after every connection, from time to time and
 * when asked. What is proven and missing is taken in by the same door as everything that the venue
 * says; every other difference that lasts becomes a finding. Nothing is ever booked without a leg.
 */
import { InvalidValue } from '../domain/faults.ts';
import { DEFAULT_RECONCILE, type ReconcileSettings } from '../domain/reconcile.ts';
import type { Finding } from '../machines/system.findings.ts';
import type { Execution, Log } from './execution.ts';
import { balanceTold } from './outside.ts';
import type { Clock, Venue } from './ports.ts';
import {
  documentOf,
  failedDocument,
  type ReconcileReason,
  type Reconciliation,
  rowOf,
} from './reconcile-document.ts';
import { type Judgement, judge, type Pending } from './reconcile-judge.ts';
import { lookOnly } from './reconcile-look.ts';
import type { OurBooks } from './reconcile-ours.ts';
import { runPass, type Take } from './reconcile-pass.ts';
import type { ListedIds } from './reconcile-result.ts';
import type { Store } from './store-port.ts';
import { orderInMemory, type RefusedLeg, type VenueIntake } from './venue-intake.ts';
import { waitFor } from './waits.ts';

/** Trades are asked for from this much before the last moment known to be complete. */
export const OVERLAP_MS = 60_000;
/** A comparison that failed, or that left something to ask, goes on after this long. */
const RETRY_MS = 2_000;
/** While the venue does not answer, every so many attempts leave a document. */
const DOCUMENT_EVERY = 30;
/** A list of open orders stands for the moment until then. */
const LISTED_HOLDS_MS = 5_000;

export interface Decision {
  readonly findingId: string;
  readonly as: 'approved' | 'dismissed';
  readonly by: string;
  readonly why: string;
}

export interface Reconciler {
  /** Compares until all that may have been missed is taken in; who asks meanwhile waits for the same. */
  catchUp(reason: Exclude<ReconcileReason, 'asked'>): Promise<void>;
  /** One comparison now. `apply` false: it only looks. @throws what the venue or the store answered. */
  run(apply: boolean): Promise<Reconciliation>;
  /**
   * A person's word on a finding; durable when this resolves. False: it had been said before.
   * @throws {InvalidValue} for one that is not open, or for money whose amount is not yet certain.
   */
  decide(decision: Decision): Promise<boolean>;
  /** The connection came or went: a comparison that saw it may have missed something. */
  connectionChanged(): void;
  /** The newest document of this life. */
  readonly last: Reconciliation | undefined;
  /**
   * The open orders that the newest comparison found listed, by their venue order ids, for the one who
   * asks first. Undefined: there was none just now, or the connection has come or gone since.
   */
  takeListed(): readonly string[] | undefined;
  /** When the books are compared next; undefined before the first time and after the last. */
  readonly nextAtMs: number | undefined;
  stop(): void;
}

export interface ReconcilerOptions {
  readonly venue: Venue;
  readonly store: Pick<Store, 'conflictedLegs' | 'keepReconciliation' | 'lease'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: () => Execution;
  readonly intake: VenueIntake;
  readonly settings?: Partial<ReconcileSettings>;
}

/** Ends a comparison without a word: the engine stops. */
class Stopped extends Error {}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { venue, store, clock, log, intake } = options;
  const settings: ReconcileSettings = { ...DEFAULT_RECONCILE, ...options.settings };
  const abort = new AbortController();
  const books = booksOf(options.execution, intake);
  let catching: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let nextAtMs: number | undefined;
  /** Comparisons run one after the other: two would see each other's inputs half done. */
  let lastTurn: Promise<unknown> = Promise.resolve();
  let pending: ReadonlyMap<string, Pending> = new Map();
  const shownById = new Set<string>();
  let connectionChanges = 0;
  let last: Reconciliation | undefined;
  let listed: ListedIds | undefined;

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async function untilCaughtUp(reason: ReconcileReason): Promise<void> {
    for (let attempts = 1; !abort.signal.aborted; attempts += 1) {
      const startedAtMs = clock.now();
      try {
        if ((await compareOnce(reason, true, attempts)) !== undefined) return;
      } catch (error) {
        if (isOver(error)) return;
        log.warn({ error, venue: venue.name }, 'Catching up failed, trying again.');
        if (attempts % DOCUMENT_EVERY === 1) {
          const { findings } = options.execution().context();
          const endedAtMs = clock.now();
          await keep(failedDocument({ startedAtMs, endedAtMs, reason, attempts, error, findings }));
        }
        await waitFor(clock, RETRY_MS, abort.signal);
      }
    }
  }

  /** Undefined: the connection came or went meanwhile, so that it proves nothing of what was missed. */
  async function compareOnce(
    reason: ReconcileReason,
    applies: boolean,
    attempts: number,
  ): Promise<Reconciliation | undefined> {
    const { registry, dispatch, context } = options.execution();
    const startedAtMs = clock.now();
    const changesBefore = connectionChanges;
    const { seenAtMs } = registry.snapshot(registry.venue()).context;
    const looking = lookOnly(books, venue.name);
    const refused = applies ? intake.refused : looking.refused;
    let told: ReadonlyMap<string, RefusedLeg> = new Map();
    const result = await runPass({
      ...{ venue, clock, books, tolerances: settings, goOn, shownById },
      take: applies ? takeIn(intake) : looking.take,
      refused: () => {
        told = refused();
        return told;
      },
      sinceMs: askFromMs(seenAtMs, startedAtMs),
      conflicted: () => store.conflictedLegs(),
    });
    goOn();
    if (connectionChanges !== changesBefore) return undefined;
    const endedAtMs = clock.now();
    const { findings } = context();
    const judgement = judge({ ...result, findings, pending, atMs: endedAtMs });
    const document = documentOf({
      ...{ startedAtMs, endedAtMs, reason, applies, attempts, result, judgement, findings },
    });
    if (applies) {
      pending = judgement.pending;
      for (const event of judgement.events) dispatch(event);
      if (result.balance !== undefined) {
        const { cashUsd, askedAtMs } = result.balance;
        dispatch(balanceTold(venue.name, cashUsd, askedAtMs, startedAtMs));
      }
      dispatch({ type: 'venue.caughtUp', venue: venue.name, atMs: startedAtMs });
      intake.forgetRefused(told);
      say(judgement);
      schedule(document, judgement.ripeAtMs);
      // Only a start's is asked for; ten thousand ids are not kept for longer.
      listed = reason === 'start' ? result.listed : undefined;
      void cancelApproved();
    }
    last = document;
    await keep(document);
    return document;
  }

  function goOn(): void {
    if (abort.signal.aborted || options.execution().failure !== undefined) throw new Stopped();
  }

  function isOver(error: unknown): boolean {
    if (error instanceof Stopped || abort.signal.aborted) return true;
    return options.execution().failure !== undefined;
  }

  /** What may soon be a finding, or is still to be asked about, is not left to the interval. */
  function schedule({ counts }: Reconciliation, ripeAtMs: number | undefined): void {
    cancelTimer?.();
    const now = clock.now();
    const soonest = [now + settings.everySeconds * 1_000];
    if (counts.leftOrders > 0) soonest.push(now + RETRY_MS);
    if (ripeAtMs !== undefined) soonest.push(Math.max(now + RETRY_MS, ripeAtMs));
    nextAtMs = Math.min(...soonest);
    cancelTimer = clock.at(nextAtMs, () => void catchUp('interval'));
  }

  function catchUp(reason: Exclude<ReconcileReason, 'asked'>): Promise<void> {
    catching ??= inTurn(() => untilCaughtUp(reason)).finally(() => {
      catching = undefined;
    });
    return catching;
  }

  /** Evidence for people: a store that does not take it stops nothing. */
  async function keep(document: Reconciliation): Promise<void> {
    try {
      await store.keepReconciliation(rowOf(document));
    } catch (error) {
      if (!abort.signal.aborted) log.warn({ error }, 'The document of a comparison was not kept.');
    }
  }

  function say({ events, notKept }: Judgement): void {
    const { journal, publisher } = options.execution();
    for (const event of events) {
      if (event.type !== 'finding.opened') {
        log.info({ event }, `A finding has changed: ${event.type}.`);
        continue;
      }
      const { finding } = event;
      const { findingId, severity, summary: message } = finding;
      const level = severity === 'critical' ? 'error' : severity === 'warning' ? 'warn' : 'info';
      log[level]({ finding }, message);
      if (severity === 'info') continue;
      const facts = { findingId, finding };
      // A broken journal has said so, and the finding is found again.
      journal.durable().then(
        () => publisher.now({ type: 'fault', message, facts }),
        () => undefined,
      );
    }
    if (notKept > 0) log.error({ notKept }, 'There are more differences than are kept.');
  }

  /** Orders that a person wants gone are asked to be cancelled until the venue lists them no more. */
  async function cancelApproved(): Promise<void> {
    const { context, journal } = options.execution();
    const approved = Object.values(context().findings).filter(({ state }) => state === 'approved');
    try {
      if (approved.length > 0) await journal.durable();
      for (const finding of approved) await cancelAtVenue(finding);
    } catch (error) {
      if (!abort.signal.aborted)
        log.warn({ error }, 'A cancel that was approved did not come off.');
    }
  }

  async function cancelAtVenue({ action, findingId }: Finding): Promise<void> {
    if (action.type !== 'order.cancelAtVenue') return;
    // Another engine may have taken over: it asks for it then.
    if (abort.signal.aborted || !store.lease.mayAct()) return;
    const { venueOrderId } = action;
    const outcome = await venue.cancel(venueOrderId, abort.signal);
    log.info({ findingId, venueOrderId, outcome }, 'The venue was asked to cancel an order.');
  }

  return {
    catchUp,
    run: (apply) =>
      inTurn(async () => {
        for (let attempts = 1; ; attempts += 1) {
          goOn();
          const document = await compareOnce('asked', apply, attempts);
          if (document !== undefined) return document;
        }
      }),
    async decide({ findingId, as, by, why }) {
      const { context, dispatch, journal } = options.execution();
      const finding = context().findings[findingId];
      if (finding === undefined) {
        throw new InvalidValue('finding', findingId, 'the id of a finding that is there now');
      }
      if (finding.state === as) return false;
      if (finding.state !== 'open') {
        throw new InvalidValue(`finding ${findingId}`, finding.state, 'one that is open');
      }
      if (as === 'approved') checkCertain(finding);
      dispatch({ type: 'finding.closed', findingId, as, by, why, atMs: clock.now() });
      await journal.durable();
      // Before the first comparison nothing is sent yet: that one asks for it.
      if (as === 'approved' && last !== undefined) void cancelApproved();
      return true;
    },
    takeListed() {
      const newest = listed;
      listed = undefined;
      if (newest === undefined || clock.now() - newest.atMs > LISTED_HOLDS_MS) return undefined;
      return newest.ids;
    },
    connectionChanged() {
      connectionChanges += 1;
      listed = undefined;
      shownById.clear();
    },
    get last() {
      return last;
    },
    get nextAtMs() {
      return catching === undefined ? nextAtMs : clock.now();
    },
    stop() {
      cancelTimer?.();
      nextAtMs = undefined;
      abort.abort();
    },
  };
}

/** Seen far in the future: the clock was set back since, and nobody knows by how much. */
function askFromMs(seenAtMs: number, nowMs: number): number {
  if (seenAtMs - nowMs > OVERLAP_MS) return 0;
  return Math.max(0, Math.min(seenAtMs, nowMs) - OVERLAP_MS);
}

function checkCertain({ findingId, action, range, ours, theirs }: Finding): void {
  if (action.type !== 'cash.record' || range === null || range.low === range.high) return;
  throw new InvalidValue(
    `finding ${findingId}`,
    { ours, theirs },
    'an amount that is certain: trades are still settling, try again once they have',
  );
}

function takeIn(intake: VenueIntake): Take {
  return {
    leg: (leg) => intake.leg(leg, 'newsOnly'),
    report: (report) => intake.reportNews(report),
    unknown: (order) => intake.unlisted(order.clientOrderId),
  };
}

/** Our side as the actors in memory hold it. */
export function booksOf(execution: () => Execution, intake: VenueIntake): OurBooks {
  return {
    *orders() {
      for (const name of [...execution().registry.orders.keys()]) {
        const order = orderInMemory(execution(), name);
        if (order !== undefined) yield order;
      }
    },
    find: intake.order,
    now: ({ clientOrderId }) => orderInMemory(execution(), clientOrderId),
    *positions() {
      const { registry } = execution();
      for (const entry of registry.positions.values()) yield registry.snapshot(entry).context;
    },
    account() {
      const { registry } = execution();
      return registry.snapshot(registry.account()).context;
    },
    system: () => execution().context(),
  };
}
