/**
 * The heart of the engine: the system actor with its journal, read tables and effects, over the
 * ports. Every input comes through `dispatch`; a restart comes through `open`.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { InspectionEvent } from 'xstate';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import { DEFAULT_LIMITS, type RiskLimits } from '../domain/risk/limits.ts';
import { accountMachine } from '../machines/account.machine.ts';
import { exitMachine } from '../machines/exit.machine.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { orderMachine } from '../machines/order.machine.ts';
import { positionMachine } from '../machines/position.machine.ts';
import { type EngineInput, type SystemContext, systemMachine } from '../machines/system.machine.ts';
import { countOrphans } from '../machines/system.orphans.ts';
import { venueMachine } from '../machines/venue.machine.ts';
import { TOLD_WITH } from './codec.ts';
import { escalation } from './doubts.ts';
import { createEffects } from './effects.ts';
import { createExitEffects, type ExitDesk } from './exit-effects.ts';
import { createFacts } from './facts.ts';
import { createIdentities, type Identities } from './identities.ts';
import { createJournal, type InputRows, type Journal } from './journal.ts';
import { checkCatalogue, checkLog, checkSameEngine } from './log-checks.ts';
import type { Clock, Ids, Venue } from './ports.ts';
import { type CutActor, createProjector, type Projector } from './projector.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import type { Registry } from './registry.ts';
import {
  createLoader,
  type Loader,
  pastTheirMoment,
  type Restored,
  restore,
  restoreSystem,
} from './restore.ts';
import { isClosedOrder } from './rows.ts';
import type { Store } from './store-port.ts';
import type { ActorFault } from './system.ts';

/** The second bookkeeper adds up every leg there ever was; a database beyond this is not checked so. */
const MAX_CHECKED_LEGS = 1_000_000;

/** Actors let go before other work gets the thread. */
const REAPED_AT_ONCE = 20;

/** What the engine says while it works. pino fulfils it. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface ExecutionOptions {
  readonly store: Store;
  readonly venue: Venue;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly accountId: string;
  readonly minimumReserveUsd: string;
  readonly maxOpenOrders: number;
  readonly limits?: Partial<RiskLimits>;
  /** The plan of a position that was given none. Absent: it has none. */
  readonly exitPlan?: ExitPlan;
  /** What exits may use of the engine around them. */
  readonly exitDesk?: () => ExitDesk | undefined;
  /** Check the books after every turn (replay and tests). */
  readonly checkIdentities: boolean;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Legs that the venue has told of since a moment; wired by the venue link. */
  readonly catchUpSince: (sinceMs: number) => Promise<readonly LegReport[]>;
  /** Told of every input once its turn has run; not of those that a restart tells again. */
  readonly onTurn?: (input: EngineInput) => void;
  /** New events are in the store. */
  readonly onEvents?: () => void;
}

export interface Execution {
  readonly registry: Registry;
  readonly publisher: Publisher;
  readonly journal: Journal;
  readonly projector: Projector;
  readonly identities: Identities | undefined;
  readonly restored: Restored;
  readonly loader: Loader;
  /** What the system actor holds now. */
  readonly context: () => SystemContext;
  /** Runs one turn now. Durable when `journal.durable()` resolves. */
  dispatch(input: EngineInput, rows?: InputRows): void;
  /** A leg that cannot be booked: said with everything that the venue told, and counted. */
  refuseLeg(leg: LegReport, problem: string): void;
  /** Lets effects act. Called once, after the venue has been asked what was missed or may be. */
  openGate(): void;
  /** Counts: actors that threw and legs that were refused since the start, orphans now. */
  readonly faults: Readonly<{ actors: number; orphans: number; refusedLegs: number }>;
  /** Ends the effects: once no call to the venue is under way, or soon after. */
  endEffects(): Promise<void>;
  /** The bug that ended trading, if one did. */
  readonly failure: unknown;
  stop(): Promise<void>;
  /** For a start that has failed half way: sends and writes nothing more, waits for nothing. */
  abandon(): void;
}

/** Restores everything from the store and takes up the journal where it ended. */
export async function openExecution(options: ExecutionOptions): Promise<Execution> {
  const { store, clock, log } = options;
  const publisher = createPublisher((error) => log.error({ error }, 'A listener threw.'));
  let openGate: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    openGate = resolve;
  });
  const faults = {
    actors: 0,
    get orphans() {
      return countOrphans(system.context());
    },
    refusedLegs: 0,
  };
  let failure: unknown;

  /** Open, every input so far is durable, and the lease holds. */
  async function gate(): Promise<void> {
    await opened;
    await journal.durable();
    await store.lease.untilActive();
  }

  const exitEffects = createExitEffects({
    ...{ clock, gate, registry: () => system.registry, loader: () => loader },
    tell: (instrumentId, event) =>
      dispatch({ type: 'exit.told', instrumentId, event, atMs: event.atMs }),
    desk: () => options.exitDesk?.(),
    onError: (effect, instrumentId, error) =>
      log.error({ effect, instrumentId, error }, 'An effect of an exit failed.'),
  });
  const effects = createEffects({
    venue: options.venue,
    clock,
    store,
    opened: () => opened,
    gate,
    orderOf: (id) => {
      const entry = system.registry.orders.get(id);
      return entry === undefined ? undefined : system.registry.snapshot(entry).context;
    },
    report: (clientOrderId, event, rows) => dispatch({ ...event, clientOrderId }, rows),
    catchUpSince: options.catchUpSince,
    onError: (effect, clientOrderId, error) =>
      log.error({ effect, clientOrderId, error }, 'An effect failed.'),
  });
  const logics = {
    account: accountMachine,
    venue: venueMachine,
    position: positionMachine,
    exit: exitMachine.provide({
      actors: {
        placeExitOrder: exitEffects.placeExitOrder,
        cancelExitOrder: exitEffects.cancelExitOrder,
        chooseExit: exitEffects.chooseExit,
        mergeExit: exitEffects.mergeExit,
        deadline: exitEffects.deadline,
      },
    }),
    order: orderMachine.provide({
      actors: {
        prepareOrder: effects.prepareOrder,
        submitOrder: effects.submitOrder,
        cancelOrder: effects.cancelOrder,
        resolveOrder: effects.resolveOrder,
        deadline: effects.deadline,
      },
    }),
  };

  const facts = createFacts(() => projector.wake());
  const [projectedThrough, lastSeq] = [await store.projectedThrough(), await store.lastSeq()];
  const lastHash = await store.lastHash();
  checkLog(projectedThrough, lastSeq);
  const { system, errors } = restoreSystem(
    {
      logics,
      facts,
      publisher,
      onFault,
      onEscalated,
      ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
    },
    await store.actor('system:main'),
  );
  const { registry } = system;
  const loader = createLoader(store, registry);
  const identities = options.checkIdentities
    ? createIdentities(registry, await store.legs(MAX_CHECKED_LEGS))
    : undefined;

  const journal = createJournal({
    store,
    clock,
    ids: options.ids,
    lastSeq,
    lastHash,
    room: () => projector.room(),
    onHealth: (health) => {
      const message = health.error?.message ?? 'The store answers again.';
      if (health.state === 'ok') log.info({}, message);
      else log.error({ error: health.error }, message);
      publisher.now({ type: 'health', part: 'store', state: health.state, message });
    },
  });
  const projector = createProjector({
    store,
    clock,
    facts,
    logics: { ...logics, system: systemMachine },
    projectedThrough,
    // The last turn that has run: while the log's tail is told again, not yet the log's end.
    lastSeq: () => Math.max(projectedThrough, system.lastSeq()),
    durable: () => journal.durable(),
    snapshotOf: (entry) => registry.snapshot(entry),
    onWritten: (cut) => void reapClosed(cut),
    onEvents: () => options.onEvents?.(),
    onError: (error) => log.error({ error }, error.message),
    onBroken: (error) => fail(error, { part: 'read tables' }),
  });

  const forgetLease = store.lease.onLost((fault) => fail(fault, { part: 'writer lease' }));

  const restored = await takeUp().catch((error: unknown) => {
    abandon();
    throw error;
  });

  async function takeUp(): Promise<Restored> {
    const told = await restore({ store, system, loader, projectedThrough, errors });
    projector.begin();
    const { rows, actors, ...counts } = told;
    log.info({ ...counts, rows: rows.length, actors: actors.length }, 'Restored.');
    const { accountId, maxOpenOrders, minimumReserveUsd } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { exitPlan = null } = options;
    const atMs = clock.now();
    if (lastSeq === 0) {
      const venue = options.venue.name;
      dispatch({
        ...{ type: 'engine.opened', accountId, minimumReserveUsd, venue, maxOpenOrders },
        ...{ limits, exitPlan, versions: TOLD_WITH, atMs },
      });
    } else {
      checkSameEngine(registry, options);
      checkCatalogue(system.context());
      dispatch({
        ...{ type: 'engine.restored', maxOpenOrders, minimumReserveUsd },
        ...{ limits, exitPlan, versions: TOLD_WITH, atMs },
      });
      const reason = 'not sent: its moment was over when the engine came back';
      for (const clientOrderId of pastTheirMoment(registry, atMs)) {
        dispatch({ type: 'order.cancel', clientOrderId, reason, atMs });
      }
    }
    return told;
  }

  /** Nothing more is sent or written; what is in the log is there for the next start. */
  function abandon(): void {
    forgetLease();
    stopEffects();
    projector.stop();
    journal.abandon();
  }

  function stopEffects(): void {
    effects.stop();
    exitEffects.stop();
  }

  function dispatch(input: EngineInput, rows?: InputRows): void {
    if (failure !== undefined) throw failure;
    const seq = journal.append(input, rows);
    runTurn(seq, input);
    if (input.type === 'venue.orphanReported') {
      publisher.now({
        type: 'fault',
        message: `A leg of an order that nobody knows: ${input.leg.venueOrderId}.`,
        facts: { leg: input.leg },
      });
    }
    publisher.endTurn(registry, () => journal.durable());
    options.onTurn?.(input);
  }

  /** A bug in the supervisor or in the books ends trading: nothing more is taken or sent. */
  function runTurn(seq: number, input: EngineInput): void {
    try {
      system.turn(seq, input);
      identities?.check(seq);
    } catch (error) {
      fail(error, { seq, input: input.type });
      throw error;
    }
  }

  function fail(error: unknown, facts: Record<string, unknown>): void {
    failure = error;
    stopEffects();
    // What the failed turn left behind is written nowhere: the log decides at the next start.
    projector.stop();
    const message = error instanceof Error ? error.message : String(error);
    log.error({ error, ...facts }, `The engine stops: ${message}`);
    publisher.now({ type: 'fault', message, facts });
  }

  function onFault(fault: ActorFault): void {
    faults.actors += 1;
    const outcome = fault.setAside
      ? 'and is set aside until the next start.'
      : 'and was built again as before it.';
    const message = `${fault.actorId} threw on ${fault.event} ${outcome}`;
    log.error({ ...fault }, message);
    publisher.now({ type: 'fault', message, facts: { ...fault, error: String(fault.error) } });
  }

  /** Told once what made it so is durable; after a restart in between, told again rather than never. */
  function onEscalated(order: OrderContext): void {
    const { message, facts } = escalation(order);
    const tell = () => {
      log.error(facts, message);
      publisher.now({ type: 'fault', message, facts });
    };
    // A broken journal has said so, and the doubt is still there at the next start.
    journal.durable().then(tell, () => undefined);
  }

  /**
   * A finished order leaves memory once its row is written, which answers for it then; unless it has
   * taken something in since. A few at a time: many may finish together.
   */
  async function reapClosed(cut: readonly CutActor[]): Promise<void> {
    let reaped = 0;
    for (const { entry, revision } of cut) {
      if (entry.kind !== 'order' || entry.revision !== revision) continue;
      const order = registry.orders.get(entry.name);
      if (order !== entry || !isClosedOrder(registry.snapshot(order))) continue;
      system.entry.ref.send({ type: 'actor.reaped', actorId: entry.actorId });
      reaped += 1;
      if (reaped % REAPED_AT_ONCE === 0) await nextTick();
    }
  }

  return {
    registry,
    publisher,
    journal,
    projector,
    identities,
    restored,
    loader,
    context: () => system.context(),
    dispatch,
    refuseLeg(leg, problem) {
      faults.refusedLegs += 1;
      const message = `The venue ${options.venue.name} told of a leg that cannot be booked: ${problem}.`;
      log.error({ leg }, message);
      publisher.now({ type: 'fault', message, facts: { leg, problem } });
    },
    openGate,
    faults,
    get failure() {
      return failure;
    },
    abandon,
    async endEffects() {
      await effects.settled();
      stopEffects();
    },
    async stop() {
      stopEffects();
      forgetLease();
      try {
        await journal.durable();
        if (failure === undefined) await projector.flush();
      } catch (error) {
        if (journal.health.state !== 'broken') throw error;
      } finally {
        projector.stop();
      }
    },
  };
}
