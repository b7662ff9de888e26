/**
 * Commands to a running engine, whoever gives them: a program (`send`), or a person through the store
 * (`command-door.ts`). Each is checked whole before anything is done, and answers when what it did is
 * durable.
 */
import { parseExitPlan } from '../domain/exits/parse-exit-plan.ts';
import { BrokenInvariant, InvalidValue } from '../domain/faults.ts';
import type { Instrument } from '../domain/instrument.ts';
import { activeHolds, EVERYTHING, holdText, scopeOfCause } from '../domain/risk/holds.ts';
import type { OrderContext, SettledBy } from '../machines/order.context.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import { type BudgetCommandsOptions, createBudgetCommands } from './budget-commands.ts';
import { checkFilter } from './cancel-filter.ts';
import {
  checkAmount,
  checkHoldable,
  checkLevel,
  checkOverride,
  checkScope,
  checkTexts,
  unknownInstrument,
  unknownOrder,
} from './checks.ts';
import type { Execution } from './execution.ts';
import type { Clock, Ids } from './ports.ts';
import type { Reconciler } from './reconciler.ts';
import { createResolutionCommands } from './resolution-commands.ts';
import { axes, orderRow } from './rows.ts';
import {
  type CommandAnswer,
  SETTLED_AS,
  type SettledAs,
  type Trading,
  type TradingCommand,
} from './trading-api.ts';

export interface CommandsOptions
  extends Pick<Trading, 'cancel' | 'cancelAll' | 'flatten'>,
    Pick<BudgetCommandsOptions, 'store'> {
  /** @throws what keeps the engine from promising anything now. */
  readonly working: () => Execution;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly instrument: (id: string) => Instrument | undefined;
  readonly reconciler: Pick<Reconciler, 'run' | 'decide'>;
}

/** `commandId` names a command that may come again after a crash. */
export type RunCommand = (command: TradingCommand, commandId?: string) => Promise<CommandAnswer>;

export function createCommands(options: CommandsOptions): RunCommand {
  const { working, clock } = options;
  const budgets = createBudgetCommands(options);
  const resolutions = createResolutionCommands({ working, clock });

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

  async function hold(command: Of<'trading.pause'>): Promise<CommandAnswer> {
    const { by, reason, level = 'paused', scope = EVERYTHING } = command;
    checkTexts({ by, reason, scope });
    checkLevel(level);
    checkHoldable(scope);
    const held = { scope, level, reason, by, sinceMs: clock.now(), untilMs: null };
    return tell(
      { type: 'trading.held', level, scope, by, reason, atMs: clock.now() },
      `Trading is ${holdText(held)}. ${GOES_ON[level]}`,
    );
  }

  /** What somebody else holds stays: it is named. */
  async function resume(command: Of<'trading.resume'>): Promise<CommandAnswer> {
    const { by, reason = 'resumed', scope = EVERYTHING } = command;
    checkTexts({ by, reason, scope });
    checkScope(scope);
    const { context } = working();
    const known = context().holds[scope];
    if (known?.level === 'liquidating') {
      throw new InvalidValue('scope', scope, 'another one while everything is being closed');
    }
    const changed = known !== undefined;
    const answer = await tell(
      { type: 'trading.released', scope, by, reason, atMs: clock.now() },
      'Trading is resumed.',
    );
    const left = activeHolds(context().holds, clock.now());
    const others = left.map(
      (one) => `${one.scope} stays ${one.level}: ${one.reason} (by ${one.by})`,
    );
    const text = [changed ? 'Trading is resumed.' : `Nothing held ${scope}.`, ...others].join(' ');
    return { ...answer, changed, text, facts: { holds: left } };
  }

  async function planExit({ instrumentId, plan, by }: Of<'exit.plan'>): Promise<CommandAnswer> {
    checkTexts({ instrumentId, by });
    const instrument = options.instrument(instrumentId);
    if (instrument === undefined) throw unknownInstrument(instrumentId);
    const parsed = parseExitPlan(plan);
    const { registry } = working();
    const answer = await tell(
      { type: 'exit.planned', instrument, plan: parsed, by, atMs: clock.now() },
      `${instrumentId} is left by the plan ${parsed.name}.`,
    );
    if (registry.exits.has(instrumentId)) return answer;
    throw new InvalidValue('instrumentId', instrumentId, 'an outcome of which something is held');
  }

  /** Answered once entries are refused for good: the rest takes as long as it takes. */
  async function flatten({ by, reason }: Of<'trading.flatten'>): Promise<CommandAnswer> {
    const { journal, context } = working();
    const changed = context().holds[scopeOfCause('liquidation')]?.level !== 'liquidating';
    options.flatten(by, reason).catch(() => undefined);
    await journal.durable();
    const text = changed
      ? `Everything is being closed: ${reason} (by ${by}). Then trading is paused.`
      : 'Everything is being closed already.';
    return { text, changed, facts: {} };
  }

  async function override(command: Of<'override.grant'>): Promise<CommandAnswer> {
    const { rules, marketId, strategy, forMs, by, why } = command;
    checkTexts({ by, why });
    const atMs = clock.now();
    const waiting = working()
      .context()
      .overrides.filter(({ untilMs }) => untilMs > atMs);
    checkOverride(command, waiting.length);
    const overrideId = options.ids.next('override');
    const only = {
      ...(marketId === undefined ? {} : { marketId }),
      ...(strategy === undefined ? {} : { strategy }),
    };
    const granted = { overrideId, rules, ...only, by, why, untilMs: atMs + forMs };
    const answer = await tell(
      { type: 'override.granted', override: granted, atMs },
      `${overrideId}: the next intent that ${rules.join(', ')} would refuse may go, once, for ${forMs / 1_000} s.`,
    );
    return { ...answer, facts: { override: granted } };
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
    const order = orderRow(registry.snapshot(entry));
    if (order.status === 'UNKNOWN') throw notTold(orderId);
    await journal.durable();
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
      case 'trading.pause':
        return hold(command);
      case 'trading.resume':
        return resume(command);
      case 'trading.flatten':
        return flatten(command);
      case 'exit.plan':
        return planExit(command);
      case 'override.grant':
        return override(command);
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
      case 'market.resolve':
        return resolutions.resolve(command);
      case 'position.redeem':
        return resolutions.redeem(command);
      case 'reconcile.run':
        return reconcile(command);
      case 'finding.decide':
        return decide(command);
      case 'budget.reserve':
      case 'budget.commit':
      case 'budget.release':
        return budgets(command, commandId);
      default:
        throw unknownCommand(command);
    }
  };
}

const GOES_ON = {
  paused: 'Exits go on.',
  reducing: 'Entries that rest are cancelled. Exits go on.',
  halted: 'Nothing but cancels is sent.',
} as const;

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

/** An order that has thrown too often is set aside: it takes nothing, not even a person's word. */
function notTold(orderId: string): BrokenInvariant {
  return new BrokenInvariant(
    `${orderId} could not be told: it has thrown, or is set aside. Start the engine again, then say it again.`,
    { orderId },
  );
}

function byWhom({ name }: SettledBy): string {
  return ` by ${name}`;
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
