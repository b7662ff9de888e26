/**
 * `npm run simulate -- [--seeds N] [--seed S] [--hours H] [--sweep] [--planted] [--json]`. See
 * docs/simulation.md. Ends with 1 when a rule was broken.
 */
import { readCommand, type SimulateCommand } from './command.ts';
import type { SimulationOptions } from './options.ts';
import { plantAll, plantedText } from './planted.ts';
import { createPool, type Pool } from './pool.ts';
import { commandOf, failureText, totalsOf, totalsText } from './report.ts';
import { shrink } from './shrink.ts';
import { type Outcome, START_MS } from './simulation.ts';
import { crashesOf, sweepOptions } from './sweep.ts';

const command = readCommand(process.argv.slice(2));

async function main(): Promise<boolean> {
  if (command.planted) return plant();
  const pool = createPool(command.workers);
  try {
    const outcomes = command.sweep ? await sweep(command, pool) : await runAll(command.runs, pool);
    return await tell(outcomes, pool);
  } finally {
    pool.end();
  }
}

async function sweep({ runs, every }: SimulateCommand, pool: Pool): Promise<readonly Outcome[]> {
  const whole = await pool.run(sweepOptions(runs[0]?.seed ?? '1'));
  return whole.violation === undefined ? runAll(crashesOf(whole, every), pool) : [whole];
}

/** Says how far it is, for nights. */
async function runAll(runs: readonly SimulationOptions[], pool: Pool): Promise<readonly Outcome[]> {
  let done = 0;
  return Promise.all(
    runs.map(async (options) => {
      const outcome = await pool.run(options);
      done += 1;
      if (outcome.violation !== undefined) {
        console.error(`${commandOf(outcome.options)}: ${outcome.violation.rule}`);
      } else if (done % 100 === 0) console.error(`${done} of ${runs.length}`);
      return {
        ...outcome,
        trace: outcome.violation === undefined && !command.trace ? [] : outcome.trace,
      };
    }),
  );
}

async function tell(outcomes: readonly Outcome[], pool: Pool): Promise<boolean> {
  const totals = totalsOf(outcomes);
  const failed = outcomes.filter(({ violation }) => violation !== undefined);
  if (command.json) {
    const failures = failed.map(({ options, violation }) => ({
      ...violation,
      command: commandOf(options),
    }));
    const [only] = outcomes.length === 1 ? outcomes : [];
    console.log(JSON.stringify({ ...totals, failures, ...(only && { hash: only.hash }) }, null, 2));
    return failed.length === 0;
  }
  const [first] = failed;
  if (command.trace) for (const line of outcomes[0]?.trace ?? []) console.log(line);
  if (outcomes.length === 1) console.log(`hash ${outcomes[0]?.hash}`);
  console.log(totalsText(totals));
  if (first === undefined) return true;
  const smallest = command.trace ? first : await shrink(first, START_MS, pool.run);
  console.log(`\n${failureText(smallest, first)}`);
  return false;
}

async function plant(): Promise<boolean> {
  const { workers, only } = command;
  const results = await plantAll(workers, (line) => console.error(line), only);
  console.log(command.json ? JSON.stringify(results, null, 2) : plantedText(results));
  return results.every(({ seed }) => seed !== undefined);
}

process.exitCode = (await main()) ? 0 : 1;
