/** A market as the exchange keeps it, and the checks on what it was told. */
import { InvalidValue } from '../../domain/faults.ts';
import { isKnownTick } from '../../domain/quantise.ts';
import { parseMicros } from '../numbers.ts';
import { MarketBook } from './book.ts';
import { takerFee } from './fee.ts';
import type { MarketRecord } from './records.ts';
import type { Micros, SandboxMarket } from './types.ts';

/** @throws {InvalidValue} for a field that no market of the venue can have. */
export function createMarketRecord(given: SandboxMarket): MarketRecord {
  // A copy: tick and payout change here alone.
  const market: SandboxMarket = { ...given };
  const [yes, no] = market.tokens;
  if (yes.outcome !== 'YES' || no.outcome !== 'NO' || yes.tokenId === no.tokenId) {
    throw new InvalidValue('market.tokens', market.tokens, 'YES and then NO, with two ids');
  }
  if (!(Number.isFinite(market.takerDelayMs) && market.takerDelayMs >= 0)) {
    throw new InvalidValue('market.takerDelayMs', market.takerDelayMs, 'milliseconds, 0 for none');
  }
  return {
    market,
    book: new MarketBook(),
    tick: tickOf(market.tickSize),
    minimumSize: parseMicros(market.minimumOrderSize, 'market.minimumOrderSize'),
    feeOf: takerFee(market.fees),
  };
}

/** @throws {InvalidValue} for a tick size that the venue does not document. */
export function tickOf(tickSize: string): Micros {
  const tick = parseMicros(tickSize, 'tickSize');
  if (!isKnownTick(tickSize)) throw new InvalidValue('tickSize', tickSize, 'a tick of the venue');
  return tick;
}
