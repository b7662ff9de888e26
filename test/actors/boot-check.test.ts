/** A start that has lost something says what, and takes no entries until it is there again. */
import { describe, expect, test } from 'vitest';
import {
  BOOT_CHECKS,
  type BootCheck,
  type BootFacts,
  type BootOrder,
  checkBoot,
  MAX_REPORTED,
  wakeUpOf,
} from '../../src/actors/boot-check.ts';
import { EXECUTION_STATES, type ExecutionState } from '../../src/machines/order.status.ts';
import { withClient } from '../support/database.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';

const SINGLES = ['system:main', 'account:main', 'venue:paper', `position:${rain.id}`];

function order(over: Partial<BootOrder> = {}): BootOrder {
  return {
    actorId: 'order:a',
    execution: 'working.open',
    acknowledged: true,
    effects: [],
    waitsForSettlement: false,
    isSetAside: false,
    instrumentId: rain.id,
    reservedUsd: '5',
    reservedShares: '0',
    isAtVenue: true,
    notListedBecause: null,
    ...over,
  };
}

function facts(over: Partial<BootFacts> = {}): BootFacts {
  const rows = [...SINGLES, 'order:a', 'order:b'];
  return {
    rows,
    restored: rows,
    orders: [
      order(),
      order({
        ...{ actorId: 'order:b', execution: 'matched', isAtVenue: false },
        ...{ waitsForSettlement: true, reservedUsd: '0' },
      }),
    ],
    positions: [
      {
        actorId: `position:${rain.id}`,
        instrumentId: rain.id,
        size: '10',
        reservedShares: '0',
        lacksExit: false,
      },
    ],
    exits: [{ actorId: `exit:${rain.id}`, rests: false, effects: ['deadline'], isSetAside: false }],
    reservedUsd: '5',
    listed: [
      { venueOrderId: '0xa', clientOrderId: 'a', execution: 'working.open', explained: null },
    ],
    comparesAtMs: 1,
    settlesAtMs: 1,
    ...over,
  };
}

describe('the check', () => {
  test('finds nothing where nothing is missing, and says how much it looked at', () => {
    expect(checkBoot(facts())).toEqual({
      ok: true,
      counts: { rows: 6, actors: 6, orders: 2, positions: 1, listed: 1, explained: 0 },
      problems: [],
      problemCount: 0,
      explained: [],
    });
  });

  const holes: readonly (readonly [string, Partial<BootFacts>, string, string])[] = [
    ['a row that became no actor', { restored: facts().rows.slice(0, -1) }, 'rows', 'order:b'],
    ['an actor without a row', { rows: facts().rows.slice(0, -1) }, 'rows', 'order:b'],
    ['a row that was read twice', { rows: [...facts().rows, 'order:b'] }, 'rows', ''],
    [
      'an order of ours at the venue without an actor',
      {
        listed: [{ venueOrderId: '0xc', clientOrderId: 'c', execution: null, explained: null }],
      },
      'venue',
      'order:c',
    ],
    [
      'an order at the venue that is over here',
      {
        listed: [
          { venueOrderId: '0xc', clientOrderId: 'c', execution: 'cancelled', explained: null },
        ],
      },
      'venue',
      'order:c',
    ],
    [
      'a live order that the venue does not list',
      { orders: [order({ isAtVenue: false })] },
      'venue',
      'order:a',
    ],
    [
      'an order that is being sent by nobody',
      { orders: [order({ execution: 'submitting', acknowledged: false })] },
      'wake-up',
      'order:a',
    ],
    [
      'an order in doubt that nobody looks for',
      { orders: [order({ execution: 'unknown.waiting', notListedBecause: 'being asked' })] },
      'wake-up',
      'order:a',
    ],
    ['a comparison that never comes', { comparesAtMs: undefined }, 'wake-up', 'order:a'],
    ['fills that nobody follows', { settlesAtMs: undefined }, 'wake-up', 'order:b'],
    [
      'an order that is over and not closed, without a fill to wait for',
      {
        orders: [order(), order({ actorId: 'order:d', execution: 'cancelled', reservedUsd: '0' })],
      },
      'wake-up',
      'order:d',
    ],
    ['an actor that is set aside', { orders: [order({ isSetAside: true })] }, 'wake-up', 'order:a'],
    ['dollars held back for no order', { reservedUsd: '7.5' }, 'reservations', 'account'],
    [
      'shares held back for no order',
      {
        positions: [
          {
            actorId: `position:${rain.id}`,
            instrumentId: rain.id,
            size: '9',
            reservedShares: '3',
            lacksExit: false,
          },
        ],
      },
      'reservations',
      `position:${rain.id}`,
    ],
    [
      'an open position without its exit',
      {
        positions: [
          {
            actorId: `position:${rain.id}`,
            instrumentId: rain.id,
            size: '10',
            reservedShares: '0',
            lacksExit: true,
          },
        ],
      },
      'exits',
      `position:${rain.id}`,
    ],
    [
      'an exit that waits for nothing',
      { exits: [{ actorId: 'exit:x', rests: false, effects: [], isSetAside: false }] },
      'exits',
      'exit:x',
    ],
  ];

  test.each(holes)('names %s', (_name, over, check, actorId) => {
    const report = checkBoot(facts(over));
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([{ check, actorId, message: expect.any(String) }]);
    if (actorId !== '' && actorId !== 'account') {
      expect(report.problems[0]?.message).toContain(actorId.replace('order:', ''));
    }
  });

  test('takes what is explained, and keeps a list of it with the reasons', () => {
    const listed = [
      ...facts().listed,
      { venueOrderId: '0xe', clientOrderId: null, execution: null, explained: null },
      {
        ...{ venueOrderId: '0xf', clientOrderId: 'f', execution: 'cancelled' as const },
        explained: 'settled by Ann',
      },
    ];
    const asked = order({ isAtVenue: false, notListedBecause: 'the venue is being asked' });
    const report = checkBoot(facts({ listed, orders: [asked] }));
    expect(report.ok).toBe(true);
    expect(report.explained).toEqual([
      { venueOrderId: '0xe', why: 'not an order of this engine' },
      { venueOrderId: '0xf', why: 'settled by Ann' },
    ]);
  });

  test('takes one more check: a pure function over the same facts', () => {
    const noPositions: BootCheck = ({ positions }) =>
      positions
        .filter(({ size }) => size !== '0')
        .map(({ actorId }) => ({ check: 'mine', actorId, message: `${actorId} is open.` }));
    const { problems } = checkBoot(facts(), [...BOOT_CHECKS, noPositions]);
    expect(problems).toEqual([
      { check: 'mine', actorId: SINGLES[3], message: `${SINGLES[3]} is open.` },
    ]);
  });

  test('reports a bounded number of problems and counts them all', () => {
    const many = Array.from({ length: 200 }, (_, n) => `order:${n}`);
    const report = checkBoot(facts({ rows: [...facts().rows, ...many] }));
    expect(report.problems.length).toBe(MAX_REPORTED);
    expect(report.problemCount).toBe(200);
  });

  test('knows the wake-up of an order in every state', () => {
    const waits = { comparesAtMs: 1, settlesAtMs: 1 };
    const states = new Set<ExecutionState>(EXECUTION_STATES);
    for (const execution of states) {
      const bare = wakeUpOf(order({ execution }), waits);
      const running = wakeUpOf(order({ execution, effects: ['submit'] }), waits);
      expect(running).toBe('submit');
      expect(bare).toBe(execution.startsWith('working') ? expect.any(String) && bare : undefined);
    }
  });
});

describe('a start', () => {
  const floor = useFloor();
  /** As an engine runs by default: without the second bookkeeper, who would stop it before. */
  const start = () => floor.start({ checkIdentities: false });
  const entries = async ({ submit }: TestDesk) => (await submit()).order;

  test('at which all is there takes entries and leaves no trace in the log', async () => {
    const first = await start();
    await place(first);
    await place(first, { instrument: 'paper:rain:NO' });
    await first.trading.settled();
    await first.stop();
    const second = await start();
    expect(second.trading.health().boot).toMatchObject({
      ok: true,
      counts: { orders: 2, listed: 2, explained: 0 },
    });
    const { counts } = second.trading.health().boot ?? {};
    expect(counts?.rows).toBe(counts?.actors);
    expect(second.log.lines.map(({ message }) => message)).toContain(
      'Boot check: everything is there and goes on.',
    );
    expect(await entries(second)).toMatchObject({ status: 'PENDING' });
    const { inputs } = await journalOf();
    expect(inputs).not.toContain('engine.bootChecked');
  });

  test('that has lost an order says which, lets exits through and nothing else', async () => {
    const first = await start();
    const lost = await place(first);
    const stock = await place(first);
    floor.venue.fill({
      ...{ venueOrderId: `0x${stock}`, tradeId: 't1', size: '10' },
      settlement: 'confirmed',
    });
    await until(() => first.trading.position(rain.id)?.sellableSize === '10');
    await first.trading.settled();
    await first.stop();
    await withClient(floor.fresh, (client) =>
      client.query('delete from actor_snapshots where actor_id = $1', [`order:${lost}`]),
    );
    const second = await start();
    const { boot } = second.trading.health();
    expect(boot?.ok).toBe(false);
    // The venue's list is late: it has told of the fill that completes the other one.
    expect(boot?.explained).toEqual([
      { venueOrderId: `0x${stock}`, why: 'its fills complete it: the list is late' },
    ]);
    expect(boot?.problems.map(({ check, actorId }) => [check, actorId])).toEqual([
      ['venue', `order:${lost}`],
      ['reservations', 'account'],
    ]);
    expect(await entries(second)).toMatchObject({
      status: 'DENIED',
      reason: expect.stringContaining(`order ${lost} was prepared here and has no actor`),
    });
    const exit = await second.submit({ side: 'SELL', size: '5', price: '0.6' });
    await untilState(second.trading, exit.orderId, 'working.open');
    // Told again from the log, the same intents meet the same answer.
    await second.crash();
    const third = await start();
    expect((await third.trading.order(exit.orderId))?.execution).toBe('working.open');
    expect(await entries(third)).toMatchObject({ status: 'DENIED' });
  });

  test('that is mended takes entries again by itself', async () => {
    const first = await start();
    const lost = await place(first);
    await first.trading.settled();
    await first.stop();
    const row = await withClient(floor.fresh, async (client) => {
      const found = await client.query(
        'delete from actor_snapshots where actor_id = $1 returning *',
        [`order:${lost}`],
      );
      return found.rows[0];
    });
    const second = await start();
    expect(second.trading.health().boot?.ok).toBe(false);
    await second.stop();
    await withClient(floor.fresh, (client) =>
      client.query(
        `insert into actor_snapshots (actor_id, kind, version, revision, live, snapshot, event_hash)
         values ($1, 'order', $2, $3, true, $4, $5)`,
        [row.actor_id, row.version, row.revision, JSON.stringify(row.snapshot), row.event_hash],
      ),
    );
    const third = await start();
    expect(third.trading.health().boot).toMatchObject({ ok: true, problems: [] });
    expect(await entries(third)).toMatchObject({ status: 'PENDING' });
    const { inputs } = await journalOf();
    expect(inputs.match(/engine\.bootChecked/g)?.length).toBe(2);
  });

  test('lists the orders at the venue that were never ours', async () => {
    floor.venue.report('0xsomebody', { status: 'live' });
    const desk = await start();
    expect(desk.trading.health().boot).toMatchObject({
      ok: true,
      explained: [{ venueOrderId: '0xsomebody', why: 'not an order of this engine' }],
    });
  });

  /** The list goes on to show what the venue had open before. */
  async function listsLate(end: (desk: TestDesk, orderId: string) => Promise<unknown>) {
    const first = await start();
    const orderId = await place(first);
    const listed = [...floor.venue.orders.values()];
    await end(first, orderId);
    await first.trading.settled();
    await first.stop();
    floor.venue.onOpenOrders = () => listed;
    return orderId;
  }

  test('at which the list is late takes entries where the venue says by id that the order is over', async () => {
    const orderId = await listsLate(async ({ trading }, id) => {
      await trading.cancel(id);
      await untilState(trading, id, 'cancelled');
    });
    const desk = await start();
    expect(desk.trading.health().boot).toMatchObject({
      ok: true,
      explained: [
        {
          venueOrderId: `0x${orderId}`,
          why: 'the venue says by its id that it is CANCELLED: the list is late',
        },
      ],
    });
    expect(await entries(desk)).toMatchObject({ status: 'PENDING' });
  });

  test('at which the venue says of an order that is over here that it is open takes none', async () => {
    const orderId = await listsLate(async ({ trading }, id) => {
      floor.venue.onCancel = () => ({ kind: 'cancelled' });
      await trading.cancel(id);
      await untilState(trading, id, 'cancelled');
    });
    const desk = await start();
    expect(desk.trading.health().boot?.problems).toMatchObject([
      { check: 'venue', actorId: `order:${orderId}` },
    ]);
    expect(await entries(desk)).toMatchObject({ status: 'DENIED' });
  });

  test('takes entries where the venue lists what is left of an order that it has matched', async () => {
    const orderId = await listsLate(async ({ trading }, id) => {
      const venueOrderId = `0x${id}`;
      floor.venue.fill({ venueOrderId, size: '9.996', settlement: 'confirmed' });
      const report = { ...floor.venue.report(venueOrderId, {}), sizeMatched: '9.996' };
      floor.venue.emit({
        ...{ type: 'order', report: { ...report, status: 'matched', rawStatus: 'MATCHED' } },
      });
      await untilState(trading, id, 'matched');
    });
    const desk = await start();
    expect(desk.trading.health().boot).toMatchObject({
      ok: true,
      explained: [{ venueOrderId: `0x${orderId}`, why: expect.stringContaining('matched') }],
    });
  });

  test('at which the list of its comparison serves the first look, and each later look asks afresh', async () => {
    const orderId = await listsLate(async ({ trading }, id) => {
      await trading.cancel(id);
      await untilState(trading, id, 'cancelled');
    });
    const lists = countLists();
    const calm = await start();
    expect(calm.trading.health().boot?.ok).toBe(true);
    expect(lists.asked).toBe(1);
    await calm.stop();
    // By its id the venue says that it is open: that does not hold, and is looked at twice more.
    floor.venue.report(`0x${orderId}`, { status: 'live', rawStatus: 'LIVE' });
    const odd = await start();
    expect(odd.trading.health().boot?.ok).toBe(false);
    expect(lists.asked).toBe(1 + 3);
  });

  test('at which the venue cannot be asked again takes no entries, and comes up all the same', async () => {
    await listsLate(async ({ trading }, id) => {
      floor.venue.onCancel = () => ({ kind: 'cancelled' });
      await trading.cancel(id);
      await untilState(trading, id, 'cancelled');
    });
    // The comparison of the start is answered; what comes after it is not.
    countLists(() => Promise.reject(new Error('away')));
    const desk = await start();
    expect(desk.trading.health().boot).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('away') }],
    });
    expect(await entries(desk)).toMatchObject({ status: 'DENIED' });
  });

  /** Counts the questions for the open orders; `later` answers all but the first. */
  function countLists(later?: () => Promise<never>): { asked: number } {
    const listed = floor.venue.onOpenOrders;
    const lists = { asked: 0 };
    floor.venue.onOpenOrders = () => {
      lists.asked += 1;
      return later !== undefined && lists.asked > 1 ? later() : listed();
    };
    return lists;
  }

  async function journalOf(): Promise<{ readonly inputs: string }> {
    return withClient(floor.fresh, async (client) => {
      const found = await client.query('select inputs from journal order by first_seq');
      return { inputs: found.rows.map((row) => row.inputs).join('\n') };
    });
  }
});
