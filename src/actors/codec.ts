/**
 * Snapshots to rows and back. A row names the version of the machine that wrote it; what is read
 * is upcast to today's version and checked before any actor is made of it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, Snapshot } from 'xstate';
import { NO_BUDGETS } from '../domain/budgets.ts';
import { CATALOGUE_VERSION } from '../domain/events/catalogue.ts';
import { assertInvariant, FillwrightFault, show } from '../domain/faults.ts';
import { marketOf } from '../domain/instrument.ts';
import { EVERYTHING } from '../domain/risk/holds.ts';
import { NO_ANSWERS } from '../domain/risk/rule.ts';
import { ACCOUNT_VERSION } from '../machines/account.machine.ts';
import { EXIT_VERSION } from '../machines/exit.machine.ts';
import { ORDER_VERSION } from '../machines/order.machine.ts';
import { POSITION_VERSION } from '../machines/position.machine.ts';
import { type MachineVersions, SYSTEM_VERSION } from '../machines/system.machine.ts';
import { VENUE_VERSION } from '../machines/venue.machine.ts';
import type { ActorKind, ActorRow } from './store-port.ts';

export const VERSIONS: Readonly<Record<ActorKind, number>> = {
  system: SYSTEM_VERSION,
  account: ACCOUNT_VERSION,
  venue: VENUE_VERSION,
  order: ORDER_VERSION,
  position: POSITION_VERSION,
  exit: EXIT_VERSION,
};

/** What a start says of the inputs after it: machines, and the catalogue of events. */
export const TOLD_WITH: MachineVersions = { ...VERSIONS, catalogue: CATALOGUE_VERSION };

/** JSON of an older version to JSON of the next one. Empty until a version changes. */
type Upcast = (snapshot: Record<string, unknown>) => Record<string, unknown>;
const UPCASTS: Readonly<Record<ActorKind, Readonly<Record<number, Upcast>>>> = {
  system: {
    1: withContext({ findings: {}, bootProblem: null }),
    2: systemOf2,
    3: withContext({ limitLevels: {} }),
  },
  account: { 1: withContext({ day: null, equity: null }), 2: withContext({ ...NO_BUDGETS }) },
  venue: { 1: withContext({ balance: null }) },
  order: { 1: orderOf1 },
  position: {
    1: withContext({ openFindings: 0 }),
    2: positionOf2,
    3: withContext({ resolution: null }),
  },
  exit: {},
};

/** Fields that each kind's context must have, with the type of each. */
type FieldType = 'string' | 'decimal text' | 'number' | 'object' | 'array';
const CONTEXT_FIELDS: Readonly<Record<ActorKind, Readonly<Record<string, FieldType>>>> = {
  system: {
    orphans: 'object',
    orphanCount: 'number',
    maxOpenOrders: 'number',
    findings: 'object',
    holds: 'object',
    overrides: 'array',
    answers: 'object',
    limitLevels: 'object',
    catalogue: 'number',
  },
  account: {
    accountId: 'string',
    minimumReserveUsd: 'decimal text',
    depositsUsd: 'decimal text',
    cashUsd: 'decimal text',
    feesUsd: 'decimal text',
    reservedUsd: 'decimal text',
    budgets: 'object',
    budgetsUsd: 'decimal text',
  },
  venue: { venue: 'string', seenAtMs: 'number' },
  order: {
    clientOrderId: 'string',
    intent: 'object',
    instrument: 'object',
    legs: 'array',
    lookups: 'number',
    evidence: 'array',
    matchedSize: 'decimal text',
    reportedSize: 'decimal text',
    filledSize: 'decimal text',
    filledUsd: 'decimal text',
    feesUsd: 'decimal text',
    reserveRate: 'decimal text',
    reservedUsd: 'decimal text',
    reservedShares: 'decimal text',
    createdAtMs: 'number',
  },
  position: {
    instrumentId: 'string',
    marketId: 'string',
    fold: 'object',
    reservedShares: 'decimal text',
    openFindings: 'number',
  },
  exit: {
    instrument: 'object',
    plan: 'object',
    holding: 'object',
    memory: 'object',
    attempts: 'array',
    createdAtMs: 'number',
  },
};

/** A version that only remembers more: fields with what they hold in an actor that knows nothing yet. */
function withContext(fields: Record<string, unknown>): Upcast {
  return (snapshot) =>
    isRecord(snapshot.context)
      ? { ...snapshot, context: { ...fields, ...snapshot.context } }
      : snapshot;
}

/** Version 2 knew one hold: a pause of everything, in words. It had no limits but that of open orders. */
function systemOf2(snapshot: Record<string, unknown>): Record<string, unknown> {
  const { context } = snapshot;
  if (!isRecord(context)) return snapshot;
  const { pauseReason, ...kept } = context;
  const { reason, by } = pauseOf2(pauseReason);
  const pause = { scope: EVERYTHING, level: 'paused', reason, by, sinceMs: 0, untilMs: null };
  const holds = typeof pauseReason === 'string' ? { [EVERYTHING]: pause } : {};
  return {
    ...snapshot,
    context: {
      ...kept,
      holds,
      overrides: [],
      limits: null,
      exitPlan: null,
      catalogue: 0,
      answers: NO_ANSWERS,
    },
  };
}

/** `lunch (by Ann)`. */
function pauseOf2(text: unknown): { readonly reason: string; readonly by: string } {
  const [, reason = String(text), by = 'somebody'] = /^(.*) \(by (.*)\)$/s.exec(String(text)) ?? [];
  return { reason, by };
}

function positionOf2(snapshot: Record<string, unknown>): Record<string, unknown> {
  const { context } = snapshot;
  if (!isRecord(context) || typeof context.instrumentId !== 'string') return snapshot;
  const marketId = marketOf(context.instrumentId);
  return { ...snapshot, context: { ...context, marketId, eventId: null } };
}

/** Version 1 counted look-ups over all doubts together, and kept nothing of what they said. */
function orderOf1(snapshot: Record<string, unknown>): Record<string, unknown> {
  const { value, context } = snapshot;
  if (!isRecord(context)) return snapshot;
  const { lookupAttempts, ...kept } = context;
  const inDoubt = isRecord(value) && isRecord(value.execution) && 'unknown' in value.execution;
  return {
    ...snapshot,
    context: {
      doubted: false,
      settledBy: null,
      ...kept,
      doubtSinceMs: inDoubt ? context.updatedAtMs : null,
      lookups: inDoubt && typeof lookupAttempts === 'number' ? lookupAttempts : 0,
      escalated: false,
      evidence: [],
    },
  };
}

/**
 * XState's persisted snapshot as JSON text. Children are effects (a wait, a call): the row keeps
 * only that they are under way and with what input, so that each starts again on restore even if
 * it had ended by the time the row was written.
 */
export function encodeSnapshot(logic: AnyStateMachine, snapshot: AnyMachineSnapshot): string {
  // XState gives a stopped actor a snapshot too. As a row it would be an order that hears nothing.
  assertInvariant(snapshot.status === 'active', 'Only an actor that lives is written.', {
    status: snapshot.status,
  });
  // Without children this is all that XState would persist, which walks every context for actor
  // references that ours never hold. A test compares the two.
  if (Object.keys(snapshot.children).length === 0) {
    const { status, value, historyValue, context } = snapshot;
    return JSON.stringify({ status, value, historyValue, context, children: {} });
  }
  const persisted: PersistedMachine = logic.getPersistedSnapshot(snapshot);
  const { children } = persisted;
  if (children === undefined) return JSON.stringify(persisted);
  const kept: Record<string, PersistedChild> = {};
  for (const [id, child] of Object.entries(children)) {
    kept[id] = { ...child, snapshot: { status: 'active', input: child.snapshot.input } };
  }
  return JSON.stringify({ ...persisted, children: kept });
}

/** XState's type of a persisted snapshot says nothing of what a machine's one holds. */
type PersistedMachine = Snapshot<unknown> & { readonly children?: Record<string, PersistedChild> };

interface PersistedChild {
  readonly snapshot: { readonly status?: string; readonly input?: unknown };
  readonly [key: string]: unknown;
}

/**
 * @returns a fresh persisted snapshot, upcast and checked.
 * @throws {FillwrightFault} `newer_row` or `corrupt_row`, naming the actor and what was expected.
 */
export function decodeSnapshot(row: ActorRow): object {
  const current = VERSIONS[row.kind];
  if (current === undefined) throw corrupt(row, 'kind', row.kind, 'a known kind of actor');
  if (row.version > current) {
    throw new FillwrightFault(
      'newer_row',
      `${row.actorId}: its row was written by version ${row.version} of the ${row.kind} machine, this program knows up to ${current}. Start the newer program, or restore a backup.`,
      { actorId: row.actorId, version: row.version, expected: current },
    );
  }
  let snapshot = parse(row);
  for (let version = row.version; version < current; version += 1) {
    const upcast = UPCASTS[row.kind][version];
    if (upcast === undefined) throw corrupt(row, 'version', version, 'a version that can be read');
    snapshot = upcast(snapshot);
  }
  check(row, snapshot);
  return snapshot;
}

function parse(row: ActorRow): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(row.snapshot);
    if (isRecord(parsed)) return parsed;
  } catch {
    // Falls through: the message below says the same of both.
  }
  throw corrupt(row, 'snapshot', row.snapshot, 'a JSON object');
}

function check(row: ActorRow, snapshot: Record<string, unknown>): void {
  if (snapshot.status !== 'active') throw corrupt(row, 'status', snapshot.status, '"active"');
  if (typeof snapshot.value !== 'string' && !isRecord(snapshot.value)) {
    throw corrupt(row, 'value', snapshot.value, 'a state value');
  }
  const { context } = snapshot;
  if (!isRecord(context)) throw corrupt(row, 'context', context, 'an object');
  for (const [field, type] of Object.entries(CONTEXT_FIELDS[row.kind])) {
    const value = context[field];
    if (!isOfType(value, type)) throw corrupt(row, `context.${field}`, value, type);
  }
}

function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case 'decimal text':
      return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'string':
    case 'number':
      return typeof value === type;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(row: ActorRow, place: string, value: unknown, expected: string): FillwrightFault {
  return new FillwrightFault(
    'corrupt_row',
    `actor_snapshots ${row.actorId}: ${place} is ${show(value)}, expected ${expected}.`,
    { actorId: row.actorId, place, value: show(value), expected },
  );
}
