/**
 * A venue whose stream takes a moment to stand: entries wait for it, and none is denied for it. What the
 * venue checks meanwhile may refuse the start.
 */
import { expect, test } from 'vitest';
import { until } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const floor = useFloor();

test('a start that has resolved takes entries at once, and the stream stands by then', async () => {
  let stand: () => void = () => undefined;
  const stood = new Promise<void>((resolve) => {
    stand = resolve;
  });
  let resolved = false;
  const starting = floor.start({
    venue: () => {
      const venue = floor.venue.connect();
      return {
        ...venue,
        tellsConnection: true as const,
        async *events(signal) {
          await stood;
          yield { type: 'connection', state: 'up', atMs: Date.now() };
          yield* venue.events(signal);
        },
      };
    },
  });
  void starting.then(() => {
    resolved = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(resolved).toBe(false);
  stand();
  const desk = await starting;
  expect(desk.trading.health().venue).toBe('live');
  const { orderId } = await desk.submit();
  await until(async () => (await desk.trading.order(orderId))?.status === 'PLACED');
});

test('a start is refused where the venue’s check of itself fails, and waits for no stream', async () => {
  const starting = floor.start({
    venue: () => ({
      ...floor.venue.connect(),
      tellsConnection: true as const,
      selfCheck: () => Promise.reject(new Error('a byte differs')),
    }),
  });
  await expect(starting).rejects.toThrow('a byte differs');
});
