/** `fillwright reconcile`: our books against the venue's, now. */
import type { Command } from 'commander';
import type { Reconciliation } from '../actors/reconcile-document.ts';
import type { ReconciliationRow } from '../actors/store-port.ts';
import type { PostgresStore } from '../adapters/store/postgres-store.ts';
import type { Config } from '../config.ts';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { compareWithoutEngine } from '../reconcile-offline.ts';
import { type AskOptions, giveCommand, printKept, withAskOptions } from './ask-engine.ts';
import { formatDuration, formatTime } from './duration.ts';
import { EXIT, printResult, remark, UsageFault } from './io.ts';
import { commandLog, loadConfig, withStore } from './settings.ts';
import { label } from './summary-lines.ts';
import { tableLines } from './table.ts';

const MOST_PASSES = 1_000;

interface ReconcileOptions extends AskOptions {
  readonly apply?: true;
  readonly history?: string;
}

export function addReconcile(program: Command): void {
  withAskOptions(
    program
      .command('reconcile')
      .description('Compare our orders, fills, positions and cash with the venue, now.')
      .option('--apply', 'take in what the venue proves: missed fills, the end of orders')
      .option('--history <count>', 'list this many past comparisons instead'),
  )
    .addHelpText(
      'after',
      `
Without --apply nothing is changed. With it, what is missing here and proven there is taken in by the
engine that runs; everything else stays a difference for a person (fillwright findings). Where no
engine runs, the venue is asked from here, and nothing is changed either way.

Exit code 1: a critical finding is open.

Example:
  $ fillwright reconcile --apply`,
    )
    .action(async (_options, command: Command) => reconcile(command.optsWithGlobals()));
}

async function reconcile(options: ReconcileOptions): Promise<void> {
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    if (options.history !== undefined) {
      const rows = await store.reconciliations(readCount(options.history));
      printResult(options, rows.map(readRow), () => historyLines(rows));
      return;
    }
    const document = await compare(config, store, options);
    if (document === undefined) return;
    if (document.findings.critical > 0) process.exitCode = EXIT.fault;
    printResult(options, document, () => documentLines(document, process.stdout.columns));
  });
}

/** Undefined: the command is kept, nobody has answered yet. */
async function compare(
  config: Config,
  store: PostgresStore,
  options: ReconcileOptions,
): Promise<Reconciliation | undefined> {
  if (await store.commands.engineRuns()) {
    const asked = { type: 'reconcile.run', apply: options.apply === true } as const;
    const given = await giveCommand(store.commands, asked, options);
    if (given.answer !== undefined) return documentIn(given.answer);
    printKept(given, options);
    return undefined;
  }
  if (options.apply === true) {
    throw new UsageFault(
      '--apply: no engine runs that could take anything in. "fillwright run" does it at its start.',
    );
  }
  remark(options, 'No engine runs: the venue is asked from here, nothing is changed.');
  const behind = (await store.lastSeq()) - (await store.projectedThrough());
  if (behind > 0) {
    remark(
      options,
      `The last ${behind} inputs of the log are not in these rows: see "fillwright run".`,
    );
  }
  const log = commandLog({ log: { ...config.log, level: 'error' } }, options);
  return compareWithoutEngine(config, store, log);
}

function documentIn({ facts }: Readonly<Record<string, unknown>>): Reconciliation {
  if (typeof facts === 'object' && facts !== null && 'reconciliation' in facts) {
    return facts.reconciliation as Reconciliation;
  }
  throw new FillwrightFault('corrupt_row', 'The answer of the engine holds no comparison.');
}

export function documentLines(document: Reconciliation, width?: number): string[] {
  const { counts, findings, differences, applied, errors } = document;
  const done = document.applies ? 'taken in' : 'would be taken in';
  const lines = tableLines(
    [{ title: 'compared (UTC)' }, { title: formatTime(document.startedAtMs) }],
    [
      ['took', formatDuration(document.durationMs)],
      [
        'fills told',
        `${counts.legs}: ${counts.newLegs} new, ${counts.orphanLegs} not ours, ${counts.refusedLegs} refused`,
      ],
      [
        'orders',
        `${counts.liveOrders} live here, ${counts.listedOrders} listed there, ${counts.askedOrders} asked about, ${counts.leftOrders} left`,
      ],
      ['positions there', String(counts.positions)],
      [done, `${counts.newLegs} fills, ${counts.reports} words on orders`],
      ['open findings', `${findings.open}, ${findings.critical} critical`],
    ],
    width,
  );
  for (const { what, id, note } of applied) lines.push(`  ${what} ${id}: ${note}`);
  for (const { part, message } of errors) lines.push(`not answered: ${part}: ${message}`);
  lines.push('');
  if (differences.length === 0) return [...lines, 'No differences.'];
  lines.push(
    ...tableLines(
      [
        { title: 'finding' },
        { title: 'severity' },
        { title: 'kind' },
        { title: 'about', shrinks: true },
        { title: 'what differs', shrinks: true },
      ],
      differences.map(({ findingId, severity, kind, subject, summary, pending }) => [
        pending ? 'not lasting yet' : findingId,
        severity,
        kind,
        label(subject),
        summary,
      ]),
      width,
    ),
  );
  if (document.moreDifferences > 0) lines.push(`and ${document.moreDifferences} more`);
  return lines;
}

function historyLines(rows: readonly ReconciliationRow[]): string[] {
  if (rows.length === 0) return ['No comparisons yet.'];
  return tableLines(
    [
      { title: 'compared (UTC)' },
      { title: 'why' },
      { title: 'took', align: 'right' },
      { title: 'complete' },
      { title: 'taken in', align: 'right' },
      { title: 'open', align: 'right' },
      { title: 'critical', align: 'right' },
    ],
    rows.map((row) => [
      formatTime(row.startedAtMs),
      row.reason,
      formatDuration(row.durationMs),
      row.complete ? 'yes' : 'no',
      String(row.applied),
      String(row.openFindings),
      String(row.criticalFindings),
    ]),
    process.stdout.columns,
  );
}

function readRow({ body }: ReconciliationRow): unknown {
  return JSON.parse(body);
}

function readCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST_PASSES) return count;
  throw new InvalidValue('--history', text, `a whole number from 1 to ${MOST_PASSES}`);
}
