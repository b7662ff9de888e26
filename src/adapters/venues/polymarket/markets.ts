/**
 * The markets that we trade, in memory: making and sending an order never waits for a read. They are
 * read at the start, again in the background, and follow tick-size changes at once.
 * Sources: clob-client #232, #265 (stale tick sizes); JKorf/Polymarket.Net #41 (reads on the way of
 * an order).
 */
import type { Clock } from '../../../actors/ports.ts';
import type { DecimalText } from '../../../domain/decimal.ts';
import { FillwrightFault, InvalidValue } from '../../../domain/faults.ts';
import type { Instrument, InstrumentId } from '../../../domain/instrument.ts';
import { isKnownTick } from '../../../domain/quantise.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import { waitUntil } from '../../marketdata/wait.ts';
import { normalConditionId } from './gamma.ts';
import { type Market, readMarket, withTick } from './markets-reading.ts';
import { readEach } from './read-each.ts';
import type { Rest } from './rest.ts';

/** Gamma itself is cached for 5 minutes. */
export const MARKET_REFRESH_MS = 300_000;
/** A told tick size is newer than any read that may come from a cache. */
const TICK_HOLDS_MS = 60_000;
/** One account trades some dozens; their books alone would fill a connection. */
export const MAX_MARKETS = 500;
const START_TRIES = 3;
const START_RETRY_MS = 1_000;

export interface MarketsOptions {
  readonly rest: Pick<Rest, 'clobMarket' | 'tickSize'>;
  readonly gamma: Pick<Rest, 'call'>;
  readonly clock: Clock;
  /** Part of every instrument's id. */
  readonly venue: string;
  readonly conditionIds: readonly string[];
  /** False: markets of version `v2` are refused. */
  readonly protocolV2?: boolean | undefined;
  readonly log: FeedLog;
}

export interface Markets {
  /** Reads them all. What cannot be traded is refused by name. @throws when the venue does not answer. */
  start(): Promise<void>;
  stop(): void;
  instrument(id: InstrumentId): Instrument | undefined;
  instruments(): readonly Instrument[];
  ofToken(tokenId: string): Market | undefined;
  instrumentOf(tokenId: string): Instrument | undefined;
  /** A change that the market channel or a refusal told. */
  onTickSize(tokenId: string, tickSize: DecimalText): void;
  /** Asks for the tick size, after a refusal that did not say it. Never rejects. */
  refreshTick(tokenId: string): Promise<void>;
  /** No more orders for this market. Its legs and cancels go on. */
  halt(conditionId: string, reason: string): void;
  /** Why a market takes no orders; undefined for one that does. */
  haltReason(conditionId: string): string | undefined;
  /** By condition id. */
  readonly halted: Readonly<Record<string, string>>;
  readonly failedReads: number;
}

/** @throws {InvalidValue} for a condition id that is none, or for too many. */
export function createMarkets(options: MarketsOptions): Markets {
  const { rest, gamma, clock, venue, log, protocolV2 } = options;
  const conditionIds = [...new Set(options.conditionIds.map((id) => normalConditionId(id)))];
  if (conditionIds.length > MAX_MARKETS) {
    throw new InvalidValue('markets', conditionIds.length, `at most ${MAX_MARKETS} markets`);
  }
  const markets = new Map<string, Market>();
  const byToken = new Map<string, Market>();
  const byInstrument = new Map<InstrumentId, Instrument>();
  const halted = new Map<string, string>();
  const tickToldAtMs = new Map<string, number>();
  const stopped = new AbortController();
  let failedReads = 0;
  let cancelTimer: (() => void) | undefined;

  function keep(market: Market): void {
    markets.set(market.conditionId, market);
    for (const instrument of market.instruments) {
      byToken.set(instrument.tokenId, market);
      byInstrument.set(instrument.id, instrument);
    }
  }

  function halt(conditionId: string, reason: string): void {
    if (halted.has(conditionId)) return;
    halted.set(conditionId, reason);
    log('warn', 'A market takes no more orders here.', { conditionId, reason });
  }

  /** A fault of the market refuses it; a read that failed is the caller's to try again. */
  async function load(conditionId: string): Promise<void> {
    let market: Market;
    try {
      market = await readMarket({ rest, gamma, venue, conditionId, protocolV2 });
    } catch (fault) {
      if (!(fault instanceof InvalidValue)) throw fault;
      return halt(conditionId, fault.message);
    }
    const before = markets.get(conditionId);
    if (before !== undefined && !isSame(before, market)) {
      return halt(conditionId, 'the market has other tokens or another version than before');
    }
    const toldAtMs = tickToldAtMs.get(conditionId);
    const isTold = toldAtMs !== undefined && clock.now() - toldAtMs < TICK_HOLDS_MS;
    keep(before !== undefined && isTold ? withTick(market, before.tickSize) : market);
  }

  function loadAll(read: (conditionId: string) => Promise<void>): Promise<void> {
    return readEach(conditionIds, async (conditionId) => {
      if (!stopped.signal.aborted) await read(conditionId);
    });
  }

  async function loadAtStart(conditionId: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await load(conditionId);
      } catch (fault) {
        if (tries >= START_TRIES || stopped.signal.aborted) throw fault;
        await waitUntil(clock, clock.now() + START_RETRY_MS, stopped.signal);
      }
    }
  }

  /** What is known stays as it is when it cannot be read again. */
  async function refresh(): Promise<void> {
    await loadAll((conditionId) =>
      load(conditionId).catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        failedReads += 1;
        log('warn', 'A market could not be read again.', { conditionId, error });
      }),
    );
    schedule();
  }

  function schedule(): void {
    if (stopped.signal.aborted) return;
    cancelTimer = clock.at(clock.now() + MARKET_REFRESH_MS, () => void refresh());
  }

  function onTickSize(tokenId: string, tickSize: DecimalText): void {
    const market = byToken.get(tokenId);
    if (market === undefined) return;
    if (!isKnownTick(tickSize)) {
      halt(market.conditionId, `its tick size is ${tickSize}, which nobody documents`);
      return;
    }
    tickToldAtMs.set(market.conditionId, clock.now());
    if (market.tickSize === tickSize) return;
    log('info', 'A tick size changed.', { conditionId: market.conditionId, tickSize });
    keep(withTick(market, tickSize));
  }

  return {
    async start() {
      await loadAll(loadAtStart);
      if (markets.size === 0 && conditionIds.length > 0) {
        const message = 'None of the configured markets can be traded.';
        throw new FillwrightFault('unknown_instrument', message, Object.fromEntries(halted));
      }
      schedule();
    },
    stop() {
      stopped.abort();
      cancelTimer?.();
    },
    instrument: (id) => byInstrument.get(id),
    instruments: () => [...byInstrument.values()],
    ofToken: (tokenId) => byToken.get(tokenId),
    instrumentOf: (tokenId) =>
      byToken.get(tokenId)?.instruments.find((one) => one.tokenId === tokenId),
    onTickSize,
    async refreshTick(tokenId) {
      try {
        onTickSize(tokenId, await rest.tickSize(tokenId));
      } catch (error) {
        failedReads += 1;
        log('warn', 'A tick size could not be read.', { tokenId, error });
      }
    },
    halt,
    haltReason: (conditionId) => halted.get(conditionId),
    get halted() {
      return Object.fromEntries(halted);
    },
    get failedReads() {
      return failedReads;
    },
  };
}

/** What orders were signed for does not change under them. */
function isSame(before: Market, after: Market): boolean {
  return (
    before.orderVersion === after.orderVersion &&
    before.negRisk === after.negRisk &&
    before.instruments.every((one, index) => one.tokenId === after.instruments[index]?.tokenId)
  );
}
