/** What rules look at, made for a test: nothing is limited, nothing stands against it. */
import { decide } from '../../../src/domain/risk/decide.ts';
import { NO_LIMITS, type RiskLimits } from '../../../src/domain/risk/limits.ts';
import type { Quote } from '../../../src/domain/risk/quote.ts';
import { NO_ANSWERS, type RuleFacts } from '../../../src/domain/risk/rule.ts';
import { AT_MS, intent, rain } from '../../support/orders.ts';

/** A market without fees: a share at 0.5 costs 0.5. */
export const free = { ...rain, fees: { ...rain.fees, rate: '0' } };

export const sell = intent({ side: 'SELL' });

export function facts(over: Partial<RuleFacts> = {}): RuleFacts {
  return {
    intent: intent(),
    instrument: free,
    limits: NO_LIMITS,
    atMs: AT_MS,
    availableUsd: '1000',
    cash: { cashUsd: '1000', reservedUsd: '0', budgetsUsd: '0', minimumReserveUsd: '0' },
    budget: null,
    sellableShares: '100',
    reservedShares: '0',
    entriesRefused: null,
    hold: null,
    finding: null,
    payout: null,
    doubtfulOrderId: null,
    balanceAskedAtMs: null,
    openOrders: 0,
    maxOpenOrders: 100,
    exposure: { marketUsd: '0', eventUsd: null, totalUsd: '0' },
    pendingOrderId: null,
    ownOrderId: null,
    answers: NO_ANSWERS,
    dayPnlUsd: '0',
    drawdownPct: null,
    quote: null,
    overrides: [],
    ...over,
  };
}

export function limits(over: Partial<RiskLimits>): RiskLimits {
  return { ...NO_LIMITS, ...over };
}

export function quote(over: Partial<Quote> = {}): Quote {
  return {
    ...{ bid: '0.48', ask: '0.5', feedAgeMs: 0, takes: true },
    ...{ slippageBps: '0', expectedPrice: '0.5' },
    ...over,
  };
}

/** `admitted`, or the code of the denial. */
export function said(over: Partial<RuleFacts>): string {
  const decision = decide(facts(over));
  return decision.kind === 'denied' ? decision.code : decision.kind;
}

/** `admitted`, the code of the denial, or to what it was made smaller. */
export function sized(over: Partial<RuleFacts>): string {
  const decision = decide(facts(over));
  if (decision.kind === 'denied') return decision.code;
  const made = decision.checks.filter(({ outcome }) => outcome === 'shrunk');
  return made.map(({ rule, to }) => `${rule} ${to}`).join(', ') || 'admitted';
}
