/** Orders and their events as tests need them: hand-made, with plain values. */

import type { LegReport, Settlement } from '../../src/domain/fill-leg.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import type { Intent } from '../../src/domain/intent.ts';
import { initialOrder, type OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';

export const AT_MS = 1_800_000_000_000;

export const rain: Instrument = {
  id: 'paper:rain:YES',
  venue: 'paper',
  marketId: 'rain',
  tokenId: '1001',
  outcome: 'YES',
  tickSize: '0.01',
  minimumOrderSize: '5',
  fees: { rate: '0.05', exponent: 1, takerOnly: true },
  takerDelayMs: 0,
  negRisk: false,
};

export const noRain: Instrument = { ...rain, id: 'paper:rain:NO', tokenId: '1002', outcome: 'NO' };

export function intent(over: Partial<Intent> = {}): Intent {
  return {
    key: 'test:1',
    strategy: 'test',
    instrumentId: rain.id,
    side: 'BUY',
    type: 'limit',
    price: '0.5',
    size: '10',
    timeInForce: 'GTC',
    postOnly: false,
    priority: 0,
    reason: 'a test',
    ...over,
  };
}

export function orderContext(over: Partial<OrderContext> = {}): OrderContext {
  return {
    ...initialOrder({
      clientOrderId: 'ord_1',
      accountId: 'main',
      intent: intent(),
      instrument: rain,
      reserveRate: '0.5125',
      reservedUsd: '5.125',
      reservedShares: '0',
      atMs: AT_MS,
    }),
    ...over,
  };
}

export function leg(over: Partial<LegReport> = {}): LegReport {
  return {
    tradeId: 't1',
    venueOrderId: '0xv1',
    role: 'maker',
    side: 'BUY',
    instrumentId: rain.id,
    price: '0.5',
    size: '4',
    settlement: 'matched',
    matchedAtMs: AT_MS,
    ...over,
  };
}

export function legEvent(
  tradeId: string,
  size: string,
  settlement: Settlement = 'matched',
): OrderEvent {
  return {
    type: 'venue.legReported',
    leg: leg({ tradeId, size, settlement }),
    atMs: AT_MS + 1,
  };
}

type Reported = Extract<OrderEvent, { type: 'venue.orderReported' }>['status'];

export function reported(status: Reported, sizeMatched = '0'): OrderEvent {
  return {
    type: 'venue.orderReported',
    status,
    rawStatus: status.toUpperCase(),
    sizeMatched,
    atMs: AT_MS + 1,
  };
}
