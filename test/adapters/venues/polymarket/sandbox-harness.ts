/** The sandbox, seen through the Polymarket adapter over real sockets, under the contract's harness. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Venue, VenueEvent } from '../../../../src/actors/ports.ts';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../../../src/adapters/random.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from '../../../../src/adapters/venues/polymarket/polymarket-venue.ts';
import { openCurve } from '../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { decimal } from '../../../../src/domain/decimal.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';
import { createSandbox, type Sandbox } from '../../../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../../../src/sandbox/scenario.ts';
import type {
  HarnessOptions,
  LevelText,
  VenueCapabilities,
  VenueHarness,
} from '../../../contracts/venue-harness.ts';

const START_MS = 1_790_000_000_000;
/** Two rounds of a loopback request, on a busy machine. */
const QUIET_MS = 4;
/**
 * Real time that a call may take before the virtual clock is moved for it: far more than a loopback
 * needs on a busy machine. A clock that ran ahead of requests would settle trades too early.
 */
const PATIENCE_MS = 250;

export const SANDBOX_CAPABILITIES: VenueCapabilities = {
  failLegs: true,
  // The venue matches at once or not at all, charges takers only, and sells immediate BUYs by money.
  splitFills: false,
  takerDelay: true,
  makersPay: false,
  legForEachLevel: false,
  immediateBuysByShares: false,
  levelsResizeInPlace: false,
  tellsExpiry: false,
};

export interface SandboxHarness extends VenueHarness {
  readonly sandbox: Sandbox;
  readonly clock: VirtualClock;
}

export async function sandboxHarness(options: HarnessOptions = {}): Promise<SandboxHarness> {
  const clock = createVirtualClock(START_MS);
  const sandbox = createSandbox({
    clock,
    random: createRandom('contract').next,
    scenario: scenarioOf({
      accounts: [{ name: 'trader', signatureType: 2, dollars: '1000' }],
      markets: [
        {
          slug: 'rain-tomorrow',
          fees: { rate: '0.05' },
          takerDelayMs: options.takerDelayMs ?? 0,
        },
      ],
      settlement: {
        failedShare: options.failLegs ? 1 : 0,
        retryingShare: options.retryLegs ? 1 : 0,
      },
    }),
  });
  await sandbox.start();
  const events: VenueEvent[] = [];
  let moved: Promise<void> = Promise.resolve();
  let running = await boot();

  async function boot(): Promise<{ venue: PolymarketVenue; reader: AbortController }> {
    const venue = connectTo(sandbox, clock);
    await venue.start();
    const reader = new AbortController();
    void readAll(venue, reader.signal, events);
    await idle(venue);
    return { venue, reader };
  }

  /** Until nothing happens any more without the clock. */
  async function idle(venue: PolymarketVenue): Promise<void> {
    for (let before = -1; before !== events.length; ) {
      before = events.length;
      await sandbox.flush();
      await sleep(QUIET_MS);
      const { ordersWaiting, requestsUnderWay } = venue.health();
      if (ordersWaiting + requestsUnderWay > 0) before = -1;
    }
  }

  /** Lets a call that waits for the clock come to its end. */
  async function moving<T>(call: Promise<T>): Promise<T> {
    let done = false;
    const settled = call.finally(() => {
      done = true;
    });
    settled.catch(() => undefined);
    const patience = () => Promise.race([settled.catch(() => undefined), sleep(PATIENCE_MS)]);
    await patience();
    while (!done) {
      await moveTo(
        () => clock.nextAt() ?? clock.now(),
        () => sleep(QUIET_MS),
      );
      await patience();
    }
    return settled;
  }

  /** Several calls may wait at once; the clock is moved for one after the other. */
  function moveTo(target: () => number, afterEach: () => Promise<void>): Promise<void> {
    const move = () => clock.advanceTo(Math.max(clock.now(), target()), afterEach);
    moved = moved.then(move, move);
    return moved;
  }

  const level = ([price, size]: LevelText) => ({ price: micros(price), size: micros(size) });
  const instrument = instrumentOf(running.venue);

  return {
    can: SANDBOX_CAPABILITIES,
    get venue() {
      return withMovingClock(running.venue, moving);
    },
    ...{ sandbox, clock, instrument, events },
    startCashUsd: '1000',
    now: () => clock.now(),
    async setBook(bids, asks) {
      await sandbox.maker.setBook(instrument.tokenId, {
        bids: bids.map(level),
        asks: asks.map(level),
      });
      await idle(running.venue);
    },
    async trade(side, price, size) {
      await leave(sandbox, instrument.tokenId, side, micros(price));
      const { tokenId } = instrument;
      await sandbox.taker.take({ tokenId, side, price: micros(price), size: micros(size) });
      await idle(running.venue);
    },
    async endMarket({ YES, NO }) {
      sandbox.exchange.resolve(instrument.marketId as `0x${string}`, [micros(YES), micros(NO)]);
      await idle(running.venue);
    },
    async advance(forMs) {
      const untilMs = clock.now() + forMs;
      await moveTo(
        () => untilMs,
        () => idle(running.venue),
      );
      await idle(running.venue);
    },
    async restart(how) {
      running.reader.abort();
      if (how === 'stop') await moving(running.venue.stop());
      const former = running.venue;
      running = await boot();
      if (how === 'kill') void former.stop();
      // What the engine does after every connection.
      for (const leg of await moving(running.venue.fetchTrades(0)))
        events.push({ type: 'leg', leg });
    },
    async close() {
      running.reader.abort();
      await moving(running.venue.stop());
      await sandbox.stop();
    },
  };
}

function connectTo(sandbox: Sandbox, clock: VirtualClock): PolymarketVenue {
  const [account] = sandbox.accounts;
  if (account?.privateKey === undefined) throw new Error('The scenario has no account.');
  const { privateKey, funder, signatureType, apiKey, secret, passphrase } = account;
  return createPolymarketVenue({
    urls: {
      ...{ rest: sandbox.rest, gamma: sandbox.rest, data: sandbox.rest },
      userChannel: `${sandbox.ws}/user`,
    },
    chainId: sandbox.chainId,
    ...{ funder, signatureType, apiKeys: { apiKey, secret, passphrase } },
    signer: createLocalSigner(privateKey, openCurve()),
    markets: sandbox.markets.map(({ conditionId }) => conditionId),
    clock,
    random: createRandom('adapter').next,
    // Hours pass in a moment here.
    keepWarm: false,
  });
}

function instrumentOf(venue: Venue): Instrument {
  const found = venue.instruments().find(({ outcome }) => outcome === 'YES');
  if (found === undefined) throw new Error('The venue has no market.');
  return found;
}

/** Everything that waits inside the adapter waits for the virtual clock. */
function withMovingClock(
  venue: PolymarketVenue,
  moving: <T>(call: Promise<T>) => Promise<T>,
): Venue {
  return {
    ...venue,
    prepare: async (order) => venue.prepare(order),
    submit: (prepared, signal) => moving(venue.submit(prepared, signal)),
    cancel: (id, signal) => moving(venue.cancel(id, signal)),
    fetchOrder: (id) => moving(venue.fetchOrder(id)),
    fetchOpenOrders: () => moving(venue.fetchOpenOrders()),
    fetchTrades: (sinceMs) => moving(venue.fetchTrades(sinceMs)),
    fetchPositions: () => moving(venue.fetchPositions()),
    fetchBalances: () => moving(venue.fetchBalances()),
  };
}

/** Others are gone where somebody trades at a worse price than theirs. */
async function leave(
  sandbox: Sandbox,
  tokenId: string,
  side: 'BUY' | 'SELL',
  price: bigint,
): Promise<void> {
  const standing = sandbox.exchange
    .openOrders(sandbox.maker.owner)
    .filter((order) => order.tokenId === tokenId && order.side !== side)
    .filter((order) => (side === 'BUY' ? order.price < price : order.price > price));
  sandbox.exchange.cancel(
    sandbox.maker.owner,
    standing.map(({ id }) => id),
  );
}

async function readAll(venue: Venue, signal: AbortSignal, into: VenueEvent[]): Promise<void> {
  for await (const event of venue.events(signal)) into.push(event);
}

function micros(text: string): bigint {
  return BigInt(decimal(text).times(1_000_000).toFixed(0));
}
