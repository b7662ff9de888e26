/** The venue's fingerprint of a book: it shows at once that an update was lost. */
import { createHash } from 'node:crypto';
import type { DecimalText } from '../../domain/decimal.ts';
import type { LevelBook } from './level-book.ts';

/** What the hash covers beside the levels and the last trade price. Texts are the venue's own. */
export interface HashedFields {
  readonly marketId: string;
  readonly tokenId: string;
  /** The message's `timestamp` as it was written. */
  readonly timestamp: string;
  readonly minimumOrderSize: DecimalText;
  readonly tickSize: DecimalText;
  readonly negRisk: boolean;
}

/**
 * SHA-1 (lower case hex) over compact JSON: market, asset_id, timestamp, an empty hash, bids and
 * asks (worst level first), min_order_size, tick_size, neg_risk, last_trade_price. Derived from
 * recordings of Polymarket's market channel of 2026-09; the venue does not document it.
 *
 * The last trade price comes last in the text, so the rest is digested once and the returned
 * function tries prices.
 */
export function bookHasher(
  book: LevelBook,
  fields: HashedFields,
): (lastTradePrice: DecimalText) => string {
  const head = createHash('sha1').update(
    `{"market":${JSON.stringify(fields.marketId)},"asset_id":${JSON.stringify(fields.tokenId)}` +
      `,"timestamp":${JSON.stringify(fields.timestamp)},"hash":""` +
      `,"bids":${book.sideText('BUY')},"asks":${book.sideText('SELL')}` +
      `,"min_order_size":${JSON.stringify(fields.minimumOrderSize)}` +
      `,"tick_size":${JSON.stringify(fields.tickSize)},"neg_risk":${fields.negRisk}` +
      ',"last_trade_price":',
  );
  return (lastTradePrice) =>
    head
      .copy()
      .update(`${JSON.stringify(lastTradePrice)}}`)
      .digest('hex');
}

/**
 * A trade price as the venue writes it into the hash: at least three decimals, `0.62` as `0.620`.
 * Seen in recordings with a tick of 0.01; finer prices are taken as they are.
 */
export function hashedTradePrice(price: DecimalText): DecimalText {
  const [, fraction = ''] = price.split('.');
  return `0.${fraction.replace(/0+$/, '').padEnd(3, '0')}`;
}
