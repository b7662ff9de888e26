/**
 * What is held and promised, by market, event and in all, and which of our orders stand where: kept up
 * with every step, so that a check costs the same however many orders are open. Decides nothing by
 * what happens to be in memory: an order that is over counts nothing.
 */
import { ONE, toText } from '../domain/decimal.ts';
import { compare, minus, notBelowZero, plus } from '../domain/exact.ts';
import { type Instrument, instrumentId, opposite, type Side } from '../domain/instrument.ts';
import type { Intent } from '../domain/intent.ts';
import type { RuleFacts } from '../domain/risk/rule.ts';
import { isExecutionOver, isPending } from '../machines/order.status.ts';
import type { SnapshotOf } from './registry.ts';
import { axes, tradable } from './rows.ts';
import { insertSorted, placeOf, removeSorted } from './sorted-list.ts';

export interface Exposures {
  /** An order as it stands after a step. */
  order(name: string, snapshot: SnapshotOf['order']): void;
  position(name: string, snapshot: SnapshotOf['position']): void;
  of(instrument: Instrument): RuleFacts['exposure'];
  /** A pending order of this strategy, outcome and side; of several the first made. */
  pending(intent: Intent): string | null;
  /** An order of our own that this BUY would meet; of several the first made. */
  own(intent: Intent, instrument: Instrument): string | null;
}

interface Place {
  readonly marketId: string;
  readonly eventId: string | null;
}

interface Counted extends Place {
  readonly usd: string;
  readonly spot: Spot;
  /** It stands in the venue's book, as far as we know. */
  readonly works: boolean;
  readonly pending: boolean;
}

interface Spot {
  readonly side: string;
  readonly flag: string;
  readonly price: string;
}

/** Orders at one price, the first made first. */
interface Level {
  readonly price: string;
  readonly ids: string[];
}

export function createExposures(): Exposures {
  const orders = new Map<string, Counted>();
  const positions = new Map<string, Place & { readonly usd: string }>();
  const markets = new Map<string, string>();
  const events = new Map<string, string>();
  /** By outcome and side, the lowest price first. */
  const levels = new Map<string, Level[]>();
  /** By strategy, outcome and side, the first made first. */
  const flags = new Map<string, string[]>();
  let totalUsd = '0';

  function add({ marketId, eventId }: Place, before: string, after: string): void {
    if (before === after) return;
    const change = minus(after, before);
    totalUsd = plus(totalUsd, change);
    addTo(markets, marketId, change);
    if (eventId !== null) addTo(events, eventId, change);
  }

  function stand(name: string, { side, price }: Spot): void {
    const ofSide = levels.get(side) ?? [];
    levels.set(side, ofSide);
    const place = placeOf(ofSide, { price, ids: [] }, byPrice);
    const known = ofSide[place];
    if (known !== undefined && compare(known.price, price) === 0) {
      insertSorted(known.ids, name, byName);
    } else ofSide.splice(place, 0, { price, ids: [name] });
  }

  function leave(name: string, { side, price }: Spot): void {
    const ofSide = levels.get(side) ?? [];
    const level = ofSide[placeOf(ofSide, { price, ids: [] }, byPrice)];
    if (level !== undefined) {
      removeSorted(level.ids, name, byName);
      if (level.ids.length === 0) removeSorted(ofSide, level, byPrice);
    }
    if (ofSide.length === 0) levels.delete(side);
  }

  function raise(name: string, flag: string): void {
    const flagged = flags.get(flag);
    if (flagged === undefined) flags.set(flag, [name]);
    else insertSorted(flagged, name, byName);
  }

  function lower(name: string, flag: string): void {
    const flagged = flags.get(flag) ?? [];
    removeSorted(flagged, name, byName);
    if (flagged.length === 0) flags.delete(flag);
  }

  return {
    order(name, snapshot) {
      const { context } = snapshot;
      const { execution } = axes(snapshot);
      const works = !isExecutionOver(execution);
      const pending = isPending(execution, context);
      const before = orders.get(name);
      const usd = context.reservedUsd;
      if (before?.usd === usd && before.works === works && before.pending === pending) return;
      if (before === undefined && !pending) return;
      const { intent, instrument } = context;
      const place = before ?? {
        marketId: instrument.marketId,
        eventId: instrument.eventId ?? null,
      };
      add(place, before?.usd ?? '0', usd);
      const spot = before?.spot ?? {
        side: sideOf(instrument.id, intent.side),
        flag: flagOf(intent),
        price: intent.price,
      };
      if (before?.works && !works) leave(name, spot);
      if (!before?.works && works) stand(name, spot);
      if (before?.pending && !pending) lower(name, spot.flag);
      if (!before?.pending && pending) raise(name, spot.flag);
      if (!pending) orders.delete(name);
      else {
        const { marketId, eventId } = place;
        orders.set(name, { marketId, eventId, usd, spot, works, pending });
      }
    },
    position(name, { context }) {
      const before = positions.get(name);
      // Sold short by a void it costs less than nothing, which makes no room for anything else.
      const usd = notBelowZero(tradable(context).costBasis);
      if (before?.usd === usd) return;
      const { marketId, eventId } = context;
      add({ marketId, eventId }, before?.usd ?? '0', usd);
      if (usd === '0') positions.delete(name);
      else positions.set(name, { marketId, eventId, usd });
    },
    of({ marketId, eventId }) {
      return {
        marketUsd: markets.get(marketId) ?? '0',
        eventUsd: eventId === undefined ? null : (events.get(eventId) ?? '0'),
        totalUsd,
      };
    },
    pending: (intent) => flags.get(flagOf(intent))?.[0] ?? null,
    own(intent, { id, venue, marketId, outcome }) {
      // A BUY meets a SELL of its outcome, and a BUY of the other one where both pay a dollar.
      const sells = levels.get(sideOf(id, 'SELL')) ?? [];
      const other = instrumentId(venue, marketId, opposite(outcome));
      const buys = levels.get(sideOf(other, 'BUY')) ?? [];
      const least = minus(toText(ONE), intent.price);
      let found: string | null = null;
      const meet = ({ ids: [id] }: Level) => {
        if (id !== undefined && (found === null || id < found)) found = id;
      };
      for (const level of sells) {
        if (compare(level.price, intent.price) > 0) break;
        meet(level);
      }
      for (let index = buys.length - 1; index >= 0; index -= 1) {
        const level = buys[index];
        if (level === undefined || compare(level.price, least) < 0) break;
        meet(level);
      }
      return found;
    },
  };
}

function sideOf(id: string, side: Side): string {
  return `${id}/${side}`;
}

function flagOf({ strategy, instrumentId: id, side }: Intent): string {
  return JSON.stringify([strategy, id, side]);
}

function addTo(sums: Map<string, string>, key: string, change: string): void {
  const sum = plus(sums.get(key) ?? '0', change);
  if (sum === '0') sums.delete(key);
  else sums.set(key, sum);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byPrice(a: Level, b: Level): number {
  return compare(a.price, b.price);
}
