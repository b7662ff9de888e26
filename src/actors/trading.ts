/**
 * What a user of the engine can ask for, over the ports: submit, cancel, read, listen. Every answer
 * comes after the commit that makes it true.
 */
import { FillwrightFault } from '../domain/faults.ts';
import { isWorthTelling } from '../machines/exit.telling.ts';
import { type ExecutionState, isExecutionOver, isPending } from '../machines/order.status.ts';
import { accountView } from './account-view.ts';
import { matchesFilter } from './cancel-filter.ts';
import { checkTexts, unknownOrder } from './checks.ts';
import { createCommandDoor } from './command-door.ts';
import { createCommands } from './commands.ts';
import { createEventDelivery, type EventDelivery } from './event-delivery.ts';
import { type Execution, openExecution } from './execution.ts';
import { type ExitDesk, exitPrices } from './exit-effects.ts';
import { CANCEL_LIMIT_MS, cancelOpenOrders, type LeftOpen, leftOpen } from './graceful-stop.ts';
import { inPortions } from './in-portions.ts';
import { createKeyReader } from './key-reader.ts';
import type { LiquidationReport } from './liquidation-report.ts';
import { planExits } from './plan-exits.ts';
import { reconciliationHealth } from './reconcile-document.ts';
import { createReconciler } from './reconciler.ts';
import { NOTHING_RESOLVED } from './resolution-watch.ts';
import { axes, type OrderView, orderRow, positionRow } from './rows.ts';
import { NOTHING_UNSETTLED } from './settlement-watch.ts';
import { createSubmits } from './submits.ts';
import type {
  CancelFilter,
  CancelResult,
  Trading,
  TradingHealth,
  TradingParts,
} from './trading-api.ts';
import { executionHealth } from './trading-health.ts';
import { createVenueIntake } from './venue-intake.ts';
import { createVenueLink } from './venue-link.ts';
import { createWatchers, type Watchers } from './watchers.ts';

/** A turn each; other inputs come in between. */
const CANCELS_AT_ONCE = 100;

export function createTrading(parts: TradingParts): Trading {
  const { store, venue, clock, ids, log } = parts;
  let execution: Execution | undefined;
  let stopping = false;
  let watchers: Watchers | undefined;
  let delivery: EventDelivery | undefined;
  const intake = createVenueIntake({ venue, store, clock, log, execution: opened });
  const reconciler = createReconciler({
    ...{ venue, store, clock, log, intake, execution: opened },
    ...(parts.reconcile === undefined ? {} : { settings: parts.reconcile }),
  });
  const submits = createSubmits({
    ...{ clock, ids, venue, working, present, keys: createKeyReader(store) },
    ...(parts.books === undefined ? {} : { books: parts.books }),
  });
  const exitDesk: ExitDesk = {
    submit: submits.submitOwn,
    cancel,
    books: parts.books,
    instrument: (id) => venue.instrument(id),
  };
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
    // Who asks again while it is wanted, perhaps for as long as a doubt lasts, adds nothing to the log.
    if (!registry.snapshot(entry).context.cancelRequested) {
      dispatch({ type: 'order.cancel', clientOrderId: orderId, reason, atMs: clock.now() });
    }
    await journal.durable();
    return { ...(await present(orderId)), requested: true };
  }

  async function cancelAll(
    filter: CancelFilter = {},
    reason = 'all cancelled',
  ): Promise<readonly CancelResult[]> {
    const { registry } = working();
    const chosen = [...registry.orders.values()]
      .map((entry) => registry.snapshot(entry).context)
      .filter((order) => matchesFilter(order, filter) && !isOver(order.clientOrderId));
    return inPortions(chosen, CANCELS_AT_ONCE, (order) => cancel(order.clientOrderId, reason));
  }

  /** Tells the exit of an outcome its newest prices, where they mean something to it. */
  function marketChanged(instrumentId: string): void {
    const { books } = parts;
    const entry = execution?.registry.exits.get(instrumentId);
    if (books === undefined || execution === undefined || entry === undefined || stopping) return;
    if (execution.failure !== undefined) return;
    const atMs = clock.now();
    const prices = exitPrices(books, instrumentId, atMs);
    const { context } = execution.registry.snapshot(entry);
    if (prices === null || !isWorthTelling(context, prices, atMs)) return;
    const event = { type: 'exit.priced', prices, atMs } as const;
    execution.dispatch({ type: 'exit.told', instrumentId, event, atMs });
  }

  async function flatten(by: string, reason: string): Promise<LiquidationReport> {
    checkTexts({ by, reason });
    working();
    if (watchers === undefined) throw new FillwrightFault('not_running', 'The engine is starting.');
    return watchers.liquidator.flatten(by, reason);
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
      link.open();
      execution = await openExecution({
        ...parts,
        accountId: parts.account.id,
        minimumReserveUsd: parts.account.minimumReserveUsd,
        catchUpSince: (sinceMs) => intake.tradesSince(sinceMs),
        exitDesk: () => exitDesk,
        onTurn: (input) => watchers?.onTurn(input),
        onEvents: () => delivery?.wake(),
      });
      watchers = createWatchers({
        ...{ parts, execution, intake, reconciler, cancel, cancelAll },
        submitOwn: submits.submitOwn,
      });
      await begin(execution);
    } catch (error) {
      void door?.close();
      void watchers?.stop();
      execution?.abandon();
      await link.stop().catch(() => undefined);
      await venue.stop().catch(() => undefined);
      execution = undefined;
      throw error;
    }
  }

  async function begin(open: Execution): Promise<void> {
    const { registry, dispatch, journal, openGate } = open;
    planExits(open, { venue, clock });
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
    await Promise.all([link.start(), venue.selfCheck?.()]);
    await watchers?.start();
    await journal.durable();
    if (parts.events === undefined) return;
    delivery = createEventDelivery({ ...parts.events, lease: store.lease, clock, log });
    delivery.start();
  }

  const send = createCommands({
    ...{ working, clock, ids, store, cancel, cancelAll, flatten, reconciler },
    instrument: (id) => venue.instrument(id),
  });
  const door =
    parts.commands === undefined
      ? undefined
      : createCommandDoor({
          ...{ inbox: parts.commands, clock, log, run: send },
          durable: () => working().journal.durable(),
        });

  return {
    start,
    submit: submits.submit,
    submitAll: submits.submitAll,
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
        .filter((order) => isPending(order.execution as ExecutionState, order));
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
      return accountView(registry);
    },
    async budgets(filter = {}) {
      await settled();
      return store.budgets(filter);
    },
    flatten,
    marketChanged,
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
      // What is open may still be cancelled.
      submits.drain();
      await door?.close();
      const cancels = cancelOrders ? await cancelOnStop(execution, cancelLimitMs) : undefined;
      // What has been asked of the venue is answered first, where that does not take long.
      stopping = true;
      await Promise.all([execution.endEffects(), watchers?.stop()]);
      await link.stop();
      // Its connection may be broken already: our own rows are written all the same.
      await venue.stop().catch((error: unknown) => log.warn({ error }, 'The venue did not stop.'));
      await execution.stop().finally(() => delivery?.stop());
      delivery = undefined;
      execution = undefined;
      stopping = false;
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
        await submits.drained();
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
    const open = opened();
    const isActive = store.lease.mayAct();
    return {
      ...executionHealth(open, isActive, clock.now()),
      reconciliation: reconciliationHealth(open.context().findings, reconciler.last),
      liquidation: watchers?.liquidator.health ?? null,
      settlement: watchers?.settlements.health() ?? NOTHING_UNSETTLED,
      resolution: watchers?.resolutions.health() ?? NOTHING_RESOLVED,
      boot: watchers?.boot.report ?? null,
      eventSinks: delivery?.health() ?? [],
      lease: isLeaseLost(open.failure) ? 'lost' : isActive ? 'held' : 'doubtful',
    };
  }
}

function idsOf({ clientOrderId, venueOrderId, status }: OrderView) {
  return { clientOrderId, venueOrderId, status };
}

function isLeaseLost(failure: unknown): boolean {
  return failure instanceof FillwrightFault && failure.code === 'lease_lost';
}
