/**
 * How much of each limit is in use, and when that is worth telling: once when 80 % of it is reached, once
 * when it is met, and not again before less than 70 % of it is in use. Pure.
 */
import type { DecimalText } from '../decimal.ts';
import { compare, negated, notBelowZero, plus, times } from '../exact.ts';
import type { RiskLimits } from './limits.ts';
import type { RuleFacts } from './rule.ts';

/** From this share of a limit on it is approached … */
export const APPROACHED_PCT = '80';
/** … and told of again only after less than this was in use. */
export const CALM_PCT = '70';
/** Kept at once. What does not fit is told each time it is met. */
export const MAX_LEVELS = 1_000;

export const LIMIT_NAMES = [
  'maxMarketUsd',
  'maxEventUsd',
  'maxTotalUsd',
  'maxOpenOrders',
  'dailyLossUsd',
  'maxDrawdownPct',
] as const satisfies readonly (keyof RiskLimits | 'maxOpenOrders')[];
export type LimitName = (typeof LIMIT_NAMES)[number];

export interface Usage {
  readonly limit: LimitName;
  /** The market or event; null: it is one for the whole account. */
  readonly subject: string | null;
  /** Dollars, orders or percent, as the limit. With what was asked for, where that met the limit. */
  readonly used: DecimalText;
  readonly cap: DecimalText;
}

export type LimitLevel = 'approached' | 'breached';

/** By limit and subject, what was told last. */
export type LimitLevels = Readonly<Record<string, LimitLevel>>;

export interface LimitMet {
  readonly usage: Usage;
  readonly level: LimitLevel;
}

type Exposure = RuleFacts['exposure'];

/** `addedUsd`: what an intent would add to each of them. */
export function exposureUsages(
  limits: RiskLimits,
  { marketId, eventId }: { readonly marketId: string; readonly eventId: string | null },
  { marketUsd, eventUsd, totalUsd }: Exposure,
  addedUsd: DecimalText,
): readonly Usage[] {
  const all = [
    ['maxMarketUsd', marketId, marketUsd, limits.maxMarketUsd],
    ['maxEventUsd', eventId, eventUsd, limits.maxEventUsd],
    ['maxTotalUsd', null, totalUsd, limits.maxTotalUsd],
  ] as const;
  return all.flatMap(([limit, subject, held, cap]) =>
    cap === null || held === null ? [] : [{ limit, subject, used: plus(held, addedUsd), cap }],
  );
}

export function openOrderUsage(openOrders: number, maxOpenOrders: number): Usage {
  const [used, cap] = [String(openOrders), String(maxOpenOrders)];
  return { limit: 'maxOpenOrders', subject: null, used, cap };
}

export function accountUsages({
  dayPnlUsd,
  drawdownPct,
  limits,
}: Pick<RuleFacts, 'dayPnlUsd' | 'drawdownPct' | 'limits'>): readonly Usage[] {
  const { dailyLossUsd, maxDrawdownPct } = limits;
  const usages: Usage[] = [];
  if (dailyLossUsd !== null) {
    const used = notBelowZero(negated(dayPnlUsd));
    usages.push({ limit: 'dailyLossUsd', subject: null, used, cap: dailyLossUsd });
  }
  if (maxDrawdownPct !== null && drawdownPct !== null) {
    const used = drawdownPct;
    usages.push({ limit: 'maxDrawdownPct', subject: null, used, cap: maxDrawdownPct });
  }
  return usages;
}

/** The same object where nothing has changed. */
export function takeUsages(
  levels: LimitLevels,
  usages: readonly Usage[],
): { readonly levels: LimitLevels; readonly met: readonly LimitMet[] } {
  let next = levels;
  const met: LimitMet[] = [];
  for (const usage of usages) {
    const key = usage.subject === null ? usage.limit : `${usage.limit}:${usage.subject}`;
    const known = next[key];
    if (known !== undefined && !reaches(usage, CALM_PCT)) {
      const { [key]: _calm, ...others } = next;
      next = others;
      continue;
    }
    const level = levelOf(usage);
    if (level === undefined || level === known || known === 'breached') continue;
    met.push({ usage, level });
    if (known !== undefined || Object.keys(next).length < MAX_LEVELS) {
      next = { ...next, [key]: level };
    }
  }
  return { levels: next, met };
}

function levelOf(usage: Usage): LimitLevel | undefined {
  if (reaches(usage, '100')) return 'breached';
  return reaches(usage, APPROACHED_PCT) ? 'approached' : undefined;
}

function reaches({ used, cap }: Usage, pct: DecimalText): boolean {
  return compare(times(used, '100'), times(cap, pct)) >= 0;
}
