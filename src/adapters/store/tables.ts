/**
 * Tables as data: each row type of the port with the SQL type of every field. From this follow the
 * column lists of reads and the inserts of whole pages of rows, so that a field cannot be forgotten
 * in one place: the type checker asks for every key of the row.
 */
import type { EventRow } from '../../actors/event-port.ts';
import type {
  ActorRow,
  BudgetRow,
  ExitEventRow,
  FindingRow,
  IntentRow,
  LedgerRow,
  LegRow,
  OrderEventRow,
  OrderRow,
  OutboxRow,
  PositionRow,
  PostingRow,
  PreparedRow,
  ReconciliationRow,
} from '../../actors/store-port.ts';
import type {
  PaperBalanceRow,
  PaperOrderRow,
  PaperTradeRow,
} from '../../actors/venue-store-port.ts';
import { type Fields, table } from './table.ts';

export const INTENT_FIELDS: Fields<IntentRow> = {
  key: 'text',
  clientOrderId: 'text',
  body: 'text',
  atMs: 'bigint',
};
export const PREPARED_FIELDS: Fields<PreparedRow> = {
  clientOrderId: 'text',
  venue: 'text',
  venueOrderId: 'text',
  body: 'text',
  atMs: 'bigint',
};

export const actors = table<ActorRow>(
  'actor_snapshots',
  {
    actorId: 'text',
    kind: 'text',
    version: 'integer',
    revision: 'bigint',
    live: 'boolean',
    snapshot: 'json',
    eventHash: 'text',
    events: 'bigint',
  },
  {
    do: 'update',
    key: ['actorId'],
    when: 'excluded.revision >= actor_snapshots.revision',
  },
);

export const orders = table<OrderRow>(
  'orders',
  {
    clientOrderId: 'text',
    venue: 'text',
    venueOrderId: 'text',
    intentKey: 'text',
    strategy: 'text',
    instrumentId: 'text',
    marketId: 'text',
    outcome: 'text',
    side: 'text',
    type: 'text',
    price: 'numeric',
    size: 'numeric',
    amountUsd: 'numeric',
    timeInForce: 'text',
    expiresAtMs: 'bigint',
    status: 'text',
    execution: 'text',
    settlement: 'text',
    filledSize: 'numeric',
    averageFillPrice: 'numeric',
    feesUsd: 'numeric',
    reservedUsd: 'numeric',
    reservedShares: 'numeric',
    reason: 'text',
    closed: 'boolean',
    createdAtMs: 'bigint',
    updatedAtMs: 'bigint',
  },
  { do: 'update', key: ['clientOrderId'] },
);

export const orderEvents = table<OrderEventRow>(
  'order_events',
  {
    clientOrderId: 'text',
    number: 'integer',
    seq: 'bigint',
    atMs: 'bigint',
    type: 'text',
    fromState: 'text',
    toState: 'text',
    status: 'text',
    note: 'text',
    event: 'json',
    hash: 'text',
  },
  // A step that a program without hashes wrote, and that is told again, gets its hash.
  {
    do: 'update',
    key: ['clientOrderId', 'number'],
    only: ['hash'],
    when: 'order_events.hash is null',
  },
);

export const legs = table<LegRow>(
  'fill_legs',
  {
    legKey: 'text',
    venue: 'text',
    tradeId: 'text',
    venueOrderId: 'text',
    role: 'text',
    clientOrderId: 'text',
    instrumentId: 'text',
    side: 'text',
    price: 'numeric',
    size: 'numeric',
    feeUsd: 'numeric',
    settlement: 'text',
    conflicted: 'boolean',
    matchedAtMs: 'bigint',
    transactionHash: 'text',
  },
  { do: 'update', key: ['legKey'] },
);

export const positions = table<PositionRow>(
  'positions',
  {
    accountId: 'text',
    instrumentId: 'text',
    state: 'text',
    size: 'numeric',
    sellableSize: 'numeric',
    reservedShares: 'numeric',
    averageEntry: 'numeric',
    costBasis: 'numeric',
    realizedPnl: 'numeric',
    feesUsd: 'numeric',
    payout: 'numeric',
    resolvedAtMs: 'bigint',
    redeemableUsd: 'numeric',
    redeemedSize: 'numeric',
    redeemedUsd: 'numeric',
    reconciliationRequired: 'boolean',
    updatedAtMs: 'bigint',
  },
  { do: 'update', key: ['accountId', 'instrumentId'] },
);

export const postings = table<PostingRow>(
  'postings',
  {
    seq: 'bigint',
    accountId: 'text',
    kind: 'text',
    cashUsd: 'numeric',
    reservedUsd: 'numeric',
    budgetsUsd: 'numeric',
    sharesUsd: 'numeric',
    feesUsd: 'numeric',
    pnlUsd: 'numeric',
    externalUsd: 'numeric',
    redeemableUsd: 'numeric',
    atMs: 'bigint',
  },
  { do: 'nothing' },
);

export const ledger = table<LedgerRow>(
  'ledger_entries',
  {
    entryId: 'text',
    accountId: 'text',
    kind: 'text',
    amountUsd: 'numeric',
    legKey: 'text',
    clientOrderId: 'text',
    seq: 'bigint',
    atMs: 'bigint',
  },
  { do: 'nothing' },
);

export const outbox = table<OutboxRow>(
  'outbox',
  { outboxId: 'bigint', type: 'text', body: 'json', atMs: 'bigint' },
  { do: 'nothing' },
);

export const events = table<EventRow>(
  'events',
  {
    eventId: 'bigint',
    type: 'text',
    priority: 'integer',
    stream: 'text',
    number: 'bigint',
    accountId: 'text',
    correlationId: 'text',
    causationId: 'text',
    atMs: 'bigint',
    payload: 'json',
  },
  { do: 'nothing' },
);

export const exits = table<ExitEventRow>(
  'exit_events',
  {
    exitId: 'text',
    accountId: 'text',
    instrumentId: 'text',
    clientOrderId: 'text',
    legKey: 'text',
    size: 'numeric',
    exitPrice: 'numeric',
    realizedPnl: 'numeric',
    reason: 'text',
    voided: 'boolean',
    atMs: 'bigint',
  },
  { do: 'update', key: ['exitId'], only: ['voided'] },
);

export const findings = table<FindingRow>(
  'findings',
  {
    findingId: 'text',
    kind: 'text',
    subject: 'text',
    instrumentId: 'text',
    severity: 'text',
    state: 'text',
    summary: 'text',
    ours: 'json',
    theirs: 'json',
    evidence: 'json',
    action: 'json',
    openedAtMs: 'bigint',
    seenAtMs: 'bigint',
    closedAtMs: 'bigint',
    closedBy: 'text',
    why: 'text',
    goneAtMs: 'bigint',
  },
  { do: 'update', key: ['findingId', 'openedAtMs'] },
);

export const budgets = table<BudgetRow>(
  'budgets',
  {
    budgetId: 'text',
    accountId: 'text',
    key: 'text',
    owner: 'text',
    amountUsd: 'numeric',
    reason: 'text',
    by: 'text',
    state: 'text',
    spentUsd: 'numeric',
    committedUsd: 'numeric',
    heldUsd: 'numeric',
    remainingUsd: 'numeric',
    commits: 'json',
    openedAtMs: 'bigint',
    expiresAtMs: 'bigint',
    endedAtMs: 'bigint',
    endedBy: 'text',
  },
  { do: 'update', key: ['budgetId'] },
);

/** Each row is new: nothing of it can be there before. */
export const reconciliations = table<ReconciliationRow>(
  'reconciliations',
  {
    startedAtMs: 'bigint',
    durationMs: 'bigint',
    reason: 'text',
    complete: 'boolean',
    applied: 'integer',
    openFindings: 'integer',
    criticalFindings: 'integer',
    body: 'json',
  },
  { do: 'nothing' },
);

/** Key of the metadata row that says how far the read tables have come. It only grows. */
export const PROJECTED_THROUGH = 'projected_through';

export const metadata = table<{ readonly key: string; readonly value: string }>(
  'system_metadata',
  { key: 'text', value: 'text' },
  {
    do: 'update',
    key: ['key'],
    // `case`: of two conditions joined by `or` the server may evaluate either one first.
    when: `case when excluded.key = '${PROJECTED_THROUGH}'
      then excluded.value::bigint >= system_metadata.value::bigint else true end`,
  },
);

export const intents = table<IntentRow>('intents', INTENT_FIELDS, { do: 'nothing' });
export const prepared = table<PreparedRow>('prepared_submissions', PREPARED_FIELDS, {
  do: 'nothing',
});

export const paperOrders = table<PaperOrderRow>(
  'paper_orders',
  { id: 'text', open: 'boolean', body: 'text' },
  { do: 'update', key: ['id'] },
);
export const paperTrades = table<PaperTradeRow>(
  'paper_trades',
  { id: 'text', final: 'boolean', changedAtMs: 'bigint', body: 'text' },
  { do: 'update', key: ['id'] },
);
export const paperBalances = table<PaperBalanceRow>(
  'paper_balances',
  { asset: 'text', amount: 'numeric' },
  { do: 'update', key: ['asset'] },
);
