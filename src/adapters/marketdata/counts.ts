/** Counting what a feed saw, and saying what a person should look at. */
import type { MarketDataCounts } from '../../domain/market-data.ts';

/** A line for the log. Facts are plain data and never hold a secret. */
export type FeedLog = (
  level: 'info' | 'warn',
  message: string,
  facts: Readonly<Record<string, unknown>>,
) => void;

export const silentLog: FeedLog = () => undefined;

/** The names come from outside: more than this many go together under `other`. */
const MAX_NAMES = 50;
const MAX_NAME_LENGTH = 60;

export function noCounts(): MarketDataCounts {
  return {
    messages: 0,
    books: 0,
    trades: 0,
    hashChecks: 0,
    hashMismatches: 0,
    hashBatched: 0,
    ignored: Object.create(null),
    reconnects: 0,
  };
}

/** Counts something that was skipped, by name, with a bound on the number of names. */
export function countIgnored(counts: MarketDataCounts, name: string, times = 1): void {
  const short = name.slice(0, MAX_NAME_LENGTH);
  const known = short in counts.ignored;
  const key = known || Object.keys(counts.ignored).length < MAX_NAMES ? short : 'other';
  counts.ignored[key] = (counts.ignored[key] ?? 0) + times;
}
