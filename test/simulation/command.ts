/** What the command line asks for. */
import { cpus } from 'node:os';
import { InvalidValue } from '../../src/domain/faults.ts';
import {
  type CrashAt,
  DEFAULT_MINUTES,
  FAULT_KINDS,
  type FaultKind,
  type SimulationOptions,
  simulationOptions,
} from './options.ts';

export const USAGE = `npm run simulate -- [options]
  --seeds N       runs of the seeds 1 to N, or of N seeds from --seed on (default 1)
  --seed S        the seed, or the first one
  --hours H       simulated hours of each run (default ${DEFAULT_MINUTES} minutes); also --minutes M
  --without LIST  leaves kinds of faults out: ${FAULT_KINDS.join(',')}
  --actions N     at most N intents and commands
  --crash-at N:before, N:after   one crash, at step N, in place of seeded ones
  --sweep         a small run, killed before and after each of its steps (--every K: each K-th)
  --planted       shows that wrong engines are caught (--only TEXT: those with it in their name)
  --trace         prints the whole trace of one run
  --workers N     processes (default: one for each processor, at most 2)
  --json          figures as JSON`;

const MOST_SEEDS = 1_000_000;
const MOST_MINUTES = 7 * 24 * 60;

export interface CommandValues {
  readonly seeds?: string | undefined;
  readonly seed?: string | undefined;
  readonly hours?: string | undefined;
  readonly minutes?: string | undefined;
  readonly without?: string | undefined;
  readonly actions?: string | undefined;
  readonly 'crash-at'?: string | undefined;
  readonly every?: string | undefined;
  readonly workers?: string | undefined;
  readonly trace: boolean;
}

export interface Command {
  readonly runs: readonly SimulationOptions[];
  readonly every: number;
  readonly workers: number;
}

/** @throws {InvalidValue} for an option that makes no sense. */
export function parseCommand(values: CommandValues): Command {
  const seeds = whole('--seeds', values.seeds ?? '1', MOST_SEEDS);
  const first = values.seed ?? '1';
  if (seeds > 1 && !/^\d{1,9}$/.test(first)) {
    throw new InvalidValue('--seed', first, 'a whole number where several seeds are run');
  }
  const over = {
    minutes: minutesOf(values),
    faults: faultsOf(values.without),
    keepTrace: values.trace,
    ...(values.actions === undefined
      ? {}
      : { maxActions: whole('--actions', values.actions, MOST_SEEDS) }),
    ...(values['crash-at'] === undefined ? {} : { crashAt: crashOf(values['crash-at']) }),
  };
  const names = Array.from({ length: seeds }, (_, index) =>
    seeds === 1 ? first : String(Number(first) + index),
  );
  return {
    runs: names.map((seed) => simulationOptions(seed, over)),
    every: whole('--every', values.every ?? '1', MOST_SEEDS),
    workers: whole('--workers', values.workers ?? String(Math.min(2, cpus().length)), 64),
  };
}

function minutesOf({ hours, minutes }: CommandValues): number {
  const [place, text, factor] =
    hours === undefined
      ? (['--minutes', minutes ?? String(DEFAULT_MINUTES), 1] as const)
      : (['--hours', hours, 60] as const);
  const value = Number(text) * factor;
  if (value > 0 && value <= MOST_MINUTES) return value;
  throw new InvalidValue(place, text, 'a number above 0, at most a week');
}

function faultsOf(without: string | undefined): readonly FaultKind[] {
  const left = (without ?? '').split(',').filter((kind) => kind !== '');
  for (const kind of left) {
    if (!FAULT_KINDS.some((known) => known === kind)) {
      throw new InvalidValue('--without', kind, `some of ${FAULT_KINDS.join(', ')}`);
    }
  }
  return FAULT_KINDS.filter((kind) => !left.includes(kind));
}

function crashOf(text: string): CrashAt {
  const [, step = '', when] = /^(\d{1,9}):(before|after)$/.exec(text) ?? [];
  if (when === 'before' || when === 'after') return { step: Number(step), when };
  throw new InvalidValue('--crash-at', text, 'a step and a moment, such as 120:before');
}

function whole(place: string, text: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= most) return value;
  throw new InvalidValue(place, text, `a whole number from 1 to ${most}`);
}
