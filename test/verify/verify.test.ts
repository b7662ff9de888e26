import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VERSIONS } from '../../src/actors/codec.ts';
import { CATALOGUE_VERSION } from '../../src/domain/events/catalogue.ts';
import { holding, until } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';
import { fill, tradeAWhile, tradeRound, verified } from './busy-desk.ts';
import { run } from './tampering.ts';

const floor = useFloor();

test('what a desk leaves behind follows from its log, to the last character', async () => {
  await tradeAWhile(floor);
  const found = await verified(floor.fresh);
  expect(found.differences).toEqual([]);
  expect(found).toMatchObject({ ok: true, sameValues: 0, unnamed: {} });
  expect(found.lastSeq).toBeGreaterThan(200);
  expect(found.log).toMatchObject({ unchained: 0, head: { seq: found.lastSeq } });
  expect(found.steps).toMatchObject({ unchained: 0, rows: found.compared.order_events });
});

test('an empty database holds nothing that is wrong', async () => {
  expect(await verified(floor.fresh)).toMatchObject({
    ...{ ok: true, lastSeq: 0, rowsThrough: 0, log: { batches: 0, head: null } },
  });
});

test('while an engine works: rows may be ahead of snapshots, and the log of both', async () => {
  const held = holding('project');
  const desk = await floor.start({ around: held.around });
  await tradeRound(floor, desk);
  // Read tables are written within a moment, snapshots only after seconds.
  const orderId = await place(desk, { size: '10' });
  fill(floor, orderId, { size: '3' }, 'matched');
  await until(async () => {
    const rows = await run(
      floor.fresh,
      `select from orders where client_order_id = '${orderId}'
      and filled_size = 3`,
    );
    return rows.length === 1;
  });
  const behind = await verified(floor.fresh);
  expect(behind.differences).toEqual([]);
  expect(behind.rowsThrough).toBeGreaterThan(behind.projectedThrough);
  held.hold();
  await desk.submit();
  const ahead = await verified(floor.fresh);
  expect(ahead.differences).toEqual([]);
  expect(ahead.lastSeq).toBeGreaterThan(ahead.rowsThrough);
  // A row that is not as it was at that very input is found all the same.
  await run(floor.fresh, `update orders set filled_size = 2 where client_order_id = '${orderId}'`);
  const { differences } = await verified(floor.fresh);
  expect(differences.filter(({ proof }) => proof === 'fold')).toMatchObject([
    { table: 'orders', key: orderId, column: 'filled_size', have: '2', expected: '3' },
  ]);
  held.release();
});

test('killed before its tables were written, and looked at before the next start', async () => {
  const held = holding('project');
  const desk = await floor.start({ around: held.around });
  await desk.trading.settled();
  held.hold();
  await place(desk, { size: '10' });
  await desk.crash();
  const found = await verified(floor.fresh);
  expect(found).toMatchObject({ ok: true, differences: [] });
  expect(found.lastSeq).toBeGreaterThan(found.rowsThrough);
  const next = await floor.start();
  await next.stop();
  expect(await verified(floor.fresh)).toMatchObject({ ok: true, unnamed: {} });
});

test('what was written before there were hashes is compared, counted, and followed by hashes', async () => {
  const older = await floor.start();
  await tradeRound(floor, older);
  const working = await place(older, { size: '9' });
  await older.stop();
  // As the version before left it.
  await run(
    floor.fresh,
    'update journal set hash = null',
    'update order_events set hash = null',
    'update actor_snapshots set event_hash = null',
    `delete from system_metadata where key = 'rows_through'`,
  );
  const before = await verified(floor.fresh);
  expect(before).toMatchObject({ ok: true, log: { head: null } });
  expect(before.log.unchained).toBe(before.log.batches);
  expect(before.steps.unchained).toBe(before.steps.rows);
  const desk = await floor.start();
  fill(floor, working, { size: '9' }, 'confirmed');
  await tradeRound(floor, desk);
  await desk.stop();
  const after = await verified(floor.fresh);
  expect(after.differences).toEqual([]);
  expect(after.log).toMatchObject({ unchained: before.log.batches, head: { seq: after.lastSeq } });
  expect(after.steps.unchained).toBe(before.steps.rows);
  expect(after.steps.rows).toBeGreaterThan(before.steps.rows);
});

test('an unclean end of the version before is not judged: it says so', async () => {
  const desk = await floor.start();
  await desk.trading.settled();
  await run(
    floor.fresh,
    `delete from system_metadata where key = 'rows_through'`,
    `update system_metadata set value = '1' where key = 'projected_through'`,
  );
  await expect(verified(floor.fresh)).rejects.toMatchObject({ code: 'corrupt_row' });
});

test('the tail that an older program wrote without hashes gets them when it is told again', async () => {
  const held = holding('project');
  const desk = await floor.start({ around: held.around });
  await desk.trading.settled();
  const orderId = await place(desk, { size: '10' });
  await until(async () => {
    const rows = await run(
      floor.fresh,
      `select from order_events where client_order_id = '${orderId}'`,
    );
    return rows.length >= 3;
  });
  await desk.crash();
  await run(floor.fresh, 'update order_events set hash = null');
  const next = await floor.start();
  await next.stop();
  expect(await verified(floor.fresh)).toMatchObject({ ok: true, steps: { unchained: 0 } });
});

test('a snapshot of an older version is brought up before it is compared', async () => {
  const desk = await floor.start();
  await tradeRound(floor, desk);
  await desk.stop();
  const rows = await run(
    floor.fresh,
    `update actor_snapshots set version = 1 where kind = 'order' returning actor_id`,
  );
  expect(VERSIONS.order).toBeGreaterThan(1);
  const found = await verified(floor.fresh);
  // What only the newer version knows of is no difference; a value that both know is.
  expect(found.sameValues + new Set(found.differences.map(({ key }) => key)).size).toBe(
    rows.length,
  );
  await run(
    floor.fresh,
    `update actor_snapshots set snapshot = replace(snapshot::text, '"size":"30"', '"size":"31"')::json`,
  );
  const { differences } = await verified(floor.fresh);
  expect(differences.map(({ column }) => column)).toContain('snapshot.context.intent.size');
});

const ACTIONS = [
  'buy',
  'sell',
  'fill',
  'confirm',
  'void',
  'cancel',
  'pause',
  'orphan',
  'restart',
  'crash',
] as const;

test('whatever was traded in whatever order: all of it follows from the log', async () => {
  const traffic = fc.array(
    fc.record({
      action: fc.constantFrom(...ACTIONS),
      n: fc.nat(20),
      size: fc.integer({ min: 5, max: 30 }),
    }),
    { minLength: 25, maxLength: 45 },
  );
  let desk = await floor.start();
  const open: string[] = [];
  const property = fc.asyncProperty(traffic, async (steps) => {
    for (const { action, n, size } of steps) {
      const id = open[n % Math.max(1, open.length)];
      const instrument = n % 3 === 0 ? noRain : rain;
      if (action === 'buy' || action === 'sell') {
        const side = action === 'buy' ? 'BUY' : 'SELL';
        const asked = {
          size: String(size),
          side,
          price: `0.${3 + (n % 4)}`,
          instrument: instrument.id,
        };
        const { orderId, order } = await desk.submit(asked);
        if (order.execution !== 'denied') open.push(orderId);
      } else if (action === 'restart' || action === 'crash') {
        await (action === 'restart' ? desk.stop() : desk.crash());
        desk = await floor.start();
      } else if (action === 'pause') {
        await desk.trading.send({
          type: n % 2 === 0 ? 'trading.pause' : 'trading.resume',
          by: 'a person',
          reason: 'a test',
        });
      } else if (action === 'orphan') {
        floor.venue.fill({
          tradeId: `lost-${n}`,
          venueOrderId: `0xlost-${n % 4}`,
          settlement: n % 2 ? 'matched' : 'confirmed',
        });
      } else if (id !== undefined) {
        const order = await desk.trading.order(id);
        if (order === undefined) continue;
        if (action === 'cancel') await desk.trading.cancel(id);
        else {
          const { instrumentId, side } = order;
          const told = {
            fill: ['matched'],
            confirm: ['matched', 'confirmed'],
            void: ['matched', 'failed'],
          } as const;
          fill(floor, id, { size: `${1 + (n % 5)}`, instrumentId, side }, ...told[action]);
        }
      }
    }
    await until(() => desk.trading.health().waiting === 0);
    await desk.trading.settled();
    const found = await verified(floor.fresh);
    expect(found.differences).toEqual([]);
    expect(found.unnamed).toEqual({});
  });
  await fc.assert(property, { numRuns: 3, endOnFailure: true });
  await desk.stop();
  expect(await verified(floor.fresh)).toMatchObject({ ok: true, sameValues: 0 });
}, 300_000);

test('old events that were removed are not missed, others are', async () => {
  const desk = await floor.start();
  await tradeRound(floor, desk);
  const { events } = floor.fresh.store;
  // As an engine does it, with its lease.
  await desk.store.events.prune(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 20);
  const [first, second] = await events.after(0, 2);
  await desk.stop();
  expect((await verified(floor.fresh)).differences).toEqual([]);
  await run(floor.fresh, `delete from events where event_id = ${second?.eventId}`);
  expect((await verified(floor.fresh)).differences).toMatchObject([
    { table: 'events', key: String(second?.eventId), column: 'row', have: null },
  ]);
  await run(floor.fresh, `delete from events where event_id = ${first?.eventId}`);
  expect((await verified(floor.fresh)).differences).toHaveLength(2);
});

test('a log of a newer catalogue of events is refused, by a verification and by a start', async () => {
  const desk = await floor.start();
  const { execution } = desk.trading;
  const versions = { ...VERSIONS, catalogue: CATALOGUE_VERSION + 1 };
  const terms = { maxOpenOrders: 10, minimumReserveUsd: '0', versions, atMs: Date.now() };
  execution.dispatch({ type: 'engine.restored', ...terms });
  await desk.stop();
  await expect(verified(floor.fresh)).rejects.toMatchObject({ code: 'newer_row' });
  await expect(floor.start()).rejects.toMatchObject({ code: 'newer_row' });
});
