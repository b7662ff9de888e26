/** Several processes that run simulations side by side. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SimulationOptions } from './options.ts';
import type { Outcome } from './simulation.ts';

/** Far above what a run takes on a busy machine: only one that hangs is ended. */
const LONGEST_RUN_MS = 600_000;

export interface Task {
  readonly id: number;
  readonly options: SimulationOptions;
}

export interface Answer {
  readonly id: number;
  readonly outcome: Outcome;
}

export interface Pool {
  run(options: SimulationOptions): Promise<Outcome>;
  end(): void;
}

interface Waiting extends Task {
  readonly resolve: (outcome: Outcome) => void;
}

/** @param entry the built worker; absent: the one beside this file. */
export function createPool(size: number, entry = workerPath()): Pool {
  const idle: ChildProcess[] = [];
  const waiting: Waiting[] = [];
  const children = new Set<ChildProcess>();
  let ids = 0;
  let isOver = false;

  function next(): void {
    while (waiting.length > 0) {
      const child = idle.pop() ?? (children.size < size ? start() : undefined);
      const task = child === undefined ? undefined : waiting.shift();
      if (child === undefined || task === undefined) return;
      give(child, task);
    }
  }

  function start(): ChildProcess {
    const child = fork(entry, [], { execArgv: ['--max-semi-space-size=48'], stdio: 'inherit' });
    children.add(child);
    return child;
  }

  function give(child: ChildProcess, { id, options, resolve }: Waiting): void {
    const over = (outcome: Outcome): void => {
      clearTimeout(timer);
      child.off('message', heard);
      child.off('exit', died);
      resolve(outcome);
      next();
    };
    const heard = (answer: Answer): void => {
      idle.push(child);
      over(answer.outcome);
    };
    const died = (code: number | null): void => {
      children.delete(child);
      if (!isOver) over(broken(options, `the process ended with ${code ?? 'a signal'}`));
    };
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS);
    child.on('message', heard);
    child.on('exit', died);
    child.send({ id, options } satisfies Task);
  }

  return {
    run(options) {
      ids += 1;
      const id = ids;
      return new Promise((resolve) => {
        waiting.push({ id, options, resolve });
        next();
      });
    },
    end() {
      isOver = true;
      for (const child of children) child.kill();
    },
  };
}

function workerPath(): string {
  return fileURLToPath(new URL('./worker.js', import.meta.url));
}

function broken(options: SimulationOptions, message: string): Outcome {
  return {
    options,
    hash: '',
    violation: { rule: 'the run comes to its end', message, atMs: 0 },
    trace: [],
    figures: {
      ...{ simulatedMs: 0, steps: 0, stepsInWeather: 0, intents: 0, orders: 0, ordersAtVenue: 0 },
      ...{ legs: 0, lives: 0, faults: {} },
    },
  };
}
