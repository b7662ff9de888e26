/**
 * The database of a simulation: what is committed in it survives every crash. Each method is one
 * transaction that happens at once, with the rules and refusals of the real tables.
 */
import type { EventRow } from '../../src/actors/event-port.ts';
import type {
  ActorRow,
  BudgetRow,
  ExitEventRow,
  FindingRow,
  IntentRow,
  JournalBatch,
  LedgerRow,
  LegRow,
  OrderEventRow,
  OrderRow,
  OutboxRow,
  PositionRow,
  PostingRow,
  PreparedRow,
  Projection,
  ReconciliationRow,
  Rows,
} from '../../src/actors/store-port.ts';
import type { InboxFrame } from '../../src/actors/venue-store-port.ts';
import { unstorable } from '../../src/adapters/store/table.ts';
import { PROJECTED_THROUGH } from '../../src/adapters/store/tables.ts';
import { compare } from '../../src/domain/exact.ts';
import { BrokenInvariant } from '../../src/domain/faults.ts';

interface KeptActor {
  readonly row: ActorRow;
  readonly createdOrder: number;
}

/** Rows by their keys, in the order of their first writes. */
export interface Tables {
  readonly journal: JournalBatch[];
  readonly intents: Map<string, IntentRow>;
  readonly prepared: Map<string, PreparedRow>;
  /** By `venue/venue order id`. */
  readonly preparedByVenueOrder: Map<string, PreparedRow>;
  readonly actors: Map<string, KeptActor>;
  readonly orders: Map<string, OrderRow>;
  readonly orderEvents: Map<string, OrderEventRow>;
  readonly legs: Map<string, LegRow>;
  readonly positions: Map<string, PositionRow>;
  readonly ledger: Map<string, LedgerRow>;
  readonly postings: Map<number, PostingRow>;
  readonly outbox: Map<number, OutboxRow>;
  readonly events: Map<number, EventRow>;
  readonly exits: Map<string, ExitEventRow>;
  readonly findings: Map<string, FindingRow>;
  readonly budgets: Map<string, BudgetRow>;
  readonly reconciliations: ReconciliationRow[];
  readonly metadata: Map<string, string>;
  inboxFrames: InboxFrame[];
}

export interface MemoryDatabase {
  readonly tables: Tables;
  /** Transactions that wrote something: journal batches and projections. */
  readonly transactions: number;
  /** @throws {BrokenInvariant} as the real one does; nothing was written then. */
  commit(batch: JournalBatch): void;
  project(projection: Projection): void;
  setMetadata(key: string, value: string): void;
  /** Removes every row. */
  clear(): void;
}

/** @param onCommit told of each batch that was written, at once. */
export function createMemoryDatabase(
  onCommit: (batch: JournalBatch) => void = () => undefined,
): MemoryDatabase {
  let tables = emptyTables();
  let transactions = 0;
  let actorsCreated = 0;

  function commit(batch: JournalBatch): void {
    checkText('journal', [batch]);
    checkText('intents', batch.intents);
    checkText('prepared_submissions', batch.prepared);
    const last = tables.journal.at(-1);
    const isNext = last === undefined || last.lastSeq + 1 === batch.firstSeq;
    if (!isNext) {
      checkSameBatch(batch);
      return;
    }
    if (batch.firstSeq <= 0 || batch.lastSeq < batch.firstSeq) throw refused('journal', batch);
    if (tables.journal.some(({ lastSeq }) => lastSeq === batch.lastSeq)) {
      throw refused('journal', batch);
    }
    checkNew('intents', batch.intents, ({ key }) => key, tables.intents);
    checkNew('prepared_submissions', batch.prepared, (row) => row.clientOrderId, tables.prepared);
    checkNew('prepared_submissions', batch.prepared, venueKey, tables.preparedByVenueOrder);
    tables.journal.push(batch);
    for (const row of batch.intents) tables.intents.set(row.key, row);
    for (const row of batch.prepared) {
      tables.prepared.set(row.clientOrderId, row);
      tables.preparedByVenueOrder.set(venueKey(row), row);
    }
    transactions += 1;
    onCommit(batch);
  }

  function checkSameBatch(batch: JournalBatch): void {
    const there = tables.journal.find(({ lastSeq }) => lastSeq >= batch.firstSeq);
    const isSame =
      there?.batchId === batch.batchId &&
      there.firstSeq === batch.firstSeq &&
      there.lastSeq === batch.lastSeq;
    if (!isSame) throw refused('journal', batch);
  }

  function project(projection: Projection): void {
    const { throughSeq, metadata } = projection;
    const facts = { ...metadata, [PROJECTED_THROUGH]: String(throughSeq) };
    const rows = {
      actors: all(projection.actors),
      orders: all(projection.orders),
      orderEvents: all(projection.orderEvents),
      positions: all(projection.positions),
      outbox: all(projection.outbox),
      events: all(projection.events),
    };
    const { legs, ledger, postings, exits, findings, budgets } = projection;
    const metadataRows = Object.entries(facts).map(([key, value]) => ({ key, value }));
    checkText('actor_snapshots', rows.actors);
    checkText('orders', rows.orders);
    checkText('order_events', rows.orderEvents);
    checkText('fill_legs', legs);
    checkText('positions', rows.positions);
    checkText('ledger_entries', ledger);
    checkText('postings', postings);
    checkText('outbox', rows.outbox);
    checkText('events', rows.events);
    checkText('exit_events', exits);
    checkText('findings', findings);
    checkText('budgets', budgets);
    checkText('system_metadata', metadataRows);
    for (const actor of rows.actors) checkJson('actor_snapshots', actor, actor.snapshot);
    for (const order of rows.orders) checkNumber('orders', order, order.price);
    for (const event of rows.orderEvents) {
      if (event.number <= 0) throw refused('order_events', event);
      checkJson('order_events', event, event.event);
    }
    for (const leg of legs) checkLeg(leg);

    for (const actor of rows.actors) keepActor(actor);
    for (const order of rows.orders) tables.orders.set(order.clientOrderId, { ...order });
    for (const event of rows.orderEvents) keepEvent(event);
    for (const leg of legs) tables.legs.set(leg.legKey, { ...leg });
    for (const position of rows.positions) {
      tables.positions.set(`${position.accountId}/${position.instrumentId}`, position);
    }
    for (const entry of ledger) keepFirst(tables.ledger, entry.entryId, entry);
    for (const row of postings) keepFirst(tables.postings, row.seq, row);
    for (const row of rows.outbox) keepFirst(tables.outbox, row.outboxId, row);
    for (const row of rows.events) keepFirst(tables.events, row.eventId, row);
    for (const exit of exits) {
      const known = tables.exits.get(exit.exitId);
      tables.exits.set(exit.exitId, known === undefined ? exit : { ...known, voided: exit.voided });
    }
    for (const finding of findings) {
      tables.findings.set(`${finding.findingId}/${finding.openedAtMs}`, finding);
    }
    for (const budget of budgets) tables.budgets.set(budget.budgetId, budget);
    for (const { key, value } of metadataRows) keepFact(key, value);
    transactions += 1;
  }

  function keepActor(row: ActorRow): void {
    const known = tables.actors.get(row.actorId);
    if (known !== undefined && row.revision < known.row.revision) return;
    // The real table counts refused rows too; only the order matters.
    actorsCreated += 1;
    tables.actors.set(row.actorId, { row, createdOrder: known?.createdOrder ?? actorsCreated });
  }

  /** A step that was written without a hash, and that is told again, gets it. */
  function keepEvent(event: OrderEventRow): void {
    const known = tables.orderEvents.get(eventKey(event));
    if (known === undefined) tables.orderEvents.set(eventKey(event), event);
    else if (known.hash === null) {
      tables.orderEvents.set(eventKey(event), { ...known, hash: event.hash });
    }
  }

  function keepFact(key: string, value: string): void {
    const before = tables.metadata.get(key);
    const goesBack = key === PROJECTED_THROUGH && Number(value) < Number(before ?? '0');
    if (!goesBack) tables.metadata.set(key, value);
  }

  return {
    get tables() {
      return tables;
    },
    get transactions() {
      return transactions;
    },
    commit,
    project,
    setMetadata(key, value) {
      checkText('system_metadata', [{ key, value }]);
      keepFact(key, value);
    },
    clear() {
      tables = emptyTables();
    },
  };
}

function emptyTables(): Tables {
  return {
    journal: [],
    intents: new Map(),
    prepared: new Map(),
    preparedByVenueOrder: new Map(),
    actors: new Map(),
    orders: new Map(),
    orderEvents: new Map(),
    legs: new Map(),
    positions: new Map(),
    ledger: new Map(),
    postings: new Map(),
    outbox: new Map(),
    events: new Map(),
    exits: new Map(),
    findings: new Map(),
    budgets: new Map(),
    reconciliations: [],
    metadata: new Map(),
    inboxFrames: [],
  };
}

function all<Row>(rows: Rows<Row>): readonly Row[] {
  return rows.slice(0, rows.length);
}

function venueKey({ venue, venueOrderId }: PreparedRow): string {
  return `${venue}/${venueOrderId}`;
}

function eventKey({ clientOrderId, number }: OrderEventRow): string {
  return `${clientOrderId}/${number}`;
}

function keepFirst<Key, Row>(table: Map<Key, Row>, key: Key, row: Row): void {
  if (!table.has(key)) table.set(key, row);
}

function checkNew<Row>(
  table: string,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  known: ReadonlyMap<string, Row>,
): void {
  const fresh = new Set<string>();
  for (const row of rows) {
    const key = keyOf(row);
    if (known.has(key) || fresh.has(key)) throw refused(table, { key });
    fresh.add(key);
  }
}

function checkText(table: string, rows: readonly object[]): void {
  const found = unstorable(table, rows);
  if (found !== undefined) throw found;
}

function checkJson(table: string, row: object, text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw refused(table, row);
  }
}

function checkNumber(table: string, row: object, text: string): void {
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) throw refused(table, row);
}

function checkLeg(leg: LegRow): void {
  for (const text of [leg.price, leg.size, leg.feeUsd]) checkNumber('fill_legs', leg, text);
  const isPrice = compare(leg.price, '0') > 0 && compare(leg.price, '1') < 0;
  if (!isPrice || compare(leg.size, '0') <= 0) throw refused('fill_legs', leg);
}

function refused(table: string, row: object): BrokenInvariant {
  return new BrokenInvariant(`The database refuses a row of ${table}.`, { table, ...row });
}
