/** What the pre-trade rules look at, gathered from the actors as they stand within the turn. */

import { remainingUsd } from '../domain/budgets.ts';
import { calendarDay } from '../domain/calendar-day.ts';
import type { DecimalText } from '../domain/decimal.ts';
import { plus } from '../domain/exact.ts';
import { isUsable, namedBudget } from '../domain/risk/budget-rule.ts';
import { type Decision, decide } from '../domain/risk/decide.ts';
import { holdOn } from '../domain/risk/holds.ts';
import { NO_LIMITS, type RiskLimits } from '../domain/risk/limits.ts';
import type { RuleFacts } from '../domain/risk/rule.ts';
import {
  type AccountContext,
  availableUsd,
  dayPnlUsd,
  drawdownPct,
} from '../machines/account.machine.ts';
import { stopsEntries } from '../machines/system.findings.ts';
import type { EngineInput, SystemContext } from '../machines/system.machine.ts';
import { whyNoEntries } from './degradation.ts';
import type { Registry } from './registry.ts';
import { sellable } from './rows.ts';

type Submitted = Extract<EngineInput, { type: 'intent.submitted' }>;

export function decideIntent(
  registry: Registry,
  context: SystemContext,
  { intent, instrument, quote, atMs }: Submitted,
): Decision {
  const position = registry.positions.get(instrument.id);
  const held = position === undefined ? undefined : registry.snapshot(position).context;
  const account = registry.snapshot(registry.account()).context;
  const limits = context.limits ?? NO_LIMITS;
  const { marketId } = instrument;
  const { strategy } = intent;
  return decide({
    ...{ intent, instrument, limits, atMs },
    ...cashFor(account, intent, atMs),
    sellableShares: held === undefined ? '0' : sellable(held),
    reservedShares: held?.reservedShares ?? '0',
    hold: holdOn(context.holds, { marketId, strategy }, atMs) ?? null,
    entriesRefused: whyNoEntries(context, registry),
    finding: stopsEntries(context.findings, instrument.id) ?? null,
    payout: held?.resolution?.payout ?? null,
    doubtfulOrderId: doubtfulOrderOf(registry, marketId),
    balanceAskedAtMs: registry.snapshot(registry.venue()).context.balance?.askedAtMs ?? null,
    openOrders: registry.openOrders,
    maxOpenOrders: context.maxOpenOrders,
    exposure: registry.exposures.of(instrument),
    ...ownOrders(registry, limits, { intent, instrument }),
    answers: context.answers,
    dayPnlUsd: dayPnlUsd(account, calendarDay(atMs, limits.timeZone)),
    drawdownPct: drawdownPct(account),
    quote: quote ?? null,
    overrides: context.overrides,
  });
}

/** An order of a budget may use what remains of it, where the account still has that. */
function cashFor(
  account: AccountContext,
  { budget: budgetId, strategy }: Submitted['intent'],
  atMs: number,
): Pick<RuleFacts, 'availableUsd' | 'cash' | 'budget'> {
  const { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd } = account;
  const budget = namedBudget(account.budgets, budgetId);
  const own: DecimalText = isUsable(budget, strategy, atMs) ? remainingUsd(budget.found) : '0';
  return {
    availableUsd: plus(availableUsd(account), own),
    cash: { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd },
    budget,
  };
}

/** The oldest, whichever came into doubt first: told again, the same one is named. */
function doubtfulOrderOf({ doubts }: Registry, marketId: string): string | null {
  const ids = doubts.get(marketId) ?? [];
  return [...ids].reduce<string | null>(
    (oldest, id) => (oldest === null || id < oldest ? id : oldest),
    null,
  );
}

/** Looked for only where a limit asks for it. */
function ownOrders(
  { exposures }: Registry,
  { duplicateSide, selfTrade }: RiskLimits,
  { intent, instrument }: Pick<Submitted, 'intent' | 'instrument'>,
): Pick<RuleFacts, 'ownOrderId' | 'pendingOrderId'> {
  const isEntry = intent.side === 'BUY';
  return {
    pendingOrderId: isEntry && duplicateSide === 'deny' ? exposures.pending(intent) : null,
    ownOrderId: isEntry && selfTrade === 'deny' ? exposures.own(intent, instrument) : null,
  };
}
