/** Orders and trades as the venue writes them; each test changes what it is about. */
import type { InstrumentOf } from '../../../../src/adapters/venues/polymarket/attribution.ts';

export const MARKET = `0x${'dd'.repeat(32)}`;
export const YES = '52114319501245915516055106046884209969926127482827954674443846427813813222426';
export const NO = '48331043336612883890938759509493159234755048973500640148014422747788308965732';
export const OUR_KEY = '3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe';
export const OTHER_KEY = '9180014b-33c8-9240-a14b-bdca11c0a465';
export const OUR_ADDRESS = '0xa3D82Ed56F4c68d2328Fb8c29e568Ba2cAF7d7c8';
export const OTHER_ADDRESS = `0x${'0b'.repeat(20)}`;

const FEES = { rate: '0.05', exponent: 1, takerOnly: true };

/** The two outcomes of the market, at a fee of 5 %. */
export const instrumentOf: InstrumentOf = (tokenId) => {
  if (tokenId === YES) return { id: 'polymarket:m:YES', fees: FEES };
  return tokenId === NO ? { id: 'polymarket:m:NO', fees: FEES } : undefined;
};

/** The hash of an order by a short name of hex digits. */
export const orderId = (name: string): string => `0x${name.padStart(64, '0')}`;

export function orderMessage(change: object = {}): Record<string, unknown> {
  return {
    asset_id: YES,
    associate_trades: null,
    created_at: '1725841741',
    event_type: 'order',
    expiration: '0',
    id: orderId('a1'),
    maker_address: OUR_ADDRESS,
    market: MARKET,
    order_owner: OUR_KEY,
    order_type: 'GTC',
    original_size: '10',
    outcome: 'Yes',
    owner: OUR_KEY,
    price: '0.57',
    side: 'SELL',
    size_matched: '0',
    status: 'LIVE',
    timestamp: '1725841743272',
    type: 'PLACEMENT',
    ...change,
  };
}

export function makerOrder(change: object = {}): Record<string, unknown> {
  return {
    asset_id: YES,
    fee_rate_bps: '0',
    maker_address: OTHER_ADDRESS,
    matched_amount: '10',
    order_id: orderId('b1'),
    outcome: 'Yes',
    owner: OTHER_KEY,
    price: '0.57',
    ...change,
  };
}

/** A BUY of 10 YES at 0.57 by `orderId('c1')`; nobody in it is us. */
export function tradeMessage(change: object = {}): Record<string, unknown> {
  return {
    asset_id: YES,
    bucket_index: '0',
    event_type: 'trade',
    fee_rate_bps: '',
    id: '28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e',
    last_update: '1725841750',
    maker_address: OTHER_ADDRESS,
    maker_orders: [makerOrder()],
    market: MARKET,
    match_time: '1725841745',
    outcome: 'Yes',
    owner: OTHER_KEY,
    price: '0.57',
    side: 'BUY',
    size: '10',
    status: 'MATCHED',
    taker_order_id: orderId('c1'),
    timestamp: '1725841750123',
    trade_owner: OTHER_KEY,
    trader_side: 'TAKER',
    transaction_hash: '',
    type: 'TRADE',
    ...change,
  };
}

/** `message` without the field `name`. */
export function without(
  message: Record<string, unknown>,
  ...names: string[]
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !names.includes(name)));
}
