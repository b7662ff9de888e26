import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { createClockSkew } from '../../../../src/adapters/venues/polymarket/clock-skew.ts';

const START = 1_790_000_000_400;

test.each([
  ['the same second is no skew', 0, 0],
  ['one second is within what whole seconds can tell', 1, 0],
  ['a clock that is slow', 30, 30_100],
  ['a clock that is fast', -30, -29_900],
])('%s', async (_rule, aheadS, skewMs) => {
  const clock = createVirtualClock(START);
  const skew = createClockSkew(clock, async () => Math.floor(START / 1_000) + aheadS);
  await skew.read();
  expect(skew.skewMs).toBe(skewMs);
  expect(skew.nowS()).toBe(Math.floor((START + skewMs) / 1_000));
});

test.each([
  ['the same clock', 0, START - 1_500],
  ['our clock is slow: no earlier than it says', 30, START - 1_500],
  ['our clock is fast', -30, START - 29_900 - 1_500],
])('as early as it can have been at the venue: %s', async (_rule, aheadS, atMs) => {
  const skew = createClockSkew(createVirtualClock(START), async () => {
    return Math.floor(START / 1_000) + aheadS;
  });
  await skew.read();
  expect(skew.earliestMs(START)).toBe(atMs);
});

test('the time that the request took counts half', async () => {
  const clock = createVirtualClock(START);
  const skew = createClockSkew(clock, async () => {
    await clock.advanceTo(START + 4_000);
    return (START + 60_000 - 400) / 1_000;
  });
  await skew.read();
  expect(skew.skewMs).toBe(60_000 - 2_000 + 100);
});

test('a failed read changes nothing, many at once are one, and a moment ago is soon enough', async () => {
  const clock = createVirtualClock(START);
  let reads = 0;
  let failing = true;
  const skew = createClockSkew(clock, async () => {
    reads += 1;
    if (failing) throw new Error('no answer');
    return START / 1_000 + 20;
  });
  await skew.read();
  expect(skew.skewMs).toBe(0);
  failing = false;
  await Promise.all([skew.read(), skew.read(), skew.read()]);
  await skew.read();
  expect(reads).toBe(2);
  expect(skew.skewMs).toBe(20_500);
  await clock.advanceTo(START + 5_000);
  await skew.read();
  expect(reads).toBe(3);
});

test('readings that differ by less than their coarseness keep the skew still', async () => {
  const clock = createVirtualClock(START);
  let timeS = START / 1_000 + 20;
  const skew = createClockSkew(clock, async () => timeS);
  await skew.read();
  await clock.advanceTo(START + 10_000);
  timeS += 11;
  await skew.read();
  expect(skew.skewMs).toBe(20_500);
});
