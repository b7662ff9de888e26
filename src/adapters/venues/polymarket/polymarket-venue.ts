/**
 * Polymarket, live: the parts that speak with it, put together as a `Venue`. What is on the way of
 * an order (`prepare`, `submit`) reads memory only.
 */
import type { PreparedOrder, Venue, VenueOrder } from '../../../actors/ports.ts';
import type { DecimalText } from '../../../domain/decimal.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { MassCancels } from './polymarket-venue-cancels.ts';
import { healthOf, type PolymarketHealth } from './polymarket-venue-health.ts';
import type { PolymarketVenueOptions } from './polymarket-venue-options.ts';
import { createVenueParts } from './polymarket-venue-parts.ts';
import { prepareOrder } from './protocol/prepare-order.ts';

export interface PolymarketVenue extends Venue, MassCancels {
  health(): PolymarketHealth;
  /** A tick-size change of the market channel. */
  onTickSize(tokenId: string, tickSize: DecimalText): void;
}

/** @throws {InvalidValue} for a URL or a condition id that is none. */
export function createPolymarketVenue(options: PolymarketVenueOptions): PolymarketVenue {
  const { clock, signer, chainId, funder, signatureType, name = 'polymarket' } = options;
  const parts = createVenueParts(options, name);
  const { access, markets, orders, balances, submitter, trades, events } = parts;

  async function prepare(order: VenueOrder): Promise<PreparedOrder> {
    const { instrument, side } = order;
    const { tokenId, id } = instrument;
    const market = markets.ofToken(tokenId);
    if (market === undefined) {
      throw new FillwrightFault('unknown_instrument', `${id} is not traded here.`, { tokenId });
    }
    const halt = submitter.haltOf({ tokenId, side });
    if (halt !== undefined) throw new FillwrightFault('venue_rejected', halt, { tokenId });
    const { tickSize, negRisk, orderVersion: version } = market;
    const { apiKey } = access.keys();
    return parts.prepared.prepare(order, () =>
      prepareOrder({
        ...{ order, signer, timestampMs: clock.now() },
        market: { tokenId, tickSize, negRisk, version },
        account: { chainId, funder, signatureType, apiKey },
      }),
    );
  }

  return {
    name,
    async start() {
      await access.start();
      if (access.closedOnly) submitter.haltEntries('the account is in closed-only mode');
      await markets.start();
      parts.heartbeat?.start();
    },
    async stop() {
      parts.heartbeat?.stop();
      markets.stop();
      balances.stop();
      await access.stop();
    },
    instrument: markets.instrument,
    instruments: markets.instruments,
    prepare,
    submit: submitter.submit,
    cancel: parts.cancels.cancel,
    fetchOrder: orders.order,
    fetchOpenOrders: () => orders.openOrders(),
    async fetchTrades(sinceMs) {
      const legs = await trades.fetch(sinceMs);
      events.compare(legs);
      return legs;
    },
    fetchPositions: balances.fetchPositions,
    fetchBalances: balances.fetchBalances,
    events: events.read,
    ...parts.massCancels,
    onTickSize: markets.onTickSize,
    health: () => healthOf(parts),
  };
}
