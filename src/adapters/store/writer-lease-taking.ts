/** Getting the writer lease: from nobody, from one that is dead, after waiting, or by force. */
import type { AcquireOptions } from '../../actors/store-port.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import type { StorePlace } from './connection.ts';
import { storeFault } from './fault.ts';
import type { LeaseConnection } from './writer-lease-connection.ts';
import { isProvablyDead, type LeaseHolder } from './writer-lease-holder.ts';
import { type LeaseRow, readLease, type Taken, takeLease } from './writer-lease-row.ts';
import { type LeaseTime, sleep } from './writer-lease-time.ts';

/** Between two looks of one who waits. */
const LOOK_EVERY_MS = 500;
/** A taking may have to wait for the writers of the one before. */
const TAKE_LIMIT_MS = 10_000;

export interface TakingParts {
  readonly place: StorePlace;
  readonly connection: LeaseConnection;
  readonly time: LeaseTime;
  readonly holder: LeaseHolder;
  /** Names everything that this store takes: an answer that was lost is found again by it. */
  readonly token: string;
  readonly leaseMs: number;
}

export interface TakenLease extends Taken {
  /** When it was asked for, on the lease's time. */
  readonly askedAtMs: number;
}

/**
 * Takes the lease, as `options` say while another has it. `ended` ends the waiting.
 * @throws {FillwrightFault} `store_busy`, `store_unavailable`.
 */
export async function takeWriterLease(
  parts: TakingParts,
  { whenBusy = 'refuse' }: AcquireOptions,
  ended: AbortSignal,
): Promise<TakenLease> {
  const { place, time } = parts;
  let waitingFor: LeaseRow | undefined;
  for (;;) {
    const askedAtMs = time.now();
    try {
      const { taken, row } = await attempt(parts, whenBusy === 'takeOver');
      if (taken !== undefined) return { ...taken, askedAtMs };
      if (row === undefined) continue;
      if (whenBusy !== 'wait' || ended.aborted) throw busy(row, place.schema);
      if (waitingFor?.epoch !== row.epoch) {
        place.log?.warn(factsOf(row, place.schema), `Waiting: ${busy(row, place.schema).message}`);
      }
      waitingFor = row;
    } catch (error) {
      const fault = storeFault(error, 'acquireWriter');
      // Whoever waits for another engine waits for the database as well.
      if (waitingFor === undefined || fault.code !== 'store_unavailable') throw fault;
      if (ended.aborted) throw busy(waitingFor, place.schema);
    }
    await sleep(time, LOOK_EVERY_MS, ended);
  }
}

interface Attempt {
  readonly taken?: Taken;
  /** Who has it. Neither: it has just gone to another. */
  readonly row?: LeaseRow;
}

function attempt(parts: TakingParts, byForce: boolean): Promise<Attempt> {
  const { connection, holder, token, leaseMs } = parts;
  const taking = { holder, token, leaseMs };
  return connection.askInsisting(async (client) => {
    const free = await takeLease(client, taking);
    if (free !== undefined) {
      say(parts, free.epoch, `The writer lease is taken${waits(free.waitMs)}.`);
      return { taken: free };
    }
    const row = await readLease(client);
    const isOver = row.token === token || isProvablyDead(row);
    if (!isOver && !byForce) return { row };
    const taken = await takeLease(client, { ...taking, from: row, byForce: !isOver });
    if (taken === undefined) return {};
    const how = isOver ? 'which runs no more' : 'by force';
    const from = `${nameOf(row)}, ${how}${waits(taken.waitMs)}`;
    say(parts, taken.epoch, `The writer lease is taken from ${from}.`, row);
    return { taken };
  }, TAKE_LIMIT_MS);
}

function waits(waitMs: number): string {
  return waitMs === 0 ? '' : `: nothing is sent for the ${waitMs} ms that one before may still act`;
}

function say({ place }: TakingParts, epoch: number, message: string, from?: LeaseRow): void {
  const { schema, log } = place;
  if (from === undefined) log?.info({ schema, epoch }, message);
  else log?.warn({ ...factsOf(from, schema), takenEpoch: epoch }, message);
}

function nameOf({ pid, host, since, until }: LeaseRow): string {
  return `process ${pid} on ${host} (since ${since}, until ${until} unless renewed)`;
}

function factsOf(row: LeaseRow, schema: string): Readonly<Record<string, unknown>> {
  const { host, pid, since, until, leftMs, epoch } = row;
  return { schema, host, pid, since, until, leftMs, epoch };
}

function busy(row: LeaseRow, schema: string): FillwrightFault {
  const message = `Another engine writes to this store: ${nameOf(row)}.`;
  return new FillwrightFault('store_busy', message, factsOf(row, schema));
}
