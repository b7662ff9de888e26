/** Makes the market data source that a configuration names. */
import type { Log } from './actors/execution.ts';
import type { Clock, MarketDataSource } from './actors/ports.ts';
import type { FeedLog } from './adapters/marketdata/counts.ts';
import { createPolymarketChannel } from './adapters/marketdata/polymarket-channel.ts';
import { openRecording } from './adapters/marketdata/recording-source.ts';
import { createSimulator } from './adapters/marketdata/simulator-source.ts';
import type { SeededRandom } from './adapters/random.ts';
import type { Config } from './config.ts';
import { type Instrument, instrumentId } from './domain/instrument.ts';
import { PAPER_VENUE, type VenueChannel } from './venue.ts';

export interface MarketData {
  readonly source: MarketDataSource;
  /** The source's instruments with the configuration's rules for single markets. */
  instruments(): readonly Instrument[];
  /** The state to go on from after a restart; absent where a source has none. */
  readonly state?: { save(): string; restore(text: string): void };
}

export interface MarketDataParts {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly log: Log;
  /** The public books of the venue that the orders go to. */
  readonly channel: VenueChannel | undefined;
}

export async function openMarketData(config: Config, parts: MarketDataParts): Promise<MarketData> {
  const { marketData, markets } = config;
  const { clock, random } = parts;
  const log: FeedLog = (level, message, facts) => parts.log[level](facts, message);
  switch (marketData.source) {
    case 'simulator': {
      const { seed, markets: count, intervalMs } = marketData;
      const source = createSimulator({
        seed,
        clock,
        venue: PAPER_VENUE,
        markets: count,
        intervalMs,
      });
      return {
        source,
        instruments: withRules(source, config),
        state: { save: () => source.state(), restore: (text) => source.restore(text) },
      };
    }
    case 'recording': {
      const { path, speed, onCorrupt } = marketData;
      const source = await openRecording({
        path,
        venue: PAPER_VENUE,
        defaults: markets.defaults,
        outcomes: markets.outcomes,
        onCorrupt,
        clock,
        speed,
        log,
      });
      return { source, instruments: withRules(source, config) };
    }
    case 'polymarket': {
      const instruments = marketData.tokens.map((token) => ({
        ...markets.defaults,
        ...token,
        id: instrumentId(PAPER_VENUE, token.marketId, token.outcome),
        venue: PAPER_VENUE,
      }));
      const { url, recordTo } = marketData;
      const source = createPolymarketChannel({
        instruments,
        clock,
        random: random.next,
        log,
        ...(url === undefined ? {} : { url }),
        ...(recordTo === undefined ? {} : { recordTo }),
      });
      return { source, instruments: withRules(source, config) };
    }
    case 'venue': {
      const { channel } = parts;
      if (channel === undefined) throw new Error('A venue without books cannot be followed.');
      const { recordTo } = marketData;
      const source = createPolymarketChannel({
        instruments: channel.instruments(),
        url: channel.url,
        clock,
        random: random.next,
        log,
        ...(recordTo === undefined ? {} : { recordTo }),
      });
      // The venue itself says what its rules are, and when they change.
      return { source, instruments: () => channel.instruments() };
    }
  }
}

/** Applies the overrides; remembers the answer until the source knows more instruments. */
export function withRules(source: MarketDataSource, config: Config): () => readonly Instrument[] {
  const { overrides } = config.markets;
  let from: readonly Instrument[] | undefined;
  let ruled: readonly Instrument[] = [];
  return () => {
    const known = source.instruments();
    if (known !== from) {
      from = known;
      ruled = known.map((instrument) => overridden(instrument, overrides[instrument.marketId]));
    }
    return ruled;
  };
}

type Override = Config['markets']['overrides'][string];

function overridden(instrument: Instrument, override: Override | undefined): Instrument {
  if (override === undefined) return instrument;
  return {
    ...instrument,
    tickSize: override.tickSize ?? instrument.tickSize,
    minimumOrderSize: override.minimumOrderSize ?? instrument.minimumOrderSize,
    takerDelayMs: override.takerDelayMs ?? instrument.takerDelayMs,
    negRisk: override.negRisk ?? instrument.negRisk,
    fees: {
      rate: override.fees?.rate ?? instrument.fees.rate,
      exponent: override.fees?.exponent ?? instrument.fees.exponent,
      takerOnly: override.fees?.takerOnly ?? instrument.fees.takerOnly,
    },
  };
}
