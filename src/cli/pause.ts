/** `fillwright pause` and `fillwright resume`: whether the engine that runs takes entries. */
import type { Command } from 'commander';
import { type Asked, type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { loadConfig, withStore } from './settings.ts';

export function addPause(program: Command): void {
  withAskOptions(
    program
      .command('pause')
      .description('Refuse entries (BUY) until "resume". Exits (SELL) go on.')
      .requiredOption('--why <text>', 'shown with every entry that is refused'),
  )
    .addHelpText('after', '\nExample:\n  $ fillwright pause --why "the feed looks wrong"')
    .action(async (_options, command: Command) => {
      const options: AskOptions & { readonly why: string } = command.optsWithGlobals();
      await ask({ type: 'trading.pause', reason: options.why }, options);
    });
}

export function addResume(program: Command): void {
  withAskOptions(program.command('resume').description('Take entries again, after "pause".'))
    .addHelpText('after', '\nExample:\n  $ fillwright resume')
    .action(async (_options, command: Command) =>
      ask({ type: 'trading.resume' }, command.optsWithGlobals()),
    );
}

async function ask(asked: Asked, options: AskOptions): Promise<void> {
  const config = await loadConfig(options);
  await withStore(config, options, (store) => askEngine(store.commands, asked, options));
}
