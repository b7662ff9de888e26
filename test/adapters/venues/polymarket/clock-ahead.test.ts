/** A clock that is ahead of the venue's: requests are corrected, and so must be the time that trades are read from. */
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { micros, openDesk, START } from './polymarket-venue-harness.ts';

const AHEAD_MS = 120_000;

test('trades of the last minute are of our minute, however far our clock is ahead', async () => {
  const desk = await openDesk();
  const { id } = await desk.send();
  const ours = createVirtualClock(START + AHEAD_MS);
  // The account was opened a moment ago, by our own clock.
  const ahead = desk.another({ clock: ours, historySinceMs: START + AHEAD_MS });
  await ahead.start();
  expect(ahead.health().skewMs).toBeLessThan(-100_000);
  await desk.sandbox.taker.take({
    tokenId: desk.instrument().tokenId,
    side: 'SELL',
    price: micros('0.5'),
    size: micros('10'),
  });
  expect(await ahead.fetchTrades(ours.now() - 60_000)).toMatchObject([
    { venueOrderId: id, size: '10' },
  ]);
});
