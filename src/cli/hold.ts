/** `fillwright pause`, `reduce`, `halt` and `resume`: what the engine that runs may trade. */
import type { Command } from 'commander';
import { type HoldScope, scopeOf } from '../domain/risk/holds.ts';
import { type Asked, type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { checkMeant, withYes, type YesOptions } from './confirm.ts';
import { UsageFault } from './io.ts';
import { loadConfig, withStore } from './settings.ts';

interface ScopeOptions extends AskOptions {
  readonly market?: string;
  readonly strategy?: string;
}

interface HoldOptions extends ScopeOptions {
  readonly why: string;
}

interface ResumeOptions extends ScopeOptions {
  readonly scope?: string;
  readonly why?: string;
}

export function addPause(program: Command): void {
  holdCommand(program, 'pause', 'Refuse entries (BUY) until "resume". Exits (SELL) go on.')
    .addHelpText('after', '\nExample:\n  $ fillwright pause --why "the feed looks wrong"')
    .action(async (_options, command: Command) => hold('paused', command.optsWithGlobals()));
}

export function addReduce(program: Command): void {
  holdCommand(program, 'reduce', 'Refuse entries and cancel those that rest. Exits go on.')
    .addHelpText('after', '\nExample:\n  $ fillwright reduce --market sim-rain --why "news"')
    .action(async (_options, command: Command) => hold('reducing', command.optsWithGlobals()));
}

export function addHalt(program: Command): void {
  withYes(holdCommand(program, 'halt', 'Send nothing but cancels until "resume": no exits either.'))
    .addHelpText('after', '\nExample:\n  $ fillwright halt --why "keys may be known to others"')
    .action(async (_options, command: Command) => {
      const options: HoldOptions & YesOptions = command.optsWithGlobals();
      await checkMeant(
        `Halt ${named(scopeFrom(options))}: no order is sent, no exit either.`,
        options,
      );
      await hold('halted', options);
    });
}

export function addFlatten(program: Command): void {
  withYes(
    withAskOptions(
      program
        .command('flatten')
        .description('Cancel every order and sell every position, then pause.')
        .requiredOption('--why <text>', 'kept with it'),
    ),
  )
    .addHelpText('after', '\nExample:\n  $ fillwright flatten --why "the model is wrong"')
    .action(async (_options, command: Command) => {
      const options: HoldOptions & YesOptions = command.optsWithGlobals();
      await checkMeant('Cancel every order and sell every position at any price.', options);
      await ask({ type: 'trading.flatten', reason: options.why }, options);
    });
}

export function addResume(program: Command): void {
  withScope(
    program.command('resume').description('Trade again, after "pause", "reduce" or "halt".'),
  )
    .option('--scope <scope>', 'what is held, as "status" names it: engine:dailyLoss')
    .option('--why <text>', 'kept with it')
    .addHelpText('after', '\nExample:\n  $ fillwright resume')
    .action(async (_options, command: Command) => {
      const options: ResumeOptions = command.optsWithGlobals();
      const scope = options.scope ?? scopeFrom(options);
      const why = options.why === undefined ? {} : { reason: options.why };
      await ask({ type: 'trading.resume', scope, ...why }, options);
    });
}

function holdCommand(program: Command, name: string, description: string): Command {
  return withScope(program.command(name).description(description)).requiredOption(
    '--why <text>',
    'shown with every intent that is refused',
  );
}

function withScope(command: Command): Command {
  return withAskOptions(command)
    .option('--market <id>', 'only this market; everything unless given')
    .option('--strategy <name>', 'only this strategy');
}

function hold(level: 'paused' | 'reducing' | 'halted', options: HoldOptions): Promise<void> {
  return ask(
    { type: 'trading.pause', level, scope: scopeFrom(options), reason: options.why },
    options,
  );
}

function scopeFrom({ market, strategy }: ScopeOptions): HoldScope {
  if (market !== undefined && strategy !== undefined) {
    throw new UsageFault('--market, --strategy: give one of them.');
  }
  return scopeOf({
    ...(market === undefined ? {} : { marketId: market }),
    ...(strategy === undefined ? {} : { strategy }),
  });
}

function named(scope: HoldScope): string {
  return scope === 'all' ? 'everything' : scope;
}

async function ask(asked: Asked, options: AskOptions): Promise<void> {
  const config = await loadConfig(options);
  await withStore(config, options, (store) => askEngine(store.commands, asked, options));
}
