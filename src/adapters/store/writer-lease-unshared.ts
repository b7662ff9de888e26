/** The lease of a schema that nobody else can know: there is nothing to take and nothing to lose. */
import type { StoreLease } from './writer-lease.ts';

/** Of a replay: its time is virtual, so a renewal in real time must not decide anything. */
export function createUnsharedLease(): StoreLease {
  return {
    mayAct: () => true,
    untilActive: () => Promise.resolve(),
    onLost: () => () => undefined,
    acquire: () => Promise.resolve(),
    guarded: (write) => write(undefined),
    waiting: 0,
    release: () => Promise.resolve(),
  };
}
