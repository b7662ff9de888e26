/** What a doctor's check is: one question, one row of answer, never an exception. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hideInText } from '../adapters/redaction.ts';

export type Status = 'ok' | 'warn' | 'fail';

export interface Row {
  readonly check: string;
  readonly status: Status;
  /** What was found. */
  readonly detail: string;
  /** What to do about it, in one line. Absent where there is nothing to do. */
  readonly fix?: string;
}

export interface Check {
  readonly name: string;
  /** What to do when the check throws or takes too long. */
  readonly fix: string;
  run(): Promise<Omit<Row, 'check'>>;
}

/** No question to a venue or a database takes longer, unless nobody answers. */
const LIMIT_MS = 20_000;

export const ok = (detail: string): Omit<Row, 'check'> => ({ status: 'ok', detail });
export const warn = (detail: string, fix: string): Omit<Row, 'check'> => ({
  status: 'warn',
  detail,
  fix,
});
export const fail = (detail: string, fix: string): Omit<Row, 'check'> => ({
  status: 'fail',
  detail,
  fix,
});

/** The row of a check; what it throws is its answer. Secrets are taken out of any message. */
export async function examine(check: Check): Promise<Row> {
  const over = new AbortController();
  const limit = sleep(LIMIT_MS, undefined, { signal: over.signal, ref: false }).then(() =>
    fail(`no answer in ${LIMIT_MS / 1_000} s`, check.fix),
  );
  // An examination that ended in time takes its limit back.
  limit.catch(() => undefined);
  try {
    return { check: check.name, ...(await Promise.race([check.run(), limit])) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { check: check.name, ...fail(hideInText(message.split('\n')[0] ?? ''), check.fix) };
  } finally {
    over.abort();
  }
}
