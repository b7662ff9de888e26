/** Orders in doubt as people are told of them. */
import { evidenceText } from '../domain/evidence.ts';
import type { OrderContext } from '../machines/order.context.ts';
import type { Registry } from './registry.ts';

/** Markets that are listed; more are only counted, and a hundred are trouble enough to look at. */
const MAX_LISTED_MARKETS = 100;
/** Orders that are listed for each market. */
const MAX_LISTED_ORDERS = 20;

/** A market in which no entry is taken, because nobody knows whether the venue has these orders. */
export interface Quarantine {
  readonly marketId: string;
  /** Oldest first. */
  readonly orders: readonly DoubtfulOrder[];
}

export interface DoubtfulOrder {
  readonly orderId: string;
  readonly venueOrderId: string | null;
  readonly sinceMs: number;
  /** Look-ups that have not ended the doubt. */
  readonly lookups: number;
  /** A person has been told. */
  readonly escalated: boolean;
  /** What each rung said last, in words. */
  readonly evidence: string;
}

/** The markets in quarantine now, by name. */
export function quarantines(registry: Registry): readonly Quarantine[] {
  return [...registry.doubts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_LISTED_MARKETS)
    .map(([marketId, ids]) => ({
      marketId,
      orders: [...ids]
        .sort()
        .slice(0, MAX_LISTED_ORDERS)
        .flatMap((id) => {
          const entry = registry.orders.get(id);
          return entry === undefined ? [] : doubtful(registry.snapshot(entry).context);
        }),
    }));
}

function doubtful(order: OrderContext): DoubtfulOrder {
  return {
    orderId: order.clientOrderId,
    venueOrderId: order.venueOrderId,
    sinceMs: order.doubtSinceMs ?? order.updatedAtMs,
    lookups: order.lookups,
    escalated: order.escalated,
    evidence: evidenceText(order.evidence),
  };
}

/** What a person is told of an order that looking for it does not settle. */
export function escalation(order: OrderContext): {
  readonly message: string;
  readonly facts: Record<string, unknown>;
} {
  const { clientOrderId, lookups, venueOrderId, instrument } = order;
  const facts = { ...doubtful(order), marketId: instrument.marketId };
  return {
    message: `Nobody knows whether the venue has ${clientOrderId}: ${lookups} look-ups have not settled it, and the market ${instrument.marketId} takes no entries. Ask the venue about ${venueOrderId ?? 'it'}, then run: fillwright resolve ${clientOrderId} --as never-taken|cancelled|live --why "…"`,
    facts,
  };
}
