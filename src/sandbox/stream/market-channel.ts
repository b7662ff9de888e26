/** The market channel: subscriptions to tokens, the first books, then what changes. */

import type { Connection } from './connection.ts';
import type { BookPicture, MarketBooks, MarketFrame } from './market-books.ts';
import { versionText } from './market-frames.ts';
import { fieldsOf, textsOf } from './messages.ts';

/** Far more than a client follows; the venue does not document its own limit. */
const MOST_TOKENS = 10_000;
const POLICY_VIOLATION = 1008;

interface Subscriber {
  readonly connection: Connection;
  readonly tokenIds: Set<string>;
  hasCustomFeatures: boolean;
}

export class MarketChannel {
  readonly #books: MarketBooks;
  readonly #subscribers = new Map<Connection, Subscriber>();
  readonly #unsubscribe: () => void;

  constructor(books: MarketBooks) {
    this.#books = books;
    this.#unsubscribe = books.subscribe((frame) => this.#tell(frame));
  }

  opened(connection: Connection): void {
    this.#subscribers.set(connection, {
      connection,
      tokenIds: new Set(),
      hasCustomFeatures: false,
    });
  }

  closed(connection: Connection): void {
    this.#subscribers.delete(connection);
  }

  /** `{assets_ids, type: "market"}` first, then `{operation, assets_ids}`. All else is ignored. */
  received(connection: Connection, message: unknown): void {
    const subscriber = this.#subscribers.get(connection);
    const fields = fieldsOf(message);
    if (subscriber === undefined || fields === undefined) return;
    const tokenIds = textsOf(fields.assets_ids);
    if (fields.operation === 'unsubscribe') {
      for (const tokenId of tokenIds) subscriber.tokenIds.delete(tokenId);
      return;
    }
    const isFirst = typeof fields.type === 'string' && fields.type.toLowerCase() === 'market';
    if (!isFirst && fields.operation !== 'subscribe') return;
    if (subscriber.tokenIds.size + tokenIds.length > MOST_TOKENS) {
      connection.close(POLICY_VIOLATION, 'too many assets');
      return;
    }
    if (fields.custom_feature_enabled === true) subscriber.hasCustomFeatures = true;
    // The first books must not know more than the frames before them have said.
    this.#books.flush();
    for (const tokenId of tokenIds) subscriber.tokenIds.add(tokenId);
    if (fields.initial_dump === false) return;
    const pictures = tokenIds.flatMap((tokenId) => this.#books.picture(tokenId) ?? []);
    connection.send({ name: 'market.book', text: `[${pictures.map(openingBook).join(',')}]` });
  }

  stop(): void {
    this.#unsubscribe();
    this.#subscribers.clear();
  }

  #tell({ type, conditionId, tokenIds, isCustom, text }: MarketFrame): void {
    for (const { connection, tokenIds: wanted, hasCustomFeatures } of this.#subscribers.values()) {
      if (isCustom && !hasCustomFeatures) continue;
      if (!tokenIds.some((tokenId) => wanted.has(tokenId))) continue;
      connection.send({ name: `market.${type}`, conditionId, text });
    }
  }
}

/** The first book has tick size and last trade price, unlike those that follow. */
function openingBook(picture: BookPicture): string {
  const { market, tokenId, timestamp, hash, bids, asks, tickSize, lastTradePrice } = picture;
  return (
    `{"market":"${market.conditionId}","asset_id":"${tokenId}","timestamp":"${timestamp}"` +
    `,"hash":"${hash}","bids":${bids},"asks":${asks},"tick_size":"${tickSize}"` +
    `${versionText(market)},"event_type":"book","last_trade_price":"${lastTradePrice}"}`
  );
}
