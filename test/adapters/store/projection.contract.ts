/** What every store promises of its read tables. */
import { describe, expect, test } from 'vitest';
import type { Projection, Store } from '../../../src/actors/store-port.ts';
import {
  AWKWARD_JSON,
  AWKWARD_TEXT,
  actorRow,
  crowded,
  exitRow,
  ledgerRow,
  legRow,
  liveActors,
  orderEventRow,
  orderRow,
  outboxRow,
  positionRow,
  projection,
  withoutCrowd,
} from './rows.ts';
import { harness, type StoreHarness } from './store.contract.ts';

export interface ProjectionHarness extends StoreHarness {
  /** Rows that the port has no read for, by the port's names of their fields. */
  rowsOf(list: 'outbox' | 'exits' | 'ledger'): Promise<readonly object[]>;
}

export function projectionContract(name: string, open: () => Promise<ProjectionHarness>): void {
  describe(`${name}: projections`, () => {
    let opened: ProjectionHarness | undefined;
    const { store } = harness(async () => {
      opened = await open();
      return opened;
    });
    const rowsOf: RowsOf = async (list) => withoutCrowd((await opened?.rowsOf(list)) ?? []);
    describe('a few rows', () => roundTrips(store, rowsOf, (alone) => alone));
    describe('among hundreds', () => roundTrips(store, rowsOf, crowded));
    atomicity(store);
  });
  describe(`${name}: reads for people`, () => {
    const { store } = harness(open);
    readRules(store);
  });
}

type Current = () => Store;
type RowsOf = ProjectionHarness['rowsOf'];

/** Every decimal that the domain can write: the smallest step, large sizes, both signs. */
const DECIMALS = ['0', '0.000001', '-0.000001', '1000000000000', '-1000000000000.5', '100', '0.1'];

type Around = (of: Projection) => Projection;

function roundTrips(store: Current, rowsOf: RowsOf, around: Around): void {
  const project = (throughSeq: number, change: Partial<Projection>) =>
    store().project(around(projection(throughSeq, change)));
  const legs = async () => withoutCrowd(await store().legs(10_000));
  const positions = async () => withoutCrowd(await store().positions());

  test.each(DECIMALS)('the decimal %s comes back as the same text', async (text) => {
    const position = positionRow('i', {
      size: text,
      sellableSize: text,
      costBasis: text,
      realizedPnl: text,
    });
    const entry = ledgerRow('e', { amountUsd: text });
    await project(1, { positions: [position], ledger: [entry] });
    expect(await positions()).toEqual([position]);
    expect(await rowsOf('ledger')).toEqual([entry]);
    expect(await store().ledgerTotal('main')).toBe(text);
  });

  test('an order comes back as it went in, full or as empty as it can be', async () => {
    const full = orderRow('full', {
      venueOrderId: `0x${'f'.repeat(64)}`,
      strategy: AWKWARD_TEXT,
      price: '0.000001',
      size: null,
      amountUsd: '1000000000000',
      expiresAtMs: Number.MAX_SAFE_INTEGER,
      averageFillPrice: '0.333333',
      reason: AWKWARD_TEXT,
      outcome: 'NO',
      side: 'SELL',
      type: 'market',
      closed: true,
    });
    const empty = orderRow('empty', { strategy: '', reason: '' });
    await project(1, { orders: [full, empty] });
    expect(await store().order('full')).toEqual(full);
    expect(await store().order('empty')).toEqual(empty);
    expect(await store().order('absent')).toBeUndefined();
  });

  test('every other row comes back as it went in', async () => {
    const event = orderEventRow('o', 1, { note: AWKWARD_TEXT, event: AWKWARD_JSON });
    const leg = legRow(`t ${AWKWARD_TEXT}`, {
      price: '0.999999',
      feeUsd: '0.000001',
      conflicted: true,
      transactionHash: '0xabc',
      role: 'maker',
      settlement: 'confirmed',
    });
    const outbox = outboxRow(Number.MAX_SAFE_INTEGER, { body: AWKWARD_JSON });
    const exit = exitRow('x', { realizedPnl: '-0.25', reason: AWKWARD_TEXT });
    const entry = ledgerRow('e', { kind: 'deposit', legKey: null, clientOrderId: null });
    const written = { orderEvents: [event], legs: [leg], outbox: [outbox], exits: [exit] };
    await project(1, { ...written, ledger: [entry] });
    expect(await store().orderEvents('o')).toEqual([event]);
    expect(await legs()).toEqual([leg]);
    expect(await rowsOf('outbox')).toEqual([outbox]);
    expect(await rowsOf('exits')).toEqual([exit]);
    expect(await rowsOf('ledger')).toEqual([entry]);
  });

  test('saying it again changes nothing; saying more replaces what may change', async () => {
    const first: Partial<Projection> = {
      orders: [orderRow('o')],
      orderEvents: [orderEventRow('o', 1)],
      legs: [legRow('t', { clientOrderId: null })],
      positions: [positionRow('i')],
      ledger: [ledgerRow('e')],
      outbox: [outboxRow(1)],
      exits: [exitRow('x')],
    };
    const order = orderRow('o', { status: 'MATCHED', filledSize: '10', closed: true });
    const leg = legRow('t', { clientOrderId: 'o', settlement: 'failed' });
    const position = positionRow('i', { size: '0' });
    for (const one of [first, first]) await project(1, one);
    await project(2, {
      orders: [order],
      orderEvents: [orderEventRow('o', 1, { note: 'changed' }), orderEventRow('o', 2)],
      legs: [leg],
      positions: [position],
      ledger: [ledgerRow('e', { amountUsd: '9' }), ledgerRow('e2', { kind: 'fillVoided' })],
      outbox: [outboxRow(1, { type: 'changed' })],
      exits: [exitRow('x', { voided: true, size: '9' })],
    });
    expect(await store().order('o')).toEqual(order);
    expect(await store().orderEvents('o')).toEqual([orderEventRow('o', 1), orderEventRow('o', 2)]);
    expect(await legs()).toEqual([leg]);
    expect(await positions()).toEqual([position]);
    expect(await store().ledgerTotal('main')).toBe('-1');
    expect(await rowsOf('outbox')).toEqual([outboxRow(1)]);
    expect(await rowsOf('exits')).toEqual([exitRow('x', { voided: true })]);
    expect(await store().projectedThrough()).toBe(2);
  });

  test('of rows with one key in one projection the last stands', async () => {
    const twice = [legRow('t'), legRow('t', { settlement: 'mined' })];
    const exits = [exitRow('x'), exitRow('x', { voided: true })];
    await project(1, { legs: twice, exits });
    expect(await legs()).toEqual([twice[1]]);
    expect(await rowsOf('exits')).toEqual([exits[1]]);
  });

  test('a fact outside the log is kept until it is set again', async () => {
    expect(await store().metadata('k')).toBeUndefined();
    await store().setMetadata('k', AWKWARD_TEXT);
    expect(await store().metadata('k')).toBe(AWKWARD_TEXT);
    await store().project(projection(7, { metadata: { k: '2', l: '' } }));
    expect(await store().metadata('k')).toBe('2');
    expect(await store().metadata('l')).toBe('');
    expect(await store().projectedThrough()).toBe(7);
  });
}

function atomicity(store: Current): void {
  const many = Array.from({ length: 4_500 }, (_, index) => actorRow(`actor-${index}`));

  test('pages of thousands of rows are one projection', async () => {
    const orders = many.map((actor) => orderRow(actor.actorId));
    const before = store().transactions;
    await store().project(projection(1, { actors: many, orders }));
    expect((await liveActors(store())).length).toBe(many.length);
    expect(await store().orderCounts()).toEqual({ PLACED: many.length });
    expect(store().transactions).toBe(before + 1);
  });

  test.each([
    { size: 'a few rows', actors: many.slice(0, 2) },
    { size: 'many pages', actors: many },
  ])('$size: a fault in the last table leaves nothing of all the others', async ({ actors }) => {
    await store().project(projection(1));
    const before = store().transactions;
    const bad: Projection = projection(2, {
      actors,
      orders: [orderRow('o')],
      ledger: [ledgerRow('e')],
      metadata: { broken: 'a\0b' },
    });
    await expect(store().project(bad)).rejects.toMatchObject({
      code: 'invalid_value',
      facts: { place: 'system_metadata.value' },
    });
    expect(await liveActors(store())).toEqual([]);
    expect(await store().order('o')).toBeUndefined();
    expect(await store().ledgerTotal('main')).toBe('0');
    expect(await store().projectedThrough()).toBe(1);
    expect(store().transactions).toBe(before);
  });

  test.each([
    { rule: 'a leg at a price of 1', change: { legs: [legRow('t', { price: '1' })] } },
    { rule: 'a leg at a price of 0', change: { legs: [legRow('t', { price: '0' })] } },
    { rule: 'a leg without size', change: { legs: [legRow('t', { size: '0' })] } },
    { rule: 'an event numbered 0', change: { orderEvents: [orderEventRow('o', 0)] } },
    { rule: 'a snapshot that is no JSON', change: { actors: [actorRow('a', { snapshot: '{' })] } },
    { rule: 'a price that is no number', change: { orders: [orderRow('o', { price: 'x' })] } },
  ])('$rule is a bug, and refused, alone or among hundreds', async ({ change }) => {
    for (const bad of [projection(1, change), crowded(projection(1, change))]) {
      await expect(store().project(bad)).rejects.toMatchObject({ code: 'broken_invariant' });
      expect(await store().projectedThrough()).toBe(0);
    }
    await store().project(crowded(projection(2, { legs: [legRow('t')], orders: [orderRow('o')] })));
    expect(await store().projectedThrough()).toBe(2);
  });

  test.each(['\0', 'half \ud83d of it'])(
    'the text %j is named, alone or among hundreds, and nothing is written',
    async (reason) => {
      const change = { orders: [orderRow('good'), orderRow('bad', { reason })] };
      for (const bad of [projection(1, change), crowded(projection(1, change))]) {
        await expect(store().project(bad)).rejects.toMatchObject({
          code: 'invalid_value',
          facts: { place: 'orders.reason' },
        });
        expect(await store().order('good')).toBeUndefined();
        expect(await store().projectedThrough()).toBe(0);
      }
    },
  );
}

function readRules(store: Current): void {
  const order = (id: string, createdAtMs: number, change = {}) =>
    orderRow(id, { createdAtMs, ...change });

  test('orders are listed newest first, by any of their properties', async () => {
    const orders = [
      order('a', 1, { closed: true, strategy: 's1' }),
      order('b', 2, { marketId: 'm2', instrumentId: 'paper:m2:NO' }),
      order('c', 3, { strategy: 's1' }),
    ];
    await store().project(projection(1, { orders }));
    const ids = async (filter: Parameters<Store['orders']>[0]) =>
      (await store().orders(filter)).map((row) => row.clientOrderId);
    expect(await ids({})).toEqual(['c', 'b', 'a']);
    expect(await ids({ closed: true })).toEqual(['a']);
    expect(await ids({ closed: false })).toEqual(['c', 'b']);
    expect(await ids({ strategy: 's1' })).toEqual(['c', 'a']);
    expect(await ids({ marketId: 'm2' })).toEqual(['b']);
    expect(await ids({ instrumentId: 'paper:m2:NO', closed: true })).toEqual([]);
    expect(await ids({ limit: 2 })).toEqual(['c', 'b']);
  });

  test('a list of orders is 100 long unless asked otherwise', async () => {
    const orders = Array.from({ length: 130 }, (_, index) => order(`o${index}`, index));
    await store().project(projection(1, { orders }));
    expect((await store().orders({})).length).toBe(100);
    expect((await store().orders({ limit: 1_000_000 })).length).toBe(130);
  });

  test.each([
    { text: 'ord_1', found: ['ord_1', 'ord_12'] },
    { text: '0xAB', found: ['ord_3'] },
    { text: 'key-', found: ['ord_3', 'ord_12', 'ord_1'] },
    { text: 'rd_1', found: [] },
    { text: '%', found: [] },
    { text: 'ord\\', found: [] },
    { text: 'key-1_', found: [] },
  ])('the search for $text is by beginning, taken as it is', async ({ text, found }) => {
    const orders = [
      order('ord_1', 1, { intentKey: 'key-1' }),
      order('ord_12', 2, { intentKey: 'key-12' }),
      order('ord_3', 3, { intentKey: 'key-3', venueOrderId: '0xABC' }),
    ];
    await store().project(projection(1, { orders }));
    expect((await store().findOrders(text)).map((row) => row.clientOrderId)).toEqual(found);
  });

  test('a search answers at most ten orders', async () => {
    const orders = Array.from({ length: 30 }, (_, index) => order(`o${index}`, index));
    await store().project(projection(1, { orders }));
    expect((await store().findOrders('o')).length).toBe(10);
  });

  test('an id met in full is found first, however many newer ones begin alike', async () => {
    const newer = Array.from({ length: 30 }, (_, index) => order(`ord_1${index}`, 10 + index));
    const orders = [order('ord_1', 1), order('other', 2, { venueOrderId: 'ord_1' }), ...newer];
    await store().project(projection(1, { orders }));
    const found = (await store().findOrders('ord_1')).map((row) => row.clientOrderId);
    expect(found.slice(0, 3)).toEqual(['other', 'ord_1', 'ord_129']);
    expect(found.length).toBe(10);
    expect(new Set(found).size).toBe(10);
  });

  test('empty text finds nothing', async () => {
    await store().project(projection(1, { orders: [order('ord_1', 1)] }));
    expect(await store().findOrders('')).toEqual([]);
  });

  test('orders are counted by status', async () => {
    const orders = [order('a', 1), order('b', 2), order('c', 3, { status: 'DENIED' })];
    await store().project(projection(1, { orders }));
    expect(await store().orderCounts()).toEqual({ DENIED: 1, PLACED: 2 });
  });

  test('events of an order come by number, legs by time, orphans apart', async () => {
    const legs = [
      legRow('late', { clientOrderId: 'o', matchedAtMs: 30 }),
      legRow('early', { clientOrderId: 'o', matchedAtMs: 10 }),
      legRow('orphan', { clientOrderId: null, matchedAtMs: 20 }),
    ];
    const orderEvents = [10, 2, 1].map((number) => orderEventRow('o', number));
    await store().project(projection(1, { legs, orderEvents }));
    const numbers = (await store().orderEvents('o')).map((row) => row.number);
    const trades = (rows: readonly { tradeId: string }[]) => rows.map((row) => row.tradeId);
    expect(numbers).toEqual([1, 2, 10]);
    expect(trades(await store().legsOfOrder('o'))).toEqual(['early', 'late']);
    expect(trades(await store().orphans())).toEqual(['orphan']);
    expect(trades(await store().legs(2))).toEqual(['late', 'orphan']);
    expect(await store().legCount()).toBe(3);
  });

  test('the ledger adds up per account, exactly', async () => {
    const ledger = [
      ledgerRow('1', { amountUsd: '1000000000000.000001' }),
      ledgerRow('2', { amountUsd: '-0.000002' }),
      ledgerRow('3', { amountUsd: '5', accountId: 'other' }),
    ];
    await store().project(projection(1, { ledger }));
    expect(await store().ledgerTotal('main')).toBe('999999999999.999999');
    expect(await store().ledgerTotal('nobody')).toBe('0');
  });
}
