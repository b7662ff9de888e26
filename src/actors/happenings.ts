/**
 * What of a turn becomes events, noted while it runs as cheaply as can be: the events themselves are
 * made behind the log, where their rows are (`event-rows.ts`).
 */
import { type Budget, keptBackUsd } from '../domain/budgets.ts';
import type { CatalogueType, PayloadOf } from '../domain/events/catalogue.ts';
import { minus } from '../domain/exact.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { marketOf } from '../domain/instrument.ts';
import type { PositionFold } from '../domain/position.ts';
import type { Standing } from '../domain/resolution.ts';
import type { LimitMet } from '../domain/risk/limit-levels.ts';
import type { PositionContext, PositionState } from '../machines/position.machine.ts';
import type { FindingEvent, FindingStep } from '../machines/system.findings.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import type { MarketResolved } from '../machines/system.resolution.ts';
import type { OrderStep } from './facts.ts';
import type { Entry } from './registry.ts';
import { standing } from './rows.ts';

/** As much of a position's fold as its events need: the rest may be long. */
export type Holding = Pick<PositionFold, 'totals' | 'settledBought'>;

/** An event with everything but its place: of the engine or the venue, where there are few. */
export type Draft = {
  [T in CatalogueType]: {
    readonly type: T;
    readonly payload: PayloadOf<T>;
    readonly correlationId: string;
  };
}[CatalogueType];

type Happened =
  | { readonly kind: 'step'; readonly step: OrderStep }
  | {
      readonly kind: 'fill';
      readonly order: Entry<'order'>;
      readonly effect: 'applied' | 'settled' | 'voided';
      readonly leg: FillLeg;
    }
  | {
      readonly kind: 'position';
      readonly position: Entry<'position'>;
      readonly order: Entry<'order'>;
      readonly effect: 'applied' | 'settled' | 'voided';
      readonly legKey: string;
      readonly before: Holding;
      readonly after: Holding;
    }
  | {
      readonly kind: 'other';
      /** Whose stream it is in. */
      readonly entry: Entry;
      readonly accountId: string;
      readonly draft: Draft;
    };

export type Happening = Happened & {
  /** The input of the turn. */
  readonly seq: number;
  readonly atMs: number;
  /** Version of the catalogue that the input was told with. */
  readonly catalogue: number;
};

/** Happened, before it is known in which turn. */
export type Noted = Happened;

export function holdingOf(context: Pick<PositionContext, 'fold' | 'resolution'>): Holding {
  const { totals, settledBought } = context.fold;
  if (context.resolution === null) return { totals, settledBought };
  const { size, costBasis, averageEntry, realizedPnl } = standing(context);
  return { totals: { ...totals, size, costBasis, averageEntry, realizedPnl }, settledBought: '0' };
}

const SYSTEM = 'system';

/** What a hold for the clock says beside that it holds. */
export function draftOfDrift(input: EngineInput): Draft | undefined {
  if (input.type !== 'trading.held' || input.skewMs === undefined) return undefined;
  return draft('time.drifted', SYSTEM, { skewMs: input.skewMs });
}

/** What an input says of the engine itself. */
export function draftOfInput(input: EngineInput): Draft | undefined {
  switch (input.type) {
    case 'engine.opened':
    case 'engine.restored':
      return undefined;
    case 'engine.bootChecked':
      return draft('system.bootChecked', SYSTEM, { problem: input.problem });
    case 'trading.held': {
      const { scope, level, by, reason, untilMs = null } = input;
      return draft('system.held', SYSTEM, { scope, level, by, reason, untilMs });
    }
    case 'trading.released': {
      const { scope, by, reason } = input;
      return draft('system.released', SYSTEM, { scope, by, reason });
    }
    case 'override.granted': {
      const { overrideId, rules, by, why, untilMs } = input.override;
      const only = {
        marketId: input.override.marketId ?? null,
        strategy: input.override.strategy ?? null,
      };
      return draft('override.granted', overrideId, {
        overrideId,
        rules: [...rules],
        ...only,
        by,
        why,
        untilMs,
      });
    }
    default:
      return undefined;
  }
}

export function draftOfStart(
  input: Extract<EngineInput, { type: 'engine.opened' | 'engine.restored' }>,
  venue: string,
): Draft {
  const { minimumReserveUsd, maxOpenOrders } = input;
  const restarted = input.type === 'engine.restored';
  return draft('system.started', SYSTEM, { restarted, venue, minimumReserveUsd, maxOpenOrders });
}

const VENUE_EVENTS = {
  disconnected: 'venue.disconnected',
  catchingUp: 'venue.connected',
  live: 'venue.caughtUp',
} as const;

/** What a change of our connection says; undefined where it has not changed. */
export function draftOfVenue(
  venue: string,
  before: keyof typeof VENUE_EVENTS,
  after: keyof typeof VENUE_EVENTS,
): Draft | undefined {
  if (before === after) return undefined;
  return draft(VENUE_EVENTS[after], venue, { venue });
}

/** A finding is opened once, and closed once: by a person's word, or because it is gone. */
export function draftOfFinding(
  { before, after }: FindingStep,
  event: FindingEvent,
): Draft | undefined {
  if (before === undefined) {
    if (after === undefined) return undefined;
    return draft('reconciliation.findingOpened', after.findingId, findingFacts(after));
  }
  if (event.type !== 'finding.closed' || before.state !== 'open') return undefined;
  const { as, by, why } = event;
  const payload = { ...findingFacts(before), as, by, why };
  return draft('reconciliation.findingClosed', before.findingId, payload);
}

function findingFacts(
  finding: NonNullable<FindingStep['before']>,
): PayloadOf<'reconciliation.findingOpened'> {
  const { findingId, kind, subject, instrumentId, severity, summary, openedAtMs } = finding;
  return { findingId, kind, subject, instrumentId, severity, summary, openedAtMs };
}

export function draftOfLimit({ usage, level }: LimitMet): Draft {
  return draft(`limit.${level}`, usage.subject ?? SYSTEM, { ...usage });
}

/** Whether the engine itself has come to stand against entries, or has ceased to. */
export function draftOfCauses(
  before: readonly string[],
  after: readonly string[],
): Draft | undefined {
  if (before.length === 0 && after.length > 0) {
    return draft('system.degraded', SYSTEM, { causes: [...after] });
  }
  if (before.length > 0 && after.length === 0) return draft('system.recovered', SYSTEM, {});
  return undefined;
}

/** What was said of a budget, or the fill that moved it. */
export interface BudgetCause {
  readonly by: string | null;
  readonly reason: string | null;
  readonly legKey: string | null;
}

/** Undefined for a step that moves only what its orders hold. */
export function draftOfBudget(
  before: Budget | undefined,
  after: Budget,
  { by, reason, legKey }: BudgetCause,
): Draft | undefined {
  const { budgetId, owner, amountUsd, spentUsd, committedUsd, heldUsd, state } = after;
  const sums = { amountUsd, spentUsd, committedUsd, heldUsd, remainingUsd: keptBackUsd(after) };
  const facts = { budgetId, owner, ...sums };
  const said = { by: by ?? '', reason: reason ?? '' };
  if (before === undefined) {
    const { key, expiresAtMs } = after;
    return draft('budget.reserved', budgetId, { ...facts, ...said, key, expiresAtMs });
  }
  const changeUsd = minus(committedUsd, before.committedUsd);
  if (changeUsd !== '0' || (state === 'committed' && before.state === 'open')) {
    const endedAtMs = before.state === 'open' ? after.endedAtMs : null;
    const payload = { ...facts, changeUsd, legKey, by, reason, endedAtMs };
    return draft('budget.committed', budgetId, payload);
  }
  if (state === before.state) return undefined;
  const returnedUsd = keptBackUsd(before);
  if (state === 'expired') return draft('budget.expired', budgetId, { ...facts, returnedUsd });
  return draft('budget.released', budgetId, { ...facts, ...said, returnedUsd });
}

/** What the end of a market says: of the market, and of a position that anything was held of. */
export function resolvedDrafts(input: MarketResolved) {
  const { marketId, payouts, resolvedAtMs, source } = input;
  const end = { marketId, resolvedAtMs, source };
  return {
    market: draft('market.resolved', marketId, { ...end, payouts: { ...payouts } }),
    position(
      instrumentId: string,
      step: {
        readonly before: Standing;
        readonly after: Standing;
        readonly context: PositionContext;
      },
    ): Draft | undefined {
      const { before, after, context } = step;
      const { resolution, fold } = context;
      if (resolution === null || fold.totals.boughtSize === fold.totals.soldSize) return undefined;
      return draft('position.resolved', marketId, {
        ...{ ...end, instrumentId, payout: resolution.payout },
        ...{ size: before.size, costBasis: before.costBasis },
        realizedPnl: after.realizedPnl,
        realizedPnlChange: minus(after.realizedPnl, before.realizedPnl),
        redeemableUsd: after.redeemableUsd,
      });
    },
  };
}

/** What is to be redeemed has changed, and is not nothing. */
export function redeemableDraft(
  instrumentId: string,
  before: Standing,
  after: Standing,
): Draft | undefined {
  if (after.redeemableUsd === '0' || after.redeemableUsd === before.redeemableUsd) return undefined;
  const { size, redeemableUsd } = after;
  return draft('position.redeemable', marketOf(instrumentId), {
    instrumentId,
    size,
    redeemableUsd,
  });
}

export function redeemedDraft(
  instrumentId: string,
  step: {
    readonly before: Standing;
    readonly after: Standing;
    readonly size: string;
    readonly source: string;
    readonly state: PositionState;
  },
): Draft | undefined {
  const { before, after, size, source, state } = step;
  return draft('position.redeemed', marketOf(instrumentId), {
    ...{ instrumentId, size, source, state },
    amountUsd: minus(after.redeemedUsd, before.redeemedUsd),
    redeemableUsd: after.redeemableUsd,
  });
}

/** The one place where a type and its payload are held against the catalogue. */
export function draft<T extends CatalogueType>(
  type: T,
  correlationId: string,
  payload: PayloadOf<T>,
): Draft {
  return { type, correlationId, payload } as Draft;
}
