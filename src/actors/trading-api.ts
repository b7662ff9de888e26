/** What a user of the engine can ask for, and what the answers look like. */
import type { InspectionEvent } from 'xstate';
import type { DecimalText } from '../domain/decimal.ts';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import type { Instrument, InstrumentId } from '../domain/instrument.ts';
import type { BookSnapshot } from '../domain/market-data.ts';
import type { ReconcileSettings } from '../domain/reconcile.ts';
import type { Hold, HoldScope } from '../domain/risk/holds.ts';
import type { RiskLimits } from '../domain/risk/limits.ts';
import type { OverridableRule } from '../domain/risk/overrides.ts';
import type { VenueBalance } from '../machines/venue.machine.ts';
import type { BootHealth } from './boot-checker.ts';
import type { BudgetCommand } from './budget-api.ts';
import type { BudgetView } from './budget-rows.ts';
import type { CommandInbox } from './command-port.ts';
import type { Quarantine } from './doubts.ts';
import type { SinkHealth } from './event-courier.ts';
import type { EventParts } from './event-delivery.ts';
import type { Execution, Log } from './execution.ts';
import type { LeftOpen, StopOptions } from './graceful-stop.ts';
import type { LiquidationHealth, LiquidationReport } from './liquidation-report.ts';
import type { Clock, Ids, Venue } from './ports.ts';
import type { EngineEventOf, EngineEventType } from './publisher.ts';
import type { ReconciliationHealth } from './reconcile-document.ts';
import type { ResolutionHealth } from './resolution-watch.ts';
import type { OrderView, PositionView } from './rows.ts';
import type { SettlementHealth } from './settlement-watch.ts';
import type { BudgetFilter, OrderFilter, Store } from './store-port.ts';

export interface SubmitResult {
  readonly orderId: string;
  readonly order: OrderView;
  /** True: the key was used before with the same body; this is that order. */
  readonly deduplicated: boolean;
}

export interface CancelResult {
  readonly orderId: string;
  /** False: it was over already, nothing was asked of the venue. */
  readonly requested: boolean;
  readonly order: OrderView;
}

export interface CancelFilter {
  readonly strategy?: string;
  readonly marketId?: string;
  readonly instrumentId?: InstrumentId;
  readonly side?: 'BUY' | 'SELL';
}

export interface AccountView {
  readonly accountId: string;
  readonly depositsUsd: DecimalText;
  readonly cashUsd: DecimalText;
  readonly reservedUsd: DecimalText;
  /** What remains of open budgets: only orders of them may use it. */
  readonly budgetsUsd: DecimalText;
  /** For orders without a budget: cash less the two, less the minimum reserve. */
  readonly availableUsd: DecimalText;
  /** What resolved markets owe: to be redeemed, and no part of the cash. */
  readonly redeemableUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly minimumReserveUsd: DecimalText;
  /** What the venue last said that the account holds, and when it was asked; null: not yet. */
  readonly venueBalance: VenueBalance | null;
}

export interface TradingHealth {
  readonly running: boolean;
  readonly store: 'ok' | 'lost' | 'broken';
  readonly venue: string;
  readonly openOrders: number;
  /** Inputs not yet durable, and inputs that the snapshots do not know yet. */
  readonly waiting: number;
  readonly lag: number;
  readonly actorFaults: number;
  readonly orphans: number;
  /** Legs that could not be booked, since the start. */
  readonly refusedLegs: number;
  /** What keeps entries, or everything, from being traded now. */
  readonly holds: readonly Hold[];
  /** Everything is being closed; null: it is not. */
  readonly liquidation: LiquidationHealth | null;
  /** Markets that take no entries while an order of theirs is in doubt; the first hundred. */
  readonly quarantine: readonly Quarantine[];
  /** Differences between our books and the venue's, and when both were last compared. */
  readonly reconciliation: ReconciliationHealth;
  /** What the start found: rows, actors and the venue's orders; null until it has been looked at. */
  readonly boot: BootHealth | null;
  /** Fills that are not final yet, and how often fills fail. */
  readonly settlement: SettlementHealth;
  /** Markets that are asked about, and what is to be redeemed. */
  readonly resolution: ResolutionHealth;
  /** How far each sink of events has come. */
  readonly eventSinks: readonly SinkHealth[];
  /** `doubtful`: it may have run out, so nothing is sent; `lost`: another engine has it. */
  readonly lease: 'held' | 'doubtful' | 'lost';
  readonly failure: string | null;
}

/** Commands for the system actor that have no method of their own. */
export type TradingCommand =
  /** No entries, or nothing at all, until it is resumed. `scope` absent: everything. */
  | {
      readonly type: 'trading.pause';
      /** Default `paused`. */
      readonly level?: 'paused' | 'reducing' | 'halted';
      readonly scope?: HoldScope;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'trading.resume';
      readonly scope?: HoldScope;
      readonly by: string;
      readonly reason?: string;
    }
  /** Cancels and sells everything; then trading is paused. Answered once that has begun. */
  | { readonly type: 'trading.flatten'; readonly by: string; readonly reason: string }
  /** When and how the position of an outcome is left. An open position gets an exit where it had none. */
  | {
      readonly type: 'exit.plan';
      readonly instrumentId: InstrumentId;
      /** As a configuration writes it. */
      readonly plan: unknown;
      readonly by: string;
    }
  /** The next intent that these rules are against may go, once. */
  | {
      readonly type: 'override.grant';
      readonly rules: readonly OverridableRule[];
      readonly marketId?: string;
      readonly strategy?: string;
      /** How long it waits for that intent. */
      readonly forMs: number;
      readonly by: string;
      readonly why: string;
    }
  | {
      readonly type: 'account.deposit';
      /** A label in the ledger. It is no key: said twice, it is booked twice. */
      readonly depositId: string;
      readonly amountUsd: DecimalText;
    }
  /** A named person settles an UNKNOWN order. A fill is never settled so: only the venue tells of one. */
  | {
      readonly type: 'order.settleUnknown';
      readonly orderId: string;
      /** Default `never-taken`. */
      readonly as?: SettledAs;
      readonly by: string;
      readonly reason: string;
    }
  /** A person says how a market ended, where the venue does not. The first word stands. */
  | {
      readonly type: 'market.resolve';
      readonly marketId: string;
      /** Dollars a share, by outcome; they add up to 1. */
      readonly payouts: { readonly YES: DecimalText; readonly NO: DecimalText };
      readonly by: string;
      readonly reason: string;
    }
  /** A person says that all that is left of a resolved market was redeemed. */
  | {
      readonly type: 'position.redeem';
      readonly instrumentId: InstrumentId;
      /** What came for it; absent: its payout. */
      readonly amountUsd?: DecimalText;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'order.cancel';
      readonly orderId: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'orders.cancelAll';
      /** `{}`: every order that may still be filled. */
      readonly filter: CancelFilter;
      readonly by: string;
      readonly reason: string;
    }
  | BudgetCommand
  /** Compares our books with the venue's now. `apply` false: it only looks. */
  | { readonly type: 'reconcile.run'; readonly apply: boolean; readonly by: string }
  /** A named person's word on a finding. Approved, what it proposes is done where that can be. */
  | {
      readonly type: 'finding.decide';
      readonly findingId: string;
      readonly as: 'approved' | 'dismissed';
      readonly by: string;
      readonly why: string;
    };

/** The venue never took it; it had it and it is over there; it rests there. */
export const SETTLED_AS = ['never-taken', 'cancelled', 'live'] as const;
export type SettledAs = (typeof SETTLED_AS)[number];

/** What came of a command, when that is durable. */
export interface CommandAnswer {
  /** One sentence for a person. */
  readonly text: string;
  /** False: it was so already. */
  readonly changed: boolean;
  /** What belongs to the command, for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The newest books, as the feed tells them. */
export interface Books {
  book(id: InstrumentId): BookSnapshot | undefined;
  /** What one share is worth now; undefined while nobody knows. */
  mark(id: InstrumentId): DecimalText | undefined;
  /** When the feed last spoke, by the engine's clock; undefined: never. */
  readonly seenAtMs: number | undefined;
}

export interface TradingParts {
  readonly store: Store;
  readonly venue: Venue;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly account: {
    readonly id: string;
    /** Dollars that a new account opens with, or where to ask for them. */
    readonly depositUsd: DecimalText | (() => Promise<DecimalText>);
    readonly minimumReserveUsd: DecimalText;
  };
  readonly maxOpenOrders: number;
  /** What intents are checked against. Default: DEFAULT_LIMITS. */
  readonly limits?: Partial<RiskLimits>;
  /** The plan of a position that was given none. Absent: it has none. */
  readonly exitPlan?: ExitPlan;
  /** Books for the rules that need one. Absent: nobody feeds books. */
  readonly books?: Books;
  readonly checkIdentities: boolean;
  /** Commands of other processes. Absent: none are taken. */
  readonly commands?: CommandInbox;
  /** Where events go, and how long they are kept. Absent: they are made, and nobody delivers or removes them. */
  readonly events?: EventParts;
  readonly settlement?: {
    /** A fill of which nothing was heard for this long is asked about. Default ASK_AFTER_MS. */
    readonly askAfterMs?: number;
  };
  readonly resolution?: {
    /** How often the venue is asked how markets ended. Default ASK_EVERY_MS. */
    readonly everyMs?: number;
  };
  /** How often and how closely our books are compared with the venue's. */
  readonly reconcile?: Partial<ReconcileSettings>;
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Trading {
  start(): Promise<void>;
  /** @throws {FillwrightFault} `invalid_value`, `unknown_instrument`, `key_conflict`, `store_unavailable`, `overloaded`, `not_running`. */
  submit(intent: unknown): Promise<SubmitResult>;
  /** All or nothing in checking; each intent then goes its own way. */
  submitAll(intents: unknown): Promise<readonly SubmitResult[]>;
  cancel(orderId: string, reason?: string): Promise<CancelResult>;
  cancelAll(filter?: CancelFilter, reason?: string): Promise<readonly CancelResult[]>;
  order(orderId: string): Promise<OrderView | undefined>;
  orders(filter?: OrderFilter): Promise<readonly OrderView[]>;
  /**
   * Orders that may still change a position (`isPending`), as they stand in memory now: not yet
   * durable, for strategies.
   */
  workingOrders(): readonly OrderView[];
  positions(): Promise<readonly PositionView[]>;
  position(instrumentId: InstrumentId): PositionView | undefined;
  account(): Promise<AccountView>;
  /** Newest first, those that have ended too. */
  budgets(filter?: BudgetFilter): Promise<readonly BudgetView[]>;
  /** The feed has told of a new book or trade of this outcome. */
  marketChanged(instrumentId: InstrumentId): void;
  /**
   * Cancels every order, sells every position, then pauses trading. Answers what was done and what is
   * left; a second call joins the first.
   */
  flatten(by: string, reason: string): Promise<LiquidationReport>;
  /** @throws {FillwrightFault} `invalid_value`, `unknown_order` and those of `submit`. */
  send(command: TradingCommand): Promise<CommandAnswer>;
  on<T extends EngineEventType>(type: T, listener: (event: EngineEventOf<T>) => void): () => void;
  instruments(): readonly Instrument[];
  health(): TradingHealth;
  /** Resolves when everything taken in so far is durable and in the read tables. */
  settled(): Promise<void>;
  readonly execution: Execution;
  /** Answers what stays open; undefined where nothing ran. */
  stop(options?: StopOptions): Promise<LeftOpen | undefined>;
}
