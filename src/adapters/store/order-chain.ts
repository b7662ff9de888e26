/** The hash chain of every order's steps, made again by the server from the rows themselves. */
import { type Kysely, sql } from 'kysely';

/** Steps that are named; the rest is counted. */
const MAX_NAMED_STEPS = 100;

/** The lines that a hash covers, after the hash before: as `eventHash` of src/actors/chain.ts. */
const CONTENT = `concat_ws(E'\\n', number, seq, at_ms, client_order_id, type, from_state, to_state,
  status, event, note)`;
/** Columns in which a line break would let two rows have the same lines. */
const ONE_LINE = `concat(client_order_id, type, from_state, to_state, status, event)`;

export interface BrokenStep {
  readonly clientOrderId: string;
  readonly number: number;
  /** Number of the step before; null: there is none. */
  readonly numberBefore: number | null;
  readonly hash: string | null;
  readonly hashBefore: string | null;
  /** What `hash` should be, by the rows; null: the step should not be here. */
  readonly made: string | null;
  /** The lines that the hash covers. */
  readonly content: string;
}

export interface StepChain {
  readonly steps: number;
  /** Steps without a hash that may have none. */
  readonly unchained: number;
  readonly broken: number;
  /** In the order of order and number. */
  readonly named: readonly BrokenStep[];
}

export async function brokenSteps(
  db: Kysely<unknown>,
  schema: string,
  chainedFrom: number,
): Promise<StepChain> {
  const mayHaveNone = `hash is null and hash_before is null and seq < ${chainedFrom}`;
  const made = `encode(sha256(convert_to(coalesce(hash_before, '') || E'\\n' || content, 'UTF8')), 'hex')`;
  const chained = `
    with steps as (
      select client_order_id, number, seq, hash, ${CONTENT} as content,
        position(E'\\n' in ${ONE_LINE}) > 0 as is_broken_up,
        lag(hash) over (partition by client_order_id order by number) as hash_before,
        lag(number) over (partition by client_order_id order by number) as number_before
      from ${schema}.order_events
    )`;
  const counted = await sql
    .raw<{ steps: number; unchained: number }>(
      `${chained} select count(*) as steps, count(*) filter (where ${mayHaveNone}) as unchained
       from steps`,
    )
    .execute(db);
  const found = await sql
    .raw<BrokenStep & { broken: number }>(
      `${chained}
       select client_order_id as "clientOrderId", number, number_before as "numberBefore", hash,
         hash_before as "hashBefore", ${made} as made, content, count(*) over () as broken
       from steps
       where coalesce(number_before, 0) <> number - 1 or is_broken_up
         or (hash is distinct from ${made} and not (${mayHaveNone}))
       order by client_order_id, number limit ${MAX_NAMED_STEPS}`,
    )
    .execute(db);
  return {
    steps: counted.rows[0]?.steps ?? 0,
    unchained: counted.rows[0]?.unchained ?? 0,
    broken: found.rows[0]?.broken ?? 0,
    named: found.rows,
  };
}

/** Orders whose snapshot names another hash than the step at its revision has, or that have no such step. */
export async function brokenHeads(
  db: Kysely<unknown>,
  schema: string,
): Promise<readonly BrokenHead[]> {
  const found = await sql
    .raw<BrokenHead>(
      `select a.actor_id as "actorId", substr(a.actor_id, 7) as "clientOrderId",
         a.revision as number, a.event_hash as have, e.hash as made
       from ${schema}.actor_snapshots a left join ${schema}.order_events e
         on e.client_order_id = substr(a.actor_id, 7) and e.number = a.revision
       where case when a.kind = 'order' then a.event_hash is distinct from e.hash
         else a.event_hash is not null end
       order by a.actor_id limit ${MAX_NAMED_STEPS}`,
    )
    .execute(db);
  return found.rows;
}

export interface BrokenHead {
  readonly actorId: string;
  readonly clientOrderId: string;
  /** The actor's revision. */
  readonly number: number;
  readonly have: string | null;
  /** The hash of that step; null: there is none. */
  readonly made: string | null;
}
