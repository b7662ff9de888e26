/**
 * What orders do in the world: the actors that the order machine invokes by name. Each waits for
 * the gate, acts once, and reports what came of it as a new input. Stopping one (its order moved
 * on) aborts the call and drops the answer. All of them bear being started twice: after a restart
 * the state that invokes them starts them again.
 */
import { type CallbackActorLogic, type EventObject, fromCallback } from 'xstate';
import { show } from '../domain/faults.ts';
import type { OrderContext } from '../machines/order.context.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import type { DeadlineInput, EffectInput } from '../machines/order.setup.ts';
import type { InputRows } from './journal.ts';
import type { Clock, PreparedOrder, Venue, VenueOrder, VenueOrderReport } from './ports.ts';
import type { Store } from './store-port.ts';

/** First wait after doubt or refusal; it doubles up to the last. */
export const LOOKUP_FIRST_MS = 1_000;
export const LOOKUP_LAST_MS = 60_000;
export const NOT_ACCEPTED_FIRST_MS = 100;
/** An orderly stop waits this long for the venue's answers: longer than it usually needs. */
export const SETTLE_LIMIT_MS = 3_000;
/** Why an effect is aborted. Nobody reads it, and the default would take a stack trace each time. */
const STOPPED = 'stopped';

export interface EffectsOptions {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly store: Pick<Store, 'preparedByClientOrderIds'>;
  /** Resolves once restored state is no longer being replayed. */
  readonly opened: () => Promise<void>;
  /** The output gate: open, and every input so far is durable. Nothing leaves before it. */
  readonly gate: () => Promise<void>;
  readonly orderOf: (clientOrderId: string) => OrderContext | undefined;
  readonly report: (clientOrderId: string, event: OrderEvent, rows?: InputRows) => void;
  /** Takes in legs that the venue has of its own accord told of in a look-up. */
  readonly catchUpSince: (sinceMs: number) => Promise<void>;
  readonly onError: (effect: string, clientOrderId: string, error: unknown) => void;
}

type Effect<Input> = CallbackActorLogic<EventObject, Input>;

export interface Effects {
  readonly prepareOrder: Effect<EffectInput>;
  readonly submitOrder: Effect<EffectInput>;
  readonly cancelOrder: Effect<EffectInput>;
  readonly resolveOrder: Effect<EffectInput>;
  readonly deadline: Effect<DeadlineInput>;
  /** Resolves when no call is under way, at the latest after SETTLE_LIMIT_MS. */
  settled(): Promise<void>;
  /** Ends everything that is under way. */
  stop(): void;
}

type Run = (order: OrderContext, signal: AbortSignal) => Promise<void>;

export function createEffects(options: EffectsOptions): Effects {
  const { venue, clock, report } = options;
  const running = new Set<AbortController>();
  /** What starts from now on does nothing: the next start of the engine takes it up. */
  let stopped = false;
  /** The newest of each effect of each order. */
  const newest = new Map<string, AbortController>();
  /** Calls to the venue that are under way; waits are not among them. */
  const calls = new Set<Promise<void>>();
  /** Bytes of orders that are not yet acknowledged; the store has them all. */
  const prepared = new Map<string, PreparedOrder>();

  let cancelLimit: (() => void) | undefined;

  function effect(
    name: string,
    run: Run,
    gate: () => Promise<void> = options.gate,
  ): Effect<EffectInput> {
    return fromCallback<EventObject, EffectInput>(({ input }) => {
      const key = `${name}/${input.clientOrderId}`;
      // An actor that threw leaves its effect behind; the one of the actor in its place counts.
      newest.get(key)?.abort(STOPPED);
      const abort = new AbortController();
      if (stopped) abort.abort(STOPPED);
      newest.set(key, abort);
      running.add(abort);
      const call = (async () => {
        try {
          await gate();
          const order = options.orderOf(input.clientOrderId);
          if (!abort.signal.aborted && order !== undefined) await run(order, abort.signal);
        } catch (error) {
          if (!abort.signal.aborted) options.onError(name, input.clientOrderId, error);
        } finally {
          running.delete(abort);
          if (newest.get(key) === abort) newest.delete(key);
        }
      })();
      calls.add(call);
      void call.then(() => calls.delete(call));
      return () => abort.abort(STOPPED);
    });
  }

  const prepareOrder: Run = async (order, signal) => {
    const id = order.clientOrderId;
    let made: PreparedOrder;
    try {
      made = await venue.prepare(toVenueOrder(order));
    } catch (error) {
      if (signal.aborted) return;
      report(id, { type: 'order.prepareFailed', reason: messageOf(error), atMs: clock.now() });
      return;
    }
    if (signal.aborted) return;
    prepared.set(id, made);
    const atMs = clock.now();
    report(
      id,
      { type: 'order.prepared', venueOrderId: made.venueOrderId, atMs },
      { prepared: { ...made, venue: venue.name, atMs } },
    );
  };

  const submitOrder: Run = async (order, signal) => {
    const id = order.clientOrderId;
    let event: OrderEvent;
    try {
      const bytes = prepared.get(id) ?? (await loadPrepared(id));
      // Whoever sends them again reads them again.
      prepared.delete(id);
      if (signal.aborted) return;
      const outcome = await venue.submit(bytes, signal);
      const atMs = clock.now();
      switch (outcome.kind) {
        case 'acknowledged':
          event = {
            type: 'venue.orderAcknowledged',
            venueOrderId: outcome.venueOrderId,
            status: outcome.status,
            atMs,
          };
          break;
        case 'rejected':
          event = { type: 'venue.orderRejected', reason: outcome.reason, atMs };
          break;
        case 'killed':
          event = { type: 'venue.orderKilled', reason: outcome.reason, atMs };
          break;
        case 'notAccepted': {
          const waitMs = NOT_ACCEPTED_FIRST_MS * 2 ** (order.submitAttempts - 1);
          event = {
            type: 'venue.orderNotAccepted',
            reason: outcome.reason,
            retryAtMs: atMs + Math.max(outcome.retryAfterMs, waitMs),
            atMs,
          };
        }
      }
    } catch (error) {
      event = {
        type: 'venue.outcomeUnknown',
        reason: messageOf(error),
        retryAtMs: clock.now() + LOOKUP_FIRST_MS,
        atMs: clock.now(),
      };
    }
    if (!signal.aborted) report(id, event);
  };

  const cancelOrder: Run = async (order, signal) => {
    const id = order.clientOrderId;
    try {
      const outcome = await venue.cancel(venueOrderIdOf(order), signal);
      if (signal.aborted) return;
      if (outcome.kind === 'cancelled') {
        report(id, { type: 'venue.cancelAcknowledged', atMs: clock.now() });
        return;
      }
      // The refusal says what it is not; the look-up says what it is.
      const found = await venue.fetchOrder(venueOrderIdOf(order));
      if (signal.aborted) return;
      report(id, { type: 'venue.cancelRejected', reason: outcome.reason, atMs: clock.now() });
      if (found !== undefined) await takeReport(order, found);
    } catch (error) {
      if (signal.aborted) return;
      const atMs = clock.now();
      const retryAtMs = atMs + backoff(order.cancelAttempts - 1);
      report(id, { type: 'venue.cancelUnknown', reason: messageOf(error), retryAtMs, atMs });
    }
  };

  const resolveOrder: Run = async (order, signal) => {
    const id = order.clientOrderId;
    try {
      const found = await venue.fetchOrder(venueOrderIdOf(order));
      if (signal.aborted) return;
      if (found !== undefined) {
        await takeReport(order, found);
        return;
      }
      const atMs = clock.now();
      const { absenceIsFinalAfterMs = Number.POSITIVE_INFINITY } = venue;
      report(id, {
        type: 'venue.orderNotFound',
        isFinal: atMs - (order.sentAtMs ?? atMs) >= absenceIsFinalAfterMs,
        retryAtMs: atMs + backoff(order.lookupAttempts),
        atMs,
      });
    } catch (error) {
      if (signal.aborted) return;
      const atMs = clock.now();
      const retryAtMs = atMs + backoff(order.lookupAttempts);
      report(id, { type: 'venue.lookupFailed', reason: messageOf(error), retryAtMs, atMs });
    }
  };

  /** Tells the order what the venue has, and fetches legs that the venue is ahead by. */
  async function takeReport(order: OrderContext, found: VenueOrderReport): Promise<void> {
    report(order.clientOrderId, toOrderReported(found, clock.now()));
    if (found.sizeMatched !== order.matchedSize) await options.catchUpSince(order.createdAtMs);
  }

  async function loadPrepared(clientOrderId: string): Promise<PreparedOrder> {
    const [row] = await options.store.preparedByClientOrderIds([clientOrderId]);
    if (row === undefined) throw new Error(`The bytes of ${clientOrderId} are not in the store.`);
    return { clientOrderId, venueOrderId: row.venueOrderId, body: row.body };
  }

  return {
    // Making bytes tells nobody anything: they go into the same commit as the intent.
    prepareOrder: effect('prepareOrder', prepareOrder, options.opened),
    submitOrder: effect('submitOrder', submitOrder),
    cancelOrder: effect('cancelOrder', cancelOrder),
    resolveOrder: effect('resolveOrder', resolveOrder),
    deadline: fromCallback<EventObject, DeadlineInput>(({ input }) => {
      if (stopped) return () => undefined;
      const abort = new AbortController();
      running.add(abort);
      const cancel = clock.at(input.atMs, () => {
        const pass = () => {
          running.delete(abort);
          if (abort.signal.aborted) return;
          report(input.clientOrderId, { type: 'clock.deadlinePassed', atMs: clock.now() });
        };
        const { clientOrderId } = input;
        options
          .gate()
          .then(pass)
          .catch((error: unknown) => options.onError('deadline', clientOrderId, error));
      });
      abort.signal.addEventListener('abort', cancel);
      return () => {
        running.delete(abort);
        abort.abort(STOPPED);
      };
    }),
    async settled() {
      let over = false;
      const limit = new Promise<void>((resolve) => {
        cancelLimit = clock.at(clock.now() + SETTLE_LIMIT_MS, () => {
          over = true;
          resolve();
        });
      });
      // An answer may start the next call: an acknowledged order that is to be cancelled.
      while (calls.size > 0 && !over) await Promise.race([Promise.all(calls), limit]);
      cancelLimit?.();
    },
    stop() {
      stopped = true;
      for (const abort of running) abort.abort(STOPPED);
      running.clear();
    },
  };
}

export function toOrderReported(found: VenueOrderReport, atMs: number): OrderEvent {
  return {
    type: 'venue.orderReported',
    status: found.status,
    rawStatus: found.rawStatus,
    sizeMatched: found.sizeMatched,
    ...(found.reason === undefined ? {} : { reason: found.reason }),
    atMs,
  };
}

function toVenueOrder(order: OrderContext): VenueOrder {
  const { intent } = order;
  return {
    clientOrderId: order.clientOrderId,
    instrument: order.instrument,
    side: intent.side,
    type: intent.type,
    price: intent.price,
    ...(intent.size === undefined ? {} : { size: intent.size }),
    ...(intent.amountUsd === undefined ? {} : { amountUsd: intent.amountUsd }),
    timeInForce: intent.timeInForce,
    ...(intent.expiresAtMs === undefined ? {} : { expiresAtMs: intent.expiresAtMs }),
    postOnly: intent.postOnly,
  };
}

function venueOrderIdOf(order: OrderContext): string {
  if (order.venueOrderId === null) throw new Error('The order has no venue order id yet.');
  return order.venueOrderId;
}

function backoff(attempts: number): number {
  return Math.min(LOOKUP_FIRST_MS * 2 ** Math.max(0, attempts), LOOKUP_LAST_MS);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}
