import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a timer beyond the longest wait of the platform fires at its time and not before', () => {
  const clock = createSystemClock();
  const atMs = clock.now() + 40 * DAY_MS;
  const fired: number[] = [];
  clock.at(atMs, () => fired.push(clock.now()));
  vi.advanceTimersByTime(40 * DAY_MS - 1);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual([atMs]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a timer whose clock was set back waits for its time again', () => {
  const clock = createSystemClock();
  const atMs = clock.now() + 500;
  const fired: number[] = [];
  clock.at(atMs, () => fired.push(clock.now()));
  vi.setSystemTime(clock.now() - 300);
  vi.advanceTimersByTime(500);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(300);
  expect(fired).toEqual([atMs]);
});

test('a clock that was set forward is noticed within a minute', () => {
  const clock = createSystemClock();
  const fired: number[] = [];
  clock.at(clock.now() + DAY_MS, () => fired.push(clock.now()));
  vi.setSystemTime(clock.now() + DAY_MS);
  vi.advanceTimersByTime(60_000);
  expect(fired).toHaveLength(1);
});

test('a past time fires at once and never inside the call', () => {
  const clock = createSystemClock();
  let fired = 0;
  clock.at(clock.now() - DAY_MS, () => {
    fired += 1;
  });
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
});

test('a cancelled timer never fires, also after its first piece', () => {
  const clock = createSystemClock();
  let fired = 0;
  const cancel = clock.at(clock.now() + DAY_MS, () => {
    fired += 1;
  });
  vi.advanceTimersByTime(DAY_MS / 2);
  cancel();
  vi.advanceTimersByTime(DAY_MS);
  expect(fired).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
