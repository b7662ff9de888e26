/**
 * Who makes the markets: nobody, a book that stands still, a seeded price process, or a recording.
 * The makers' orders are orders like any other: they fill those of clients that they meet.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../actors/execution.ts';
import type { Clock, Random } from '../actors/ports.ts';
import { openRecording } from '../adapters/marketdata/recording-source.ts';
import {
  levelsOf,
  openMarket,
  SimulatedMarket,
  type SimulatedTrade,
  stepMarket,
} from '../adapters/marketdata/simulated-market.ts';
import type { BookLevel, MarketEvent } from '../domain/market-data.ts';
import type { House, HouseLevel } from './exchange/house.ts';
import type { Exchange, Hex, SandboxMarket } from './exchange/types.ts';
import { ONE_MICROS, parseMicros } from './numbers.ts';
import type { ScenarioMakers } from './scenario.ts';

/** Steps of the price process are in hundredths. */
const TICK_MICROS = ONE_MICROS / 100n;
const SIZE_STEP = ONE_MICROS / 100n;

export interface MakerParts {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Log, 'warn'>;
  /** Shows the books. */
  readonly maker: House;
  /** Takes from them, and from clients. */
  readonly taker: House;
}

export interface Makers {
  start(): Promise<void>;
  stop(): void;
  /** The state of the price processes, by slug. */
  save(): Readonly<Record<string, SimulatedMarket>>;
  /** Takes what it knows; a market that is not among them begins anew. */
  restore(saved: Readonly<Record<string, unknown>>): void;
}

export interface MadeMarket {
  readonly conditionId: Hex;
  readonly makers: ScenarioMakers;
}

export function createMakers(parts: MakerParts, made: readonly MadeMarket[]): Makers {
  const { exchange, clock, random, log } = parts;
  const simulated = new Map<string, SimulatedMarket>();
  const stopping = new AbortController();
  const timers = new Map<Hex, () => void>();

  /** A step that fails ends that market's makers and nothing else. */
  function run(slug: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!stopping.signal.aborted)
        log.warn({ slug, error }, 'The makers of a market have stopped.');
    });
  }

  function scheduleStep(market: SandboxMarket, state: SimulatedMarket, intervalMs: number): void {
    const cancel = clock.at(clock.now() + intervalMs, () =>
      run(market.slug, async () => {
        if (stopping.signal.aborted || isResolved(market)) return;
        await step(parts, market, state);
        if (!stopping.signal.aborted) scheduleStep(market, state, intervalMs);
      }),
    );
    timers.set(market.conditionId, cancel);
  }

  function isResolved({ conditionId }: SandboxMarket): boolean {
    return exchange.markets.get(conditionId)?.payout !== undefined;
  }

  async function startMarket(market: SandboxMarket, makers: ScenarioMakers): Promise<void> {
    const [yes] = market.tokens;
    if (makers.kind === 'fixed') {
      await parts.maker.setBook(yes.tokenId, {
        bids: makers.bids.map(microsLevel),
        asks: makers.asks.map(microsLevel),
      });
    } else if (makers.kind === 'simulated') {
      const state = simulated.get(market.slug) ?? openMarket(market.slug, makers.climbs, random);
      simulated.set(market.slug, state);
      await parts.maker.setBook(yes.tokenId, bookOf(state));
      scheduleStep(market, state, makers.intervalMs);
    } else if (makers.kind === 'recording') {
      run(market.slug, () => playRecording(parts, market, makers, stopping.signal));
    }
  }

  return {
    async start() {
      for (const { conditionId, makers } of made) {
        const market = exchange.markets.get(conditionId);
        if (market !== undefined && !isResolved(market)) await startMarket(market, makers);
      }
    },
    stop() {
      stopping.abort();
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
    save: () => Object.fromEntries(simulated),
    restore(saved) {
      for (const [slug, value] of Object.entries(saved)) {
        const state = SimulatedMarket.safeParse(value);
        if (state.success) simulated.set(slug, state.data);
      }
    },
  };
}

/** First what traders took, then the makers' new book: two batches of the public feed. */
async function step(
  { maker, taker, random }: MakerParts,
  market: SandboxMarket,
  state: SimulatedMarket,
): Promise<void> {
  const { changed, trades } = stepMarket(state, random);
  // What a taker delay made of the last trades may rest now: traders do not leave orders behind.
  if (market.takerDelayMs > 0) for (const { tokenId } of market.tokens) taker.clear(tokenId);
  // One book for both outcomes cannot hold the gap between them that the process now and then has.
  state.gapSteps = 0;
  for (const trade of trades) await takeSimulated(taker, market, trade);
  await nextTurn();
  if (changed) await maker.setBook(market.tokens[0].tokenId, bookOf(state));
}

async function takeSimulated(
  taker: House,
  { tokens }: SandboxMarket,
  { outcome, side, ticks, shares }: SimulatedTrade,
): Promise<void> {
  await taker.take({
    tokenId: tokens[outcome === 'YES' ? 0 : 1].tokenId,
    side,
    price: BigInt(ticks) * TICK_MICROS,
    size: BigInt(shares) * ONE_MICROS,
  });
}

function bookOf(state: SimulatedMarket) {
  const { bids, asks } = levelsOf(state, 'YES');
  const micros = (levels: readonly (readonly [number, number])[]): HouseLevel[] =>
    levels.map(([ticks, shares]) => ({
      price: BigInt(ticks) * TICK_MICROS,
      size: BigInt(shares) * ONE_MICROS,
    }));
  return { bids: micros(bids), asks: micros(asks) };
}

/** The recording's YES becomes the market's YES; its trades are taken from the makers' book. */
async function playRecording(
  parts: MakerParts,
  market: SandboxMarket,
  { path, speed }: Extract<ScenarioMakers, { kind: 'recording' }>,
  signal: AbortSignal,
): Promise<void> {
  const { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk } = market;
  const source = await openRecording({
    path,
    venue: 'sandbox',
    defaults: { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk },
    onCorrupt: 'skip',
    clock: parts.clock,
    speed,
  });
  const [first] = source.instruments();
  const yes = source
    .instruments()
    .find(({ marketId, outcome }) => marketId === first?.marketId && outcome === 'YES');
  if (yes === undefined) return;
  await source.run((event) => play(parts, market, yes.id, event), signal);
}

async function play(
  { exchange, maker, taker }: MakerParts,
  { conditionId, tokens }: SandboxMarket,
  yesId: string,
  event: MarketEvent,
): Promise<void> {
  if (exchange.markets.get(conditionId)?.payout !== undefined) return;
  const [{ tokenId }] = tokens;
  if (event.type === 'market.bookChanged' && event.book.instrumentId === yesId) {
    const levels = (side: readonly BookLevel[]) =>
      side.map(houseLevel).filter(({ size }) => size > 0n);
    const { bids, asks } = event.book;
    await maker.setBook(tokenId, { bids: levels(bids), asks: levels(asks) });
  } else if (event.type === 'market.traded' && event.trade.instrumentId === yesId) {
    const { price, size, side } = event.trade;
    await taker.take({ tokenId, side, ...houseLevel({ price, size }) });
  } else if (event.type === 'market.tickSizeChanged' && event.instrumentId === yesId) {
    exchange.setTickSize(conditionId, event.tickSize);
  }
  // Each event is a batch of the public feed.
  await nextTurn();
}

/** Orders have sizes of 2 decimals, what is left of them on a book may have 6. */
function houseLevel({ price, size }: BookLevel): HouseLevel {
  const micros = parseMicros(pad(size), 'size');
  return { price: parseMicros(pad(price), 'price'), size: micros - (micros % SIZE_STEP) };
}

/** Recordings of 2025 write `.48`. */
function pad(text: string): string {
  return text.startsWith('.') ? `0${text}` : text;
}

function microsLevel({ price, size }: { price: string; size: string }): HouseLevel {
  return { price: parseMicros(price, 'price'), size: parseMicros(size, 'size') };
}
