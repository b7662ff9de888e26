/** `fillwright budget`: dollars of the account that only orders of one owner may use. */
import type { Command } from 'commander';
import type { BudgetFilter, BudgetRow } from '../actors/store-port.ts';
import type { PostgresStore } from '../adapters/store/postgres-store.ts';
import { type Budget, stateAt } from '../domain/budgets.ts';
import { decimal, toText, ZERO } from '../domain/decimal.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type Asked, type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { formatTime, parseDuration } from './duration.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { printable, tableLines } from './table.ts';

const MOST = 10_000;

interface ListOptions extends GlobalOptions {
  readonly all?: true;
  readonly owner?: string;
  readonly limit: string;
}

interface ReserveOptions extends AskOptions {
  readonly owner: string;
  readonly for: string;
  readonly why: string;
  readonly key?: string;
}

interface EndOptions extends AskOptions {
  readonly why: string;
  readonly amount?: string;
}

export function addBudget(program: Command): void {
  const budget = program
    .command('budget')
    .description('Keep dollars back for the work of one strategy, over as many orders as it takes.')
    .addHelpText(
      'after',
      `
Example:
  $ fillwright budget reserve 250 --owner pairs --for 30m --why "both legs of rain"
  $ fillwright budget list`,
    );
  budget
    .command('list')
    .description('List budgets that are open, the newest first.')
    .option('--all', 'also those that have ended')
    .option('--owner <name>', 'only those of this strategy')
    .option('--limit <count>', `at most this many, up to ${MOST}`, '100')
    .action(async (_options, command: Command) => list(command.optsWithGlobals()));
  withAskOptions(
    budget
      .command('reserve')
      .description('Keep dollars back: only orders of the owner that name the budget may use them.')
      .argument('<dollars>', 'how much, of what is available')
      .requiredOption('--owner <name>', 'the strategy whose orders may use it')
      .requiredOption('--for <duration>', 'for how long, at most a week: 30s, 5m, 1h')
      .requiredOption('--why <text>', 'kept with it')
      .option('--key <text>', 'names the request for ever: asked again, it is the same budget'),
  ).action(async (amountUsd: string, _options, command: Command) =>
    reserve(amountUsd, command.optsWithGlobals()),
  );
  withAskOptions(
    budget
      .command('commit')
      .description('Say that part of it is spent by other means than its orders.')
      .argument('<budget>', 'its id, or the beginning of it')
      .option('--amount <dollars>', 'how much; all that remains unless given')
      .requiredOption('--why <text>', 'kept with it'),
  ).action(async (text: string, _options, command: Command) => {
    const options: EndOptions = command.optsWithGlobals();
    const { amount, why: reason } = options;
    await ask(text, options, (budgetId) => ({
      ...{ type: 'budget.commit', budgetId, reason },
      ...(amount === undefined ? {} : { amountUsd: amount }),
    }));
  });
  withAskOptions(
    budget
      .command('release')
      .description('End it: what remains goes back to the account.')
      .argument('<budget>', 'its id, or the beginning of it')
      .requiredOption('--why <text>', 'kept in the log'),
  ).action(async (text: string, _options, command: Command) => {
    const options: EndOptions = command.optsWithGlobals();
    await ask(text, options, (budgetId) => ({
      ...{ type: 'budget.release', budgetId, reason: options.why },
    }));
  });
}

async function list(options: ListOptions): Promise<void> {
  const { owner, all } = options;
  const filter: BudgetFilter = {
    limit: readLimit(options.limit),
    ...(all === true ? {} : { open: true }),
    ...(owner === undefined ? {} : { owner }),
  };
  const config = await loadConfig(options);
  const found = await withStore(config, options, (store) => store.budgets(filter));
  printResult(options, found.map(readable), () => budgetLines(found));
}

async function reserve(amountUsd: string, options: ReserveOptions): Promise<void> {
  const expiresInMs = parseDuration(options.for, '--for');
  const { owner, why: reason, key } = options;
  const config = await loadConfig(options);
  await withStore(config, options, (store) =>
    askEngine(
      store.commands,
      {
        ...{ type: 'budget.reserve', owner, amountUsd, expiresInMs, reason },
        ...(key === undefined ? {} : { key }),
      },
      options,
    ),
  );
}

async function ask(
  text: string,
  options: AskOptions,
  command: (budgetId: string) => Asked,
): Promise<void> {
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    const { budgetId } = await findOne(store, text);
    await askEngine(store.commands, command(budgetId), options);
  });
}

/** @throws {InvalidValue} naming the candidates, or that there is none. */
async function findOne(store: PostgresStore, text: string): Promise<BudgetRow> {
  const rows = await store.budgets({ id: text, limit: 10 });
  const found = rows.filter(({ budgetId }) => budgetId === text);
  const [one, ...others] = found.length > 0 ? found : rows;
  if (one === undefined) throw new InvalidValue('budget', text, 'one of "fillwright budget list"');
  if (others.length === 0) return one;
  const names = rows.map(({ budgetId }) => budgetId);
  throw new InvalidValue('budget', text, `one of ${names.join(', ')}`);
}

function budgetLines(rows: readonly BudgetRow[]): string[] {
  if (rows.length === 0) return ['No budgets.'];
  const right = 'right';
  return tableLines(
    [
      { title: 'budget' },
      { title: 'owner' },
      { title: 'state' },
      { title: 'amount', align: right },
      { title: 'committed', align: right },
      { title: 'in orders', align: right },
      { title: 'remains', align: right },
      { title: 'until (UTC)' },
      { title: 'why', shrinks: true },
    ],
    rows.map((row) => [
      row.budgetId,
      printable(row.owner),
      stateAt(row, Date.now()),
      ...[row.amountUsd, row.committedUsd, row.heldUsd, row.remainingUsd],
      formatTime(row.endedAtMs ?? row.expiresAtMs),
      printable(row.reason),
    ]),
    process.stdout.columns,
  );
}

/** What remains of all that are open. */
export async function budgetsUsdOf(store: PostgresStore): Promise<string> {
  const rows = await store.budgets({ open: true, limit: MOST });
  return toText(rows.reduce((sum, { remainingUsd }) => sum.plus(decimal(remainingUsd)), ZERO));
}

/** The row with its JSON column as a value. */
function readable(row: BudgetRow): unknown {
  const commits: Budget['commits'] = JSON.parse(row.commits);
  return { ...row, commits };
}

function readLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST) return limit;
  throw new InvalidValue('--limit', text, `a whole number from 1 to ${MOST}`);
}
