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

/**
 * The venue's words; `CANCELED_…` may carry a reason. A FAK that found part of its size ends MATCHED. INVALID
 * ended without its owner: by a rule at the end of a taker delay, or for want of money when it was hit.
 */
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

/** Dollars. Always: balances of all accounts + fees + collateral + inFlight = deposited. */
export interface ExchangeTotals {
  readonly deposited: Micros;
  /** Of confirmed trades. */
  readonly fees: Micros;
  /** Minted minus merged minus paid out. Below zero where deposited shares were merged or paid out. */
  readonly collateral: Micros;
  /** Paid by buyers of trades that are neither confirmed nor failed, fees included. */
  readonly inFlight: Micros;
}

/** The exchange itself: one thread of control, no I/O. Every change is told to `subscribe`rs at once. */
export interface Exchange {
  /** The exchange's own copies: what `addMarket` was given is not kept. */
  readonly markets: ReadonlyMap<Hex, SandboxMarket>;
  marketOfToken(tokenId: string): SandboxMarket | undefined;
  addMarket(market: SandboxMarket): void;

  /** Opens an account or adds to it. Shares by token id. */
  deposit(maker: string, dollars: Micros, shares?: Readonly<Record<string, Micros>>): void;
  /**
   * Chain balance, gross of resting orders. What a match takes leaves at once; what it gives, shares
   * of a BUY and money of a SELL, comes when the trade is CONFIRMED.
   */
  balance(maker: string, tokenId?: string): Micros;
  /** Every account ever opened, for oracles. */
  accounts(): Iterable<string>;
  /** What conservation of money is proved with. */
  totals(): ExchangeTotals;

  /**
   * Resolves at once unless the market blocks answers for its delay. A blocked answer comes at the
   * latest with `stop` or `restore`, as `delayed`.
   */
  place(order: NewOrder): Promise<Placed>;
  /** Only orders of `owner`. */
  cancel(owner: string, ids: readonly string[]): CancelResult;
  cancelMarket(owner: string, filter: { conditionId?: string; tokenId?: string }): CancelResult;
  cancelAll(owner: string): CancelResult;

  /**
   * Forgets closed orders of `owner` that never matched, as if they had not been: for market makers,
   * who would fill the memory with orders that nobody asks for.
   */
  forget(owner: string, ids: readonly string[]): void;

  order(id: string): SandboxOrder | undefined;
  /** Live and delayed ones, oldest first. */
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
  /**
   * Decides the fate of the next trade that the order takes part in; told again, of the one after it.
   * The path ends in CONFIRMED or FAILED, for example `['RETRYING', 'MINED', 'CONFIRMED']`.
   */
  settleNext(orderId: string, path: readonly TradeStatus[]): void;

  subscribe(listener: (event: ExchangeEvent) => void): () => void;
  /** The whole state as JSON text, but for the state of `random`. */
  save(): string;
  /**
   * Goes on from a saved state; subscribers stay and are told nothing. What fell due meanwhile happens
   * at once. Nothing has changed when it throws.
   * @throws {InvalidValue} for a text that `save` did not make.
   */
  restore(text: string): void;
  /** Ends all timers, for good. */
  stop(): void;
}
