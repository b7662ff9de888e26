/** Holds the engine's books and promises against the exchange's own ledger. Pure: every difference is a line. */
import { Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { Row } from './database.ts';
import type { Asked, Promises } from './promises.ts';
import type { VenueLedger } from './sandbox.ts';
import { filledAtVenue, roundedParts, UNIT, type VenueLeg, venueLegs } from './venue-legs.ts';

/** The engine's tables, as far as they are compared. */
export interface EngineBooks {
  readonly intents: readonly Row[];
  readonly prepared: readonly Row[];
  readonly orders: readonly Row[];
  readonly legs: readonly Row[];
  readonly positions: readonly Row[];
  /** Sum of the ledger entries, in dollars. */
  readonly cashUsd: string;
  /** Of the account: what open orders may still spend. */
  readonly accountReservedUsd: string;
}

export interface Violation {
  readonly rule: string;
  /** What shows it: both sides, with their ids. */
  readonly evidence: string;
}

export interface Comparison {
  readonly violations: readonly Violation[];
  /** How many things were held against each other. */
  readonly counts: Readonly<Record<string, number | string>>;
}

export interface Compared {
  readonly books: EngineBooks;
  readonly ledger: VenueLedger;
  readonly promises: Promises;
  /** Our instrument's id, by token. */
  readonly instrumentOf: (tokenId: string) => string;
}

/** A difference that repeats a thousand times is shown this often for each rule. */
const MOST_EVIDENCE = 5;

export function compareBooks(compared: Compared): Comparison {
  const violations: Violation[] = [];
  const shown = new Map<string, number>();
  const note = (rule: string, evidence: unknown) => {
    const count = (shown.get(rule) ?? 0) + 1;
    shown.set(rule, count);
    if (count <= MOST_EVIDENCE) violations.push({ rule, evidence: JSON.stringify(evidence) });
  };
  const counts = {
    ...comparePromises(compared, note),
    ...compareOrders(compared, note),
    ...compareLegs(compared, note),
    ...compareMoney(compared, note),
  };
  for (const [rule, count] of shown) {
    if (count > MOST_EVIDENCE)
      violations.push({ rule, evidence: `and ${count - MOST_EVIDENCE} more` });
  }
  return { violations, counts };
}

type Note = (rule: string, evidence: unknown) => void;

function plain(text: string | null | undefined): string {
  return toText(decimal(text ?? '0'));
}

/** What was answered or told is there: nothing lost. And each key is one order. */
function comparePromises({ books, promises }: Compared, note: Note) {
  const orderIds = new Set(books.orders.map(({ client_order_id }) => client_order_id));
  const idOfKey = new Map(books.intents.map(({ key, client_order_id }) => [key, client_order_id]));
  for (const [key, ids] of promises.answered) {
    const [id] = ids;
    if (ids.size > 1) note('one key is one order', { key, orders: [...ids] });
    if (idOfKey.get(key) !== id) {
      note('an answered intent is kept', { key, answered: id, kept: idOfKey.get(key) ?? null });
    }
    if (id !== undefined && !orderIds.has(id))
      note('an answered order is kept', { key, order: id });
  }
  const legKeys = new Set(books.legs.map(({ leg_key }) => leg_key));
  for (const key of promises.filled) {
    if (!legKeys.has(key)) note('a fill that was told is kept', { leg: key });
  }
  for (const refusal of promises.refused) note('no intent is refused', refusal);
  const ids = books.intents.map(({ client_order_id }) => client_order_id);
  if (new Set(ids).size !== ids.length) note('one intent is one order', { intents: ids.length });
  return {
    answeredIntents: promises.answered.size,
    repeatedAnswers: promises.repeats,
    toldFills: promises.filled.size,
  };
}

/** At most one order at the venue for each intent; each filled as far as the venue says. */
function compareOrders(compared: Compared, note: Note) {
  const { books, ledger } = compared;
  const ours = new Map(books.orders.map((row) => [row.venue_order_id, row]));
  const preparedIds = new Set(books.prepared.map(({ venue_order_id }) => venue_order_id));
  const filled = filledAtVenue(ledger);
  for (const order of ledger.orders) {
    const row = ours.get(order.id);
    if (row === undefined || !preparedIds.has(order.id)) {
      note('an order at the venue is an order of ours', {
        order,
        prepared: preparedIds.has(order.id),
      });
      continue;
    }
    const atVenue = toText(filled.get(order.id) ?? ZERO);
    if (plain(row.filled_size) !== atVenue) {
      note('an order is filled as far as at the venue', { order, atVenue, ours: row });
    }
    if (order.status === 'LIVE') note('nothing is live at the venue', order);
  }
  const theirs = new Set(ledger.orders.map(({ id }) => id));
  for (const row of books.orders) {
    if (row.closed !== 'true') note('every order has come to its end', row);
    if (row.status === 'UNKNOWN') note('no order is unknown', row);
    if (plain(row.reserved_usd) !== '0' || plain(row.reserved_shares) !== '0') {
      note('nothing is reserved', row);
    }
    const isFilled = plain(row.filled_size) !== '0';
    if (isFilled && !theirs.has(row.venue_order_id ?? ''))
      note('a filled order is at the venue', row);
  }
  countShapes(compared, note);
  return { engineOrders: books.orders.length, venueOrders: ledger.orders.length };
}

/** An order that buys at once spends whole cents, and asks for the shares that they buy at its price. */
function sizeAtVenue({ side, price, size, timeInForce }: Asked): string {
  const isAtOnce = timeInForce === 'FOK' || timeInForce === 'FAK';
  if (side === 'SELL' || !isAtOnce) return plain(size);
  const spentUsd = decimal(price).times(size).toDecimalPlaces(2, Decimal.ROUND_DOWN);
  return toText(spentUsd.div(price).toDecimalPlaces(4, Decimal.ROUND_DOWN));
}

/**
 * The same without the engine's tables: the load gives its intents sizes that tell them apart, so a
 * shape that the venue has more often than it was asked for is an order sent twice.
 */
function countShapes({ ledger, promises, instrumentOf }: Compared, note: Note): void {
  const asked = new Map<string, number>();
  for (const intent of promises.asked.values()) {
    const { instrument, side, price } = intent;
    const shape = `${instrument} ${side} ${plain(price)} ${sizeAtVenue(intent)}`;
    asked.set(shape, (asked.get(shape) ?? 0) + 1);
  }
  const posted = new Map<string, string[]>();
  for (const { id, asset_id, side, price, original_size } of ledger.orders) {
    const shape = `${instrumentOf(asset_id)} ${side} ${plain(price)} ${plain(original_size)}`;
    posted.set(shape, [...(posted.get(shape) ?? []), id]);
  }
  for (const [shape, ids] of posted) {
    const limit = asked.get(shape) ?? 0;
    if (ids.length > limit)
      note('no intent is two orders at the venue', { shape, asked: limit, ids });
  }
}

/** Every trade of ours at the venue is one leg, with the same size, cost, fee and end. */
function compareLegs({ books, ledger }: Compared, note: Note) {
  const theirs = venueLegs(ledger);
  const told = new Map(theirs.map((leg) => [leg.text, leg]));
  const known = new Set<string>();
  for (const row of books.legs) {
    const text = [
      ...[row.trade_id, row.venue_order_id, row.role, row.side, plain(row.size)],
      ...[plain(row.fee_usd), row.settlement?.toUpperCase()],
    ].join(' ');
    known.add(text);
    const leg = told.get(text);
    if (leg === undefined) note('a leg of ours is a trade of the venue', text);
    else if (isOtherCost(leg, row)) {
      note('a leg costs what the venue says', {
        text,
        ours: row.price,
        costUsd: toText(leg.costUsd),
      });
    }
    if (row.client_order_id === null) note('no leg is an orphan', row);
    if (row.conflicted === 'true') note('no leg is contradicted', row);
  }
  for (const { text } of theirs) {
    if (!known.has(text)) note('a trade of the venue is a leg of ours', text);
  }
  if (known.size !== books.legs.length) {
    note('a leg is booked once', { legs: books.legs.length, kinds: known.size });
  }
  const voidedLegs = theirs.filter(({ status }) => status === 'FAILED').length;
  return { engineLegs: books.legs.length, venueLegs: theirs.length, voidedLegs };
}

/** An average of several prices is kept to 12 decimals: far below a millionth of a dollar. */
function isOtherCost({ costUsd, size }: VenueLeg, { price }: Row): boolean {
  return decimal(price ?? '0')
    .times(size)
    .minus(costUsd)
    .abs()
    .gte(UNIT);
}

/** Shares and dollars, to the last millionth. */
function compareMoney({ books, ledger, instrumentOf }: Compared, note: Note) {
  const held = new Map(
    Object.entries(ledger.shares).map(([token, size]) => [instrumentOf(token), plain(size)]),
  );
  for (const { instrument_id, size, reserved_shares } of books.positions) {
    const atVenue = held.get(instrument_id ?? '') ?? '0';
    if (plain(size) !== atVenue)
      note('a position is the balance', { instrument_id, size, atVenue });
    if (plain(reserved_shares) !== '0')
      note('nothing is reserved', { instrument_id, reserved_shares });
    held.delete(instrument_id ?? '');
  }
  for (const [instrument, size] of held) {
    if (size !== '0') note('a position is the balance', { instrument, size: '0', atVenue: size });
  }
  const parts = roundedParts(ledger);
  const offBy = decimal(books.cashUsd).minus(ledger.dollars);
  if (offBy.abs().gt(UNIT.times(parts))) {
    note('cash is the balance', {
      ours: books.cashUsd,
      atVenue: ledger.dollars,
      roundedParts: parts,
    });
  }
  if (plain(books.accountReservedUsd) !== '0') {
    note('nothing is reserved', { account: books.accountReservedUsd });
  }
  return {
    ...{ positions: books.positions.length, balances: Object.keys(ledger.shares).length },
    ...{ roundedParts: parts, cashOffByUsd: toText(offBy) },
  };
}
