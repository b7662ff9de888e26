/**
 * Runs the boot check: gathers what the engine and the venue say, and stops entries while something
 * does not hold. What has failed is looked at again from time to time: it may have been a moment's.
 */
import { messageOf } from '../domain/faults.ts';
import { isComplete } from '../machines/order.reducers.ts';
import { isAliveAtVenue, isExecutionOver } from '../machines/order.status.ts';
import {
  type BootCheck,
  type BootFacts,
  type BootOrder,
  type BootReport,
  checkBoot,
  type ListedOrder,
} from './boot-check.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue } from './ports.ts';
import { type Entry, MAX_CRASHES, type SnapshotOf } from './registry.ts';
import { axes, tradable } from './rows.ts';
import { unsettledOf } from './settlement-watch.ts';
import type { Store } from './store-port.ts';
import type { VenueIntake } from './venue-intake.ts';

/** What does not hold is looked at again after this long, for as long as it does not. */
const AGAIN_MS = 10_000;
/** A venue and an engine at work are never compared at one moment: what differs is looked at again. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 500;
/** Orders asked about one by one; what is beyond is asked about by the comparisons that follow. */
const MAX_ASKED = 50;
/** Orders looked up in the store at once. */
const STORE_PAGE = 1_000;

export interface BootChecker {
  /** Checks now; entries are refused until it finds nothing. */
  start(): Promise<void>;
  /** The newest result; null before the first. */
  readonly report: BootHealth | null;
  stop(): void;
}

export interface BootHealth extends BootReport {
  readonly atMs: number;
}

export interface BootCheckerOptions {
  readonly venue: Venue;
  readonly store: Pick<Store, 'preparedByVenueOrderIds'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: Execution;
  readonly intake: Pick<VenueIntake, 'reportNews' | 'unlisted'>;
  /** Open orders that the comparison of the start has just found listed: the first look asks for none. */
  readonly takeListed: () => readonly string[] | undefined;
  /** When the books are compared with the venue's next, and when fills are looked after next. */
  readonly comparesAtMs: () => number | undefined;
  readonly settlesAtMs: () => number | undefined;
  readonly checks?: readonly BootCheck[];
}

export function createBootChecker(options: BootCheckerOptions): BootChecker {
  const { venue, store, clock, log, execution } = options;
  const { registry, publisher } = execution;
  let report: BootHealth | null = null;
  let cancelTimer: (() => void) | undefined;
  let endWait: () => void = () => undefined;
  let stopped = false;
  /** What the venue said by id in this look: whether it has it. */
  const asked = new Map<string, boolean>();
  /** What people were told last. */
  let said: string | null = null;

  async function look(): Promise<void> {
    let found: BootReport | undefined;
    for (let looks = 0; looks < LOOKS && !isOver(); looks += 1) {
      if (looks > 0) await waitFor(LOOK_AGAIN_MS);
      found = await check();
      if (found.ok) break;
    }
    if (found === undefined || isOver()) return;
    report = { ...found, atMs: clock.now() };
    say(found);
    if (found.ok) return;
    cancelTimer = clock.at(clock.now() + AGAIN_MS, () => {
      // `check` takes what fails; only an engine that has ended is left to throw.
      look().catch((error: unknown) => log.debug({ error }, 'The boot check was not finished.'));
    });
  }

  /** What cannot be looked at does not hold. */
  async function check(): Promise<BootReport> {
    try {
      return checkBoot(await gather(), options.checks);
    } catch (error) {
      const actorId = registry.venue().actorId;
      const message = `It could not be looked whether everything is there: ${messageOf(error)}`;
      const counts = { rows: 0, actors: 0, orders: 0, positions: 0, listed: 0, explained: 0 };
      const problems = [{ check: 'venue', actorId, message }];
      return { ok: false, counts, problems, problemCount: 1, explained: [] };
    }
  }

  function isOver(): boolean {
    return stopped || execution.failure !== undefined;
  }

  /** Only a change is an input: a start at which all holds leaves no trace in the log. */
  function say(found: BootReport): void {
    const { counts, problems, problemCount } = found;
    const [first] = problems;
    const problem = first === undefined ? null : summaryOf(first.message, problemCount);
    if (problem !== execution.context().bootProblem) {
      execution.dispatch({ type: 'engine.bootChecked', problem, atMs: clock.now() });
    }
    if (problem === null) {
      said = null;
      log.info({ ...counts }, 'Boot check: everything is there and goes on.');
      return;
    }
    if (problem === said) return;
    said = problem;
    const message = `Boot check failed, no entries are taken: ${problem}`;
    log.error({ ...counts, problems, problemCount }, message);
    publisher.now({ type: 'fault', message, facts: { problems, problemCount } });
  }

  async function gather(): Promise<BootFacts> {
    const listedIds = options.takeListed() ?? (await openOrderIds());
    const listed = new Set(listedIds);
    await askAbout(listed);
    const listedOrders = await ownersOf(listedIds);
    // From here on nothing is waited for: the facts are of one moment.
    const nowMs = clock.now();
    const open = [...registry.orders.values()].filter((entry) => entry.open);
    return {
      rows: execution.restored.rows,
      restored: execution.restored.actors,
      orders: open.map((entry) => orderFacts(entry, listed, nowMs)),
      positions: [...registry.positions.values()].map((entry) => {
        const { context } = registry.snapshot(entry);
        const { instrumentId, reservedShares } = context;
        const { size } = tradable(context);
        const isOpen = !size.startsWith('-') && size !== '0';
        // Without its market's rules nothing can be sold: it is none of ours to plan.
        const isPlanned =
          execution.context().exitPlan !== null && venue.instrument(instrumentId) !== undefined;
        const lacksExit = isOpen && isPlanned && !registry.exits.has(instrumentId);
        return { actorId: entry.actorId, instrumentId, size, reservedShares, lacksExit };
      }),
      exits: [...registry.exits.values()].map((entry) => {
        const exit = registry.snapshot(entry);
        return {
          actorId: entry.actorId,
          rests: exit.matches('done') || exit.matches('suspended'),
          effects: runningEffects(exit),
          isSetAside: entry.crashes >= MAX_CRASHES,
        };
      }),
      reservedUsd: registry.snapshot(registry.account()).context.reservedUsd,
      listed: listedOrders,
      comparesAtMs: options.comparesAtMs(),
      settlesAtMs: options.settlesAtMs(),
    };
  }

  async function openOrderIds(): Promise<readonly string[]> {
    return (await venue.fetchOpenOrders()).map(({ venueOrderId }) => venueOrderId);
  }

  /** Alive here and not listed there: the venue's word by id is taken in as always. */
  async function askAbout(listed: ReadonlySet<string>): Promise<void> {
    asked.clear();
    for (const entry of [...registry.orders.values()]) {
      if (asked.size >= MAX_ASKED) return;
      const order = registry.snapshot(entry);
      const { venueOrderId } = order.context;
      if (venueOrderId === null || listed.has(venueOrderId) || !mustBeListed(order)) continue;
      const found = await venue.fetchOrder(venueOrderId);
      if (found === undefined) options.intake.unlisted(entry.name);
      else await options.intake.reportNews(found);
      asked.set(venueOrderId, found !== undefined && isAliveAtVenue(found.status));
    }
  }

  async function ownersOf(venueOrderIds: readonly string[]): Promise<readonly ListedOrder[]> {
    const owners = new Map<string, string>();
    const unknown: string[] = [];
    for (const id of venueOrderIds) {
      const known = registry.clientOrderIdOf(id);
      if (known === undefined) unknown.push(id);
      else owners.set(id, known);
    }
    for (let start = 0; start < unknown.length; start += STORE_PAGE) {
      const page = unknown.slice(start, start + STORE_PAGE);
      for (const row of await store.preparedByVenueOrderIds(page)) {
        if (row.venue === venue.name) owners.set(row.venueOrderId, row.clientOrderId);
      }
    }
    // One that has left memory comes back: the venue says that it is open.
    for (const id of owners.values()) await execution.loader.ensure(id);
    const overThere = await askAboutOver(owners);
    return venueOrderIds.map((venueOrderId) => {
      const clientOrderId = owners.get(venueOrderId) ?? null;
      const entry = clientOrderId === null ? undefined : registry.orders.get(clientOrderId);
      if (entry === undefined) {
        return { venueOrderId, clientOrderId, execution: null, explained: null };
      }
      const order = registry.snapshot(entry);
      const explained =
        whyOver(order) ?? findingOf(venueOrderId) ?? overThere.get(venueOrderId) ?? null;
      return { venueOrderId, clientOrderId, execution: axes(order).execution, explained };
    });
  }

  /** Over here and listed there: the venue may say by its id that it is over, and the list is only late. */
  async function askAboutOver(
    owners: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, string>> {
    const over = [...owners].filter(([venueOrderId, clientOrderId]) => {
      const entry = registry.orders.get(clientOrderId);
      if (entry === undefined || findingOf(venueOrderId) !== null) return false;
      const order = registry.snapshot(entry);
      return isExecutionOver(axes(order).execution) && whyOver(order) === null;
    });
    const words = new Map<string, string>();
    for (const [venueOrderId] of over.slice(0, MAX_ASKED)) {
      const found = await venue.fetchOrder(venueOrderId);
      if (found === undefined || found.status === 'unrecognised') continue;
      if (isAliveAtVenue(found.status)) continue;
      const word = `the venue says by its id that it is ${found.rawStatus}: the list is late`;
      words.set(venueOrderId, word);
    }
    return words;
  }

  /** A difference that people have been told of. */
  function findingOf(venueOrderId: string): string | null {
    const found = Object.values(execution.context().findings).find(
      ({ subject }) => subject === venueOrderId,
    );
    return found === undefined ? null : `finding ${found.findingId}`;
  }

  function orderFacts(
    entry: Entry<'order'>,
    listed: ReadonlySet<string>,
    nowMs: number,
  ): BootOrder {
    const order = registry.snapshot(entry);
    const { context } = order;
    const { execution: state } = axes(order);
    const venueOrderId = context.venueOrderId ?? '';
    return {
      actorId: entry.actorId,
      execution: state,
      acknowledged: context.acknowledged,
      effects: runningEffects(order),
      waitsForSettlement: unsettledOf(order, nowMs).length > 0,
      isSetAside: entry.crashes >= MAX_CRASHES,
      instrumentId: context.instrument.id,
      reservedUsd: context.reservedUsd,
      reservedShares: context.reservedShares,
      isAtVenue: listed.has(venueOrderId) || asked.get(venueOrderId) === true,
      notListedBecause: notListedBecause(order),
    };
  }

  function notListedBecause(order: SnapshotOf['order']): string | null {
    if (!mustBeListed(order)) return 'the venue is being asked about it';
    if (asked.has(order.context.venueOrderId ?? '')) return null;
    return 'it came since, or is asked about by the comparisons that follow';
  }

  /** Ends early when the engine stops. */
  function waitFor(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.at(clock.now() + forMs, resolve);
      endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    start: look,
    get report() {
      return report;
    },
    stop() {
      stopped = true;
      cancelTimer?.();
      endWait();
    },
  };
}

function summaryOf(first: string, count: number): string {
  return count === 1 ? first : `${first} And ${count - 1} more.`;
}

/** Taken by the venue, and it is not being asked about it, or asked to end it, already. */
function mustBeListed(order: SnapshotOf['order']): boolean {
  return order.context.acknowledged && axes(order).execution.startsWith('working');
}

/** What proves that an order is over, whatever a list says. */
function whyOver(order: SnapshotOf['order']): string | null {
  const { context } = order;
  if (isComplete(context)) return 'its fills complete it: the list is late';
  // Whatever dust is listed of it: nothing of it is left to fill.
  if (axes(order).execution === 'matched') return 'the venue has matched it: the list is late';
  return context.settledBy === null ? null : `settled by ${context.settledBy.name}`;
}

function runningEffects({ children }: SnapshotOf['exit' | 'order']): string[] {
  return Object.entries(children).flatMap(([id, child]) =>
    child?.getSnapshot().status === 'active' ? [id] : [],
  );
}
