/** `fillwright report`: what the account made. */
import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { FillwrightFault, InvalidValue, messageOf } from '../domain/faults.ts';
import { BREAKDOWNS, type Breakdown } from '../report/breakdown.ts';
import { reportCsv } from '../report/csv.ts';
import { reportPage } from '../report/html/page.ts';
import { makeReport, type Report, readPeriod } from '../report/report.ts';
import { accountOf } from './account.ts';
import { EXIT, type GlobalOptions, printResult, remark, UsageFault } from './io.ts';
import { reportLines } from './report-lines.ts';
import { loadConfig, withStore } from './settings.ts';

interface ReportCommand extends GlobalOptions {
  readonly by: Breakdown;
  readonly since?: string;
  readonly until?: string;
  readonly timeZone: string;
  readonly csv?: boolean;
  readonly html?: string;
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('What was made: PnL, fees, ROI, hold time, win rate, equity.')
    .addOption(
      new Option('--by <what>', 'the rows of the table and of the CSV')
        .choices(BREAKDOWNS)
        .default('strategy'),
    )
    .option('--since <date>', 'the first day, as 2026-11-27')
    .option('--until <date>', 'the last day')
    .option('--time-zone <name>', 'where days begin and end, as Europe/Berlin', 'UTC')
    .option('--csv', 'print the rows as CSV')
    .option('--html <file>', 'write everything as one page with plots')
    .addHelpText(
      'after',
      '\nExample:\n  $ fillwright report --by day --since 2026-11-01 --html november.html',
    )
    .action(async (_options, command: Command) => report(command.optsWithGlobals()));
}

async function report(options: ReportCommand): Promise<void> {
  if (options.csv === true && options.json) {
    throw new UsageFault('--csv and --json are two forms of one result: give one of them.');
  }
  readPeriod(options);
  const config = await loadConfig(options);
  const made = await withStore(config, options, async (store) => {
    const account = await accountOf(store, config);
    return store.performance((reads) =>
      makeReport(reads, {
        ...{ account, madeAtMs: Date.now(), timeZone: options.timeZone },
        ...{ since: options.since, until: options.until },
      }),
    );
  });
  if (options.html !== undefined) await write(options.html, reportPage(made));
  print(options, made);
  if (made.ledgerDifference === null || made.ledgerDifference === '0') return;
  remark(
    options,
    `The ledger differs from deposits and fills by ${made.ledgerDifference} dollars.`,
  );
  process.exitCode = EXIT.fault;
}

function print(options: ReportCommand, made: Report): void {
  if (options.csv === true) {
    process.stdout.write(reportCsv(made, options.by));
    return;
  }
  printResult(options, made, () =>
    options.html === undefined
      ? reportLines(made, options.by, process.stdout.columns)
      : [`Written to ${options.html}.`],
  );
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    const { code, message, facts } = new InvalidValue('--html', path, 'a file that can be written');
    throw new FillwrightFault(code, `${message} ${messageOf(error)}`, facts, { cause: error });
  }
}
