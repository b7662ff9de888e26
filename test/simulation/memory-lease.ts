/**
 * The writer lease over the simulated database: the row, and what one process believes of it. The same
 * rules as the real one: an epoch that grows with every taking, asserted by every write at the
 * server; acting ends some time before the server's end of it.
 */
import type { AcquireOptions, WriterLease } from '../../src/actors/store-port.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { StoreLine } from './memory-store.ts';

const LEASE_MS = 6_000;
const VALID_MS = 5_000;
const RENEW_MS = 2_000;
const RETRY_MS = 500;

/** The row that all processes share. Times are the server's. */
export interface LeaseRow {
  epoch: number;
  /** Whose it is: of each taker another object. */
  token: object | undefined;
  expiresAtMs: number;
  /** The process that took it. */
  holder: number;
  /** It is known to run no more. */
  isHolderDead: boolean;
  /** Until then one that was displaced by force may still act: also whoever takes next waits. */
  notBeforeMs: number;
}

export interface LeaseTime {
  now(): number;
  after(waitMs: number, callback: () => void): () => void;
}

export interface MemoryLeaseOptions {
  readonly row: LeaseRow;
  /** Number of this process. */
  readonly holder: number;
  readonly line: StoreLine;
  /** The server's clock. */
  readonly serverNow: () => number;
  /** The process's own time. */
  readonly time: LeaseTime;
}

export interface MemoryLease extends WriterLease {
  acquire(options?: AcquireOptions): Promise<void>;
  /** At the server, within a write. Undefined: this process never asked for the lease. */
  guard(): (() => void) | undefined;
  /** The process hears that a write of it was refused. */
  lose(): FillwrightFault;
  release(): Promise<void>;
}

export function newLeaseRow(): LeaseRow {
  return {
    epoch: 0,
    token: undefined,
    expiresAtMs: 0,
    holder: 0,
    isHolderDead: true,
    notBeforeMs: 0,
  };
}

/** A process has ended where others can see it: what it has is free; what another one has is not. */
export function seeDead(row: LeaseRow, holder: number): void {
  if (row.holder === holder) row.isHolderDead = true;
}

interface Held {
  readonly epoch: number;
  validUntilMs: number;
  readonly notBeforeMs: number;
}

export function createMemoryLease(options: MemoryLeaseOptions): MemoryLease {
  const { row, line, serverNow, time } = options;
  const token = {};
  const listeners = new Set<(fault: FillwrightFault) => void>();
  const waiters: { resolve(): void; reject(fault: FillwrightFault): void }[] = [];
  let held: Held | undefined;
  let over: FillwrightFault | undefined;
  let cancelNext = (): void => undefined;

  function mayAct(): boolean {
    if (held === undefined) return false;
    return time.now() < held.validUntilMs && time.now() >= held.notBeforeMs;
  }

  function wake(): void {
    if (!mayAct()) return;
    for (const { resolve } of waiters.splice(0)) resolve();
  }

  function isMine(epoch: number): boolean {
    return row.epoch === epoch && row.token === token;
  }

  function renewAfter(waitMs: number): void {
    cancelNext = time.after(waitMs, () => void renew());
  }

  async function renew(): Promise<void> {
    const mine = held;
    if (mine === undefined) return;
    const askedAtMs = time.now();
    try {
      const isOurs = await line('lease.renew', () => {
        if (!isMine(mine.epoch)) return false;
        row.expiresAtMs = serverNow() + LEASE_MS;
        return true;
      });
      if (held !== mine) return;
      if (!isOurs) {
        lose();
        return;
      }
      mine.validUntilMs = askedAtMs + VALID_MS;
      wake();
      renewAfter(RENEW_MS);
    } catch {
      if (held === mine) renewAfter(RETRY_MS);
    }
  }

  function lose(): FillwrightFault {
    if (over !== undefined) return over;
    const fault = new FillwrightFault('lease_lost', 'Another engine has taken the writer lease.');
    over = fault;
    held = undefined;
    cancelNext();
    for (const listener of listeners) listener(fault);
    for (const { reject } of waiters.splice(0)) reject(fault);
    return fault;
  }

  /** At the server: how long one before may still act. */
  function take(byForce: boolean): { epoch: number; waitMs: number } {
    const isFree = row.token === undefined || row.token === token || row.isHolderDead;
    const leftMs = isFree ? 0 : Math.max(0, row.expiresAtMs - serverNow());
    if (leftMs > 0 && !byForce) {
      throw new FillwrightFault('store_busy', 'Another engine writes to this store.', { leftMs });
    }
    if (leftMs > 0) row.notBeforeMs = Math.max(row.notBeforeMs, row.expiresAtMs);
    row.epoch += 1;
    row.token = token;
    row.holder = options.holder;
    row.isHolderDead = false;
    row.expiresAtMs = serverNow() + LEASE_MS;
    return { epoch: row.epoch, waitMs: Math.max(0, row.notBeforeMs - serverNow()) };
  }

  return {
    mayAct,
    untilActive() {
      if (mayAct()) return Promise.resolve();
      if (over !== undefined) return Promise.reject(over);
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject });
      });
    },
    onLost(listener) {
      const fault = over;
      if (fault === undefined) listeners.add(listener);
      else queueMicrotask(() => listener(fault));
      return () => listeners.delete(listener);
    },
    async acquire({ whenBusy = 'refuse' } = {}) {
      if (over !== undefined) throw over;
      if (held !== undefined) return;
      const askedAtMs = time.now();
      const { epoch, waitMs } = await line('lease.take', () => take(whenBusy === 'takeOver'));
      const notBeforeMs = time.now() + waitMs;
      held = { epoch, validUntilMs: askedAtMs + VALID_MS, notBeforeMs };
      renewAfter(RENEW_MS);
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          time.after(waitMs, resolve);
        });
      }
      wake();
    },
    guard() {
      if (over !== undefined) throw over;
      const mine = held;
      if (mine === undefined) return undefined;
      return () => {
        if (!isMine(mine.epoch)) {
          throw new FillwrightFault('lease_lost', 'The writer lease is held no more.');
        }
      };
    },
    lose,
    async release() {
      cancelNext();
      const mine = held;
      held = undefined;
      over ??= new FillwrightFault('not_running', 'The store is closed.');
      const giveBack = (): void => {
        if (mine !== undefined && isMine(mine.epoch)) row.token = undefined;
      };
      await line('lease.release', giveBack).catch(() => undefined);
    },
  };
}
