/**
 * What a user of the engine can ask for, over the ports: submit, cancel, read, listen. Every answer
 * comes after the commit that makes it true.
 */
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import type { Intent } from '../domain/intent.ts';
import { canonicalIntent, parseIntent, parseIntents } from '../domain/parse-intent.ts';
import { availableUsd } from '../machines/account.machine.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { type Execution, openExecution } from './execution.ts';
import { createKeyReader } from './key-reader.ts';
import { isName } from './outside.ts';
import { axes, type OrderView, orderRow, positionRow } from './rows.ts';
import type {
  CancelFilter,
  CancelResult,
  SubmitResult,
  Trading,
  TradingCommand,
  TradingHealth,
  TradingParts,
} from './trading-api.ts';
import { createVenueLink } from './venue-link.ts';

/** Intents taken in and not yet durable; beyond it a strategy is told to wait. */
export const MAX_SUBMITS_IN_FLIGHT = 10_000;

export function createTrading(parts: TradingParts): Trading {
  const { store, venue, clock, ids, log } = parts;
  const keys = createKeyReader(store);
  /** Submits whose intents are not yet durable, by key. */
  const inFlight = new Map<string, { body: string; done: Promise<SubmitResult> }>();
  let execution: Execution | undefined;
  let stopping = false;
  const link = createVenueLink({ venue, store, clock, log, execution: opened });

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

  function isOver(orderId: string): boolean {
    const { registry } = opened();
    const entry = registry.orders.get(orderId);
    return entry === undefined || isExecutionOver(axes(registry.snapshot(entry)).execution);
  }

  async function send(command: TradingCommand): Promise<void> {
    const { dispatch, journal, loader, registry } = working();
    const atMs = clock.now();
    switch (command.type) {
      case 'trading.pause':
        checkTexts({ by: command.by, reason: command.reason });
        dispatch({ type: 'trading.paused', by: command.by, reason: command.reason, atMs });
        break;
      case 'trading.resume':
        checkTexts({ by: command.by });
        dispatch({ type: 'trading.resumed', by: command.by, atMs });
        break;
      case 'account.deposit': {
        const { depositId, amountUsd } = command;
        checkTexts({ depositId });
        checkAmount(amountUsd);
        dispatch({ type: 'account.deposited', depositId, amountUsd, atMs });
        break;
      }
      case 'order.settleUnknown': {
        const { orderId, by, reason } = command;
        checkTexts({ orderId, by, reason });
        await loader.ensure(orderId);
        const entry = registry.orders.get(orderId);
        if (entry === undefined) throw unknownOrder(orderId);
        const { execution: state } = axes(registry.snapshot(entry));
        if (!state.startsWith('unknown')) {
          throw new InvalidValue('order.settleUnknown', state, 'an order in the state unknown');
        }
        dispatch({ type: 'operator.neverTaken', clientOrderId: orderId, by, reason, atMs });
      }
    }
    await journal.durable();
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
        catchUpSince: (sinceMs) => link.takeTradesSince(sinceMs),
      });
      await begin(execution);
    } catch (error) {
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
    openGate();
    await link.start();
    await journal.durable();
  }

  return {
    start,
    submit: async (input) => submitIntent(parseIntent(input, (id) => venue.instrument(id))),
    async submitAll(input) {
      const intents = parseIntents(input, (id) => venue.instrument(id));
      return Promise.all(intents.map(submitIntent));
    },
    cancel,
    async cancelAll(filter = {}, reason = 'all cancelled') {
      const { registry } = working();
      const chosen = [...registry.orders.values()]
        .map((entry) => orderRow(registry.snapshot(entry)))
        .filter((order) => matches(order, filter) && !isOver(order.clientOrderId));
      return Promise.all(chosen.map((order) => cancel(order.clientOrderId, reason)));
    },
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
    send,
    on: (type, listener) => opened().publisher.on(type, listener),
    instruments: () => venue.instruments(),
    health,
    settled,
    get execution() {
      return opened();
    },
    async stop() {
      if (execution === undefined) return;
      // What has been asked of the venue is answered first, where that does not take long.
      stopping = true;
      await execution.endEffects();
      await link.stop();
      await venue.stop();
      await execution.stop();
      execution = undefined;
      stopping = false;
    },
  };

  async function settled(): Promise<void> {
    const { journal, projector } = opened();
    await journal.durable();
    await projector.flush();
  }

  function health(): TradingHealth {
    const { journal, projector, faults, failure, registry } = opened();
    return {
      running: failure === undefined && journal.health.state === 'ok',
      store: journal.health.state,
      venue: String(registry.snapshot(registry.venue()).value),
      openOrders: registry.openOrders,
      waiting: journal.waiting,
      lag: projector.lag,
      actorFaults: faults.actors,
      orphans: faults.orphans,
      refusedLegs: faults.refusedLegs,
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

function checkSameBody(key: string, first: string, again: string): void {
  if (first === again) return;
  throw new FillwrightFault(
    'key_conflict',
    `intent.key ${JSON.stringify(key)}: used before for another intent. A key names one intent for ever; nothing was done.`,
    { key, first, again },
  );
}

function checkTexts(texts: Record<string, unknown>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (!isName(text)) throw new InvalidValue(name, text, 'text without NUL or half characters');
  }
}

function checkAmount(amountUsd: unknown): void {
  const isText = typeof amountUsd === 'string';
  if (!isText || !/^\d+(\.\d{1,6})?$/.test(amountUsd) || Number(amountUsd) === 0) {
    throw new InvalidValue('amountUsd', amountUsd, 'a positive amount in dollars, as decimal text');
  }
}

function unknownOrder(orderId: string): FillwrightFault {
  return new FillwrightFault('unknown_order', `order ${JSON.stringify(orderId)}: not known here.`, {
    orderId,
  });
}

function unknownInstrument(id: string): FillwrightFault {
  return new FillwrightFault(
    'unknown_instrument',
    `intent.instrument ${JSON.stringify(id)}: the venue has no such instrument.`,
    { instrumentId: id },
  );
}
