import { OrderType, Side } from '@polymarket/clob-client-v2';
import fc from 'fast-check';
import { hashTypedData } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orderId } from '../../../../../src/adapters/venues/polymarket/protocol/eip712.ts';
import type { SignatureType } from '../../../../../src/adapters/venues/polymarket/protocol/order-types.ts';
import { parsePostedOrder } from '../../../../../src/adapters/venues/polymarket/protocol/parse-order.ts';
import {
  type OrderRequest,
  orderStruct,
  prepareOrder,
  signOrder,
} from '../../../../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { verifyOrder } from '../../../../../src/adapters/venues/polymarket/protocol/verify-order.ts';
import { type CaptureServer, startCaptureServer } from './capture-server.ts';
import {
  API_KEY,
  curve,
  ORDER,
  orderTypedData,
  packageClient,
  signer,
  TOKEN_ID,
  WALLET,
} from './fixtures.ts';

const TYPES: readonly SignatureType[] = [0, 1, 2, 3];
const EXCHANGES = [
  { version: 2, negRisk: false },
  { version: 2, negRisk: true },
  { version: 3, negRisk: false },
  { version: 3, negRisk: true },
] as const;

function requestOf(
  changes: Partial<OrderRequest['order']> = {},
  signatureType: SignatureType = 0,
  exchange: (typeof EXCHANGES)[number] = EXCHANGES[0],
): OrderRequest {
  return {
    order: { ...ORDER, ...changes },
    market: { tokenId: TOKEN_ID, tickSize: '0.01', ...exchange },
    account: {
      chainId: 137,
      funder: signatureType === 0 ? signer.address : WALLET,
      signatureType,
      apiKey: API_KEY,
    },
    signer,
    timestampMs: 1_790_000_000_000,
  };
}

let server: CaptureServer;
beforeAll(async () => {
  server = await startCaptureServer();
});
afterAll(() => server.close());

describe.each(TYPES)('signature type %i', (signatureType) => {
  test.each(EXCHANGES)(
    'version $version, neg-risk $negRisk: the venue’s client signs the same order alike and posts the same bytes',
    async (exchange) => {
      const client = packageClient({ tickSize: '0.01', signatureType, host: server.host });
      const theirs = await client.createOrder(
        { tokenID: TOKEN_ID, price: 0.57, size: 12.34, side: Side.BUY },
        { tickSize: '0.01', ...exchange },
      );
      if (!('timestamp' in theirs)) throw new Error('The client signed for another generation.');
      const request = {
        ...requestOf({}, signatureType, exchange),
        timestampMs: Number(theirs.timestamp),
      };
      const order = { ...orderStruct(request), salt: theirs.salt };
      const { orderHash, signed } = await signOrder(order, { chainId: 137, ...exchange }, signer);
      expect(theirs).toEqual({ ...signed, expiration: '0' });
      expect(orderHash).toBe(hashTypedData(orderTypedData(order, { chainId: 137, ...exchange })));
    },
  );
});

test.each([
  ['GTC', {}],
  ['GTC', { postOnly: true }],
  ['GTD', { expiresAtMs: 1_800_000_000_999 }],
  ['FOK', {}],
  ['FAK', { side: 'SELL' }],
] as const)(
  'a %s order %j has the body that the venue’s client posts, byte for byte',
  async (timeInForce, changes) => {
    const { body } = await prepareOrder(requestOf({ timeInForce, ...changes }));
    const posted = parsePostedOrder(body);
    const client = packageClient({ tickSize: '0.01', host: server.host });
    const order = { ...posted.order, side: posted.order.side === 'BUY' ? Side.BUY : Side.SELL };
    await client.postOrder(order, OrderType[timeInForce], posted.postOnly, posted.deferExec);
    expect(server.taken()).toMatchObject({ method: 'POST', path: '/order', body });
  },
);

test('the body is exactly this text', async () => {
  const { body, venueOrderId, clientOrderId } = await prepareOrder(requestOf());
  const { signature, salt } = parsePostedOrder(body).order;
  expect(clientOrderId).toBe('order-1');
  expect(venueOrderId).toMatch(/^0x[\da-f]{64}$/);
  expect(body).toBe(
    `{"deferExec":false,"postOnly":false,"order":{"salt":${salt},` +
      `"maker":"${signer.address}","signer":"${signer.address}","tokenId":"${TOKEN_ID}",` +
      '"makerAmount":"7033800","takerAmount":"12340000","side":"BUY","signatureType":0,' +
      `"timestamp":"1790000000000","expiration":"0","metadata":"0x${'0'.repeat(64)}",` +
      `"builder":"0x${'0'.repeat(64)}","signature":"${signature}"},` +
      `"owner":"${API_KEY}","orderType":"GTC"}`,
  );
});

test.each(TYPES)(
  'an order of type %i is verified from its own bytes, and they hash to its id',
  async (signatureType) => {
    for (const exchange of EXCHANGES) {
      const { body, venueOrderId } = await prepareOrder(requestOf({}, signatureType, exchange));
      const { order } = parsePostedOrder(body);
      const domain = { chainId: 137, ...exchange };
      expect(orderId(order, domain)).toBe(venueOrderId);
      const fault = verifyOrder(order, order.signature, domain, curve, () => signer.address);
      expect(fault).toBeUndefined();
    }
  },
);

test('the same request gives the same bytes; the salt follows from the intent’s order alone', async () => {
  const one = await prepareOrder(requestOf());
  expect(await prepareOrder(requestOf())).toEqual(one);
  const later = await prepareOrder({ ...requestOf(), timestampMs: 1_790_000_000_001 });
  expect(later.venueOrderId).not.toBe(one.venueOrderId);
  expect(orderStruct({ ...requestOf(), timestampMs: 1 }).salt).toBe(orderStruct(requestOf()).salt);
});

test('every salt survives JSON, and two orders have two salts', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2 }), (names) => {
      const salts = names.map((clientOrderId) => orderStruct(requestOf({ clientOrderId })).salt);
      for (const salt of salts) {
        expect(String(JSON.parse(JSON.stringify(Number(salt))))).toBe(salt);
        expect(Number.isSafeInteger(Number(salt))).toBe(true);
      }
      expect(new Set(salts).size).toBe(names.length);
    }),
  );
});

test.each([
  ['1800000000000', 1_800_000_000_000, '1800000060'],
  ['a moment within a second', 1_800_000_000_999, '1800000060'],
])(
  'a GTD order that ends at %s states a minute more, never later than asked',
  async (_name, expiresAtMs, expiration) => {
    const { body } = await prepareOrder(requestOf({ timeInForce: 'GTD', expiresAtMs }));
    expect(parsePostedOrder(body).order.expiration).toBe(expiration);
  },
);

test.each<[string, OrderRequest, string]>([
  ['a post-only FOK', requestOf({ timeInForce: 'FOK', postOnly: true }), 'order.postOnly'],
  ['a GTD order without an end', requestOf({ timeInForce: 'GTD' }), 'order.expiresAtMs'],
  ['a price off the grid', requestOf({ price: '0.575' }), 'order.price'],
  [
    'another’s wallet for type 0',
    { ...requestOf(), account: { ...requestOf({}, 3).account, signatureType: 0 } },
    'account.funder',
  ],
  [
    'no address',
    { ...requestOf(), account: { ...requestOf().account, funder: '0x12' } },
    'account.funder',
  ],
  [
    'a token id that is none',
    { ...requestOf(), market: { ...requestOf().market, tokenId: 'YES' } },
    'tokenId',
  ],
  ['a time that is none', { ...requestOf(), timestampMs: Number.NaN }, 'timestampMs'],
  [
    'an unknown chain',
    { ...requestOf(), account: { ...requestOf().account, chainId: 1 } },
    'chainId',
  ],
])('%s is refused by name', async (_name, request, place) => {
  await expect(prepareOrder(request)).rejects.toThrow(`${place}: got `);
});
