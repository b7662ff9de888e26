/** Who may ask what: each way to fail is refused with the venue's status and text. */
import { describe, expect, test } from 'vitest';
import {
  createL2Signer,
  l1Headers,
} from '../../../src/adapters/venues/polymarket/protocol/auth.ts';
import { openCurve } from '../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { accountOf, ask, openSandbox } from '../sandbox-harness.ts';

const nowS = () => Math.floor(Date.now() / 1_000);
const stranger = createLocalSigner(`0x${'17'.repeat(32)}`, openCurve());

describe('signing in (L1)', () => {
  test('anyone with a key may have an API key: once by creating, then by deriving', async () => {
    const sandbox = await openSandbox();
    const headers = await l1Headers(stranger, sandbox.chainId, nowS());
    const derived = await ask(sandbox, 'GET', '/auth/derive-api-key', undefined, headers);
    expect([derived.status, derived.json]).toEqual([400, { error: 'Could not derive api key!' }]);
    const created = await ask(sandbox, 'POST', '/auth/api-key', undefined, headers);
    expect(created.status).toBe(200);
    expect(Object.keys(created.json)).toEqual(['apiKey', 'secret', 'passphrase']);
    const again = await ask(sandbox, 'POST', '/auth/api-key', undefined, headers);
    expect([again.status, again.json]).toEqual([400, { error: 'Could not create api key' }]);
    const later = await ask(sandbox, 'GET', '/auth/derive-api-key', undefined, headers);
    expect(later.json).toEqual(created.json);
  });

  test.each([
    ['a time that is off', () => l1Headers(stranger, 137, nowS() - 120)],
    ['another chain', () => l1Headers(stranger, 80_002, nowS())],
    [
      'another address',
      async () => ({
        ...(await l1Headers(stranger, 137, nowS())),
        POLY_ADDRESS: `0x${'22'.repeat(20)}`,
      }),
    ],
    [
      'another nonce',
      async () => ({ ...(await l1Headers(stranger, 137, nowS())), POLY_NONCE: '1' }),
    ],
    ['no headers', async () => ({})],
  ])('%s is refused', async (_, headers) => {
    const sandbox = await openSandbox();
    const { status, json } = await ask(
      sandbox,
      'POST',
      '/auth/api-key',
      undefined,
      (await headers()) as Record<string, string>,
    );
    expect([status, json]).toEqual([401, { error: 'Invalid L1 Request headers' }]);
  });
});

describe('requests with an API key (L2)', () => {
  const request = { method: 'DELETE', path: '/orders', body: '["0x12"]' };

  test('the exact bytes count', async () => {
    const sandbox = await openSandbox();
    const headers = createL2Signer(accountOf(sandbox))(request, nowS());
    const good = await ask(sandbox, 'DELETE', '/orders', request.body, headers);
    expect([good.status, good.json]).toEqual([400, { error: 'Invalid orderID' }]);
    const other = await ask(sandbox, 'DELETE', '/orders', '[ "0x12"]', headers);
    expect(other.status).toBe(401);
  });

  test('the query is not signed', async () => {
    const sandbox = await openSandbox();
    const headers = createL2Signer(accountOf(sandbox))(
      { method: 'GET', path: '/data/orders' },
      nowS(),
    );
    const { status } = await ask(sandbox, 'GET', '/data/orders?market=0x1', undefined, headers);
    expect(status).toBe(200);
  });

  test.each([
    ['a time that is off', { atS: -61 }],
    ['a time that is ahead', { atS: 63 }],
    ['another path', { path: '/order' }],
    ['another method', { method: 'POST' }],
    ['an unknown key', { headers: { POLY_API_KEY: 'none' } }],
    ['another passphrase', { headers: { POLY_PASSPHRASE: 'none' } }],
    ['another address', { headers: { POLY_ADDRESS: stranger.address } }],
    ['no signature', { headers: { POLY_SIGNATURE: '' } }],
  ])(
    '%s is refused',
    async (_, {
      atS = 0,
      headers = {},
      ...changed
    }: {
      atS?: number;
      path?: string;
      method?: string;
      headers?: Record<string, string>;
    }) => {
      const sandbox = await openSandbox();
      const signed = createL2Signer(accountOf(sandbox))({ ...request, ...changed }, nowS() + atS);
      const { status, json } = await ask(sandbox, 'DELETE', '/orders', request.body, {
        ...signed,
        ...headers,
      });
      expect([status, json]).toEqual([401, { error: 'Unauthorized/Invalid api key' }]);
    },
  );
});
