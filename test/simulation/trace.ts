/** What happened, in order: every call of a port and everything that was delivered, hashed. */
import { createHash } from 'node:crypto';

/** The newest lines, for a report of a failure. */
const KEPT_LINES = 400;

export interface Trace {
  note(atMs: number, line: string): void;
  readonly lines: number;
  readonly newest: readonly string[];
  hash(): string;
}

/** @param keep every line, for a reader; otherwise the newest only. */
export function createTrace(startMs: number, keep = false): Trace {
  const hash = createHash('sha256');
  let newest: string[] = [];
  let lines = 0;

  return {
    note(atMs, line) {
      const text = `${((atMs - startMs) / 1_000).toFixed(3)} ${line}`;
      hash.update(text);
      hash.update('\n');
      lines += 1;
      newest.push(text);
      if (!keep && newest.length > 2 * KEPT_LINES) newest = newest.slice(-KEPT_LINES);
    },
    get lines() {
      return lines;
    },
    get newest() {
      return keep ? newest : newest.slice(-KEPT_LINES);
    },
    hash: () => hash.copy().digest('hex'),
  };
}
