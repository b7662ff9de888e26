/** How far limits are in use, told as events: within the turn that changed it, from what is in the log. */
import { calendarDay } from '../domain/calendar-day.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { Decision } from '../domain/risk/decide.ts';
import {
  accountUsages,
  exposureUsages,
  type LimitLevels,
  openOrderUsage,
  takeUsages,
  type Usage,
} from '../domain/risk/limit-levels.ts';
import type { RuleFacts } from '../domain/risk/rule.ts';
import { dayPnlUsd, drawdownPct } from '../machines/account.machine.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import { type Draft, draftOfLimit } from './happenings.ts';
import type { Registry } from './registry.ts';

/** The version of the catalogue that these events came with: earlier inputs know no levels. */
const SINCE = 2;

/** What there was before an intent was taken in. */
export interface LimitsBefore {
  readonly exposure: RuleFacts['exposure'];
  readonly openOrders: number;
}

export interface LimitWatch {
  before(instrument: Instrument): LimitsBefore;
  /** An intent was decided. */
  afterIntent(instrument: Instrument, before: LimitsBefore, decision: Decision): void;
  /** The day's result or the equity may be another. */
  afterMoney(): void;
}

export interface LimitWatchOptions {
  readonly registry: Registry;
  readonly now: { readonly atMs: number };
  readonly context: () => SystemContext;
  readonly keep: (levels: LimitLevels) => void;
  readonly happened: (draft: Draft) => void;
}

export function createLimitWatch(options: LimitWatchOptions): LimitWatch {
  const { registry, now, context, keep, happened } = options;

  function take(usages: readonly Usage[]): void {
    const known = context().limitLevels;
    const { levels, met } = takeUsages(known, usages);
    if (levels !== known) keep(levels);
    for (const one of met) happened(draftOfLimit(one));
  }

  return {
    before: (instrument) => ({
      exposure: registry.exposures.of(instrument),
      openOrders: registry.openOrders,
    }),
    afterIntent({ marketId, eventId = null }, { exposure, openOrders }, decision) {
      const { limits, maxOpenOrders, catalogue } = context();
      if (limits === null || catalogue < SINCE) return;
      const of = { marketId, eventId };
      // What has fallen since it was last looked at is told of again when it comes back.
      take(exposureUsages(limits, of, exposure, '0'));
      const addedUsd = askedUsd(decision);
      take([
        ...exposureUsages(limits, of, exposure, addedUsd),
        openOrderUsage(openOrders + 1, maxOpenOrders),
      ]);
    },
    afterMoney() {
      const { limits, catalogue } = context();
      if (limits === null || catalogue < SINCE) return;
      if (limits.dailyLossUsd === null && limits.maxDrawdownPct === null) return;
      const account = registry.snapshot(registry.account()).context;
      take(
        accountUsages({
          limits,
          dayPnlUsd: dayPnlUsd(account, calendarDay(now.atMs, limits.timeZone)),
          drawdownPct: drawdownPct(account),
        }),
      );
    },
  };
}

/** What it would have added, had no cap been against it; nothing where something else was. */
function askedUsd(decision: Decision): string {
  const capped = decision.checks.find(({ rule }) => rule === 'exposure');
  const needed = capped?.inputs.needed;
  if (typeof needed === 'string') return needed;
  return decision.kind === 'admitted' ? decision.reservedUsd : '0';
}
