/** `fillwright migrate`: brings the database up to this version. */
import type { Command } from 'commander';
import { openStore } from '../open-store.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { commandLog, loadConfig } from './settings.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Apply missing migrations to the database. "run" does so by itself.')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… fillwright migrate')
    .action(async (_options, command: Command) => migrate(command.optsWithGlobals()));
}

async function migrate(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const opened = await openStore(config, commandLog(config, { ...options, quiet: true }));
  try {
    const applied = await opened.store.migrate();
    printResult(options, { applied }, () =>
      applied.length === 0
        ? ['The database is up to date.']
        : applied.map((name) => `Applied ${name}.`),
    );
  } finally {
    await opened.close();
  }
}
