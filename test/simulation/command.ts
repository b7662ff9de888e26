/** What the command line asks for. */
import { cpus } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { createTool, someOf, wholeNumber } from '../support/tool.ts';
import {
  type CrashAt,
  DEFAULT_MINUTES,
  FAULT_KINDS,
  type FaultKind,
  type SimulationOptions,
  simulationOptions,
} from './options.ts';

const MOST_MINUTES = 7 * 24 * 60;

interface Options {
  readonly seeds: number;
  readonly seed: string;
  readonly hours?: number;
  readonly minutes?: number;
  readonly without?: readonly FaultKind[];
  readonly actions?: number;
  readonly crashAt?: CrashAt;
  readonly every: number;
  readonly sweep: boolean;
  readonly planted: boolean;
  readonly only: string;
  readonly workers: number;
  readonly trace: boolean;
  readonly json: boolean;
}

export interface SimulateCommand
  extends Pick<Options, 'every' | 'sweep' | 'planted' | 'only' | 'workers' | 'trace' | 'json'> {
  readonly runs: readonly SimulationOptions[];
}

/** Ends the process with 2 for a command line that makes no sense. */
export function readCommand(argv: readonly string[]): SimulateCommand {
  const options = tool.parse([...argv], { from: 'user' }).opts<Options>();
  const { seeds, seed } = options;
  if (seeds > 1 && !/^\d{1,9}$/.test(seed)) {
    tool.error(`error: --seed ${seed}: expected a whole number where several seeds are run.`);
  }
  const over = {
    minutes: options.hours ?? options.minutes ?? DEFAULT_MINUTES,
    faults: FAULT_KINDS.filter((kind) => !options.without?.includes(kind)),
    keepTrace: options.trace,
    ...(options.actions === undefined ? {} : { maxActions: options.actions }),
    ...(options.crashAt === undefined ? {} : { crashAt: options.crashAt }),
  };
  const names = Array.from({ length: seeds }, (_, index) =>
    seeds === 1 ? seed : String(Number(seed) + index),
  );
  return { ...options, runs: names.map((name) => simulationOptions(name, over)) };
}

const tool = createTool('simulate', 'Runs the whole engine on a made-up clock, network and store.')
  .option('--seeds <n>', 'so many runs, from --seed on', wholeNumber(), 1)
  .option('--seed <text>', 'the seed, or the first one', '1')
  .option('--hours <h>', 'simulated time of each run', minutesOf(60))
  .option('--minutes <m>', `the same in minutes (default: ${DEFAULT_MINUTES})`, minutesOf(1))
  .option(
    '--without <kinds>',
    `leaves kinds of faults out: ${FAULT_KINDS.join(',')}`,
    someOf(FAULT_KINDS),
  )
  .option('--actions <n>', 'at most so many intents and commands', wholeNumber())
  .option('--crash-at <step>', 'one crash, at 120:before or 120:after, no seeded ones', crashOf)
  .option('--sweep', 'a small run, killed before and after each of its steps', false)
  .option('--every <k>', 'with --sweep: at each k-th step', wholeNumber(), 1)
  .option('--planted', 'shows that wrong engines are caught', false)
  .option('--only <text>', 'with --planted: those with this in their name', '')
  .option('--trace', 'print the whole trace of one run', false)
  .option('--workers <n>', 'processes', wholeNumber(64), Math.min(2, cpus().length))
  .option('--json', 'print the figures as JSON', false);

function minutesOf(factor: number) {
  return (text: string): number => {
    const value = Number(text) * factor;
    if (value > 0 && value <= MOST_MINUTES) return value;
    throw new InvalidArgumentError('Expected a number above 0, at most a week.');
  };
}

function crashOf(text: string): CrashAt {
  const [, step = '', when] = /^(\d{1,9}):(before|after)$/.exec(text) ?? [];
  if (when === 'before' || when === 'after') return { step: Number(step), when };
  throw new InvalidArgumentError('Expected a step and a moment, such as 120:before.');
}
