/** Bids at the bottom of the books, which stay; and one new bid in each life, to see when it trades again. */
import { z } from 'zod';
import type { Strategy, StrategyContext } from '../../src/actors/strategy.ts';
import { toText } from '../../src/domain/decimal.ts';
import { sizeOfNumber } from './choose-intent.ts';
import { isTaken, openPromises } from './promises.ts';
import { createSettling } from './settle-as-told.ts';

const Options = z.object({
  /** The file of promises.ts. */
  promises: z.string(),
  /** Which life this is. */
  run: z.coerce.string(),
  /** How many bids rest. */
  bids: z.coerce.number(),
  /** One more bid in each life, which is cancelled when the venue has acknowledged it. */
  probes: z.boolean(),
  /** Orders that a person settles: the ids, a line each. */
  settle: z.string(),
});

/** Nobody sells so low. */
const PRICE = '0.02';
/**
 * Of each strategy. Fifty of them that bid so many every second keep below the venue's limit; and they
 * wait for a venue that is slower: what waits long is old when it is sent.
 */
const MOST_UNANSWERED = 6;
const REST_EVERY_MS = 1_000;

export function createStrategy(options: unknown): Strategy {
  const { promises, run, bids, probes, settle } = Options.parse(options);
  const file = openPromises(promises);
  const settleAsTold = createSettling(settle);
  const probeKey = `probe ${run}`;
  let number = 0;
  /** Bids of this life of which the venue has said nothing yet. */
  const unanswered = new Set<string>();

  function bid(context: StrategyContext, instrument: string, key?: string): void {
    number += 1;
    const size = toText(sizeOfNumber(number));
    const intent = { instrument, side: 'BUY', price: PRICE, size } as const;
    context.submit({ ...intent, ...(key === undefined ? {} : { key }) }).then(
      (taken) => {
        if (taken?.order.status === 'PENDING') unanswered.add(taken.orderId);
      },
      // What is refused is asked for in the next turn.
      () => undefined,
    );
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
      settleAsTold(context);
      const free = freeOnes(context);
      const wanted = bids - (context.instruments().length - free.length);
      const most = Math.min(wanted, MOST_UNANSWERED - unanswered.size);
      for (const { id } of free.slice(0, Math.max(0, most))) bid(context, id);
      return undefined;
    },
    onOrder({ clientOrderId, intentKey, status }, context) {
      if (status !== 'PENDING') unanswered.delete(clientOrderId);
      if (intentKey !== probeKey || !isTaken(status)) return undefined;
      file.append({ type: 'trading', run, atMs: Date.now() });
      context.cancel(clientOrderId, 'it has shown what it was to show').catch(() => undefined);
      return undefined;
    },
  };
}
