/**
 * Token buckets before the venue's own, so that it never has to refuse or delay a request of ours: a
 * delayed request looks like a lost one. Cancels and exits go ahead of entries.
 */
import type { Clock } from '../../../actors/ports.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import type { HttpResult } from './http.ts';
import {
  ADDRESS_BUDGETS,
  type AddressBudget,
  FIRST_TIER,
  type Rate,
  ROUTES,
  type Route,
  type RouteName,
  type SignerBudget,
  tierRate,
  windowRate,
} from './rate-limiter-budgets.ts';

/** In each lane: at 40 orders a second some 25 s of waiting, when a price is long out of date. */
export const MAX_WAITING_REQUESTS = 1_000;
/** The venue states no longer wait; a wrong header must not silence us for longer. */
const LONGEST_BLOCK_MS = 60_000;
/** For the fractions of tokens that arithmetic in floating point loses. */
const ROUNDING = 1e-6;

export type Lane = 'fast' | 'normal';

export type Grant =
  | { readonly granted: true }
  | { readonly granted: false; readonly reason: string; readonly retryAfterMs: number };

export interface Want {
  readonly route: RouteName;
  /** Orders in the request. */
  readonly orders?: number;
  readonly lane: Lane;
}

export interface LimiterState {
  readonly tier: string;
  readonly waiting: number;
  readonly refused: number;
  /** Answers of the venue that warned of a limit or refused for one. */
  readonly warnings: number;
  readonly tokens: Readonly<Record<SignerBudget, number>>;
}

export interface RateLimiter {
  /** Resolves when the request may go, or at once when too many wait. Never rejects. */
  take(want: Want): Promise<Grant>;
  /** Takes in what the venue says of its own buckets. */
  learn(route: RouteName, result: HttpResult): void;
  /** Charges the signer for orders that turned out to be in a request. May go below zero. */
  charge(route: RouteName, orders: number): void;
  readonly state: LimiterState;
}

class Bucket {
  rate: Rate;
  #tokens: number;
  #atMs: number;
  #blockedUntilMs = 0;

  constructor(rate: Rate, nowMs: number) {
    this.rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  tokens(nowMs: number): number {
    const refilled = this.#tokens + ((nowMs - this.#atMs) / 1_000) * this.rate.perSecond;
    this.#tokens = Math.min(this.rate.burst, refilled);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  /** More than the bucket holds goes when it is full, and leaves a debt. */
  waitMs(cost: number, nowMs: number): number {
    const missing = Math.min(cost, this.rate.burst) - this.tokens(nowMs) - ROUNDING;
    const refillMs = missing > 0 ? Math.ceil((missing / this.rate.perSecond) * 1_000) : 0;
    return Math.max(refillMs, this.#blockedUntilMs - nowMs, 0);
  }

  spend(cost: number, nowMs: number): void {
    this.#tokens = this.tokens(nowMs) - cost;
  }

  /** The venue has fewer than we thought. */
  atMost(tokens: number, nowMs: number): void {
    this.#tokens = Math.min(this.tokens(nowMs), tokens);
  }

  block(untilMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, untilMs);
  }
}

interface Waiter {
  readonly needs: readonly (readonly [bucket: Bucket, cost: number])[];
  readonly grant: (grant: Grant) => void;
}

/** @throws {InvalidValue} for a tier that is not known. */
export function createRateLimiter(clock: Clock, firstTier: string = FIRST_TIER): RateLimiter {
  const startMs = clock.now();
  const address = new Map<AddressBudget, readonly Bucket[]>();
  for (const [name, windows] of Object.entries(ADDRESS_BUDGETS)) {
    const buckets = windows.map((window) => new Bucket(windowRate(window), startMs));
    address.set(name as AddressBudget, buckets);
  }
  const signer: Readonly<Record<SignerBudget, Bucket>> = {
    orders: new Bucket(firstRate(firstTier, 'orders'), startMs),
    cancels: new Bucket(firstRate(firstTier, 'cancels'), startMs),
  };
  const lanes: Readonly<Record<Lane, Waiter[]>> = { fast: [], normal: [] };
  let tier = firstTier.toLowerCase();
  let refused = 0;
  let warnings = 0;
  let cancelTimer: (() => void) | undefined;

  function needsOf({ route, orders = 1 }: Want): Waiter['needs'] {
    const { budgets, signer: budget }: Route = ROUTES[route];
    const needs = budgets.flatMap((name) =>
      (address.get(name) ?? []).map((bucket): [Bucket, number] => [bucket, 1]),
    );
    return budget === undefined ? needs : [...needs, [signer[budget], orders]];
  }

  /**
   * Lets go what may go, exits and cancels first. Whoever lacks something of a bucket keeps those
   * behind it from that bucket, so that a dear request is not starved by cheap ones.
   */
  function pump(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const nowMs = clock.now();
    const short = new Set<Bucket>();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of [lanes.fast, lanes.normal]) {
      for (const waiter of [...lane]) {
        if (waiter.needs.some(([bucket]) => short.has(bucket))) continue;
        const waitMs = longestWaitMs(waiter.needs, nowMs);
        if (waitMs === 0) {
          for (const [bucket, cost] of waiter.needs) bucket.spend(cost, nowMs);
          lane.splice(lane.indexOf(waiter), 1);
          waiter.grant({ granted: true });
        } else {
          nextMs = Math.min(nextMs, waitMs);
          for (const [bucket, cost] of waiter.needs) {
            if (bucket.waitMs(cost, nowMs) > 0) short.add(bucket);
          }
        }
      }
    }
    if (Number.isFinite(nextMs)) cancelTimer = clock.at(nowMs + nextMs, pump);
  }

  function take(want: Want): Promise<Grant> {
    const lane = lanes[want.lane];
    const needs = needsOf(want);
    if (lane.length >= MAX_WAITING_REQUESTS) {
      refused += 1;
      const retryAfterMs = Math.max(1_000, longestWaitMs(needs, clock.now()));
      const reason = `${MAX_WAITING_REQUESTS} requests wait for the venue's rate limit`;
      return Promise.resolve({ granted: false, reason, retryAfterMs });
    }
    return new Promise((resolve) => {
      lane.push({ needs, grant: resolve });
      pump();
    });
  }

  function setTier(name: string): void {
    const orders = tierRate(name, 'orders');
    const cancels = tierRate(name, 'cancels');
    if (orders === undefined || cancels === undefined || name === tier) return;
    tier = name;
    signer.orders.rate = orders;
    signer.cancels.rate = cancels;
  }

  function learn(routeName: RouteName, result: HttpResult): void {
    if (result.kind === 'failed') return;
    const route: Route = ROUTES[routeName];
    const nowMs = clock.now();
    const { headers } = result;
    const tierName = headers['poly-ratelimit-tier'];
    if (tierName !== undefined) setTier(tierName.toLowerCase());
    if (headers['poly-ratelimit-warning'] !== undefined) warnings += 1;
    const bucket = route.signer === undefined ? undefined : signer[route.signer];
    const remaining = wholeNumber(headers['poly-ratelimit-remaining']);
    if (bucket !== undefined && remaining !== undefined) {
      bucket.atMost(remaining, nowMs);
      const resetAtMs = resetMs(headers['poly-ratelimit-reset'], nowMs);
      if (remaining === 0 && resetAtMs !== undefined) bucket.block(resetAtMs);
    }
    if (result.status !== 429) return;
    warnings += 1;
    const seconds = wholeNumber(headers['retry-after']) ?? 1;
    const untilMs = nowMs + Math.min(seconds * 1_000, LONGEST_BLOCK_MS);
    // Which of its buckets refused is not said: the route's own ones all wait.
    for (const own of address.get(route.budgets[0] ?? 'clob') ?? []) own.block(untilMs);
    bucket?.block(untilMs);
  }

  return {
    take,
    learn,
    charge(routeName, orders) {
      const { signer: budget }: Route = ROUTES[routeName];
      if (budget !== undefined) signer[budget].spend(orders, clock.now());
    },
    get state() {
      const nowMs = clock.now();
      return {
        tier,
        waiting: lanes.fast.length + lanes.normal.length,
        refused,
        warnings,
        tokens: {
          orders: Math.floor(signer.orders.tokens(nowMs)),
          cancels: Math.floor(signer.cancels.tokens(nowMs)),
        },
      };
    },
  };
}

function firstRate(tier: string, budget: SignerBudget): Rate {
  const rate = tierRate(tier, budget);
  if (rate === undefined) throw new InvalidValue('rateLimitTier', tier, 'a documented tier');
  return rate;
}

function longestWaitMs(needs: Waiter['needs'], nowMs: number): number {
  return needs.reduce(
    (longest, [bucket, cost]) => Math.max(longest, bucket.waitMs(cost, nowMs)),
    0,
  );
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Undocumented whether a moment or a wait, in seconds or milliseconds: told apart by its size. */
function resetMs(text: string | undefined, nowMs: number): number | undefined {
  const value = wholeNumber(text);
  if (value === undefined) return undefined;
  const atMs = value >= 1e12 ? value : value >= 1e9 ? value * 1_000 : nowMs + value * 1_000;
  return Math.min(atMs, nowMs + LONGEST_BLOCK_MS);
}
