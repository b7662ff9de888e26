/**
 * Money and shares as the venue holds them: its cached view of the chain, in which collateral is
 * gross of resting orders. The cache lags behind fills, and a SELL of shares that it has not seen is
 * refused: it is told to look again after every fill. Sources: py-clob-client #287, #290.
 */
import type { Clock, VenueBalances, VenuePosition } from '../../../actors/ports.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import type { Markets } from './markets.ts';
import { readEach } from './read-each.ts';
import type { AssetType, Rest } from './rest.ts';

/** Fills come in bursts: one refresh serves those of this time. */
const REFRESH_AFTER_MS = 1_000;
/** A venue that did not hear is told again: a SELL may depend on it. */
const RETRY_AFTER_MS = 10_000;

export interface Balances {
  fetchBalances(): Promise<VenueBalances>;
  /** Shares of the markets that we know, none where there are none. */
  fetchPositions(): Promise<readonly VenuePosition[]>;
  /** Soon makes the venue look at the chain again: at the money, and at this token. */
  refreshSoon(tokenId: string): void;
  stop(): void;
  readonly failedRefreshes: number;
}

export interface BalancesOptions {
  readonly rest: Pick<Rest, 'balance' | 'refreshBalance'>;
  readonly markets: Markets;
  readonly clock: Clock;
  readonly log: FeedLog;
}

export function createBalances({ rest, markets, clock, log }: BalancesOptions): Balances {
  /** Bounded by the tokens of the markets. */
  const stale = new Set<string>();
  let cancelTimer = (): void => undefined;
  /** When the next refresh is due. */
  let dueAtMs = Number.POSITIVE_INFINITY;
  let failedRefreshes = 0;
  let stopped = false;

  function assetOf(tokenId: string): AssetType {
    return markets.ofToken(tokenId)?.orderVersion === 3 ? 'CONDITIONAL-V2' : 'CONDITIONAL';
  }

  /** At the latest after this long. */
  function schedule(afterMs: number): void {
    const atMs = clock.now() + afterMs;
    if (stopped || atMs >= dueAtMs) return;
    cancelTimer();
    dueAtMs = atMs;
    cancelTimer = clock.at(atMs, () => void refresh());
  }

  /** Never rejects: what is not brought up to date is shown as it was. */
  async function refresh(): Promise<void> {
    cancelTimer();
    dueAtMs = Number.POSITIVE_INFINITY;
    const tokenIds = [...stale];
    stale.clear();
    try {
      await rest.refreshBalance('COLLATERAL');
      for (const tokenId of tokenIds) await rest.refreshBalance(assetOf(tokenId), tokenId);
    } catch (error) {
      // A stop cuts off what is under way.
      if (stopped) return;
      failedRefreshes += 1;
      log('warn', 'The venue was not told to look at our balances again.', { error });
      for (const tokenId of tokenIds) stale.add(tokenId);
      schedule(RETRY_AFTER_MS);
    }
  }

  return {
    async fetchBalances() {
      await refresh();
      return { cashUsd: await rest.balance('COLLATERAL') };
    },
    async fetchPositions() {
      if (stale.size > 0) await refresh();
      const positions: VenuePosition[] = [];
      await readEach(markets.instruments(), async ({ id: instrumentId, tokenId }) => {
        const size = await rest.balance(assetOf(tokenId), tokenId);
        if (size !== '0') positions.push({ instrumentId, size });
      });
      return positions.sort((a, b) => (a.instrumentId < b.instrumentId ? -1 : 1));
    },
    refreshSoon(tokenId) {
      if (markets.ofToken(tokenId) !== undefined) stale.add(tokenId);
      schedule(REFRESH_AFTER_MS);
    },
    stop() {
      stopped = true;
      cancelTimer();
    },
    get failedRefreshes() {
      return failedRefreshes;
    },
  };
}
