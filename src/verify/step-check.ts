/** Broken places of the orders' hash chains, each named once. */
import { hash } from 'node:crypto';
import type { BrokenHead, BrokenStep } from '../adapters/store/order-chain.ts';
import type { Difference } from './report.ts';

/** `broken` in the order of order and number. */
export function stepDifferences(
  broken: readonly BrokenStep[],
  heads: readonly BrokenHead[],
): readonly Difference[] {
  const found: Difference[] = [];
  /** What the hash of a broken step should be, where its own was changed and not its content. */
  const made = new Map<string, string | null>();
  for (const step of broken) {
    const key = keyOf(step);
    made.set(key, step.made);
    found.push(...missingBefore(step));
    if ((step.numberBefore ?? 0) !== step.number - 1) continue;
    const before = made.get(keyOf({ ...step, number: step.number - 1 }));
    // It fits the step before as that one was: not this one was changed.
    if (before != null && hash('sha256', `${before}\n${step.content}`, 'hex') === step.hash)
      continue;
    found.push(difference('order_events', key, 'hash', step.hash, step.made));
  }
  for (const head of heads) {
    if (head.have !== null && made.get(keyOf(head)) === head.have) continue;
    found.push(difference('actor_snapshots', head.actorId, 'event_hash', head.have, head.made));
  }
  return found;
}

function keyOf({ clientOrderId, number }: Pick<BrokenStep, 'clientOrderId' | 'number'>): string {
  return `${clientOrderId}/${number}`;
}

/** Steps that are not there although a later one is: named up to ten. */
function missingBefore({ clientOrderId, number, numberBefore }: BrokenStep): Difference[] {
  const missing: Difference[] = [];
  const first = (numberBefore ?? 0) + 1;
  for (let absent = first; absent < Math.min(number, first + 10); absent += 1) {
    const key = keyOf({ clientOrderId, number: absent });
    missing.push(difference('order_events', key, 'row', null, 'a step'));
  }
  return missing;
}

function difference(
  table: string,
  key: string,
  column: string,
  have: string | null,
  expected: string | null,
): Difference {
  return { proof: 'steps', table, key, column, have, expected };
}
