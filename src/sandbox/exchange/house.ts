/** An account with all the money it needs: for market makers and tests. */
import { createHash } from 'node:crypto';
import { InvalidValue } from '../../domain/faults.ts';
import type { Side } from '../../domain/instrument.ts';
import { ceilMultiply, ONE, smaller } from './arithmetic.ts';
import type { Exchange, Hex, Micros, Placed, SandboxOrder } from './types.ts';

/** One price of a book. */
export interface HouseLevel {
  readonly price: Micros;
  readonly size: Micros;
}

export interface House {
  readonly maker: string;
  /** Its orders' owner, where an API key stands for others. */
  readonly owner: string;
  /**
   * Makes the house's orders of a token those of `levels`: what is not among them is cancelled, what
   * is already there keeps its place. Where the new levels meet orders of others, they trade. Tells
   * the answers to the levels that the exchange refused, for example those below the minimum size.
   */
  setBook(
    tokenId: string,
    levels: { readonly bids: readonly HouseLevel[]; readonly asks: readonly HouseLevel[] },
  ): Promise<readonly Placed[]>;
  /**
   * Takes up to `size` shares of what others show within `price`, to 2 decimals, and leaves nothing
   * behind. Undefined: there was nothing to take.
   */
  take(order: {
    readonly tokenId: string;
    readonly side: Side;
    readonly price: Micros;
    readonly size: Micros;
  }): Promise<Placed | undefined>;
  /** Cancels all its orders of a token. */
  clear(tokenId: string): void;
}

/** What is deposited at once: a million million dollars, or shares. */
const DEPOSIT: Micros = 10n ** 12n * ONE;

/** Orders have sizes of 2 decimals. */
const SIZE_STEP: Micros = 10_000n;

/** Below this a deposit is made again. */
const LOW: Micros = 10n ** 11n * ONE;

/**
 * Makes `maker` a house. Its orders are numbered, passing over those that the exchange still knows, for
 * example after it was restored; cancelled ones that never matched are forgotten.
 */
export function createHouse(exchange: Exchange, maker: string): House {
  const owner = `house ${maker}`;
  let made = 0;

  function nextId(): Hex {
    for (;;) {
      made += 1;
      const hash = createHash('sha256').update(`${owner}\n${made}`).digest('hex');
      const id: Hex = `0x${hash}`;
      if (exchange.order(id) === undefined) return id;
    }
  }

  function fund(tokenId: string, side: Side): void {
    if (side === 'BUY' && exchange.balance(maker) < LOW) exchange.deposit(maker, DEPOSIT);
    if (side === 'SELL' && exchange.balance(maker, tokenId) < LOW) {
      exchange.deposit(maker, 0n, { [tokenId]: DEPOSIT });
    }
  }

  function place(
    id: Hex,
    tokenId: string,
    side: Side,
    { price, size }: HouseLevel,
  ): Promise<Placed> {
    if (price <= 0n || price >= ONE || size <= 0n) {
      throw new InvalidValue('level', `${price} x ${size}`, 'a price between 0 and 1 and a size');
    }
    fund(tokenId, side);
    const dollars = ceilMultiply(size, price);
    const [makerAmount, takerAmount] = side === 'BUY' ? [dollars, size] : [size, dollars];
    const common = { orderType: 'GTC', postOnly: false, expirationS: 0 } as const;
    return exchange.place({ ...common, id, owner, maker, tokenId, side, makerAmount, takerAmount });
  }

  const restOf = (order: SandboxOrder): Micros => order.originalSize - order.sizeMatched;
  const keyOf = (side: Side, level: HouseLevel): string => `${side} ${level.price} ${level.size}`;

  return {
    maker,
    owner,
    async setBook(tokenId, levels) {
      const wanted = new Map<string, { side: Side; level: HouseLevel }>();
      for (const level of levels.bids) wanted.set(keyOf('BUY', level), { side: 'BUY', level });
      for (const level of levels.asks) wanted.set(keyOf('SELL', level), { side: 'SELL', level });
      const stale: string[] = [];
      for (const order of exchange.openOrders(owner)) {
        if (order.tokenId !== tokenId) continue;
        const key = keyOf(order.side, { price: order.price, size: restOf(order) });
        if (!wanted.delete(key)) stale.push(order.id);
      }
      exchange.cancel(owner, stale);
      exchange.forget(owner, stale);
      const placed = await Promise.all(
        [...wanted.values()].map(({ side, level }) => place(nextId(), tokenId, side, level)),
      );
      return placed.filter((answer) => answer.kind === 'refused');
    },
    async take({ tokenId, side, price, size }) {
      const { bids, asks } = exchange.book(tokenId);
      const within =
        side === 'BUY'
          ? asks.filter((level) => level.price <= price)
          : bids.filter((level) => level.price >= price);
      const shown = within.reduce((sum, level) => sum + level.size, 0n);
      const taken = smaller(size, shown - (shown % SIZE_STEP));
      if (taken === 0n) return undefined;
      const id = nextId();
      const placed = await place(id, tokenId, side, { price, size: taken });
      // What rests all the same was shown by somebody who could not pay for it.
      if (exchange.order(id)?.status === 'LIVE') exchange.cancel(owner, [id]);
      return placed;
    },
    clear(tokenId) {
      exchange.forget(owner, exchange.cancelMarket(owner, { tokenId }).canceled);
    },
  };
}
