/** Rows of every kind for the store's suites, valid as they are; each test changes what it is about. */
import type { EventRow } from '../../../src/actors/event-port.ts';
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
  PreparedRow,
  Projection,
  Rows,
  Store,
} from '../../../src/actors/store-port.ts';

/** Text that a careless writer breaks: quotes, backslashes, format characters, every plane. */
export const AWKWARD_TEXT = `it's "quoted" \\ \\n {a,b} $1 %s_% \t\r\n äß 漢字 😀 \u2028 null NULL`;
/** JSON text whose own escapes and order of keys must survive. */
export const AWKWARD_JSON = `{"z":1,"a":"\\u0000\\ud83d\\\\","n":1e-7, "t":${JSON.stringify(AWKWARD_TEXT)}}`;

export function batch(firstSeq: number, change: Partial<JournalBatch> = {}): JournalBatch {
  return {
    batchId: `batch-${firstSeq}`,
    firstSeq,
    lastSeq: firstSeq,
    inputs: `[{"seq":${firstSeq}}]`,
    intents: [],
    prepared: [],
    hash: `hash-${firstSeq}`,
    ...change,
  };
}

export function intent(key: string, change: Partial<IntentRow> = {}): IntentRow {
  return {
    key,
    clientOrderId: `order-of-${key}`,
    body: '{"a":1}',
    atMs: 1_780_000_000_000,
    ...change,
  };
}

export function preparedRow(clientOrderId: string, change: Partial<PreparedRow> = {}): PreparedRow {
  return {
    clientOrderId,
    venue: 'paper',
    venueOrderId: `0x${clientOrderId}`,
    body: '{"order":1}',
    atMs: 1_780_000_000_000,
    ...change,
  };
}

export function actorRow(actorId: string, change: Partial<ActorRow> = {}): ActorRow {
  return {
    actorId,
    kind: 'order',
    version: 1,
    revision: 1,
    live: true,
    snapshot: '{}',
    eventHash: null,
    events: 0,
    ...change,
  };
}

export function orderRow(clientOrderId: string, change: Partial<OrderRow> = {}): OrderRow {
  return {
    clientOrderId,
    venue: 'paper',
    venueOrderId: null,
    intentKey: `intent-of-${clientOrderId}`,
    strategy: 'strategy',
    instrumentId: 'paper:market:YES',
    marketId: 'market',
    outcome: 'YES',
    side: 'BUY',
    type: 'limit',
    price: '0.5',
    size: '10',
    amountUsd: null,
    timeInForce: 'GTC',
    expiresAtMs: null,
    status: 'PLACED',
    execution: 'working.open',
    settlement: 'none',
    filledSize: '0',
    averageFillPrice: null,
    feesUsd: '0',
    reservedUsd: '5',
    reservedShares: '0',
    reason: null,
    closed: false,
    createdAtMs: 1_780_000_000_000,
    updatedAtMs: 1_780_000_000_000,
    ...change,
  };
}

export function orderEventRow(
  clientOrderId: string,
  number: number,
  change: Partial<OrderEventRow> = {},
): OrderEventRow {
  return {
    clientOrderId,
    number,
    seq: number,
    atMs: 1_780_000_000_000,
    type: 'venue.acknowledged',
    fromState: 'submitting/none',
    toState: 'working.open/none',
    status: 'PLACED',
    note: 'The venue took it.',
    event: '{"type":"venue.acknowledged"}',
    hash: `hash-${number}`,
    ...change,
  };
}

export function legRow(tradeId: string, change: Partial<LegRow> = {}): LegRow {
  const venueOrderId = change.venueOrderId ?? '0xorder';
  const role = change.role ?? 'taker';
  return {
    legKey: `paper/${tradeId}/${venueOrderId}/${role}`,
    venue: 'paper',
    tradeId,
    venueOrderId,
    role,
    clientOrderId: 'order',
    instrumentId: 'paper:market:YES',
    side: 'BUY',
    price: '0.5',
    size: '1',
    feeUsd: '0',
    settlement: 'matched',
    conflicted: false,
    matchedAtMs: 1_780_000_000_000,
    transactionHash: null,
    ...change,
  };
}

export function positionRow(instrumentId: string, change: Partial<PositionRow> = {}): PositionRow {
  return {
    accountId: 'main',
    instrumentId,
    state: 'open',
    payout: null,
    resolvedAtMs: null,
    redeemableUsd: '0',
    redeemedSize: '0',
    redeemedUsd: '0',
    size: '1',
    sellableSize: '1',
    reservedShares: '0',
    averageEntry: '0.5',
    costBasis: '0.5',
    realizedPnl: '0',
    feesUsd: '0',
    reconciliationRequired: false,
    updatedAtMs: 1_780_000_000_000,
    ...change,
  };
}

export function ledgerRow(entryId: string, change: Partial<LedgerRow> = {}): LedgerRow {
  return {
    entryId,
    accountId: 'main',
    kind: 'fill',
    amountUsd: '-0.5',
    legKey: 'leg',
    clientOrderId: 'order',
    seq: 1,
    atMs: 1_780_000_000_000,
    ...change,
  };
}

export function outboxRow(outboxId: number, change: Partial<OutboxRow> = {}): OutboxRow {
  return { outboxId, type: 'order.placed', body: '{"a":1}', atMs: 1_780_000_000_000, ...change };
}

export function eventRow(eventId: number, change: Partial<EventRow> = {}): EventRow {
  return {
    eventId,
    type: 'system.released',
    priority: 9,
    stream: 'system:main',
    number: eventId,
    accountId: 'main',
    correlationId: 'system',
    causationId: 'input_1',
    atMs: 1_780_000_000_000,
    payload: '{"by":"ada"}',
    ...change,
  };
}

export function exitRow(exitId: string, change: Partial<ExitEventRow> = {}): ExitEventRow {
  return {
    exitId,
    accountId: 'main',
    instrumentId: 'paper:market:YES',
    clientOrderId: 'order',
    legKey: exitId,
    size: '1',
    exitPrice: '0.6',
    realizedPnl: '0.1',
    reason: 'takeProfit',
    voided: false,
    atMs: 1_780_000_000_000,
    ...change,
  };
}

export function findingRow(findingId: string, change: Partial<FindingRow> = {}): FindingRow {
  return {
    findingId,
    kind: 'position.size',
    subject: 'paper:market:YES',
    instrumentId: 'paper:market:YES',
    severity: 'critical',
    state: 'open',
    summary: 'The venue holds 5 shares for us, our legs add up to 10.',
    ours: '{"size":"10"}',
    theirs: '{"size":"5"}',
    evidence: '{}',
    action: '{"type":"review","words":"Look."}',
    openedAtMs: 1_780_000_000_000,
    seenAtMs: 1_780_000_000_000,
    closedAtMs: null,
    closedBy: null,
    why: null,
    goneAtMs: null,
    ...change,
  };
}

export function budgetRow(budgetId: string, change: Partial<BudgetRow> = {}): BudgetRow {
  return {
    ...{ budgetId, accountId: 'main', key: `key-of-${budgetId}`, owner: 'strategy' },
    ...{ amountUsd: '100', reason: AWKWARD_TEXT, by: 'Ann', state: 'open' },
    ...{ spentUsd: '1.25', committedUsd: '2.25', heldUsd: '7', remainingUsd: '90.75' },
    commits: '[{"key":null,"amountUsd":"1","by":"Ann","reason":"","atMs":1780000000000}]',
    ...{ openedAtMs: 1_780_000_000_000, expiresAtMs: 1_780_000_060_000 },
    ...{ endedAtMs: null, endedBy: null },
    ...change,
  };
}

export function projection(throughSeq: number, change: Partial<Projection> = {}): Projection {
  return {
    throughSeq,
    actors: [],
    orders: [],
    orderEvents: [],
    legs: [],
    positions: [],
    ledger: [],
    postings: [],
    outbox: [],
    events: [],
    exits: [],
    findings: [],
    budgets: [],
    metadata: {},
    ...change,
  };
}

/** Rows of one table that no single statement takes. */
const CROWD = 600;

/** `of` among hundreds of other rows in each table that it has rows for. */
export function crowded(of: Projection): Projection {
  const crowd = <Row>(rows: Rows<Row>, make: (index: number) => Row): readonly Row[] => {
    const few = rows.slice(0, rows.length);
    return few.length === 0 ? few : [...Array.from({ length: CROWD }, (_, i) => make(i)), ...few];
  };
  const accountId = 'crowd';
  return {
    ...of,
    actors: crowd(of.actors, (i) => actorRow(`crowd-${i}`)),
    orders: crowd(of.orders, (i) => orderRow(`crowd-${i}`)),
    orderEvents: crowd(of.orderEvents, (i) => orderEventRow(`crowd-${i}`, 1)),
    legs: crowd(of.legs, (i) => legRow(`crowd-${i}`)),
    positions: crowd(of.positions, (i) => positionRow(`crowd-${i}`)),
    ledger: crowd(of.ledger, (i) => ledgerRow(`crowd-${i}`, { accountId })),
    outbox: crowd(of.outbox, (i) => outboxRow(1_000 + i, { type: 'crowd' })),
    events: crowd(of.events, (i) => eventRow(1_000 + i, { stream: `crowd-${i}` })),
    exits: crowd(of.exits, (i) => exitRow(`crowd-${i}`)),
    findings: crowd(of.findings, (i) => findingRow(`crowd-${i}`)),
    budgets: crowd(of.budgets, (i) => budgetRow(`crowd-${i}`)),
  };
}

export function withoutCrowd<Row extends object>(rows: readonly Row[]): Row[] {
  return rows.filter((row) => !JSON.stringify(row).includes('crowd'));
}

export async function journal(store: Store, afterSeq = 0): Promise<JournalBatch[]> {
  const batches: JournalBatch[] = [];
  for await (const found of store.journalAfter(afterSeq)) batches.push(found);
  return batches;
}

export async function liveActors(store: Store): Promise<ActorRow[]> {
  const actors: ActorRow[] = [];
  for await (const page of store.liveActors()) actors.push(...page);
  return actors;
}
