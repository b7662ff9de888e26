/**
 * Sending one order: may it go now, what did the venue say, and what follows from that. A refusal of
 * bytes that may have been taken before is no refusal yet.
 */
import type { Clock, PreparedOrder, SubmitOutcome } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import type { Markets } from './markets.ts';
import type { VenueModes } from './modes.ts';
import type { SubmitVerdict } from './outcomes-submit.ts';
import type { OrderRecord, PreparedOrders } from './polymarket-venue-prepared.ts';
import type { OrderReader } from './rest-orders.ts';
import { retryNotTaken } from './rest-retry.ts';
import type { SubmitQueue } from './submit-queue.ts';

/**
 * How long an order that the venue may have taken can stay unseen; nobody documents it. After that
 * a refusal of the same bytes counts, when the order is nowhere to be seen.
 */
export const DOUBT_SETTLES_MS = 10_000;
/** A halted market or account is for a person to look at. */
const HALTED_RETRY_MS = 60_000;

export interface SubmitCounts {
  unknown: number;
  duplicated: number;
  /** Orders that the venue took under another id than ours. */
  foreignIds: number;
  rejected: number;
  notAccepted: number;
}

export interface SubmitterOptions {
  readonly clock: Clock;
  readonly queue: SubmitQueue;
  readonly modes: VenueModes;
  readonly markets: Markets;
  readonly orders: Pick<OrderReader, 'order'>;
  readonly prepared: PreparedOrders;
  readonly log: FeedLog;
  readonly onStaleBalance: (tokenId: string) => void;
}

export interface Submitter {
  /** @throws {FillwrightFault} `venue_unknown` when nobody knows what became of it. */
  submit(prepared: PreparedOrder, signal: AbortSignal): Promise<SubmitOutcome>;
  /** Why such an order is not sent; undefined for one that is. */
  haltOf(order: Pick<OrderRecord, 'tokenId' | 'side'>): string | undefined;
  /** No more BUY orders. */
  haltEntries(reason: string): void;
  /** Why the account sends nothing more, or only exits; undefined while it sends all. */
  readonly accountHalt: string | undefined;
  readonly counts: Readonly<SubmitCounts>;
}

export function createSubmitter(options: SubmitterOptions): Submitter {
  const { clock, queue, modes, markets, orders, prepared: made, log } = options;
  const counts: SubmitCounts = {
    ...{ unknown: 0, duplicated: 0, foreignIds: 0, rejected: 0, notAccepted: 0 },
  };
  let accountHalt: string | undefined;
  let entriesHalt: string | undefined;

  function haltOf({ tokenId, side }: Pick<OrderRecord, 'tokenId' | 'side'>): string | undefined {
    if (accountHalt !== undefined) return accountHalt;
    if (side === 'BUY' && entriesHalt !== undefined) return entriesHalt;
    return markets.haltReason(markets.ofToken(tokenId)?.conditionId ?? tokenId);
  }

  async function attempt(
    order: PreparedOrder,
    record: OrderRecord,
    signal: AbortSignal,
  ): Promise<SubmitVerdict> {
    const admission = modes.admit(record);
    if (admission.kind === 'hold') {
      const { reason, retryAfterMs } = admission;
      return { outcome: { kind: 'notAccepted', reason, retryAfterMs } };
    }
    const lane = record.side === 'SELL' ? 'fast' : 'normal';
    const verdict = await queue.submit({ ...order, lane }, signal);
    admission.settle(verdict);
    heed(verdict, record);
    return verdict;
  }

  /** What else an answer says. */
  function heed(verdict: SubmitVerdict, record: OrderRecord): void {
    const { tokenId } = record;
    const reason = 'reason' in verdict.outcome ? verdict.outcome.reason : '';
    if (verdict.consequence === 'haltAccount' && accountHalt === undefined) {
      accountHalt = reason;
      log('warn', 'The account may not trade: no order is sent any more.', { reason });
    }
    if (verdict.consequence === 'haltEntries') haltEntries(reason);
    if (verdict.consequence === 'haltMarket') {
      markets.halt(markets.ofToken(tokenId)?.conditionId ?? tokenId, reason);
    }
    if (verdict.consequence === 'refreshBalance') options.onStaleBalance(tokenId);
    if (verdict.consequence !== 'refreshTick') return;
    if (verdict.tickSize === undefined) void markets.refreshTick(tokenId);
    else markets.onTickSize(tokenId, verdict.tickSize);
  }

  function haltEntries(reason: string): void {
    if (entriesHalt !== undefined) return;
    entriesHalt = reason;
    log('warn', 'The account may only close: no BUY order is sent any more.', { reason });
  }

  /** An earlier sending was taken, or may have been: only the order itself says what became of it. */
  async function lookUp(id: string, reason: string): Promise<SubmitOutcome | undefined> {
    const found = await orders.order(id);
    if (found === undefined) return undefined;
    const { status } = found;
    if (status === 'live' || status === 'matched' || status === 'delayed') {
      return { kind: 'acknowledged', venueOrderId: id, status };
    }
    // Over, and perhaps filled before: the look-up that follows tells the order all of it.
    throw unknown(id, `${reason}; the order is shown as ${found.rawStatus}`);
  }

  async function settle(
    { venueOrderId: id }: PreparedOrder,
    record: OrderRecord,
    { outcome }: SubmitVerdict,
  ): Promise<SubmitOutcome> {
    switch (outcome.kind) {
      case 'acknowledged':
      case 'killed':
        record.doubtedAtMs = undefined;
        return outcome;
      case 'notAccepted':
        counts.notAccepted += 1;
        return outcome;
      case 'rejected': {
        counts.rejected += 1;
        const { doubtedAtMs } = record;
        if (doubtedAtMs === undefined) return outcome;
        const found = await lookUp(id, outcome.reason);
        if (found !== undefined || clock.now() - doubtedAtMs >= DOUBT_SETTLES_MS) {
          return found ?? outcome;
        }
        throw unknown(id, `refused, but sent before: ${outcome.reason}`);
      }
      case 'duplicated': {
        counts.duplicated += 1;
        record.doubtedAtMs ??= clock.now();
        const found = await lookUp(id, outcome.reason);
        if (found !== undefined) return found;
        throw unknown(id, `${outcome.reason}, but the venue does not show it`);
      }
      case 'foreignId':
        counts.foreignIds += 1;
        record.doubtedAtMs ??= clock.now();
        log('warn', 'The venue took an order under an id that is not its hash.', { ...outcome });
        throw unknown(id, outcome.reason);
      case 'unknown':
        counts.unknown += 1;
        record.doubtedAtMs ??= clock.now();
        throw unknown(id, outcome.reason);
    }
  }

  /** Goes on when nobody waits any more: what the venue says is heeded all the same. */
  async function run(
    order: PreparedOrder,
    record: OrderRecord,
    signal: AbortSignal,
  ): Promise<SubmitOutcome> {
    const verdict = await retryNotTaken(
      clock,
      signal,
      () => attempt(order, record, signal),
      ({ outcome }) => (outcome.kind === 'notAccepted' ? outcome.retryAfterMs : undefined),
    );
    return settle(order, record, verdict);
  }

  return {
    async submit(order, signal) {
      const record = made.recordOf(order, clock.now());
      const halt = haltOf(record);
      if (halt === undefined) return unlessAborted(order, signal, run(order, record, signal));
      const reason = `not sent: ${halt}`;
      // Bytes that may be at the venue are not refused by our not sending them again.
      return record.doubtedAtMs === undefined
        ? { kind: 'rejected', reason }
        : { kind: 'notAccepted', reason, retryAfterMs: HALTED_RETRY_MS };
    },
    haltOf,
    haltEntries,
    get accountHalt() {
      return accountHalt ?? entriesHalt;
    },
    counts,
  };
}

function unlessAborted(
  { venueOrderId }: PreparedOrder,
  signal: AbortSignal,
  answering: Promise<SubmitOutcome>,
): Promise<SubmitOutcome> {
  return new Promise((resolve, reject) => {
    const gaveUp = (): void => reject(unknown(venueOrderId, 'given up before it was answered'));
    if (signal.aborted) gaveUp();
    else signal.addEventListener('abort', gaveUp, { once: true });
    answering.then(resolve, reject).finally(() => signal.removeEventListener('abort', gaveUp));
  });
}

function unknown(venueOrderId: string, reason: string): FillwrightFault {
  const message = `Nobody knows what became of the order: ${reason}.`;
  return new FillwrightFault('venue_unknown', message, { venueOrderId, reason });
}
