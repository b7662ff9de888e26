/**
 * Orders on their way to the venue. Those of one moment go in one request, up to 15; those that
 * come while all requests are under way go in the next. Source: Polymarket docs, "Post multiple
 * orders".
 */
import { atTickEnd } from './at-tick-end.ts';
import { classifyBatch, classifySubmit, type SubmitVerdict } from './outcomes-submit.ts';
import type { Lane } from './rate-limiter.ts';
import { MAX_ORDERS_IN_REQUEST, type Rest } from './rest.ts';

/**
 * Half of the connections: cancels and reads never wait for orders. Entries leave some of them to exits,
 * which would else wait for answers, or for the rate limit, with them.
 */
const MAX_POSTS_UNDER_WAY: Readonly<Record<Lane, number>> = { fast: 16, normal: 12 };
/** As many as the rate limiter lets wait. */
export const MAX_WAITING_ORDERS = 1_000;

export interface SubmitLeg {
  readonly venueOrderId: string;
  readonly body: string;
  readonly lane: Lane;
}

export interface SubmitQueue {
  /**
   * What became of the order. Never rejects. When `signal` aborts before it is sent it is not sent
   * at all; after that its answer still comes, for whoever wants it.
   */
  submit(leg: SubmitLeg, signal: AbortSignal): Promise<SubmitVerdict>;
  readonly waiting: number;
  readonly underWay: number;
}

interface Entry extends SubmitLeg {
  /** Who still wants to know. None, and not sent: it stays here. */
  callers: number;
  readonly verdict: Promise<SubmitVerdict>;
  readonly settle: (verdict: SubmitVerdict) => void;
}

export function createSubmitQueue(rest: Pick<Rest, 'postOrders'>): SubmitQueue {
  const lanes: Readonly<Record<Lane, Entry[]>> = { fast: [], normal: [] };
  /** Waiting or under way, by id: the same bytes asked for twice are sent once. */
  const entries = new Map<string, Entry>();
  let underWay = 0;

  const drainSoon = atTickEnd(drain);

  function drain(): void {
    for (const lane of ['fast', 'normal'] as const) {
      while (underWay < MAX_POSTS_UNDER_WAY[lane] && lanes[lane].length > 0) {
        const batch = lanes[lane].splice(0, MAX_ORDERS_IN_REQUEST);
        underWay += 1;
        void send(batch, lane).finally(() => {
          underWay -= 1;
          drain();
        });
      }
    }
  }

  async function send(batch: readonly Entry[], lane: Lane): Promise<void> {
    const many = batch.length > 1;
    let sent = batch;
    const result = await rest.postOrders(
      batch.length,
      lane,
      () => {
        sent = batch.filter((entry) => entry.callers > 0);
        const bodies = sent.map(({ body }) => body);
        if (bodies.length === 0) return undefined;
        return many ? `[${bodies.join(',')}]` : bodies[0];
      },
      many,
    );
    for (const entry of batch) if (!sent.includes(entry)) settle(entry, WITHDRAWN);
    if (!many) {
      for (const entry of sent) settle(entry, classifySubmit(result, entry.venueOrderId));
      return;
    }
    const verdict = classifyBatch(
      result,
      sent.map(({ venueOrderId }) => venueOrderId),
    );
    if (verdict.kind === 'refused') {
      for (const entry of sent) await send([entry], lane);
      return;
    }
    sent.forEach((entry, index) => {
      settle(entry, verdict.legs[index] ?? UNANSWERED);
    });
  }

  function settle(entry: Entry, verdict: SubmitVerdict): void {
    if (entries.get(entry.venueOrderId) === entry) entries.delete(entry.venueOrderId);
    entry.settle(verdict);
  }

  function enter(leg: SubmitLeg): Entry {
    let settleEntry: Entry['settle'] = () => undefined;
    const verdict = new Promise<SubmitVerdict>((resolve) => {
      settleEntry = resolve;
    });
    const entry: Entry = { ...leg, callers: 0, verdict, settle: settleEntry };
    entries.set(leg.venueOrderId, entry);
    lanes[leg.lane].push(entry);
    drainSoon();
    return entry;
  }

  function leave(entry: Entry): void {
    entry.callers -= 1;
    const lane = lanes[entry.lane];
    const place = entry.callers === 0 ? lane.indexOf(entry) : -1;
    if (place < 0) return;
    lane.splice(place, 1);
    settle(entry, WITHDRAWN);
  }

  return {
    submit(leg, signal) {
      if (signal.aborted) return Promise.resolve(WITHDRAWN);
      const known = entries.get(leg.venueOrderId);
      if (known === undefined && lanes[leg.lane].length >= MAX_WAITING_ORDERS) {
        return Promise.resolve(FULL);
      }
      const entry = known ?? enter(leg);
      entry.callers += 1;
      const onAbort = (): void => leave(entry);
      signal.addEventListener('abort', onAbort, { once: true });
      void entry.verdict.then(() => signal.removeEventListener('abort', onAbort));
      return entry.verdict;
    },
    get waiting() {
      return lanes.fast.length + lanes.normal.length;
    },
    get underWay() {
      return underWay;
    },
  };
}

const FULL: SubmitVerdict = {
  outcome: {
    kind: 'notAccepted',
    reason: `not sent: ${MAX_WAITING_ORDERS} orders wait to be sent`,
    retryAfterMs: 1_000,
  },
};

const WITHDRAWN: SubmitVerdict = {
  outcome: { kind: 'notAccepted', reason: 'not sent: withdrawn', retryAfterMs: 0 },
};

const UNANSWERED: SubmitVerdict = {
  outcome: { kind: 'unknown', reason: 'the answer to the batch has no leg for the order' },
};
