/** What the user channel counted. Every skipped or odd message is counted somewhere here. */
import { dropOldest } from '../../../domain/drop-oldest.ts';

export interface UserChannelCounts {
  /** Text frames, PONG included. */
  frames: number;
  /** Orders and trades read. */
  messages: number;
  malformed: number;
  /** Messages that were seen before, word for word; they are handed on. */
  duplicates: number;
  /** Messages of a type that we do not use, by `event_type`. */
  ignored: Record<string, number>;
  /** Statuses that we do not know, of orders and trades, by their text. */
  unknownStatuses: Record<string, number>;
  /** Other oddities, by kind: see `Finding`. */
  findings: Record<string, number>;
  reconnects: number;
  /** Frames dropped because too many waited; each time the connection was made anew. */
  dropped: number;
  /** Frames handed on although the store had refused them. */
  notKept: number;
}

/** The names come from outside: more than this many go together under `other`. */
const MAX_NAMES = 50;
const MAX_NAME_LENGTH = 60;

export function noUserChannelCounts(): UserChannelCounts {
  return {
    frames: 0,
    messages: 0,
    malformed: 0,
    duplicates: 0,
    ignored: Object.create(null),
    unknownStatuses: Object.create(null),
    findings: Object.create(null),
    reconnects: 0,
    dropped: 0,
    notKept: 0,
  };
}

/** Counts one more of `name`, with a bound on the number of names. */
export function countName(counts: Record<string, number>, name: string): void {
  const short = name.slice(0, MAX_NAME_LENGTH);
  const key = short in counts || Object.keys(counts).length < MAX_NAMES ? short : 'other';
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Messages that are remembered to know a repetition: some minutes of a busy account. */
const MAX_REMEMBERED = 5_000;

/** Tells whether a key was among the last 5,000. */
export function createRecentKeys(): (key: string) => boolean {
  const keys = new Set<string>();
  return (key) => {
    if (keys.has(key)) return true;
    keys.add(key);
    dropOldest(keys, MAX_REMEMBERED);
    return false;
  };
}
