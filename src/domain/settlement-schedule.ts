/**
 * When the venue is asked about fills that are not final yet. All of it follows from times that the
 * fills themselves carry, so a restart knows it again.
 */

/** A fill of which nothing was heard for this long is asked about, unless the configuration says otherwise. */
export const ASK_AFTER_MS = 30_000;
/** Questions come at doubling intervals up to this one, and then go on: a leg is never given up. */
export const ASK_LAST_MS = 3_600_000;
/** Ages at which a fill that is still not final is said to a person, each once. */
export const LATE_AFTER_MS = [600_000, 3_600_000] as const;

/**
 * The next time to ask: `askAfterMs` after the last news, then at twice, four times … as long after it.
 * `askedAtMs`: the last question that covered it; undefined: none since this process started.
 */
export function nextAskAtMs(newsAtMs: number, askedAtMs: number | undefined, askAfterMs: number) {
  if (askedAtMs === undefined || askedAtMs < newsAtMs + askAfterMs) return newsAtMs + askAfterMs;
  const silentMs = askedAtMs - newsAtMs;
  let afterMs = askAfterMs;
  while (afterMs <= silentMs && afterMs < ASK_LAST_MS) afterMs *= 2;
  if (afterMs > silentMs && afterMs <= ASK_LAST_MS) return newsAtMs + afterMs;
  return newsAtMs + (Math.floor(silentMs / ASK_LAST_MS) + 1) * ASK_LAST_MS;
}

/** The ages of `LATE_AFTER_MS` that a fill reaches after `fromMs` and not after `toMs`. */
export function lateSteps(matchedAtMs: number, fromMs: number, toMs: number): readonly number[] {
  return LATE_AFTER_MS.filter(
    (ageMs) => matchedAtMs + ageMs > fromMs && matchedAtMs + ageMs <= toMs,
  );
}

/** When the next of those ages is reached; undefined once all are. */
export function nextLateAtMs(matchedAtMs: number, nowMs: number): number | undefined {
  return LATE_AFTER_MS.map((ageMs) => matchedAtMs + ageMs).find((atMs) => atMs > nowMs);
}
