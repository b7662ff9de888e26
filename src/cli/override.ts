/** `fillwright override`: a named person lets one order go that a rule is against. */
import type { Command } from 'commander';
import { InvalidValue } from '../domain/faults.ts';
import { OVERRIDABLE, type OverridableRule } from '../domain/risk/overrides.ts';
import { type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { loadConfig, withStore } from './settings.ts';

interface OverrideOptions extends AskOptions {
  readonly rule: readonly string[];
  readonly market?: string;
  readonly strategy?: string;
  readonly minutes: string;
  readonly why: string;
}

const MINUTE_MS = 60_000;

export function addOverride(program: Command): void {
  withAskOptions(
    program
      .command('override')
      .description('Let the next intent go, once, that a rule would refuse. Under your name.')
      .requiredOption('--rule <name...>', OVERRIDABLE.join(', '))
      .requiredOption('--why <text>', 'kept with it, and shown with the order')
      .option('--market <id>', 'only an intent of this market')
      .option('--strategy <name>', 'only one of this strategy')
      .option('--minutes <n>', 'how long it waits for that intent', '10'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ fillwright override --rule slippage --market sim-rain --why "the last one today"',
    )
    .action(async (_options, command: Command) => override(command.optsWithGlobals()));
}

async function override(options: OverrideOptions): Promise<void> {
  const rules = options.rule.map(readRule);
  const forMs = readMinutes(options.minutes) * MINUTE_MS;
  const { market, strategy, why } = options;
  const config = await loadConfig(options);
  await withStore(config, options, (store) =>
    askEngine(
      store.commands,
      {
        ...{ type: 'override.grant', rules, forMs, why },
        ...(market === undefined ? {} : { marketId: market }),
        ...(strategy === undefined ? {} : { strategy }),
      },
      options,
    ),
  );
}

function readRule(name: string): OverridableRule {
  const rule = OVERRIDABLE.find((known) => known === name);
  if (rule === undefined)
    throw new InvalidValue('--rule', name, `one of ${OVERRIDABLE.join(', ')}`);
  return rule;
}

function readMinutes(text: string): number {
  const minutes = Number(text);
  if (Number.isSafeInteger(minutes) && minutes >= 1 && minutes <= 24 * 60) return minutes;
  throw new InvalidValue('--minutes', text, 'a whole number from 1 to 1440');
}
