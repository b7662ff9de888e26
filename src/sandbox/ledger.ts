/** What the exchange does not keep: who took part in which trade, numbers of orders, times of resolution. */
import type { Exchange, ExchangeEvent, Hex, SandboxTrade } from './exchange/types.ts';

export interface Ledger {
  /** Trades in which this API key has an order, in the order of matching. */
  tradesOf(owner: string): readonly SandboxTrade[];
  /** The number of the next order that is posted, whatever comes of it. From 1. */
  nextNumber(): number;
  note(orderId: Hex, number: number): void;
  numbersOf(orderIds: readonly Hex[]): readonly number[];
  /** Orders posted so far. */
  posted(): number;
  /** When each resolved market was, by condition id. */
  readonly resolvedAtMs: Readonly<Record<string, number>>;
  /** Reads all trades again, after the exchange was restored. */
  reload(saved: Pick<Ledger, 'resolvedAtMs'> & { readonly posted: number }): void;
  stop(): void;
}

export function createLedger(exchange: Exchange): Ledger {
  const tradeIds = new Map<string, Set<string>>();
  const numbers = new Map<Hex, number>();
  let posted = 0;
  let resolvedAtMs: Record<string, number> = {};

  function keep(trade: SandboxTrade): void {
    for (const owner of [trade.takerOwner, ...trade.makerFills.map((fill) => fill.owner)]) {
      const known = tradeIds.get(owner);
      if (known === undefined) tradeIds.set(owner, new Set([trade.id]));
      else known.add(trade.id);
    }
  }
  const unsubscribe = exchange.subscribe((event: ExchangeEvent) => {
    if (event.type === 'trade' && event.trade.status === 'MATCHED') keep(event.trade);
    if (event.type === 'resolved') resolvedAtMs[event.conditionId] = event.atMs;
  });

  return {
    tradesOf: (owner) => [...(tradeIds.get(owner) ?? [])].flatMap((id) => exchange.trade(id) ?? []),
    nextNumber() {
      posted += 1;
      return posted;
    },
    note: (orderId, number) => void numbers.set(orderId, number),
    numbersOf: (orderIds) => orderIds.flatMap((id) => numbers.get(id) ?? []),
    posted: () => posted,
    get resolvedAtMs() {
      return resolvedAtMs;
    },
    reload(saved) {
      posted = saved.posted;
      resolvedAtMs = { ...saved.resolvedAtMs };
      tradeIds.clear();
      for (const trade of exchange.trades()) keep(trade);
    },
    stop: unsubscribe,
  };
}
