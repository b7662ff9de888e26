/** The end of a run: what the engine says against what the exchange says of the same trades. */
import { seqOfEvent } from '../../src/actors/event-rows.ts';
import { redeemableUsd } from '../../src/actors/resolutions.ts';
import { isClosedOrder, type PositionView, standing } from '../../src/actors/rows.ts';
import type { OrderRow } from '../../src/actors/store-port.ts';
import { PROJECTED_THROUGH } from '../../src/adapters/store/tables.ts';
import { type Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import { compareBudgets } from './budget-comparison.ts';
import type { Engine } from './engine.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { micros, type Twin, type TwinLeg, twinOf } from './twin.ts';
import type { VenueSide } from './venue-side.ts';

/** Average prices are kept to 12 decimals; the exchange rounds each amount to a millionth. */
const ROUNDING_OF_LEG = '0.000001';
/** The exchange rounds what it pays for each fill that settles after a resolution. */
const ROUNDING_OF_PAYOUT = '0.001';

export interface Difference {
  readonly rule: string;
  readonly message: string;
}

export interface ComparisonParts {
  readonly engine: Engine;
  readonly database: MemoryDatabase;
  readonly venue: VenueSide;
  readonly promises: readonly (readonly [string, string])[];
}

/** Everything that differs, the most telling first. */
export function compareAll(parts: ComparisonParts): readonly Difference[] {
  const differences: Difference[] = [];
  const differs = (rule: string, message: string): void => void differences.push({ rule, message });
  compareTotals(parts.venue, differs);
  comparePromises(parts, differs);
  compareOrders(parts, differs);
  compareLegs(parts, differs);
  compareMoney(parts, differs);
  compareReservations(parts, differs);
  compareEvents(parts, differs);
  compareBudgets(parts, differs);
  return differences;
}

type Differs = (rule: string, message: string) => void;

/** The exchange itself loses no money. */
function compareTotals({ sandbox }: VenueSide, differs: Differs): void {
  const { exchange } = sandbox.floor;
  let balances = 0n;
  for (const account of exchange.accounts()) balances += exchange.balance(account);
  const { deposited, fees, collateral, inFlight } = exchange.totals();
  const sum = balances + fees + collateral + inFlight;
  if (sum !== deposited) differs('the exchange adds up', `${sum} of ${deposited}`);
}

function comparePromises({ database, promises }: ComparisonParts, differs: Differs): void {
  for (const [key, orderId] of promises) {
    const kept = database.tables.intents.get(key)?.clientOrderId;
    if (kept !== orderId) {
      differs('what was promised is kept', `${key}: promised ${orderId}, the store has ${kept}`);
    }
    if (!database.tables.orders.has(orderId)) {
      differs('what was promised is kept', `${key}: ${orderId} has no row`);
    }
  }
}

function compareOrders({ database, venue }: ComparisonParts, differs: Differs): void {
  const { exchange } = venue.sandbox.floor;
  const { apiKey } = venue.account;
  const ours = new Map<string, OrderRow>();
  for (const row of database.tables.orders.values()) {
    if (row.venueOrderId !== null) ours.set(row.venueOrderId, row);
  }
  for (const order of exchange.orders()) {
    if (order.owner !== apiKey) continue;
    const row = ours.get(order.id);
    if (row === undefined) {
      differs(
        'no order is lost',
        `the venue has ${order.id}, ${order.status}; nobody here knows it`,
      );
      continue;
    }
    const isOpen = order.status === 'LIVE' || order.status === 'DELAYED';
    const isOver = OVER.has(row.execution);
    if (isOpen === isOver) {
      differs(
        'both agree on what is open',
        `${row.clientOrderId} is ${row.execution} here and ${order.status} at the venue`,
      );
    }
    const wasTaken = order.sizeMatched > 0n;
    if (wasTaken && (row.execution === 'rejected' || row.execution === 'denied')) {
      differs(
        'only a refusal refuses',
        `${row.clientOrderId} is ${row.execution}, the venue matched ${order.sizeMatched}`,
      );
    }
  }
  for (const row of database.tables.orders.values()) {
    if (row.venueOrderId !== null && exchange.order(row.venueOrderId) !== undefined) continue;
    if (row.filledSize === '0' && (OVER.has(row.execution) || isUnknown(row))) continue;
    differs(
      'no order is invented',
      `${row.clientOrderId} is ${row.execution} with ${row.filledSize}; the venue never had it`,
    );
  }
  for (const row of database.tables.orders.values()) {
    if (!isUnknown(row) || row.venueOrderId === null) continue;
    if (exchange.order(row.venueOrderId) === undefined) continue;
    differs('evidence ends doubt', `${row.clientOrderId} is unknown although the venue shows it`);
  }
}

const OVER: ReadonlySet<string> = new Set([
  'matched',
  'cancelled',
  'expired',
  'rejected',
  'denied',
]);

export function isUnknown({ execution }: Pick<OrderRow, 'execution'>): boolean {
  return execution.startsWith('unknown');
}

function compareLegs({ database, venue }: ComparisonParts, differs: Differs): void {
  const twin = twinOf(venue.sandbox.floor.exchange, venue.account.apiKey);
  const rows = new Map(
    [...database.tables.legs.values()].map((row) => [
      `${row.tradeId}/${row.venueOrderId}/${row.role}`,
      row,
    ]),
  );
  if (rows.size !== database.tables.legs.size) {
    differs('a leg counts once', `${database.tables.legs.size} rows of ${rows.size} legs`);
  }
  for (const [key, leg] of twin.legs) {
    const row = rows.get(key);
    if (row === undefined) {
      differs('no leg is lost', `${key}: ${leg.side} ${toText(leg.size)}`);
      continue;
    }
    if (row.clientOrderId === null) differs('no leg is lost', `${key} is an orphan`);
    const problem = legProblem(leg, row);
    if (problem !== undefined) differs('a leg is what the venue says', `${key}: ${problem}`);
  }
  for (const key of rows.keys()) {
    if (!twin.legs.has(key)) differs('no leg is invented', key);
  }
}

function legProblem(
  leg: TwinLeg,
  row: { side: string; price: string; size: string; feeUsd: string; settlement: string },
): string | undefined {
  if (row.side !== leg.side) return `${row.side}, not ${leg.side}`;
  if (!leg.size.eq(row.size)) return `size ${row.size}, not ${toText(leg.size)}`;
  if (!isNear(decimal(row.price).times(row.size), leg.dollars, ROUNDING_OF_LEG)) {
    return `worth ${row.price} x ${row.size}, not ${toText(leg.dollars)}`;
  }
  if (!isNear(decimal(row.feeUsd), leg.fee, ROUNDING_OF_LEG)) {
    return `fee ${row.feeUsd}, not ${toText(leg.fee)}`;
  }
  const settlement = leg.status.toLowerCase();
  return row.settlement === settlement ? undefined : `${row.settlement}, not ${settlement}`;
}

function compareMoney({ engine, database, venue }: ComparisonParts, differs: Differs): void {
  const { exchange } = venue.sandbox.floor;
  const twin = twinOf(exchange, venue.account.apiKey);
  const rounding = decimal(ROUNDING_OF_LEG).times(twin.legs.size + 1);
  const { registry } = engine.trading.execution;
  const account = registry.snapshot(registry.account()).context;
  const expected = decimal(account.depositsUsd).plus(twin.cash).plus(paidOut(venue, twin));
  // While an order is in doubt nobody can say what the collateral shows: payouts wait for that.
  const owed = isInDoubt(database) ? redeemableUsd(registry) : '0';
  if (!isNear(decimal(account.cashUsd).plus(owed), expected, rounding)) {
    differs('cash is what the legs cost', `${account.cashUsd}, expected ${toText(expected)}`);
  }
  if (!isNear(decimal(account.feesUsd), twin.fees, rounding)) {
    differs('fees are what the venue took', `${account.feesUsd}, expected ${toText(twin.fees)}`);
  }
  let ledger = ZERO;
  for (const { amountUsd } of database.tables.ledger.values()) ledger = ledger.plus(amountUsd);
  if (!ledger.eq(account.cashUsd)) {
    differs(
      'cash is the sum of the ledger',
      `${account.cashUsd}, the ledger has ${toText(ledger)}`,
    );
  }
  for (const [name, posted, held] of postedAndHeld(database, engine)) {
    if (posted.eq(held)) continue;
    differs(
      'the ledger of accounts agrees with the actors',
      `${name}: ${toText(posted)} posted, ${toText(held)} held`,
    );
  }
  const balance = micros(exchange.balance(venue.account.funder));
  if (!isNear(decimal(account.cashUsd).plus(owed), balance, rounding)) {
    differs('cash is what the venue holds', `${account.cashUsd}, the venue has ${toText(balance)}`);
  }
  for (const instrument of engine.trading.instruments()) {
    const position = engine.trading.position(instrument.id);
    const size = decimal(position?.size ?? '0');
    const payout = payoutOf(venue, instrument.tokenId);
    if (position !== undefined && payout !== undefined) {
      const shares = twin.shares.get(instrument.tokenId) ?? ZERO;
      compareResolved(position, shares.times(payout), payout, { differs, waits: owed !== '0' });
      if (owed !== '0') continue;
    }
    // Of a resolved market nothing is left: the exchange has paid it.
    const shares = payout === undefined ? (twin.shares.get(instrument.tokenId) ?? ZERO) : ZERO;
    if (!size.eq(shares)) {
      const ours = toText(size);
      differs('a position is its legs', `${instrument.id}: ${ours}, expected ${toText(shares)}`);
    }
  }
}

/** Dollars that a share of a token pays; undefined while its market is traded. */
function payoutOf({ markets }: VenueSide, tokenId: string): Decimal | undefined {
  for (const { tokens, payout } of markets) {
    const index = tokens.findIndex((token) => token.tokenId === tokenId);
    const paid = payout?.[index];
    if (paid !== undefined) return micros(paid);
  }
  return undefined;
}

/** What the exchange has paid for shares of resolved markets, but for what it rounds off. */
function paidOut(venue: VenueSide, { shares }: Pick<Twin, 'shares'>): Decimal {
  let paid = ZERO;
  for (const [tokenId, size] of shares) {
    paid = paid.plus(size.times(payoutOf(venue, tokenId) ?? ZERO));
  }
  return paid;
}

/** A resolved market pays what was held, once, and owes nothing any more. */
function compareResolved(
  position: PositionView,
  paid: Decimal,
  payout: Decimal,
  { differs, waits }: { readonly differs: Differs; readonly waits: boolean },
): void {
  const { instrumentId, state, redeemableUsd: owed, redeemedUsd } = position;
  const isKnown = position.payout !== null && payout.eq(position.payout);
  // Never asked about: everything was sold before, and nothing of it was ever open after that.
  const isNothing = position.payout === null && decimal(position.size).isZero();
  if (!isKnown && !isNothing) {
    differs('a resolution is known', `${instrumentId}: ${position.payout}, not ${toText(payout)}`);
  }
  const isPaid = owed === '0' || waits;
  const all = waits ? decimal(redeemedUsd).plus(owed) : decimal(redeemedUsd);
  if (!isPaid || !isNear(all, paid, ROUNDING_OF_PAYOUT)) {
    const said = `${instrumentId} is ${state}: ${redeemedUsd} redeemed, ${owed} to come`;
    differs('a resolution is paid once', `${said}; the exchange paid ${toText(paid)}`);
  }
}

function isInDoubt({ tables }: MemoryDatabase): boolean {
  return [...tables.orders.values()].some(isUnknown);
}

function compareReservations({ engine, database }: ComparisonParts, differs: Differs): void {
  if (isInDoubt(database)) return;
  const { registry } = engine.trading.execution;
  const { reservedUsd } = registry.snapshot(registry.account()).context;
  if (reservedUsd !== '0') differs('nothing stays reserved', `${reservedUsd} dollars`);
  for (const entry of registry.positions.values()) {
    const { reservedShares } = registry.snapshot(entry).context;
    if (reservedShares !== '0') {
      differs('nothing stays reserved', `${reservedShares} shares of ${entry.name}`);
    }
  }
}

/**
 * Each stream of events counts from 1 without gaps, whatever crashed in between. A row of an actor says
 * how many there are of the turns that the snapshots know: those after them are told again at a start.
 */
function compareEvents({ database }: ComparisonParts, differs: Differs): void {
  const { events, actors, metadata } = database.tables;
  const throughSeq = Number(metadata.get(PROJECTED_THROUGH) ?? '0');
  const counts = new Map<string, number>();
  const known = new Map<string, number>();
  const rows = [...events.values()].sort((a, b) => a.eventId - b.eventId);
  for (const { stream, number, eventId } of rows) {
    const expected = (counts.get(stream) ?? 0) + 1;
    counts.set(stream, expected);
    if (seqOfEvent(eventId) <= throughSeq) known.set(stream, expected);
    if (number === expected) continue;
    differs('events have no gaps', `${stream}: ${eventId} is ${number}, expected ${expected}`);
  }
  for (const { row } of actors.values()) {
    const count = known.get(row.actorId) ?? 0;
    if (row.events === count) continue;
    differs('events have no gaps', `${row.actorId}: ${row.events} by its row, ${count} there`);
  }
}

function isNear(a: Decimal, b: Decimal, within: Decimal | string): boolean {
  return a.minus(b).abs().lte(within);
}

/** What a restart must leave as it was. */
export function stateOf(engine: Engine): string {
  const { registry } = engine.trading.execution;
  const { accountId, depositsUsd, cashUsd, reservedUsd, feesUsd } = registry.snapshot(
    registry.account(),
  ).context;
  const positions = [...registry.positions.values()].map((entry) => {
    const { fold, resolution, reservedShares } = registry.snapshot(entry).context;
    return { name: entry.name, totals: fold.totals, resolution, reservedShares };
  });
  // An order that is over leaves memory at some time; its row is compared elsewhere.
  const orders = [...registry.orders.values()].flatMap((entry) => {
    const order = registry.snapshot(entry);
    const { value, context } = order;
    return isClosedOrder(order) ? [] : [{ name: entry.name, value, context }];
  });
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  return JSON.stringify({
    account: { accountId, depositsUsd, cashUsd, reservedUsd, feesUsd },
    positions: positions.sort(byName),
    orders: orders.sort(byName),
  });
}

/** Double entry, account by account, against what the actors hold. */
function postedAndHeld(
  database: MemoryDatabase,
  engine: Engine,
): readonly (readonly [string, Decimal, Decimal])[] {
  const { registry } = engine.trading.execution;
  const account = registry.snapshot(registry.account()).context;
  const sums = {
    ...{ cash: ZERO, reserved: ZERO, budgets: ZERO, shares: ZERO, fees: ZERO, pnl: ZERO },
    ...{ external: ZERO, redeemable: ZERO },
  };
  for (const row of database.tables.postings.values()) {
    sums.cash = sums.cash.plus(row.cashUsd);
    sums.reserved = sums.reserved.plus(row.reservedUsd);
    sums.budgets = sums.budgets.plus(row.budgetsUsd);
    sums.shares = sums.shares.plus(row.sharesUsd);
    sums.fees = sums.fees.plus(row.feesUsd);
    sums.pnl = sums.pnl.plus(row.pnlUsd);
    sums.external = sums.external.plus(row.externalUsd);
    sums.redeemable = sums.redeemable.plus(row.redeemableUsd);
  }
  let cost = ZERO;
  let realized = ZERO;
  let redeemable = ZERO;
  for (const entry of registry.positions.values()) {
    const { costBasis, realizedPnl, redeemableUsd } = standing(registry.snapshot(entry).context);
    cost = cost.plus(costBasis);
    realized = realized.plus(realizedPnl);
    redeemable = redeemable.plus(redeemableUsd);
  }
  return [
    ['cash', sums.cash.plus(sums.reserved).plus(sums.budgets), decimal(account.cashUsd)],
    ['budgets', sums.budgets, decimal(account.budgetsUsd)],
    ['reserved', sums.reserved, decimal(account.reservedUsd)],
    ['shares', sums.shares, cost],
    ['redeemable', sums.redeemable, redeemable],
    ['fees', sums.fees, decimal(account.feesUsd)],
    ['pnl', sums.pnl.negated(), realized],
    ['external', sums.external.negated(), decimal(account.depositsUsd)],
  ];
}
