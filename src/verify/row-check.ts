/** Rows that are not as the log makes them, as differences by column. */
import { isDeepStrictEqual } from 'node:util';
import { decodeSnapshot, VERSIONS } from '../actors/codec.ts';
import { MAX_STEPS_PER_TURN } from '../actors/step-rows.ts';
import type { ActorKind, ActorRow } from '../actors/store-port.ts';
import type { RowDifference, RowText } from '../adapters/store/row-differences.ts';
import { FillwrightFault } from '../domain/faults.ts';
import type { Difference } from './report.ts';

/** Places of one JSON value that are named. */
const MAX_PLACES = 10;
/** A value is shown up to here; a snapshot may be kilobytes. */
const MAX_SHOWN = 500;

/**
 * One row of `table` beside the row that the log makes. None for a snapshot with the same values, and
 * for a step that a program with older machines wrote (up to input `olderThrough`) and that says less.
 */
export function checkRow(
  table: string,
  row: RowDifference,
  olderThrough: number,
): readonly Difference[] {
  const key = row.key.join('/');
  const { have, made } = row;
  if (have === undefined || made === undefined) {
    return [wholeRow(table, key, have, made)];
  }
  const kind = table === 'actor_snapshots' ? (made.kind as ActorKind) : undefined;
  const version = kind === undefined ? undefined : olderVersion(have, kind);
  const current = kind === undefined || version === undefined ? have : broughtUp(have, kind);
  const note = version === undefined ? undefined : `written by version ${version} of its machine`;
  const mayLack = (seqOf(table, have) ?? Number.POSITIVE_INFINITY) <= olderThrough;
  return Object.keys(made)
    .filter((column) => current[column] !== made[column])
    .filter((column) => !(mayLack && saysLess(current[column] ?? null, made[column] ?? null)))
    .flatMap((column) => placesOf(table, column, current[column] ?? null, made[column] ?? null))
    .map(([column, is, expected]) => ({
      ...{ proof: 'fold' as const, table, key, column, have: shown(is), expected: shown(expected) },
      ...(note === undefined ? {} : { note }),
    }));
}

function wholeRow(
  table: string,
  key: string,
  have: RowText | undefined,
  made: RowText | undefined,
): Difference {
  const text = (row: RowText | undefined) =>
    row === undefined ? null : shown(JSON.stringify(row));
  const sides = { have: text(have), expected: text(made) };
  return { proof: 'fold', table, key, column: 'row', ...sides };
}

/**
 * The row's version where it is below that of this program.
 * @throws {FillwrightFault} `newer_row` where it is above.
 */
function olderVersion(row: RowText, kind: ActorKind): number | undefined {
  const current = VERSIONS[kind];
  const version = Number(row.version);
  if (version === current) return undefined;
  if (version < current) return version;
  throw new FillwrightFault(
    'newer_row',
    `${row.actor_id}: its row was written by version ${version} of the ${kind} machine, this program knows up to ${current}. Verify with the program that wrote it.`,
    { actorId: row.actor_id, version, expected: current },
  );
}

/** The row as this program would read it; a row that it cannot read stays as it is. */
function broughtUp(row: RowText, kind: ActorKind): RowText {
  const actor: ActorRow = {
    actorId: row.actor_id ?? '',
    kind,
    version: Number(row.version),
    revision: Number(row.revision),
    live: row.live === 'true',
    snapshot: row.snapshot ?? '',
    eventHash: null,
    events: 0,
  };
  try {
    const snapshot = JSON.stringify(decodeSnapshot(actor));
    return { ...row, version: String(VERSIONS[kind]), snapshot };
  } catch {
    return row;
  }
}

/** The input that a step's row is of. */
function seqOf(table: string, row: RowText): number | undefined {
  if (table === 'order_events') return Number(row.seq);
  if (table === 'outbox') return Math.floor(Number(row.outbox_id) / MAX_STEPS_PER_TURN);
  if (table === 'events') return Math.floor(Number(row.event_id) / MAX_STEPS_PER_TURN);
  return undefined;
}

/** JSON in which every value is as it should be, and some that later programs say are missing. */
function saysLess(have: string | null, made: string | null): boolean {
  if (have === null || made === null || !have.startsWith('{')) return false;
  return isWithin(JSON.parse(have), JSON.parse(made));
}

function isWithin(have: unknown, made: unknown): boolean {
  if (!isBranch(have) || !isBranch(made) || Array.isArray(made)) {
    return isDeepStrictEqual(have, made);
  }
  return Object.entries(have).every(([key, value]) => isWithin(value, made[key]));
}

type Place = readonly [column: string, have: string | null, expected: string | null];

/**
 * Of a snapshot the places that differ in value: the order of its keys depends on which version of its
 * machine made them. Everything else is compared as text.
 */
function placesOf(
  table: string,
  column: string,
  have: string | null,
  made: string | null,
): readonly Place[] {
  const isSnapshot = table === 'actor_snapshots' && column === 'snapshot';
  if (!isSnapshot || have === null || made === null) return [[column, have, made]];
  const places: Place[] = [];
  collect(column, JSON.parse(have), JSON.parse(made), places);
  return places;
}

function collect(place: string, have: unknown, made: unknown, places: Place[]): void {
  if (places.length >= MAX_PLACES || isDeepStrictEqual(have, made)) return;
  if (!isBranch(have) || !isBranch(made)) {
    places.push([place, textOf(have), textOf(made)]);
    return;
  }
  for (const key of new Set([...Object.keys(have), ...Object.keys(made)])) {
    collect(`${place}.${key}`, have[key], made[key], places);
  }
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function shown(text: string | null): string | null {
  return text === null || text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
