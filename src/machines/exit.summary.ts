/** Exits as events for an audit: what was sold, at which prices, for what result and why. Pure. */
import type { DecimalText } from '../domain/decimal.ts';
import { dividedBy, minus, plus, times } from '../domain/exact.ts';
import type { ExitReason } from '../domain/exits/exit-plan.ts';
import type { ExitAttempt, ExitContext } from './exit.context.ts';

/** What one exit came to so far, over all its attempts. The ledger of fills has the exact figures. */
export interface ExitSummary {
  readonly number: number;
  readonly ruleId: string;
  readonly reason: ExitReason;
  readonly why: string;
  /** Dollars a share when it began. */
  readonly entryPrice: DecimalText;
  /** Average, to 12 decimals. */
  readonly exitPrice: DecimalText;
  /** Shares sold, less those of voided fills. */
  readonly size: DecimalText;
  readonly feesUsd: DecimalText;
  /** Before fees. */
  readonly realizedPnl: DecimalText;
  /** Nothing of it is open or may still be voided. */
  readonly isFinal: boolean;
  readonly startedAtMs: number;
}

/** Exits that have sold something, oldest first, as far as their attempts are kept. */
export function exitSummaries({ attempts }: Pick<ExitContext, 'attempts'>): readonly ExitSummary[] {
  const byExit = new Map<number, ExitAttempt[]>();
  for (const attempt of attempts) {
    const known = byExit.get(attempt.exitNumber);
    if (known === undefined) byExit.set(attempt.exitNumber, [attempt]);
    else known.push(attempt);
  }
  return [...byExit.values()].flatMap((group) => summaryOf(group) ?? []);
}

function summaryOf(attempts: readonly ExitAttempt[]): ExitSummary | undefined {
  const [first] = attempts;
  if (first === undefined) return undefined;
  const size = sum(attempts, 'filledSize');
  if (size === '0') return undefined;
  const soldUsd = sum(attempts, 'filledUsd');
  return {
    number: first.exitNumber,
    ruleId: first.ruleId,
    reason: first.reason,
    why: first.why,
    entryPrice: first.averageEntry,
    exitPrice: dividedBy(soldUsd, size),
    size,
    feesUsd: sum(attempts, 'feesUsd'),
    realizedPnl: minus(soldUsd, times(size, first.averageEntry)),
    isFinal: attempts.every(
      ({ isOver, filledSize, confirmedSize }) => isOver && filledSize === confirmedSize,
    ),
    startedAtMs: first.atMs,
  };
}

function sum(
  attempts: readonly ExitAttempt[],
  field: 'filledSize' | 'filledUsd' | 'feesUsd',
): DecimalText {
  return attempts.reduce((total, attempt) => plus(total, attempt[field]), '0');
}
