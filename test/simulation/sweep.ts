/** One small run without other faults, killed before and after each of its steps in turn. */
import { type CrashAt, type SimulationOptions, simulationOptions } from './options.ts';
import type { Outcome } from './simulation.ts';

const MINUTES = 0.7;
const ACTIONS = 5;

/** The run that is swept, whole or with its crash. */
export function sweepOptions(seed: string, crashAt?: CrashAt): SimulationOptions {
  return simulationOptions(seed, {
    ...{ minutes: MINUTES, maxActions: ACTIONS, faults: [] },
    ...(crashAt === undefined ? {} : { crashAt }),
  });
}

/** @param every only each n-th step; 1: all of them. */
export function crashesOf(
  { options, figures }: Outcome,
  every: number,
): readonly SimulationOptions[] {
  const runs: SimulationOptions[] = [];
  for (let step = 1; step <= figures.stepsInWeather; step += every) {
    for (const when of ['before', 'after'] as const) {
      runs.push(sweepOptions(options.seed, { step, when }));
    }
  }
  return runs;
}
