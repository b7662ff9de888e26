/**
 * Polymarket, live: the parts that speak with it, put together as a `Venue`. What is on the way of
 * an order (`prepare`, `submit`) reads memory only.
 */
import type { PreparedOrder, Venue, VenueOrder, VenueResolution } from '../../../actors/ports.ts';
import { type DecimalText, decimal, toText } from '../../../domain/decimal.ts';
import { FillwrightFault, InvalidValue } from '../../../domain/faults.ts';
import { isOnTick, quantisePrice } from '../../../domain/quantise.ts';
import type { DataPosition, MarketResolution } from './data-api.ts';
import type { MassCancels } from './polymarket-venue-cancels.ts';
import { healthOf, type PolymarketHealth } from './polymarket-venue-health.ts';
import type { PolymarketVenueOptions } from './polymarket-venue-options.ts';
import { createVenueParts } from './polymarket-venue-parts.ts';
import { prepareOrder } from './protocol/prepare-order.ts';

export interface PolymarketVenue extends Venue, MassCancels {
  health(): PolymarketHealth;
  /**
   * The account's positions as the Data API shows them: late, to compare with. One that is absent
   * there may exist. @throws see `DataApi`.
   */
  dataPositions(): Promise<readonly DataPosition[]>;
  /**
   * How markets ended, as far as the Data API knows yet; all those that we trade unless named.
   * @throws see `DataApi`.
   */
  resolutions(conditionIds?: readonly string[]): Promise<readonly MarketResolution[]>;
  /** A tick-size change of the market channel. */
  onTickSize(tokenId: string, tickSize: DecimalText): void;
}

/**
 * The venue takes a GTD order whose stated expiration is 3 minutes ahead, and ends it one minute
 * before that. Source: Polymarket docs, "Order types", GTD.
 */
const SHORTEST_GTD_MS = 120_000;

const never = () => new Promise<never>(() => undefined);

/** @throws {InvalidValue} for a URL or a condition id that is none. */
export function createPolymarketVenue(options: PolymarketVenueOptions): PolymarketVenue {
  const { clock, signer, chainId, funder, signatureType, name = 'polymarket' } = options;
  const parts = createVenueParts(options, name);
  const { access, markets, orders, balances, submitter, trades, events } = parts;

  let checked: Promise<void> | undefined;

  /** Once, for whoever asks first. */
  async function selfCheck(): Promise<void> {
    checked ??= options.checkSigning?.() ?? Promise.resolve();
    await checked;
  }

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
    return parts.prepared.prepare(order, async () => {
      // Where it fails the start is refused. The order is not denied for that: it waits for another start.
      await selfCheck().catch(never);
      // Only now: an order that was made in time is the same bytes for ever.
      checkExpiry(order, clock.now() + access.skew.skewMs);
      return prepareOrder({
        ...{ order: onGrid(order, tickSize), signer, timestampMs: clock.now() },
        market: { tokenId, tickSize, negRisk, version },
        account: { chainId, funder, signatureType, apiKey },
      });
    });
  }

  return {
    name,
    tellsConnection: true,
    async start() {
      await access.start();
      if (access.closedOnly) submitter.haltEntries('the account is in closed-only mode');
      await markets.start();
      parts.heartbeat?.start();
      parts.keepWarm?.start();
    },
    selfCheck,
    async stop() {
      parts.heartbeat?.stop();
      parts.keepWarm?.stop();
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
    // What the venue itself lets us sell. The Data API is later, rounds, and may leave positions out.
    fetchPositions: balances.fetchPositions,
    fetchBalances: balances.fetchBalances,
    async fetchAverages() {
      const held = await parts.data.positions(funder);
      return held.flatMap(({ tokenId, averagePrice: averageEntry }) => {
        const instrumentId = markets.instrumentOf(tokenId)?.id;
        return averageEntry === undefined || instrumentId === undefined
          ? []
          : [{ instrumentId, averageEntry }];
      });
    },
    async fetchResolutions(marketIds) {
      const told = await parts.data.resolutions(marketIds);
      return told.flatMap((resolution) => {
        const found = venueResolution(resolution);
        if (found !== undefined) balances.refreshResolved(found.marketId);
        return found ?? [];
      });
    },
    events: events.read,
    dataPositions: () => parts.data.positions(funder),
    resolutions: (conditionIds = options.markets) => parts.data.resolutions(conditionIds),
    ...parts.massCancels,
    onTickSize: markets.onTickSize,
    clockSkewMs: () => access.skew.skewMs,
    health: () => healthOf(parts),
  };
}

/** Only the chain's own word: what is proposed or disputed may still end otherwise. */
function venueResolution(told: MarketResolution): VenueResolution | undefined {
  const { conditionId: marketId, status, payoutsUsd, reporter, resolvedAtMs } = told;
  if (status.toLowerCase() !== 'resolved' || payoutsUsd === undefined) return undefined;
  return {
    marketId,
    payouts: { YES: payoutsUsd.yes, NO: payoutsUsd.no },
    source: reporter ?? 'Data API',
    ...(resolvedAtMs === undefined ? {} : { resolvedAtMs }),
  };
}

/** The venue counts in its own time, and the seconds of an end are cut to whole ones. */
function checkExpiry({ timeInForce, expiresAtMs }: VenueOrder, venueNowMs: number): void {
  // One without an end is refused for that.
  if (timeInForce !== 'GTD' || expiresAtMs === undefined) return;
  if (Math.floor(expiresAtMs / 1_000) * 1_000 - venueNowMs >= SHORTEST_GTD_MS) return;
  throw new InvalidValue(
    'order.expiresAtMs',
    expiresAtMs,
    `a time at least ${SHORTEST_GTD_MS / 1_000} s ahead: Polymarket takes no GTD order that ends earlier, in whole seconds`,
  );
}

/**
 * A price that was on the grid when its order was made, and is off the grid that the market has now,
 * goes to the passive side of it. Where only a worse price is left it stays, and is refused.
 */
function onGrid(order: VenueOrder, tickSize: DecimalText): VenueOrder {
  const { side, instrument } = order;
  const asked = decimal(order.price);
  if (instrument.tickSize === tickSize || !isOnTick(asked, instrument.tickSize)) return order;
  const price = quantisePrice(asked, tickSize, side);
  const isWorse = side === 'BUY' ? price.gt(asked) : price.lt(asked);
  return isWorse ? order : { ...order, price: toText(price) };
}
