/** What a liquidation says at its end, and how the sales of earlier lives of the engine come into it. */
import { compare, minus, plus, times } from '../domain/exact.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import { LIQUIDATION } from '../domain/risk/holds.ts';
import type { EngineEventOf, Publisher } from './publisher.ts';
import type { Store } from './store-port.ts';

export interface LiquidationReport {
  readonly liquidationId: string;
  readonly by: string;
  readonly reason: string;
  /** When the hold began; a crash in between does not change it. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Orders that were open when this life of the engine took it up, and are over by the venue's word. */
  readonly cancelled: number;
  /** Orders of which the venue has not said that they are over. */
  readonly unproven: readonly string[];
  /** Sales, of all lives of the engine. */
  readonly ordersSent: number;
  /** Of all lives; what the chain has taken back is not among them. */
  readonly soldShares: string;
  /** Before fees. */
  readonly proceedsUsd: string;
  /** What was held at its beginning, or bought since, and is not any more. */
  readonly closed: readonly InstrumentId[];
  /** What is still held, and why. */
  readonly left: readonly {
    readonly instrumentId: InstrumentId;
    readonly size: string;
    readonly why: string;
  }[];
}

export type LiquidationPhase = 'cancelling' | 'selling' | 'settling';

export interface LiquidationHealth {
  readonly liquidationId: string;
  readonly phase: LiquidationPhase;
  readonly ordersSent: number;
  readonly positionsLeft: number;
}

/** More than six attempts for each of a thousand positions. */
const MAX_EARLIER_SALES = 10_000;

export function saleKey(liquidationId: string, name: string): string {
  return `liquidation/${liquidationId}/${name}`;
}

/** Adds sales up, exactly. */
export class SalesTally {
  soldShares = '0';
  proceedsUsd = '0';
  readonly sent = new Set<string>();
  readonly instruments = new Set<InstrumentId>();

  /** Follows the fills of what this life sends. Call what it returns to end that. */
  follow(publisher: Publisher): () => void {
    return publisher.on('fill', (event) => this.#onFill(event));
  }

  #onFill({ clientOrderId, leg, effect }: EngineEventOf<'fill'>): void {
    if (effect === 'settled' || !this.sent.has(clientOrderId)) return;
    this.#add(effect === 'applied' ? plus : minus, leg.price, leg.size);
  }

  #add(add: typeof plus, price: string, size: string): void {
    this.soldShares = add(this.soldShares, size);
    this.proceedsUsd = add(this.proceedsUsd, times(price, size));
  }

  /** Takes in what earlier lives have sent, from rows that are up to date. */
  async addEarlier(
    store: Pick<Store, 'orders' | 'legsOfOrder'>,
    liquidationId: string,
  ): Promise<void> {
    const orders = await store.orders({ strategy: LIQUIDATION, limit: MAX_EARLIER_SALES });
    for (const { clientOrderId, intentKey, instrumentId, status } of orders) {
      const isOurs = intentKey.startsWith(saleKey(liquidationId, ''));
      if (!isOurs || status === 'DENIED' || this.sent.has(clientOrderId)) continue;
      this.sent.add(clientOrderId);
      this.instruments.add(instrumentId);
      for (const { price, size, settlement } of await store.legsOfOrder(clientOrderId)) {
        if (settlement !== 'failed') this.#add(plus, price, size);
      }
    }
  }
}

/** Why something is still held of which no attempt has said more. */
export function whyLeft(size: string, saleInDoubt: string | undefined): string {
  if (compare(size, '0.01') < 0) {
    return 'less than a hundredth of a share: no order can sell it';
  }
  return saleInDoubt === undefined
    ? 'its purchase is not final on chain yet'
    : `nobody knows what became of its sale ${saleInDoubt}`;
}
