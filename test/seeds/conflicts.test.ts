/** Our books against the venue's, as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LASTING_MS } from '../../src/actors/reconcile-judge.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import { idle, pass, type TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';

const floor = useFloor();
let clock: VirtualClock;
let desk: TestDesk;

/** 100 shares at 0.5, final. */
beforeEach(async () => {
  clock = createVirtualClock(AT_MS);
  desk = await floor.start({ clock });
  const { orderId } = await desk.submit({ size: '100' });
  await idle(desk);
  floor.venue.report(`0x${orderId}`, { status: 'matched', sizeMatched: '100' });
  floor.venue.fill({
    ...{ venueOrderId: `0x${orderId}`, size: '100', price: '0.5', settlement: 'confirmed' },
  });
  await idle(desk);
});

async function lasting(): Promise<void> {
  await pass(clock, desk, DEFAULT_RECONCILE.everySeconds * 1_000 + 2 * LASTING_MS);
}

async function found(kind: string) {
  await desk.trading.settled();
  const all = await desk.store.findings({ open: true });
  return all.filter((one) => one.kind === kind);
}

test('both are compared every 60 seconds', async () => {
  await pass(clock, desk, 60_000 * 3);
  const times = (await desk.store.reconciliations(3)).map(({ startedAtMs }) => startedAtMs);
  const gaps = times.slice(1).map((atMs, index) => (times[index] ?? 0) - atMs);
  expect(gaps).toEqual([60_000, 60_000]);
});

describe('the size of a holding', () => {
  test.each([
    ['100', undefined],
    ['100.01', undefined],
    ['100.02', 'warning'],
    ['99.98', 'warning'],
    ['101', 'warning'],
    ['99', 'warning'],
    ['101.02', 'critical'],
    ['98.98', 'critical'],
  ])('the venue says %s, we say 100: %s', async (size, severity) => {
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size }];
    await lasting();
    expect((await found('position.size')).map((one) => one.severity)).toEqual(
      severity === undefined ? [] : [severity],
    );
    // Nothing is booked to make them agree.
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '100' });
    // More than one percent: nothing more is bought there until a person has looked.
    const { order } = await desk.submit();
    expect(order.status === 'DENIED').toBe(severity === 'critical');
  });

  test('a holding here that the venue does not have is critical', async () => {
    floor.venue.onPositions = () => [];
    await lasting();
    expect(await found('position.size')).toMatchObject([
      { severity: 'critical', instrumentId: rain.id },
    ]);
  });

  test('a holding at the venue that nobody here made is found', async () => {
    floor.venue.onPositions = () => [
      { instrumentId: rain.id, size: '100' },
      { instrumentId: noRain.id, size: '7' },
    ];
    await lasting();
    expect(await found('position.size')).toMatchObject([{ instrumentId: noRain.id }]);
  });
});

describe('the entry price of a holding', () => {
  test.each([
    ['0.5', 0],
    ['0.505', 0],
    ['0.495', 0],
    ['0.5051', 1],
    ['0.4949', 1],
  ])('the venue says %s, we say 0.5: %i finding(s)', async (averageEntry, count) => {
    floor.venue.onAverages = () => [{ instrumentId: rain.id, averageEntry }];
    await lasting();
    expect(await found('position.price')).toHaveLength(count);
  });
});

test('a fill that was missed is recovered from the venue’s trades', async () => {
  const { orderId } = await desk.submit({ size: '10' });
  await idle(desk);
  floor.venue.fill(
    { venueOrderId: `0x${orderId}`, tradeId: 'missed', size: '10', settlement: 'confirmed' },
    'silent',
  );
  await lasting();
  expect(desk.trading.position(rain.id)).toMatchObject({ size: '110' });
  expect(await found('position.size')).toEqual([]);
});
