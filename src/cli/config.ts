/** `fillwright config`: check a configuration, or see it with every default filled in. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { readConfig, redact } from '../config.ts';
import { loadStrategies } from '../strategies.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig } from './settings.ts';

export function addConfig(program: Command): void {
  const config = program.command('config').description('Check or show a configuration.');
  config
    .command('check')
    .description('Say what is wrong with a configuration, with file, line and key.')
    .argument('<file>', 'a YAML file')
    .addHelpText('after', '\nExample:\n  $ fillwright config check config/start.yaml')
    .action(async (file: string, _options, command: Command) =>
      check(file, command.optsWithGlobals()),
    );
  config
    .command('show')
    .description('Print the configuration with every default, without secrets.')
    .addHelpText('after', '\nExample:\n  $ fillwright config show --config config/replay.yaml')
    .action(async (_options, command: Command) => show(command.optsWithGlobals()));
}

async function check(file: string, options: GlobalOptions): Promise<void> {
  const config = await readConfig(file);
  // Strategies check their own options.
  const strategies = await loadStrategies(config);
  const names = strategies.map(({ name }) => name);
  printResult(options, { ok: true, file, strategies: names }, () => [
    `${file}: fine (strategies: ${names.join(', ') || 'none'}).`,
  ]);
}

async function show(options: GlobalOptions): Promise<void> {
  const { baseFolder: _, ...shown } = redact(await loadConfig(options));
  printResult(options, shown, () => [stringify(shown).trimEnd()]);
}
