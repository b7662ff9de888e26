/**
 * Figures of two books side by side: shares, average prices, money. A venue moves shares and money at
 * its own moments (at the match, when mined, when it looks at the chain again), so what is on its way
 * may stand on either side: only a difference that no mixture of that explains is one.
 */
import type { DecimalText } from './decimal.ts';
import { compare, minus, negated, plus, times } from './exact.ts';
import type { InstrumentId } from './instrument.ts';
import type { Difference, DifferenceRange, Severity, Tolerances } from './reconcile.ts';

/** What is on its way: it may or may not be in the venue's figure. All zero or more. */
export interface OnTheWay {
  /** May still be missing from the venue's figure, though it is in ours. */
  readonly notYetThere: DecimalText;
  /** May be in the venue's figure, though it is not in ours. */
  readonly notYetHere: DecimalText;
  /** May still be in the venue's figure, though it has left ours. */
  readonly stillThere: DecimalText;
  /** May have left the venue's figure, though it is in ours. */
  readonly stillHere: DecimalText;
}

export const NOTHING_ON_THE_WAY: OnTheWay = {
  notYetThere: '0',
  notYetHere: '0',
  stillThere: '0',
  stillHere: '0',
};

/** Theirs less ours, for the most and for the least that ours may stand for. */
export function rangeOf(ours: DecimalText, theirs: DecimalText, way: OnTheWay): DifferenceRange {
  const least = minus(minus(ours, way.notYetThere), way.stillHere);
  const most = plus(plus(ours, way.stillThere), way.notYetHere);
  return { low: minus(theirs, most), high: minus(theirs, least) };
}

/** Whether a difference of `amount` is possible. */
export function isWithin(
  amount: DecimalText,
  { low, high }: DifferenceRange,
  tolerance: DecimalText,
): boolean {
  return compare(amount, minus(low, tolerance)) >= 0 && compare(amount, plus(high, tolerance)) <= 0;
}

/** Whether two ranges can be of the same difference. */
export function overlaps(a: DifferenceRange, b: DifferenceRange, tolerance: DecimalText): boolean {
  return (
    compare(a.low, plus(b.high, tolerance)) <= 0 && compare(b.low, plus(a.high, tolerance)) <= 0
  );
}

/** The least that a range is away from zero; `"0"` when zero lies in it. */
function distance({ low, high }: DifferenceRange): DecimalText {
  if (compare(low, '0') > 0) return low;
  return compare(high, '0') < 0 ? negated(high) : '0';
}

function absolute(text: DecimalText): DecimalText {
  return text.startsWith('-') ? negated(text) : text;
}

/** `pct` percent of `of`, exact. */
function percent(pct: DecimalText, of: DecimalText): DecimalText {
  return times(times(pct, absolute(of)), '0.01');
}

export interface SizeSides {
  readonly instrumentId: InstrumentId;
  /** Shares by all legs that have not failed. */
  readonly ours: DecimalText;
  readonly theirs: DecimalText;
  readonly way: OnTheWay;
}

/** The holding of one instrument. */
export function sizeDifference(sides: SizeSides, tolerances: Tolerances): Difference {
  const { instrumentId, ours, theirs, way } = sides;
  const range = rangeOf(ours, theirs, way);
  const larger = compare(absolute(ours), absolute(theirs)) >= 0 ? ours : theirs;
  const limit = percent(tolerances.sizeTolerancePct, larger);
  const severity: Severity = compare(distance(range), limit) > 0 ? 'critical' : 'warning';
  const differs = minus(theirs, ours);
  return {
    kind: 'position.size',
    subject: instrumentId,
    instrumentId,
    severity,
    summary: `${instrumentId}: the venue holds ${theirs} shares for us, our legs add up to ${ours}.`,
    ours: { size: ours, ...wayFacts(way) },
    theirs: { size: theirs },
    action: {
      type: 'review',
      words:
        compare(differs, '0') > 0
          ? 'Find out where the shares came from (a trade, a transfer or a split made elsewhere). Nothing is booked: dismiss it when they are meant to be there.'
          : 'Find out where the shares went (a trade, a transfer, a merge or a redemption made elsewhere). Nothing is booked: dismiss it when that was meant.',
    },
    range,
    tolerance: tolerances.sizeTolerance,
    mark: '',
  };
}

export interface PriceSides {
  readonly instrumentId: InstrumentId;
  /** Dollars a share, fees not included. */
  readonly ours: DecimalText;
  readonly theirs: DecimalText;
}

/** The average entry of a holding of which both books have the same size. */
export function priceDifference(sides: PriceSides, tolerances: Tolerances): Difference {
  const { instrumentId, ours, theirs } = sides;
  const differs = minus(theirs, ours);
  return {
    kind: 'position.price',
    subject: instrumentId,
    instrumentId,
    severity: 'info',
    summary: `${instrumentId}: the venue states an average entry of ${theirs}, our legs give ${ours}.`,
    ours: { averageEntry: ours },
    theirs: { averageEntry: theirs },
    action: {
      type: 'review',
      words: 'Compare the trades of both. Nothing is booked: our average follows from our legs.',
    },
    range: { low: differs, high: differs },
    tolerance: percent(tolerances.priceTolerancePct, ours),
    mark: '',
  };
}

export interface CashSides {
  readonly accountId: string;
  /** Deposits less costs of legs less fees. */
  readonly ours: DecimalText;
  /** Collateral, reservations included. */
  readonly theirs: DecimalText;
  readonly depositsUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly way: OnTheWay;
}

/** The identity of the collateral: theirs, and what is on its way, is deposits less costs less fees. */
export function cashDifference(sides: CashSides, tolerances: Tolerances): Difference {
  const { accountId, ours, theirs, way } = sides;
  const range = rangeOf(ours, theirs, way);
  const amountUsd = minus(theirs, ours);
  const isMore = compare(amountUsd, '0') > 0;
  return {
    kind: 'collateral',
    subject: accountId,
    instrumentId: null,
    severity: isMore ? 'warning' : 'critical',
    summary: `The venue holds ${theirs} dollars for us; deposits less costs and fees are ${ours}.`,
    ours: {
      cashUsd: ours,
      depositsUsd: sides.depositsUsd,
      feesUsd: sides.feesUsd,
      ...wayFacts(way),
    },
    theirs: { cashUsd: theirs },
    action: {
      type: 'cash.record',
      amountUsd,
      words: isMore
        ? `Record a deposit of ${amountUsd} dollars.`
        : `Record a withdrawal of ${negated(amountUsd)} dollars.`,
    },
    range,
    tolerance: tolerances.collateralToleranceUsd,
    mark: '',
  };
}

function wayFacts({ notYetThere, notYetHere, stillThere, stillHere }: OnTheWay) {
  return { notYetThere, notYetHere, stillThere, stillHere };
}
