/** `fillwright resolve`: a named person settles an order that nobody knows the fate of. */
import type { Command } from 'commander';
import type { OrderEventRow, OrderRow } from '../actors/store-port.ts';
import { SETTLED_AS, type SettledAs } from '../actors/trading-api.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type AskOptions, askEngine, nameOf, withAskOptions } from './ask-engine.ts';
import { checkMeant, withYes, type YesOptions } from './confirm.ts';
import { findOrder } from './find-order.ts';
import { loadConfig, withStore } from './settings.ts';
import { printable } from './table.ts';

interface ResolveOptions extends AskOptions, YesOptions {
  readonly as: string;
  readonly why: string;
}

export function addResolve(program: Command): void {
  withYes(
    withAskOptions(
      program
        .command('resolve')
        .description('Settle an UNKNOWN order under your name, when no evidence does.')
        .argument('<order>', 'its id, venue id or intent key, or the beginning of one')
        .requiredOption('--as <what>', `${SETTLED_AS.join(', ')}: what the venue made of it`)
        .requiredOption('--why <text>', 'how you know'),
    ),
  )
    .addHelpText(
      'after',
      `
never-taken  the venue never took it
cancelled    the venue had it, and it is over there
live         it rests at the venue

A fill is never settled so: the venue tells of it, and it is booked even afterwards.

Example:
  $ fillwright resolve ord_01JF8 --as never-taken --why "not in the venue's list at 03:12 UTC"`,
    )
    .action(async (text: string, _options, command: Command) =>
      resolve(text, command.optsWithGlobals()),
    );
}

async function resolve(text: string, options: ResolveOptions): Promise<void> {
  const as = readAs(options.as);
  const reason = options.why.trim();
  if (reason === '') throw new InvalidValue('--why', options.why, 'how you know, in words');
  const config = await loadConfig(options);
  await withStore(config, options, async (store) => {
    const order = await findOrder(store, text);
    const orderId = order.clientOrderId;
    const last = (await store.orderEvents(orderId)).at(-1);
    await checkMeant(questionOf(order, last, as, nameOf(options)), options);
    await askEngine(store.commands, { type: 'order.settleUnknown', orderId, as, reason }, options);
  });
}

function readAs(text: string): SettledAs {
  const as = SETTLED_AS.find((known) => known === text);
  if (as === undefined) throw new InvalidValue('--as', text, `one of ${SETTLED_AS.join(', ')}`);
  return as;
}

function questionOf(
  order: OrderRow,
  last: OrderEventRow | undefined,
  as: SettledAs,
  name: string,
): string {
  const amount = order.size === null ? `${order.amountUsd} dollars` : `${order.size} shares`;
  return [
    `${order.clientOrderId}: ${order.side} ${amount} of ${order.instrumentId} at ${order.price}, ${order.status}`,
    `The venue knows it as ${order.venueOrderId ?? 'nothing'}.`,
    ...(last === undefined ? [] : [`Last: ${printable(last.note)}`]),
    `Settle it as ${as}, under the name of ${name}.`,
  ].join('\n');
}
