/**
 * What orders do in the world: the actors that the order machine invokes by name. Each waits for
 * the gate, acts once, and reports what came of it as a new input. Stopping one (its order moved
 * on) aborts the call and drops the answer. All of them bear being started twice: after a restart
 * the state that invokes them starts them again.
 */
import { type CallbackActorLogic, type EventObject, fromCallback } from 'xstate';
import { type Evidence, evidenceText } from '../domain/evidence.ts';
import { messageOf } from '../domain/faults.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { LOOKUP_FIRST_MS, lookupWaitMs } from '../machines/order.doubt.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import type { DeadlineInput, EffectInput } from '../machines/order.setup.ts';
import type { InputRows } from './journal.ts';
import { createLooker } from './look-up.ts';
import { canonicalReport } from './outside.ts';
import type { Clock, PreparedOrder, Venue, VenueOrder, VenueOrderReport } from './ports.ts';
import type { Store } from './store-port.ts';

/** First wait after a refusal; it doubles. */
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
  /** The output gate: open, every input so far is durable, and the lease holds. Nothing leaves before it. */
  readonly gate: () => Promise<void>;
  readonly orderOf: (clientOrderId: string) => OrderContext | undefined;
  readonly report: (clientOrderId: string, event: OrderEvent, rows?: InputRows) => void;
  /** Takes in the legs that the venue has told of since then, and answers them. */
  readonly catchUpSince: (sinceMs: number) => Promise<readonly LegReport[]>;
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
  const looker = createLooker({ venue, clock, takeTradesSince: options.catchUpSince });
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
    let bytes: PreparedOrder;
    try {
      bytes = prepared.get(id) ?? (await loadPrepared(id));
    } catch (error) {
      // What was not sent leaves no doubt.
      if (!signal.aborted) report(id, notAccepted(order, `not sent: ${messageOf(error)}`));
      return;
    }
    // Whoever sends them again reads them again.
    prepared.delete(id);
    if (signal.aborted) return;
    try {
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
        case 'notAccepted':
          event = notAccepted(order, outcome.reason, outcome.retryAfterMs);
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

  function notAccepted(order: OrderContext, reason: string, retryAfterMs = 0): OrderEvent {
    const atMs = clock.now();
    const waitMs = NOT_ACCEPTED_FIRST_MS * 2 ** (order.submitAttempts - 1);
    const retryAtMs = atMs + Math.max(retryAfterMs, waitMs);
    return { type: 'venue.orderNotAccepted', reason, retryAtMs, atMs };
  }

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
      if (found !== undefined) await takeReport(order, canonicalReport(found));
    } catch (error) {
      if (signal.aborted) return;
      const atMs = clock.now();
      const retryAtMs = atMs + lookupWaitMs(order.cancelAttempts - 1);
      report(id, { type: 'venue.cancelUnknown', reason: messageOf(error), retryAtMs, atMs });
    }
  };

  const resolveOrder: Run = async (order, signal) => {
    const id = order.clientOrderId;
    const askedAtMs = clock.now();
    const { evidence, verdict, report: found } = await looker.lookUp(order, signal);
    // A leg that was among the trades has ended the doubt already.
    if (signal.aborted) return;
    if (found !== undefined) return takeReport(order, found, evidence);
    const atMs = clock.now();
    const retryAtMs = atMs + lookupWaitMs(order.lookups);
    if (verdict !== 'absent') {
      const reason = reasonOf(evidence);
      report(id, { type: 'venue.lookupFailed', reason, evidence, retryAtMs, atMs });
      return;
    }
    const { absenceIsFinalAfterMs = Number.POSITIVE_INFINITY } = venue;
    const isFinal = askedAtMs - lastSentAtMs(order, askedAtMs) >= absenceIsFinalAfterMs;
    report(id, { type: 'venue.orderNotFound', isFinal, evidence, retryAtMs, atMs });
  };

  /** Tells the order what the venue has, and fetches legs that the venue is ahead by. */
  async function takeReport(
    order: OrderContext,
    found: VenueOrderReport,
    evidence?: readonly Evidence[],
  ): Promise<void> {
    const told = toOrderReported(found, clock.now());
    report(order.clientOrderId, evidence === undefined ? told : { ...told, evidence });
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
      looker.stop();
      for (const abort of running) abort.abort(STOPPED);
      running.clear();
    },
  };
}

export function toOrderReported(
  found: VenueOrderReport,
  atMs: number,
): Extract<OrderEvent, { type: 'venue.orderReported' }> {
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

/**
 * When the bytes may have left at the latest: they wait for the gate, and at the venue's door for a
 * rate limit, until nobody knew what became of them.
 */
function lastSentAtMs({ sentAtMs, evidence }: OrderContext, nowMs: number): number {
  const doubted = evidence.find(({ rung }) => rung === 'answer');
  return Math.max(sentAtMs ?? nowMs, doubted?.atMs ?? 0);
}

/** Why a look-up proves nothing: who did not answer, or what could not be booked. */
function reasonOf(evidence: readonly Evidence[]): string {
  const asked = evidence.filter(({ rung }) => rung !== 'expiry' && rung !== 'answer');
  return evidenceText(asked.filter(({ said }) => said !== 'absent'));
}
