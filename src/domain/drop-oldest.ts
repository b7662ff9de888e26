/** Bounded memory: what came first goes first. */

/** Takes out the oldest key once there are more than `most`; answers whether it did. */
export function dropOldest(kept: Set<string> | Map<string, unknown>, most: number): boolean {
  const [oldest] = kept.keys();
  return kept.size > most && oldest !== undefined && kept.delete(oldest);
}
