/**
 * A curve of any length in a bounded number of points. Time is cut into buckets of one width, and each
 * bucket keeps its lowest, its highest and its last point, so that no peak and no trough is smoothed
 * away. When there are too many buckets the width doubles and neighbours are merged.
 */
import type { DecimalText } from '../decimal.ts';
import { compare } from '../exact.ts';

export interface CurvePoint {
  readonly atMs: number;
  /** Cash, and what is held at the price of our own last fill of it. */
  readonly equityUsd: DecimalText;
  /** What was paid in, less what was taken out, until then. */
  readonly depositsUsd: DecimalText;
}

export interface Curve {
  /** Takes the next point, not earlier than the ones before. */
  add(point: CurvePoint): void;
  points(): readonly CurvePoint[];
}

interface Bucket {
  readonly number: number;
  readonly low: Numbered;
  readonly high: Numbered;
  readonly last: Numbered;
}

type Numbered = CurvePoint & { readonly number: number };

const POINTS_OF_A_BUCKET = 3;

/** At most `most` points, which is 3 or more. */
export function createCurve(most: number): Curve {
  const mostBuckets = Math.max(1, Math.floor(most / POINTS_OF_A_BUCKET));
  let buckets: Bucket[] = [];
  let widthMs = 1;
  let added = 0;

  function merge(next: Bucket): void {
    const newest = buckets.at(-1);
    if (newest?.number !== next.number) buckets.push(next);
    else buckets[buckets.length - 1] = joined(newest, next);
  }

  function widen(): void {
    widthMs *= 2;
    const finer = buckets;
    buckets = [];
    for (const bucket of finer) merge({ ...bucket, number: Math.floor(bucket.number / 2) });
  }

  return {
    add(point) {
      const numbered = { ...point, number: added };
      added += 1;
      const number = Math.floor(point.atMs / widthMs);
      merge({ number, low: numbered, high: numbered, last: numbered });
      while (buckets.length > mostBuckets) widen();
    },
    points: () => buckets.flatMap(pointsOf),
  };
}

function joined(left: Bucket, right: Bucket): Bucket {
  return {
    number: left.number,
    low: compare(right.low.equityUsd, left.low.equityUsd) < 0 ? right.low : left.low,
    high: compare(right.high.equityUsd, left.high.equityUsd) > 0 ? right.high : left.high,
    last: right.last,
  };
}

/** In the order in which they came, each once. */
function pointsOf({ low, high, last }: Bucket): CurvePoint[] {
  return [...new Set([low, high, last])]
    .sort((a, b) => a.number - b.number)
    .map(({ atMs, equityUsd, depositsUsd }) => ({ atMs, equityUsd, depositsUsd }));
}
