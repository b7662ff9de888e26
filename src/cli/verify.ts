/** `fillwright verify`: does everything in the database follow from its log? */
import type { Command } from 'commander';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import type { Anchor, Difference, Verified } from '../verify/report.ts';
import { verify } from '../verify/verify.ts';
import { EXIT, type GlobalOptions, printError, printResult, remark } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { tableLines } from './table.ts';

/** Between two remarks on the way. */
const REMARK_EVERY_MS = 2_000;
/** PostgreSQL's code of a column that is not there. */
const UNDEFINED_COLUMN = '42703';
/** Faults that say: what should be there cannot be told. */
const UNREADABLE: ReadonlySet<string> = new Set(['corrupt_row', 'newer_row']);

interface VerifyCommand extends GlobalOptions {
  readonly anchor?: string;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('Prove that every row follows from the log, and that no row was changed.')
    .option(
      '--anchor <seq:hash>',
      'a head that an earlier verification printed: must still be there',
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 all equal, 1 differences, 2 it cannot be told what should be there, 3 no store.

Example:
  $ fillwright verify --json | jq .log.head`,
    )
    .action(async (_options, command: Command) => run(command.optsWithGlobals()));
}

async function run(options: VerifyCommand): Promise<void> {
  const anchor = options.anchor === undefined ? undefined : parseAnchor(options.anchor);
  const config = await loadConfig(options);
  try {
    const found = await withStore(config, options, (store) =>
      store.frozen((frozen) =>
        verify(frozen, {
          onProgress: progress(options),
          ...(anchor === undefined ? {} : { anchor }),
        }),
      ),
    );
    printResult(options, found, () => linesOf(found));
    if (!found.ok) process.exitCode = EXIT.fault;
  } catch (error) {
    const told = isOlderSchema(error) ? olderSchema(error) : error;
    if (!(told instanceof FillwrightFault) || !UNREADABLE.has(told.code)) throw told;
    printError(told, options);
    process.exitCode = EXIT.usage;
  }
}

function parseAnchor(text: string): Anchor {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new InvalidValue('--anchor', text, 'the number of an input, a colon and 64 hex digits');
  }
  return { seq: Number(seq), hash };
}

function progress(options: GlobalOptions): (done: number, total: number) => void {
  let saidAt = performance.now();
  return (done, total) => {
    if (performance.now() - saidAt < REMARK_EVERY_MS) return;
    saidAt = performance.now();
    remark(options, `${done} of ${total} inputs told`);
  };
}

function isOlderSchema(error: unknown): boolean {
  return error instanceof FillwrightFault && error.facts.code === UNDEFINED_COLUMN;
}

function olderSchema(cause: unknown): FillwrightFault {
  const message =
    'The tables are of an older version of this program: run "fillwright migrate", or verify with the program that wrote them.';
  return new FillwrightFault('corrupt_row', message, {}, { cause });
}

function linesOf(found: Verified): readonly string[] {
  const { log, steps, compared, differences } = found;
  const lines = [
    ...tableLines(
      [
        { title: 'table' },
        { title: 'rows', align: 'right' },
        { title: 'without a hash', align: 'right' },
      ],
      [
        ['journal', String(log.batches), String(log.unchained)],
        ...Object.entries(compared).map(([table, rows]) => [
          table,
          String(rows),
          table === 'order_events' ? String(steps.unchained) : '',
        ]),
      ],
    ),
    '',
    `The log goes to input ${found.lastSeq}, the read tables to ${found.rowsThrough}, the snapshots to ${found.projectedThrough}.`,
    ...(log.head === null ? [] : [`head ${log.head.seq}:${log.head.hash}`]),
  ];
  if (found.ok) return [...lines, '', 'Everything follows from the log.'];
  return [...lines, '', ...differenceLines(differences), ...unnamedLines(found)];
}

function differenceLines(differences: readonly Difference[]): readonly string[] {
  return tableLines(
    [
      { title: 'proof' },
      { title: 'table' },
      { title: 'row' },
      { title: 'column' },
      { title: 'is', shrinks: true },
      { title: 'should be', shrinks: true },
      { title: 'note', shrinks: true },
    ],
    differences.map(({ proof, table, key, column, have, expected, note = '' }) => [
      ...[proof, table, key, column, have ?? 'nothing', expected ?? 'nothing', note],
    ]),
    process.stdout.columns,
  );
}

function unnamedLines({ differences, unnamed }: Verified): readonly string[] {
  const more = Object.entries(unnamed).map(([table, rows]) => `And ${rows} more rows of ${table}.`);
  return ['', ...more, `${differences.length} differences.`];
}
