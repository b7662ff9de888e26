/** The venue against the sandbox exchange, in one process and on one virtual clock. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { SubmitOutcome, VenueEvent, VenueOrder } from '../../../../src/actors/ports.ts';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../../../src/adapters/random.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from '../../../../src/adapters/venues/polymarket/polymarket-venue.ts';
import type { PolymarketVenueOptions } from '../../../../src/adapters/venues/polymarket/polymarket-venue-options.ts';
import { openCurve } from '../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';
import type { SandboxMarket } from '../../../../src/sandbox/exchange/types.ts';
import {
  createSandbox,
  type OpenedAccount,
  type Sandbox,
} from '../../../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../../../src/sandbox/scenario.ts';
import { until } from '../../../support/until.ts';

export const START = 1_790_000_000_000;
export const never = new AbortController().signal;
setMaxListeners(0, never);
const curve = openCurve();

const MARKETS = [
  { slug: 'plain', fees: { rate: '0.05' } },
  { slug: 'neg-risk', negRisk: true },
  { slug: 'second-generation', version: 'v2' },
  { slug: 'fine', tickSize: '0.001' },
  { slug: 'game', takerDelayMs: 3_000 },
  { slug: 'coin', takerDelayMs: 250, blockingDelay: true },
];

export interface VenueDesk {
  readonly sandbox: Sandbox;
  readonly venue: PolymarketVenue;
  readonly account: OpenedAccount;
  /** Everything that the venue's stream told, in order. */
  readonly events: readonly VenueEvent[];
  readonly log: readonly string[];
  readonly clock: VirtualClock;
  now(): number;
  market(slug: string): SandboxMarket;
  instrument(slug?: string, outcome?: 'YES' | 'NO'): Instrument;
  /** The makers' book of an outcome, in text: price and size. */
  show(
    instrument: Instrument,
    bids: readonly (readonly [string, string])[],
    asks: readonly (readonly [string, string])[],
  ): Promise<void>;
  order(changes?: Partial<VenueOrder>): VenueOrder;
  /** Prepares and submits. */
  send(changes?: Partial<VenueOrder>): Promise<{ id: string; outcome: SubmitOutcome }>;
  /** Moves the time in small steps, letting requests and frames arrive in between. */
  advance(forMs: number): Promise<void>;
  /** Moves the time on in the same way until something has come to pass; bounded. */
  passUntil(condition: () => boolean): Promise<void>;
  /** Runs something that waits for the time, moving the time until it is through. */
  inTime<Value>(work: Promise<Value>): Promise<Value>;
  /** Waits for real I/O; bounded. */
  until(condition: () => boolean): Promise<void>;
  /** Another process of the same account, with a memory of its own. */
  another(options?: Partial<PolymarketVenueOptions>): PolymarketVenue;
}

export interface DeskOptions {
  readonly signatureType?: 0 | 1 | 2 | 3;
  readonly venue?: Partial<PolymarketVenueOptions>;
  readonly dollars?: string;
  /** Do not read the stream. */
  readonly deaf?: boolean;
}

export function micros(text: string): bigint {
  const [whole = '0', part = ''] = text.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(part.padEnd(6, '0').slice(0, 6));
}

export async function openDesk(options: DeskOptions = {}): Promise<VenueDesk> {
  const clock = createVirtualClock(START);
  const random = createRandom('desk').next;
  const { signatureType = 0, dollars = '1000' } = options;
  const scenario = scenarioOf({
    accounts: [{ name: 'us', signatureType, dollars }],
    markets: MARKETS,
  });
  const sandbox = createSandbox({ clock, random, scenario });
  await sandbox.start();
  const [account] = sandbox.accounts;
  if (account?.privateKey === undefined) throw new Error('the sandbox has no account');
  const signer = createLocalSigner(account.privateKey, curve);
  const log: string[] = [];
  const stop = new AbortController();
  const venues: PolymarketVenue[] = [];

  const make = (more: Partial<PolymarketVenueOptions> = {}): PolymarketVenue => {
    const made = createPolymarketVenue({
      urls: {
        rest: sandbox.rest,
        gamma: `${sandbox.rest}/gamma`,
        data: sandbox.rest,
        userChannel: `${sandbox.ws}/user`,
      },
      ...{ chainId: sandbox.chainId, funder: account.funder, signatureType, signer },
      apiKeys: account,
      markets: sandbox.markets.map(({ conditionId }) => conditionId),
      // Hours pass in a moment here.
      ...{ clock, random, keepWarm: false },
      log: (_level, message, facts) => log.push(`${message} ${JSON.stringify(facts)}`),
      ...more,
    });
    venues.push(made);
    return made;
  };

  const venue = make(options.venue);
  await venue.start();
  const events: VenueEvent[] = [];
  const reading = (async () => {
    if (options.deaf) return;
    for await (const event of venue.events(stop.signal)) events.push(event);
  })();
  onTestFinished(async () => {
    stop.abort();
    await reading;
    for (const one of venues) await one.stop();
    await sandbox.stop();
  });

  let orders = 0;
  const desk: VenueDesk = {
    ...{ sandbox, venue, account, events, log, clock },
    now: () => clock.now(),
    market(slug) {
      const found = sandbox.markets.find((market) => market.slug === slug);
      if (found === undefined) throw new Error(`no market ${slug}`);
      return found;
    },
    instrument(slug = 'plain', outcome = 'YES') {
      const id = `polymarket:${desk.market(slug).conditionId}:${outcome}`;
      const found = venue.instrument(id);
      if (found === undefined) throw new Error(`no instrument ${id}`);
      return found;
    },
    async show({ tokenId }, bids, asks) {
      const levels = (side: readonly (readonly [string, string])[]) =>
        side.map(([price, size]) => ({ price: micros(price), size: micros(size) }));
      await sandbox.maker.setBook(tokenId, { bids: levels(bids), asks: levels(asks) });
    },
    order(changes = {}) {
      orders += 1;
      const base: VenueOrder = {
        clientOrderId: `ord_desk_${orders}`,
        ...{ instrument: desk.instrument(), side: 'BUY', type: 'limit', price: '0.5' },
        ...{ timeInForce: 'GTC', postOnly: false },
        ...(changes.amountUsd === undefined ? { size: '10' } : {}),
      };
      return { ...base, ...changes };
    },
    async send(changes) {
      const prepared = await venue.prepare(desk.order(changes));
      return { id: prepared.venueOrderId, outcome: await venue.submit(prepared, never) };
    },
    async advance(forMs) {
      const untilMs = clock.now() + forMs;
      while (clock.now() < untilMs) {
        await clock.advanceTo(Math.min(untilMs, clock.now() + STEP_MS));
        await sleep(1);
        await sandbox.flush();
      }
    },
    async passUntil(condition) {
      for (let steps = 0; steps < 1_000 && !condition(); steps += 1) await desk.advance(STEP_MS);
      if (!condition()) throw new Error('it did not come to pass');
    },
    async inTime(work) {
      let over = false;
      const through = work.finally(() => {
        over = true;
      });
      through.catch(() => undefined);
      for (let steps = 0; steps < 20_000 && !over; steps += 1) {
        await sleep(1);
        if (!over) await clock.advanceTo(clock.now() + 20);
      }
      return through;
    },
    until: (condition) => until(condition),
    another: make,
  };
  if (!options.deaf) await desk.passUntil(() => events.length > 0);
  return desk;
}

const STEP_MS = 250;
