/** What a finding does in the turn that tells of it: its row, its position's flag, what was approved. */
import type { InstrumentId } from '../domain/instrument.ts';
import { concernsHolding } from '../domain/reconcile.ts';
import {
  type Finding,
  type FindingEvent,
  type Findings,
  findingStep,
} from '../machines/system.findings.ts';
import type { Facts } from './facts.ts';
import { type Draft, draftOfFinding } from './happenings.ts';
import type { Ledgers } from './ledgers.ts';
import type { Entry, EventOf, Registry } from './registry.ts';
import type { FindingRow } from './store-port.ts';
import type { Turn } from './system.ts';

export interface FindingRecorder {
  /** `findings`: as they were before the event. */
  record(event: FindingEvent, findings: Findings): void;
}

export interface FindingRecorderOptions {
  readonly registry: Registry;
  readonly facts: Facts;
  readonly ledgers: Ledgers;
  readonly now: Readonly<Turn>;
  readonly happened: (draft: Draft | undefined) => void;
  readonly deliver: (entry: Entry<'position'>, event: EventOf['position']) => unknown;
}

export function createFindingRecorder(options: FindingRecorderOptions): FindingRecorder {
  const { facts, ledgers, now, deliver } = options;

  function flag(before: Finding | undefined, after: Finding | undefined): void {
    const [was, is] = [flagged(before), flagged(after)];
    if (was === is) return;
    const { atMs } = now;
    if (was !== null) deliver(ledgers.positionOf(was), { type: 'position.findingClosed', atMs });
    if (is !== null) deliver(ledgers.positionOf(is), { type: 'position.findingOpened', atMs });
  }

  /** Money that came or went outside is booked on a person's word, in the turn of that word. */
  function perform(before: Finding | undefined, after: Finding | undefined): void {
    if (before?.state !== 'open' || after?.state !== 'approved') return;
    const { action, findingId, openedAtMs } = after;
    if (action.type !== 'cash.record') return;
    ledgers.deposit({
      type: 'account.deposited',
      depositId: `finding:${findingId}:${openedAtMs}`,
      amountUsd: action.amountUsd,
      atMs: now.atMs,
    });
  }

  return {
    record(event, findings) {
      const { before, after } = findingStep(findings, event);
      if (before === after) return;
      options.happened(draftOfFinding({ before, after }, event));
      flag(before, after);
      perform(before, after);
      if (after !== undefined) facts.finding(rowOf(after));
      else if (before !== undefined && event.type === 'finding.closed') {
        facts.finding(goneRow(before, event));
      }
    },
  };
}

/** The holding that it puts in question, as long as it is open. */
function flagged(finding: Finding | undefined): InstrumentId | null {
  if (finding?.state !== 'open' || !concernsHolding(finding)) return null;
  return finding.instrumentId;
}

function rowOf(finding: Finding): FindingRow {
  return {
    findingId: finding.findingId,
    kind: finding.kind,
    subject: finding.subject,
    instrumentId: finding.instrumentId,
    severity: finding.severity,
    state: finding.state,
    summary: finding.summary,
    ours: JSON.stringify(finding.ours),
    theirs: JSON.stringify(finding.theirs),
    evidence: JSON.stringify(finding.evidence),
    action: JSON.stringify(finding.action),
    openedAtMs: finding.openedAtMs,
    seenAtMs: finding.seenAtMs,
    closedAtMs: finding.decidedAtMs,
    closedBy: finding.decidedBy,
    why: finding.why,
    goneAtMs: null,
  };
}

/** A person's word stays; one that nobody had decided was settled by the books themselves. */
function goneRow(
  finding: Finding,
  { by, why, atMs }: Extract<FindingEvent, { type: 'finding.closed' }>,
): FindingRow {
  const row = { ...rowOf(finding), goneAtMs: atMs };
  if (finding.state !== 'open') return row;
  return { ...row, state: 'applied', closedAtMs: atMs, closedBy: by, why };
}
