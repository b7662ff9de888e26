/**
 * The writer lease: at most one engine writes to a schema and acts on what is in it. It is a row with
 * an epoch, renewed while its engine lives and asserted by every write inside its own transaction.
 * It outlives the connections of its engine, and ends by the server's clock.
 */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { AcquireOptions, WriterLease } from '../../actors/store-port.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import type { StorePlace } from './connection.ts';
import { codeOf, messageOf, oneLine } from './fault.ts';
import { openLeaseConnection } from './writer-lease-connection.ts';
import { thisProcess } from './writer-lease-holder.ts';
import { type LeaseClaim, releaseLease, renewLease } from './writer-lease-row.ts';
import { type TakenLease, takeWriterLease } from './writer-lease-taking.ts';
import { createLeaseTime, type LeaseTime, sleep } from './writer-lease-time.ts';

/**
 * Longer than a restart of the database or a pause of the process usually takes, so that those cost
 * nothing; short, since an account stands still for so long when the machine of its engine is gone.
 */
const LEASE_MS = 6_000;
/** Of the lease: two renewals may fail before anything stops. */
const RENEW_SHARE = 1 / 3;
/**
 * Of the lease: its holder stops so much before the server's end of it. For clocks that run apart,
 * and for the way of the last request to the venue.
 */
const MARGIN_SHARE = 1 / 6;
/** After a failed renewal. */
const RETRY_MS = 500;
/** An orderly stop does not wait longer for a server that is gone; the lease ends by itself. */
const RELEASE_LIMIT_MS = 2_000;
/** SQLSTATE of `assert_writer`. */
const LEASE_LOST = 'WL001';

/** SQL: a call that fails the transaction of a writer whose lease is gone. */
export type WriterGuard = RawBuilder<unknown>;

export interface StoreLease extends WriterLease {
  /** @throws {FillwrightFault} as `Store.acquireWriter`. */
  acquire(options?: AcquireOptions): Promise<void>;
  /**
   * Runs a write that asserts the lease by `guard`, which is undefined where it was never asked for.
   * @throws {FillwrightFault} `lease_lost`, from now on always, when another engine has taken it.
   */
  guarded<T>(write: (guard: WriterGuard | undefined) => Promise<T>): Promise<T>;
  /** Those that wait in `untilActive`. */
  readonly waiting: number;
  /** Gives it back, for good. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  /** Milliseconds that it is good for after each renewal. Default 6,000. */
  readonly leaseMs?: number | undefined;
  readonly leaseTime?: LeaseTime | undefined;
}

interface Held extends LeaseClaim {
  /** On the lease's time: nobody else can have it until then. */
  validUntilMs: number;
  /** On the lease's time: the one before may act until then. */
  readonly notBeforeMs: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (fault: FillwrightFault) => void;
}

/** The lease of the schema of `place`, taken when asked for. */
export function createWriterLease(place: StorePlace, options: LeaseOptions = {}): StoreLease {
  const { schema, log } = place;
  const { leaseMs = LEASE_MS, leaseTime: time = createLeaseTime() } = options;
  const validMs = leaseMs * (1 - MARGIN_SHARE);
  const renewMs = leaseMs * RENEW_SHARE;
  const connection = openLeaseConnection(place);
  const token = randomUUID();
  const listeners = new Set<(fault: FillwrightFault) => void>();
  /** Ends the waiting of a taking. */
  const stopped = new AbortController();
  let waiters: Waiter[] = [];
  let held: Held | undefined;
  /** Why there will never be one again. */
  let over: FillwrightFault | undefined;
  let acquiring: Promise<void> | undefined;
  let renewing: Promise<void> | undefined;
  let cancelNext: (() => void) | undefined;
  let saidDoubtful = false;

  function mayAct(): boolean {
    if (held === undefined) return false;
    const nowMs = time.now();
    return nowMs < held.validUntilMs && nowMs >= held.notBeforeMs;
  }

  function wakeWaiters(): void {
    if (!mayAct()) return;
    const awake = waiters;
    waiters = [];
    for (const { resolve } of awake) resolve();
  }

  function end(fault: FillwrightFault): void {
    over = fault;
    held = undefined;
    cancelNext?.();
    stopped.abort();
    for (const { reject } of waiters.splice(0)) reject(fault);
  }

  function lose({ epoch }: LeaseClaim): FillwrightFault {
    if (over !== undefined) return over;
    const message =
      'Another engine has taken the writer lease: this one writes and sends nothing any more.';
    const fault = new FillwrightFault('lease_lost', message, { schema, epoch });
    log?.warn({ schema, epoch }, message);
    held = undefined;
    // First: whoever waits must find everything stopped.
    for (const listener of listeners) listener(fault);
    listeners.clear();
    end(fault);
    void connection.close();
    return fault;
  }

  function renewAfter(waitMs: number): void {
    cancelNext = time.after(waitMs, () => {
      renewing = renew().finally(() => {
        renewing = undefined;
      });
    });
  }

  async function renew(): Promise<void> {
    const mine = held;
    if (mine === undefined) return;
    const askedAtMs = time.now();
    try {
      const isOurs = await connection.ask((client) => renewLease(client, mine, leaseMs), renewMs);
      if (held !== mine) return;
      if (!isOurs) {
        lose(mine);
        return;
      }
      mine.validUntilMs = askedAtMs + validMs;
      if (saidDoubtful) log?.info({ schema }, 'The writer lease is renewed: sending goes on.');
      saidDoubtful = false;
      wakeWaiters();
      renewAfter(renewMs);
    } catch (error) {
      if (held !== mine) return;
      sayDoubtful(error);
      renewAfter(Math.min(RETRY_MS, renewMs));
    }
  }

  function sayDoubtful(error: unknown): void {
    if (saidDoubtful || mayAct()) return;
    saidDoubtful = true;
    const reason = oneLine(messageOf(error));
    log?.warn(
      { schema, reason },
      'The writer lease cannot be renewed: nothing is sent until it is.',
    );
  }

  async function acquire(how: AcquireOptions): Promise<void> {
    const signals = how.signal === undefined ? [] : [how.signal];
    const ended = AbortSignal.any([stopped.signal, ...signals]);
    const parts = { place, connection, time, holder: thisProcess(), token, leaseMs };
    await begin(await takeWriterLease(parts, how, ended), ended);
  }

  async function begin({ epoch, askedAtMs, waitMs }: TakenLease, ended: AbortSignal) {
    const notBeforeMs = time.now() + waitMs;
    held = { epoch, token, validUntilMs: askedAtMs + validMs, notBeforeMs };
    renewAfter(renewMs);
    for (;;) {
      const leftMs = notBeforeMs - time.now();
      if (leftMs <= 0) break;
      await sleep(time, leftMs, ended);
      if (over !== undefined) throw over;
      if (ended.aborted) throw new FillwrightFault('store_busy', 'The take-over was given up.');
    }
    wakeWaiters();
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
      else if (fault.code === 'lease_lost') queueMicrotask(() => listener(fault));
      return () => listeners.delete(listener);
    },
    async acquire(how = {}) {
      if (over !== undefined) throw over;
      if (held !== undefined && acquiring === undefined) return;
      acquiring ??= acquire(how).finally(() => {
        acquiring = undefined;
      });
      await acquiring;
    },
    async guarded(write) {
      if (over !== undefined) throw over;
      const mine = held;
      if (mine === undefined) return write(undefined);
      try {
        return await write(sql`assert_writer(${mine.epoch}::bigint, ${token}::text)`);
      } catch (error) {
        if (codeOf(error) === LEASE_LOST) throw lose(mine);
        throw error;
      }
    },
    get waiting() {
      return waiters.length;
    },
    async release() {
      stopped.abort();
      await acquiring?.catch(() => undefined);
      cancelNext?.();
      await renewing;
      const mine = held;
      if (mine !== undefined) {
        end(new FillwrightFault('not_running', 'The store is closed.'));
        const giveBack = connection.ask((client) => releaseLease(client, mine), RELEASE_LIMIT_MS);
        // Where that fails it ends by itself.
        await giveBack.catch(() => undefined);
      }
      await connection.close();
    },
  };
}
