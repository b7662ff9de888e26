/**
 * Durable fills a second. The engine: one leg report is one turn of system, order, position and
 * account actor, answered when the journal holds it. Beside it, in the same run and without actors:
 *  - naive: one transaction a fill over ten connections: the fill's event, its order, its position;
 *  - raw: the same three rows from one connection, one batch a commit: what the database can take;
 *  - events: one row a fill in one batched insert: what the database can take of a bare log.
 */
import type pg from 'pg';
import type { Execution } from '../src/actors/execution.ts';
import type { LegReport } from '../src/domain/fill-leg.ts';
import { closedLoop, median, type Rate, round } from './measure.ts';
import { instrumentAt, openEngine, orderIdAt, placeOrder, type World } from './world.ts';

export const IN_FLIGHT = [1, 256, 2_048] as const;
const ROUNDS = 3;
const CELL_MS = 1_500;
/** Fills that complete an order: it closes, and the next one takes its place. */
const FILLS_PER_ORDER = 8;
/** Orders that are filled side by side. */
const WORKING_ORDERS = 1_000;
const NAIVE_CONNECTIONS = 10;

export interface FillsCell {
  readonly inFlight: number;
  readonly engine: Rate;
  /** Fills a second when the time to write the read tables to the end is counted in. */
  readonly engineWithReadTables: number;
  readonly naive: Rate;
  readonly raw: Rate;
  readonly events: Rate;
  readonly timesNaive: number;
  readonly shareOfRaw: number;
  readonly shareOfEvents: number;
}

export function reportAt(index: number, orderIndex: number, atMs: number): LegReport {
  return {
    tradeId: `trade-${index}`,
    venueOrderId: `0x${orderIdAt(orderIndex)}`,
    role: 'maker',
    side: 'BUY',
    instrumentId: instrumentAt(orderIndex).id,
    price: '0.52',
    size: '1.25',
    settlement: 'confirmed',
    matchedAtMs: atMs,
  };
}

/** Gives out reports, placing new orders as the old ones have had their fills. */
export class FillFeed {
  readonly #execution: Execution;
  #placed = 0;
  #given = 0;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** Places orders enough for `fills` more fills. */
  async prepare(fills: number): Promise<void> {
    const wanted = Math.ceil((this.#given + fills) / FILLS_PER_ORDER) + 2 * WORKING_ORDERS;
    while (this.#placed < wanted) {
      placeOrder(this.#execution, this.#placed, Date.now());
      this.#placed += 1;
      if (this.#placed % 1_000 === 0) await this.#execution.journal.durable();
    }
    await this.#execution.journal.durable();
    await this.#execution.projector.flush();
  }

  /** One fill, durable when this resolves. */
  async fill(): Promise<void> {
    const index = this.#given;
    this.#given += 1;
    // Each slot is at another point of its order's life, as orders are that were placed over time.
    const slot = index % WORKING_ORDERS;
    const lap = Math.floor(index / WORKING_ORDERS) + (slot % FILLS_PER_ORDER);
    const orderIndex = Math.floor(lap / FILLS_PER_ORDER) * WORKING_ORDERS + slot;
    if (orderIndex >= this.#placed) throw new Error('More fills than were prepared for.');
    const atMs = Date.now();
    this.#execution.dispatch({
      type: 'venue.legReported',
      clientOrderId: orderIdAt(orderIndex),
      leg: reportAt(index, orderIndex, atMs),
      atMs,
    });
    await this.#execution.journal.durable();
  }
}

export async function benchFills(
  world: World,
  onCell: (text: string) => void,
): Promise<FillsCell[]> {
  const engineStore = await world.freshStore();
  await engineStore.acquireWriter();
  const execution = await openEngine(engineStore);
  const feed = new FillFeed(execution);
  const naive = await openNaive(world);
  const raw = await openBatched(world, RAW_BATCH);
  const bare = await openBatched(world, EVENT_BATCH);
  const cells: FillsCell[] = [];
  for (const inFlight of IN_FLIGHT) {
    const engines: Rate[] = [];
    const withReads: number[] = [];
    const naives: Rate[] = [];
    const raws: Rate[] = [];
    const events: Rate[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      await feed.prepare(inFlight === 1 ? 10_000 : 60_000);
      const startedAt = performance.now();
      const engine = await closedLoop(inFlight, CELL_MS, () => feed.fill());
      const answeredMs = performance.now() - startedAt;
      await execution.projector.flush();
      const writtenMs = performance.now() - startedAt;
      engines.push(engine);
      withReads.push((engine.perSecond * answeredMs) / writtenMs);
      naives.push(await closedLoop(inFlight, CELL_MS, naive));
      raws.push(await raw(inFlight, CELL_MS));
      events.push(await bare(inFlight, CELL_MS));
    }
    const ratio = (others: readonly Rate[]) =>
      round(median(engines.map((rate, at) => rate.perSecond / rateAt(others, at))));
    const cell: FillsCell = {
      inFlight,
      engine: middle(engines),
      engineWithReadTables: Math.round(median(withReads)),
      naive: middle(naives),
      raw: middle(raws),
      events: middle(events),
      timesNaive: ratio(naives),
      shareOfRaw: ratio(raws),
      shareOfEvents: ratio(events),
    };
    cells.push(cell);
    onCell(describe(cell));
  }
  await execution.stop();
  return cells;
}

function describe(cell: FillsCell): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return [
    `fills, ${cell.inFlight} in flight: ${cell.engine.perSecond}/s`,
    `with read tables ${cell.engineWithReadTables}/s`,
    `naive ${cell.naive.perSecond}/s (x ${cell.timesNaive})`,
    `raw ${cell.raw.perSecond}/s (${percent(cell.shareOfRaw)})`,
    `bare events ${cell.events.perSecond}/s (${percent(cell.shareOfEvents)})`,
  ].join('; ');
}

const TABLES = `
  create table events (seq bigint generated always as identity primary key, order_id text not null,
    leg_key text not null unique, body text not null);
  create table orders (id text primary key, filled numeric not null);
  create table positions (id text primary key, size numeric not null, cost numeric not null)`;

const INSERT_EVENT = 'insert into events (order_id, leg_key, body) values ($1, $2, $3)';
const UPSERT_ORDER = `insert into orders (id, filled) values ($1, $2)
  on conflict (id) do update set filled = orders.filled + excluded.filled`;
const UPSERT_POSITION = `insert into positions (id, size, cost) values ($1, $2, $3)
  on conflict (id) do update set size = positions.size + excluded.size,
    cost = positions.cost + excluded.cost`;

const EVENT_BATCH = `insert into events (order_id, leg_key, body)
  select order_id, leg_key, body
  from json_to_recordset($1) as r (order_id text, leg_key text, body text)`;
const RAW_BATCH = `with r as materialized (
    select * from json_to_recordset($1)
      as r (order_id text, leg_key text, body text, position_id text, size numeric, cost numeric)),
  event as (insert into events (order_id, leg_key, body) select order_id, leg_key, body from r),
  filled as (insert into orders select order_id, sum(size) from r group by order_id
    on conflict (id) do update set filled = orders.filled + excluded.filled)
  insert into positions select position_id, sum(size), sum(cost) from r group by position_id
    on conflict (id) do update set size = positions.size + excluded.size,
      cost = positions.cost + excluded.cost`;

const COST = '0.65';

/** One fill as a client without batching writes it. */
async function openNaive(world: World): Promise<() => Promise<void>> {
  const pool = await world.freshPool(NAIVE_CONNECTIONS);
  await pool.query(TABLES);
  let given = 0;
  return async () => {
    const index = given;
    given += 1;
    const order = index % 10_000;
    const report = reportAt(index, order, Date.now());
    const orderId = orderIdAt(order);
    const body = JSON.stringify(report);
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(INSERT_EVENT, [orderId, report.tradeId, body]);
      await client.query(UPSERT_ORDER, [orderId, report.size]);
      await client.query(UPSERT_POSITION, [report.instrumentId, report.size, COST]);
      await client.query('commit');
    } finally {
      client.release();
    }
  };
}

/** One connection, one statement and one commit for every `batch` fills. */
async function openBatched(
  world: World,
  statement: string,
): Promise<(batch: number, forMs: number) => Promise<Rate>> {
  const pool: pg.Pool = await world.freshPool(1);
  await pool.query(TABLES);
  let given = 0;
  return async (batch, forMs) => {
    const commits = await closedLoop(1, forMs, () => {
      const rows = Array.from({ length: batch }, () => {
        const index = given;
        given += 1;
        const order = index % 10_000;
        const report = reportAt(index, order, Date.now());
        return {
          order_id: orderIdAt(order),
          leg_key: report.tradeId,
          body: JSON.stringify(report),
          position_id: report.instrumentId,
          size: report.size,
          cost: COST,
        };
      });
      return pool.query(statement, [JSON.stringify(rows)]);
    });
    return { ...commits, perSecond: Math.round(commits.perSecond * batch) };
  };
}

function middle(rates: readonly Rate[]): Rate {
  const [first] = rates;
  if (first === undefined) throw new Error('No rounds were run.');
  const wanted = median(rates.map((rate) => rate.perSecond));
  return rates.find((rate) => rate.perSecond === wanted) ?? first;
}

function rateAt(rates: readonly Rate[], index: number): number {
  return rates[index]?.perSecond ?? Number.NaN;
}
