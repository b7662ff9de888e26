/** What could keep a position from being sold, against the sandbox. */
import { describe, expect, test } from 'vitest';
import { micros, openDesk, type VenueDesk } from './polymarket-venue-harness.ts';

/** Shares to sell, and somebody to buy them. */
async function holding(slug: string, bid: string): Promise<VenueDesk> {
  const desk = await openDesk();
  const { tokenId } = desk.instrument(slug);
  desk.sandbox.exchange.deposit(desk.account.funder, 0n, { [tokenId]: micros('100') });
  await desk.show(desk.instrument(slug), [[bid, '500']], []);
  return desk;
}

describe('a SELL at once', () => {
  test.each([
    ['FAK', '0.401', '10.01'],
    ['FOK', '0.987', '7.03'],
    ['FAK', '0.001', '0.15'],
  ] as const)('%s at %s of %s shares goes on a fine tick', async (timeInForce, price, size) => {
    const desk = await holding('fine', price);
    const instrument = desk.instrument('fine');
    const { outcome } = await desk.send({ instrument, side: 'SELL', timeInForce, price, size });
    expect(outcome).toMatchObject({ kind: 'acknowledged', status: 'matched' });
  });
});

describe('a venue that did not hear that it should look at the balances again', () => {
  async function unheard() {
    const desk = await openDesk();
    await desk.show(desk.instrument(), [], [['0.5', '500']]);
    await desk.send();
    const settlements = () =>
      desk.events.flatMap((event) => (event.type === 'leg' ? event.leg.settlement : []));
    await desk.passUntil(() => settlements().includes('mined'));
    await desk.advance(2_000);
    const route = 'GET /balance-allowance/update';
    const fails = desk.sandbox.faults.add({ kind: 'error', route, count: 1 });
    const heard = desk.sandbox.faults.add({ kind: 'slow', route, delayMs: 0 });
    await desk.passUntil(() => fails.hits === 1);
    expect(settlements()).toContain('confirmed');
    return { desk, heard };
  }

  test('is told again, of the money and of the shares, although nothing is filled', async () => {
    const { desk, heard } = await unheard();
    await desk.passUntil(() => heard.hits === 2);
  });

  test('is told at once of what is filled meanwhile', async () => {
    const { desk, heard } = await unheard();
    const failedAtMs = desk.now();
    await desk.send();
    await desk.passUntil(() => heard.hits >= 2);
    expect(desk.now() - failedAtMs).toBeLessThan(5_000);
  });
});
