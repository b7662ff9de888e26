/** How many signed orders the sandbox takes in a second over loopback, beside what it cannot avoid. */
import { createHash } from 'node:crypto';
import type { VenueOrder } from '../src/actors/ports.ts';
import { createL2Signer } from '../src/adapters/venues/polymarket/protocol/auth.ts';
import { hashOrder } from '../src/adapters/venues/polymarket/protocol/eip712.ts';
import { parsePostedOrder } from '../src/adapters/venues/polymarket/protocol/parse-order.ts';
import { prepareOrder } from '../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { openCurve } from '../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../src/adapters/venues/polymarket/protocol/signer.ts';
import { verifyOrder } from '../src/adapters/venues/polymarket/protocol/verify-order.ts';
import type { Sandbox } from '../src/sandbox/sandbox.ts';
import type { PreparedRequest } from './sandbox-client-thread.ts';
import {
  accountOf,
  type Client,
  type EmptyServer,
  instrumentOf,
  marketOf,
  medianOf,
  openClient,
  openEmptyServer,
  openSandbox,
  shareOfLimits,
} from './sandbox-parts.ts';

const ROUND_ORDERS = 3_000;
/** The empty server is so much faster that a round of it would be too short to measure. */
const EMPTY_TIMES = 10;
/** The first is thrown away. */
const ROUNDS = 4;
/** The most that the venue takes in one request. */
const BATCH = 15;
const PRICES = 40;
/** Who shows the asks that matching orders take, one each. */
const MAKER = '0x5e1fc4ec5e1fc4ec5e1fc4ec5e1fc4ec5e1fc4ec';
const DOMAIN = { chainId: 137, version: 2, negRisk: false } as const;

const SCENARIO = {
  accounts: [{ name: 'trader', signatureType: 0, dollars: '1000000000' }],
  markets: [
    { slug: 'resting', fees: { rate: '0.05' } },
    { slug: 'matching', fees: { rate: '0.05' } },
  ],
};

/** An answer as long as the sandbox's own. */
const ANSWER = `{"success":true,"errorMsg":"","orderID":"0x${'5e1fc4ec'.repeat(8)}","status":"live","makingAmount":"","takingAmount":""}`;

type Fate = 'resting' | 'matching';
const STATUSES: Readonly<Record<Fate, string>> = { resting: 'live', matching: 'matched' };

export interface SandboxOrders {
  /** Orders per second. */
  readonly singly: PostingRates;
  readonly inBatches: PostingRates;
  /** Signatures per second on one core: the signer found from a digest, by the curve alone. */
  readonly recovered: number;
  /** The same with the order's hashes before it. */
  readonly verified: number;
}

export interface PostingRates {
  readonly resting: number;
  readonly matching: number;
  /** Orders per second to a server that only reads them. */
  readonly empty: number;
  /** In percent of an empty request and a verified signature after one another. */
  readonly restingOfLimit: number;
  readonly matchingOfLimit: number;
}

interface Round {
  readonly singly: Readonly<Record<Fate | 'empty', number>>;
  readonly inBatches: Readonly<Record<Fate | 'empty', number>>;
  readonly recovered: number;
  readonly verified: number;
}

export async function benchSandboxOrders(): Promise<SandboxOrders> {
  const batchAnswer = `[${Array.from({ length: BATCH }, () => ANSWER).join(',')}]`;
  const empty = await openEmptyServer({ '/order': ANSWER, '/orders': batchAnswer });
  const sandbox = await openSandbox(SCENARIO);
  const client = openClient();
  try {
    const rounds: Round[] = [];
    for (let index = 0; index < ROUNDS; index += 1) {
      rounds.push({
        singly: await postingRound({ sandbox, empty, client, name: `${index}/1` }, 1),
        inBatches: await postingRound({ sandbox, empty, client, name: `${index}/15` }, BATCH),
        ...(await verifyingRound(sandbox, `${index}/verified`)),
      });
    }
    const verified = medianOf(rounds, (round) => round.verified);
    const ratesOf = (way: 'singly' | 'inBatches'): PostingRates => {
      const resting = medianOf(rounds, (round) => round[way].resting);
      const matching = medianOf(rounds, (round) => round[way].matching);
      const bare = medianOf(rounds, (round) => round[way].empty);
      return {
        ...{ resting, matching, empty: bare },
        restingOfLimit: shareOfLimits(resting, bare, verified),
        matchingOfLimit: shareOfLimits(matching, bare, verified),
      };
    };
    return {
      singly: ratesOf('singly'),
      inBatches: ratesOf('inBatches'),
      recovered: medianOf(rounds, (round) => round.recovered),
      verified,
    };
  } finally {
    await client.end();
    await sandbox.stop();
    await empty.end();
  }
}

interface Parties {
  readonly sandbox: Sandbox;
  readonly empty: EmptyServer;
  readonly client: Client;
  /** Part of every order's name: no two orders are the same. */
  readonly name: string;
}

async function postingRound(
  { sandbox, empty, client, name }: Parties,
  batch: number,
): Promise<Round['singly']> {
  const rate = async (fate: Fate, origin: string, times = 1): Promise<number> => {
    const bodies = await prepareBodies(sandbox, fate, `${name}/${origin}`);
    const requests = requestsOf(sandbox, bodies, batch);
    const marker = `"status":"${STATUSES[fate]}"`;
    const { count, ms } = await client.ask({ kind: 'post', origin, requests, times, marker });
    const expected = ROUND_ORDERS * times;
    if (count !== expected) throw new Error(`${fate}: ${count} of ${expected} were taken.`);
    return (expected * 1_000) / ms;
  };
  const resting = await rate('resting', sandbox.rest);
  sandbox.exchange.cancelAll(accountOf(sandbox, 'trader').apiKey);
  await showAsks(sandbox, name);
  return {
    resting,
    matching: await rate('matching', sandbox.rest),
    empty: await rate('resting', empty.origin, EMPTY_TIMES),
  };
}

/** An ask of 10 shares for each order of a round, all at 0.6. */
async function showAsks(sandbox: Sandbox, name: string): Promise<void> {
  const { exchange } = sandbox;
  const { tokenId } = marketOf(sandbox, 'matching').tokens[0];
  exchange.deposit(MAKER, 0n, { [tokenId]: BigInt(ROUND_ORDERS) * 10_000_000n });
  for (let index = 0; index < ROUND_ORDERS; index += 1) {
    const hash = createHash('sha256').update(`${name}/ask/${index}`).digest('hex');
    await exchange.place({
      ...{ id: `0x${hash}`, owner: 'bench', maker: MAKER, tokenId, side: 'SELL' },
      ...{ makerAmount: 10_000_000n, takerAmount: 6_000_000n },
      ...{ orderType: 'GTC', postOnly: false, expirationS: 0 },
    });
  }
}

/** Signed bodies: of 10 shares below the book, on its many prices, or at the ask. */
async function prepareBodies(
  sandbox: Sandbox,
  fate: Fate,
  name: string,
): Promise<readonly string[]> {
  const account = accountOf(sandbox, 'trader');
  const instrument = instrumentOf(marketOf(sandbox, fate), 0);
  const { tokenId, tickSize, negRisk } = instrument;
  const signer = createLocalSigner(account.privateKey ?? '', openCurve());
  const bodies: string[] = [];
  for (let index = 0; index < ROUND_ORDERS; index += 1) {
    const order: VenueOrder = {
      clientOrderId: `${name}/${fate}/${index}`,
      instrument,
      side: 'BUY',
      type: 'limit',
      price: fate === 'matching' ? '0.6' : `0.${10 + (index % PRICES)}`,
      size: '10',
      timeInForce: 'GTC',
      postOnly: false,
    };
    const { body } = await prepareOrder({
      ...{ order, signer, timestampMs: Date.now() },
      market: { tokenId, tickSize, negRisk, version: 2 },
      account: { chainId: sandbox.chainId, ...account },
    });
    bodies.push(body);
  }
  return bodies;
}

/** With the headers of the API key, which hold for a minute. */
function requestsOf(
  sandbox: Sandbox,
  bodies: readonly string[],
  batch: number,
): readonly PreparedRequest[] {
  const sign = createL2Signer(accountOf(sandbox, 'trader'));
  const path = batch === 1 ? '/order' : '/orders';
  return Array.from({ length: Math.ceil(bodies.length / batch) }, (_, index) => {
    const some = bodies.slice(index * batch, (index + 1) * batch);
    const body = batch === 1 ? some.join() : `[${some.join(',')}]`;
    const proof = sign({ method: 'POST', path, body }, Math.floor(Date.now() / 1_000));
    return { path, body, headers: { 'content-type': 'application/json', ...proof } };
  });
}

async function verifyingRound(
  sandbox: Sandbox,
  name: string,
): Promise<Pick<Round, 'recovered' | 'verified'>> {
  const curve = openCurve();
  const bodies = await prepareBodies(sandbox, 'resting', name);
  const orders = bodies.map((body) => parsePostedOrder(body).order);
  const digests = orders.map((order) => hashOrder(order, DOMAIN).digest);
  const rate = (isGood: (index: number) => boolean): number => {
    const startedAt = performance.now();
    for (let index = 0; index < orders.length; index += 1) {
      if (!isGood(index)) throw new Error('A signature of ours was not good.');
    }
    return (orders.length * 1_000) / (performance.now() - startedAt);
  };
  return {
    recovered: rate((index) => {
      const [digest, order] = [digests[index], orders[index]];
      if (digest === undefined || order === undefined) return false;
      return curve.recover(digest, order.signature) === order.signer;
    }),
    verified: rate((index) => {
      const order = orders[index];
      if (order === undefined) return false;
      return verifyOrder(order, order.signature, DOMAIN, curve, () => undefined) === undefined;
    }),
  };
}
