/** What a trading strategy is, and what it may see and ask. Snapshots only: nothing can be changed. */

import type { FillLeg } from '../domain/fill-leg.ts';
import type { Instrument, InstrumentId, Outcome, Side } from '../domain/instrument.ts';
import type { IntentInput } from '../domain/intent-input.ts';
import type { BookSnapshot, PublicTrade } from '../domain/market-data.ts';
import type { TradeSignal } from '../domain/signal.ts';
import type { OrderView, PositionView } from './rows.ts';
import type {
  AccountView,
  CancelResult,
  CommandAnswer,
  SubmitResult,
  TradingCommand,
} from './trading-api.ts';

/** A signal names an outcome of a market in ticks of a thousandth; it is mapped to an intent. */
export interface MarketSignal extends TradeSignal {
  readonly marketId: string;
  /** Default: made from the strategy, the instrument, the side and a running number. */
  readonly key?: string;
}

/** An intent without what the engine can fill in: the strategy's name, and a key where absent. */
export type StrategyIntent = Omit<IntentInput, 'key' | 'strategy'> & { readonly key?: string };

/** What a callback may return: intents or signals to be submitted, highest priority first. */
export type StrategyAnswer = readonly (StrategyIntent | MarketSignal)[] | undefined;

export interface StrategyContext {
  readonly strategy: string;
  /** Milliseconds since 1970 UTC, by the engine's clock. */
  now(): number;
  instruments(): readonly Instrument[];
  /** The same market's instrument of the other outcome. */
  complement(id: InstrumentId): Instrument | undefined;
  find(marketId: string, outcome: Outcome): Instrument | undefined;
  book(id: InstrumentId): BookSnapshot | undefined;
  position(id: InstrumentId): PositionView | undefined;
  account(): AccountView;
  /** This strategy's orders that are not over, or whose fills are still to come. */
  workingOrders(): readonly OrderView[];
  /** True while an order of this strategy may still be filled, or its fills are still to come. */
  isPending(id: InstrumentId, side: Side): boolean;
  submit(intent: StrategyIntent | MarketSignal): Promise<SubmitResult | undefined>;
  cancel(orderId: string, reason?: string): Promise<CancelResult>;
  send(command: TradingCommand): Promise<CommandAnswer>;
}

export interface Strategy {
  readonly name: string;
  /** How often `onTimer` is called; absent: never. */
  readonly timerMs?: number;
  onStart?(context: StrategyContext): StrategyAnswer;
  onBook?(book: BookSnapshot, context: StrategyContext): StrategyAnswer;
  onTrade?(trade: PublicTrade, context: StrategyContext): StrategyAnswer;
  onOrder?(order: OrderView, context: StrategyContext): StrategyAnswer;
  onFill?(
    fill: { readonly leg: FillLeg; readonly effect: 'applied' | 'settled' | 'voided' },
    context: StrategyContext,
  ): StrategyAnswer;
  onPosition?(position: PositionView, context: StrategyContext): StrategyAnswer;
  onTimer?(context: StrategyContext): StrategyAnswer;
}

/** A strategy made from the `options` of a configuration file. */
export type StrategyFactory = (options: unknown) => Strategy;
