/**
 * Looking for an order in doubt: the rungs of the ladder are asked one after the other, until one has
 * found it. A rung that does not answer proves nothing, in particular no absence.
 */
import { type Evidence, type Rung, verdictOf } from '../domain/evidence.ts';
import { messageOf } from '../domain/faults.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { EXPIRY_GRACE_MS } from '../machines/order.setup.ts';
import { canonicalReport } from './outside.ts';
import type { Clock, Venue, VenueOrderReport } from './ports.ts';
import { createSharedQuestion } from './shared-question.ts';

/** A rung that has not answered by then has not answered. Longer than a venue's own limit for a request. */
export const RUNG_LIMIT_MS = 45_000;
/** Trades are asked for from this much earlier on: a venue's clock may be behind ours. */
const TRADES_OVERLAP_MS = 60_000;

export interface LookUp {
  readonly evidence: readonly Evidence[];
  readonly verdict: 'found' | 'absent' | 'inconclusive';
  /** Where the venue shows the order itself. */
  readonly report?: VenueOrderReport;
}

export interface LookUpOptions {
  readonly venue: Pick<Venue, 'fetchOrder' | 'fetchOpenOrders'>;
  readonly clock: Clock;
  /** Takes in every leg that the venue tells of since then, and answers them. */
  readonly takeTradesSince: (sinceMs: number) => Promise<readonly LegReport[]>;
}

export interface Looker {
  /** Never rejects. What it finds among the trades is booked by then. */
  lookUp(order: OrderContext, signal: AbortSignal): Promise<LookUp>;
  /** Waits for no answer any more: whatever is asked now has not answered. */
  stop(): void;
}

type Word = Pick<Evidence, 'said' | 'detail'> & { readonly report?: VenueOrderReport };

export function createLooker(options: LookUpOptions): Looker {
  const { venue, clock } = options;
  /** Ends the wait for each answer. */
  const waits = new Set<(reason: string) => void>();
  // Many orders may come into doubt together, by a restart or a lost connection.
  const tradesSince = createSharedQuestion((asked: readonly number[]) =>
    inTime(options.takeTradesSince(Math.min(...asked))),
  );
  const openOrders = createSharedQuestion(() => inTime(venue.fetchOpenOrders()));

  async function byId(id: string): Promise<Word> {
    const report = await inTime(venue.fetchOrder(id));
    return report === undefined ? absent('no such order') : shown(report);
  }

  async function byTrades(id: string, order: OrderContext): Promise<Word> {
    const legs = await tradesSince(tradesSinceMs(order));
    const ofOrder = legs.filter(({ venueOrderId }) => venueOrderId === id);
    const news = ofOrder.find((leg) => !isBooked(order, leg));
    if (news !== undefined) return { said: 'found', detail: `trade ${news.tradeId}` };
    return absent(order.legs.length === 0 ? 'no trade of it' : 'no trade that is not booked');
  }

  async function byOpenOrders(id: string): Promise<Word> {
    const list = await openOrders(undefined);
    const report = list.find(({ venueOrderId }) => venueOrderId === id);
    return report === undefined ? absent(`not among ${list.length}`) : shown(report);
  }

  /** A request that is never answered must not be the last one. */
  function inTime<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (reason: string) => reject(new Error(reason));
      const cancel = clock.at(clock.now() + RUNG_LIMIT_MS, () =>
        end(`no answer for ${RUNG_LIMIT_MS / 1_000} s`),
      );
      const over = (reason: string) => {
        cancel();
        end(reason);
      };
      waits.add(over);
      asked.then(resolve, reject).finally(() => {
        cancel();
        waits.delete(over);
      });
    });
  }

  async function lookUp(order: OrderContext, signal: AbortSignal): Promise<LookUp> {
    const id = order.venueOrderId;
    if (id === null) throw new Error('The order has no venue order id yet.');
    const evidence: Evidence[] = before(order, clock.now());
    const rungs: readonly (readonly [Rung, () => Promise<Word>])[] = [
      ['orderById', () => byId(id)],
      ['trades', () => byTrades(id, order)],
      ['openOrders', () => byOpenOrders(id)],
    ];
    const asked: Evidence[] = [];
    for (const [rung, ask] of rungs) {
      const atMs = clock.now();
      const { said, detail, report } = await ask().catch(noAnswer);
      asked.push({ rung, said, detail, atMs });
      if (report !== undefined)
        return { evidence: [...evidence, ...asked], verdict: 'found', report };
      if (said === 'found' || signal.aborted) break;
    }
    const verdict = verdictOf(asked);
    return { evidence: [...evidence, ...asked, expiryOf(order, clock.now())], verdict };
  }

  return {
    lookUp,
    stop() {
      for (const end of waits) end('the engine stops');
      waits.clear();
    },
  };
}

/**
 * Answered with nothing before, it is asked again only for what came since. A trade that was found and
 * could not be booked must be found again.
 */
function tradesSinceMs({ createdAtMs, evidence }: OrderContext): number {
  const known = evidence.find(({ rung }) => rung === 'trades');
  const fromMs = known?.said === 'absent' ? known.atMs : createdAtMs;
  return Math.max(0, fromMs - TRADES_OVERLAP_MS);
}

function isBooked(order: OrderContext, leg: LegReport): boolean {
  return order.legs.some(({ tradeId, role }) => tradeId === leg.tradeId && role === leg.role);
}

/** What had been said before anybody was asked. */
function before(order: OrderContext, atMs: number): Evidence[] {
  const said = order.evidence.filter(({ rung }) => rung === 'answer' || rung === 'stream');
  if (!order.acknowledged || said.some(({ rung }) => rung === 'stream')) return said;
  const detail = 'the venue has shown before that it took it';
  return [...said, { rung: 'stream', said: 'found', detail, atMs }];
}

function expiryOf({ intent: { expiresAtMs } }: OrderContext, atMs: number): Evidence {
  const rung = 'expiry';
  if (expiresAtMs === undefined) {
    return { rung, said: 'noAnswer', detail: 'it has no end of its own', atMs };
  }
  return atMs >= expiresAtMs + EXPIRY_GRACE_MS
    ? { rung, said: 'absent', detail: 'its time is over', atMs }
    : { rung, said: 'noAnswer', detail: `its time is over in ${expiresAtMs - atMs} ms`, atMs };
}

function absent(detail: string): Word {
  return { said: 'absent', detail };
}

function shown(told: VenueOrderReport): Word {
  const report = canonicalReport(told);
  return { said: 'found', detail: `${report.rawStatus}, ${report.sizeMatched} matched`, report };
}

function noAnswer(error: unknown): Word {
  return { said: 'noAnswer', detail: messageOf(error) };
}
