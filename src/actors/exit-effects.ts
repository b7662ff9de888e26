/**
 * What exits do in the world: hand in the intents of their attempts, cancel their orders, compare ways
 * out, wait. Each bears being started twice: an intent has its key, a cancel harms nothing twice.
 */
import { type CallbackActorLogic, type EventObject, fromCallback } from 'xstate';
import { compare } from '../domain/exact.ts';
import { chooseExit } from '../domain/exits/exit-choice.ts';
import { exitIntent } from '../domain/exits/exit-ladder.ts';
import { type ExitPrices, freeShares, holdingOf } from '../domain/exits/holding.ts';
import { FillwrightFault, messageOf } from '../domain/faults.ts';
import { type Instrument, instrumentId, opposite } from '../domain/instrument.ts';
import type { ExitContext } from '../machines/exit.context.ts';
import type { ExitEvent } from '../machines/exit.events.ts';
import { leftSize, openAttempts, unplacedAttempt } from '../machines/exit.reducers.ts';
import type { ExitDeadlineInput, ExitEffectInput } from '../machines/exit.setup.ts';
import { orderReport } from './exits.ts';
import type { Clock } from './ports.ts';
import type { Registry } from './registry.ts';
import type { Loader } from './restore.ts';
import type { Books, SubmitResult } from './trading-api.ts';

/** What an exit may use of the engine around it; there once the engine trades. */
export interface ExitDesk {
  readonly submit: (intent: object) => Promise<SubmitResult>;
  readonly cancel: (orderId: string, reason: string) => Promise<unknown>;
  readonly books: Books | undefined;
  readonly instrument: (id: string) => Instrument | undefined;
}

export interface ExitEffectsOptions {
  readonly clock: Clock;
  readonly gate: () => Promise<void>;
  readonly registry: () => Registry;
  readonly loader: () => Pick<Loader, 'ensure'>;
  readonly tell: (instrumentId: string, event: ExitEvent) => void;
  readonly desk: () => ExitDesk | undefined;
  readonly onError: (effect: string, instrumentId: string, error: unknown) => void;
}

type Effect<Input> = CallbackActorLogic<EventObject, Input>;

export interface ExitEffects {
  readonly placeExitOrder: Effect<ExitEffectInput>;
  readonly cancelExitOrder: Effect<ExitEffectInput>;
  readonly chooseExit: Effect<ExitEffectInput>;
  readonly mergeExit: Effect<ExitEffectInput>;
  readonly deadline: Effect<ExitDeadlineInput>;
  stop(): void;
}

/** What keeps the engine from taking anything now; the exit asks again when its wait is over. */
const PASSING: ReadonlySet<string> = new Set([
  'not_running',
  'store_unavailable',
  'overloaded',
  'lease_lost',
]);

export function createExitEffects(options: ExitEffectsOptions): ExitEffects {
  const { clock, tell } = options;
  let stopped = false;
  const stops = new Set<() => void>();

  /** Runs once the gate is open, unless the exit has moved on by then. */
  function effect(
    name: string,
    run: (context: ExitContext, desk: ExitDesk, isOver: () => boolean) => Promise<void>,
  ): Effect<ExitEffectInput> {
    return fromCallback<EventObject, ExitEffectInput>(({ input }) => {
      let isOver = stopped;
      const end = () => {
        isOver = true;
        stops.delete(end);
      };
      stops.add(end);
      void (async () => {
        try {
          await options.gate();
          const context = contextOf(input.instrumentId);
          const desk = options.desk();
          if (isOver || context === undefined || desk === undefined) return;
          await run(context, desk, () => isOver);
        } catch (error) {
          if (!isOver) options.onError(name, input.instrumentId, error);
        } finally {
          stops.delete(end);
        }
      })();
      return end;
    });
  }

  function contextOf(id: string): ExitContext | undefined {
    const entry = options.registry().exits.get(id);
    return entry === undefined ? undefined : options.registry().snapshot(entry).context;
  }

  function pricesOf(id: string): ExitPrices | null {
    const books = options.desk()?.books;
    return books === undefined ? null : exitPrices(books, id, clock.now());
  }

  async function place(context: ExitContext, desk: ExitDesk, isOver: () => boolean): Promise<void> {
    const attempt = unplacedAttempt(context);
    if (attempt === undefined) return;
    const { instrument } = context;
    const { key, terms, reason } = attempt;
    try {
      const { orderId, deduplicated } = await desk.submit(
        exitIntent(key, instrument, terms, reason),
      );
      // A new order is told of within its own turn; one that is known has nothing new to say.
      if (deduplicated && !isOver()) await progress(instrument.id, orderId);
    } catch (error) {
      if (isOver() || (error instanceof FillwrightFault && PASSING.has(error.code))) return;
      const atMs = clock.now();
      tell(instrument.id, { type: 'exit.placingFailed', key, reason: messageOf(error), atMs });
    }
  }

  async function progress(id: string, orderId: string): Promise<void> {
    await options.loader().ensure(orderId);
    const registry = options.registry();
    const [order, position] = [registry.orders.get(orderId), registry.positions.get(id)];
    if (order === undefined || position === undefined) return;
    const { fold, reservedShares } = registry.snapshot(position).context;
    tell(id, {
      type: 'exit.orderProgressed',
      order: orderReport(registry.snapshot(order)),
      holding: holdingOf(fold, reservedShares),
      atMs: clock.now(),
    });
  }

  return {
    placeExitOrder: effect('placeExitOrder', place),
    cancelExitOrder: effect('cancelExitOrder', async (context, desk) => {
      for (const { clientOrderId } of openAttempts(context)) {
        if (clientOrderId !== null) await desk.cancel(clientOrderId, 'its exit goes on without it');
      }
    }),
    chooseExit: effect('chooseExit', async (context, desk, isOver) => {
      const { exit, instrument, holding } = context;
      const { venue, marketId, outcome } = instrument;
      const complement = desk.instrument(instrumentId(venue, marketId, opposite(outcome)));
      if (exit === null || isOver()) return;
      const choice = chooseExit({
        ...{ instrument, complement: complement ?? instrument, worstPrice: exit.worstPrice },
        book: desk.books?.book(instrument.id) ?? null,
        complementBook: (complement && desk.books?.book(complement.id)) ?? null,
        size: smaller(leftSize(context, exit), freeShares(holding)),
        // Nobody names a payout, and nothing here merges pairs on chain.
        ...{ redemptionPrice: null, canMerge: false },
      });
      tell(instrument.id, { type: 'exit.chosen', choice, atMs: clock.now() });
    }),
    mergeExit: effect('mergeExit', async ({ instrument, holding }) => {
      const reason = 'pairs cannot be merged here';
      const { openedAtMs: _since, ...held } = holding;
      tell(instrument.id, {
        ...{ type: 'exit.mergeEnded', mergedSize: '0', holding: held, reason, atMs: clock.now() },
      });
    }),
    deadline: fromCallback<EventObject, ExitDeadlineInput>(({ input }) => {
      if (stopped) return () => undefined;
      let isOver = false;
      const cancel = clock.at(input.atMs, () => {
        options
          .gate()
          .then(() => {
            if (isOver) return;
            end();
            const prices = pricesOf(input.instrumentId);
            tell(input.instrumentId, { type: 'clock.deadlinePassed', prices, atMs: clock.now() });
          })
          .catch((error: unknown) => options.onError('deadline', input.instrumentId, error));
      });
      const end = () => {
        isOver = true;
        cancel();
        stops.delete(end);
      };
      stops.add(end);
      return end;
    }),
    stop() {
      stopped = true;
      for (const end of [...stops]) end();
    },
  };
}

/** What the books say of an outcome now; null: nothing is known of it. */
export function exitPrices(books: Books, id: string, nowMs: number): ExitPrices | null {
  const book = books.book(id);
  const mark = books.mark(id) ?? null;
  if (book === undefined && mark === null) return null;
  // A book that does not change holds for as long as the feed speaks.
  const atMs = Math.min(books.seenAtMs ?? nowMs, nowMs);
  return { bid: book?.bids[0]?.price ?? null, mark, atMs };
}

function smaller(a: string, b: string): string {
  return compare(a, b) < 0 ? a : b;
}
