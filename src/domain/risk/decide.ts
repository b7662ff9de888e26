/**
 * May this intent become an order, and how large? Pure: decided from the account, the position, our
 * other orders, the limits and what the book said. Each rule that has something to say is kept with
 * what it looked at.
 */
import { type DecimalText, toText } from '../decimal.ts';
import type { Intent } from '../intent.ts';
import { budget } from './budget-rule.ts';
import * as gates from './gate-rules.ts';
import * as money from './money-rules.ts';
import * as orders from './order-rules.ts';
import { overrideFor } from './overrides.ts';
import type { DenialCode, Rule, RuleFacts, RuleInputs, RuleName } from './rule.ts';

/** In this order; the first that denies ends it. Cheap ones first, and cash after all that shrinks. */
export const ENTRY_RULES: readonly Rule[] = [
  gates.halted,
  gates.entries,
  gates.resolved,
  gates.quarantine,
  gates.finding,
  gates.staleBalance,
  orders.maxEntryPrice,
  orders.openOrders,
  orders.duplicateSide,
  orders.selfTrade,
  gates.rejects,
  gates.dailyLoss,
  gates.drawdown,
  orders.staleBook,
  orders.slippage,
  money.maxOrder,
  money.exposure,
  budget,
  money.cash,
];

/** What stops entries never stops an exit, except a halt. An exit never exceeds what is held. */
export const EXIT_RULES: readonly Rule[] = [gates.halted, money.shares];

/** What one rule said. */
export interface Check {
  readonly rule: RuleName;
  readonly outcome: 'warned' | 'shrunk' | 'denied' | 'overridden';
  readonly reason: string;
  readonly inputs: RuleInputs;
  /** `shrunk`: to what. */
  readonly to?: DecimalText;
  /** `overridden`: by whose word. */
  readonly overrideId?: string;
}

export type Decision =
  | {
      readonly kind: 'admitted';
      /** As it was asked for, or smaller. */
      readonly intent: Intent;
      /** Dollars held per share (or per dollar, by money) still to be executed. */
      readonly reserveRate: DecimalText;
      readonly reservedUsd: DecimalText;
      readonly reservedShares: DecimalText;
      readonly checks: readonly Check[];
      /** Overrides that it has used up. */
      readonly overrideIds: readonly string[];
    }
  | {
      readonly kind: 'denied';
      readonly code: DenialCode;
      readonly reason: string;
      /** `market_in_quarantine`: the order that the market waits for. */
      readonly doubtfulOrderId?: string;
      readonly checks: readonly Check[];
    };

export function decide(facts: RuleFacts): Decision {
  let { intent } = facts;
  const checks: Check[] = [];
  const overrideIds: string[] = [];
  for (const rule of intent.side === 'BUY' ? ENTRY_RULES : EXIT_RULES) {
    const verdict = rule.check(intent === facts.intent ? facts : { ...facts, intent });
    if (verdict === undefined) continue;
    const { kind, reason, inputs } = verdict;
    const said = { rule: rule.name, reason, inputs };
    if (kind === 'warn') {
      checks.push({ ...said, outcome: 'warned' });
      continue;
    }
    const override = overrideFor(facts.overrides, rule.name, {
      marketId: facts.instrument.marketId,
      strategy: intent.strategy,
      atMs: facts.atMs,
    });
    if (override !== undefined) {
      const { overrideId } = override;
      if (!overrideIds.includes(overrideId)) overrideIds.push(overrideId);
      checks.push({ ...said, outcome: 'overridden', overrideId });
    } else if (kind === 'deny') {
      checks.push({ ...said, outcome: 'denied' });
      const { doubtfulOrderId } = inputs;
      const waitsFor = typeof doubtfulOrderId === 'string' ? { doubtfulOrderId } : {};
      return { kind: 'denied', code: verdict.code, reason, ...waitsFor, checks };
    } else {
      intent = { ...intent, ...verdict.to };
      const to = 'size' in verdict.to ? verdict.to.size : verdict.to.amountUsd;
      checks.push({ ...said, outcome: 'shrunk', to });
    }
  }
  return { kind: 'admitted', intent, ...heldBack({ ...facts, intent }), checks, overrideIds };
}

/** BUY holds back price x size and the worst fee that any of it may cost; SELL holds back shares. */
function heldBack({ intent, instrument }: RuleFacts) {
  if (intent.side === 'SELL') {
    return { reserveRate: '1', reservedUsd: '0', reservedShares: intent.size ?? '0' };
  }
  const reserveRate = toText(money.buyReserveRate(intent, instrument));
  return { reserveRate, reservedUsd: money.costUsd(intent, reserveRate), reservedShares: '0' };
}
