import type { Instrument } from '../../src/domain/instrument.ts';

/** A market as most are: tick 0.01, at least 5 shares, takers pay 5 %. */
export function instrument(change: Partial<Instrument> = {}): Instrument {
  return {
    id: 'paper:m1:YES',
    venue: 'paper',
    marketId: 'm1',
    tokenId: '1001',
    outcome: 'YES',
    tickSize: '0.01',
    minimumOrderSize: '5',
    fees: { rate: '0.05', exponent: 1, takerOnly: true },
    takerDelayMs: 0,
    negRisk: false,
    ...change,
  };
}
