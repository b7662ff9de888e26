/** `fillwright positions`: what the account holds. */
import type { Command } from 'commander';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { label } from './summary-lines.ts';
import { tableLines } from './table.ts';

export function addPositions(program: Command): void {
  program
    .command('positions')
    .description('List positions with average entry, cost, realised PnL and fees.')
    .addHelpText('after', '\nExample:\n  $ fillwright positions')
    .action(async (_options, command: Command) => positions(command.optsWithGlobals()));
}

async function positions(options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const found = await withStore(config, options, (store) => store.positions());
  printResult(options, found, () =>
    found.length === 0
      ? ['No positions.']
      : tableLines(
          [
            { title: 'instrument', shrinks: true },
            { title: 'size', align: 'right' },
            { title: 'sellable', align: 'right' },
            { title: 'reserved', align: 'right' },
            { title: 'average entry', align: 'right' },
            { title: 'cost', align: 'right' },
            { title: 'realised PnL', align: 'right' },
            { title: 'fees', align: 'right' },
          ],
          found.map((position) => [
            label(position.instrumentId),
            position.size,
            position.sellableSize,
            position.reservedShares,
            short(position.averageEntry),
            short(position.costBasis),
            short(position.realizedPnl),
            position.feesUsd,
          ]),
          process.stdout.columns,
        ),
  );
}

/** Six decimals are enough to read; `--json` has all of them. */
function short(text: string): string {
  return text.replace(/(\.\d{6})\d+$/, '$1');
}
