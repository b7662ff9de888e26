/** Trying again as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { idle, pass, type TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, rain } from '../support/orders.ts';

const floor = useFloor();
let clock: VirtualClock;
let desk: TestDesk;
beforeEach(async () => {
  clock = createVirtualClock(AT_MS);
  desk = await floor.start({ clock });
});

async function submit(over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await idle(desk);
  return orderId;
}

const statusOf = async (orderId: string) => (await desk.trading.order(orderId))?.status;

describe('the venue takes nothing for a moment', () => {
  test('three attempts, 100 ms and then 200 ms apart, with the same bytes; then it is rejected', async () => {
    floor.venue.onSubmit = () => ({ kind: 'notAccepted', reason: 'busy', retryAfterMs: 0 });
    const orderId = await submit();
    for (const [waitMs, attempts] of [
      [99, 1],
      [1, 2],
      [199, 2],
      [1, 3],
      [3_600_000, 3],
    ] as const) {
      await pass(clock, desk, waitMs);
      expect(floor.venue.submits).toHaveLength(attempts);
    }
    expect(new Set(floor.venue.submits.map(({ body }) => body)).size).toBe(1);
    expect(await statusOf(orderId)).toBe('REJECTED');
    expect(await desk.trading.account()).toMatchObject({ reservedUsd: '0' });
  });

  test('a wait that it asks for is kept: 1, 2 and 4 seconds', async () => {
    const waitsMs = [1_000, 2_000];
    floor.venue.onSubmit = (sent, attempt) => {
      const retryAfterMs = waitsMs[attempt - 1];
      if (retryAfterMs === undefined) return floor.venue.take(sent);
      return { kind: 'notAccepted', reason: 'rate limited', retryAfterMs };
    };
    const orderId = await submit();
    await pass(clock, desk, 999);
    expect(floor.venue.submits).toHaveLength(1);
    await pass(clock, desk, 1 + 1_999);
    expect(floor.venue.submits).toHaveLength(2);
    await pass(clock, desk, 1);
    expect(floor.venue.submits).toHaveLength(3);
    expect(await statusOf(orderId)).toBe('PLACED');
  });
});

describe('no answer', () => {
  test('is no reason to send again: the venue is asked first, after 1, 2 and 4 seconds', async () => {
    floor.venue.onSubmit = () => {
      throw new Error('timeout');
    };
    const askedAfterMs: number[] = [];
    floor.venue.onLookup = () => {
      askedAfterMs.push(clock.now() - AT_MS);
      throw new Error('timeout');
    };
    const orderId = await submit();
    await pass(clock, desk, 7_000);
    expect(askedAfterMs).toEqual([1_000, 2_000, 4_000]);
    expect(floor.venue.submits).toHaveLength(1);
    expect(await statusOf(orderId)).toBe('UNKNOWN');
  });

  test('of an order that the venue has: it is not sent twice', async () => {
    floor.venue.onSubmit = (sent) => {
      floor.venue.take(sent);
      throw new Error('connection reset');
    };
    const orderId = await submit();
    await pass(clock, desk, 60_000);
    expect(await statusOf(orderId)).toBe('PLACED');
    expect(floor.venue.submits).toHaveLength(1);
  });
});

describe('what will not get better is not tried again', () => {
  test.each(['not enough balance', 'invalid price', 'the market is closed', 'size below minimum'])(
    'the venue says: %s',
    async (reason) => {
      floor.venue.onSubmit = () => ({ kind: 'rejected', reason });
      const orderId = await submit();
      await pass(clock, desk, 3_600_000);
      expect(floor.venue.submits).toHaveLength(1);
      expect(await desk.trading.order(orderId)).toMatchObject({ status: 'REJECTED', reason });
    },
  );

  test.each([
    ['a price off the grid', { price: '0.505' }],
    ['a price of 1', { price: '1' }],
    ['a size of 0', { size: '0' }],
    ['a size that is no number', { size: 'ten' }],
    ['an outcome that nobody trades', { instrument: 'paper:snow:YES' }],
    ['a side that is none', { side: 'HOLD' }],
  ])('we say ourselves: %s', async (_what, over) => {
    const answer = await desk.submit(over).then(
      ({ order }) => order.status,
      () => 'refused at the door',
    );
    expect(['DENIED', 'refused at the door']).toContain(answer);
    expect(floor.venue.submits).toEqual([]);
    expect(desk.trading.position(rain.id)).toBeUndefined();
  });
});
