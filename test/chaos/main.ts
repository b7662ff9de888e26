/** `npm run chaos -- [--cycles N] [--seed S] [--scenario kill|recovery|two-engines|all] [--json]`: see docs/chaos.md. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Violation } from './compare.ts';
import { runKills } from './kill-scenario.ts';
import { runRecovery } from './recovery-scenario.ts';
import { runTwoEngines } from './two-engines-scenario.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20' },
    seed: { type: 'string' },
    scenario: { type: 'string', default: 'kill' },
    orders: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});

interface Result {
  readonly scenario: string;
  readonly violations: readonly Violation[];
}

const SCENARIOS: Readonly<Record<string, (seed: string) => Promise<Result>>> = {
  kill: (seed) => runKills({ seed, cycles: wholeNumber('cycles'), say }),
  recovery: (seed) => runRecovery({ seed, orders: wholeNumber('orders'), kills: 3, say }),
  'two-engines': (seed) => runTwoEngines({ seed, seconds: wholeNumber('seconds'), say }),
};

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function refuse(option: string, value: string, expected: string): never {
  say(`--${option}: got ${value}, expected ${expected}.`);
  process.exit(2);
}

function wholeNumber(option: 'cycles' | 'orders' | 'seconds'): number {
  const value = Number(values[option]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  return refuse(option, values[option], 'a whole number of 1 or more');
}

// What was started is ended by handlers of this process's exit.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const names = values.scenario === 'all' ? Object.keys(SCENARIOS) : [values.scenario];
const seed = values.seed ?? randomBytes(4).toString('hex');
const results: Result[] = [];
for (const name of names) {
  const run = SCENARIOS[name];
  if (run === undefined) {
    refuse('scenario', name, `${Object.keys(SCENARIOS).join(', ')} or all`);
  }
  say(`${name}, seed ${seed}`);
  const result = await run(seed);
  for (const { rule, evidence } of result.violations) say(`VIOLATION of "${rule}": ${evidence}`);
  results.push(result);
}
process.stdout.write(`${JSON.stringify(results, null, values.json ? undefined : 2)}\n`);
process.exitCode = results.every(({ violations }) => violations.length === 0) ? 0 : 1;
