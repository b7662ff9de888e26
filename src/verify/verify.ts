/**
 * Proves that what the database holds follows from its log: the log's own order and hashes, the hashes
 * of each order's steps, every row made again from nothing, and the books added up once more without
 * the machines. All of one moment; an engine may work meanwhile.
 */
import { TOLD_WITH } from '../actors/codec.ts';
import { ROWS_THROUGH } from '../actors/projector.ts';
import { COMPARED_TABLES, type FrozenStore } from '../adapters/store/frozen-store.ts';
import { CATALOGUE_VERSION } from '../domain/events/catalogue.ts';
import { FillwrightFault } from '../domain/faults.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import { createFold } from './fold.ts';
import { createLogCheck, type LogCheck } from './log-check.ts';
import type { Anchor, Difference, Verified } from './report.ts';
import { checkRow } from './row-check.ts';
import { stepDifferences } from './step-check.ts';

/** Inputs between two writes of the fold: what it holds in memory beside the live actors. */
const WRITE_EVERY_INPUTS = 5_000;
/** Rows that are named for one table; the rest is counted. */
const MAX_NAMED_ROWS = 100;
/** The only table that may be behind the others. */
const SNAPSHOTS = 'actor_snapshots';

export interface VerifyOptions {
  /** Told now and then, with the inputs told so far and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
  /** A place of the log and the hash that it must have. */
  readonly anchor?: Anchor;
}

/**
 * Changes nothing.
 * @throws {FillwrightFault} `corrupt_row` or `newer_row` when it cannot be said what should be there.
 */
export async function verify(frozen: FrozenStore, options: VerifyOptions = {}): Promise<Verified> {
  const found: Difference[] = [];
  const rowsThrough = await readRowsThrough(frozen, found);
  const check = createLogCheck((difference) => found.push(difference), options.anchor);
  const teller = createTeller();
  const comparison = createComparison(frozen, teller, found);
  const isTold = await tellAll(frozen, {
    ...{ check, teller, rowsThrough, comparison, found, options },
  });
  found.push(...(await endOfLog(frozen, check)));
  const steps = await frozen.brokenSteps(check.chainedFrom ?? Number.MAX_SAFE_INTEGER);
  found.push(...stepDifferences(steps.named, await frozen.brokenHeads()));
  comparison.countUnnamed('order_events', steps.broken - steps.named.length);
  if (isTold) found.push(...(await booksOf(frozen)));
  const { batches, unchained, head } = check;
  return {
    ok: found.length === 0,
    lastSeq: frozen.lastSeq,
    projectedThrough: frozen.projectedThrough,
    rowsThrough,
    log: { batches, unchained, head },
    steps: { rows: steps.steps, unchained: steps.unchained },
    compared: comparison.rows,
    sameValues: comparison.sameValues,
    differences: found,
    unnamed: comparison.unnamed,
  };
}

interface Telling {
  readonly check: LogCheck;
  readonly teller: Teller;
  readonly rowsThrough: number;
  readonly comparison: Comparison;
  readonly found: Difference[];
  readonly options: VerifyOptions;
}

/** Tells the whole log and compares on the way; false when it could not be told to its end. */
async function tellAll(frozen: FrozenStore, telling: Telling): Promise<boolean> {
  const { check, teller, rowsThrough, comparison, found, options } = telling;
  const fold = createFold({ store: frozen.remade, remakeLogRows: frozen.remakeLogRows });
  let isTold = true;
  let areSnapshotsCompared = false;

  async function compareSnapshots(): Promise<void> {
    areSnapshotsCompared = true;
    await fold.write();
    await comparison.compare(SNAPSHOTS);
  }

  async function tell(seq: number, input: EngineInput): Promise<void> {
    if (seq > frozen.projectedThrough && !areSnapshotsCompared) await compareSnapshots();
    if (seq > rowsThrough) return fold.keepLogRows(input);
    teller.hear(seq, input);
    await fold.tell(seq, input);
    if (seq % WRITE_EVERY_INPUTS !== 0) return;
    await fold.write();
    options.onProgress?.(seq, frozen.lastSeq);
  }

  for await (const batch of frozen.journal()) {
    const inputs = check.take(batch);
    if (inputs === undefined) isTold = false;
    for (const [index, input] of (inputs ?? []).entries()) {
      if (!isTold) break;
      const seq = batch.firstSeq + index;
      try {
        await tell(seq, input);
      } catch (error) {
        if (error instanceof FillwrightFault && error.code !== 'broken_invariant') throw error;
        isTold = false;
        found.push(untold(batch.firstSeq, seq, input, error));
      }
    }
  }
  if (!isTold) return false;
  if (!areSnapshotsCompared) await compareSnapshots();
  await fold.write();
  for (const table of COMPARED_TABLES) {
    if (table !== SNAPSHOTS) await comparison.compare(table);
  }
  return true;
}

function untold(firstSeq: number, seq: number, input: EngineInput, error: unknown): Difference {
  return {
    ...{
      proof: 'log',
      table: 'journal',
      key: String(firstSeq),
      column: `inputs[${seq - firstSeq}]`,
    },
    have: JSON.stringify(input) ?? null,
    expected: 'an input that can be told; nothing after it was',
    note: String(error),
  };
}

/** How far the read tables are: said with every cut since there are hashes. */
async function readRowsThrough(frozen: FrozenStore, found: Difference[]): Promise<number> {
  const { lastSeq, projectedThrough } = frozen;
  const value = await frozen.metadata(ROWS_THROUGH);
  if (value === undefined) {
    if (lastSeq === projectedThrough) return lastSeq;
    throw new FillwrightFault(
      'corrupt_row',
      `system_metadata has no ${ROWS_THROUGH}, and the log is ahead of the snapshots (${lastSeq}, ${projectedThrough}): an older version has written them. Start the engine once and verify then.`,
      { lastSeq, projectedThrough },
    );
  }
  const seq = Number(value);
  if (Number.isSafeInteger(seq) && seq >= projectedThrough && seq <= lastSeq) return seq;
  found.push({
    ...{ proof: 'log', table: 'system_metadata', key: ROWS_THROUGH, column: 'value', have: value },
    expected: `${projectedThrough} to ${lastSeq}`,
  });
  return lastSeq;
}

/** What is missing at the end of the log, or belongs to no batch of it. */
async function endOfLog(frozen: FrozenStore, check: LogCheck): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const { lastSeq, projectedThrough } = frozen;
  if (projectedThrough > lastSeq) {
    found.push({
      ...{ proof: 'log', table: 'journal', key: String(lastSeq + 1), column: 'row', have: null },
      expected: `inputs up to ${projectedThrough}, which the snapshots know`,
    });
  }
  if (check.missedAnchor !== undefined) {
    const { seq, hash } = check.missedAnchor;
    found.push({
      ...{ proof: 'log', table: 'journal', key: String(seq), column: 'hash', have: null },
      expected: hash,
      note: 'no batch ends with this input',
    });
  }
  for (const { table, key } of await frozen.strays()) {
    found.push({
      ...{ proof: 'log', table, key, column: 'batch_seq', have: 'no place of a batch' },
      expected: 'its place in the batch that it was committed with',
    });
  }
  return found;
}

async function booksOf(frozen: FrozenStore): Promise<readonly Difference[]> {
  const found = await frozen.bookDifferences();
  return found.map(({ rule, ...difference }) => ({ proof: 'books', ...difference, note: rule }));
}

interface Comparison {
  compare(table: string): Promise<void>;
  countUnnamed(table: string, count: number): void;
  readonly rows: Readonly<Record<string, number>>;
  readonly unnamed: Readonly<Record<string, number>>;
  readonly sameValues: number;
}

/** Which program told the inputs, by what each of its starts said. */
interface Teller {
  hear(seq: number, input: EngineInput): void;
  /** Up to this input a program with older machines told them; 0: none did. */
  readonly olderThrough: number;
}

function createTeller(): Teller {
  let isOlder = true;
  let olderThrough = 0;
  return {
    hear(seq, input) {
      if (input.type === 'engine.opened' || input.type === 'engine.restored') {
        const { versions } = input;
        refuseNewer(versions?.catalogue ?? 0);
        isOlder = Object.entries(TOLD_WITH).some(([kind, version]) => {
          return (versions?.[kind] ?? 0) < version;
        });
      }
      if (isOlder) olderThrough = seq;
    },
    get olderThrough() {
      return olderThrough;
    },
  };
}

/** What a newer catalogue makes of the log cannot be said here. */
function refuseNewer(catalogue: number): void {
  if (catalogue <= CATALOGUE_VERSION) return;
  throw new FillwrightFault(
    'newer_row',
    `The log was written with version ${catalogue} of the event catalogue, this program knows up to ${CATALOGUE_VERSION}. Verify with the program that wrote it.`,
    { version: catalogue, expected: CATALOGUE_VERSION },
  );
}

function createComparison(frozen: FrozenStore, teller: Teller, found: Difference[]): Comparison {
  const rows: Record<string, number> = {};
  const unnamed: Record<string, number> = {};
  let sameValues = 0;

  function countUnnamed(table: string, count: number): void {
    if (count > 0) unnamed[table] = (unnamed[table] ?? 0) + count;
  }

  return {
    countUnnamed,
    rows,
    unnamed,
    get sameValues() {
      return sameValues;
    },
    async compare(table) {
      rows[table] = await frozen.countRows(table);
      let named = 0;
      for await (const row of frozen.differences(table)) {
        const differences = checkRow(table, row, teller.olderThrough);
        if (differences.length === 0) sameValues += 1;
        else if (named < MAX_NAMED_ROWS) {
          named += 1;
          found.push(...differences);
        } else countUnnamed(table, 1);
      }
    },
  };
}
