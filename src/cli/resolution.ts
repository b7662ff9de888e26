/** `fillwright resolved` and `fillwright redeemed`: a person's word on the end of a market. */
import type { Command } from 'commander';
import { type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { loadConfig, withStore } from './settings.ts';

interface ResolvedOptions extends AskOptions {
  readonly yes: string;
  readonly no: string;
  readonly why: string;
}

interface RedeemedOptions extends AskOptions {
  readonly amount?: string;
  readonly why: string;
}

export function addResolved(program: Command): void {
  withAskOptions(
    program
      .command('resolved')
      .argument('<market>', 'id of the market')
      .description('Say how a market ended, where the venue does not. Once, and under your name.')
      .requiredOption('--yes <dollars>', 'what a share of YES pays, from 0 to 1')
      .requiredOption('--no <dollars>', 'what a share of NO pays; together they are 1')
      .requiredOption('--why <text>', 'where it can be read'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ fillwright resolved sim-rain-tomorrow --yes 1 --no 0 --why "the station measured rain"',
    )
    .action(async (marketId: string, _options, command: Command) =>
      resolved(marketId, command.optsWithGlobals()),
    );
}

export function addRedeemed(program: Command): void {
  withAskOptions(
    program
      .command('redeemed')
      .argument('<instrument>', 'venue:market:outcome')
      .description('Say that all shares of a resolved market were redeemed. Under your name.')
      .option('--amount <dollars>', 'what came for them; the payout of all of them unless given')
      .requiredOption('--why <text>', 'what shows it, such as a transaction'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ fillwright redeemed paper:sim-rain-tomorrow:YES --why "redeemed by hand"',
    )
    .action(async (instrumentId: string, _options, command: Command) =>
      redeemed(instrumentId, command.optsWithGlobals()),
    );
}

async function resolved(marketId: string, options: ResolvedOptions): Promise<void> {
  const { yes: YES, no: NO, why: reason } = options;
  const config = await loadConfig(options);
  const asked = { type: 'market.resolve', marketId, payouts: { YES, NO }, reason } as const;
  await withStore(config, options, (store) => askEngine(store.commands, asked, options));
}

async function redeemed(instrumentId: string, options: RedeemedOptions): Promise<void> {
  const { amount, why: reason } = options;
  const config = await loadConfig(options);
  await withStore(config, options, (store) =>
    askEngine(
      store.commands,
      {
        ...{ type: 'position.redeem', instrumentId, reason },
        ...(amount === undefined ? {} : { amountUsd: amount }),
      },
      options,
    ),
  );
}
