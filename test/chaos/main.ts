/** `npm run chaos -- [--cycles N] [--seed S] [--scenario kill|recovery|two-engines|all] [--json]`: see docs/chaos.md. */
import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import { createTool, wholeNumber } from '../support/tool.ts';
import type { Violation } from './compare.ts';
import { runKills } from './kill-scenario.ts';
import { runRecovery } from './recovery-scenario.ts';
import { runTwoEngines } from './two-engines-scenario.ts';

interface Options {
  readonly cycles: number;
  readonly seed: string;
  readonly scenario: string;
  readonly orders: number;
  readonly seconds: number;
  readonly json: boolean;
}

interface Result {
  readonly scenario: string;
  readonly violations: readonly Violation[];
}

const options = createTool('chaos', 'Kills real processes and compares the ledgers.')
  .addOption(
    new Option('--scenario <name>', 'what is done')
      .choices(['kill', 'recovery', 'two-engines', 'all'])
      .default('kill'),
  )
  .option('--cycles <n>', 'lives of the engine, of kill', wholeNumber(), 20)
  .option('--orders <n>', 'live orders, of recovery', wholeNumber(), 10_000)
  .option('--seconds <n>', 'how long, of two-engines', wholeNumber(), 60)
  .option('--seed <text>', 'what is done and when', randomBytes(4).toString('hex'))
  .option('--json', 'print the result on one line', false)
  .parse()
  .opts<Options>();
const { seed, scenario } = options;

const SCENARIOS: Readonly<Record<string, () => Promise<Result>>> = {
  kill: () => runKills({ seed, cycles: options.cycles, say }),
  recovery: () => runRecovery({ seed, orders: options.orders, kills: 3, say }),
  'two-engines': () => runTwoEngines({ seed, seconds: options.seconds, say }),
};

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

// What was started is ended by handlers of this process's exit.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const results: Result[] = [];
for (const [name, run] of Object.entries(SCENARIOS)) {
  if (scenario !== 'all' && scenario !== name) continue;
  say(`${name}, seed ${seed}`);
  const result = await run();
  for (const { rule, evidence } of result.violations) say(`VIOLATION of "${rule}": ${evidence}`);
  results.push(result);
}
process.stdout.write(`${JSON.stringify(results, null, options.json ? undefined : 2)}\n`);
process.exitCode = results.every(({ violations }) => violations.length === 0) ? 0 : 1;
