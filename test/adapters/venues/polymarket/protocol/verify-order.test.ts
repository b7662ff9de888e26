import { ClobClient as V1Client, Side as V1Side } from '@polymarket/clob-client';
import { Side } from '@polymarket/clob-client-v2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  Hex,
  OrderStruct,
  SignatureType,
} from '../../../../../src/adapters/venues/polymarket/protocol/order-types.ts';
import { readPostedOrder } from '../../../../../src/adapters/venues/polymarket/protocol/parse-order.ts';
import {
  orderStruct,
  signOrder,
} from '../../../../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { portableCurve } from '../../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { verifyOrder } from '../../../../../src/adapters/venues/polymarket/protocol/verify-order.ts';
import {
  API_KEY,
  account,
  curve,
  localWallet,
  ORDER,
  packageClient,
  signer,
  TOKEN_ID,
  WALLET,
} from './fixtures.ts';

const DOMAIN = { chainId: 137, version: 2, negRisk: false } as const;
const TYPES: readonly SignatureType[] = [0, 1, 2, 3];
const stranger = createLocalSigner(`0x${'42'.repeat(32)}`, curve);
const owner = () => signer.address;

function orderOf(signatureType: SignatureType): OrderStruct {
  return orderStruct({
    order: ORDER,
    market: { tokenId: TOKEN_ID, tickSize: '0.01', negRisk: false, version: 2 },
    account: {
      chainId: 137,
      funder: signatureType === 0 ? signer.address : WALLET,
      signatureType,
      apiKey: API_KEY,
    },
    signer,
    timestampMs: 1_790_000_000_000,
  });
}

describe.each(TYPES)('signature type %i', (signatureType) => {
  const order = orderOf(signatureType);

  test('a good signature is good, whichever curve looks at it', async () => {
    const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
    for (const each of [curve, portableCurve()]) {
      expect(verifyOrder(order, signature, DOMAIN, each, owner)).toBeUndefined();
    }
  });

  test('what the venue’s client signed is good', async () => {
    const client = packageClient({ tickSize: '0.01', signatureType });
    for (const version of [2, 3] as const) {
      const signed = await client.createOrder(
        { tokenID: TOKEN_ID, price: 0.57, size: 12.34, side: Side.SELL },
        { tickSize: '0.01', negRisk: true, version },
      );
      const { order: read } = readPostedOrder({
        order: { ...signed, salt: Number(signed.salt) },
        owner: API_KEY,
        orderType: 'GTC',
      });
      const domain = { chainId: 137, version, negRisk: true };
      expect(verifyOrder(read, read.signature, domain, curve, owner)).toBeUndefined();
      const other = { ...domain, version: version === 2 ? 3 : 2 } as const;
      expect(verifyOrder(read, read.signature, other, curve, owner)).toBeDefined();
    }
  });

  test('a signature by another key is refused by name', async () => {
    const { signature } = (await signOrder(order, DOMAIN, stranger)).signed;
    expect(verifyOrder(order, signature, DOMAIN, curve, owner)).toBe(
      `The order was signed by ${stranger.address} and not by ${signer.address}.`,
    );
  });

  test('a signature for another exchange or chain is refused', async () => {
    const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
    const others = [
      { ...DOMAIN, version: 3 },
      { ...DOMAIN, negRisk: true },
      { ...DOMAIN, chainId: 80_002 },
    ] as const;
    for (const other of others) {
      expect(verifyOrder(order, signature, other, curve, owner)).toBeDefined();
    }
  });

  test('any byte changed in the signature is noticed', async () => {
    const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: signature.length / 2 - 2 }),
        fc.integer({ min: 1, max: 255 }),
        (at, mask) => {
          const bytes = Buffer.from(signature.slice(2), 'hex');
          bytes[at] = (bytes[at] ?? 0) ^ mask;
          const bad: Hex = `0x${bytes.toString('hex')}`;
          expect(verifyOrder(order, bad, DOMAIN, curve, owner)).toBeDefined();
        },
      ),
    );
  });

  test('a signature of another length is refused', async () => {
    const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
    const longer: Hex = `${signature}00`;
    expect(verifyOrder(order, longer, DOMAIN, curve, owner)).toMatch(
      /^The signature has \d+ bytes/,
    );
  });
});

test.each([1, 2, 3] as const)(
  'type %i: the wallet of nobody and of somebody else are refused',
  async (type) => {
    const order = orderOf(type);
    const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
    expect(verifyOrder(order, signature, DOMAIN, curve, () => undefined)).toBe(
      `Nobody is known to own the wallet ${WALLET}.`,
    );
    const fault = verifyOrder(order, signature, DOMAIN, curve, () => stranger.address);
    expect(fault).toContain(type === 3 ? `not by ${stranger.address}` : 'does not own the wallet');
  },
);

test.each([0, 3] as const)('type %i: a signer other than the maker is refused', async (type) => {
  const order = { ...orderOf(type), signer: stranger.address };
  const { signature } = (await signOrder(order, DOMAIN, signer)).signed;
  expect(verifyOrder(order, signature, DOMAIN, curve, owner)).toContain('is not the maker');
});

test('type 3: a plain signature of the order’s hash is not a wallet’s', async () => {
  const wallet = orderOf(3);
  const { signed } = await signOrder({ ...wallet, signatureType: 0 }, DOMAIN, signer);
  expect(verifyOrder(wallet, signed.signature, DOMAIN, curve, owner)).toBe(
    'The signature has 65 bytes and not 317.',
  );
});

test('an order of the dead V1 client has equal amounts, but is of another domain: no hash of ours is its own', async () => {
  const client = new V1Client('http://127.0.0.1:9', 137, localWallet());
  const theirs = await client.orderBuilder.buildOrder(
    { tokenID: TOKEN_ID, price: 0.57, size: 12.34, side: V1Side.BUY },
    { tickSize: '0.01', negRisk: false },
  );
  const ours: OrderStruct = { ...orderOf(0), salt: theirs.salt };
  expect([theirs.makerAmount, theirs.takerAmount]).toEqual([ours.makerAmount, ours.takerAmount]);
  const signature: Hex = `0x${theirs.signature.slice(2)}`;
  for (const version of [2, 3] as const) {
    const fault = verifyOrder(ours, signature, { ...DOMAIN, version }, curve, owner);
    expect(fault).toMatch(/^The order was signed by 0x\w{40} and not by 0x/);
    expect(fault).not.toContain(`by ${account.address} and`);
  }
});
