/**
 * Commands to a running engine, whoever gives them: a program (`send`), or a person through the store
 * (`command-door.ts`). Each is checked whole before anything is done, and answers when what it did is
 * durable.
 */
import { InvalidValue } from '../domain/faults.ts';
import type { OrderContext, SettledBy } from '../machines/order.context.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import { checkAmount, checkTexts, unknownOrder } from './checks.ts';
import type { Execution } from './execution.ts';
import type { Clock } from './ports.ts';
import type { Reconciler } from './reconciler.ts';
import { axes, orderRow } from './rows.ts';
import {
  type CancelFilter,
  type CommandAnswer,
  SETTLED_AS,
  type SettledAs,
  type Trading,
  type TradingCommand,
} from './trading-api.ts';

export interface CommandsOptions extends Pick<Trading, 'cancel' | 'cancelAll'> {
  /** @throws what keeps the engine from promising anything now. */
  readonly working: () => Execution;
  readonly clock: Clock;
  readonly reconciler: Pick<Reconciler, 'run' | 'decide'>;
}

/** `commandId` names a command that may come again after a crash. */
export type RunCommand = (command: TradingCommand, commandId?: string) => Promise<CommandAnswer>;

export function createCommands(options: CommandsOptions): RunCommand {
  const { working, clock } = options;

  /** What the engine was told, told in one sentence. */
  async function tell(
    input: Parameters<Execution['dispatch']>[0],
    text: string,
  ): Promise<CommandAnswer> {
    const { dispatch, journal } = working();
    dispatch(input);
    await journal.durable();
    return { text, changed: true, facts: {} };
  }

  async function settle(
    { orderId, by, reason, as = 'never-taken' }: Of<'order.settleUnknown'>,
    commandId: string | undefined,
  ): Promise<CommandAnswer> {
    checkTexts({ orderId, by, reason });
    if (!SETTLED_AS.includes(as))
      throw new InvalidValue('as', as, `one of ${SETTLED_AS.join(', ')}`);
    const { dispatch, journal, loader, registry } = working();
    await loader.ensure(orderId);
    const entry = registry.orders.get(orderId);
    if (entry === undefined) throw unknownOrder(orderId);
    const { context } = registry.snapshot(entry);
    const { execution } = axes(registry.snapshot(entry));
    if (!execution.startsWith('unknown')) {
      return settledAlready(orderRow(registry.snapshot(entry)).status, context);
    }
    if (as === 'never-taken' && context.acknowledged) {
      throw new InvalidValue(
        'as',
        as,
        'cancelled or live: the venue has shown that it took the order',
      );
    }
    dispatch({
      type: WORD[as],
      clientOrderId: orderId,
      by,
      reason,
      ...(commandId === undefined ? {} : { commandId }),
      atMs: clock.now(),
    });
    await journal.durable();
    const order = orderRow(registry.snapshot(entry));
    const text = `${orderId} is settled as ${as}: ${order.status}.`;
    return { text, changed: true, facts: { order } };
  }

  async function cancel({ orderId, by, reason }: Of<'order.cancel'>): Promise<CommandAnswer> {
    checkTexts({ orderId, by, reason });
    const { requested, order } = await options.cancel(orderId, `${reason} (by ${by})`);
    const text = requested
      ? `${orderId} is to be cancelled: ${order.status}.`
      : `${orderId} was over already: ${order.status}.`;
    return { text, changed: requested, facts: { order } };
  }

  async function cancelAll({ filter, by, reason }: Of<'orders.cancelAll'>): Promise<CommandAnswer> {
    checkTexts({ by, reason });
    checkFilter(filter);
    const cancelled = await options.cancelAll(filter, `${reason} (by ${by})`);
    const orders = cancelled.filter(({ requested }) => requested).map(({ orderId }) => orderId);
    const text = `${orders.length} order(s) are to be cancelled.`;
    return { text, changed: orders.length > 0, facts: { orders } };
  }

  async function reconcile({ apply, by }: Of<'reconcile.run'>): Promise<CommandAnswer> {
    checkTexts({ by });
    if (typeof apply !== 'boolean') throw new InvalidValue('apply', apply, 'true or false');
    working();
    const reconciliation = await options.reconciler.run(apply);
    const { journal } = working();
    await journal.durable();
    const { findings, differences, complete } = reconciliation;
    const text = `${differences.length} difference(s), ${findings.open} open finding(s), ${findings.critical} critical${complete ? '' : '; not everything was answered'}.`;
    return { text, changed: apply, facts: { reconciliation } };
  }

  async function decide({ findingId, as, by, why }: Of<'finding.decide'>): Promise<CommandAnswer> {
    checkTexts({ findingId, by, why });
    if (as !== 'approved' && as !== 'dismissed') {
      throw new InvalidValue('as', as, 'approved or dismissed');
    }
    working();
    const changed = await options.reconciler.decide({ findingId, as, by, why });
    const text = changed
      ? `Finding ${findingId} is ${as} (by ${by}).`
      : `Finding ${findingId} was ${as} already.`;
    return { text, changed, facts: { findingId, as } };
  }

  return async (command, commandId) => {
    const atMs = clock.now();
    switch (command.type) {
      case 'trading.pause': {
        const { by, reason } = command;
        checkTexts({ by, reason });
        const text = `Entries are paused: ${reason} (by ${by}). Exits go on.`;
        return tell({ type: 'trading.paused', by, reason, atMs }, text);
      }
      case 'trading.resume':
        checkTexts({ by: command.by });
        return tell({ type: 'trading.resumed', by: command.by, atMs }, 'Entries are taken again.');
      case 'account.deposit': {
        const { depositId, amountUsd } = command;
        checkTexts({ depositId });
        checkAmount(amountUsd);
        const text = `${amountUsd} dollars are booked.`;
        return tell({ type: 'account.deposited', depositId, amountUsd, atMs }, text);
      }
      case 'order.settleUnknown':
        return settle(command, commandId);
      case 'order.cancel':
        return cancel(command);
      case 'orders.cancelAll':
        return cancelAll(command);
      case 'reconcile.run':
        return reconcile(command);
      case 'finding.decide':
        return decide(command);
      default:
        throw unknownCommand(command);
    }
  };
}

type Of<Type extends TradingCommand['type']> = Extract<TradingCommand, { readonly type: Type }>;

const WORD = {
  'never-taken': 'operator.neverTaken',
  cancelled: 'operator.cancelled',
  live: 'operator.live',
} as const satisfies Record<SettledAs, OrderEvent['type']>;

/** By a person: then it was said before, by this command or another. By evidence: nothing to settle. */
function settledAlready(status: string, { clientOrderId, settledBy }: OrderContext): CommandAnswer {
  if (settledBy === null) {
    throw new InvalidValue(`order ${clientOrderId}`, status, 'an order in doubt: UNKNOWN');
  }
  const text = `${clientOrderId} is already settled${byWhom(settledBy)}: ${status}.`;
  return { text, changed: false, facts: { status } };
}

function byWhom({ name }: SettledBy): string {
  return ` by ${name}`;
}

const FILTER_FIELDS: ReadonlySet<string> = new Set<keyof CancelFilter>([
  'strategy',
  'marketId',
  'instrumentId',
  'side',
]);

/** A misspelt filter must not cancel everything. */
function checkFilter(filter: unknown): void {
  if (typeof filter !== 'object' || filter === null) {
    throw new InvalidValue('filter', filter, 'an object, {} for every order');
  }
  for (const [field, value] of Object.entries(filter)) {
    if (!FILTER_FIELDS.has(field)) {
      throw new InvalidValue(`filter.${field}`, value, `only ${[...FILTER_FIELDS].join(', ')}`);
    }
    checkTexts({ [`filter.${field}`]: value });
  }
  const side: unknown = 'side' in filter ? filter.side : undefined;
  if (side === undefined || side === 'BUY' || side === 'SELL') return;
  throw new InvalidValue('filter.side', side, 'BUY or SELL');
}

/** Only untyped callers get here: a program in JavaScript, or a command line of another version. */
function unknownCommand(command: unknown): InvalidValue {
  const isObject = typeof command === 'object' && command !== null && 'type' in command;
  return new InvalidValue(
    'command.type',
    isObject ? command.type : command,
    'a command known here',
  );
}
