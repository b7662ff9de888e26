/**
 * Cancels on their way to the venue. Those of one moment go in one request. That the venue says
 * `canceled` is a claim: the order is read until it shows. Sources: Polymarket docs, "Cancel orders";
 * py-clob-client #316 (no matched size in the answer), #166 (a cancel that did nothing).
 */

import type { CancelOutcome, Clock, VenueOrderReport } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import { atTickEnd } from './at-tick-end.ts';
import { type CancelVerdict, classifyCancels } from './outcomes-cancel.ts';
import type { Rest } from './rest.ts';
import type { OrderReader } from './rest-orders.ts';
import { retryNotTaken, waitFor } from './rest-retry.ts';

/** A cancel may show a moment after it was answered. Milliseconds after the answer. */
export const LOOKS_AFTER_MS = [0, 300, 700];
/** Below the burst of cancels of the lowest tier, so that one request can go at once. */
const MAX_IN_REQUEST = 100;
const MAX_REQUESTS_UNDER_WAY = 8;
/** More than an account may have open; the engine asks again for what is refused here. */
const MAX_WAITING_CANCELS = 10_000;
/** More than this are proven by one listing instead of a reading each. */
const MAX_READ_ONE_BY_ONE = 10;

export interface CancelQueueOptions {
  readonly rest: Pick<Rest, 'cancelOrders'>;
  readonly orders: OrderReader;
  readonly clock: Clock;
  /** Told what a proof read: how much of the order was matched before it ended. */
  readonly onReport: (report: VenueOrderReport) => void;
}

export interface CancelQueue {
  /** @throws {FillwrightFault} `venue_unknown` when nobody knows, or `signal` aborts. */
  cancel(venueOrderId: string, signal: AbortSignal): Promise<CancelOutcome>;
}

interface Entry {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly settle: (verdict: CancelVerdict) => void;
}

/** `gone`: not among what rests. `absent`: not shown when asked for, which proves nothing. */
type Proof = VenueOrderReport | 'gone' | 'absent' | 'unread';

export function createCancelQueue(options: CancelQueueOptions): CancelQueue {
  const { rest, orders, clock, onReport } = options;
  let waiting: Entry[] = [];
  let underWay = 0;

  const drainSoon = atTickEnd(drain);

  function drain(): void {
    waiting = waiting.filter((entry) => !entry.signal.aborted);
    while (underWay < MAX_REQUESTS_UNDER_WAY && waiting.length > 0) {
      const batch = waiting.splice(0, MAX_IN_REQUEST);
      underWay += 1;
      void send(batch).finally(() => {
        underWay -= 1;
        drain();
      });
    }
  }

  async function send(batch: readonly Entry[]): Promise<void> {
    const ids = [...new Set(batch.map(({ id }) => id))];
    const verdicts = classifyCancels(await rest.cancelOrders(ids), ids);
    const claimed = ids.filter((id) => verdicts.get(id)?.kind === 'claimed');
    for (const { id, settle } of batch) {
      const verdict = verdicts.get(id) ?? UNANSWERED;
      if (verdict.kind !== 'claimed') settle(verdict);
    }
    // The next requests need not wait for the proofs of this one.
    if (claimed.length > 0) void prove(batch, claimed);
  }

  async function prove(batch: readonly Entry[], claimed: readonly string[]): Promise<void> {
    const answeredAtMs = clock.now();
    let open: readonly string[] = claimed;
    for (const [look, afterMs] of LOOKS_AFTER_MS.entries()) {
      await waitFor(clock, answeredAtMs + afterMs);
      const isLast = look === LOOKS_AFTER_MS.length - 1;
      const proofs = await readAll(open);
      open = open.filter((id) => {
        const proof = proofs.get(id) ?? 'unread';
        if (!isLast && isStillOpen(proof)) return true;
        if (typeof proof === 'object') onReport(proof);
        const verdict = provenVerdict(proof);
        for (const entry of batch) if (entry.id === id) entry.settle(verdict);
        return false;
      });
      if (open.length === 0) return;
    }
  }

  async function readAll(ids: readonly string[]): Promise<ReadonlyMap<string, Proof>> {
    if (ids.length <= MAX_READ_ONE_BY_ONE) {
      const read = async (id: string): Promise<Proof> => (await orders.order(id)) ?? 'absent';
      const proofs = ids.map(async (id): Promise<[string, Proof]> => {
        return [id, await read(id).catch((): Proof => 'unread')];
      });
      return new Map(await Promise.all(proofs));
    }
    const listed = await orders.allOpenOrders().catch(() => undefined);
    if (listed === undefined) return new Map();
    const resting = new Map(listed.map((report) => [report.venueOrderId.toLowerCase(), report]));
    return new Map(ids.map((id) => [id, resting.get(id.toLowerCase()) ?? 'gone']));
  }

  function once(id: string, signal: AbortSignal): Promise<CancelVerdict> {
    return new Promise((resolve, reject) => {
      const gaveUp = (): void => reject(fault(id, 'given up before it was answered'));
      if (signal.aborted) return gaveUp();
      if (waiting.length >= MAX_WAITING_CANCELS) return reject(fault(id, 'too many cancels wait'));
      signal.addEventListener('abort', gaveUp, { once: true });
      const settle = (verdict: CancelVerdict): void => {
        signal.removeEventListener('abort', gaveUp);
        resolve(verdict);
      };
      waiting.push({ id, signal, settle });
      drainSoon();
    });
  }

  return {
    async cancel(id, signal) {
      const verdict = await retryNotTaken(
        clock,
        signal,
        () => once(id, signal),
        (outcome) => (outcome.kind === 'notAccepted' ? outcome.retryAfterMs : undefined),
      );
      if (verdict.kind === 'claimed') return { kind: 'cancelled' };
      if (verdict.kind === 'rejected') return verdict;
      throw fault(id, verdict.reason);
    },
  };
}

const UNANSWERED: CancelVerdict = { kind: 'unknown', reason: 'the answer does not name the order' };

function isStillOpen(proof: Proof): boolean {
  if (typeof proof !== 'object') return proof !== 'gone';
  return ['live', 'delayed', 'unrecognised'].includes(proof.status);
}

/** Absent bears the claim out: the venue did not always show orders that are over. */
function provenVerdict(proof: Proof): CancelVerdict {
  if (proof === 'absent' || proof === 'gone') return { kind: 'claimed' };
  if (proof === 'unread')
    return { kind: 'unknown', reason: 'said to be cancelled, cannot be read' };
  if (proof.status === 'cancelled' || proof.status === 'expired') return { kind: 'claimed' };
  const reason = `said to be cancelled, is shown as ${proof.rawStatus}`;
  return { kind: isStillOpen(proof) ? 'unknown' : 'rejected', reason };
}

function fault(venueOrderId: string, reason: string): FillwrightFault {
  const message = `Nobody knows what became of the cancel: ${reason}.`;
  return new FillwrightFault('venue_unknown', message, { venueOrderId, reason });
}
