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
import { type GammaRows, MAX_GAMMA_IDS, normalConditionId, readGammaRows } from './gamma.ts';
import { type Market, readMarket, withTick } from './markets-reading.ts';
import { readEach } from './read-each.ts';
import type { Rest } from './rest.ts';

/** Gamma itself is cached for 5 minutes. */
export const MARKET_REFRESH_MS = 300_000;
/** A told tick size is newer than any read that may come from a cache. */
const TICK_HOLDS_MS = 60_000;
/** One account trades some dozens; their books alone would fill a connection. */
export const MAX_MARKETS = 500;
/** Readings of a market in a row that may fail, at the start, or make no sense, later. */
const TRIES = 3;
export const REREAD_MS = 1_000;

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
  /** No more orders for this market, for good. Its legs and cancels go on. */
  halt(conditionId: string, reason: string): void;
  /** Why a market takes no orders, for good or until it can be read; undefined for one that does. */
  haltReason(conditionId: string): string | undefined;
  /** By condition id. */
  readonly halted: Readonly<Record<string, string>>;
  readonly failedReads: number;
}

interface ToLoad {
  readonly conditionId: string;
  /** Gamma's rows of it and of its neighbours. */
  readonly listed: () => Promise<GammaRows | undefined>;
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
  /** Markets that cannot be traded as they were read last, and why. */
  const refused = new Map<string, string>();
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

  function refuse(conditionId: string, reason: string): void {
    if (refused.has(conditionId)) return;
    refused.set(conditionId, reason);
    log('warn', 'A market takes no orders until it can be read.', { conditionId, reason });
  }

  /** @throws {InvalidValue} for a market that cannot be traded as it is described. */
  async function load(conditionId: string, listed?: GammaRows): Promise<void> {
    const market = await readMarket({ rest, gamma, venue, conditionId, listed, protocolV2 });
    const before = markets.get(conditionId);
    if (before !== undefined && !isSame(before, market)) {
      return halt(conditionId, 'the market has other tokens or another version than before');
    }
    const toldAtMs = tickToldAtMs.get(conditionId);
    const isTold = toldAtMs !== undefined && clock.now() - toldAtMs < TICK_HOLDS_MS;
    keep(before !== undefined && isTold ? withTick(market, before.tickSize) : market);
    if (refused.delete(conditionId)) log('info', 'A market takes orders again.', { conditionId });
  }

  /**
   * Reads again, alone, what `mayPass`: what is wrong with one market concerns no other. A market that
   * makes no sense in the end is refused.
   */
  async function loadPatiently(
    { conditionId, listed }: ToLoad,
    mayPass: (fault: unknown) => boolean,
  ): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await load(conditionId, tries === 1 ? await listed() : undefined);
      } catch (fault) {
        if (stopped.signal.aborted) throw fault;
        if (tries >= TRIES || !mayPass(fault)) {
          if (!isSenseless(fault)) throw fault;
          return refuse(conditionId, fault.message);
        }
        await waitUntil(clock, clock.now() + REREAD_MS, stopped.signal);
      }
    }
  }

  /** Gamma is asked for many markets at once, when the first of them is read. */
  function loadAll(read: (market: ToLoad) => Promise<void>): Promise<void> {
    const lists = new Map<number, Promise<GammaRows | undefined>>();
    const listOfBatch = (start: number) => {
      const batch = conditionIds.slice(start, start + MAX_GAMMA_IDS);
      const list = lists.get(start) ?? listTogether(batch);
      lists.set(start, list);
      return list;
    };
    return readEach([...conditionIds.entries()], async ([index, conditionId]) => {
      const listed = () => listOfBatch(index - (index % MAX_GAMMA_IDS));
      if (!stopped.signal.aborted) await read({ conditionId, listed });
    });
  }

  /** Undefined: the list as a whole makes no sense, and each of its markets is asked for alone. */
  async function listTogether(batch: readonly string[]): Promise<GammaRows | undefined> {
    try {
      return await readGammaRows(gamma, batch);
    } catch (fault) {
      if (isSenseless(fault)) return undefined;
      throw fault;
    }
  }

  /**
   * What is known stays as it is when it cannot be read again. What makes no sense may be a slip of a
   * cache: it must not keep anybody from selling.
   */
  async function refresh(): Promise<void> {
    await loadAll((market) =>
      loadPatiently(market, isSenseless).catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        failedReads += 1;
        const { conditionId } = market;
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
      refuse(market.conditionId, `its tick size is ${tickSize}, which nobody documents`);
      return;
    }
    tickToldAtMs.set(market.conditionId, clock.now());
    if (market.tickSize === tickSize) return;
    log('info', 'A tick size changed.', { conditionId: market.conditionId, tickSize });
    keep(withTick(market, tickSize));
  }

  const allHalted = (): Record<string, string> => Object.fromEntries([...refused, ...halted]);

  return {
    async start() {
      await loadAll((market) => loadPatiently(market, (fault) => !isSenseless(fault)));
      if (markets.size === 0 && conditionIds.length > 0) {
        const message = 'None of the configured markets can be traded.';
        throw new FillwrightFault('unknown_instrument', message, allHalted());
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
    haltReason: (conditionId) => halted.get(conditionId) ?? refused.get(conditionId),
    get halted() {
      return allHalted();
    },
    get failedReads() {
      return failedReads;
    },
  };
}

function isSenseless(fault: unknown): fault is InvalidValue {
  return fault instanceof InvalidValue;
}

/** What orders were signed for does not change under them. */
function isSame(before: Market, after: Market): boolean {
  return (
    before.orderVersion === after.orderVersion &&
    before.negRisk === after.negRisk &&
    before.instruments.every((one, index) => one.tokenId === after.instruments[index]?.tokenId)
  );
}
