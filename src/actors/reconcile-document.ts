/** The document that each comparison leaves: what was asked, what was taken in, what differs. */
import { messageOf } from '../domain/faults.ts';
import type { FindingKind, Severity } from '../domain/reconcile.ts';
import { type Findings, openFindings, takeFinding } from '../machines/system.findings.ts';
import type { Judgement } from './reconcile-judge.ts';
import type { Applied, PassCounts, PassResult } from './reconcile-result.ts';
import type { ReconciliationRow } from './store-port.ts';

/** Differences in one document; the others are counted. */
const MAX_STATED = 200;

export type ReconcileReason = ReconciliationRow['reason'];

/** What is different now, as a document states it. */
export interface StatedDifference {
  readonly findingId: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly subject: string;
  readonly summary: string;
  readonly action: string;
  /** True: it has not lasted long enough to be a finding. */
  readonly pending: boolean;
}

export interface Reconciliation {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly reason: ReconcileReason;
  /** False: it only looked. What it would have taken in is stated as if it had been. */
  readonly applies: boolean;
  /** How often it was begun until it came to its end. */
  readonly attempts: number;
  /** False: a part was not answered; nothing was concluded from it. */
  readonly complete: boolean;
  readonly counts: Readonly<PassCounts>;
  readonly applied: readonly Applied[];
  readonly findings: {
    readonly opened: readonly string[];
    readonly changed: readonly string[];
    readonly closed: readonly string[];
    readonly open: number;
    readonly critical: number;
    /** Beyond the bound of their kind. */
    readonly notKept: number;
  };
  readonly differences: readonly StatedDifference[];
  /** Differences beyond those that are stated. */
  readonly moreDifferences: number;
  readonly errors: readonly { readonly part: string; readonly message: string }[];
}

/** What reconciliation means for trading now. */
export interface ReconciliationHealth {
  /** Open findings; entries into an instrument with a critical one are denied. */
  readonly openFindings: number;
  readonly criticalFindings: number;
  /** When our books were last compared with the venue's; null before the first time. */
  readonly comparedAtMs: number | null;
  /** Of that comparison: parts that were not answered. */
  readonly errors: number;
}

export function reconciliationHealth(
  findings: Findings,
  last: Reconciliation | undefined,
): ReconciliationHealth {
  const open = openFindings(findings);
  return {
    openFindings: open.length,
    criticalFindings: open.filter(({ severity }) => severity === 'critical').length,
    comparedAtMs: last === undefined ? null : last.startedAtMs,
    errors: last?.errors.length ?? 0,
  };
}

export interface DocumentParts {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly reason: ReconcileReason;
  readonly applies: boolean;
  readonly attempts: number;
  readonly result: Omit<PassResult, 'balance' | 'listed'>;
  readonly judgement: Judgement;
  /** As they were before. */
  readonly findings: Findings;
}

export function documentOf(parts: DocumentParts): Reconciliation {
  const { startedAtMs, endedAtMs, reason, applies, attempts, result, judgement } = parts;
  const { events, differences, notKept } = judgement;
  const of = (type: 'finding.opened' | 'finding.seen') =>
    events.flatMap((event) => (event.type === type ? [event.finding.findingId] : []));
  const after = applies ? events.reduce(takeFinding, parts.findings) : parts.findings;
  const open = openFindings(after);
  return {
    ...{ startedAtMs, durationMs: endedAtMs - startedAtMs, reason, applies, attempts },
    complete: result.errors.length === 0,
    counts: result.counts,
    applied: result.applied,
    findings: {
      opened: of('finding.opened'),
      changed: of('finding.seen'),
      closed: events.flatMap((event) => (event.type === 'finding.closed' ? [event.findingId] : [])),
      open: open.length,
      critical: open.filter(({ severity }) => severity === 'critical').length,
      notKept,
    },
    differences: differences
      .slice(0, MAX_STATED)
      .map(({ findingId, kind, severity, subject, summary, action, pending }) => ({
        ...{ findingId, kind, severity, subject, summary, action: action.words, pending },
      })),
    moreDifferences: Math.max(0, differences.length - MAX_STATED),
    errors: result.errors,
  };
}

/** Of a comparison that came to nothing: trades or orders were not answered. */
export function failedDocument(parts: {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly reason: ReconcileReason;
  readonly attempts: number;
  readonly error: unknown;
  readonly findings: Findings;
}): Reconciliation {
  const { error, findings } = parts;
  const message = messageOf(error);
  return documentOf({
    ...parts,
    applies: true,
    result: {
      ...{ compared: [], covered: new Set(), counts: NOTHING_COUNTED, applied: [] },
      errors: [{ part: 'trades and orders', message }],
    },
    judgement: {
      ...{ events: [], pending: new Map(), ripeAtMs: undefined, differences: [], notKept: 0 },
    },
    findings,
  });
}

export const NOTHING_COUNTED: PassCounts = {
  legs: 0,
  newLegs: 0,
  orphanLegs: 0,
  refusedLegs: 0,
  listedOrders: 0,
  liveOrders: 0,
  askedOrders: 0,
  leftOrders: 0,
  reports: 0,
  positions: 0,
};

export function rowOf(document: Reconciliation): ReconciliationRow {
  const { startedAtMs, durationMs, reason, complete, counts, findings } = document;
  return {
    ...{ startedAtMs, durationMs, reason, complete },
    applied: document.applies ? counts.newLegs + counts.reports : 0,
    openFindings: findings.open,
    criticalFindings: findings.critical,
    body: JSON.stringify(document),
  };
}
