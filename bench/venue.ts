/** From an intent to the acknowledgement of the sandbox, through the whole engine and the adapter. */
import { createTrading } from '../src/actors/trading.ts';
import type { Trading } from '../src/actors/trading-api.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createIds } from '../src/adapters/ids.ts';
import type { FeedLog } from '../src/adapters/marketdata/counts.ts';
import { createRandom } from '../src/adapters/random.ts';
import type { PostgresStore } from '../src/adapters/store/postgres-store.ts';
import { createHttp } from '../src/adapters/venues/polymarket/http.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from '../src/adapters/venues/polymarket/polymarket-venue.ts';
import { openCurve } from '../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../src/adapters/venues/polymarket/protocol/signer.ts';
import type { TierName } from '../src/adapters/venues/polymarket/rate-limiter-budgets.ts';
import type { Sandbox } from '../src/sandbox/sandbox.ts';
import { commitLimit } from './latency.ts';
import { closedLoop, type Latency, latencyOf } from './measure.ts';
import { accountOf, found, openEmptyServer, openSandbox } from './sandbox-parts.ts';
import { log, type World } from './world.ts';

const INTENTS = 2_000;
const WARM_UP = 200;
const LIMIT_MS = 1_000;
const DOLLARS = '1000000000';
/** About the length of an order's body, and of its answer. */
const BODY = 'x'.repeat(900);

export interface VenueLatency {
  /** From `submit` to the commit that answers it. */
  readonly durable: Latency;
  /** From `submit` to the listener that hears of `PLACED`, which is durable by then. */
  readonly acknowledged: Latency;
  readonly intents: number;
  /** One insert at a time. */
  readonly commitLimit: Latency;
  /** One request at a time, from the adapter's own client to a server that only reads it. */
  readonly httpLimit: Latency;
}

/** One intent at a time; engine, adapter and sandbox share one thread. */
export async function benchVenue(world: World): Promise<VenueLatency> {
  const sandbox = await openSandbox({
    accounts: [{ name: 'trader', signatureType: 0, dollars: DOLLARS }],
    markets: [{ slug: 'bench' }],
  });
  const store = await world.freshStore();
  const clock = createSystemClock();
  // Its 600 orders per second are more than come one at a time.
  const venue = venueOn(sandbox, store, 'elite');
  const trading = createTrading({
    ...{ store, venue, clock, log },
    ids: createIds({ clock }),
    account: { id: 'main', depositUsd: DOLLARS, minimumReserveUsd: '0' },
    maxOpenOrders: 1_000_000,
    checkIdentities: false,
  });
  await trading.start();
  try {
    const latencies = await submitOneByOne(trading);
    return {
      ...latencies,
      intents: INTENTS,
      commitLimit: await commitLimit(world),
      httpLimit: await httpLimit(),
    };
  } finally {
    await trading.stop();
    await sandbox.stop();
  }
}

/** The adapter on a sandbox's account `trader`, at the pace of a tier of the venue's rate limits. */
export function venueOn(
  sandbox: Sandbox,
  store: PostgresStore,
  rateLimitTier: TierName,
): PolymarketVenue {
  const account = accountOf(sandbox, 'trader');
  const { chainId, rest, ws, markets } = sandbox;
  const { funder, signatureType, privateKey } = account;
  const tell: FeedLog = (level, message, facts) => log[level](facts, message);
  return createPolymarketVenue({
    urls: { rest, gamma: rest, data: rest, userChannel: `${ws}/user` },
    ...{ chainId, funder, signatureType, apiKeys: account },
    signer: createLocalSigner(found(privateKey), openCurve()),
    markets: markets.map(({ conditionId }) => conditionId),
    clock: createSystemClock(),
    random: createRandom('bench').next,
    log: tell,
    inbox: store.inbox('polymarket'),
    rateLimitTier,
  });
}

async function submitOneByOne(
  trading: Trading,
): Promise<Pick<VenueLatency, 'durable' | 'acknowledged'>> {
  const [instrument] = trading.instruments();
  const durable: number[] = [];
  const acknowledged: number[] = [];
  let placed: (key: string) => void = () => undefined;
  trading.on('order', ({ order }) => {
    if (order.status === 'PLACED') placed(order.intentKey);
  });
  for (let index = 0; index < INTENTS + WARM_UP; index += 1) {
    const key = `bench/${index}`;
    const heard = new Promise<number>((resolve) => {
      placed = (which) => {
        if (which === key) resolve(performance.now());
      };
    });
    const startedAt = performance.now();
    const order = { side: 'BUY', price: `0.${10 + (index % 40)}`, size: '10' };
    const answer = await trading.submit({ key, instrument: found(instrument).id, ...order });
    const answeredAt = performance.now();
    if (answer.order.status === 'DENIED') throw new Error(`Denied: ${answer.order.reason}`);
    const heardAt = await heard;
    if (index < WARM_UP) continue;
    durable.push(answeredAt - startedAt);
    acknowledged.push(heardAt - startedAt);
  }
  return { durable: latencyOf(durable), acknowledged: latencyOf(acknowledged) };
}

async function httpLimit(): Promise<Latency> {
  const server = await openEmptyServer({});
  const http = createHttp({ url: server.origin, clock: createSystemClock() });
  const { p50, p99 } = await closedLoop(1, LIMIT_MS, async () => {
    const result = await http.request({ method: 'POST', path: '/order', body: BODY });
    if (result.kind === 'failed') throw new Error(result.reason);
  });
  await http.close();
  await server.end();
  return { p50, p99 };
}
