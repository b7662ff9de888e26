import { expect, test } from 'vitest';
import { createChance } from './chances.ts';
import { createHttpLine } from './http-line.ts';
import { Life } from './life.ts';
import { createTimeline } from './timeline.ts';
import { createTrace } from './trace.ts';

const FINE = {
  ...{ isCut: false, refused: 0, requestLost: 0, answerLost: 0 },
  ...{ resetBefore: 0, resetAfter: 0, repeated: 0 },
};
/** The longest way of a request whose sender lives. */
const LONGEST_MS = 6_040;

/** When the venue gets a request whose sender dies right after its first byte has left. */
async function arrivalOf(seed: number, slow: number): Promise<number | undefined> {
  const timeline = createTimeline(0, () => undefined);
  const life = new Life({
    ...{ number: 1, steps: { count: 0 }, trace: createTrace(0), now: timeline.now },
    crashAt: (_step, _ofLife, label) => (label.endsWith('leaves') ? 'after' : undefined),
  });
  let arrivedAtMs: number | undefined;
  const line = createHttpLine({
    ...{ life, timeline, chance: createChance(String(seed), 'http'), weather: { ...FINE, slow } },
    answering: {
      async answer() {
        arrivedAtMs = timeline.now();
        return { kind: 'none' };
      },
    },
    ...{ onSent: () => undefined, onReply: () => undefined, count: () => undefined },
  });
  line.dispatch({ method: 'POST', path: '/order', body: '{}' }, {});
  await timeline.pass(60_000);
  expect(life.isAlive).toBe(false);
  return arrivedAtMs;
}

test('what has left a process that dies arrives, arrives late, or is lost', async () => {
  const arrivals: (number | undefined)[] = [];
  for (let seed = 1; seed <= 40; seed += 1) arrivals.push(await arrivalOf(seed, 0.01));
  const soon = arrivals.filter((atMs) => atMs !== undefined && atMs <= LONGEST_MS);
  const late = arrivals.filter((atMs) => atMs !== undefined && atMs > LONGEST_MS);
  const lost = arrivals.filter((atMs) => atMs === undefined);
  expect([soon, late, lost].map(({ length }) => length > 0)).toEqual([true, true, true]);
});

test('in a network without faults it arrives as if its sender lived', async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    expect(await arrivalOf(seed, 0)).toBeLessThanOrEqual(LONGEST_MS);
  }
});
