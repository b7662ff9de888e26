/**
 * Money and shares as the venue holds them: its cached view of the chain, in which collateral is
 * gross of resting orders. The cache lags behind fills, and a SELL of shares that it has not seen is
 * refused: it is told to look again after every fill. Sources: py-clob-client #287, #290.
 */
import type { Clock, VenueBalances, VenuePosition } from '../../../actors/ports.ts';
import type { Instrument, InstrumentId } from '../../../domain/instrument.ts';
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
  /** Shares of the markets that we know, none where there are none: see `Venue`. */
  fetchPositions(held?: readonly InstrumentId[]): Promise<readonly VenuePosition[]>;
  /** Soon makes the venue look at the chain again: at the money, and at this token. */
  refreshSoon(tokenId: string): void;
  /**
   * From now on the venue looks at the chain for the shares of this market before they are told: nobody
   * tells it of a redemption.
   */
  refreshResolved(marketId: string): void;
  stop(): void;
  readonly failedRefreshes: number;
}

export interface BalancesOptions {
  readonly rest: Pick<Rest, 'balance' | 'refreshBalance'>;
  /** Tokens that the Data API lists as held: late, and not all of them. */
  readonly listed: () => Promise<readonly string[]>;
  readonly markets: Pick<Markets, 'instruments' | 'instrumentOf' | 'ofToken'>;
  readonly clock: Clock;
  readonly log: FeedLog;
}

export function createBalances({ rest, listed, markets, clock, log }: BalancesOptions): Balances {
  /** Bounded by the tokens of the markets. */
  const stale = new Set<string>();
  /** The same. */
  const resolved = new Set<string>();
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

  /**
   * A balance is a request, and the venue lets 20 a second through: all tokens of a hundred markets
   * take ten seconds. So those are asked about that somebody has reason to believe held.
   */
  async function toAsk(held: readonly InstrumentId[]): Promise<readonly Instrument[]> {
    const tokenIds = await listed().catch(() => undefined);
    if (tokenIds === undefined) return markets.instruments();
    const asked = new Set([...held, ...tokenIds.map((id) => markets.instrumentOf(id)?.id)]);
    return markets.instruments().filter(({ id }) => asked.has(id));
  }

  return {
    async fetchBalances() {
      await refresh();
      return { cashUsd: await rest.balance('COLLATERAL') };
    },
    async fetchPositions(held) {
      const positions: VenuePosition[] = [];
      const asked = held === undefined ? markets.instruments() : await toAsk(held);
      for (const { tokenId } of asked) if (resolved.has(tokenId)) stale.add(tokenId);
      if (stale.size > 0) await refresh();
      await readEach(asked, async ({ id: instrumentId, tokenId }) => {
        const size = await rest.balance(assetOf(tokenId), tokenId);
        if (size !== '0') positions.push({ instrumentId, size });
      });
      return positions.sort((a, b) => (a.instrumentId < b.instrumentId ? -1 : 1));
    },
    refreshSoon(tokenId) {
      if (markets.ofToken(tokenId) !== undefined) stale.add(tokenId);
      schedule(REFRESH_AFTER_MS);
    },
    refreshResolved(marketId) {
      for (const instrument of markets.instruments()) {
        if (instrument.marketId === marketId) resolved.add(instrument.tokenId);
      }
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
