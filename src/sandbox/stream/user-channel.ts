/**
 * The user channel: orders and trades of one API key, from the moment of signing in. Nothing is
 * told again, nothing is numbered, nobody acknowledges the signing in; a bad one ends the
 * connection. Source: Polymarket docs, "User channel".
 */
import type { Clock } from '../../actors/ports.ts';
import type { ApiKeys } from '../api-keys.ts';
import type { Exchange, ExchangeEvent, Hex } from '../exchange/types.ts';
import type { Ledger } from '../ledger.ts';
import { orderFrame, tradeFrame } from '../wire.ts';
import type { Connection } from './connection.ts';
import { type Fields, fieldsOf, textsOf } from './messages.ts';

const POLICY_VIOLATION = 1008;
/** A connection that has not signed in by then is dropped. */
const SIGNED_IN_WITHIN_MS = 30_000;
/** More markets than there are; a longer list is a mistake. */
const MOST_MARKETS = 10_000;

interface Subscriber {
  readonly connection: Connection;
  owner: string | undefined;
  /** Undefined: all markets. */
  markets: Set<string> | undefined;
  readonly cancelWait: () => void;
}

export interface UserChannelParts {
  readonly exchange: Exchange;
  readonly keys: ApiKeys;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export class UserChannel {
  readonly #parts: UserChannelParts;
  readonly #subscribers = new Map<Connection, Subscriber>();
  readonly #unsubscribe: () => void;

  constructor(parts: UserChannelParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.exchange.subscribe((event) => this.#tell(event));
  }

  opened(connection: Connection): void {
    const { clock } = this.#parts;
    this.#subscribers.set(connection, {
      connection,
      owner: undefined,
      markets: undefined,
      cancelWait: clock.at(clock.now() + SIGNED_IN_WITHIN_MS, () =>
        connection.close(POLICY_VIOLATION, 'not signed in'),
      ),
    });
  }

  closed(connection: Connection): void {
    this.#subscribers.get(connection)?.cancelWait();
    this.#subscribers.delete(connection);
  }

  received(connection: Connection, message: unknown): void {
    const subscriber = this.#subscribers.get(connection);
    const fields = fieldsOf(message);
    if (subscriber === undefined || fields === undefined) return;
    const markets = textsOf(fields.markets).slice(0, MOST_MARKETS);
    if (subscriber.owner === undefined) {
      this.#signIn(subscriber, fields, markets);
    } else if (fields.operation === 'subscribe') {
      subscriber.markets = new Set([...(subscriber.markets ?? []), ...markets]);
    } else if (fields.operation === 'unsubscribe') {
      for (const market of markets) subscriber.markets?.delete(market);
    }
  }

  stop(): void {
    this.#unsubscribe();
    for (const { cancelWait } of this.#subscribers.values()) cancelWait();
    this.#subscribers.clear();
  }

  #signIn(subscriber: Subscriber, fields: Fields, markets: readonly string[]): void {
    const auth = fieldsOf(fields.auth);
    const apiKey = typeof auth?.apiKey === 'string' ? auth.apiKey : '';
    const key = this.#parts.keys.byId(apiKey);
    if (key === undefined || auth?.secret !== key.secret || auth.passphrase !== key.passphrase) {
      subscriber.connection.close(POLICY_VIOLATION, '');
      return;
    }
    subscriber.cancelWait();
    subscriber.owner = apiKey;
    if (markets.length > 0) subscriber.markets = new Set(markets);
  }

  #tell(event: ExchangeEvent): void {
    if (event.type === 'order') {
      const { order } = event;
      this.#send('user.order', order.owner, order.conditionId, [order.id], () => orderFrame(event));
    } else if (event.type === 'trade') {
      const { trade, atMs } = event;
      const ids = [trade.takerOrderId, ...trade.makerFills.map(({ orderId }) => orderId)];
      const owners = new Set([trade.takerOwner, ...trade.makerFills.map(({ owner }) => owner)]);
      for (const owner of owners) {
        this.#send('user.trade', owner, trade.conditionId, ids, () =>
          tradeFrame(trade, owner, atMs),
        );
      }
    }
  }

  #send(
    name: string,
    owner: string,
    conditionId: Hex,
    orderIds: readonly Hex[],
    message: () => object,
  ): void {
    let text: string | undefined;
    for (const subscriber of this.#subscribers.values()) {
      if (subscriber.owner !== owner) continue;
      if (subscriber.markets !== undefined && !subscriber.markets.has(conditionId)) continue;
      text ??= JSON.stringify(message());
      const orders = this.#parts.ledger.numbersOf(orderIds);
      subscriber.connection.send({ name, conditionId, orders, text });
    }
  }
}
