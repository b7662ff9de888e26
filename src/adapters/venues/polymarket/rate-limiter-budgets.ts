/**
 * What the venue lets one address and one signer do, as data. Source: Polymarket docs, "Rate limits"
 * (by address, at Cloudflare) and "Trading rate limits" (by signer).
 */

export interface Window {
  readonly limit: number;
  readonly windowMs: number;
}

const TEN_SECONDS_MS = 10_000;
const TEN_MINUTES_MS = 600_000;

/** Requests by address in any window. */
export const ADDRESS_BUDGETS = {
  clob: [{ limit: 9_000, windowMs: TEN_SECONDS_MS }],
  postOrder: [
    { limit: 5_000, windowMs: TEN_SECONDS_MS },
    { limit: 120_000, windowMs: TEN_MINUTES_MS },
  ],
  deleteOrder: [
    { limit: 5_000, windowMs: TEN_SECONDS_MS },
    { limit: 120_000, windowMs: TEN_MINUTES_MS },
  ],
  postOrders: [
    { limit: 2_000, windowMs: TEN_SECONDS_MS },
    { limit: 21_000, windowMs: TEN_MINUTES_MS },
  ],
  deleteOrders: [
    { limit: 2_000, windowMs: TEN_SECONDS_MS },
    { limit: 15_000, windowMs: TEN_MINUTES_MS },
  ],
  cancelAll: [
    { limit: 250, windowMs: TEN_SECONDS_MS },
    { limit: 6_000, windowMs: TEN_MINUTES_MS },
  ],
  cancelMarket: [
    { limit: 1_500, windowMs: TEN_SECONDS_MS },
    { limit: 21_000, windowMs: TEN_MINUTES_MS },
  ],
  ledger: [{ limit: 900, windowMs: TEN_SECONDS_MS }],
  lists: [{ limit: 500, windowMs: TEN_SECONDS_MS }],
  tickSize: [{ limit: 200, windowMs: TEN_SECONDS_MS }],
  balance: [{ limit: 200, windowMs: TEN_SECONDS_MS }],
  balanceUpdate: [{ limit: 50, windowMs: TEN_SECONDS_MS }],
  apiKeys: [{ limit: 100, windowMs: TEN_SECONDS_MS }],
  gammaMarkets: [{ limit: 300, windowMs: TEN_SECONDS_MS }],
  data: [{ limit: 1_000, windowMs: TEN_SECONDS_MS }],
  dataPositions: [{ limit: 150, windowMs: TEN_SECONDS_MS }],
} as const satisfies Readonly<Record<string, readonly Window[]>>;

export type AddressBudget = keyof typeof ADDRESS_BUDGETS;
export type SignerBudget = 'orders' | 'cancels';

export interface Route {
  readonly budgets: readonly AddressBudget[];
  /** Charged with the number of orders in the request. */
  readonly signer?: SignerBudget;
}

/** What each request draws from. */
export const ROUTES = {
  postOrder: { budgets: ['postOrder', 'clob'], signer: 'orders' },
  postOrders: { budgets: ['postOrders', 'clob'], signer: 'orders' },
  deleteOrder: { budgets: ['deleteOrder', 'clob'], signer: 'cancels' },
  deleteOrders: { budgets: ['deleteOrders', 'clob'], signer: 'cancels' },
  cancelAll: { budgets: ['cancelAll', 'clob'], signer: 'cancels' },
  cancelMarket: { budgets: ['cancelMarket', 'clob'], signer: 'cancels' },
  order: { budgets: ['ledger', 'clob'] },
  list: { budgets: ['lists', 'ledger', 'clob'] },
  balance: { budgets: ['balance', 'clob'] },
  balanceUpdate: { budgets: ['balanceUpdate', 'clob'] },
  tickSize: { budgets: ['tickSize', 'clob'] },
  apiKeys: { budgets: ['apiKeys', 'clob'] },
  other: { budgets: ['clob'] },
  gamma: { budgets: ['gammaMarkets'] },
  data: { budgets: ['data'] },
  dataPositions: { budgets: ['dataPositions', 'data'] },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;

export interface Rate {
  /** Most that may go at once. */
  readonly burst: number;
  readonly perSecond: number;
}

/** The documented tiers whose figures we know, the lowest first. */
export const TIER_NAMES = ['standard', 'platinum', 'diamond', 'elite'] as const;
export type TierName = (typeof TIER_NAMES)[number];

export const FIRST_TIER: TierName = 'standard';

/** Orders by signer; cancels have twice as much. */
const TIERS: Readonly<Record<TierName, Rate>> = {
  standard: { burst: 60, perSecond: 40 },
  platinum: { burst: 675, perSecond: 450 },
  diamond: { burst: 787, perSecond: 525 },
  elite: { burst: 900, perSecond: 600 },
};

/** The figures of a tier; undefined for one that we do not know. */
export function tierRate(tier: string, budget: SignerBudget): Rate | undefined {
  const name = TIER_NAMES.find((known) => known === tier.toLowerCase());
  const rate = name === undefined ? undefined : TIERS[name];
  if (rate === undefined || budget === 'orders') return rate;
  return { burst: rate.burst * 2, perSecond: rate.perSecond * 2 };
}

/** The part of a window's limit that may go at once. */
const BURST_SHARE = 0.2;

/** A bucket that never lets more than `limit` through in any window: burst and refill add up to it. */
export function windowRate({ limit, windowMs }: Window): Rate {
  return {
    burst: limit * BURST_SHARE,
    perSecond: (limit * (1 - BURST_SHARE)) / (windowMs / 1_000),
  };
}
