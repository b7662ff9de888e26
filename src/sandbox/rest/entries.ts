/**
 * What the shares of a wallet cost: the running average of what was bought, until all of it is sold. Fills that
 * the chain took back never were. Source: Polymarket's subgraph (pnl-subgraph, updateUserPositionWithBuy, -Sell).
 */
import type { Side } from '../../domain/instrument.ts';
import type { Exchange, Micros } from '../exchange/types.ts';
import { ONE_MICROS } from '../numbers.ts';

export interface Entry {
  readonly wallet: string;
  /** Bought and not sold again. A wallet that was given shares holds more. */
  shares: Micros;
  /** What these cost, and the fees of it. */
  dollars: Micros;
  fees: Micros;
  lastAtMs: number;
}

interface Fill {
  readonly wallet: string;
  readonly tokenId: string;
  readonly side: Side;
  readonly size: Micros;
  readonly price: Micros;
  readonly fee: Micros;
  readonly atMs: number;
}

/** By token. `user` in lower case. */
export function entriesOf(exchange: Exchange, user: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const fill of fillsOf(exchange)) {
    const { wallet, tokenId } = fill;
    if (wallet.toLowerCase() !== user) continue;
    const entry = entries.get(tokenId) ?? {
      wallet,
      shares: 0n,
      dollars: 0n,
      fees: 0n,
      lastAtMs: 0,
    };
    entries.set(tokenId, entry);
    take(entry, fill);
  }
  return entries;
}

function take(entry: Entry, { side, size, price, fee, atMs }: Fill): void {
  entry.lastAtMs = Math.max(entry.lastAtMs, atMs);
  if (side === 'BUY') {
    entry.shares += size;
    entry.dollars += (size * price) / ONE_MICROS;
    entry.fees += fee;
  } else if (entry.shares > 0n) {
    const sold = size < entry.shares ? size : entry.shares;
    entry.dollars -= (entry.dollars * sold) / entry.shares;
    entry.fees -= (entry.fees * sold) / entry.shares;
    entry.shares -= sold;
  }
}

/** Of both sides of each match, each at its own price and of its own token; oldest first. */
function* fillsOf(exchange: Exchange): Iterable<Fill> {
  for (const trade of exchange.trades()) {
    if (trade.status === 'FAILED') continue;
    const { tokenId, side, takerMaker, updatedAtMs: atMs } = trade;
    let fee = trade.takerFee;
    for (const made of trade.makerFills) {
      const { maker: wallet, matchedAmount: size, price } = made;
      yield { wallet, tokenId: made.tokenId, side: made.side, size, price, fee: 0n, atMs };
      const taken = made.tokenId === tokenId ? price : ONE_MICROS - price;
      yield { wallet: takerMaker, tokenId, side, size, price: taken, fee, atMs };
      fee = 0n;
    }
  }
}
