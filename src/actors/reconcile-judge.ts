/**
 * Which differences are findings. A venue's figures lag, a leg may come a moment later by another way:
 * a difference becomes a finding, or changes one, only when it has lasted. One that is gone closes its
 * finding.
 */
import { createHash } from 'node:crypto';
import { compare } from '../domain/exact.ts';
import type {
  Difference,
  DifferenceRange,
  FindingFacts,
  FindingKind,
} from '../domain/reconcile.ts';
import { isWithin, overlaps } from '../domain/reconcile-books.ts';
import {
  type Finding,
  type FindingBody,
  type FindingEvent,
  type Findings,
  MAX_FINDINGS_OF_A_KIND,
} from '../machines/system.findings.ts';

/** A difference must be seen in this many comparisons … */
export const LASTING_PASSES = 2;
/** … and for this long: a venue looks at the chain again after a fill within seconds. */
export const LASTING_MS = 30_000;
/** Who closes a finding of which the difference is gone. */
export const RECONCILER = 'reconciler';
/** Two statements of the venue that contradict each other do not get better by waiting. */
const AT_ONCE: ReadonlySet<FindingKind> = new Set(['leg.orphan', 'leg.conflict']);
/** Long enough that no two subjects of one database meet. */
const ID_DIGITS = 12;

/** One thing that was compared. A range that holds zero is no difference. */
export interface Compared {
  readonly difference: Difference;
  readonly evidence: FindingFacts;
}

/** A difference that has not lasted yet. */
export interface Pending {
  readonly firstSeenAtMs: number;
  readonly passes: number;
  /** As it was seen last: another one, as of a fill whose leg comes a moment later, begins anew. */
  readonly range: DifferenceRange | null;
}

export interface JudgeInput {
  readonly compared: readonly Compared[];
  /** Kinds of which everything was compared: what is not among them is gone. */
  readonly covered: ReadonlySet<FindingKind>;
  readonly findings: Findings;
  readonly pending: ReadonlyMap<string, Pending>;
  readonly atMs: number;
}

export interface Judgement {
  /** In the order in which they are to be told. */
  readonly events: readonly FindingEvent[];
  readonly pending: ReadonlyMap<string, Pending>;
  /** When the first of what is pending may have lasted. */
  readonly ripeAtMs: number | undefined;
  /** Differences that are there now: findings and pending ones. */
  readonly differences: readonly (FindingBody & { readonly pending: boolean })[];
  /** Beyond the bound of their kind: not kept. */
  readonly notKept: number;
}

/** The same for the same difference in any life of the engine. */
export function findingId({ kind, subject }: Pick<Difference, 'kind' | 'subject'>): string {
  const digest = createHash('sha256').update(`${kind}\n${subject}`).digest('hex');
  return `f_${digest.slice(0, ID_DIGITS)}`;
}

export function judge({ compared, covered, findings, pending, atMs }: JudgeInput): Judgement {
  const events: FindingEvent[] = [];
  const still = new Map<string, Pending>();
  const differences: (FindingBody & { pending: boolean })[] = [];
  const seen = new Set<string>();
  const told = new Set(
    compared
      .map(({ difference }) => ({ difference, id: findingId(difference) }))
      .filter(({ difference, id }) => isThere(findings[id], difference))
      .map(({ id }) => id),
  );
  const past = Object.values(findings).filter(
    ({ findingId: id, kind }) => covered.has(kind) && !told.has(id),
  );
  const room = createRoom(findings, past, told);
  let ripeAtMs: number | undefined;
  let notKept = 0;

  for (const { difference, evidence } of compared) {
    const id = findingId(difference);
    if (seen.has(id)) continue;
    const known = findings[id];
    if (known !== undefined && isStill(known, difference)) {
      seen.add(id);
      const body = { ...difference, findingId: id, evidence };
      differences.push({ ...body, pending: false });
      if (isNarrower(known, difference) || weighsOtherwise(known, difference)) {
        events.push(seenAgain(body, atMs));
      }
      continue;
    }
    if (isNone(difference)) continue;
    seen.add(id);
    const body = { ...difference, findingId: id, evidence };
    const now = seenUntilNow(pending.get(id), difference, atMs);
    const lasts = now.passes >= LASTING_PASSES && atMs - now.firstSeenAtMs >= LASTING_MS;
    if (!lasts && !AT_ONCE.has(difference.kind)) {
      differences.push({ ...body, pending: true });
      still.set(id, now);
      ripeAtMs = Math.min(ripeAtMs ?? Number.POSITIVE_INFINITY, now.firstSeenAtMs + LASTING_MS);
      continue;
    }
    if (known?.state === 'open') {
      differences.push({ ...body, pending: false });
      events.push(seenAgain(body, atMs));
      continue;
    }
    // What a person decided was something else by now.
    if (known !== undefined) events.push(gone(id, 'It has become another difference.', atMs));
    else {
      const { isThere: hasPlace, instead } = room.take(difference.kind);
      if (!hasPlace) {
        notKept += 1;
        continue;
      }
      if (instead !== undefined) events.push(gone(instead, 'Another one needs its place.', atMs));
    }
    differences.push({ ...body, pending: false });
    events.push({ type: 'finding.opened', finding: body, atMs });
  }
  // First, so that there is room for what is opened.
  const closed = past.map(({ findingId: id }) => gone(id, 'The difference is gone.', atMs));
  return { events: [...closed, ...events], pending: still, ripeAtMs, differences, notKept };
}

/** It differs, or may be what was found before. */
function isThere(known: Finding | undefined, now: Difference): boolean {
  return (known !== undefined && isStill(known, now)) || !isNone(now);
}

/** The figures agree, or differ by no more than what is on its way and the tolerance. */
function isNone({ range, tolerance }: Difference): boolean {
  return range !== null && isWithin('0', range, tolerance);
}

/**
 * Whether what is compared now may be what was found: figures wander while trades settle, so a
 * finding is another one only when no mixture of what is on its way explains both.
 */
function isStill(known: Finding, now: Difference): boolean {
  if (known.range === null || now.range === null) {
    return known.mark === now.mark && known.severity === now.severity;
  }
  return overlaps(known.range, now.range, now.tolerance);
}

function seenUntilNow(since: Pending | undefined, now: Difference, atMs: number): Pending {
  const { range } = now;
  if (since === undefined || !mayBeTheSame(since.range, now)) {
    return { firstSeenAtMs: atMs, passes: 1, range };
  }
  return { ...since, passes: since.passes + 1, range };
}

/** Something that is there stays the same, whatever else changes of it. */
function mayBeTheSame(before: DifferenceRange | null, { range, tolerance }: Difference): boolean {
  return before === null || range === null || overlaps(before, range, tolerance);
}

/**
 * The same shares are another part of what is held now. It gets graver at once, and lighter only where
 * nothing on the way makes it look so.
 */
function weighsOtherwise({ state, severity }: Finding, now: Difference): boolean {
  if (state !== 'open' || severity === now.severity) return false;
  return now.severity === 'critical' || now.range === null || isExact(now.range);
}

function isExact({ low, high }: DifferenceRange): boolean {
  return compare(low, high) === 0;
}

/** It was found while trades were settling, and is exact now. */
function isNarrower({ range: known }: Finding, { range: now }: Difference): boolean {
  if (known === null || now === null) return false;
  return !isExact(known) && isExact(now);
}

function seenAgain(finding: FindingBody, atMs: number): FindingEvent {
  return { type: 'finding.seen', finding, atMs };
}

function gone(id: string, why: string, atMs: number): FindingEvent {
  return { type: 'finding.closed', findingId: id, as: 'applied', by: RECONCILER, why, atMs };
}

interface Place {
  readonly isThere: boolean;
  /** The finding that has to give way. */
  readonly instead?: string;
}

/**
 * Places for findings of a kind. When there is none left, the one gives way that a person decided on
 * first of those that nobody tells of any more: some kinds never go away by themselves.
 */
function createRoom(
  findings: Findings,
  past: readonly Finding[],
  told: ReadonlySet<string>,
): { take(kind: FindingKind): Place } {
  const left = new Set(Object.values(findings));
  for (const finding of past) left.delete(finding);
  const counts = new Map<FindingKind, number>();
  for (const { kind } of left) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const decided = [...left]
    .filter(({ decidedAtMs, findingId: id }) => decidedAtMs !== null && !told.has(id))
    .sort((a, b) => (a.decidedAtMs ?? 0) - (b.decidedAtMs ?? 0));
  return {
    take(kind) {
      const count = counts.get(kind) ?? 0;
      if (count < MAX_FINDINGS_OF_A_KIND) {
        counts.set(kind, count + 1);
        return { isThere: true };
      }
      const index = decided.findIndex((finding) => finding.kind === kind);
      const [first] = index < 0 ? [] : decided.splice(index, 1);
      return first === undefined ? { isThere: false } : { isThere: true, instead: first.findingId };
    },
  };
}
