/**
 * What a comparison of our books with a venue's can find, and how it is said. A difference is only
 * stated here: whether it lasts long enough to become a finding is decided elsewhere.
 */
import type { DecimalText } from './decimal.ts';
import type { InstrumentId } from './instrument.ts';

export const FINDING_KINDS = [
  /** Open at the venue under our account, and made by nobody here. */
  'order.external',
  /** Alive here; the venue does not know it. */
  'order.missing',
  /** Over here; the venue still lists it as open. */
  'order.open',
  /** Legs of this account by an order that is not ours. */
  'trade.external',
  /** A leg that names an order of ours and cannot be booked there. */
  'leg.orphan',
  /** The venue told both final statuses of one leg. */
  'leg.conflict',
  /** The venue said of one market that it ended in two ways. */
  'resolution.conflict',
  'position.size',
  'position.price',
  'collateral',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/**
 * `critical`: what we believe to hold may be wrong by more than a tolerance. `warning`: something is
 * there that we did not do, or nobody can say. `info`: nothing depends on it.
 */
export type Severity = 'info' | 'warning' | 'critical';

/** What a side says, as plain JSON. Amounts are decimal text. */
export type FindingFacts = Readonly<Record<string, string | number | boolean | null>>;

/** What a person may do about it; `words` says it in a sentence. */
export type ProposedAction =
  /** Nothing that the engine could do: look, and approve or dismiss. */
  | { readonly type: 'review'; readonly words: string }
  /** Once approved, the engine asks the venue to cancel it. */
  | { readonly type: 'order.cancelAtVenue'; readonly venueOrderId: string; readonly words: string }
  | { readonly type: 'order.resolve'; readonly orderId: string; readonly words: string }
  /** Once approved, the engine books it: dollars, signed; negative is a withdrawal. */
  | { readonly type: 'cash.record'; readonly amountUsd: DecimalText; readonly words: string };

/**
 * Theirs less ours: the least and the most that it may be, given what is on its way between the two
 * books. Both bounds are the same when nothing is.
 */
export interface DifferenceRange {
  readonly low: DecimalText;
  readonly high: DecimalText;
}

export interface Difference {
  readonly kind: FindingKind;
  /** What it is about, unique in its kind: an instrument, a venue order id, a leg's key, an account. */
  readonly subject: string;
  readonly instrumentId: InstrumentId | null;
  readonly severity: Severity;
  /** One sentence for a person. */
  readonly summary: string;
  readonly ours: FindingFacts;
  readonly theirs: FindingFacts;
  readonly action: ProposedAction;
  /** Of figures that were compared; null where something is there or is not. */
  readonly range: DifferenceRange | null;
  /** Figures that differ by no more than this are the same. `"0"` where there is no range. */
  readonly tolerance: DecimalText;
  /** What else of it may change, as one text to compare. */
  readonly mark: string;
}

/** How far two books may be apart. Absolute in shares and dollars, relative in percent. */
export interface Tolerances {
  /** Shares. A size that differs by more is a difference. */
  readonly sizeTolerance: DecimalText;
  /** A size that differs by more than this share of it is critical. */
  readonly sizeTolerancePct: DecimalText;
  /** An average price that differs by more than this share of it is a difference. */
  readonly priceTolerancePct: DecimalText;
  /** Dollars. */
  readonly collateralToleranceUsd: DecimalText;
}

export interface ReconcileSettings extends Tolerances {
  /** Between two comparisons. */
  readonly everySeconds: number;
}

/**
 * A hundredth of a share is the dust that the venue itself leaves, and a conflict of two books is
 * usually said to begin at one percent. Fees are computed by us and rounded to 0.00001 dollars for
 * each leg: ten cents are ten thousand legs.
 */
export const DEFAULT_RECONCILE: ReconcileSettings = {
  everySeconds: 60,
  sizeTolerance: '0.01',
  sizeTolerancePct: '1',
  priceTolerancePct: '1',
  collateralToleranceUsd: '0.1',
};

/** Kinds that say that the holding of an instrument may not be, or not stay, what we believe. */
const OF_A_HOLDING: ReadonlySet<FindingKind> = new Set([
  'order.open',
  'trade.external',
  'leg.orphan',
  'leg.conflict',
  'resolution.conflict',
  'position.size',
  'position.price',
]);

export function concernsHolding(finding: Pick<Difference, 'kind' | 'instrumentId'>): boolean {
  return finding.instrumentId !== null && OF_A_HOLDING.has(finding.kind);
}
