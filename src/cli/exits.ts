/** `fillwright exits`: how positions are to be left, and where each exit stands. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { decodeSnapshot } from '../actors/codec.ts';
import type { ActorRow, Store } from '../actors/store-port.ts';
import { readYaml } from '../config/read-yaml.ts';
import { parseExitPlan } from '../domain/exits/parse-exit-plan.ts';
import { InvalidValue, messageOf } from '../domain/faults.ts';
import type { ExitContext } from '../machines/exit.context.ts';
import { leftSize } from '../machines/exit.reducers.ts';
import { exitSummaries } from '../machines/exit.summary.ts';
import { type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { label } from './summary-lines.ts';
import { printable, tableLines } from './table.ts';

interface ListOptions extends GlobalOptions {
  readonly all?: true;
}

interface PlanOptions extends AskOptions {
  readonly file: string;
}

export function addExits(program: Command): void {
  const exits = program
    .command('exits')
    .description('How positions are to be left: the plan of each, and where its exit stands.')
    .addHelpText(
      'after',
      `
Example:
  $ fillwright exits list
  $ fillwright exits plan game-3:YES --file plan.yaml`,
    );
  exits
    .command('list')
    .description('List the exits of what is held.')
    .option('--all', 'also those of positions that are left for good')
    .action(async (_options, command: Command) => list(command.optsWithGlobals()));
  withAskOptions(
    exits
      .command('plan')
      .description('Give a position another plan, or its first.')
      .argument('<instrument>', 'as `fillwright positions` shows it, or its whole id')
      .requiredOption('--file <path>', 'the plan in YAML, as in `exits.plan` of a configuration'),
  ).action(async (text: string, _options, command: Command) =>
    plan(text, command.optsWithGlobals()),
  );
}

/** An exit as it is shown. */
function viewOf(row: ActorRow) {
  const { value, context } = decodeSnapshot(row) as {
    readonly value: string | Readonly<Record<string, string>>;
    readonly context: ExitContext;
  };
  const { instrument, plan, holding, exit, exits, why, suspendedBecause } = context;
  return {
    instrumentId: instrument.id,
    plan: plan.name,
    rules: plan.rules.map(({ id }) => id),
    state: typeof value === 'string' ? value : Object.entries(value).flat().join('.'),
    held: holding.size,
    begun: exits,
    /** Shares that the exit under way has still to sell; null where none is. */
    leftToSell: exit === null ? null : leftSize(context, exit),
    why: suspendedBecause === null ? why : `suspended: ${suspendedBecause}`,
    sold: exitSummaries(context),
  };
}

async function list(options: ListOptions): Promise<void> {
  const config = await loadConfig(options);
  const found = await withStore(config, options, exitsOf);
  const shown = found.filter(({ state }) => options.all === true || state !== 'done');
  printResult(options, shown, () =>
    shown.length === 0
      ? ['No exits: nothing is held, or no plan was given (exits.plan, `exits plan`).']
      : tableLines(
          [
            { title: 'instrument', shrinks: true },
            { title: 'plan' },
            { title: 'state' },
            { title: 'held', align: 'right' },
            { title: 'to sell', align: 'right' },
            { title: 'exits', align: 'right' },
            { title: 'why', shrinks: true },
          ],
          shown.map((exit) => [
            label(exit.instrumentId),
            ...[printable(exit.plan), exit.state, exit.held, exit.leftToSell ?? '-'],
            ...[String(exit.begun), printable(exit.why)],
          ]),
          process.stdout.columns,
        ),
  );
}

async function exitsOf(store: Pick<Store, 'liveActors'>) {
  const found: ReturnType<typeof viewOf>[] = [];
  for await (const page of store.liveActors()) {
    found.push(...page.filter(({ kind }) => kind === 'exit').map(viewOf));
  }
  return found.sort((a, b) => (a.instrumentId < b.instrumentId ? -1 : 1));
}

async function plan(text: string, options: PlanOptions): Promise<void> {
  const read = await readPlan(options.file);
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    const held = (await store.positions()).map(({ instrumentId }) => instrumentId);
    const named = held.filter((id) => id === text || label(id) === text);
    const [instrumentId] = named;
    if (instrumentId === undefined || named.length > 1) {
      throw new InvalidValue('instrument', text, 'one position of "fillwright positions"');
    }
    await askEngine(store.commands, { type: 'exit.plan', instrumentId, plan: read }, options);
  });
}

/** Checked here, too, so that what is wrong is said at once. */
async function readPlan(path: string): Promise<unknown> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    throw new InvalidValue('--file', path, `a plan that can be read (${messageOf(error)})`);
  }
  const { value } = readYaml(source, path);
  parseExitPlan(value);
  return value;
}
