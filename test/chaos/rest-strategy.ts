/** Bids at the bottom of the books, which stay; and one new bid in each life, to see when it trades again. */
import { z } from 'zod';
import type { Strategy, StrategyContext } from '../../src/actors/strategy.ts';
import { toText } from '../../src/domain/decimal.ts';
import { sizeOfNumber } from './choose-intent.ts';
import { isTaken, openPromises } from './promises.ts';

const Options = z.object({
  /** The file of promises.ts. */
  promises: z.string(),
  /** Which life this is. */
  run: z.coerce.string(),
  /** How many bids rest. */
  bids: z.coerce.number(),
  /** One more bid in each life, which is cancelled when the venue has acknowledged it. */
  probes: z.boolean(),
});

/** Nobody sells so low. */
const PRICE = '0.02';
/** Fifty strategies that bid so many every two seconds keep below the venue's limit. */
const MOST_AT_ONCE = 20;
const REST_EVERY_MS = 2_000;

export function createStrategy(options: unknown): Strategy {
  const { promises, run, bids, probes } = Options.parse(options);
  const file = openPromises(promises);
  const probeKey = `probe ${run}`;
  let number = 0;

  function bid(context: StrategyContext, instrument: string, key?: string): void {
    number += 1;
    const size = toText(sizeOfNumber(number));
    const intent = { instrument, side: 'BUY', price: PRICE, size } as const;
    // What is refused is asked for in the next turn.
    context.submit({ ...intent, ...(key === undefined ? {} : { key }) }).catch(() => undefined);
  }

  const freeOnes = (context: StrategyContext) =>
    context.instruments().filter(({ id }) => !context.isPending(id, 'BUY'));

  return {
    name: 'rest',
    timerMs: REST_EVERY_MS,
    onStart(context) {
      if (!probes) return undefined;
      file.append({ type: 'started', run, atMs: Date.now() });
      const [free] = freeOnes(context);
      if (free !== undefined) bid(context, free.id, probeKey);
      return undefined;
    },
    onTimer(context) {
      const free = freeOnes(context);
      const wanted = bids - (context.instruments().length - free.length);
      for (const { id } of free.slice(0, Math.max(0, Math.min(wanted, MOST_AT_ONCE)))) {
        bid(context, id);
      }
      return undefined;
    },
    onOrder({ clientOrderId, intentKey, status }, context) {
      if (intentKey !== probeKey || !isTaken(status)) return undefined;
      file.append({ type: 'trading', run, atMs: Date.now() });
      context.cancel(clientOrderId, 'it has shown what it was to show').catch(() => undefined);
      return undefined;
    },
  };
}
