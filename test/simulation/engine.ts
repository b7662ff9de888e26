/** One life of the whole engine over simulated ports. */
import type { Log } from '../../src/actors/execution.ts';
import { createMarketView, type MarketView } from '../../src/actors/market-view.ts';
import type { Clock } from '../../src/actors/ports.ts';
import type { Strategy } from '../../src/actors/strategy.ts';
import { createStrategyRunner, type StrategyRunner } from '../../src/actors/strategy-runner.ts';
import { createTrading } from '../../src/actors/trading.ts';
import type { Trading } from '../../src/actors/trading-api.ts';
import { createIds } from '../../src/adapters/ids.ts';
import { createRandom } from '../../src/adapters/random.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from '../../src/adapters/venues/polymarket/polymarket-venue.ts';
import type { Address } from '../../src/adapters/venues/polymarket/protocol/order-types.ts';
import { openCurve } from '../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../src/adapters/venues/polymarket/protocol/signer.ts';
import type { RawRequest, Reply } from '../../src/sandbox/rest/answering.ts';
import { createChance } from './chances.ts';
import { createHttpLine } from './http-line.ts';
import type { Life } from './life.ts';
import { clockOf } from './machine-clock.ts';
import type { MemoryDatabase } from './memory-database.ts';
import type { LeaseRow } from './memory-lease.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { moneyParts, seesBooks } from './money-user.ts';
import { createSocketLine, type SocketLine } from './socket-line.ts';
import { createStoreLine } from './store-line.ts';
import type { Timeline } from './timeline.ts';
import type { VenueSide } from './venue-side.ts';
import type { Weather } from './weather.ts';

export const VENUE_NAME = 'polymarket';
const ACCOUNT = 'main';
const HOST = 'http://venue.simulated';
const STREAM = 'ws://venue.simulated/ws/user';
/** Trades before this moment are another's history. */
const OPENED_AT = 'venue.openedAtMs';

export interface EngineOptions {
  readonly seed: string;
  readonly life: Life;
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly venue: VenueSide;
  readonly database: MemoryDatabase;
  readonly lease: LeaseRow;
  readonly strategies: readonly Strategy[];
  /** Takes the lease by force. */
  readonly takesOver: boolean;
  readonly log: Log;
  readonly onSent: (request: RawRequest) => void;
  readonly onReply: (request: RawRequest, reply: Reply) => void;
  readonly count: (kind: string) => void;
}

export interface Engine {
  readonly life: Life;
  readonly trading: Trading;
  readonly venue: PolymarketVenue;
  readonly store: MemoryStore;
  readonly sockets: SocketLine;
  readonly clock: Clock;
  readonly view: MarketView;
  readonly runner: StrategyRunner;
  /** True from the moment in which it has started. */
  isUp: boolean;
  start(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  const { seed, life, timeline, weather, venue: side, database, lease, log, count } = options;
  const own = `${seed}/life ${life.number}`;
  const chance = (purpose: string) => createChance(own, purpose);
  const clock = clockOf(life, timeline, weather.machine);
  const store = createMemoryStore({
    database,
    line: createStoreLine({
      ...{ life, timeline, count, weather: weather.store, chance: chance('store') },
    }),
    lease: {
      row: lease,
      holder: life.number,
      serverNow: timeline.now,
      time: {
        now: timeline.now,
        after: (waitMs, callback) =>
          timeline.after(waitMs, () => life.deliver('lease timer', callback)),
      },
    },
  });
  store.lease.onLost(() => count('lease lost'));
  const sockets = createSocketLine({
    ...{ life, timeline, weather: weather.network, chance: chance('sockets') },
    server: side.sandbox.sockets,
  });
  const carrier = createHttpLine({
    ...{ life, timeline, count, weather: weather.network, chance: chance('http') },
    answering: side.sandbox.answering,
    ...{ onSent: options.onSent, onReply: options.onReply },
  });
  const ids = createIds({ clock, random: createRandom(`${own}/ids`).next });
  const opening = open();
  let venue: PolymarketVenue | undefined;
  let trading: Trading | undefined;
  let runner: StrategyRunner | undefined;
  const view = createMarketView(clock);

  function open() {
    const { account, markets } = side;
    const signer = createLocalSigner(account.privateKey ?? '', curve);
    return {
      name: VENUE_NAME,
      urls: { rest: HOST, gamma: HOST, data: HOST, userChannel: STREAM },
      chainId: side.sandbox.floor.chainId,
      funder: account.funder as Address,
      signatureType: account.signatureType,
      signer,
      apiKeys: account,
      markets: markets.map(({ conditionId }) => conditionId),
      clock,
      random: createRandom(`${own}/venue`).next,
      inbox: store.inbox(VENUE_NAME),
      mayWrite: () => store.lease.mayAct(),
      rateLimitTier: 'elite' as const,
      http: { carrier: () => carrier },
      openSocket: sockets.open,
    };
  }

  /** When this account first met the venue; kept for ever. */
  async function openedAtMs(): Promise<number> {
    const known = await store.metadata(OPENED_AT);
    if (known !== undefined) return Number(known);
    const atMs = clock.now();
    await store.setMetadata(OPENED_AT, String(atMs));
    return atMs;
  }

  const engine: Engine = {
    life,
    store,
    sockets,
    clock,
    view,
    isUp: false,
    get trading() {
      if (trading === undefined) throw new Error('The engine has not been started.');
      return trading;
    },
    get venue() {
      if (venue === undefined) throw new Error('The engine has not been started.');
      return venue;
    },
    get runner() {
      if (runner === undefined) throw new Error('The engine has not been started.');
      return runner;
    },
    async start() {
      await store.acquireWriter(options.takesOver ? { whenBusy: 'takeOver' } : {});
      const made = createPolymarketVenue({ ...opening, historySinceMs: await openedAtMs() });
      venue = made;
      trading = createTrading({
        ...{ store, venue: made, clock, ids, log },
        account: {
          id: ACCOUNT,
          depositUsd: async () => (await made.fetchBalances()).cashUsd,
          minimumReserveUsd: '0',
        },
        maxOpenOrders: 200,
        // Its client and its strategy quote against each other: half of what they ask would be denied.
        limits: { selfTrade: 'allow' },
        ...moneyParts(seed),
        ...(seesBooks(seed) ? { books: view } : {}),
        checkIdentities: true,
      });
      await trading.start();
      runner = createStrategyRunner({
        ...{ strategies: options.strategies, trading, clock, log },
        book: (id) => view.book(id),
      });
      runner.start();
      engine.isUp = true;
    },
  };
  return engine;
}

const curve = openCurve();
