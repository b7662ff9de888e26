/** The end of a run: what the engine says against what the exchange says of the same trades. */
import { isClosedOrder } from '../../src/actors/rows.ts';
import type { OrderRow } from '../../src/actors/store-port.ts';
import { type Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { Engine } from './engine.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { micros, type TwinLeg, twinOf } from './twin.ts';
import type { VenueSide } from './venue-side.ts';

/** Average prices are kept to 12 decimals; the exchange rounds each amount to a millionth. */
const ROUNDING_OF_LEG = '0.000001';

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
  const expected = decimal(account.depositsUsd).plus(twin.cash);
  if (!isNear(decimal(account.cashUsd), expected, rounding)) {
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
  const isResolved = venue.markets.some(({ payout }) => payout !== undefined);
  const balance = micros(exchange.balance(venue.account.funder));
  if (!isResolved && !isNear(decimal(account.cashUsd), balance, rounding)) {
    differs('cash is what the venue holds', `${account.cashUsd}, the venue has ${toText(balance)}`);
  }
  for (const instrument of engine.trading.instruments()) {
    const size = decimal(engine.trading.position(instrument.id)?.size ?? '0');
    const shares = twin.shares.get(instrument.tokenId) ?? ZERO;
    if (!size.eq(shares)) {
      const ours = toText(size);
      differs('a position is its legs', `${instrument.id}: ${ours}, expected ${toText(shares)}`);
    }
  }
}

function compareReservations({ engine, database }: ComparisonParts, differs: Differs): void {
  const inDoubt = [...database.tables.orders.values()].some(isUnknown);
  if (inDoubt) return;
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
    const { fold, reservedShares } = registry.snapshot(entry).context;
    return { name: entry.name, totals: fold.totals, reservedShares };
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
