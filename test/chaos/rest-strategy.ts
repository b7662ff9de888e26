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
  /** How many bids rest; absent: one new bid in each life. */
  bids: z.coerce.number().optional(),
});

/** Nobody sells so low. */
const PRICE = '0.02';
/** Fifty strategies that bid so many every two seconds keep below the venue's limit. */
const MOST_AT_ONCE = 20;
const REST_EVERY_MS = 2_000;
const PROBE_EVERY_MS = 20;

export function createStrategy(options: unknown): Strategy {
  const { promises, run, bids } = Options.parse(options);
  const isProbe = bids === undefined;
  const file = openPromises(promises);
  const prefix = isProbe ? `probe ${run}/` : undefined;
  let placed = 0;
  let isTrading = false;

  function bid(context: StrategyContext): undefined {
    const free = context.instruments().filter(({ id }) => !context.isPending(id, 'BUY'));
    const working = context.instruments().length - free.length;
    const wanted = isProbe ? 1 - placed : Math.min(bids - working, MOST_AT_ONCE);
    for (const { id } of free.slice(0, Math.max(0, wanted))) {
      placed += 1;
      const size = toText(sizeOfNumber(placed));
      const intent = { instrument: id, side: 'BUY', price: PRICE, size } as const;
      const key = prefix === undefined ? {} : { key: `${prefix}${placed}` };
      context.submit({ ...intent, ...key }).catch(() => {
        placed -= 1;
      });
    }
    return undefined;
  }

  return {
    name: 'rest',
    timerMs: isProbe ? PROBE_EVERY_MS : REST_EVERY_MS,
    onStart() {
      if (isProbe) file.append({ type: 'started', run, atMs: Date.now() });
      return undefined;
    },
    onTimer: bid,
    onOrder({ intentKey, status }) {
      if (isTrading || prefix === undefined || !intentKey.startsWith(prefix)) return undefined;
      if (!isTaken(status)) return undefined;
      isTrading = true;
      file.append({ type: 'trading', run, atMs: Date.now() });
      return undefined;
    },
  };
}
