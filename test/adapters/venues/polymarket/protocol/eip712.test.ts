import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { hashDomain, hashStruct, hashTypedData } from 'viem';
import { describe, expect, test } from 'vitest';
import { exchangeDomain } from '../../../../../src/adapters/venues/polymarket/protocol/contracts.ts';
import {
  exchangeSeparator,
  hashOrder,
  orderId,
} from '../../../../../src/adapters/venues/polymarket/protocol/eip712.ts';
import type { OrderStruct } from '../../../../../src/adapters/venues/polymarket/protocol/order-types.ts';
import { signOrder } from '../../../../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { toHex } from '../../../../../src/adapters/venues/polymarket/protocol/words.ts';
import {
  account,
  domains,
  orders,
  orderTypedData,
  signer,
  TOKEN_ID,
  walletTypedData,
} from './fixtures.ts';

const ZERO = `0x${'00'.repeat(32)}` as const;
const V3 = { chainId: 137, version: 3, negRisk: false } as const;

/** Signed by another implementation. Source: a public Go SDK's fixture, made with eth-account. */
const EOA_ORDER: OrderStruct = {
  salt: '1',
  maker: account.address,
  signer: account.address,
  tokenId: '1356938545749799165119972480570561420155507632800475359837393562592731987968',
  makerAmount: '666667',
  takerAmount: '1000001',
  side: 'BUY',
  signatureType: 0,
  timestamp: '1700000000',
  metadata: ZERO,
  builder: ZERO,
};
const WALLET_ORDER: OrderStruct = {
  ...EOA_ORDER,
  maker: '0x1111111111111111111111111111111111111111',
  signer: '0x1111111111111111111111111111111111111111',
  signatureType: 3,
};

test('orders hash and sign as other implementations hashed and signed them', async () => {
  const eoa = await signOrder(EOA_ORDER, V3, signer);
  expect(eoa.orderHash).toBe('0x813e1d3ba14f78e2500bcb91d53245bd4008540bcb0fb542adb0d8f32e11c0b9');
  expect(eoa.signed.signature).toBe(
    '0xe30ea4135e5722d8dbea4b1326307c45d8c21a4af68b141ca569aba15d8f321d3f63f0afe56f5fb632efe8dd22ef2bcede3ed0694740fba80a7a748e0c043b7b1b',
  );
  const wallet = await signOrder(WALLET_ORDER, V3, signer);
  expect(wallet.orderHash).toBe(
    '0xfed3f5f478a62f4e5cc6c41a108816c207e6b7882b7a999e6e8294d31f25f1f4',
  );
});

test.each([
  [2, false, '0x3264e159346253e26a64e00b69032db0e7d32f94628de3e6eecb50304d7af3d2'],
  [2, true, '0x9b858f53327b0bd13af8ec14cfb35234fb9eb7b0504d1a4e61f433840d30e81a'],
  [3, false, '0x466c63910185bbd55e8679264200c4e0abdcbb0c6264eb3d41d13326022e095b'],
  [3, true, '0x466c63910185bbd55e8679264200c4e0abdcbb0c6264eb3d41d13326022e095b'],
] as const)(
  'the separator of version %i, neg-risk %s, is the contract’s',
  (version, negRisk, separator) => {
    expect(toHex(exchangeSeparator({ chainId: 137, version, negRisk }))).toBe(separator);
  },
);

const SHARED = resolve(process.env.FILLWRIGHT_SHARED ?? '../shared');
const VECTORS = resolve(SHARED, 'samples/polymarket/order_hash_vectors.json');

interface Vectors {
  readonly domainSeparators: Readonly<Record<string, string>>;
  readonly v3: {
    readonly eoa: { readonly signature: string; readonly orderHash: string };
    readonly poly1271: {
      readonly structHash: string;
      readonly orderHash: string;
      readonly signature: string;
    };
  };
}

function readVectors(): Vectors | undefined {
  try {
    return JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors;
  } catch {
    return undefined;
  }
}

const vectors = readVectors();

describe(`vectors of ${VECTORS}${vectors === undefined ? ' (absent: skipped)' : ''}`, () => {
  test.skipIf(vectors === undefined)(
    'hashes, separators and signatures are those of the file',
    async () => {
      const { eoa, poly1271 } = vectors?.v3 ?? {};
      expect(await signOrder(EOA_ORDER, V3, signer)).toMatchObject({
        orderHash: eoa?.orderHash,
        signed: { signature: eoa?.signature },
      });
      expect(await signOrder(WALLET_ORDER, V3, signer)).toMatchObject({
        orderHash: poly1271?.orderHash,
        signed: { signature: poly1271?.signature },
      });
      expect(toHex(hashOrder(WALLET_ORDER, V3).structHash)).toBe(poly1271?.structHash);
      const separators = [
        { chainId: 137, version: 2, negRisk: false },
        { chainId: 137, version: 2, negRisk: true },
        V3,
      ] as const;
      expect(separators.map((domain) => toHex(exchangeSeparator(domain)))).toEqual(
        Object.values(vectors?.domainSeparators ?? {}),
      );
    },
  );
});

test('every order hashes as viem hashes it, for every exchange, chain and signature type', () => {
  fc.assert(
    fc.property(orders, domains, (order, domain) => {
      const hashes = hashOrder(order, domain);
      const typedData = orderTypedData(order, domain);
      const hash = hashTypedData(typedData);
      const digest =
        order.signatureType === 3 ? hashTypedData(walletTypedData(order, domain)) : hash;
      expect(toHex(hashes.orderHash)).toBe(hash);
      expect(orderId(order, domain)).toBe(hash);
      expect(toHex(hashes.digest)).toBe(digest);
      expect(toHex(hashes.structHash)).toBe(
        hashStruct({ data: typedData.message, types: typedData.types, primaryType: 'Order' }),
      );
      const separator = hashDomain({
        domain: { ...exchangeDomain(domain), chainId: BigInt(domain.chainId) },
        types: {
          EIP712Domain: [
            { name: 'name', type: 'string' },
            { name: 'version', type: 'string' },
            { name: 'chainId', type: 'uint256' },
            { name: 'verifyingContract', type: 'address' },
          ],
        },
      });
      expect(toHex(hashes.domainSeparator)).toBe(separator);
    }),
    { numRuns: 200 },
  );
});

test('every order is signed as viem signs it', async () => {
  await fc.assert(
    fc.asyncProperty(orders, domains, async (order, domain) => {
      const { signed } = await signOrder(order, domain, signer);
      const theirs =
        order.signatureType === 3
          ? await account.signTypedData(walletTypedData(order, domain))
          : await account.signTypedData(orderTypedData(order, domain));
      expect(signed.signature.slice(0, 132)).toBe(theirs);
    }),
    { numRuns: 100 },
  );
});

test('a deposit wallet’s signature carries what its contract needs to build the digest again', async () => {
  const { signed } = await signOrder(WALLET_ORDER, V3, signer);
  const type =
    'Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)';
  const tail = Buffer.from(signed.signature.slice(2), 'hex').subarray(65);
  const hashes = hashOrder(WALLET_ORDER, V3);
  expect(tail.subarray(0, 32)).toEqual(Buffer.from(hashes.domainSeparator));
  expect(tail.subarray(32, 64)).toEqual(Buffer.from(hashes.structHash));
  expect(tail.subarray(64, -2).toString('utf8')).toBe(type);
  expect(tail.readUInt16BE(tail.length - 2)).toBe(type.length);
});

test('what is not signed does not change the order’s id, what is signed does', () => {
  const domain = { chainId: 137, version: 2, negRisk: false } as const;
  const order = { ...EOA_ORDER, tokenId: TOKEN_ID };
  const id = orderId(order, domain);
  const unsigned = { ...order, expiration: '1', signature: '0x00' } as const;
  expect(orderId(unsigned, domain)).toBe(id);
  const changes: Partial<OrderStruct>[] = [
    { salt: '2' },
    { tokenId: '1' },
    { makerAmount: '1' },
    { takerAmount: '1' },
    { side: 'SELL' },
    { signatureType: 1 },
    { timestamp: '1' },
    { maker: WALLET_ORDER.maker },
    { signer: WALLET_ORDER.maker },
    { metadata: `0x${'01'.repeat(32)}` },
    { builder: `0x${'01'.repeat(32)}` },
  ];
  const ids = changes.map((change) => orderId({ ...order, ...change }, domain));
  expect(new Set([id, ...ids]).size).toBe(changes.length + 1);
});

test.each([
  ['salt', '9007199254740992', 'at most 2^53 - 1'],
  ['salt', '-1', 'a uint256 as decimal text'],
  ['tokenId', `${2n ** 256n}`, 'a uint256 as decimal text'],
  ['makerAmount', '1.5', 'a uint256 as decimal text'],
  ['takerAmount', '1e6', 'a uint256 as decimal text'],
  ['timestamp', '', 'a uint256 as decimal text'],
  ['maker', '0x12', 'an address'],
  ['signer', `0x${'zz'.repeat(20)}`, 'an address'],
  ['metadata', '0x', '0x and 64 hex digits'],
  ['builder', `0x${'00'.repeat(33)}`, '0x and 64 hex digits'],
])('an order with the %s %j is refused by name', (field, value, expected) => {
  const bad = { ...EOA_ORDER, [field]: value };
  expect(() => hashOrder(bad, V3)).toThrow(`${field}: got `);
  expect(() => hashOrder(bad, V3)).toThrow(expected);
});
