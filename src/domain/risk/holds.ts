/**
 * Holds: what keeps an engine, a market or a strategy from trading freely, who said so, and why. The
 * strictest hold that covers an intent counts.
 */
import { OWN_STRATEGIES } from '../intent.ts';

/**
 * - `paused`: no entries. Orders that rest stay; exits work.
 * - `reducing`: no entries, and resting entries are cancelled; exits work.
 * - `liquidating`: everything is being closed: only its own exits are sent.
 * - `halted`: nothing but cancels.
 */
export const HOLD_LEVELS = ['paused', 'reducing', 'liquidating', 'halted'] as const;
export type HoldLevel = (typeof HOLD_LEVELS)[number];

/** `all`, `market:<market id>`, `strategy:<name>`, or `engine:<cause>`: all of it, by the engine itself. */
export type HoldScope = string;

export interface Hold {
  readonly scope: HoldScope;
  readonly level: HoldLevel;
  readonly reason: string;
  /** A person, or `engine` where a limit was met. */
  readonly by: string;
  readonly sinceMs: number;
  /** Ends by itself then; null: until somebody ends it. */
  readonly untilMs: number | null;
}

/** By scope: a new hold of the same scope takes the place of the old one. */
export type Holds = Readonly<Record<HoldScope, Hold>>;

/** Whose exits are sent while everything is being closed. */
export const LIQUIDATION = `${OWN_STRATEGIES}liquidation`;

export const EVERYTHING = 'all';

export function scopeOf(target: { marketId?: string; strategy?: string }): HoldScope {
  if (target.marketId !== undefined) return `market:${target.marketId}`;
  return target.strategy === undefined ? EVERYTHING : `strategy:${target.strategy}`;
}

/** Why the engine holds everything by itself. */
export const ENGINE_CAUSES = [
  'dailyLoss',
  'drawdown',
  'reconciliation',
  'clock',
  /** Everything is being closed, or was: whoever asked for it is named. */
  'liquidation',
] as const;
export type EngineCause = (typeof ENGINE_CAUSES)[number];

export function scopeOfCause(cause: EngineCause): HoldScope {
  return `engine:${cause}`;
}

/** The strictest hold on an intent of this market and strategy at this time. */
export function holdOn(
  holds: Holds,
  { marketId, strategy }: { readonly marketId: string; readonly strategy: string },
  atMs: number,
): Hold | undefined {
  const narrow = [holds[scopeOf({ marketId })], holds[scopeOf({ strategy })]];
  return strictest([...wide(holds), ...narrow], atMs);
}

/** The strictest hold on everything. */
export function holdOnAll(holds: Holds, atMs: number): Hold | undefined {
  return strictest(wide(holds), atMs);
}

function wide(holds: Holds): readonly (Hold | undefined)[] {
  const ofCauses = ENGINE_CAUSES.map((cause) => holds[scopeOfCause(cause)]);
  return [holds[EVERYTHING], ...ofCauses];
}

/** Of equals the first. */
function strictest(holds: readonly (Hold | undefined)[], atMs: number): Hold | undefined {
  let found: Hold | undefined;
  for (const hold of holds) {
    if (hold === undefined || (hold.untilMs !== null && hold.untilMs <= atMs)) continue;
    if (found === undefined || rank(hold) > rank(found)) found = hold;
  }
  return found;
}

function rank({ level }: Hold): number {
  return HOLD_LEVELS.indexOf(level);
}

/** Why it holds, for a person: `paused: lunch (by Ann)`. */
export function holdText({ level, scope, reason, by }: Hold): string {
  const where = scope === EVERYTHING ? '' : ` for ${scope}`;
  return `${level}${where}: ${reason} (by ${by})`;
}

/** Those whose time is not over, by scope. */
export function activeHolds(holds: Holds, atMs: number): readonly Hold[] {
  return Object.values(holds)
    .filter(({ untilMs }) => untilMs === null || untilMs > atMs)
    .sort((a, b) => (a.scope < b.scope ? -1 : 1));
}
