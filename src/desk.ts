/** One trading desk: market data and a venue, strategies over them, and the engine between. */
import type { InspectionEvent } from 'xstate';
import type { Log } from './actors/execution.ts';
import { createMarketView, type MarketView } from './actors/market-view.ts';
import type { Clock, Ids } from './actors/ports.ts';
import type { Strategy } from './actors/strategy.ts';
import { createStrategyRunner, type StrategyRunner } from './actors/strategy-runner.ts';
import { createTrading } from './actors/trading.ts';
import type { Trading } from './actors/trading-api.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import type { Config } from './config.ts';
import type { MarketEvent } from './domain/market-data.ts';
import { availableUsd } from './machines/account.machine.ts';
import type { MarketData } from './market-data.ts';
import type { OpenVenue } from './venue.ts';

export interface DeskParts {
  readonly store: PostgresStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly marketData: MarketData;
  readonly venue: OpenVenue;
  readonly strategies: readonly Strategy[];
  readonly checkIdentities: boolean;
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Desk {
  readonly trading: Trading;
  readonly view: MarketView;
  readonly runner: StrategyRunner;
  /** Hands one market event to the venue, then to the strategies. */
  feed(event: MarketEvent): void;
  /**
   * Ends strategies, venue and engine, in this order. Answers the trading as it ended, to be read
   * for as long as the store is open; undefined where a bug or a broken journal had ended it before.
   */
  stop(): Promise<Trading | undefined>;
}

export function createDesk(config: Config, parts: DeskParts): Desk {
  const { clock, ids, log, store, venue } = parts;
  const view = createMarketView();
  const trading = createTrading({
    store,
    venue: venue.venue,
    clock,
    ids,
    log,
    account: { ...config.account, depositUsd: () => venue.openingUsd() },
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
    view,
    runner,
    feed(event) {
      view.take(event);
      venue.take(event);
      runner.take(event);
    },
    async stop() {
      runner.stop();
      const ended = endOf(trading);
      await trading.stop();
      const { failure, journal } = ended.execution;
      return failure === undefined && journal.health.state === 'ok' ? ended : undefined;
    },
  };
}

/** What is left of trading once it has stopped: the actors in memory and the tables, all settled. */
function endOf(trading: Trading): Trading {
  const { execution } = trading;
  const { registry } = execution;
  return {
    ...trading,
    execution,
    settled: async () => undefined,
    async account() {
      const { context } = registry.snapshot(registry.account());
      return { ...context, availableUsd: availableUsd(context) };
    },
  };
}
