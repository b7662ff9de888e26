/** Rules that look at the state of the engine, of the venue and of what is known, not at the order. */
import { compare, times } from '../exact.ts';
import { holdText, LIQUIDATION } from './holds.ts';
import { deny, OUTCOMES_NEEDED, type Rule, type RuleFacts } from './rule.ts';

/** The only one that stops an exit, too. */
export const halted: Rule = {
  name: 'halted',
  check({ hold, intent }) {
    if (hold?.level === 'halted') {
      return deny('halted', `trading is ${holdText(hold)}`, { scope: hold.scope, by: hold.by });
    }
    if (hold?.level !== 'liquidating' || intent.strategy === LIQUIDATION) return undefined;
    return deny('liquidating', `everything is being closed: ${holdText(hold)}`, { by: hold.by });
  },
};

export const entries: Rule = {
  name: 'entries',
  check({ entriesRefused, hold }) {
    if (hold !== null) {
      return deny('entries_refused', `entries are ${holdText(hold)}`, { scope: hold.scope });
    }
    return entriesRefused === null ? undefined : deny('entries_refused', entriesRefused);
  },
};

/** There is no book any more: the venue would refuse it. */
export const resolved: Rule = {
  name: 'resolved',
  check({ payout, instrument: { marketId } }) {
    if (payout === null) return undefined;
    const reason = `the market ${marketId} is resolved: a share pays ${payout}`;
    return deny('market_resolved', reason, { payout });
  },
};

export const quarantine: Rule = {
  name: 'quarantine',
  check({ doubtfulOrderId, instrument: { marketId } }) {
    if (doubtfulOrderId === null) return undefined;
    const reason = `the market ${marketId} is in quarantine: nobody knows whether the venue has ${doubtfulOrderId}`;
    return deny('market_in_quarantine', reason, { doubtfulOrderId });
  },
};

export const finding: Rule = {
  name: 'finding',
  check({ finding: open }) {
    if (open === null) return undefined;
    const { findingId, summary } = open;
    return deny('reconciliation_required', `finding ${findingId} is open: ${summary}`, {
      findingId,
    });
  },
};

/** Cash is counted here, but the venue's word that it is there must not be too old. */
export const staleBalance: Rule = {
  name: 'staleBalance',
  check({ balanceAskedAtMs, limits: { staleBalanceMs = null }, atMs }) {
    if (staleBalanceMs === null) return undefined;
    if (balanceAskedAtMs !== null && atMs - balanceAskedAtMs <= staleBalanceMs) return undefined;
    const limit = `the limit is ${staleBalanceMs / 1_000} s`;
    const age = balanceAskedAtMs === null ? null : atMs - balanceAskedAtMs;
    const said =
      age === null
        ? 'the venue has not said what the account holds'
        : `what the venue said of the balance is ${Math.round(age / 1_000)} s old`;
    return deny('stale_balance', `${said}, ${limit}`, { ageMs: age, staleBalanceMs });
  },
};

/** A venue that refuses order after order: something is wrong with them, or with it. */
export const rejects: Rule = {
  name: 'rejects',
  check({ answers, limits, atMs }) {
    const { rejectsInARow, lastRejectAtMs, newest } = answers;
    if (lastRejectAtMs === null || atMs - lastRejectAtMs >= limits.breakerMs) return undefined;
    const until = `entries wait for ${limits.breakerMs / 1_000} s after the last of them`;
    if (limits.maxRejectsInARow !== null && rejectsInARow >= limits.maxRejectsInARow) {
      const reason = `the venue refused ${rejectsInARow} orders in a row, the limit is ${limits.maxRejectsInARow}; ${until}`;
      return deny('too_many_rejects', reason, { rejectsInARow, lastRejectAtMs });
    }
    if (limits.maxRejectPct === null || newest.length < OUTCOMES_NEEDED) return undefined;
    const rejected = newest.filter((wasRejected) => wasRejected).length;
    // In whole numbers: rejected / newest > percent / 100.
    if (compare(String(rejected * 100), times(limits.maxRejectPct, String(newest.length))) <= 0) {
      return undefined;
    }
    const reason = `the venue refused ${rejected} of the newest ${newest.length} orders, the limit is ${limits.maxRejectPct} %; ${until}`;
    return deny('too_many_rejects', reason, { rejected, of: newest.length, lastRejectAtMs });
  },
};

/** Asked for each intent, and by whoever holds everything where it is met. */
export const dailyLoss = {
  name: 'dailyLoss',
  check({
    dayPnlUsd,
    limits: { dailyLossUsd, timeZone },
  }: Pick<RuleFacts, 'dayPnlUsd' | 'limits'>) {
    if (dailyLossUsd === null || compare(dayPnlUsd, `-${dailyLossUsd}`) > 0) return undefined;
    const reason = `${dayPnlUsd} dollars today (${timeZone}), the limit is a loss of ${dailyLossUsd}`;
    return deny('daily_loss', reason, { dayPnlUsd, dailyLossUsd });
  },
} satisfies Rule;

export const drawdown = {
  name: 'drawdown',
  check({ drawdownPct, limits: { maxDrawdownPct } }: Pick<RuleFacts, 'drawdownPct' | 'limits'>) {
    if (maxDrawdownPct === null || drawdownPct === null) return undefined;
    if (compare(drawdownPct, maxDrawdownPct) < 0) return undefined;
    const reason = `the equity is ${drawdownPct} % below its highest, the limit is ${maxDrawdownPct} %`;
    return deny('drawdown', reason, { drawdownPct, maxDrawdownPct });
  },
} satisfies Rule;
