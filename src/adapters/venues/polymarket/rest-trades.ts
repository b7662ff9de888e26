/**
 * Legs by REST. `GET /data/trades` filters by the time of the match alone, but a leg's settlement
 * changes minutes later: so what is not settled is remembered, and read again until it is.
 * Source: Polymarket docs, "Get trades"; nautilus_trader #3345 (market filters miss our maker fills).
 */
import type { Clock } from '../../../actors/ports.ts';
import { dropOldest } from '../../../domain/drop-oldest.ts';
import type { InvalidValue } from '../../../domain/faults.ts';
import { isFinalSettlement, type LegReport } from '../../../domain/fill-leg.ts';
import { type InstrumentOf, legsOf, type NoteFinding, type Ours } from './attribution.ts';
import type { Rest } from './rest.ts';
import { readPages } from './rest-pages.ts';
import { parseTrade, type WireTrade } from './user-wire.ts';

/** Settlement takes minutes. What is older than this is read by its id, not by time. */
const UNSETTLED_WINDOW_MS = 3_600_000;
/** What was not settled before this process started is not known: this far back it may be. */
export const FIRST_LOOK_BACK_MS = 86_400_000;
/** The venue's times are cut to seconds. */
const COARSENESS_MS = 999;
/** Trades read by id in one go: the rest comes with the next. */
const MAX_READ_BY_ID = 100;
/** Some hours of a busy account in which nothing settles. */
const MAX_UNSETTLED = 20_000;

export interface TradeReader {
  /** Every leg of ours whose state changed at or after `sinceMs`, oldest first; maybe older ones. */
  fetch(sinceMs: number): Promise<readonly LegReport[]>;
  /** Takes note of a leg that the stream told. */
  see(leg: LegReport): void;
  readonly unsettled: number;
  /** Unsettled legs that did not fit in memory: only the stream tells of them. */
  readonly forgotten: number;
}

export interface TradeReaderOptions {
  readonly rest: Pick<Rest, 'read'>;
  readonly clock: Pick<Clock, 'now'>;
  /** A moment of our clock as the venue calls it, as early as it can have been. */
  readonly venueTimeMs: (oursMs: number) => number;
  /** The account's address: trades are asked for by it. */
  readonly makerAddress: string;
  readonly ours: Ours;
  readonly instrumentOf: InstrumentOf;
  readonly note: NoteFinding;
  readonly onMalformed: (fault: InvalidValue) => void;
  /** No trade before this moment is of interest: an account may have a past. */
  readonly historySinceMs: number;
}

export function createTradeReader(options: TradeReaderOptions): TradeReader {
  const { rest, venueTimeMs, makerAddress, ours, instrumentOf, note, onMalformed } = options;
  /** Time of the match by trade id. */
  const unsettled = new Map<string, number>();
  const startedAtMs = options.clock.now();
  let forgotten = 0;

  function see(leg: LegReport): void {
    // Goes to the end, so that those that were not looked at for longest are read by id first.
    unsettled.delete(leg.tradeId);
    if (isFinalSettlement(leg.settlement)) return;
    unsettled.set(leg.tradeId, leg.matchedAtMs);
    if (dropOldest(unsettled, MAX_UNSETTLED)) forgotten += 1;
  }

  /** From when on matches are read. */
  function windowStartMs(sinceMs: number): number {
    if (sinceMs <= 0) return 0;
    if (sinceMs < venueTimeMs(startedAtMs)) return sinceMs - FIRST_LOOK_BACK_MS;
    const oldest = Math.min(sinceMs, ...unsettled.values());
    return Math.max(oldest, sinceMs - UNSETTLED_WINDOW_MS);
  }

  const read = (query: Readonly<Record<string, string>>) =>
    readPages<WireTrade>(rest, {
      ...{ route: 'list', path: '/data/trades', query },
      ...{ parse: parseTrade, onMalformed },
    });

  async function fetch(oursSinceMs: number): Promise<readonly LegReport[]> {
    // From here on all times are the venue's.
    const sinceMs = venueTimeMs(oursSinceMs);
    const historySinceMs = venueTimeMs(options.historySinceMs);
    const startMs = Math.max(windowStartMs(sinceMs), historySinceMs, 0);
    const afterS = Math.max(0, Math.floor(startMs / 1_000) - 1);
    // One second less, for `after` may leave out its own. Whatever changes from now on is of a leg
    // that either was unsettled or is matched later.
    const open = new Set(unsettled.keys());
    const old = [...unsettled].filter(([, matchedAtMs]) => matchedAtMs < startMs);
    const trades = [...(await read({ maker_address: makerAddress, after: String(afterS) }))];
    const ids = [...new Set(old.map(([key]) => tradeIdIn(key)))].slice(0, MAX_READ_BY_ID);
    for (const id of ids) trades.push(...(await read({ id })));
    // What the venue no longer shows goes to the end as well: else it would be asked for first for ever.
    for (const [key, matchedAtMs] of old) {
      if (ids.includes(tradeIdIn(key)) && unsettled.delete(key)) unsettled.set(key, matchedAtMs);
    }
    const isNews = (leg: LegReport, trade: WireTrade): boolean =>
      changedAtMs(trade) + COARSENESS_MS >= sinceMs || open.has(leg.tradeId);
    const news: { leg: LegReport; atMs: number }[] = [];
    for (const trade of trades) {
      if (trade.matchedAtMs + COARSENESS_MS < historySinceMs) continue;
      for (const leg of legsOf(trade, ours, instrumentOf, note)) {
        see(leg);
        if (isNews(leg, trade)) news.push({ leg, atMs: changedAtMs(trade) });
      }
    }
    return news.sort((a, b) => a.atMs - b.atMs || inTime(a.leg, b.leg)).map(({ leg }) => leg);
  }

  return {
    fetch,
    see,
    get unsettled() {
      return unsettled.size;
    },
    get forgotten() {
      return forgotten;
    },
  };
}

/** One match may settle in several transactions: see `legsOf`. */
function tradeIdIn(key: string): string {
  return key.replace(/#\d+$/, '');
}

function changedAtMs(trade: WireTrade): number {
  return Math.max(trade.updatedAtMs ?? 0, trade.matchedAtMs);
}

/** Within one second what was bought comes first, for it may be what was sold. */
function inTime(a: LegReport, b: LegReport): number {
  return a.matchedAtMs - b.matchedAtMs || Number(a.side === 'SELL') - Number(b.side === 'SELL');
}
