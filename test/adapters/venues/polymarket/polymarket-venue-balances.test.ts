/** Whose balance is asked for: each is a request, and the venue lets few of them through. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { silentLog } from '../../../../src/adapters/marketdata/counts.ts';
import { createBalances } from '../../../../src/adapters/venues/polymarket/polymarket-venue-balances.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';

const INSTRUMENTS = ['a', 'b', 'c', 'd'].map(
  (tokenId): Instrument => ({
    ...{ id: `polymarket:${tokenId}:YES`, venue: 'polymarket', marketId: tokenId, tokenId },
    ...{ outcome: 'YES', tickSize: '0.01', minimumOrderSize: '5', takerDelayMs: 0 },
    ...{ fees: { rate: '0', exponent: 1, takerOnly: true }, negRisk: false },
  }),
);
const idOf = (tokenId: string) => `polymarket:${tokenId}:YES`;

function balancesOf(held: Readonly<Record<string, string>>, listed: () => Promise<string[]>) {
  const asked: string[] = [];
  const balances = createBalances({
    rest: {
      async balance(_asset, tokenId = '') {
        asked.push(tokenId);
        return held[tokenId] ?? '0';
      },
      refreshBalance: async () => undefined,
    },
    listed,
    markets: {
      instruments: () => INSTRUMENTS,
      instrumentOf: (tokenId) => INSTRUMENTS.find((one) => one.tokenId === tokenId),
      ofToken: () => undefined,
    },
    clock: createVirtualClock(0),
    log: silentLog,
  });
  return { balances, asked };
}

describe('positions are asked for one by one', () => {
  test('those that are named, and those that the Data API lists, traded here or not', async () => {
    const { balances, asked } = balancesOf({ a: '1', b: '2', c: '3' }, async () => ['b', 'other']);
    expect(await balances.fetchPositions([idOf('a'), idOf('d')])).toEqual([
      { instrumentId: idOf('a'), size: '1' },
      { instrumentId: idOf('b'), size: '2' },
    ]);
    expect(asked).toEqual(['a', 'b', 'd']);
  });

  test('all of them where nobody is named, or the Data API does not answer', async () => {
    const { balances, asked } = balancesOf({ c: '3' }, () => Promise.reject(new Error('away')));
    const all = [{ instrumentId: idOf('c'), size: '3' }];
    expect(await balances.fetchPositions()).toEqual(all);
    expect(await balances.fetchPositions([])).toEqual(all);
    expect(asked).toHaveLength(2 * INSTRUMENTS.length);
  });
});
