/** `fillwright positions`: what the account holds. */
import type { Command } from 'commander';
import type { PositionRow } from '../actors/store-port.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { label } from './summary-lines.ts';
import { tableLines } from './table.ts';

export function addPositions(program: Command): void {
  program
    .command('positions')
    .description(
      'List positions with average entry, cost, realised PnL, fees and what is to be redeemed.',
    )
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
            { title: 'state' },
            { title: 'size', align: 'right' },
            { title: 'sellable', align: 'right' },
            { title: 'reserved', align: 'right' },
            { title: 'average entry', align: 'right' },
            { title: 'cost', align: 'right' },
            { title: 'realised PnL', align: 'right' },
            { title: 'redeemable', align: 'right' },
            { title: 'fees', align: 'right' },
            { title: 'reconciled' },
          ],
          found.map((position) => [
            label(position.instrumentId),
            stateOf(position),
            position.size,
            position.sellableSize,
            position.reservedShares,
            short(position.averageEntry),
            short(position.costBasis),
            short(position.realizedPnl),
            position.redeemableUsd,
            position.feesUsd,
            position.reconciliationRequired ? 'REQUIRED' : 'yes',
          ]),
          process.stdout.columns,
        ),
  );
}

/** With what a share pays, once that is known. */
function stateOf({ state, payout }: PositionRow): string {
  return payout === null ? state : `${state} at ${payout}`;
}

/** Six decimals are enough to read; `--json` has all of them. */
function short(text: string): string {
  return text.replace(/(\.\d{6})\d+$/, '$1');
}
