import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { type SimulationOptions, simulationOptions } from './options.ts';
import { PLANTS } from './plants.ts';
import { type Outcome, simulate } from './simulation.ts';
import { crashesOf, sweepOptions } from './sweep.ts';

const SHORT = { minutes: 2 };
/** Runs are work and no waiting: what one takes is up to the machine. */
vi.setConfig({ testTimeout: 600_000 });
/** A step of a small run in each so many; `npm run simulate -- --sweep` takes all of them. */
const EVERY = 61;

function whatBroke({ violation }: Outcome): string | undefined {
  return violation === undefined ? undefined : `${violation.rule}: ${violation.message}`;
}

test.each(['1', '2', '3', '4'])('no rule breaks under seed %s', async (seed) => {
  const outcome = await simulate(simulationOptions(seed, SHORT));
  expect(whatBroke(outcome)).toBeUndefined();
  expect(outcome.figures.steps).toBeGreaterThan(500);
});

test('the same seed gives the same trace, another seed another one', async () => {
  const hashOf = async (seed: string) => (await simulate(simulationOptions(seed, SHORT))).hash;
  const first = await hashOf('5');
  expect(await hashOf('5')).toBe(first);
  expect(await hashOf('6')).not.toBe(first);
});

test('a small run bears a crash before and after its steps', async () => {
  const whole = await simulate(sweepOptions('1'));
  const outcomes: Outcome[] = [];
  for (const options of crashesOf(whole, EVERY)) outcomes.push(await simulate(options));
  expect(outcomes.map(whatBroke).filter((broke) => broke !== undefined)).toEqual([]);
  const crashes = outcomes.filter(({ figures }) => figures.faults.crash === 1);
  expect([crashes.length, outcomes.length > 10]).toEqual([outcomes.length, true]);
});

interface Regression extends Partial<SimulationOptions> {
  readonly seed: string;
  /** What it found. */
  readonly found: string;
}

const regressions: readonly Regression[] = JSON.parse(
  readFileSync(new URL('./regressions.json', import.meta.url), 'utf8'),
);

describe('runs that once broke a rule', () => {
  const none: Regression = { seed: '7', minutes: 1, found: 'nothing: the list may be empty' };
  test.each([...regressions, none])('$found (seed $seed)', async ({ seed, found: _, ...over }) => {
    expect(whatBroke(await simulate(simulationOptions(seed, over)))).toBeUndefined();
  });
});

test('docs/simulation.md lists each wrong engine with its seed', () => {
  const text = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
  const section = text.split('## Wrong engines')[1]?.split('\n## ')[0] ?? '';
  const listed = [...section.matchAll(/^\| (.+?) +\| +(\d+) \|/gm)].map(([, ...row]) => row);
  expect(listed).toEqual(PLANTS.map(({ name, seed }) => [name, seed]));
});
