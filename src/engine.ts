/**
 * Fillwright: the public API. `createEngine(config)` puts store, venue, market data and strategies
 * together and answers only for what is durable.
 */
import type { InspectionEvent } from 'xstate';
import type { EventSink } from './actors/event-port.ts';
import type { Log } from './actors/execution.ts';
import type { LeftOpen, StopOptions } from './actors/graceful-stop.ts';
import type { Ids, MarketDataSource } from './actors/ports.ts';
import type { AcquireOptions } from './actors/store-port.ts';
import type { Strategy } from './actors/strategy.ts';
import {
  type PositionSummary,
  type Summary,
  summarise,
  summarisePositions,
} from './actors/summary.ts';
import type { Trading } from './actors/trading-api.ts';
import { createSystemClock } from './adapters/clock/system-clock.ts';
import { createIds } from './adapters/ids.ts';
import { createRandom } from './adapters/random.ts';
import type { Config } from './config.ts';
import { createDesk, type Desk } from './desk.ts';
import { FillwrightFault } from './domain/faults.ts';
import type { InstrumentId } from './domain/instrument.ts';
import type { BookSnapshot } from './domain/market-data.ts';
import { openEventSinks } from './event-sinks.ts';
import { type MarketData, openMarketData } from './market-data.ts';
import { type OpenStore, openStore } from './open-store.ts';
import { loadStrategies } from './strategies.ts';
import { type OpenVenue, openVenue } from './venue.ts';

export type { BudgetCommand } from './actors/budget-api.ts';
export type { BudgetView } from './actors/budget-rows.ts';
export type { DoubtfulOrder, Quarantine } from './actors/doubts.ts';
export { type EventSink, SinkFault } from './actors/event-port.ts';
export type { Log } from './actors/execution.ts';
export type { LeftOpen, StopOptions } from './actors/graceful-stop.ts';
export type { LiquidationHealth, LiquidationReport } from './actors/liquidation-report.ts';
export type { EngineEvent, EngineEventOf, EngineEventType } from './actors/publisher.ts';
export type { OrderView, PositionView } from './actors/rows.ts';
export type {
  MarketSignal,
  Strategy,
  StrategyAnswer,
  StrategyContext,
  StrategyFactory,
  StrategyIntent,
} from './actors/strategy.ts';
export type { PositionSummary, Summary } from './actors/summary.ts';
export type {
  AccountView,
  CancelFilter,
  CancelResult,
  CommandAnswer,
  SettledAs,
  SubmitResult,
  TradingCommand,
  TradingHealth,
} from './actors/trading-api.ts';
export { type Config, parseConfig, readConfig } from './config.ts';
export { type Decimal, type DecimalText, decimal, toText } from './domain/decimal.ts';
export {
  CATALOGUE,
  type CatalogueEvent,
  type CatalogueEventOf,
  type CatalogueType,
} from './domain/events/catalogue.ts';
export { FillwrightFault, InvalidValue } from './domain/faults.ts';
export type { Instrument } from './domain/instrument.ts';
export type { IntentInput } from './domain/intent-input.ts';
export type { BookSnapshot, PublicTrade } from './domain/market-data.ts';
export { quantisePrice, quantiseSize } from './domain/quantise.ts';
export type { TradeSignal } from './domain/signal.ts';
export { type ReplayOptions, replay } from './replay.ts';

/** How often a simulator's state is kept, so that a killed run goes on near where it was. */
const KEEP_STATE_EVERY_MS = 2_000;
const SOURCE_STATE = 'marketdata.state';

export interface EngineParts {
  readonly log: Log;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Must be given, and only then, where the configuration says `mode: live`. */
  readonly confirmLive?: true;
  /** What a start does while another engine has the writer lease, and what ends its waiting. */
  readonly writer?: AcquireOptions;
  /** In place of the configured ones. */
  readonly strategies?: readonly Strategy[];
  /** Beside the configured ones: a program that takes each event at least once, by its own name. */
  readonly eventSinks?: readonly EventSink[];
  /** In place of the configured market data. */
  readonly marketData?: MarketData;
}

type Shared = Omit<
  Trading,
  'start' | 'stop' | 'execution' | 'marketChanged' | 'settled' | 'workingOrders' | 'position'
>;

export interface StopSummary extends Summary {
  readonly left: LeftOpen;
}

/** An engine as its users see it. Methods throw `not_running` before `start` and after `stop`. */
export interface Engine extends Shared {
  /**
   * Opens the store, restores every actor, catches up with the venue, starts feed and strategies.
   * @throws {FillwrightFault} `invalid_config` for real money that was not confirmed, or the reverse;
   * `store_busy` while another engine has the writer lease, unless `writer` says what else to do.
   */
  start(): Promise<void>;
  book(id: InstrumentId): BookSnapshot | undefined;
  /** Positions with their worth by the newest books. */
  marks(): readonly PositionSummary[];
  summary(): Promise<Summary>;
  /** Resolves when the market data ends by itself, or when the engine stops. Throws what broke it. */
  finished(): Promise<void>;
  /**
   * Waits for a start that is under way (not for another engine), then stops. Everything taken in is
   * durable and in the read tables when this resolves. Answers where the account stands at the very
   * end and what stays open at the venue; nothing where no engine ran, or where a bug had ended
   * trading. `options` win over the section `stop` of the configuration.
   */
  stop(options?: StopOptions): Promise<StopSummary | undefined>;
}

interface Running {
  readonly opened: OpenStore;
  readonly marketData: MarketData;
  readonly venue: OpenVenue;
  readonly desk: Desk;
  readonly abort: AbortController;
  readonly feeding: Promise<void>;
  readonly startedAt: number;
}

export function createEngine(config: Config, parts: EngineParts): Engine {
  const { log } = parts;
  const clock = createSystemClock();
  let running: Running | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<StopSummary | undefined> | undefined;
  let cancelKeeping: (() => void) | undefined;
  /** Ends the waiting of a start for another engine. */
  let ending = new AbortController();

  function live(): Running {
    if (running === undefined) {
      throw new FillwrightFault('not_running', 'The engine has not been started, or has stopped.');
    }
    return running;
  }

  async function start(): Promise<void> {
    const refused = [
      [starting, 'The engine is being started already.'],
      [stopping, 'The engine is being stopped: it can be started again afterwards.'],
      [running, 'The engine has been started already.'],
    ] as const;
    for (const [reason, message] of refused) {
      if (reason !== undefined) throw new FillwrightFault('not_running', message);
    }
    ending = new AbortController();
    starting = begin().finally(() => {
      starting = undefined;
    });
    await starting;
  }

  async function begin(): Promise<void> {
    checkConfirmed(config.mode, parts.confirmLive);
    const startedAt = performance.now();
    const opened = await openStore(config, log);
    try {
      running = await open(opened, startedAt);
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async function open(opened: OpenStore, startedAt: number): Promise<Running> {
    const { store } = opened;
    await store.migrate();
    const signals = [
      ending.signal,
      ...(parts.writer?.signal === undefined ? [] : [parts.writer.signal]),
    ];
    await store.acquireWriter({ ...parts.writer, signal: AbortSignal.any(signals) });
    const random = createRandom(`${process.pid}-${clock.now()}`);
    const ids = createIds({ clock });
    let marketData: MarketData | undefined;
    const venue = await openVenue(config, {
      ...{ store, clock, ids, random: random.next, log },
      instruments: () => marketData?.instruments() ?? [],
    });
    try {
      const { channel } = venue;
      marketData =
        parts.marketData ?? (await openMarketData(config, { clock, random, log, channel }));
      return await openDesk(opened, marketData, venue, ids, startedAt);
    } catch (error) {
      await venue.close();
      throw error;
    }
  }

  async function openDesk(
    opened: OpenStore,
    marketData: MarketData,
    venue: OpenVenue,
    ids: Ids,
    startedAt: number,
  ): Promise<Running> {
    const { store } = opened;
    const saved = await store.metadata(SOURCE_STATE);
    if (saved !== undefined) restoreState(marketData, saved);
    const desk = createDesk(config, {
      store,
      clock,
      ids,
      log,
      marketData,
      venue,
      strategies: parts.strategies ?? (await loadStrategies(config)),
      checkIdentities: config.checkIdentities,
      takesCommands: true,
      eventSinks: [...openEventSinks(config, clock), ...(parts.eventSinks ?? [])],
      ...(parts.inspect === undefined ? {} : { inspect: parts.inspect }),
    });
    await desk.trading.start();
    desk.runner.start();
    const abort = new AbortController();
    const feeding = feed(marketData.source, desk, abort.signal);
    // Nobody may be waiting for its end yet: without this a fault of it would end the process.
    feeding.catch(() => undefined);
    const opening = { opened, marketData, venue, desk, abort, feeding, startedAt };
    keepState(opened.store, marketData);
    return opening;
  }

  /** A state of other markets belongs to another configuration: the simulator starts anew. */
  function restoreState(marketData: MarketData, saved: string): void {
    try {
      marketData.state?.restore(saved);
    } catch (error) {
      log.warn({ error }, 'The market simulator starts anew: its saved state is of other markets.');
    }
  }

  async function feed(source: MarketDataSource, desk: Desk, signal: AbortSignal): Promise<void> {
    try {
      await source.run((event) => desk.feed(event), signal);
    } catch (error) {
      if (signal.aborted) return;
      log.error({ error, source: source.name }, 'The market data has ended with a fault.');
      throw error;
    }
  }

  function keepState(store: OpenStore['store'], { state }: MarketData): void {
    if (state === undefined) return;
    const keep = async () => {
      try {
        await store.setMetadata(SOURCE_STATE, state.save());
      } catch (error) {
        log.warn({ error }, 'The simulator could not keep its state.');
      }
      if (running !== undefined) wait();
    };
    const wait = () => {
      cancelKeeping = clock.at(clock.now() + KEEP_STATE_EVERY_MS, () => void keep());
    };
    wait();
  }

  function stop(options: StopOptions = {}): Promise<StopSummary | undefined> {
    stopping ??= end(options).finally(() => {
      stopping = undefined;
    });
    return stopping;
  }

  async function end(options: StopOptions): Promise<StopSummary | undefined> {
    ending.abort();
    // A start that fails leaves nothing to stop; its own caller is told why.
    await starting?.catch(() => undefined);
    if (running === undefined) return undefined;
    const { opened, marketData, venue, desk, abort, feeding } = running;
    cancelKeeping?.();
    abort.abort();
    await feeding.catch(() => undefined);
    try {
      const { cancelOrders, cancelSeconds } = config.stop;
      const ended = await desk.stop({
        cancelOrders: options.cancelOrders ?? cancelOrders,
        cancelLimitMs: options.cancelLimitMs ?? cancelSeconds * 1_000,
      });
      const summary =
        ended === undefined
          ? undefined
          : { ...(await summaryOf(running, ended.trading)), left: ended.left };
      if (marketData.state !== undefined && ended !== undefined) {
        await opened.store.setMetadata(SOURCE_STATE, marketData.state.save());
      }
      return summary;
    } finally {
      running = undefined;
      cancelKeeping?.();
      await venue.close();
      await opened.close();
    }
  }

  function summaryOf({ opened, marketData, desk, startedAt }: Running, trading: Trading) {
    return summarise({
      trading,
      store: opened.store,
      counts: marketData.source.counts,
      view: desk.view,
      durationMs: performance.now() - startedAt,
    });
  }

  return {
    start,
    stop,
    submit: (intent) => live().desk.trading.submit(intent),
    submitAll: (intents) => live().desk.trading.submitAll(intents),
    cancel: (orderId, reason) => live().desk.trading.cancel(orderId, reason),
    cancelAll: (filter, reason) => live().desk.trading.cancelAll(filter, reason),
    order: (orderId) => live().desk.trading.order(orderId),
    orders: (filter) => live().desk.trading.orders(filter),
    positions: () => live().desk.trading.positions(),
    account: () => live().desk.trading.account(),
    budgets: (filter) => live().desk.trading.budgets(filter),
    flatten: (by, reason) => live().desk.trading.flatten(by, reason),
    send: (command) => live().desk.trading.send(command),
    on: (type, listener) => live().desk.trading.on(type, listener),
    instruments: () => live().marketData.instruments(),
    health: () => live().desk.trading.health(),
    book: (id) => live().desk.view.book(id),
    marks: () => summarisePositions(live().desk.trading, live().desk.view),
    async summary() {
      const now = live();
      return summaryOf(now, now.desk.trading);
    },
    finished: () => live().feeding,
  };
}

/** Real money takes two words, of different places: nobody trades it by a slip of one. */
function checkConfirmed(mode: Config['mode'], confirmed: true | undefined): void {
  if ((mode === 'live') === (confirmed === true)) return;
  const message =
    mode === 'live'
      ? 'The configuration says mode: live, which is real money: confirm it with --live (in a program: confirmLive: true).'
      : 'Live trading was confirmed, but the configuration says mode: paper.';
  throw new FillwrightFault('invalid_config', message, { mode });
}
