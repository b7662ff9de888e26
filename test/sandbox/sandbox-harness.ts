/** A sandbox on a real port, and small clients for it. */
import { onTestFinished } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import type { VenueOrder } from '../../src/actors/ports.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createL2Signer } from '../../src/adapters/venues/polymarket/protocol/auth.ts';
import { prepareOrder } from '../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { openCurve } from '../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../src/adapters/venues/polymarket/protocol/signer.ts';
import type { SandboxMarket } from '../../src/sandbox/exchange/types.ts';
import {
  createSandbox,
  type OpenedAccount,
  type Sandbox,
  type SandboxOptions,
} from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';

/** Two quiet markets whose makers stand still at 0.48 / 0.52, and two accounts. */
export const QUIET = {
  accounts: [
    { name: 'eoa', signatureType: 0, shares: { plain: { YES: '1000', NO: '1000' } } },
    { name: 'safe', signatureType: 2 },
  ],
  markets: [
    {
      slug: 'plain',
      fees: { rate: '0.05' },
      makers: {
        kind: 'fixed',
        bids: [{ price: '0.48', size: '100' }],
        asks: [{ price: '0.52', size: '100' }],
      },
    },
    { slug: 'empty' },
  ],
  settlement: { minedAfterMs: 20, confirmedAfterMs: 40 },
};

export async function openSandbox(
  scenario: object = QUIET,
  more: Partial<SandboxOptions> = {},
): Promise<Sandbox> {
  const sandbox = createSandbox({
    clock: createSystemClock(),
    random: createRandom('test').next,
    scenario: scenarioOf(scenario),
    ...more,
  });
  await sandbox.start();
  onTestFinished(() => sandbox.stop());
  return sandbox;
}

export function accountOf(sandbox: Sandbox, name = 'eoa'): OpenedAccount {
  const account = sandbox.accounts.find((candidate) => candidate.name === name);
  if (account === undefined) throw new Error(`no account ${name}`);
  return account;
}

export function marketOf(sandbox: Sandbox, slug = 'plain'): SandboxMarket {
  const market = sandbox.markets.find((candidate) => candidate.slug === slug);
  if (market === undefined) throw new Error(`no market ${slug}`);
  return market;
}

export type Reply = Awaited<ReturnType<typeof ask>>;

/** Undefined for what is no JSON. Answers and frames are read field by field in tests. */
export const parse = (text: string) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A request that gives up after a while, on a busy machine too: a test never hangs on an answer. */
export async function ask(
  sandbox: Sandbox,
  method: string,
  path: string,
  body?: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const response = await fetch(`${sandbox.rest}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(50_000),
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, json: parse(text) };
}

/** The same, signed with the account's API key. */
export function askAs(
  sandbox: Sandbox,
  account: OpenedAccount,
  method: string,
  path: string,
  body?: string,
): Promise<Reply> {
  const [plain = ''] = path.split('?');
  const headers = createL2Signer(account)(
    { method, path: plain, ...(body === undefined ? {} : { body }) },
    Math.floor(Date.now() / 1_000),
  );
  return ask(sandbox, method, path, body, headers);
}

let orders = 0;

/** A signed order of the account: its id, and the body to post. */
export async function orderOf(
  sandbox: Sandbox,
  account: OpenedAccount,
  market: SandboxMarket,
  order: Partial<VenueOrder> & { readonly outcome?: 'YES' | 'NO' } = {},
) {
  orders += 1;
  const { outcome = 'YES', ...rest } = order;
  const token = market.tokens[outcome === 'YES' ? 0 : 1];
  const clientOrderId = `test ${orders} ${account.address}`;
  return prepareOrder({
    order: {
      clientOrderId,
      instrument: {
        id: `sandbox:${market.conditionId}:${outcome}`,
        venue: 'sandbox',
        marketId: market.conditionId,
        tokenId: token.tokenId,
        outcome,
        tickSize: market.tickSize,
        minimumOrderSize: market.minimumOrderSize,
        fees: market.fees,
        takerDelayMs: market.takerDelayMs,
        negRisk: market.negRisk,
      },
      side: 'BUY',
      type: 'limit',
      price: '0.5',
      size: '10',
      timeInForce: 'GTC',
      postOnly: false,
      ...rest,
    },
    market: {
      tokenId: token.tokenId,
      tickSize: market.tickSize,
      negRisk: market.negRisk,
      version: market.version === 'v2' ? 3 : 2,
    },
    account: { chainId: sandbox.chainId, ...account },
    signer: createLocalSigner(account.privateKey ?? '', openCurve()),
    timestampMs: Date.now(),
  });
}

/** Signs and posts an order. */
export async function post(
  sandbox: Sandbox,
  account: OpenedAccount,
  market: SandboxMarket,
  order: Parameters<typeof orderOf>[3] = {},
): Promise<{ readonly id: string; readonly reply: Reply }> {
  const { venueOrderId, body } = await orderOf(sandbox, account, market, order);
  return { id: venueOrderId, reply: await askAs(sandbox, account, 'POST', '/order', body) };
}

/** A websocket client that sends one message and keeps what comes. */
export async function listen(sandbox: Sandbox, channel: 'market' | 'user', message: object) {
  const socket = new WebSocket(`${sandbox.ws}/${channel}`);
  const texts: string[] = [];
  socket.on('message', (data: RawData) => texts.push(data.toString()));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('open', resolve));
  onTestFinished(() => socket.terminate());
  socket.send(JSON.stringify(message));
  await answered(socket);
  return {
    socket,
    /** Every text frame, in order. */
    texts,
    /** Messages of all frames; those of a list one by one. */
    messages: (type?: string) =>
      texts
        .filter((text) => text !== 'PONG')
        .flatMap((text) => JSON.parse(text))
        .filter((entry) => type === undefined || entry.event_type === type),
  };
}

/** What was sent before has been read: the server answers a ping after it. */
export function answered(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('pong', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('pong', done);
    socket.on('close', done);
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    else done();
  });
}

export function userAuth({ apiKey, secret, passphrase }: OpenedAccount) {
  return { auth: { apiKey, secret, passphrase }, type: 'user' };
}
