/** `fillwright cancel` and `fillwright cancel-all`: asked of the engine that runs. */
import type { Command } from 'commander';
import type { CancelFilter } from '../actors/trading-api.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type AskOptions, askEngine, withAskOptions } from './ask-engine.ts';
import { checkMeant, withYes, type YesOptions } from './confirm.ts';
import { findOrder } from './find-order.ts';
import { loadConfig, withStore } from './settings.ts';

interface CancelOptions extends AskOptions {
  readonly why: string;
}

interface CancelAllOptions extends CancelOptions, YesOptions {
  readonly strategy?: string;
  readonly market?: string;
  readonly instrument?: string;
  readonly side?: string;
}

export function addCancel(program: Command): void {
  withAskOptions(
    program
      .command('cancel')
      .description('Ask the venue to end one order, through the engine that runs.')
      .argument('<order>', 'its id, venue id or intent key, or the beginning of one')
      .option('--why <text>', 'kept with the order', 'asked for'),
  )
    .addHelpText('after', '\nExample:\n  $ fillwright cancel ord_01JF8 --why "the game is over"')
    .action(async (text: string, _options, command: Command) =>
      cancel(text, command.optsWithGlobals()),
    );
}

export function addCancelAll(program: Command): void {
  withYes(
    withAskOptions(
      program
        .command('cancel-all')
        .description('Ask the venue to end every order, or those that are named.')
        .option('--strategy <name>', 'only orders of this strategy')
        .option('--market <id>', 'only orders of this market')
        .option('--instrument <id>', 'only orders of this outcome of a market')
        .option('--side <side>', 'only BUY or only SELL orders')
        .option('--why <text>', 'kept with the orders', 'all cancelled'),
    ),
  )
    .addHelpText('after', '\nExample:\n  $ fillwright cancel-all --market sim-rain-tomorrow')
    .action(async (_options, command: Command) => cancelAll(command.optsWithGlobals()));
}

async function cancel(text: string, options: CancelOptions): Promise<void> {
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    const { clientOrderId: orderId } = await findOrder(store, text);
    await askEngine(
      store.commands,
      { type: 'order.cancel', orderId, reason: options.why },
      options,
    );
  });
}

async function cancelAll(options: CancelAllOptions): Promise<void> {
  const filter = filterOf(options);
  const named = Object.values(filter).join(', ');
  await checkMeant(`Cancel every order${named === '' ? '' : ` of ${named}`}.`, options);
  const config = await loadConfig(options);
  await withStore(config, options, (store) =>
    askEngine(store.commands, { type: 'orders.cancelAll', filter, reason: options.why }, options),
  );
}

function filterOf({ strategy, market, instrument, side }: CancelAllOptions): CancelFilter {
  if (side !== undefined && side !== 'BUY' && side !== 'SELL') {
    throw new InvalidValue('--side', side, 'BUY or SELL');
  }
  return {
    ...(strategy === undefined ? {} : { strategy }),
    ...(market === undefined ? {} : { marketId: market }),
    ...(instrument === undefined ? {} : { instrumentId: instrument }),
    ...(side === undefined ? {} : { side }),
  };
}
