/** Closing everything: how soon entries are refused, and how long a thousand positions take. */
import type { Venue, VenueOrderReport } from '../src/actors/ports.ts';
import { createTrading } from '../src/actors/trading.ts';
import type { Books, Trading, TradingParts } from '../src/actors/trading-api.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createIds } from '../src/adapters/ids.ts';
import type { PostgresStore } from '../src/adapters/store/postgres-store.ts';
import { type TierName, tierRate } from '../src/adapters/venues/polymarket/rate-limiter-budgets.ts';
import type { BookSnapshot } from '../src/domain/market-data.ts';
import { scopeOfCause } from '../src/domain/risk/holds.ts';
import { type Latency, latencyOf, round } from './measure.ts';
import { openSandbox } from './sandbox-parts.ts';
import { venueOn } from './venue.ts';
import { instrumentAt, log, silentVenue, type World } from './world.ts';

const OPEN_ORDERS = 10_000;
const BLOCK_ROUNDS = 5;
const IDLE_ROUNDS = 50;
const LIMIT_BLOCK_MS = 10;

/** Milliseconds since the call of `flatten`. */
export interface Blocking {
  readonly openOrders: number;
  readonly rounds: number;
  /** The hold stands: whatever comes from now on is refused. */
  readonly stands: Latency;
  /** It is in the log for good. */
  readonly durable: Latency;
  /** The denial of an entry that was handed in at the same moment is durable, and told. */
  readonly entryDenied: Latency;
  /** The venue has said of the last order that it is cancelled. */
  readonly allCancelled: Latency;
}

export interface BlockEntries {
  readonly limitMs: number;
  readonly idle: Blocking;
  readonly busy: Blocking;
}

export async function benchBlockEntries(world: World): Promise<BlockEntries> {
  return {
    limitMs: LIMIT_BLOCK_MS,
    idle: await blocking(world, 0, IDLE_ROUNDS),
    busy: await blocking(world, OPEN_ORDERS, BLOCK_ROUNDS),
  };
}

async function blocking(world: World, openOrders: number, rounds: number): Promise<Blocking> {
  const trading = tradingOn(await world.freshStore(), { venue: promptVenue() });
  await trading.start();
  const [stands, durable, entryDenied, allCancelled] = [[], [], [], []] as number[][];
  for (let turn = 0; turn <= rounds; turn += 1) {
    await rest(trading, `${turn}`, openOrders);
    // An engine on a quiet day: the read tables are not behind the log.
    await trading.settled();
    globalThis.gc?.();
    const startedAt = performance.now();
    const since = () => performance.now() - startedAt;
    const closing = trading.flatten('bench', 'a drill');
    const stood = since();
    const { level } = trading.execution.context().holds[scopeOfCause('liquidation')] ?? {};
    if (level !== 'liquidating') throw new Error('The hold does not stand.');
    const denied = trading.submit(entryAt(`${turn}/late`, 0)).then(({ order }) => {
      if (order.status !== 'DENIED') throw new Error(`An entry was ${order.status}.`);
      return since();
    });
    await trading.execution.journal.durable();
    const durableAfter = since();
    const deniedAfter = await denied;
    const { cancelled, unproven } = await closing;
    if (cancelled !== openOrders || unproven.length > 0) {
      throw new Error(`${cancelled} of ${openOrders} orders were cancelled.`);
    }
    // The first round only warms up.
    if (turn > 0) {
      stands?.push(stood);
      durable?.push(durableAfter);
      entryDenied?.push(deniedAfter);
      allCancelled?.push(since());
    }
    await trading.send({
      ...{ type: 'trading.resume', scope: scopeOfCause('liquidation'), by: 'bench' },
    });
  }
  await trading.stop();
  return {
    ...{ openOrders, rounds, stands: latencyOf(stands ?? []), durable: latencyOf(durable ?? []) },
    entryDenied: latencyOf(entryDenied ?? []),
    allCancelled: latencyOf(allCancelled ?? []),
  };
}

/** Takes and cancels at once, and knows what rests. */
function promptVenue(): Venue {
  const resting = new Map<string, VenueOrderReport>();
  return {
    ...silentVenue(),
    async submit({ venueOrderId }) {
      const [status, rawStatus] = ['live', 'LIVE'] as const;
      resting.set(venueOrderId, {
        ...{ venueOrderId, status, rawStatus, sizeMatched: '0', atMs: Date.now() },
      });
      return { kind: 'acknowledged', venueOrderId, status };
    },
    async cancel(venueOrderId) {
      resting.delete(venueOrderId);
      return { kind: 'cancelled' };
    },
    fetchOrder: async (venueOrderId) => resting.get(venueOrderId),
    fetchOpenOrders: async () => [...resting.values()],
    fetchBalances: async () => ({ cashUsd: DOLLARS }),
  };
}

const DOLLARS = '1000000000';

function tradingOn(
  store: PostgresStore,
  parts: Pick<TradingParts, 'venue'> & Partial<TradingParts>,
): Trading {
  const clock = createSystemClock();
  return createTrading({
    ...{ store, clock, ids: createIds({ clock }) },
    log: { ...log, error: (facts, text) => (isDrill(text) ? undefined : log.error(facts, text)) },
    account: { id: 'main', depositUsd: DOLLARS, minimumReserveUsd: '0' },
    ...{ maxOpenOrders: 1_000_000, checkIdentities: false },
    ...parts,
  });
}

/** What a liquidation says of itself is no error here. */
function isDrill(text: string): boolean {
  return text.startsWith('Everything is being closed') || text.startsWith('Liquidation is over');
}

function entryAt(key: string, index: number): object {
  const { id } = instrumentAt(index);
  return { key: `bench/${key}`, instrument: id, side: 'BUY', price: '0.32', size: '10' };
}

/** So many entries, all of them at the venue. */
async function rest(trading: Trading, name: string, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, index) => entryAt(`${name}/${index}`, index));
  await submitAll(trading, entries);
  await until(() => trading.workingOrders().every(({ status }) => status === 'PLACED'));
}

/** As many as an engine takes in one batch. */
const AT_ONCE = 500;

async function submitAll(trading: Trading, intents: readonly object[]): Promise<void> {
  for (let from = 0; from < intents.length; from += AT_ONCE) {
    const answers = await trading.submitAll(intents.slice(from, from + AT_ONCE));
    const denied = answers.find(({ order }) => order.status === 'DENIED');
    if (denied !== undefined) throw new Error(`Denied: ${denied.order.reason}`);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const untilMs = performance.now() + 120_000;
  while (!isSo()) {
    if (performance.now() > untilMs) throw new Error('It took longer than two minutes.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const POSITIONS = 1_000;
const RESTING = 200;
const BID = '0.49';
const ASK = '0.51';
const MARKETS = Array.from({ length: POSITIONS / 2 }, (_, index) => ({
  slug: `bench-${index}`,
  makers: {
    kind: 'fixed',
    bids: [{ price: BID, size: '1000' }],
    asks: [{ price: ASK, size: '1000' }],
  },
}));

export interface Closing {
  readonly tier: TierName;
  readonly positions: number;
  readonly restingOrders: number;
  readonly cancelled: number;
  readonly unproven: number;
  readonly ordersSent: number;
  readonly closed: number;
  readonly left: number;
  /** Until every cancel is proven and the first sale is handed in. */
  readonly cancelledAfterMs: number;
  /** Until the last share is sold: matched, not yet final. */
  readonly soldAfterMs: number;
  /** Until every sale is final on chain and trading is paused. */
  readonly endedAfterMs: number;
  readonly salesPerSecond: number;
  /** The least that the venue's rate limit takes for so many sales. */
  readonly rateLimitMs: number;
  /** The limit as a share of the time of the sales. */
  readonly ofLimitPercent: number;
}

export interface Liquidation {
  readonly standard: Closing;
  readonly elite: Closing;
}

export async function benchLiquidation(world: World): Promise<Liquidation> {
  return { standard: await closing(world, 'standard'), elite: await closing(world, 'elite') };
}

/** One life of the engine buys, the next one sells at the pace of the tier. */
async function closing(world: World, tier: TierName): Promise<Closing> {
  const sandbox = await openSandbox({
    accounts: [{ name: 'trader', signatureType: 0, dollars: DOLLARS }],
    markets: MARKETS,
  });
  const store = await world.freshStore();
  try {
    const buyer = tradingOn(store, { venue: venueOn(sandbox, store, 'elite') });
    await buyer.start();
    await buyEverything(buyer);
    await buyer.stop();
    const venue = venueOn(sandbox, store, tier);
    const seller = tradingOn(store, { venue, books: booksOf() });
    await seller.start();
    await submitAll(
      seller,
      seller
        .instruments()
        .slice(0, RESTING)
        .map(({ id }, index) => ({
          ...{ key: `rest/${index}`, instrument: id, side: 'BUY', price: '0.3', size: '10' },
        })),
    );
    await until(() => seller.workingOrders().every(({ status }) => status === 'PLACED'));
    // The bucket is full again, as it would be on a quiet day.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const measured = await closeEverything(seller, tier);
    await seller.stop();
    return measured;
  } finally {
    await sandbox.stop();
  }
}

async function buyEverything(trading: Trading): Promise<void> {
  // One outcome after the other: our own orders are not to meet.
  for (const half of ['YES', 'NO']) await buyHalf(trading, half);
  const held = (await trading.positions()).filter(({ size }) => size !== '0').length;
  if (held !== POSITIONS) throw new Error(`${held} of ${POSITIONS} positions were bought.`);
}

async function buyHalf(trading: Trading, half: string): Promise<void> {
  const bought = trading.instruments().filter(({ outcome }) => outcome === half);
  await submitAll(
    trading,
    bought.map(({ id }, index) => ({
      ...{ key: `buy/${id}`, instrument: id, side: 'BUY', type: 'market', timeInForce: 'FAK' },
      ...{ price: ASK, size: String(10 + (index % 50)) },
    })),
  );
  await until(() => {
    const { openOrders, waiting } = trading.health();
    return openOrders === 0 && waiting === 0;
  });
}

async function closeEverything(trading: Trading, tier: TierName): Promise<Closing> {
  let firstSaleAt = 0;
  let lastSaleAt = 0;
  trading.on('order', ({ order }) => {
    if (order.side === 'SELL' && firstSaleAt === 0) firstSaleAt = performance.now();
  });
  trading.on('fill', ({ effect }) => {
    if (effect === 'applied') lastSaleAt = performance.now();
  });
  const startedAt = performance.now();
  const report = await trading.flatten('bench', 'a drill');
  const endedAt = performance.now();
  const { burst = 0, perSecond = 1 } = tierRate(tier, 'orders') ?? {};
  const rateLimitMs = (Math.max(0, report.ordersSent - burst) / perSecond) * 1_000;
  const salesMs = lastSaleAt - firstSaleAt;
  return {
    ...{ tier, positions: POSITIONS, restingOrders: RESTING, cancelled: report.cancelled },
    ...{ unproven: report.unproven.length, ordersSent: report.ordersSent },
    ...{ closed: report.closed.length, left: report.left.length },
    cancelledAfterMs: Math.round(firstSaleAt - startedAt),
    soldAfterMs: Math.round(lastSaleAt - startedAt),
    endedAfterMs: Math.round(endedAt - startedAt),
    salesPerSecond: round((report.ordersSent * 1_000) / salesMs),
    rateLimitMs: Math.round(rateLimitMs),
    ofLimitPercent: Math.round((rateLimitMs / salesMs) * 100),
  };
}

/** What the makers show, on either outcome. */
function booksOf(): Books {
  const sides = { bids: [{ price: BID, size: '1000' }], asks: [{ price: ASK, size: '1000' }] };
  return {
    book: (instrumentId): BookSnapshot => ({
      ...{ instrumentId, atMs: Date.now(), tickSize: '0.01', ...sides },
    }),
    mark: () => '0.5',
    get seenAtMs() {
      return Date.now();
    },
  };
}
