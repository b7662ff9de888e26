/**
 * A position as a fold over its fill legs: any order of arrival and any repetition ends in the same
 * totals, and a leg that failed on chain is undone as if it had never been there.
 *
 * Legs stand in the order of their match, by (`matchedAtMs`, `key`), in chunks that know the totals
 * before them. So the newest leg costs one step, and a leg in the middle (late, or voided) is refolded
 * from its own chunk on. Chunks at the front whose legs are all settled can never change again and are
 * dropped: the chunk after them already holds their sum.
 *
 * After that a leg older than a dropped one is added behind it, which is exact in size, fees, cash and
 * the identity of `position-totals.ts`; only the average may then depend on the order of arrival. And
 * a repeat of a dropped leg is no longer recognised: the caller knows its order's legs by key and
 * hands each in once per change.
 */
import { type Decimal, type DecimalText, decimal, toText, ZERO } from './decimal.ts';
import { addLegs, FLAT, type PositionLeg, type PositionTotals } from './position-totals.ts';

/** Legs per chunk: bounds the work of an append, and how long a settled leg is kept. */
export const MAX_CHUNK_LEGS = 32;

interface PositionChunk {
  /** The totals of every leg before this chunk. */
  readonly before: PositionTotals;
  /** 1 to `MAX_CHUNK_LEGS`, in order of match. */
  readonly legs: readonly PositionLeg[];
}

/** A position. Plain JSON, never changed in place; chunks are shared between versions. */
export interface PositionFold {
  /** Legs that may still change, with the settled ones that stand among them. */
  readonly tail: readonly PositionChunk[];
  /** The totals of all legs, dropped ones included. */
  readonly totals: PositionTotals;
  /** Shares of confirmed BUY legs, ever. */
  readonly settledBought: DecimalText;
}

/** Finds a leg: its key, and its match time to search by. */
export type LegId = Pick<PositionLeg, 'key' | 'matchedAtMs'>;

export function emptyPosition(): PositionFold {
  return { tail: [], totals: FLAT, settledBought: '0' };
}

/**
 * Counts a leg. A leg that stands here already changes nothing, except that a settled repeat settles
 * it. Returns the same object when nothing changed.
 *
 * @throws {BrokenInvariant} when the leg's size is not above zero.
 */
export function applyLeg(fold: PositionFold, leg: PositionLeg): PositionFold {
  const last = fold.tail.at(-1);
  const newest = last?.legs.at(-1);
  if (!last || !newest || compareLegs(newest, leg) < 0) {
    return dropSettled({
      tail: append(fold, last, leg),
      totals: addLegs(fold.totals, [leg]),
      settledBought: leg.settled ? withSettled(fold.settledBought, leg) : fold.settledBought,
    });
  }
  const { chunkIndex, legIndex, leg: known } = locate(fold.tail, leg);
  if (known) return leg.settled ? settleLeg(fold, leg) : fold;
  const legs = fold.tail[chunkIndex]?.legs ?? [];
  const refolded = refold(fold, chunkIndex, legs.toSpliced(legIndex, 0, leg));
  if (!leg.settled) return refolded;
  return { ...refolded, settledBought: withSettled(fold.settledBought, leg) };
}

/** Marks a leg as final on chain. An unknown or settled leg changes nothing: the same object. */
export function settleLeg(fold: PositionFold, id: LegId): PositionFold {
  const { chunkIndex, legIndex, leg } = locate(fold.tail, id);
  const chunk = fold.tail[chunkIndex];
  if (!chunk || !leg || leg.settled) return fold;
  const legs = chunk.legs.with(legIndex, { ...leg, settled: true });
  return dropSettled({
    tail: fold.tail.with(chunkIndex, { before: chunk.before, legs }),
    totals: fold.totals,
    settledBought: withSettled(fold.settledBought, leg),
  });
}

/**
 * Removes a leg that failed on chain: the result equals a fold that never saw it. A leg that is not
 * here changes nothing, and neither does a settled one, since confirmed beats failed (see
 * `joinSettlement`): the same object.
 */
export function voidLeg(fold: PositionFold, id: LegId): PositionFold {
  const { chunkIndex, legIndex, leg } = locate(fold.tail, id);
  if (!leg || leg.settled) return fold;
  const legs = fold.tail[chunkIndex]?.legs ?? [];
  return refold(fold, chunkIndex, legs.toSpliced(legIndex, 1));
}

/** The leg as it stands here, or undefined: never seen, voided, or settled and dropped. */
export function findLeg(fold: PositionFold, id: LegId): PositionLeg | undefined {
  return locate(fold.tail, id).leg;
}

/**
 * Shares that a SELL may offer: confirmed bought minus sold, never below zero. Sold counts from the
 * match on, so that shares on their way out are not offered twice. Reservations are not subtracted.
 */
export function sellableSize(fold: Pick<PositionFold, 'settledBought' | 'totals'>): Decimal {
  const sellable = decimal(fold.settledBought).minus(fold.totals.soldSize);
  return sellable.lt(0) ? ZERO : sellable;
}

/** By match time, then by key as text: the same order on every machine. Never 0 for two legs. */
function compareLegs(left: LegId, right: LegId): number {
  if (left.matchedAtMs !== right.matchedAtMs) return left.matchedAtMs - right.matchedAtMs;
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}

/** Where a leg stands, or (`leg` undefined) where it would be inserted. */
function locate(
  tail: readonly PositionChunk[],
  id: LegId,
): { chunkIndex: number; legIndex: number; leg: PositionLeg | undefined } {
  const later = firstIndex(tail.length, (index) => {
    const first = tail[index]?.legs[0];
    return first !== undefined && compareLegs(first, id) > 0;
  });
  const chunkIndex = Math.max(0, later - 1);
  const legs = tail[chunkIndex]?.legs ?? [];
  const legIndex = firstIndex(legs.length, (index) => {
    const leg = legs[index];
    return leg !== undefined && compareLegs(leg, id) >= 0;
  });
  const leg = legs[legIndex];
  return { chunkIndex, legIndex, leg: leg?.key === id.key ? leg : undefined };
}

/** The first index in [0, length) where `holds`, which stays true once it is; else `length`. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function append(
  fold: PositionFold,
  last: PositionChunk | undefined,
  leg: PositionLeg,
): readonly PositionChunk[] {
  if (!last || last.legs.length >= MAX_CHUNK_LEGS) {
    return [...fold.tail, { before: fold.totals, legs: [leg] }];
  }
  const grown = { before: last.before, legs: [...last.legs, leg] };
  return fold.tail.with(-1, grown);
}

/** Gives one chunk other legs and adds up again from there. */
function refold(
  fold: PositionFold,
  chunkIndex: number,
  legs: readonly PositionLeg[],
): PositionFold {
  const tail = fold.tail.slice(0, chunkIndex);
  let totals = fold.tail[chunkIndex]?.before ?? fold.totals;
  const later = fold.tail.slice(chunkIndex + 1).map((chunk) => chunk.legs);
  for (const group of [...split(legs), ...later]) {
    tail.push({ before: totals, legs: group });
    totals = addLegs(totals, group);
  }
  return dropSettled({ tail, totals, settledBought: fold.settledBought });
}

/** No legs make no chunk, too many make two. */
function split(legs: readonly PositionLeg[]): readonly (readonly PositionLeg[])[] {
  if (legs.length === 0) return [];
  if (legs.length <= MAX_CHUNK_LEGS) return [legs];
  const half = legs.length >>> 1;
  return [legs.slice(0, half), legs.slice(half)];
}

function dropSettled(fold: PositionFold): PositionFold {
  const live = fold.tail.findIndex((chunk) => chunk.legs.some((leg) => !leg.settled));
  if (live === 0 || fold.tail.length === 0) return fold;
  return { ...fold, tail: live === -1 ? [] : fold.tail.slice(live) };
}

function withSettled(settledBought: DecimalText, leg: PositionLeg): DecimalText {
  return leg.side === 'BUY' ? toText(decimal(settledBought).plus(leg.size)) : settledBought;
}
