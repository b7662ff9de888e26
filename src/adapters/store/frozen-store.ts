/**
 * The database as it stood at one moment, and beside it the same tables once more, empty and for this
 * session only: what a projector writes there can be held against what the database holds.
 *
 * All of it is one transaction of its own that reads one moment and changes nothing that others see;
 * an engine may work meanwhile. It needs the right to make temporary tables, as the engine does.
 */
import { type Kysely, sql } from 'kysely';
import type { IntentRow, JournalBatch, PreparedRow, Store } from '../../actors/store-port.ts';
import { type BookDifference, bookDifferences } from './books.ts';
import { openDatabase, quoteIdentifier, type StorePlace } from './connection.ts';
import { EVENTS_PRUNED_THROUGH } from './event-store.ts';
import { codeOf, storeFault } from './fault.ts';
import { type BrokenHead, brokenHeads, brokenSteps, type StepChain } from './order-chain.ts';
import { type Write, writesOf, writesOfRows } from './project.ts';
import * as restore from './restore.ts';
import { countRows, differences, type RowDifference } from './row-differences.ts';
import { type Table, table } from './table.ts';
import * as tables from './tables.ts';

/** Rows of one insert into the session's own tables: about a megabyte of snapshots. */
const PART_ROWS = 500;
/** A table of a hundred million rows is compared in one statement. */
const ANSWER_TIMEOUT_MS = 6 * 3_600_000;

/** Under other names: the log's own rows are read in the same session. */
const REMADE_INTENTS = table<IntentRow>('remade_intents', tables.INTENT_FIELDS, {
  do: 'nothing',
});
const REMADE_PREPARED = table<PreparedRow>('remade_prepared', tables.PREPARED_FIELDS, {
  do: 'nothing',
});

interface Compared {
  readonly table: Pick<Table<never>, 'name' | 'columnNames'>;
  readonly key: readonly string[];
  /** The session's own table, where its name is another. */
  readonly remade?: string;
  /** Columns that do not follow from the inputs alone. */
  readonly except?: readonly string[];
  /** Metadata: rows up to this key may have been removed. */
  readonly goneThrough?: string;
}

/** Every table whose rows follow from the inputs of the log. */
const COMPARED: readonly Compared[] = [
  { table: tables.intents, key: ['key'], remade: REMADE_INTENTS.name },
  {
    table: tables.prepared,
    key: ['client_order_id'],
    remade: REMADE_PREPARED.name,
    // The bytes were made outside; the log's hash covers them.
    except: ['body'],
  },
  { table: tables.actors, key: ['actor_id'], except: ['event_hash'] },
  { table: tables.orders, key: ['client_order_id'] },
  { table: tables.orderEvents, key: ['client_order_id', 'number'], except: ['hash'] },
  { table: tables.legs, key: ['leg_key'] },
  { table: tables.positions, key: ['account_id', 'instrument_id'] },
  { table: tables.ledger, key: ['entry_id'] },
  { table: tables.postings, key: ['seq'] },
  { table: tables.exits, key: ['exit_id'] },
  { table: tables.findings, key: ['finding_id', 'opened_at_ms'] },
  { table: tables.budgets, key: ['budget_id'] },
  { table: tables.outbox, key: ['outbox_id'] },
  // The oldest ones are removed after a while.
  { table: tables.events, key: ['event_id'], goneThrough: EVENTS_PRUNED_THROUGH },
];

export const COMPARED_TABLES: readonly string[] = COMPARED.map(({ table }) => table.name);

export interface FrozenStore {
  /** 0 when the journal is empty. */
  readonly lastSeq: number;
  /** The last input that the snapshots know. */
  readonly projectedThrough: number;
  metadata(key: string): Promise<string | undefined>;
  /** The whole log from its first batch, in order, in pages. */
  journal(): AsyncIterable<JournalBatch>;
  /** Writes to, and reads from, the session's own tables. */
  readonly remade: Pick<Store, 'project' | 'actor'>;
  /** The rows that were committed with inputs, into the session's own tables. */
  remakeLogRows(intents: readonly IntentRow[], prepared: readonly PreparedRow[]): Promise<void>;
  /** Rows of one of `COMPARED_TABLES` that are not as the session's own table has them. */
  differences(table: string): AsyncIterable<RowDifference>;
  countRows(table: string): Promise<number>;
  /**
   * Steps whose hash does not follow. `chainedFrom`: the first input of a batch that has a hash;
   * steps of earlier ones may have none.
   */
  brokenSteps(chainedFrom: number): Promise<StepChain>;
  /** Orders whose row of `actor_snapshots` has another hash than the step that it stands at. */
  brokenHeads(): Promise<readonly BrokenHead[]>;
  /** Positions, cash and fees added up from legs and ledger alone. */
  bookDifferences(): Promise<readonly BookDifference[]>;
  /** Rows of intents and prepared orders that belong to no batch, or are not in their place in it. */
  strays(): Promise<readonly { readonly table: string; readonly key: string }[]>;
}

/**
 * Runs `work` over `place` as it stands now; what it made is gone afterwards.
 * @throws {FillwrightFault} `store_unavailable`, `corrupt_row`; what `work` throws.
 */
export async function withFrozenStore<T>(
  place: StorePlace,
  work: (frozen: FrozenStore) => Promise<T>,
): Promise<T> {
  const db = openDatabase({ ...place, answerTimeoutMs: ANSWER_TIMEOUT_MS }, 1);
  try {
    const transaction = await db.startTransaction().setIsolationLevel('repeatable read').execute();
    try {
      return await work(await freeze(transaction, place.schema));
    } finally {
      // Nothing of it is to stay. A connection that is lost has nothing to take back.
      await transaction
        .rollback()
        .execute()
        .catch(() => undefined);
    }
  } catch (error) {
    const fault = storeFault(error, 'verify');
    // Only the server's own errors: one of `work` is not about the store.
    throw fault.code === 'store_unavailable' || codeOf(error) !== undefined ? fault : error;
  } finally {
    await db.destroy();
  }
}

async function freeze(db: Kysely<unknown>, schema: string): Promise<FrozenStore> {
  // No statement limit: one of these compares a whole table.
  await sql`select set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)`.execute(db);
  const [projectedThrough, lastSeq] = [
    await restore.projectedThrough(db),
    await restore.lastSeq(db),
  ];
  const within = quoteIdentifier(schema);
  const own = COMPARED.map((compared) => ownTable(within, compared));
  await sql.raw(own.join(';')).execute(db);

  return {
    lastSeq,
    projectedThrough,
    metadata: (key) => restore.metadata(db, key),
    journal: () => restore.journalAfter(db, (_operation, read) => read(), 0),
    remade: {
      project: (projection) => insertAll(db, writesOfRows(projection)),
      actor: (id) => restore.actor(db, id),
    },
    remakeLogRows: (intents, prepared) =>
      insertAll(db, [...writesOf(REMADE_INTENTS, intents), ...writesOf(REMADE_PREPARED, prepared)]),
    countRows: (table) => countRows(db, `${within}.${table}`),
    differences(name) {
      const compared = COMPARED.find(({ table }) => table.name === name);
      if (compared === undefined) throw new Error(`${name} does not follow from the log.`);
      const { table, key, remade = name, except = [], goneThrough } = compared;
      const columns = table.columnNames.filter((column) => !except.includes(column));
      return differences(db, {
        have: `${within}.${name}`,
        made: `pg_temp.${remade}`,
        key,
        columns,
        ...(goneThrough === undefined ? {} : { goneThrough }),
      });
    },
    brokenSteps: (chainedFrom) => brokenSteps(db, within, chainedFrom),
    brokenHeads: () => brokenHeads(db, within),
    bookDifferences: () => bookDifferences(db, within),
    async strays() {
      const found = await sql<{ table: string; key: string }>`
        with placed as (
          select 'intents' as table, key, batch_seq, batch_position,
            row_number() over (partition by batch_seq order by batch_position) as place
          from intents
          union all
          select 'prepared_submissions', client_order_id, batch_seq, batch_position,
            row_number() over (partition by batch_seq order by batch_position)
          from prepared_submissions
        )
        select p.table, p.key from placed p
        where p.place <> p.batch_position
          or not exists (select from journal j where j.first_seq = p.batch_seq)
        order by 1, 2 limit 100`.execute(db);
      return found.rows;
    },
  };
}

/** One of the same name is found before that of the schema: a session's own tables come first. */
function ownTable(schema: string, { table, key, remade }: Compared): string {
  const { name, columnNames } = table;
  if (remade === undefined) {
    return `create temp table ${name} (like ${schema}.${name} including all) on commit drop`;
  }
  return `create temp table ${remade} on commit drop as
      select ${columnNames.join(', ')} from ${schema}.${name} with no data;
    create unique index on pg_temp.${remade} (${key.join(', ')})`;
}

async function insertAll(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  for (const { rows, insertPart } of writes) {
    for (let start = 0; start < rows.length; start += PART_ROWS) {
      await insertPart(start, Math.min(rows.length, start + PART_ROWS)).execute(db);
    }
  }
}
