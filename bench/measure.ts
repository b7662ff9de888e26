/** Samples, percentiles and closed loops. Times are milliseconds. */

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface Rate extends Latency {
  readonly perSecond: number;
}

export function latencyOf(samples: Iterable<number>): Latency {
  const sorted = [...samples].sort((a, b) => a - b);
  return { p50: round(at(sorted, 0.5)), p99: round(at(sorted, 0.99)) };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return at(sorted, 0.5);
}

/** Runs `work` from `inFlight` loops at once for `forMs`; each call is one unit. */
export async function closedLoop(
  inFlight: number,
  forMs: number,
  work: () => Promise<unknown>,
): Promise<Rate> {
  const samples: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + forMs;
  const loop = async () => {
    for (let now = performance.now(); now < until; ) {
      await work();
      const after = performance.now();
      samples.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { perSecond: round(samples.length / seconds), ...latencyOf(samples) };
}
