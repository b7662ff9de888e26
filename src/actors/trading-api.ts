/** What a user of the engine can ask for, and what the answers look like. */
import type { InspectionEvent } from 'xstate';
import type { DecimalText } from '../domain/decimal.ts';
import type { Instrument, InstrumentId } from '../domain/instrument.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock, Ids, Venue } from './ports.ts';
import type { EngineEventOf, EngineEventType } from './publisher.ts';
import type { OrderView, PositionView } from './rows.ts';
import type { OrderFilter, Store } from './store-port.ts';

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
  readonly availableUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly minimumReserveUsd: DecimalText;
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
  readonly failure: string | null;
}

/** Commands for the system actor that have no method of their own. */
export type TradingCommand =
  | { readonly type: 'trading.pause'; readonly by: string; readonly reason: string }
  | { readonly type: 'trading.resume'; readonly by: string }
  | {
      readonly type: 'account.deposit';
      /** A label in the ledger. It is no key: said twice, it is booked twice. */
      readonly depositId: string;
      readonly amountUsd: DecimalText;
    }
  /** A named person settles an UNKNOWN order: the venue never took it. */
  | {
      readonly type: 'order.settleUnknown';
      readonly orderId: string;
      readonly by: string;
      readonly reason: string;
    };

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
  readonly checkIdentities: boolean;
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
  /** Orders in memory, as they stand now: not yet durable, for strategies. */
  workingOrders(): readonly OrderView[];
  positions(): Promise<readonly PositionView[]>;
  position(instrumentId: InstrumentId): PositionView | undefined;
  account(): Promise<AccountView>;
  send(command: TradingCommand): Promise<void>;
  on<T extends EngineEventType>(type: T, listener: (event: EngineEventOf<T>) => void): () => void;
  instruments(): readonly Instrument[];
  health(): TradingHealth;
  /** Resolves when everything taken in so far is durable and in the read tables. */
  settled(): Promise<void>;
  readonly execution: Execution;
  stop(): Promise<void>;
}
