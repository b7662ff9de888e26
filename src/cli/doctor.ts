/** `fillwright doctor`: can this configuration trade, and if not, why? */
import type { Command } from 'commander';
import type { Row } from '../doctor/checks.ts';
import { diagnose } from '../doctor/doctor.ts';
import { EXIT, type GlobalOptions, printResult, remark } from './io.ts';
import { loadConfig } from './settings.ts';
import { tableLines } from './table.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Check keys, clock, venue, balance, stream, database and disk before trading.')
    .addHelpText(
      'after',
      '\nExit code 1 when a row fails.\n\nExample:\n  $ fillwright doctor --config config/live.yaml',
    )
    .action(async (_options, command: Command) => doctor(command.optsWithGlobals()));
}

async function doctor(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const rows: Row[] = [];
  for await (const row of diagnose(config)) {
    rows.push(row);
    if (process.stderr.isTTY) remark(options, `${row.check}: ${row.status}`);
  }
  const failed = rows.filter(({ status }) => status === 'fail').length;
  printResult(options, { ok: failed === 0, rows }, () => [
    ...tableLines(
      [
        { title: 'check' },
        { title: '' },
        { title: 'found', shrinks: true },
        { title: 'what to do', shrinks: true },
      ],
      rows.map(({ check, status, detail, fix = '' }) => [check, status, detail, fix]),
      process.stdout.columns,
    ),
    '',
    failed === 0 ? 'Ready to trade.' : `${failed} of ${rows.length} checks failed.`,
  ]);
  if (failed > 0) process.exitCode = EXIT.fault;
}
