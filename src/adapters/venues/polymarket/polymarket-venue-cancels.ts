/**
 * Cancelling many orders at once, proven by listing what rests: the venue's word for it was wrong
 * before (py-clob-client #166). What still rests is cancelled by its id, once, and listed again.
 */
import type { Clock, VenueOrderReport } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import { LOOKS_AFTER_MS } from './cancel-queue.ts';
import type { HttpResult } from './http.ts';
import { readCancels } from './outcomes-cancel.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { MAX_CANCELS_IN_REQUEST, type Rest } from './rest.ts';
import type { OrderFilter, OrderReader } from './rest-orders.ts';
import { waitFor } from './rest-retry.ts';

export interface MassCancelReport {
  /** Ids that the venue says it has cancelled. */
  readonly cancelled: readonly string[];
  /** What is still listed as resting. Empty: proven. */
  readonly remaining: readonly string[];
}

export interface MassCancels {
  /** Every order of the account. @throws {FillwrightFault} `venue_unknown` when it cannot be proven. */
  cancelAll(): Promise<MassCancelReport>;
  /** Every order of a market or token. @throws as `cancelAll`. */
  cancelMarket(filter: OrderFilter): Promise<MassCancelReport>;
}

export interface MassCancelOptions {
  readonly rest: Pick<Rest, 'cancelAll' | 'cancelMarket' | 'cancelOrders'>;
  readonly orders: OrderReader;
  readonly limiter: Pick<RateLimiter, 'charge'>;
  readonly clock: Clock;
  readonly log: FeedLog;
}

export function createMassCancels(options: MassCancelOptions): MassCancels {
  const { rest, orders, limiter, clock, log } = options;

  async function resting(filter: OrderFilter): Promise<readonly string[]> {
    const answeredAtMs = clock.now();
    let listed: readonly VenueOrderReport[] = [];
    for (const afterMs of LOOKS_AFTER_MS) {
      await waitFor(clock, answeredAtMs + afterMs);
      listed = await orders.allOpenOrders(filter);
      if (listed.length === 0) return [];
    }
    return listed.map(({ venueOrderId }) => venueOrderId);
  }

  async function run(
    send: () => Promise<HttpResult>,
    route: 'cancelAll' | 'cancelMarket',
    filter: OrderFilter,
  ): Promise<MassCancelReport> {
    const cancelled = new Set<string>();
    const note = (result: HttpResult): number => {
      const lists = readCancels(result);
      if ('kind' in lists) {
        // The listing below tells what there is, whatever the answer was.
        log('warn', 'A mass cancel was not answered as it should.', { ...lists });
        return 0;
      }
      for (const id of lists.canceled) cancelled.add(id);
      return lists.canceled.size;
    };
    limiter.charge(route, note(await send()));
    let remaining = await resting(filter);
    if (remaining.length > 0) {
      log('warn', 'Orders rest after a mass cancel: they are cancelled one by one.', { remaining });
      for (let from = 0; from < remaining.length; from += MAX_CANCELS_IN_REQUEST) {
        note(await rest.cancelOrders(remaining.slice(from, from + MAX_CANCELS_IN_REQUEST)));
      }
      remaining = await resting(filter);
    }
    return { cancelled: [...cancelled], remaining };
  }

  return {
    cancelAll: () => run(() => rest.cancelAll(), 'cancelAll', {}),
    cancelMarket(filter) {
      if (filter.marketId === undefined && filter.tokenId === undefined) {
        const message = 'A market or a token must be named; all orders is another command.';
        throw new FillwrightFault('invalid_value', message);
      }
      return run(() => rest.cancelMarket(filter), 'cancelMarket', filter);
    },
  };
}
