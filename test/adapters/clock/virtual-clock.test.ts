import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';

const atOnce = (): Promise<void> => Promise.resolve();

test('timers fire in the order of time, then of creation, each at its own time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ atMs: fc.integer({ min: -5, max: 20 }), cancelled: fc.boolean() })),
      fc.array(fc.integer({ min: 0, max: 25 })),
      async (timers, stops) => {
        const clock = createVirtualClock(0);
        const fired: { index: number; atMs: number }[] = [];
        const cancels = timers.map(({ atMs }, index) =>
          clock.at(atMs, () => fired.push({ index, atMs: clock.now() })),
        );
        timers.forEach(({ cancelled }, index) => {
          if (cancelled) cancels[index]?.();
        });
        const expected = timers
          .map(({ atMs, cancelled }, index) => ({ index, atMs: Math.max(0, atMs), cancelled }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.atMs - b.atMs || a.index - b.index)
          .map(({ index, atMs }) => ({ index, atMs }));
        expect(clock.pending()).toBe(expected.length);
        for (const stop of stops.sort((a, b) => a - b)) await clock.advanceTo(stop, atOnce);
        await clock.advanceTo(25, atOnce);
        expect(fired).toEqual(expected);
        expect(clock.pending()).toBe(0);
        expect(clock.nextAt()).toBeUndefined();
      },
    ),
  );
});

test('a timer for a past time fires at the next advance and never inside the call', async () => {
  const clock = createVirtualClock(100);
  const fired: string[] = [];
  clock.at(100, () => fired.push('first'));
  clock.at(10, () => fired.push('past'));
  expect(fired).toEqual([]);
  expect(clock.nextAt()).toBe(100);
  await clock.advanceTo(100, atOnce);
  expect(fired).toEqual(['first', 'past']);
});

test('the next timer waits until the work after the one before is done', async () => {
  const clock = createVirtualClock(0);
  const seen: string[] = [];
  clock.at(1, () => seen.push('one'));
  clock.at(2, () => seen.push('two'));
  await clock.advanceTo(5, async () => {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    seen.push(`after ${clock.now()}`);
  });
  expect(seen).toEqual(['one', 'after 1', 'two', 'after 2']);
  expect(clock.now()).toBe(5);
});

test('timers that a callback adds are fired in the same advance when they are due', async () => {
  const clock = createVirtualClock(0);
  const seen: number[] = [];
  clock.at(1, () => {
    seen.push(clock.now());
    clock.at(3, () => seen.push(clock.now()));
    clock.at(9, () => seen.push(clock.now()));
  });
  await clock.advanceTo(5);
  expect(seen).toEqual([1, 3]);
  expect(clock.nextAt()).toBe(9);
});

test('a timer that is cancelled while it is due does not fire', async () => {
  const clock = createVirtualClock(0);
  const seen: string[] = [];
  clock.at(1, () => cancel());
  const cancel = clock.at(1, () => seen.push('cancelled one'));
  await clock.advanceTo(1, atOnce);
  cancel();
  expect(seen).toEqual([]);
  expect(clock.pending()).toBe(0);
});

test('time never goes back and is moved by one caller at a time', async () => {
  const clock = createVirtualClock(10);
  await expect(clock.advanceTo(9)).rejects.toThrow('never goes back');
  clock.at(11, () => undefined);
  const first = clock.advanceTo(20);
  await expect(clock.advanceTo(30)).rejects.toThrow('one caller');
  await first;
  expect(clock.now()).toBe(20);
});
