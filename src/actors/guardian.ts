/**
 * What the engine stops by itself: it holds everything where a limit of the account is met, cancels
 * the entries that rest where nothing may be entered any more, and ends budgets whose time is over. Each hold is an input of its own, so
 * it is as durable as what led to it; who looks again after a crash comes to the same.
 */
import { calendarDay, nextDayMs } from '../domain/calendar-day.ts';
import { plus } from '../domain/exact.ts';
import { worthUsd } from '../domain/position-totals.ts';
import { dailyLoss, drawdown } from '../domain/risk/gate-rules.ts';
import {
  type EngineCause,
  type Hold,
  type HoldLevel,
  holdOn,
  holdText,
  scopeOfCause,
} from '../domain/risk/holds.ts';
import type { RiskLimits } from '../domain/risk/limits.ts';
import { dayPnlUsd, drawdownPct } from '../machines/account.machine.ts';
import { openFindings } from '../machines/system.findings.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import { createBudgetExpiry } from './budget-expiry.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock } from './ports.ts';
import { standing, tradable } from './rows.ts';
import type { Books } from './trading-api.ts';

/** Marks are taken and holds are looked after so often. */
const LOOK_EVERY_MS = 5_000;
/** Who it is that holds. */
const ENGINE = 'engine';

export interface Guardian {
  /** Looks at once, and from then on. */
  start(): void;
  /** After every turn. */
  onTurn(input: EngineInput): void;
  stop(): void;
}

export interface GuardianOptions {
  readonly execution: Execution;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RiskLimits;
  readonly books?: Books;
  /** How far the venue's clock is from ours, where it tells. */
  readonly clockSkewMs?: () => number;
  readonly cancel: (orderId: string, reason: string) => Promise<unknown>;
}

/** A clock that is so far off makes orders that end at the wrong time, and signatures that are refused. */
const MAX_SKEW_MS = 30_000;

export function createGuardian(options: GuardianOptions): Guardian {
  const { execution, clock, log, limits, books } = options;
  const { registry, dispatch, context } = execution;
  const budgets = createBudgetExpiry({ execution, clock });
  const account = () => registry.snapshot(registry.account()).context;
  let cancelTimer: (() => void) | undefined;
  let stopped = false;

  function isOver(): boolean {
    return stopped || execution.failure !== undefined;
  }

  function hold(
    cause: EngineCause,
    level: HoldLevel,
    reason: string,
    facts: { readonly untilMs?: number; readonly skewMs?: number } = {},
  ): void {
    const scope = scopeOfCause(cause);
    if (isHeld(context().holds[scope])) return;
    log.error({ cause, reason }, `The engine is ${level} by itself: ${reason}`);
    const atMs = clock.now();
    dispatch({ type: 'trading.held', level, scope, by: ENGINE, reason, ...facts, atMs });
  }

  function release(cause: EngineCause, reason: string): void {
    const scope = scopeOfCause(cause);
    if (context().holds[scope] === undefined) return;
    log.info({ cause, reason }, `The engine holds no longer by itself: ${reason}`);
    dispatch({ type: 'trading.released', scope, by: ENGINE, reason, atMs: clock.now() });
  }

  function isHeld(known: Hold | undefined): boolean {
    return known !== undefined && (known.untilMs === null || known.untilMs > clock.now());
  }

  function lookAtDay(): void {
    const { timeZone } = limits;
    const nowMs = clock.now();
    const known = context().holds[scopeOfCause('dailyLoss')];
    if (known !== undefined && !isHeld(known)) release('dailyLoss', 'a new day has begun');
    const met = dailyLoss.check({
      dayPnlUsd: dayPnlUsd(account(), calendarDay(nowMs, timeZone)),
      limits,
    });
    if (met === undefined) return;
    hold('dailyLoss', 'reducing', met.reason, { untilMs: nextDayMs(nowMs, timeZone) });
  }

  /** It stays until a person resumes: the highest equity is not reached again by waiting. */
  function lookAtEquity(): void {
    const met = drawdown.check({ drawdownPct: drawdownPct(account()), limits });
    if (met !== undefined) hold('drawdown', 'reducing', met.reason);
  }

  /** A difference of cash concerns every market; others stop only their own. */
  function lookAtFindings(): void {
    const found = openFindings(context().findings).find(
      ({ severity, instrumentId }) => severity === 'critical' && instrumentId === null,
    );
    if (found === undefined) release('reconciliation', 'the books agree');
    else hold('reconciliation', 'paused', `finding ${found.findingId}: ${found.summary}`);
  }

  function lookAtClock(): void {
    const skewMs = options.clockSkewMs?.() ?? 0;
    if (Math.abs(skewMs) < MAX_SKEW_MS) release('clock', 'the clocks agree');
    else hold('clock', 'paused', `the venue's clock is ${skewMs} ms ahead of ours`, { skewMs });
  }

  /** Only where a limit needs it: each mark is an input. */
  function mark(): void {
    if (books === undefined || limits.maxDrawdownPct === null) return;
    const equityUsd = equityNow(books);
    if (equityUsd === account().equity?.usd) return;
    dispatch({ type: 'account.marked', equityUsd, atMs: clock.now() });
  }

  /** What nobody marks counts what it cost. */
  function equityNow({ mark: markOf }: Books): string {
    let equityUsd = account().cashUsd;
    for (const entry of registry.positions.values()) {
      const { context } = registry.snapshot(entry);
      equityUsd = plus(equityUsd, standing(context).redeemableUsd);
      const totals = tradable(context);
      if (totals.size === '0') continue;
      equityUsd = plus(equityUsd, worthUsd(totals, markOf(context.instrumentId)));
    }
    return equityUsd;
  }

  /** Entries that rest where nothing may be entered any more. */
  function cancelEntries(): void {
    const { holds } = context();
    // Looking at ten thousand orders takes longer than a hold may need to be in the log.
    if (!Object.values(holds).some(({ level }) => level === 'reducing')) return;
    for (const entry of registry.orders.values()) {
      if (!entry.open) continue;
      const { clientOrderId, instrument, intent } = registry.snapshot(entry).context;
      if (intent.side !== 'BUY') continue;
      const of = { marketId: instrument.marketId, strategy: intent.strategy };
      const found = holdOn(holds, of, clock.now());
      // Whatever is being closed is cancelled by whoever closes it.
      if (found?.level !== 'reducing') continue;
      options.cancel(clientOrderId, holdText(found)).catch((error: unknown) => {
        if (!isOver()) log.warn({ error, clientOrderId }, 'An entry was not cancelled.');
      });
    }
  }

  function look(): void {
    if (isOver()) return;
    mark();
    lookAtDay();
    lookAtEquity();
    lookAtFindings();
    lookAtClock();
    cancelEntries();
  }

  function schedule(): void {
    cancelTimer = clock.at(clock.now() + LOOK_EVERY_MS, () => {
      if (isOver()) return;
      look();
      schedule();
    });
  }

  return {
    start() {
      budgets.start();
      look();
      schedule();
    },
    onTurn(input) {
      if (isOver()) return;
      budgets.onTurn(input);
      if (input.type === 'trading.held') cancelEntries();
      else if (input.type === 'venue.legReported') lookAtDay();
      else if (input.type === 'market.resolved') lookAtDay();
      else if (input.type === 'account.marked') lookAtEquity();
      else if (input.type === 'finding.opened' || input.type === 'finding.closed') lookAtFindings();
    },
    stop() {
      stopped = true;
      budgets.stop();
      cancelTimer?.();
    },
  };
}
