/** Kill -9 at random moments, start again, and nothing is lost, doubled or made up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import { type FreshStore, freshStore, withClient } from '../support/database.ts';

const KILLS = 22;
const CHILD = fileURLToPath(new URL('crash-child.js', import.meta.url));

interface Line {
  readonly started?: true;
  readonly acked?: string;
  readonly fill?: string;
  readonly effect?: string;
  readonly fault?: string;
  readonly account?: { cashUsd: string; reservedUsd: string };
  readonly positions?: readonly { instrumentId: string; size: string; reservedShares: string }[];
}

interface Run {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly ended: Promise<number | null>;
  started(): Promise<void>;
  errors(): string;
}

function start(fresh: FreshStore, run: string): Run {
  const child = spawn(process.execPath, [CHILD, fresh.url, fresh.schema, run], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  let errors = '';
  let onStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (line.started) onStarted();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return {
    child,
    lines,
    ended,
    started: () =>
      Promise.race([
        started,
        ended.then((code) => {
          throw new Error(`The engine ended with ${code} before it had started: ${errors}`);
        }),
      ]),
    errors: () => errors,
  };
}

/** Moments spread over start-up and trading: some before the engine has come up at all. */
function momentMs(kill: number): number {
  return 20 + ((kill * 137) % 900);
}

describe('kill -9', () => {
  let fresh: FreshStore;
  beforeAll(async () => {
    fresh = await freshStore();
  });
  afterAll(() => fresh.dispose());

  test(`at ${KILLS} moments loses nothing that was said to be durable and sends nothing twice`, async () => {
    const acked = new Set<string>();
    const applied = new Set<string>();
    const faults: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const run = start(fresh, String(kill));
      // Every fourth is killed while it restores.
      if (kill % 4 !== 3) await run.started();
      await new Promise((resolve) => setTimeout(resolve, momentMs(kill)));
      run.child.kill('SIGKILL');
      await run.ended;
      for (const { acked: orderId, fill, effect, fault } of run.lines) {
        if (orderId !== undefined) acked.add(orderId);
        if (fill !== undefined && effect === 'applied') applied.add(fill);
        if (fault !== undefined) faults.push(fault);
      }
      expect(run.errors()).not.toMatch(/invariant|Turn \d+/i);
    }
    const last = start(fresh, 'last');
    expect(await last.ended, last.errors()).toBe(0);
    const end = last.lines.find((line) => line.account !== undefined);

    expect(faults).toEqual([]);
    expect(acked.size).toBeGreaterThan(100);
    expect(applied.size).toBeGreaterThan(20);
    await checkBooks(fresh, end, acked, applied);
  }, 240_000);
});

async function checkBooks(
  fresh: FreshStore,
  end: Line | undefined,
  acked: ReadonlySet<string>,
  applied: ReadonlySet<string>,
): Promise<void> {
  await withClient(fresh, async (client) => {
    const rows = async (sql: string) => (await client.query<Record<string, string>>(sql)).rows;

    // Everything that was answered is there.
    const orders = await rows('select client_order_id, reserved_usd, status from orders');
    const orderIds = new Set(orders.map((row) => row.client_order_id));
    expect([...acked].filter((id) => !orderIds.has(id))).toEqual([]);
    const legs = await rows('select * from fill_legs');
    const legKeys = new Set(legs.map((row) => row.leg_key));
    expect([...applied].filter((key) => !legKeys.has(key))).toEqual([]);

    // One intent, one order; and at the venue at most one for each of ours.
    expect(
      await rows('select count(*) - count(distinct client_order_id) as n from intents'),
    ).toEqual([{ n: '0' }]);
    const venueOrders = await rows(`select body::json->>'clientOrderId' as id from paper_orders`);
    const sent = venueOrders.map((row) => row.id);
    expect(sent.every((id) => typeof id === 'string')).toBe(true);
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent.filter((id) => !orderIds.has(id ?? ''))).toEqual([]);

    // The venue's trades are our legs, each once, and nothing else is.
    const trades = await rows('select id, final from paper_trades');
    const tradeIds = new Set(trades.map((row) => row.id));
    expect(legs.filter((row) => !tradeIds.has(row.trade_id))).toEqual([]);
    const legTrades = new Set(legs.map((row) => row.trade_id));
    expect(legTrades.size).toBe(legs.length);
    expect(trades.filter((row) => !legTrades.has(row.id))).toEqual([]);
    expect(trades.filter((row) => String(row.final) !== 'true')).toEqual([]);
    const unsettled = legs.filter((row) => !/confirmed|failed/.test(row.settlement ?? ''));
    expect(unsettled).toEqual([]);

    // Nothing is open, nothing is reserved, and the ledger is the cash.
    expect(orders.filter((row) => decimal(row.reserved_usd ?? '0').gt(0))).toEqual([]);
    expect(end?.account?.reservedUsd).toBe('0');
    const [ledger] = await rows('select sum(amount_usd) as total from ledger_entries');
    expect(toText(decimal(ledger?.total ?? '0'))).toBe(end?.account?.cashUsd);

    // Positions are the sum of the legs that did not fail.
    for (const position of end?.positions ?? []) {
      const held = legs
        .filter((row) => row.instrument_id === position.instrumentId && row.settlement !== 'failed')
        .reduce(
          (sum, row) => sum.plus(decimal(row.size ?? '0').times(row.side === 'BUY' ? 1 : -1)),
          ZERO,
        );
      expect(position.size).toBe(toText(held));
      expect(position.reservedShares).toBe('0');
    }
  });
}
