/** `fillwright findings`: differences between our books and the venue's, and a person's word on them. */
import type { Command } from 'commander';
import type { FindingRow } from '../actors/store-port.ts';
import type { PostgresStore } from '../adapters/store/postgres-store.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { formatTime } from './duration.ts';
import { EXIT, type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { label } from './summary-lines.ts';
import { printable, tableLines } from './table.ts';

const MOST = 10_000;

interface ListOptions extends GlobalOptions {
  readonly all?: true;
  readonly limit: string;
}

interface DecideOptions extends AskOptions {
  readonly why: string;
}

export function addFindings(program: Command): void {
  const findings = program
    .command('findings')
    .description('List what differs between our books and the venue.')
    .option('--all', 'also those that are settled')
    .option('--limit <count>', `at most this many, up to ${MOST}`, '100')
    .addHelpText(
      'after',
      `
Exit code 1: a critical finding is open.

Example:
  $ fillwright findings
  $ fillwright findings approve f_3b1f --why "sent by bank on Monday"`,
    )
    .action(async (_options, command: Command) => list(command.optsWithGlobals()));
  for (const [name, as, description] of [
    [
      'approve',
      'approved',
      'Have it done as proposed: book the money, cancel the order, or note it.',
    ],
    ['dismiss', 'dismissed', 'Leave it as it is: the difference is meant to be there.'],
  ] as const) {
    withAskOptions(
      findings
        .command(name)
        .description(description)
        .argument('<finding>', 'its id, or the beginning of it')
        .requiredOption('--why <text>', 'kept with the finding'),
    ).action(async (text: string, _options, command: Command) =>
      decide(text, as, command.optsWithGlobals()),
    );
  }
}

async function list(options: ListOptions): Promise<void> {
  const limit = readLimit(options.limit);
  const config = await loadConfig(options);
  const { open, found } = await withStore(config, options, async (store) => {
    // All of them: the exit code is not of those that are shown.
    const open = await store.findings({ open: true, limit: MOST });
    const found = options.all === true ? await store.findings({ limit }) : open.slice(0, limit);
    return { open, found };
  });
  if (open.some(({ severity }) => severity === 'critical')) process.exitCode = EXIT.fault;
  printResult(options, found.map(readable), () => findingLines(found, process.stdout.columns));
}

async function decide(
  text: string,
  as: 'approved' | 'dismissed',
  options: DecideOptions,
): Promise<void> {
  const why = options.why.trim();
  if (why === '') throw new InvalidValue('--why', options.why, 'a reason, in words');
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    const { findingId } = await findOne(store, text);
    await askEngine(store.commands, { type: 'finding.decide', findingId, as, why }, options);
  });
}

/** @throws {InvalidValue} naming the candidates, or that there is none. */
async function findOne(store: PostgresStore, text: string): Promise<FindingRow> {
  const rows = await store.findings({ id: text, limit: MOST });
  const there = rows.filter(({ goneAtMs }) => goneAtMs === null);
  const found = there.filter(({ findingId }) => findingId === text);
  const [one, ...others] = found.length > 0 ? found : there;
  if (one === undefined) throw new InvalidValue('finding', text, 'one of "fillwright findings"');
  if (others.length === 0) return one;
  const names = [one, ...others].map(({ findingId }) => findingId).slice(0, 10);
  throw new InvalidValue('finding', text, `one of ${names.join(', ')}`);
}

function findingLines(rows: readonly FindingRow[], width?: number): string[] {
  if (rows.length === 0) return ['No findings.'];
  const lines = tableLines(
    [
      { title: 'opened (UTC)' },
      { title: 'finding' },
      { title: 'severity' },
      { title: 'state' },
      { title: 'kind' },
      { title: 'about', shrinks: true },
    ],
    rows.map((row) => [
      formatTime(row.openedAtMs),
      row.findingId,
      row.severity,
      stateOf(row),
      row.kind,
      label(row.subject),
    ]),
    width,
  );
  for (const row of rows) {
    lines.push('', `${row.findingId}  ${printable(row.summary)}`);
    lines.push(`  ours      ${facts(row.ours)}`, `  theirs    ${facts(row.theirs)}`);
    lines.push(`  evidence  ${facts(row.evidence)}`, `  proposed  ${wordsOf(row.action)}`);
    if (row.why !== null) lines.push(`  ${row.state}   by ${row.closedBy}: ${printable(row.why)}`);
  }
  return lines;
}

function stateOf({ state, goneAtMs }: FindingRow): string {
  return goneAtMs === null || state === 'applied' ? state : `${state}, gone`;
}

function facts(text: string): string {
  const read: unknown = JSON.parse(text);
  if (typeof read !== 'object' || read === null) return printable(text);
  return Object.entries(read)
    .map(([name, value]) => `${name} ${printable(String(value))}`)
    .join(', ');
}

function wordsOf(action: string): string {
  const read: unknown = JSON.parse(action);
  return typeof read === 'object' && read !== null && 'words' in read ? String(read.words) : action;
}

/** The row with its JSON columns as values. */
function readable(row: FindingRow): unknown {
  const { ours, theirs, evidence, action } = row;
  return {
    ...row,
    ours: JSON.parse(ours),
    theirs: JSON.parse(theirs),
    evidence: JSON.parse(evidence),
    action: JSON.parse(action),
  };
}

function readLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST) return limit;
  throw new InvalidValue('--limit', text, `a whole number from 1 to ${MOST}`);
}
