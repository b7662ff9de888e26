/**
 * What the sandbox exchange deals in. Amounts are whole micros (bigint, 6 decimals, as on chain):
 * shares, dollars, and prices as micro-dollars for a share.
 */
import type { FeeSchedule, Outcome, Side } from '../../domain/instrument.ts';

export type Micros = bigint;

/** `0x` and lower-case hex. */
export type Hex = `0x${string}`;

export interface SandboxToken {
  /** Decimal text of a uint256. */
  readonly tokenId: string;
  readonly outcome: Outcome;
}

/** One binary market. Token 0 is YES, token 1 is NO. */
export interface SandboxMarket {
  /** `0x` and 64 hex digits. */
  readonly conditionId: Hex;
  readonly slug: string;
  readonly question: string;
  readonly tokens: readonly [SandboxToken, SandboxToken];
  /** Decimal text; changes with a tick-size change. */
  tickSize: string;
  /** Shares, decimal text. */
  readonly minimumOrderSize: string;
  readonly negRisk: boolean;
  /** `v1`: orders of domain version 2. `v2`: of domain version 3 (ExchangeV3). */
  readonly version: 'v1' | 'v2';
  readonly fees: FeeSchedule;
  /** How long a marketable order waits; 0 for none. */
  readonly takerDelayMs: number;
  /** True: the answer waits for the delay (`itode`). False: the answer is `delayed` at once (sports). */
  readonly blockingDelay: boolean;
  /** Set by resolution: dollars that a share of YES and of NO pay, in micros. */
  payout?: readonly [yes: Micros, no: Micros];
}

export type OrderType = 'GTC' | 'GTD' | 'FOK' | 'FAK';

/** An order whose signature and format have been checked; what is left are the exchange's rules. */
export interface NewOrder {
  /** The order's hash. */
  readonly id: Hex;
  /** API key of whoever posted it. */
  readonly owner: string;
  /** The account that pays: checksummed address. */
  readonly maker: string;
  readonly tokenId: string;
  readonly side: Side;
  /** What the maker gives: dollars for a BUY, shares for a SELL. */
  readonly makerAmount: Micros;
  /** What the maker gets. */
  readonly takerAmount: Micros;
  readonly orderType: OrderType;
  readonly postOnly: boolean;
  /** Unix seconds as stated; 0 for none. A GTD order ends 60 s before. */
  readonly expirationS: number;
}

/** The venue's words; `CANCELED_…` may carry a reason. */
export type OrderStatus =
  | 'LIVE'
  | 'DELAYED'
  | 'MATCHED'
  | 'CANCELED'
  | 'CANCELED_MARKET_RESOLVED'
  | 'INVALID';

export interface SandboxOrder {
  readonly id: Hex;
  readonly owner: string;
  readonly maker: string;
  readonly conditionId: Hex;
  readonly tokenId: string;
  readonly outcome: Outcome;
  readonly side: Side;
  readonly price: Micros;
  /** Shares asked for; for an immediate BUY by money the shares at its limit price. */
  readonly originalSize: Micros;
  readonly sizeMatched: Micros;
  readonly status: OrderStatus;
  /** Why it ended, where the venue says so. */
  readonly reason?: string;
  readonly orderType: OrderType;
  readonly postOnly: boolean;
  readonly expirationS: number;
  readonly createdAtMs: number;
  readonly associateTrades: readonly string[];
}

export type TradeStatus = 'MATCHED' | 'MINED' | 'CONFIRMED' | 'RETRYING' | 'FAILED';

/** One maker's part of a trade. */
export interface MakerFill {
  readonly orderId: Hex;
  readonly owner: string;
  readonly maker: string;
  readonly tokenId: string;
  readonly outcome: Outcome;
  readonly side: Side;
  /** The maker's own price, in terms of its own token. */
  readonly price: Micros;
  readonly matchedAmount: Micros;
}

/** One match of one taker order against one or more resting orders. */
export interface SandboxTrade {
  readonly id: string;
  readonly conditionId: Hex;
  readonly takerOrderId: Hex;
  readonly takerOwner: string;
  readonly takerMaker: string;
  readonly tokenId: string;
  readonly outcome: Outcome;
  readonly side: Side;
  /** Shares that the taker got or gave. */
  readonly size: Micros;
  /** Worst price that the taker met, in terms of its own token. */
  readonly price: Micros;
  /** Dollars that the taker pays beside the price. */
  readonly takerFee: Micros;
  readonly status: TradeStatus;
  readonly matchedAtMs: number;
  readonly updatedAtMs: number;
  /** Empty until mined. */
  readonly transactionHash: Hex | '';
  readonly makerFills: readonly MakerFill[];
}

/** An aggregated price level of one token after a change; size 0 deletes. */
export interface LevelChange {
  readonly tokenId: string;
  readonly side: Side;
  readonly price: Micros;
  readonly size: Micros;
}

/** In the order in which the venue tells them. */
export type ExchangeEvent =
  | {
      readonly type: 'order';
      readonly change: 'PLACEMENT' | 'UPDATE' | 'CANCELLATION';
      readonly order: SandboxOrder;
      readonly atMs: number;
    }
  | { readonly type: 'trade'; readonly trade: SandboxTrade; readonly atMs: number }
  /** Both tokens of the market, mirrored: two changes for each level. */
  | {
      readonly type: 'levels';
      readonly conditionId: Hex;
      readonly changes: readonly LevelChange[];
      readonly atMs: number;
    }
  | {
      readonly type: 'print';
      readonly conditionId: Hex;
      readonly tokenId: string;
      /** The taker's. */
      readonly side: Side;
      readonly price: Micros;
      readonly size: Micros;
      readonly atMs: number;
    }
  | {
      readonly type: 'tickSize';
      readonly conditionId: Hex;
      readonly oldTickSize: string;
      readonly newTickSize: string;
      readonly atMs: number;
    }
  | { readonly type: 'resolved'; readonly conditionId: Hex; readonly atMs: number };

export type Placed =
  | {
      readonly kind: 'accepted';
      readonly status: 'live' | 'matched' | 'delayed' | 'unmatched';
      /** What changed hands at once, in the maker's and taker's units. */
      readonly makingAmount: Micros;
      readonly takingAmount: Micros;
      readonly tradeIds: readonly string[];
    }
  /** The venue's error text, with its HTTP status. `indexed`: sent again it is `Duplicated`. */
  | {
      readonly kind: 'refused';
      readonly httpStatus: number;
      readonly error: string;
      readonly indexed: boolean;
    };

export interface CancelResult {
  readonly canceled: readonly Hex[];
  readonly notCanceled: Readonly<Record<string, string>>;
}

export interface BookView {
  /** Best last, as the venue lists them: bids ascending, asks descending. */
  readonly bids: readonly { readonly price: Micros; readonly size: Micros }[];
  readonly asks: readonly { readonly price: Micros; readonly size: Micros }[];
  /** Market-wide; undefined before the first trade. */
  readonly lastTradePrice: Micros | undefined;
}

/** What will become of the next matches on chain, unless told otherwise. */
export interface SettlementRules {
  readonly minedAfterMs: number;
  readonly confirmedAfterMs: number;
  /** Shares of trades, 0 to 1. */
  readonly failedShare: number;
  readonly retryingShare: number;
}

/** The exchange itself: one thread of control, no I/O. Every change is told to `subscribe`rs at once. */
export interface Exchange {
  readonly markets: ReadonlyMap<Hex, SandboxMarket>;
  marketOfToken(tokenId: string): SandboxMarket | undefined;
  addMarket(market: SandboxMarket): void;

  /** Opens an account or adds to it. Shares by token id. */
  deposit(maker: string, dollars: Micros, shares?: Readonly<Record<string, Micros>>): void;
  /** Chain balance: gross of resting orders; shares settled (CONFIRMED) only. */
  balance(maker: string, tokenId?: string): Micros;

  /** Resolves at once unless the market blocks answers for its delay. */
  place(order: NewOrder): Promise<Placed>;
  /** Only orders of `owner`. */
  cancel(owner: string, ids: readonly string[]): CancelResult;
  cancelMarket(owner: string, filter: { conditionId?: string; tokenId?: string }): CancelResult;
  cancelAll(owner: string): CancelResult;

  order(id: string): SandboxOrder | undefined;
  openOrders(owner: string): readonly SandboxOrder[];
  /** Every order ever, for oracles. */
  orders(): Iterable<SandboxOrder>;
  trade(id: string): SandboxTrade | undefined;
  trades(): Iterable<SandboxTrade>;
  book(tokenId: string): BookView;

  setTickSize(conditionId: Hex, tickSize: string): void;
  /** Cancels what rests, pays out, ends trading. Payouts are micro-dollars for a share of YES and NO. */
  resolve(conditionId: Hex, payout: readonly [Micros, Micros]): void;
  settlement: SettlementRules;

  subscribe(listener: (event: ExchangeEvent) => void): () => void;
  /** The whole state as JSON text, and back. */
  save(): string;
  restore(text: string): void;
  /** Ends all timers. */
  stop(): void;
}
