/**
 * Findings in the system actor's memory: those that are open, and those that a person has decided
 * while what they are about is still there. Pure steps, as every other part of a machine.
 */
import type { InstrumentId } from '../domain/instrument.ts';
import { concernsHolding, type Difference, type FindingFacts } from '../domain/reconcile.ts';

/** Of one kind this many are kept; what is beyond is counted by each pass, and found again later. */
export const MAX_FINDINGS_OF_A_KIND = 200;

export type FindingState = 'open' | 'approved' | 'dismissed';

/** A difference that has lasted, with what was asked and answered. */
export interface FindingBody extends Difference {
  readonly findingId: string;
  /** What was asked of whom and what was answered, a line each. */
  readonly evidence: FindingFacts;
}

export interface Finding extends FindingBody {
  readonly state: FindingState;
  readonly openedAtMs: number;
  /** When what was found last changed. */
  readonly seenAtMs: number;
  readonly decidedAtMs: number | null;
  readonly decidedBy: string | null;
  readonly why: string | null;
}

export type FindingEvent =
  | { readonly type: 'finding.opened'; readonly finding: FindingBody; readonly atMs: number }
  /** Told only when something about it has changed. */
  | { readonly type: 'finding.seen'; readonly finding: FindingBody; readonly atMs: number }
  | {
      readonly type: 'finding.closed';
      readonly findingId: string;
      /** `applied`: the difference is gone. The others are a person's word. */
      readonly as: 'applied' | 'approved' | 'dismissed';
      readonly by: string;
      readonly why: string;
      readonly atMs: number;
    };

/** By id. */
export type Findings = Readonly<Record<string, Finding>>;

/** What one event does to one finding. `after` undefined: it is no longer kept. */
export interface FindingStep {
  readonly before: Finding | undefined;
  readonly after: Finding | undefined;
}

export function findingStep(findings: Findings, event: FindingEvent): FindingStep {
  const id = event.type === 'finding.closed' ? event.findingId : event.finding.findingId;
  const before = findings[id];
  return { before, after: next(findings, before, event) };
}

function next(
  findings: Findings,
  before: Finding | undefined,
  event: FindingEvent,
): Finding | undefined {
  switch (event.type) {
    case 'finding.opened':
      if (before !== undefined) return { ...before, ...event.finding, seenAtMs: event.atMs };
      if (countOf(findings, event.finding.kind) >= MAX_FINDINGS_OF_A_KIND) return undefined;
      return {
        ...event.finding,
        state: 'open',
        openedAtMs: event.atMs,
        seenAtMs: event.atMs,
        decidedAtMs: null,
        decidedBy: null,
        why: null,
      };
    case 'finding.seen':
      return before && { ...before, ...event.finding, seenAtMs: event.atMs };
    case 'finding.closed':
      if (before === undefined || event.as === 'applied') return undefined;
      // The first word of a person stands; the same command run twice changes nothing.
      if (before.state !== 'open') return before;
      return {
        ...before,
        state: event.as,
        decidedAtMs: event.atMs,
        decidedBy: event.by,
        why: event.why,
      };
  }
}

export function takeFinding(findings: Findings, event: FindingEvent): Findings {
  const { before, after } = findingStep(findings, event);
  if (before === after) return findings;
  if (after !== undefined) return { ...findings, [after.findingId]: after };
  if (before === undefined) return findings;
  const { [before.findingId]: _gone, ...others } = findings;
  return others;
}

function countOf(findings: Findings, kind: Difference['kind']): number {
  let count = 0;
  for (const finding of Object.values(findings)) if (finding.kind === kind) count += 1;
  return count;
}

export function openFindings(findings: Findings): readonly Finding[] {
  return Object.values(findings).filter(({ state }) => state === 'open');
}

/** The open finding that stops entries into an instrument, if there is one. */
export function stopsEntries(findings: Findings, instrumentId: InstrumentId): Finding | undefined {
  for (const finding of Object.values(findings)) {
    if (finding.instrumentId !== instrumentId || finding.state !== 'open') continue;
    if (finding.severity === 'critical' && concernsHolding(finding)) return finding;
  }
  return undefined;
}
