/**
 * What is known of an order in doubt: the rungs on which it is looked for, and what each of them
 * said when it was asked last.
 */

/** From the most direct to the last resort. */
export const RUNGS = ['answer', 'stream', 'orderById', 'trades', 'openOrders', 'expiry'] as const;

export type Rung = (typeof RUNGS)[number];

/** What one rung said. Silence is never absence: it only says that nobody knows. */
export interface Evidence {
  readonly rung: Rung;
  /** `absent`: it answered, and by it the venue does not have the order. */
  readonly said: 'found' | 'absent' | 'noAnswer';
  /** For a person: what was found, or why there was no answer. */
  readonly detail: string;
  /** When it was asked, or when it spoke of its own accord. */
  readonly atMs: number;
}

/** The rungs that must all say `absent` before an order counts as not known to the venue. */
const PROOF_OF_ABSENCE: readonly Rung[] = ['orderById', 'trades', 'openOrders'];

/**
 * What a look-up came to. `inconclusive`: nothing was found, and somebody did not answer; it has to
 * be tried again.
 */
export function verdictOf(evidence: readonly Evidence[]): 'found' | 'absent' | 'inconclusive' {
  if (evidence.some(({ said }) => said === 'found')) return 'found';
  const saysAbsent = (rung: Rung) =>
    evidence.some((one) => one.rung === rung && one.said === 'absent');
  return PROOF_OF_ABSENCE.every(saysAbsent) ? 'absent' : 'inconclusive';
}

/** The newest word of each rung, in the order of the ladder. */
export function withEvidence(
  known: readonly Evidence[],
  more: readonly Evidence[],
): readonly Evidence[] {
  if (more.length === 0) return known;
  const newest = new Map([...known, ...more].map((one) => [one.rung, one]));
  return RUNGS.flatMap((rung) => newest.get(rung) ?? []);
}

const RUNG_WORDS: Readonly<Record<Rung, string>> = {
  answer: 'answer to the send',
  stream: 'stream',
  orderById: 'order by id',
  trades: 'trades',
  openOrders: 'open orders',
  expiry: 'expiry',
};

const SAID_WORDS: Readonly<Record<Evidence['said'], string>> = {
  found: 'found',
  absent: 'absent',
  noAnswer: 'no answer',
};

/** `order by id: absent (no such order); trades: no answer (timeout)`. */
export function evidenceText(evidence: readonly Evidence[]): string {
  return evidence
    .map(({ rung, said, detail }) => `${RUNG_WORDS[rung]}: ${SAID_WORDS[said]} (${detail})`)
    .join('; ');
}
