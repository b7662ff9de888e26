/** `fillwright orders`: the newest orders. */
import type { Command } from 'commander';
import type { OrderView } from '../actors/rows.ts';
import { InvalidValue } from '../domain/faults.ts';
import { formatTime } from './duration.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { ORDER_COLUMNS, orderCells } from './order-table.ts';
import { loadConfig, withStore } from './settings.ts';
import { isOpenStatus } from './statuses.ts';
import { tableLines } from './table.ts';

const MOST = 10_000;

interface OrdersOptions extends GlobalOptions {
  readonly open?: boolean;
  readonly strategy?: string;
  readonly limit: string;
}

export function addOrders(program: Command): void {
  program
    .command('orders')
    .description('List orders, newest first.')
    .option('--open', 'only orders that may still be filled')
    .option('--strategy <name>', 'only orders of this strategy')
    .option('--limit <count>', `at most this many, up to ${MOST}`, '50')
    .addHelpText('after', '\nExample:\n  $ fillwright orders --open --strategy synthetic-arbitrage')
    .action(async (_options, command: Command) => orders(command.optsWithGlobals()));
}

async function orders(options: OrdersOptions): Promise<void> {
  const limit = readLimit(options.limit);
  const config = await loadConfig(options);
  const found = await withStore(config, options, async (store) => {
    const rows = await store.orders({
      // An order that is over but not settled is not closed either: those are left out below.
      ...(options.open === true ? { closed: false } : {}),
      ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
      limit: options.open === true ? MOST : limit,
    });
    const chosen = options.open === true ? rows.filter(({ status }) => isOpenStatus(status)) : rows;
    return chosen.slice(0, limit);
  });
  printResult(options, found, () =>
    found.length === 0 ? ['No orders.'] : orderLines(found, process.stdout.columns),
  );
}

function orderLines(rows: readonly OrderView[], width?: number): string[] {
  return tableLines(
    [
      { title: 'created (UTC)' },
      { title: 'order' },
      { title: 'strategy', shrinks: true },
      ...ORDER_COLUMNS,
      { title: 'reason', shrinks: true },
    ],
    rows.map((order) => [
      formatTime(order.createdAtMs),
      order.clientOrderId,
      order.strategy,
      ...orderCells(order),
      order.reason ?? '',
    ]),
    width,
  );
}

function readLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST) return limit;
  throw new InvalidValue('--limit', text, `a whole number from 1 to ${MOST}`);
}
