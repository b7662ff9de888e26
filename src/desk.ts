/** One trading desk: market data into a paper venue, strategies over it, and the engine between. */
import type { InspectionEvent } from 'xstate';
import type { Log } from './actors/execution.ts';
import { createMarketView, type MarketView } from './actors/market-view.ts';
import type { Clock, Ids } from './actors/ports.ts';
import type { Strategy } from './actors/strategy.ts';
import { createStrategyRunner, type StrategyRunner } from './actors/strategy-runner.ts';
import { createTrading } from './actors/trading.ts';
import type { Trading } from './actors/trading-api.ts';
import type { SeededRandom } from './adapters/random.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import { createPaperVenue, type PaperVenue } from './adapters/venues/paper/paper-venue.ts';
import type { Config } from './config.ts';
import type { MarketEvent } from './domain/market-data.ts';
import { type MarketData, PAPER_VENUE } from './market-data.ts';

export interface DeskParts {
  readonly store: PostgresStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: SeededRandom;
  readonly log: Log;
  readonly marketData: MarketData;
  readonly strategies: readonly Strategy[];
  readonly checkIdentities: boolean;
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Desk {
  readonly trading: Trading;
  readonly venue: PaperVenue;
  readonly view: MarketView;
  readonly runner: StrategyRunner;
  /** Hands one market event to the venue, then to the strategies. */
  feed(event: MarketEvent): void;
  stop(): Promise<void>;
}

export function createDesk(config: Config, parts: DeskParts): Desk {
  const { clock, ids, log, store } = parts;
  const view = createMarketView();
  const venue = createPaperVenue({
    name: PAPER_VENUE,
    clock,
    ids,
    random: parts.random.next,
    store: store.paper,
    log,
    settings: config.paper,
    instruments: () => parts.marketData.instruments(),
  });
  const trading = createTrading({
    store,
    venue,
    clock,
    ids,
    log,
    account: config.account,
    maxOpenOrders: config.maxOpenOrders,
    checkIdentities: parts.checkIdentities,
    ...(parts.inspect === undefined ? {} : { inspect: parts.inspect }),
  });
  const runner = createStrategyRunner({
    strategies: parts.strategies,
    trading,
    clock,
    log,
    book: (id) => view.book(id),
  });
  return {
    trading,
    venue,
    view,
    runner,
    feed(event) {
      view.take(event);
      venue.onMarketEvent(event);
      runner.take(event);
    },
    async stop() {
      runner.stop();
      await trading.stop();
    },
  };
}
