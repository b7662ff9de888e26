import { inspect } from 'node:util';
import { createL1Headers } from '@polymarket/clob-client-v2';
import fc from 'fast-check';
import { hashTypedData } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createL2Signer,
  l1Headers,
  type SignedRequest,
  verifyL1,
  verifyL2,
} from '../../../../../src/adapters/venues/polymarket/protocol/auth.ts';
import { clobAuthDigest } from '../../../../../src/adapters/venues/polymarket/protocol/eip712.ts';
import { toHex } from '../../../../../src/adapters/venues/polymarket/protocol/words.ts';
import { type CaptureServer, startCaptureServer } from './capture-server.ts';
import {
  API_KEY,
  account,
  CREDENTIALS,
  curve,
  localWallet,
  packageClient,
  signer,
  TOKEN_ID,
} from './fixtures.ts';

const NOW_S = 1_790_000_000;

let server: CaptureServer;
beforeAll(async () => {
  server = await startCaptureServer();
});
afterAll(() => server.close());

/** As a server sees them. */
function received(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

test('the digest of signing in is viem’s', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(137, 80_002),
      fc.nat(),
      fc.maxSafeNat(),
      (chainId, timestamp, nonce) => {
        const auth = {
          chainId,
          address: account.address,
          timestamp: `${timestamp}`,
          nonce: `${nonce}`,
        };
        const theirs = hashTypedData({
          domain: { name: 'ClobAuthDomain', version: '1', chainId },
          types: {
            ClobAuth: [
              { name: 'address', type: 'address' },
              { name: 'timestamp', type: 'string' },
              { name: 'nonce', type: 'uint256' },
              { name: 'message', type: 'string' },
            ],
          },
          primaryType: 'ClobAuth',
          message: {
            ...auth,
            nonce: BigInt(nonce),
            message: 'This message attests that I control the given wallet',
          },
        });
        expect(toHex(clobAuthDigest(auth))).toBe(theirs);
      },
    ),
  );
});

test.each([
  [137, 0],
  [80_002, 7],
])(
  'L1 headers for chain %i and nonce %i are those of the venue’s client',
  async (chainId, nonce) => {
    const ours = await l1Headers(signer, chainId, NOW_S, nonce);
    expect(ours).toEqual(await createL1Headers(localWallet(), chainId, nonce, NOW_S));
    expect(verifyL1(received(ours), chainId, curve)).toEqual({
      address: signer.address,
      timestampS: NOW_S,
      nonce: `${nonce}`,
    });
  },
);

const sign = createL2Signer(CREDENTIALS);
const find = (apiKey: string) => (apiKey === API_KEY ? CREDENTIALS : undefined);

const calls: readonly [string, (client: ReturnType<typeof packageClient>) => Promise<unknown>][] = [
  ['a GET', (client) => client.getOrder(`0x${'ab'.repeat(32)}`)],
  ['a GET with a query', (client) => client.getTradesPaginated({ id: 'trade 1' })],
  ['a DELETE with a body', (client) => client.cancelOrders([`0x${'ab'.repeat(32)}`])],
  ['a POST with a body', (client) => client.areOrdersScoring({ orderIds: [TOKEN_ID, 'ü'] })],
  ['a DELETE without a body', (client) => client.cancelAll()],
];

test.each(calls)(
  'L2 headers of %s are those of the venue’s client, over the bytes it sends',
  async (_name, call) => {
    await call(packageClient({ tickSize: '0.01', host: server.host }));
    const { method, path, headers, body } = server.taken();
    const request: SignedRequest = {
      method,
      path: path.split('?')[0] ?? '',
      ...(body === '' ? {} : { body }),
    };
    const timestampS = Number(headers.poly_timestamp);
    expect(headers).toMatchObject(received(sign(request, timestampS)));
    expect(verifyL2(headers, request, find)).toEqual({ credentials: CREDENTIALS, timestampS });
  },
);

test('a signature keeps its padding and is safe in a URL', () => {
  fc.assert(
    fc.property(fc.nat(), (timestampS) => {
      const { POLY_SIGNATURE } = sign({ method: 'GET', path: '/x' }, timestampS);
      expect(POLY_SIGNATURE).toMatch(/^[\w-]{43}=$/);
    }),
  );
});

const request: SignedRequest = { method: 'POST', path: '/order', body: '{"a":1}' };
const good = received(sign(request, NOW_S));

test.each<[string, Record<string, string>, SignedRequest, string]>([
  ['another body', good, { ...request, body: '{"a":2}' }, 'POLY_SIGNATURE is not of this request.'],
  ['another path', good, { ...request, path: '/orders' }, 'POLY_SIGNATURE is not of this request.'],
  [
    'another method',
    good,
    { ...request, method: 'DELETE' },
    'POLY_SIGNATURE is not of this request.',
  ],
  [
    'another time',
    { ...good, poly_timestamp: `${NOW_S + 1}` },
    request,
    'POLY_SIGNATURE is not of this request.',
  ],
  ['no time', { ...good, poly_timestamp: 'now' }, request, 'POLY_TIMESTAMP is not Unix seconds.'],
  ['an unknown key', { ...good, poly_api_key: 'other' }, request, 'POLY_API_KEY is unknown.'],
  ['a wrong passphrase', { ...good, poly_passphrase: 'x' }, request, 'POLY_PASSPHRASE is wrong.'],
  [
    'another address',
    { ...good, poly_address: `0x${'1'.repeat(40)}` },
    request,
    'POLY_ADDRESS is not the address of the API key.',
  ],
  ['no headers', {}, request, 'POLY_API_KEY is unknown.'],
])('an L2 request with %s is refused', (_name, headers, signed, refusal) => {
  expect(verifyL2(headers, signed, find)).toEqual({ refusal });
});

test('an L1 request is refused for another chain, nonce, time, address or signature', async () => {
  const headers = received(await l1Headers(signer, 137, NOW_S));
  const refusal = 'POLY_SIGNATURE is not by POLY_ADDRESS.';
  expect(verifyL1(headers, 80_002, curve)).toEqual({ refusal });
  expect(verifyL1({ ...headers, poly_nonce: '1' }, 137, curve)).toEqual({ refusal });
  expect(verifyL1({ ...headers, poly_timestamp: '1' }, 137, curve)).toEqual({ refusal });
  expect(verifyL1({ ...headers, poly_address: `0x${'1'.repeat(40)}` }, 137, curve)).toEqual({
    refusal,
  });
  expect(verifyL1({ ...headers, poly_signature: '0x' }, 137, curve)).toEqual({ refusal });
  expect(verifyL1({ ...headers, poly_nonce: '-1' }, 137, curve)).toMatchObject({
    refusal: expect.stringContaining('nonce: got "-1"'),
  });
  expect(verifyL1({ ...headers, poly_address: 'me' }, 137, curve)).toMatchObject({
    refusal: expect.stringContaining('POLY_ADDRESS: got "me"'),
  });
  expect(verifyL1({}, 137, curve)).toEqual({ refusal: 'POLY_TIMESTAMP is not Unix seconds.' });
});

test('a secret that is no base64 is refused without being shown', () => {
  const bad = () => createL2Signer({ ...CREDENTIALS, secret: 'not base64!' });
  expect(bad).toThrow('secret: got "[hidden]", expected base64 text.');
});

test('the secret cannot be read off the signer', () => {
  const seen = inspect(sign, { showHidden: true, depth: 20 }) + String(sign);
  expect(seen).not.toContain(CREDENTIALS.secret.slice(0, 10));
  expect(seen).not.toContain(CREDENTIALS.passphrase);
});
