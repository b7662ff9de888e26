import { afterEach, expect, test, vi } from 'vitest';
import { createLeaseTime } from '../../../src/adapters/store/writer-lease-time.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lease time over two clocks that a test sets. */
function lease() {
  const clocks = { monotonicMs: 1_000, wallMs: 1_790_000_000_000 };
  vi.spyOn(performance, 'now').mockImplementation(() => clocks.monotonicMs);
  vi.spyOn(Date, 'now').mockImplementation(() => clocks.wallMs);
  const time = createLeaseTime();
  const startMs = time.now();
  return {
    /** Milliseconds that have passed on the lease's time. */
    after(monotonicMs: number, wallMs: number): number {
      clocks.monotonicMs += monotonicMs;
      clocks.wallMs += wallMs;
      return time.now() - startMs;
    },
  };
}

test('it goes as both clocks go', () => {
  const { after } = lease();
  expect(after(5_000, 5_000)).toBe(5_000);
});

test('the grain of the wall clock adds up to nothing', () => {
  const { after } = lease();
  let passedMs = 0;
  for (let call = 0; call < 1_000; call += 1) passedMs = after(0.5, call % 2);
  expect(passedMs).toBe(500);
});

test('a sleep counts, in which only the wall clock went on', () => {
  const { after } = lease();
  expect(after(100, 60_100)).toBe(60_100);
  expect(after(1_000, 1_000)).toBe(61_100);
});

test('a wall clock that is set back takes nothing back, and hides no sleep after it', () => {
  const { after } = lease();
  expect(after(100, -3_600_000)).toBe(100);
  expect(after(100, 60_100)).toBe(60_200);
});

test('the clocks of this machine go on', async () => {
  vi.restoreAllMocks();
  const time = createLeaseTime();
  const startMs = time.now();
  await new Promise<void>((resolve) => {
    time.after(5, resolve);
  });
  expect(time.now()).toBeGreaterThan(startMs);
});
