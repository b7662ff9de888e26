/**
 * The load of a chaos run, in the engine's process: takes, rests, cancels and sells all the time,
 * asks again for what was not answered, and writes down what it was promised.
 */
import { z } from 'zod';
import type { Strategy, StrategyContext, StrategyIntent } from '../../src/actors/strategy.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { chooseIntent } from './choose-intent.ts';
import { type Asked, foldPromises, isTaken, openPromises, promiseReader } from './promises.ts';
import { createSettling } from './settle-as-told.ts';

const Options = z.object({
  /** The file of promises.ts. */
  promises: z.string(),
  /** Which life this is. */
  run: z.coerce.string(),
  seed: z.coerce.string(),
  /**
   * `trade`: all the time. `drain`: only what was never answered is asked for again, and everything is
   * cancelled.
   */
  mode: z.enum(['trade', 'drain']),
  /** Between two new intents. */
  everyMs: z.coerce.number().default(25),
  /** Orders that a person settles: the ids, a line each. */
  settle: z.string(),
});
type Options = z.infer<typeof Options>;

/** Answered keys that each life asks for again: each must be the same order as before. */
const REPEATED_KEYS = 12;
/** Asked again in one turn of the timer. */
const MOST_AT_ONCE = 4;
const CANCEL_AGAIN_MS = 3_000;
const LONGEST_LIFE_MS = 2_500;

export function createStrategy(options: unknown): Strategy {
  return new Load(Options.parse(options)).strategy();
}

class Load {
  readonly #options: Options;
  readonly #random: () => number;
  readonly #file: ReturnType<typeof openPromises>;
  readonly #answered: Set<string>;
  /** To be asked for again. */
  readonly #again: Asked[];
  readonly #settleAsTold: (context: StrategyContext) => void;
  /** When each order was last asked to be cancelled. */
  readonly #cancelledAtMs = new Map<string, number>();
  #number: number;
  #isTrading = false;

  constructor(options: Options) {
    this.#options = options;
    this.#settleAsTold = createSettling(options.settle);
    this.#random = createRandom(`${options.seed} ${options.run}`).next;
    const { asked, answered } = foldPromises(promiseReader(options.promises)());
    this.#file = openPromises(options.promises);
    this.#number = asked.size;
    this.#answered = new Set(answered.keys());
    const all = [...asked.values()];
    const open = all.filter(({ key }) => !answered.has(key));
    const known = all.filter(({ key }) => answered.has(key)).slice(-REPEATED_KEYS);
    this.#again = [...open, ...known];
  }

  strategy(): Strategy {
    const { mode, run, everyMs } = this.#options;
    return {
      name: 'load',
      timerMs: everyMs,
      onStart: () => {
        this.#file.append({ type: 'started', run, atMs: Date.now() });
        return undefined;
      },
      onTimer: (context) => {
        if (mode === 'trade') this.#trade(context);
        else this.#drain(context);
        return undefined;
      },
      onOrder: ({ intentKey, status }) => {
        if (this.#isTrading || !isTaken(status)) return undefined;
        if (!intentKey.startsWith(`${run}/`)) return undefined;
        this.#isTrading = true;
        this.#file.append({ type: 'trading', run, atMs: Date.now() });
        return undefined;
      },
      onFill: ({ leg, effect }) => {
        if (effect === 'applied') this.#file.append({ type: 'filled', legKey: leg.key });
        return undefined;
      },
    };
  }

  #trade(context: StrategyContext): void {
    this.#cancelOlderThan(context, this.#random() * LONGEST_LIFE_MS);
    this.#settleAsTold(context);
    this.#askAgain(context);
    const chosen = chooseIntent(context, this.#random, this.#number);
    if (chosen !== undefined) this.#askFirst(context, chosen);
  }

  #drain(context: StrategyContext): void {
    this.#askAgain(context);
    this.#cancelOlderThan(context, 500);
    this.#settleAsTold(context);
  }

  #askFirst(context: StrategyContext, chosen: Omit<Asked, 'key'>): void {
    const { run } = this.#options;
    if (context.isPending(chosen.instrument, chosen.side)) return;
    this.#number += 1;
    const asked = { ...chosen, key: `${run}/${this.#number}` };
    this.#file.append({ type: 'asked', asked });
    this.#ask(context, asked);
  }

  #askAgain(context: StrategyContext): void {
    for (const asked of this.#again.splice(0, MOST_AT_ONCE)) this.#ask(context, asked);
  }

  #ask(context: StrategyContext, asked: Asked): void {
    const { key } = asked;
    context.submit(asked as StrategyIntent).then(
      (result) => {
        // Held back by an order at work on the same side: asked for again when that is over.
        if (result === undefined) return this.#again.push(asked);
        const repeated = this.#answered.has(key);
        this.#answered.add(key);
        this.#file.append({ type: 'answered', key, orderId: result.orderId, repeated });
        this.#file.sync();
        return undefined;
      },
      (error: unknown) => {
        const code = error instanceof FillwrightFault ? error.code : 'unexpected';
        const isOpen = /^(?:store_unavailable|overloaded|not_running|lease_lost)$/.test(code);
        if (isOpen) this.#again.push(asked);
        else this.#file.append({ type: 'refused', key, code, message: String(error) });
      },
    );
  }

  #cancelOlderThan(context: StrategyContext, ageMs: number): void {
    const now = context.now();
    for (const { clientOrderId, status, createdAtMs } of context.workingOrders()) {
      if (status === 'UNKNOWN' || now - createdAtMs < ageMs) continue;
      if (now - (this.#cancelledAtMs.get(clientOrderId) ?? 0) < CANCEL_AGAIN_MS) continue;
      this.#cancelledAtMs.set(clientOrderId, now);
      context.cancel(clientOrderId, 'the load moves on').catch(() => undefined);
    }
  }
}
