/**
 * Durable fills a second. The engine: one leg report is one turn of system, order, position and
 * account actor, answered when the journal holds it. Beside it, in the same run: a naive loop (one
 * transaction a fill over ten connections: event, order, position; no actors at all) and the raw
 * limit (the same reports as rows of one batched insert; no actors, no read tables).
 */
import type pg from 'pg';
import type { Execution } from '../src/actors/execution.ts';
import type { LegReport } from '../src/domain/fill-leg.ts';
import { closedLoop, median, type Rate, round } from './measure.ts';
import { instrumentAt, openEngine, orderIdAt, placeOrder, type World } from './world.ts';

export const IN_FLIGHT = [1, 256, 2_048] as const;
const ROUNDS = 3;
const CELL_MS = 1_500;
/** Fills that one order takes before the next one is used: legs stay few, as in real trading. */
const FILLS_PER_ORDER = 8;
const NAIVE_CONNECTIONS = 10;

export interface FillsCell {
  readonly inFlight: number;
  readonly engine: Rate;
  /** Fills a second when the time to write the read tables to the end is counted in. */
  readonly engineWithReadTables: number;
  readonly naive: Rate;
  readonly raw: Rate;
  readonly timesNaive: number;
  readonly shareOfRaw: number;
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
    const wanted = Math.ceil((this.#given + fills) / FILLS_PER_ORDER);
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
    const orderIndex = index % this.#placed;
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
  const naive = await openNaive();
  const raw = await openRaw();
  const cells: FillsCell[] = [];
  for (const inFlight of IN_FLIGHT) {
    const engines: Rate[] = [];
    const withReads: number[] = [];
    const naives: Rate[] = [];
    const raws: Rate[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      await feed.prepare(inFlight === 1 ? 10_000 : 60_000);
      const startedAt = performance.now();
      const engine = await closedLoop(inFlight, CELL_MS, () => feed.fill());
      const answeredMs = performance.now() - startedAt;
      await execution.projector.flush();
      const writtenMs = performance.now() - startedAt;
      engines.push(engine);
      withReads.push((engine.perSecond * answeredMs) / writtenMs);
      naives.push(await closedLoop(inFlight, CELL_MS, () => naive.fill()));
      raws.push(await raw.run(inFlight, CELL_MS));
    }
    const cell = {
      inFlight,
      engine: middle(engines),
      engineWithReadTables: Math.round(median(withReads)),
      naive: middle(naives),
      raw: middle(raws),
      timesNaive: round(median(engines.map((rate, at) => rate.perSecond / rateAt(naives, at)))),
      shareOfRaw: round(median(engines.map((rate, at) => rate.perSecond / rateAt(raws, at)))),
    };
    cells.push(cell);
    onCell(
      `fills, ${inFlight} in flight: ${cell.engine.perSecond}/s; naive ${cell.naive.perSecond}/s (x ${cell.timesNaive}); raw ${cell.raw.perSecond}/s (${Math.round(cell.shareOfRaw * 100)} %)`,
    );
  }
  await execution.stop();
  return cells;

  async function openNaive() {
    const pool = await tables(NAIVE_CONNECTIONS);
    let given = 0;
    return {
      async fill() {
        const index = given;
        given += 1;
        const order = index % 10_000;
        const report = reportAt(index, order, Date.now());
        const client = await pool.connect();
        try {
          await client.query('begin');
          await client.query('insert into events (leg_key, body) values ($1, $2)', [
            report.tradeId,
            JSON.stringify(report),
          ]);
          await client.query(
            `insert into orders (id, filled) values ($1, $2)
             on conflict (id) do update set filled = orders.filled + excluded.filled`,
            [orderIdAt(order), report.size],
          );
          await client.query(
            `insert into positions (id, size, cost) values ($1, $2, $3)
             on conflict (id) do update set size = positions.size + excluded.size,
               cost = positions.cost + excluded.cost`,
            [report.instrumentId, report.size, '0.65'],
          );
          await client.query('commit');
        } finally {
          client.release();
        }
      },
    };
  }

  /** One connection, one batch of `inFlight` rows a commit. */
  async function openRaw() {
    const pool = await tables(1);
    let given = 0;
    return {
      async run(batch: number, forMs: number): Promise<Rate> {
        const commits = await closedLoop(1, forMs, () => {
          const rows = Array.from({ length: batch }, () => {
            const index = given;
            given += 1;
            const report = reportAt(index, index % 10_000, Date.now());
            return { leg_key: report.tradeId, body: JSON.stringify(report) };
          });
          return pool.query(
            `insert into events (leg_key, body)
             select leg_key, body from json_to_recordset($1) as r (leg_key text, body text)`,
            [JSON.stringify(rows)],
          );
        });
        return { ...commits, perSecond: commits.perSecond * batch };
      },
    };
  }

  /** The hand-made tables of the two loops beside the engine. */
  async function tables(connections: number): Promise<pg.Pool> {
    const pool = await world.freshPool(connections);
    await pool.query(`
      create table events (seq bigint generated always as identity primary key,
        leg_key text not null unique, body text not null);
      create table orders (id text primary key, filled numeric not null);
      create table positions (id text primary key, size numeric not null, cost numeric not null)`);
    return pool;
  }
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
