/**
 * Snapshots to rows and back. A row names the version of the machine that wrote it; what is read
 * is upcast to today's version and checked before any actor is made of it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, Snapshot } from 'xstate';
import { FillwrightFault, show } from '../domain/faults.ts';
import { ACCOUNT_VERSION } from '../machines/account.machine.ts';
import { ORDER_VERSION } from '../machines/order.machine.ts';
import { POSITION_VERSION } from '../machines/position.machine.ts';
import { SYSTEM_VERSION } from '../machines/system.machine.ts';
import { VENUE_VERSION } from '../machines/venue.machine.ts';
import type { ActorKind, ActorRow } from './store-port.ts';

export const VERSIONS: Readonly<Record<ActorKind, number>> = {
  system: SYSTEM_VERSION,
  account: ACCOUNT_VERSION,
  venue: VENUE_VERSION,
  order: ORDER_VERSION,
  position: POSITION_VERSION,
};

/** JSON of an older version to JSON of the next one. Empty until a version changes. */
type Upcast = (snapshot: Record<string, unknown>) => Record<string, unknown>;
const UPCASTS: Readonly<Record<ActorKind, Readonly<Record<number, Upcast>>>> = {
  system: {},
  account: {},
  venue: {},
  order: {},
  position: {},
};

/** Fields that each kind's context must have, with the type of each. */
type FieldType = 'string' | 'decimal text' | 'number' | 'object' | 'array';
const CONTEXT_FIELDS: Readonly<Record<ActorKind, Readonly<Record<string, FieldType>>>> = {
  system: { orphans: 'object', orphanCount: 'number', maxOpenOrders: 'number' },
  account: {
    accountId: 'string',
    minimumReserveUsd: 'decimal text',
    depositsUsd: 'decimal text',
    cashUsd: 'decimal text',
    feesUsd: 'decimal text',
    reservedUsd: 'decimal text',
  },
  venue: { venue: 'string', seenAtMs: 'number' },
  order: {
    clientOrderId: 'string',
    intent: 'object',
    instrument: 'object',
    legs: 'array',
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
  position: { instrumentId: 'string', fold: 'object', reservedShares: 'decimal text' },
};

/**
 * XState's persisted snapshot as JSON text. Children are effects (a wait, a call): the row keeps
 * only that they are under way and with what input, so that each starts again on restore even if
 * it had ended by the time the row was written.
 */
export function encodeSnapshot(logic: AnyStateMachine, snapshot: AnyMachineSnapshot): string {
  // Without children this is all that XState would persist, which walks every context for actor
  // references that ours never hold. A test compares the two.
  if (snapshot.status === 'active' && Object.keys(snapshot.children).length === 0) {
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
