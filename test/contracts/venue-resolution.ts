/** Contract cases: what a venue does when its market has ended. */
import { expect, test } from 'vitest';
import { decimal, toText } from '../../src/domain/decimal.ts';
import type { Payouts } from '../../src/domain/resolution.ts';
import {
  hold,
  legsOf,
  type OpenHarness,
  SETTLED_MS,
  send,
  type VenueHarness,
} from './venue-harness.ts';

async function cashOf({ venue }: VenueHarness): Promise<string> {
  return (await venue.fetchBalances()).cashUsd;
}

async function sharesOf({ venue, instrument }: VenueHarness): Promise<string> {
  const held = await venue.fetchPositions([instrument.id]);
  return held.find(({ instrumentId }) => instrumentId === instrument.id)?.size ?? '0';
}

async function grownBy(harness: VenueHarness, before: string): Promise<string> {
  return toText(decimal(await cashOf(harness)).minus(before));
}

export function resolving(open: OpenHarness): void {
  test.each([
    { payouts: { YES: '1', NO: '0' }, paid: '10' },
    { payouts: { YES: '0', NO: '1' }, paid: '0' },
    { payouts: { YES: '0.5', NO: '0.5' }, paid: '5' },
    { payouts: { YES: '0.25', NO: '0.75' }, paid: '2.5' },
  ] satisfies { payouts: Payouts; paid: string }[])(
    'a market that ends at $payouts: its shares are paid, its orders are over, it takes no more',
    async ({ payouts, paid }) => {
      const harness = await open();
      await hold(harness, '10');
      const { id } = await send(harness, { price: '0.1', size: '20' });
      const before = await cashOf(harness);
      await harness.endMarket(payouts);
      await harness.advance(SETTLED_MS);
      expect(await grownBy(harness, before)).toBe(paid);
      expect(await sharesOf(harness)).toBe('0');
      expect(await harness.venue.fetchOpenOrders()).toEqual([]);
      expect((await harness.venue.fetchOrder(id))?.status).toBe('cancelled');
      expect((await send(harness)).outcome.kind).toBe('rejected');
      // Where the venue says how its markets end, it says this, whoever asks and however often.
      for (const life of ['this one', 'the next'] as const) {
        if (life === 'the next') await harness.restart('stop');
        const { marketId } = harness.instrument;
        const told = await harness.venue.fetchResolutions?.([marketId]);
        if (told !== undefined) expect(told).toMatchObject([{ marketId, payouts }]);
        expect(await grownBy(harness, before)).toBe(paid);
      }
    },
  );

  test('a fill that is on its way when its market ends is paid when it is there', async () => {
    const harness = await open();
    await harness.setBook([], [['0.4', '10']]);
    const before = await cashOf(harness);
    const wish = { type: 'market', price: '0.4', size: '10', timeInForce: 'FOK' } as const;
    const { id } = await send(harness, wish);
    await harness.endMarket({ YES: '1', NO: '0' });
    await harness.advance(SETTLED_MS);
    expect(legsOf(harness, id).map(({ settlement }) => settlement)).toEqual(['confirmed']);
    const cost = decimal(before)
      .minus(await cashOf(harness))
      .plus('10');
    // 4 dollars and a fee: 10 dollars came.
    expect(cost.gte('4') && cost.lt('4.2')).toBe(true);
    expect(await sharesOf(harness)).toBe('0');
  });

  test('nothing is said of a market that is traded', async () => {
    const harness = await open();
    const told = await harness.venue.fetchResolutions?.([harness.instrument.marketId]);
    expect(told ?? []).toEqual([]);
  });
}
