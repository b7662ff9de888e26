/**
 * Balances as the venue shows them: a cache of the chain, brought up to date when the client asks
 * for it and by the venue itself after a while. Source: py-clob-client #287, #290: sells refused
 * and balances wrong for seconds after a match.
 */
import type { Clock } from '../actors/ports.ts';
import type { Exchange, Micros } from './exchange/types.ts';
import type { Faults } from './faults/fault-set.ts';

export interface Balances {
  /** As the cache has it. `tokenId` absent: collateral. */
  read(wallet: string, tokenId: string | undefined): Micros;
  /** Brings the cache up to date. */
  update(wallet: string, tokenId: string | undefined): void;
}

interface Cached {
  readonly balance: Micros;
  readonly atMs: number;
}

export function createBalances(parts: {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly faults: Faults;
  /** How old a balance may be when it is shown. */
  readonly refreshAfterMs: number;
}): Balances {
  const { exchange, clock, faults, refreshAfterMs } = parts;
  const cache = new Map<string, Cached>();

  function refresh(wallet: string, tokenId: string | undefined): Micros {
    const balance = exchange.balance(wallet, tokenId);
    cache.set(`${wallet} ${tokenId ?? ''}`, { balance, atMs: clock.now() });
    return balance;
  }
  function isStale(isUpdate: boolean, tokenId: string | undefined): boolean {
    const market = tokenId === undefined ? undefined : exchange.marketOfToken(tokenId);
    const strike = faults.strike(
      ['staleBalances'],
      market === undefined ? {} : { conditionIds: [market.conditionId] },
    );
    return strike !== undefined && (!isUpdate || strike.rule.ignoresUpdates);
  }

  return {
    read(wallet, tokenId) {
      const cached = cache.get(`${wallet} ${tokenId ?? ''}`);
      if (cached === undefined) return refresh(wallet, tokenId);
      const isFresh = clock.now() - cached.atMs < refreshAfterMs;
      return isFresh || isStale(false, tokenId) ? cached.balance : refresh(wallet, tokenId);
    },
    update(wallet, tokenId) {
      if (!isStale(true, tokenId)) refresh(wallet, tokenId);
    },
  };
}
