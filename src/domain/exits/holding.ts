/** What an exit plan knows of a position and of its prices. Plain JSON, decimal text. */
import { type DecimalText, decimal, toText } from '../decimal.ts';
import { minus, notBelowZero } from '../exact.ts';
import { type PositionFold, sellableSize } from '../position.ts';
import { type Resolution, tradableTotals } from '../resolution.ts';

/** A position as it stands now. */
export interface Holding {
  /** Shares held, those that may still be voided included. */
  readonly size: DecimalText;
  /** Settled shares that are not sold. */
  readonly sellableSize: DecimalText;
  /** Of them promised to working SELL orders. */
  readonly reservedShares: DecimalText;
  /** Dollars a share. */
  readonly averageEntry: DecimalText;
  /** Shares ever bought: when it grows, the position was scaled into. */
  readonly boughtSize: DecimalText;
  /** Every fill of it is confirmed: nothing of what stands here can be taken back. */
  readonly isFinal: boolean;
  /** Its market is resolved: what a share pays. Nothing can be sold any more. */
  readonly payout?: DecimalText;
}

/** A holding and since when it is one. */
export interface OpenHolding extends Holding {
  readonly openedAtMs: number;
}

export interface ExitPrices {
  /** Best bid; null: nobody bids. */
  readonly bid: DecimalText | null;
  /** What a share is thought to be worth; null: nobody knows. */
  readonly mark: DecimalText | null;
  /** When these prices were last known to hold: of a book that does not change, now. */
  readonly atMs: number;
}

export function holdingOf(
  fold: PositionFold,
  reservedShares: DecimalText,
  resolution: Resolution | null = null,
): Holding {
  const { size, averageEntry, boughtSize } = tradableTotals(fold.totals, resolution);
  return {
    size,
    sellableSize: resolution === null ? toText(sellableSize(fold)) : '0',
    reservedShares,
    averageEntry,
    boughtSize,
    isFinal: fold.tail.every((chunk) => chunk.legs.every((leg) => leg.settled)),
    ...(resolution === null ? {} : { payout: resolution.payout }),
  };
}

/** Shares that one more SELL may offer: settled, not sold, not promised. Never below zero. */
export function freeShares(
  holding: Pick<Holding, 'size' | 'sellableSize' | 'reservedShares'>,
): DecimalText {
  const free = notBelowZero(minus(holding.sellableSize, holding.reservedShares));
  return decimal(free).gt(holding.size) ? notBelowZero(holding.size) : free;
}
