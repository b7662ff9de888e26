/**
 * What a user of the engine can ask for, over the ports: submit, cancel, read, listen. Every answer
 * comes after the commit that makes it true.
 */
import { FillwrightFault } from '../domain/faults.ts';
import type { Intent } from '../domain/intent.ts';
import { canonicalIntent, parseIntent, parseIntents } from '../domain/parse-intent.ts';
import { availableUsd } from '../machines/account.machine.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { type BootChecker, createBootChecker } from './boot-checker.ts';
import { checkTexts, unknownOrder } from './checks.ts';
import { createCommandDoor } from './command-door.ts';
import { createCommands } from './commands.ts';
import { quarantines } from './doubts.ts';
import { type Execution, openExecution } from './execution.ts';
import { CANCEL_LIMIT_MS, cancelOpenOrders, type LeftOpen, leftOpen } from './graceful-stop.ts';
import { createKeyReader } from './key-reader.ts';
import { reconciliationHealth } from './reconcile-document.ts';
import { createReconciler } from './reconciler.ts';
import { axes, type OrderView, orderRow, positionRow } from './rows.ts';
import {
  createSettlementWatch,
  NOTHING_UNSETTLED,
  type SettlementWatch,
} from './settlement-watch.ts';
import type {
  CancelFilter,
  CancelResult,
  SubmitResult,
  Trading,
  TradingHealth,
  TradingParts,
} from './trading-api.ts';
import { createVenueIntake } from './venue-intake.ts';
import { createVenueLink } from './venue-link.ts';

/** Intents taken in and not yet durable; beyond it a strategy is told to wait. */
export const MAX_SUBMITS_IN_FLIGHT = 10_000;

export function createTrading(parts: TradingParts): Trading {
  const { store, venue, clock, ids, log } = parts;
  const keys = createKeyReader(store);
  /** Submits whose intents are not yet durable, by key. */
  const inFlight = new Map<string, { body: string; done: Promise<SubmitResult> }>();
  let execution: Execution | undefined;
  /** Set at the beginning of a stop: no new intents. What is open may still be cancelled. */
  let draining = false;
  let stopping = false;
  let settlements: SettlementWatch | undefined;
  let boot: BootChecker | undefined;
  const intake = createVenueIntake({ venue, store, clock, log, execution: opened });
  const reconciler = createReconciler({
    ...{ venue, store, clock, log, intake, execution: opened },
    ...(parts.reconcile === undefined ? {} : { settings: parts.reconcile }),
  });
  const link = createVenueLink({ venue, clock, log, intake, reconciler, execution: opened });

  function opened(): Execution {
    if (execution === undefined) {
      throw new FillwrightFault('not_running', 'The engine has not been started, or has stopped.');
    }
    return execution;
  }

  /** @throws what keeps the engine from promising anything now. */
  function working(): Execution {
    const open = opened();
    if (stopping) throw new FillwrightFault('not_running', 'The engine is being stopped.');
    const { error } = open.journal.health;
    if (error !== undefined) throw error;
    if (isLeaseLost(open.failure)) throw open.failure;
    if (open.failure !== undefined) {
      throw new FillwrightFault(
        'not_running',
        'The engine has stopped after a bug.',
        {},
        {
          cause: open.failure,
        },
      );
    }
    return open;
  }

  async function submitIntent(intent: Intent): Promise<SubmitResult> {
    working();
    if (draining) throw new FillwrightFault('not_running', 'The engine is being stopped.');
    const body = canonicalIntent(intent);
    const earlier = inFlight.get(intent.key);
    if (earlier !== undefined) {
      checkSameBody(intent.key, earlier.body, body);
      return { ...(await earlier.done), deduplicated: true };
    }
    if (inFlight.size >= MAX_SUBMITS_IN_FLIGHT) {
      throw new FillwrightFault('overloaded', `${MAX_SUBMITS_IN_FLIGHT} intents are under way.`);
    }
    const done = place(intent, body).finally(() => inFlight.delete(intent.key));
    inFlight.set(intent.key, { body, done });
    return done;
  }

  async function place(intent: Intent, body: string): Promise<SubmitResult> {
    const known = await keys.find(intent.key);
    if (known !== undefined) {
      checkSameBody(intent.key, known.body, body);
      return { ...(await present(known.clientOrderId)), deduplicated: true };
    }
    const { dispatch, journal, registry } = working();
    const instrument = venue.instrument(intent.instrumentId);
    if (instrument === undefined) throw unknownInstrument(intent.instrumentId);
    const clientOrderId = ids.next('order');
    const atMs = clock.now();
    dispatch(
      { type: 'intent.submitted', intent, clientOrderId, instrument, atMs },
      { intent: { key: intent.key, clientOrderId, body, atMs } },
    );
    await journal.durable();
    const entry = registry.orders.get(clientOrderId);
    if (entry === undefined) return { ...(await present(clientOrderId)), deduplicated: false };
    const order = orderRow(registry.snapshot(entry));
    return { orderId: clientOrderId, order, deduplicated: false };
  }

  async function present(orderId: string): Promise<{ orderId: string; order: OrderView }> {
    const order = await readOrder(orderId);
    if (order === undefined) throw unknownOrder(orderId);
    return { orderId, order };
  }

  async function readOrder(orderId: string): Promise<OrderView | undefined> {
    const { registry } = opened();
    const entry = registry.orders.get(orderId);
    return entry === undefined ? store.order(orderId) : orderRow(registry.snapshot(entry));
  }

  async function cancel(orderId: string, reason = 'asked for'): Promise<CancelResult> {
    checkTexts({ orderId, reason });
    const { registry, dispatch, journal } = working();
    const entry = registry.orders.get(orderId);
    if (entry === undefined || isOver(orderId)) {
      return { ...(await present(orderId)), requested: false };
    }
    dispatch({ type: 'order.cancel', clientOrderId: orderId, reason, atMs: clock.now() });
    await journal.durable();
    return { ...(await present(orderId)), requested: true };
  }

  async function cancelAll(
    filter: CancelFilter = {},
    reason = 'all cancelled',
  ): Promise<readonly CancelResult[]> {
    const { registry } = working();
    const chosen = [...registry.orders.values()]
      .map((entry) => orderRow(registry.snapshot(entry)))
      .filter((order) => matches(order, filter) && !isOver(order.clientOrderId));
    return Promise.all(chosen.map((order) => cancel(order.clientOrderId, reason)));
  }

  function isOver(orderId: string): boolean {
    const { registry } = opened();
    const entry = registry.orders.get(orderId);
    return entry === undefined || isExecutionOver(axes(registry.snapshot(entry)).execution);
  }

  async function start(): Promise<void> {
    await store.migrate();
    await store.acquireWriter();
    try {
      await venue.start();
      execution = await openExecution({
        ...parts,
        accountId: parts.account.id,
        minimumReserveUsd: parts.account.minimumReserveUsd,
        catchUpSince: (sinceMs) => intake.tradesSince(sinceMs),
        onTurn: (input) => settlements?.onTurn(input),
      });
      settlements = createSettlementWatch({
        ...{ clock, log, store, ...parts.settlement },
        ...{ registry: execution.registry, publisher: execution.publisher },
        takeTradesSince: (sinceMs) => intake.tradesSince(sinceMs),
      });
      boot = createBootChecker({
        ...{ venue, store, clock, log, intake, execution },
        comparesAtMs: () => reconciler.nextAtMs,
        settlesAtMs: () => settlements?.wakesAtMs,
      });
      await begin(execution);
    } catch (error) {
      void door?.close();
      void settlements?.stop();
      boot?.stop();
      execution?.abandon();
      await link.stop().catch(() => undefined);
      await venue.stop().catch(() => undefined);
      execution = undefined;
      throw error;
    }
  }

  async function begin({ registry, dispatch, journal, openGate }: Execution): Promise<void> {
    const { depositsUsd } = registry.snapshot(registry.account()).context;
    if (depositsUsd === '0') {
      const { depositUsd } = parts.account;
      const amountUsd = typeof depositUsd === 'string' ? depositUsd : await depositUsd();
      const depositId = `opening:${parts.account.id}`;
      if (amountUsd !== '0') {
        dispatch({ type: 'account.deposited', depositId, amountUsd, atMs: clock.now() });
      }
    }
    // What was asked while no engine ran comes before any intent, and before anything is sent.
    await door?.takeAll();
    door?.open();
    openGate();
    await link.start();
    await settlements?.start();
    await boot?.start();
    await journal.durable();
  }

  const send = createCommands({ working, clock, cancel, cancelAll, reconciler });
  const door =
    parts.commands === undefined
      ? undefined
      : createCommandDoor({
          ...{ inbox: parts.commands, clock, log, run: send },
          durable: () => working().journal.durable(),
        });

  return {
    start,
    submit: async (input) => submitIntent(parseIntent(input, (id) => venue.instrument(id))),
    async submitAll(input) {
      const intents = parseIntents(input, (id) => venue.instrument(id));
      return Promise.all(intents.map(submitIntent));
    },
    cancel,
    cancelAll,
    order: readOrder,
    async orders(filter = {}) {
      await settled();
      return store.orders(filter);
    },
    workingOrders() {
      const { registry } = opened();
      return [...registry.orders.values()]
        .map((entry) => orderRow(registry.snapshot(entry)))
        .filter((order) => !isOver(order.clientOrderId));
    },
    async positions() {
      const { registry, journal } = opened();
      await journal.durable();
      return [...registry.positions.values()].map((entry) =>
        positionRow(registry.snapshot(entry).context),
      );
    },
    position(instrumentId) {
      const { registry } = opened();
      const entry = registry.positions.get(instrumentId);
      return entry === undefined ? undefined : positionRow(registry.snapshot(entry).context);
    },
    async account() {
      const { registry, journal } = opened();
      await journal.durable();
      const context = registry.snapshot(registry.account()).context;
      return {
        accountId: context.accountId,
        depositsUsd: context.depositsUsd,
        cashUsd: context.cashUsd,
        reservedUsd: context.reservedUsd,
        availableUsd: availableUsd(context),
        feesUsd: context.feesUsd,
        minimumReserveUsd: context.minimumReserveUsd,
      };
    },
    send: (command) => send(command),
    on: (type, listener) => opened().publisher.on(type, listener),
    instruments: () => venue.instruments(),
    health,
    settled,
    get execution() {
      return opened();
    },
    async stop({ cancelOrders = false, cancelLimitMs = CANCEL_LIMIT_MS } = {}) {
      if (execution === undefined) return undefined;
      const { registry } = execution;
      draining = true;
      await door?.close();
      const cancels = cancelOrders ? await cancelOnStop(execution, cancelLimitMs) : undefined;
      // What has been asked of the venue is answered first, where that does not take long.
      stopping = true;
      boot?.stop();
      await Promise.all([execution.endEffects(), settlements?.stop()]);
      await link.stop();
      await venue.stop();
      await execution.stop();
      execution = undefined;
      stopping = false;
      draining = false;
      const left = leftOpen(registry, cancels);
      sayLeft(left);
      return left;
    },
  };

  function sayLeft(left: LeftOpen): void {
    const { orderCount, inDoubt, unsettledFills } = left;
    const facts = { orderCount, inDoubt, unsettledFills, orders: left.orders.map(idsOf) };
    if (orderCount === 0) log.info(facts, 'Stopped. Nothing is open at the venue.');
    else log.warn(facts, `Stopped. ${orderCount} order(s) stay open at the venue.`);
  }

  /** No order comes any more; those whose intents are not yet durable are waited for. */
  function cancelOnStop(open: Execution, limitMs: number) {
    return cancelOpenOrders({
      ...{ clock, limitMs, registry: open.registry },
      isOver: () => open.failure !== undefined || open.journal.health.state === 'broken',
      async cancelAll() {
        await Promise.allSettled([...inFlight.values()].map(({ done }) => done));
        await cancelAll({}, 'the engine stops');
      },
    });
  }

  async function settled(): Promise<void> {
    const { journal, projector } = opened();
    await journal.durable();
    await projector.flush();
  }

  function health(): TradingHealth {
    const { journal, projector, faults, failure, registry, context } = opened();
    const isActive = store.lease.mayAct();
    return {
      running: failure === undefined && journal.health.state === 'ok' && isActive,
      store: journal.health.state,
      venue: String(registry.snapshot(registry.venue()).value),
      openOrders: registry.openOrders,
      waiting: journal.waiting,
      lag: projector.lag,
      actorFaults: faults.actors,
      orphans: faults.orphans,
      refusedLegs: faults.refusedLegs,
      reconciliation: reconciliationHealth(context().findings, reconciler.last),
      quarantine: quarantines(registry),
      settlement: settlements?.health() ?? NOTHING_UNSETTLED,
      boot: boot?.report ?? null,
      lease: isLeaseLost(failure) ? 'lost' : isActive ? 'held' : 'doubtful',
      failure: failure === undefined ? null : String(failure),
    };
  }
}

function matches(order: OrderView, filter: CancelFilter): boolean {
  return (
    (filter.strategy === undefined || order.strategy === filter.strategy) &&
    (filter.marketId === undefined || order.marketId === filter.marketId) &&
    (filter.instrumentId === undefined || order.instrumentId === filter.instrumentId) &&
    (filter.side === undefined || order.side === filter.side)
  );
}

function idsOf({ clientOrderId, venueOrderId, status }: OrderView) {
  return { clientOrderId, venueOrderId, status };
}

function checkSameBody(key: string, first: string, again: string): void {
  if (first === again) return;
  throw new FillwrightFault(
    'key_conflict',
    `intent.key ${JSON.stringify(key)}: used before for another intent. A key names one intent for ever; nothing was done.`,
    { key, first, again },
  );
}

function isLeaseLost(failure: unknown): boolean {
  return failure instanceof FillwrightFault && failure.code === 'lease_lost';
}

function unknownInstrument(id: string): FillwrightFault {
  return new FillwrightFault(
    'unknown_instrument',
    `intent.instrument ${JSON.stringify(id)}: the venue has no such instrument.`,
    { instrumentId: id },
  );
}
