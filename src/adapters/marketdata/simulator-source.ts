/** A small seeded market simulator: something to trade against without a network. */
import { z } from 'zod';
import type { Clock, MarketDataSource } from '../../actors/ports.ts';
import { Decimal, type DecimalText, toText } from '../../domain/decimal.ts';
import { InvalidValue } from '../../domain/faults.ts';
import { type Instrument, instrumentId, type Outcome } from '../../domain/instrument.ts';
import type { BookLevel, MarketDataCounts, MarketEvent } from '../../domain/market-data.ts';
import { createRandom, type SeededRandom } from '../random.ts';
import { noCounts } from './counts.ts';
import { levelsOf, openMarket, SimulatedMarket, stepMarket, TICKS } from './simulated-market.ts';
import { waitUntil } from './wait.ts';

const DEFAULT_INTERVAL_MS = 250;
const DEFAULT_MARKETS = 3;
/** Every market costs a step each interval; more is a load test, not a demonstration. */
const MOST_MARKETS = 100;
const NAMES = ['sim-rain-tomorrow', 'sim-launch-on-time', 'sim-home-team-wins'];
const OUTCOMES: readonly Outcome[] = ['YES', 'NO'];
const TICK_SIZE = '0.01';
const MINIMUM_ORDER_SIZE = '5';

export interface SimulatorOptions {
  readonly seed: string | number;
  readonly clock: Clock;
  /** The venue whose instruments these are. Default `paper`. */
  readonly venue?: string;
  /** Number of markets, 1 to 100. Default 3; every third climbs to 0.9 and above. */
  readonly markets?: number;
  /** Milliseconds between steps. Default 250. */
  readonly intervalMs?: number;
}

export interface SimulatorSource extends MarketDataSource {
  /** The books as they stand. `run` begins with these. */
  opening(atMs: number): readonly MarketEvent[];
  /** One step of every market: what changed, then what traded. */
  step(atMs: number): readonly MarketEvent[];
  /** Everything that decides the steps to come, as JSON text. */
  state(): string;
  /** Goes on where `state` was read. @throws {InvalidValue} for a text of other markets or form. */
  restore(text: string): void;
}

const SavedState = z.object({
  version: z.literal(1),
  random: z.string(),
  markets: z.array(SimulatedMarket),
});

/**
 * The same seed gives the same steps; times come from the clock alone.
 *
 * @throws {InvalidValue} for a number of markets or an interval out of range.
 */
export function createSimulator(options: SimulatorOptions): SimulatorSource {
  const { markets = DEFAULT_MARKETS, intervalMs = DEFAULT_INTERVAL_MS } = options;
  if (!Number.isInteger(markets) || markets < 1 || markets > MOST_MARKETS) {
    throw new InvalidValue(
      'simulator.markets',
      markets,
      `a whole number from 1 to ${MOST_MARKETS}`,
    );
  }
  if (!Number.isInteger(intervalMs) || intervalMs < 1) {
    throw new InvalidValue('simulator.intervalMs', intervalMs, 'a whole number of milliseconds');
  }
  return new Simulator(options, markets, intervalMs);
}

interface Simulated {
  market: SimulatedMarket;
  readonly instruments: Readonly<Record<Outcome, Instrument>>;
}

class Simulator implements SimulatorSource {
  readonly name = 'simulator';
  readonly counts: MarketDataCounts = noCounts();
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #random: SeededRandom;
  readonly #markets: readonly Simulated[];

  constructor(options: SimulatorOptions, markets: number, intervalMs: number) {
    this.#clock = options.clock;
    this.#intervalMs = intervalMs;
    this.#random = createRandom(options.seed);
    this.#markets = Array.from({ length: markets }, (_, index) => {
      const name = NAMES[index] ?? `sim-market-${index + 1}`;
      return {
        market: openMarket(name, index % 3 === 2, this.#random.next),
        instruments: instrumentsOf(options.venue ?? 'paper', name),
      };
    });
  }

  instruments(): readonly Instrument[] {
    return this.#markets.flatMap(({ instruments }) => [instruments.YES, instruments.NO]);
  }

  opening(atMs: number): readonly MarketEvent[] {
    return this.#markets.flatMap((simulated) => this.#books(simulated, atMs));
  }

  step(atMs: number): readonly MarketEvent[] {
    return this.#markets.flatMap((simulated) => {
      const { changed, trades } = stepMarket(simulated.market, this.#random.next);
      const books = changed ? this.#books(simulated, atMs) : [];
      this.counts.trades += trades.length;
      const traded = trades.map(
        ({ outcome, side, ticks, shares }): MarketEvent => ({
          type: 'market.traded',
          trade: {
            instrumentId: simulated.instruments[outcome].id,
            atMs,
            price: priceText(ticks),
            size: String(shares),
            side,
          },
        }),
      );
      return [...books, ...traded];
    });
  }

  state(): string {
    const markets = this.#markets.map(({ market }) => market);
    const saved: z.infer<typeof SavedState> = { version: 1, random: this.#random.state(), markets };
    return JSON.stringify(saved);
  }

  restore(text: string): void {
    const saved = readState(text);
    const names = this.#markets.map(({ market }) => market.name).join(', ');
    if (saved.markets.map(({ name }) => name).join(', ') !== names) {
      throw new InvalidValue('simulator.state.markets', text, `the markets ${names}`);
    }
    this.#random.restore(saved.random);
    for (const [index, market] of saved.markets.entries()) {
      const simulated = this.#markets[index];
      if (simulated !== undefined) simulated.market = market;
    }
  }

  async run(
    deliver: (event: MarketEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let dueAtMs = this.#clock.now();
    let events = this.opening(dueAtMs);
    while (!signal.aborted) {
      this.counts.messages += 1;
      for (const event of events) {
        if (signal.aborted) return;
        await deliver(event);
      }
      // A consumer slower than the interval slows the simulation: steps are not made up for.
      dueAtMs = Math.max(dueAtMs + this.#intervalMs, this.#clock.now());
      await waitUntil(this.#clock, dueAtMs, signal);
      if (!signal.aborted) events = this.step(this.#clock.now());
    }
  }

  #books({ market, instruments }: Simulated, atMs: number): MarketEvent[] {
    return OUTCOMES.map((outcome) => {
      const { bids, asks } = levelsOf(market, outcome);
      this.counts.books += 1;
      return {
        type: 'market.bookChanged',
        book: Object.freeze({
          instrumentId: instruments[outcome].id,
          atMs,
          bids: Object.freeze(bids.map(levelText)),
          asks: Object.freeze(asks.map(levelText)),
          tickSize: TICK_SIZE,
        }),
      };
    });
  }
}

function instrumentsOf(venue: string, marketId: string): Record<Outcome, Instrument> {
  const build = (outcome: Outcome): Instrument => ({
    id: instrumentId(venue, marketId, outcome),
    venue,
    marketId,
    tokenId: `${marketId}-${outcome.toLowerCase()}`,
    outcome,
    tickSize: TICK_SIZE,
    minimumOrderSize: MINIMUM_ORDER_SIZE,
    fees: { rate: '0.05', exponent: 1, takerOnly: true },
    takerDelayMs: 0,
    negRisk: false,
  });
  return { YES: build('YES'), NO: build('NO') };
}

function readState(text: string): z.infer<typeof SavedState> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidValue('simulator.state', text, 'JSON text');
  }
  const result = SavedState.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = ['simulator.state', ...(issue?.path ?? []).map(String)].join('.');
  throw new InvalidValue(place, text, issue?.message ?? 'a state of this simulator');
}

function levelText([ticks, shares]: readonly [number, number]): BookLevel {
  return Object.freeze({ price: priceText(ticks), size: String(shares) });
}

function priceText(ticks: number): DecimalText {
  return toText(new Decimal(ticks).div(TICKS));
}
