/** What a venue said, as a finding can keep it. */
import { show } from '../domain/faults.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { FindingFacts } from '../domain/reconcile.ts';
import { readable } from './outside.ts';

/** Text of a venue in a finding. */
const LONGEST_TEXT = 300;

/** Text from outside as it can be kept: no database keeps all of it, and nobody reads a page of it. */
export function text(value: unknown): string {
  return readable(typeof value === 'string' ? value : show(value)).slice(0, LONGEST_TEXT);
}

export function factsOf(leg: LegReport): FindingFacts {
  return Object.fromEntries(Object.entries(leg).map(([name, value]) => [name, text(value)]));
}
