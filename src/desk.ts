/** One trading desk: market data and a venue, strategies over them, and the engine between. */
import type { InspectionEvent } from 'xstate';
import { accountView } from './actors/account-view.ts';
import type { EventSink } from './actors/event-port.ts';
import type { Log } from './actors/execution.ts';
import type { LeftOpen, StopOptions } from './actors/graceful-stop.ts';
import { createMarketView, type MarketView } from './actors/market-view.ts';
import type { Clock, Ids } from './actors/ports.ts';
import type { Strategy } from './actors/strategy.ts';
import { createStrategyRunner, type StrategyRunner } from './actors/strategy-runner.ts';
import { createTrading } from './actors/trading.ts';
import type { Trading } from './actors/trading-api.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import { limitsOf } from './config/risk-schema.ts';
import type { Config } from './config.ts';
import type { MarketEvent } from './domain/market-data.ts';
import type { MarketData } from './market-data.ts';
import type { OpenVenue } from './venue.ts';

const DAY_MS = 86_400_000;

export interface DeskParts {
  readonly store: PostgresStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly marketData: MarketData;
  readonly venue: OpenVenue;
  readonly strategies: readonly Strategy[];
  readonly checkIdentities: boolean;
  /** Takes the commands that come through the store. A replay has nobody to command it. */
  readonly takesCommands: boolean;
  /** Where events go. A replay tells nobody. */
  readonly eventSinks?: readonly EventSink[];
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface EndedTrading {
  readonly trading: Trading;
  readonly left: LeftOpen;
}

export interface Desk {
  readonly trading: Trading;
  readonly view: MarketView;
  readonly runner: StrategyRunner;
  /** Hands one market event to the venue, then to the strategies. */
  feed(event: MarketEvent): void;
  /**
   * Ends strategies, venue and engine, in this order. Answers the trading as it ended, to be read
   * for as long as the store is open, and what stays open at the venue; undefined where a bug or a
   * broken journal had ended it before.
   */
  stop(options?: StopOptions): Promise<EndedTrading | undefined>;
}

export function createDesk(config: Config, parts: DeskParts): Desk {
  const { clock, ids, log, store, venue } = parts;
  const view = createMarketView(clock);
  const trading = createTrading({
    store,
    venue: venue.venue,
    clock,
    ids,
    log,
    account: { ...config.account, depositUsd: () => venue.openingUsd() },
    maxOpenOrders: config.maxOpenOrders,
    limits: limitsOf(config.risk),
    books: view,
    ...(config.exits.plan === null ? {} : { exitPlan: config.exits.plan }),
    checkIdentities: parts.checkIdentities,
    reconcile: config.reconcile,
    settlement: { askAfterMs: config.settlement.askAfterSeconds * 1_000 },
    ...(parts.takesCommands ? { commands: store.commands } : {}),
    ...(parts.eventSinks === undefined
      ? {}
      : {
          events: {
            store: store.events,
            sinks: parts.eventSinks,
            keepMs: config.events.keepDays * DAY_MS,
          },
        }),
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
      trading.marketChanged(instrumentOf(event));
      runner.take(event);
    },
    async stop(options) {
      runner.stop();
      const ended = endOf(trading);
      const left = await trading.stop(options);
      const { failure, journal } = ended.execution;
      const isWhole = failure === undefined && journal.health.state === 'ok';
      return isWhole && left !== undefined ? { trading: ended, left } : undefined;
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
    account: async () => accountView(registry),
  };
}

function instrumentOf(event: MarketEvent): string {
  if (event.type === 'market.bookChanged') return event.book.instrumentId;
  return event.type === 'market.traded' ? event.trade.instrumentId : event.instrumentId;
}
