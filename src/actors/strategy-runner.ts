/**
 * Runs strategies: gives them snapshots, takes their intents and signals, and keeps a strategy from
 * placing a second order where one of its own is still working (the pending flag of that market's
 * outcome and side). A strategy that throws is reported and goes on with the next event.
 */
import { FillwrightFault, InvalidValue, show } from '../domain/faults.ts';
import type { Instrument, InstrumentId, Side } from '../domain/instrument.ts';
import { opposite } from '../domain/instrument.ts';
import type { IntentInput } from '../domain/intent-input.ts';
import type { BookSnapshot, MarketEvent } from '../domain/market-data.ts';
import { intentFromSignal } from '../domain/signal.ts';
import { type ExecutionState, isPending } from '../machines/order.status.ts';
import { accountView } from './account-view.ts';
import type { Log } from './execution.ts';
import type { Clock } from './ports.ts';
import type { OrderView } from './rows.ts';
import type {
  MarketSignal,
  Strategy,
  StrategyAnswer,
  StrategyContext,
  StrategyIntent,
} from './strategy.ts';
import type { SubmitResult, Trading, TradingCommand } from './trading-api.ts';

export interface StrategyRunner {
  start(): void;
  /** Hands a market event to every strategy. */
  take(event: MarketEvent): void;
  /** Intents that a pending flag held back, and callbacks that threw. */
  readonly counts: Readonly<{ suppressed: number; refused: number; threw: number }>;
  stop(): void;
}

export interface StrategyRunnerOptions {
  readonly strategies: readonly Strategy[];
  readonly trading: Trading;
  readonly clock: Clock;
  readonly log: Log;
  readonly book: (id: InstrumentId) => BookSnapshot | undefined;
}

interface Running {
  readonly strategy: Strategy;
  readonly context: StrategyContext;
  /** Orders that are pending, by id, and submits that have no order yet, by flag. */
  readonly working: Map<string, string>;
  readonly submitting: Map<string, number>;
}

export function createStrategyRunner(options: StrategyRunnerOptions): StrategyRunner {
  const { trading, clock, log } = options;
  const counts = { suppressed: 0, refused: 0, threw: 0 };
  const cancels: (() => void)[] = [];
  const running: Running[] = options.strategies.map((strategy) => prepare(strategy));
  let stopped = false;

  function prepare(strategy: Strategy): Running {
    const working = new Map<string, string>();
    const submitting = new Map<string, number>();
    const self: Running = { strategy, working, submitting, context: contextOf(() => self) };
    return self;
  }

  function contextOf(self: () => Running): StrategyContext {
    const instruments = () => trading.instruments();
    const find = (marketId: string, outcome: Instrument['outcome']) =>
      instruments().find((known) => known.marketId === marketId && known.outcome === outcome);
    return {
      get strategy() {
        return self().strategy.name;
      },
      now: () => clock.now(),
      instruments,
      find,
      complement(id) {
        const known = instruments().find((instrument) => instrument.id === id);
        return known === undefined ? undefined : find(known.marketId, opposite(known.outcome));
      },
      book: options.book,
      position: (id) => trading.position(id),
      account: () => accountView(trading.execution.registry),
      workingOrders: () =>
        trading.workingOrders().filter((order) => order.strategy === self().strategy.name),
      isPending: (id, side) => hasPending(self(), flagOf(id, side)),
      submit: (asked) => submit(self(), asked),
      cancel: (orderId, reason) => trading.cancel(orderId, reason),
      send: async (command) => trading.send(ownBudget(self().strategy.name, command)),
    };
  }

  async function submit(
    self: Running,
    asked: StrategyIntent | MarketSignal,
  ): Promise<SubmitResult | undefined> {
    const intent = toIntent(self, asked);
    const flag = flagOf(intent.instrument, intent.side);
    if (hasPending(self, flag)) {
      counts.suppressed += 1;
      return undefined;
    }
    self.submitting.set(flag, (self.submitting.get(flag) ?? 0) + 1);
    try {
      const result = await trading.submit(intent);
      watch(self, result.order);
      return result;
    } finally {
      const left = (self.submitting.get(flag) ?? 1) - 1;
      if (left > 0) self.submitting.set(flag, left);
      else self.submitting.delete(flag);
    }
  }

  function toIntent(self: Running, asked: StrategyIntent | MarketSignal): IntentInput {
    const strategy = self.strategy.name;
    if ('instrument' in asked) {
      return { ...asked, strategy, key: asked.key ?? mintKey(self, asked.instrument, asked.side) };
    }
    const { marketId, key, ...signal } = asked;
    const instrument = self.context.find(marketId, signal.side);
    if (instrument === undefined) {
      throw new FillwrightFault(
        'unknown_instrument',
        `signal.marketId ${JSON.stringify(marketId)}: no ${signal.side} instrument of it is known.`,
      );
    }
    return intentFromSignal(signal, {
      venue: instrument.venue,
      marketId,
      strategy,
      key: key ?? mintKey(self, instrument.id, signal.action ?? 'BUY'),
      tickSize: instrument.tickSize,
    });
  }

  let minted = 0;

  /** A key that no other intent has: the moment and a running number make it unique. */
  function mintKey(self: Running, id: InstrumentId, side: Side): string {
    minted += 1;
    return `${self.strategy.name}/${id}/${side}/${clock.now()}-${minted}`;
  }

  /** Runs one callback and submits what it answers, highest priority first. */
  function call(self: Running, name: string, callback: () => StrategyAnswer): void {
    if (stopped) return;
    let answer: unknown;
    try {
      answer = callback();
    } catch (error) {
      threw(self, name, error);
      return;
    }
    if (answer === undefined) return;
    if (!isList(answer)) {
      // A module in JavaScript may answer anything; a promise's rejection would end the process.
      if (answer instanceof Promise) answer.catch(() => undefined);
      threw(
        self,
        name,
        new TypeError(`Expected a list of intents or nothing, got ${show(answer)}.`),
      );
      return;
    }
    const byPriority = [...answer].sort((a, b) => (b?.priority ?? 0) - (a?.priority ?? 0));
    for (const asked of byPriority) {
      submit(self, asked).catch((error: unknown) => {
        counts.refused += 1;
        log.warn({ error, strategy: self.strategy.name, asked }, 'An intent was refused.');
      });
    }
  }

  function threw(self: Running, callback: string, error: unknown): void {
    counts.threw += 1;
    log.error({ error, strategy: self.strategy.name, callback }, 'A strategy threw.');
  }

  function watch(self: Running, order: OrderView): void {
    if (isPending(order.execution as ExecutionState, order)) {
      self.working.set(order.clientOrderId, flagOf(order.instrumentId, order.side));
    } else {
      self.working.delete(order.clientOrderId);
    }
  }

  function forEach(name: string, each: (self: Running) => StrategyAnswer): void {
    for (const self of running) call(self, name, () => each(self));
  }

  function startTimer(self: Running): void {
    const { strategy, context } = self;
    const { timerMs } = strategy;
    if (timerMs === undefined || strategy.onTimer === undefined) return;
    const tick = () => {
      if (stopped) return;
      call(self, 'onTimer', () => strategy.onTimer?.(context));
      clock.at(clock.now() + timerMs, tick);
    };
    clock.at(clock.now() + timerMs, tick);
  }

  return {
    start() {
      for (const order of trading.workingOrders()) {
        const self = running.find(({ strategy }) => strategy.name === order.strategy);
        if (self !== undefined) watch(self, order);
      }
      cancels.push(
        trading.on('order', ({ order }) => {
          const self = running.find(({ strategy }) => strategy.name === order.strategy);
          if (self === undefined) return;
          watch(self, order);
          call(self, 'onOrder', () => self.strategy.onOrder?.(order, self.context));
        }),
        trading.on('fill', (fill) =>
          forEach('onFill', (self) => self.strategy.onFill?.(fill, self.context)),
        ),
        trading.on('position', ({ position }) =>
          forEach('onPosition', (self) => self.strategy.onPosition?.(position, self.context)),
        ),
      );
      for (const self of running) {
        call(self, 'onStart', () => self.strategy.onStart?.(self.context));
        startTimer(self);
      }
    },
    take(event) {
      if (event.type === 'market.bookChanged') {
        forEach('onBook', (self) => self.strategy.onBook?.(event.book, self.context));
      } else if (event.type === 'market.traded') {
        forEach('onTrade', (self) => self.strategy.onTrade?.(event.trade, self.context));
      }
    },
    counts,
    stop() {
      stopped = true;
      for (const cancel of cancels) cancel();
    },
  };
}

/** A strategy speaks of its own budgets only. */
function ownBudget(owner: string, command: TradingCommand): TradingCommand {
  const isOfBudget = command.type === 'budget.commit' || command.type === 'budget.release';
  if (isOfBudget) return { ...command, owner };
  if (command.type !== 'budget.reserve' || command.owner === owner) return command;
  throw new InvalidValue('owner', command.owner, `${owner}: a strategy reserves for itself`);
}

function isList(answer: unknown): answer is NonNullable<StrategyAnswer> {
  return Array.isArray(answer);
}

function hasPending(self: Running, flag: string): boolean {
  if (self.submitting.has(flag)) return true;
  for (const working of self.working.values()) if (working === flag) return true;
  return false;
}

function flagOf(id: InstrumentId, side: Side): string {
  return `${id}/${side}`;
}
