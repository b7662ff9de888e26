/** Our books against the venue's: what is proven is taken in, what lasts is found, nothing is invented. */
import { describe, expect, test } from 'vitest';
import { LASTING_MS } from '../../src/actors/reconcile-judge.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import { withClient } from '../support/database.ts';
import { idle, pass, stateOf, type TestDesk, until } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { AT_MS, leg, noRain, rain } from '../support/orders.ts';

const EVERY_MS = DEFAULT_RECONCILE.everySeconds * 1_000;
const floor = useFloor();

interface Stage {
  readonly clock: VirtualClock;
  desk: TestDesk;
}

async function open(options: Parameters<typeof floor.start>[0] = {}): Promise<Stage> {
  const clock = createVirtualClock(AT_MS);
  return { clock, desk: await floor.start({ clock, ...options }) };
}

async function restart(stage: Stage): Promise<void> {
  await stage.desk.crash();

  stage.desk = await floor.start({ clock: stage.clock });
  await idle(stage.desk);
}

async function submit({ desk }: Stage, over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await idle(desk);
  return orderId;
}

const go = ({ clock, desk }: Stage, forMs: number) => pass(clock, desk, forMs);
/** Long enough for whatever lasts to have become a finding. */
const lasting = (stage: Stage) => go(stage, 2 * LASTING_MS);

async function findings({ desk }: Stage, open = true) {
  await desk.trading.settled();
  return desk.store.findings(open ? { open } : {});
}

async function documents({ desk }: Stage) {
  return (await desk.store.reconciliations(100)).map(({ body, ...row }) => ({
    ...row,
    document: JSON.parse(body),
  }));
}

const health = ({ desk }: Stage) => desk.trading.health().reconciliation;

/** Ten shares, bought and final: at the venue and here. */
async function hold(stage: Stage): Promise<void> {
  const orderId = await submit(stage);
  floor.venue.report(`0x${orderId}`, { status: 'matched', sizeMatched: '10' });
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10', settlement: 'confirmed' });
  await idle(stage.desk);
  expect(stage.desk.trading.position(rain.id)?.sellableSize).toBe('10');
}

describe('what is missing here and proven there is taken in', () => {
  test('a leg that no stream told, and the end of an order', async () => {
    const stage = await open();
    const filled = await submit(stage);
    const ended = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${filled}`, size: '4' }, 'silent');
    floor.venue.report(`0x${ended}`, { status: 'cancelled' });
    await go(stage, EVERY_MS);
    expect(await stage.desk.trading.order(filled)).toMatchObject({ filledSize: '4' });
    expect(await stateOf(stage.desk.trading, ended)).toBe('cancelled');
    const [newest] = await documents(stage);
    expect(newest).toMatchObject({ reason: 'interval', complete: true, applied: 2 });
    expect(newest?.document.applied).toMatchObject([
      { what: 'leg', note: 'BUY 4 at 0.5: matched' },
      { what: 'order', id: ended },
    ]);
    expect(await findings(stage)).toEqual([]);
  });

  test('what is known already does not become an input again', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10' });
    floor.venue.fill({ venueOrderId: '0xnobody', tradeId: 'other' });
    await go(stage, EVERY_MS);
    const { journal } = stage.desk.trading.execution;
    const legs = async () =>
      withClient(floor.fresh, async (client) => {
        const found = await client.query(
          `select count(*)::int as n from journal, json_array_elements(inputs::json) as input
            where input->>'type' in ('venue.legReported', 'venue.orphanReported')`,
        );
        return found.rows[0]?.n;
      });
    await journal.durable();
    const before = await legs();
    await go(stage, 3 * EVERY_MS);
    await journal.durable();
    expect(before).toBe(2);
    expect(await legs()).toBe(2);
  });

  test('an order of ours that had been given up and rests at the venue is alive again', async () => {
    const stage = await open();
    floor.venue.onSubmit = () => ({ kind: 'rejected', reason: 'no' });
    const orderId = await submit(stage);
    await go(stage, 10_000);
    expect(stage.desk.trading.execution.registry.orders.size).toBe(0);
    floor.venue.report(`0x${orderId}`, { status: 'live' });
    await go(stage, EVERY_MS);
    expect(await stateOf(stage.desk.trading, orderId)).toBe('working.open');
    expect((await stage.desk.trading.account()).reservedUsd).toBe('5.125');
  });
});

describe('when the books are compared', () => {
  test('at the start, before an entry is taken', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    await stage.desk.crash();
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      floor.venue.onTrades = () =>
        new Promise((told) => {
          answer = () => told([...floor.venue.trades]);
          resolve();
        });
    });
    const next = floor.start({ clock: stage.clock });
    await asked;
    await idle(stage.desk).catch(() => undefined);
    expect(floor.venue.submits).toHaveLength(1);
    answer();
    stage.desk = await next;
    expect(await stage.desk.trading.order(orderId)).toMatchObject({ filledSize: '4' });
    expect((await documents(stage)).map(({ reason }) => reason)).toEqual(['start', 'start']);
    expect((await stage.desk.submit()).order.status).not.toBe('DENIED');
  });

  test('after a connection came back, and until then entries are denied', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.emit({ type: 'connection', state: 'down', atMs: stage.clock.now() });
    await idle(stage.desk);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    expect((await stage.desk.submit()).order.status).toBe('DENIED');
    floor.venue.emit({ type: 'connection', state: 'up', atMs: stage.clock.now() });
    await idle(stage.desk);
    expect(await stage.desk.trading.order(orderId)).toMatchObject({ filledSize: '4' });
    expect((await documents(stage))[0]?.reason).toBe('reconnect');
    expect((await stage.desk.submit()).order.status).not.toBe('DENIED');
  });

  test('from time to time, as the configuration says', async () => {
    const stage = await open({ reconcile: { everySeconds: 7 } });
    await go(stage, 21_000);
    expect((await documents(stage)).map(({ startedAtMs }) => startedAtMs - AT_MS)).toEqual([
      21_000, 14_000, 7_000, 0,
    ]);
  });

  test('a venue that does not answer leaves a document that says so', async () => {
    const stage = await open();
    floor.venue.onTrades = () => Promise.reject(new Error('502 Bad Gateway'));
    await go(stage, EVERY_MS);
    expect((await documents(stage))[0]).toMatchObject({ complete: false });
    floor.venue.onTrades = () => [];
    await go(stage, 2_000);
    expect((await documents(stage))[0]).toMatchObject({
      complete: true,
      document: { attempts: 2 },
    });
  });

  test('figures that are not answered conclude nothing and hold up nothing', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onPositions = () => Promise.reject(new Error('503'));
    floor.venue.onBalances = () => Promise.reject(new Error('503'));
    await lasting(stage);
    await lasting(stage);
    expect(await findings(stage)).toEqual([]);
    expect(stage.desk.trading.health()).toMatchObject({
      venue: 'live',
      reconciliation: { errors: 2, openFindings: 0 },
    });
  });
});

describe('a position that differs', () => {
  test('is a finding once it has lasted two comparisons, and closes by itself', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '15' }];
    await go(stage, EVERY_MS);
    expect(await findings(stage)).toEqual([]);
    expect((await documents(stage))[0]?.document.differences).toMatchObject([
      { kind: 'position.size', pending: true },
    ]);
    // It is not left to the interval.
    await go(stage, LASTING_MS);
    const [found, ...others] = await findings(stage);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: 'position.size',
      severity: 'critical',
      instrumentId: rain.id,
      openedAtMs: AT_MS + EVERY_MS + LASTING_MS,
      goneAtMs: null,
    });
    expect(JSON.parse(found?.ours ?? '')).toMatchObject({ size: '10' });
    expect(JSON.parse(found?.theirs ?? '')).toEqual({ size: '15' });
    expect(JSON.parse(found?.evidence ?? '')).toMatchObject({ asked: 'positions' });
    // Never booked: positions are the fold of our own legs.
    expect(stage.desk.trading.position(rain.id)?.size).toBe('10');
    // Seen again, it is the same finding.
    await go(stage, 3 * EVERY_MS);
    expect(await findings(stage, false)).toHaveLength(1);
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '10.01' }];
    await go(stage, EVERY_MS);
    expect(await findings(stage)).toEqual([]);
    const [gone] = await findings(stage, false);
    expect(gone).toMatchObject({ state: 'applied', closedBy: 'reconciler' });
    expect(gone?.goneAtMs).toBeGreaterThan(gone?.openedAtMs ?? 0);
    expect(stage.desk.trading.position(rain.id)?.reconciliationRequired).toBe(false);
  });

  test('stops entries there while it is critical, and no exit', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '15' }];
    await go(stage, EVERY_MS + LASTING_MS);
    const [found] = await findings(stage);
    expect(stage.desk.trading.position(rain.id)?.reconciliationRequired).toBe(true);
    expect(await stage.desk.store.positions()).toMatchObject([{ reconciliationRequired: true }]);
    expect(health(stage)).toMatchObject({ openFindings: 1, criticalFindings: 1 });
    const denied = (await stage.desk.submit()).order;
    expect(denied).toMatchObject({ status: 'DENIED' });
    expect(denied.reason).toContain(String(found?.findingId));
    expect((await stage.desk.submit({ side: 'SELL', size: '5' })).order.status).toBe('PENDING');
    expect((await stage.desk.submit({ instrument: noRain.id })).order.status).toBe('PENDING');
  });

  test('that trades which are still settling explain is none', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10' });
    // This venue shows shares and takes money only when a trade is final.
    floor.venue.onPositions = () => [];
    floor.venue.onBalances = () => ({ cashUsd: '1000' });
    await lasting(stage);
    await lasting(stage);
    expect(await findings(stage)).toEqual([]);
    // And it is one when the trade is final and the figures still stand so.
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10', settlement: 'confirmed' });
    await lasting(stage);
    await lasting(stage);
    expect((await findings(stage)).map(({ kind }) => kind).sort()).toEqual([
      'collateral',
      'position.size',
    ]);
  });

  test('in an instrument in which we never traded has a position to show it', async () => {
    const stage = await open();
    floor.venue.onPositions = () => [{ instrumentId: noRain.id, size: '3' }];
    await go(stage, EVERY_MS + LASTING_MS);
    expect(stage.desk.trading.position(noRain.id)).toMatchObject({
      size: '0',
      reconciliationRequired: true,
    });
    expect((await stage.desk.submit({ instrument: noRain.id })).order.status).toBe('DENIED');
  });

  test('by less than one percent is a warning, and entries go on', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '10.1' }];
    await go(stage, EVERY_MS + LASTING_MS);
    expect(await findings(stage)).toMatchObject([{ severity: 'warning' }]);
    expect((await stage.desk.submit()).order.status).toBe('PENDING');
  });

  test('dismissed, it stays so while it is the same, whatever is traded meanwhile', async () => {
    const stage = await open();
    await hold(stage);
    const extra = () => {
      const held = stage.desk.trading.position(rain.id)?.size ?? '0';
      return [{ instrumentId: rain.id, size: String(Number(held) + 5) }];
    };
    floor.venue.onPositions = extra;
    await go(stage, EVERY_MS + LASTING_MS);
    const [found] = await findings(stage);
    const findingId = String(found?.findingId);
    await stage.desk.trading.send({
      ...{ type: 'finding.decide', findingId, as: 'dismissed' },
      ...{ by: 'ada', why: 'held before the engine' },
    });
    expect(stage.desk.trading.position(rain.id)?.reconciliationRequired).toBe(false);
    const orderId = await submit(stage);
    floor.venue.fill({
      venueOrderId: `0x${orderId}`,
      tradeId: 't2',
      size: '10',
      settlement: 'confirmed',
    });
    await lasting(stage);
    expect(await findings(stage)).toEqual([]);
    expect(await findings(stage, false)).toMatchObject([
      { state: 'dismissed', closedBy: 'ada', why: 'held before the engine', goneAtMs: null },
    ]);
    // Another difference is another finding.
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '100' }];
    await lasting(stage);
    await lasting(stage);
    const all = await findings(stage, false);
    expect(all.map(({ state }) => state)).toEqual(['open', 'dismissed']);
    expect(new Set(all.map((row) => row.findingId)).size).toBe(1);
    expect(all[1]?.goneAtMs).not.toBeNull();
  });

  test('an average that differs is for information only', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onAverages = () => [{ instrumentId: rain.id, averageEntry: '0.506' }];
    await lasting(stage);
    await lasting(stage);
    expect(await findings(stage)).toMatchObject([{ kind: 'position.price', severity: 'info' }]);
    expect((await stage.desk.submit()).order.status).toBe('PENDING');
  });
});

describe('a restart', () => {
  test('keeps findings, what was decided, and goes on from there', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.onPositions = () => [
      { instrumentId: rain.id, size: '15' },
      { instrumentId: noRain.id, size: '7' },
    ];
    await go(stage, EVERY_MS + LASTING_MS);
    const before = await findings(stage);
    expect(before).toHaveLength(2);
    const dismissed = before.find(({ instrumentId }) => instrumentId === noRain.id);
    await stage.desk.trading.send({
      ...{ type: 'finding.decide', findingId: String(dismissed?.findingId), as: 'dismissed' },
      ...{ by: 'ada', why: 'mine' },
    });
    await restart(stage);
    expect(stage.desk.trading.position(rain.id)?.reconciliationRequired).toBe(true);
    expect((await stage.desk.submit()).order.status).toBe('DENIED');
    await lasting(stage);
    const after = await findings(stage, false);
    expect(after.map(({ state }) => state).sort()).toEqual(['dismissed', 'open']);
    await stage.desk.trading.settled();
    expect((await foldJournal(floor.fresh)).states).toEqual(await storedStates(floor.fresh));
  });
});

describe('orders', () => {
  test('one that nobody here made is found, imported, and cancelled only on a person’s word', async () => {
    const stage = await open();
    const terms = { instrumentId: rain.id, side: 'SELL' as const, price: '0.6', size: '20' };
    floor.venue.report('0xforeign', { status: 'live', terms });
    await go(stage, EVERY_MS + LASTING_MS);
    const [found] = await findings(stage);
    expect(found).toMatchObject({
      kind: 'order.external',
      severity: 'warning',
      subject: '0xforeign',
    });
    const imported = await withClient(floor.fresh, (client) =>
      client.query('select venue_order_id, side, price::text, size::text from external_orders'),
    );
    expect(imported.rows).toEqual([
      { venue_order_id: '0xforeign', side: 'SELL', price: '0.6', size: '20' },
    ]);
    expect(floor.venue.cancels).toEqual([]);
    expect(await stage.desk.trading.orders()).toEqual([]);
    await stage.desk.trading.send({
      ...{ type: 'finding.decide', findingId: String(found?.findingId), as: 'approved' },
      ...{ by: 'ada', why: 'not mine' },
    });
    await until(() => floor.venue.cancels.length > 0);
    expect(floor.venue.cancels).toEqual(['0xforeign']);
    await go(stage, EVERY_MS);
    const [decided] = await findings(stage, false);
    expect(decided).toMatchObject({ state: 'approved', closedBy: 'ada' });
    expect(decided?.goneAtMs).not.toBeNull();
  });

  test('one that is alive here and that the venue does not know is a question and a finding', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.orders.clear();
    await go(stage, EVERY_MS);
    expect(await stateOf(stage.desk.trading, orderId)).toMatch(/^unknown/);
    await go(stage, EVERY_MS);
    const [found] = await findings(stage);
    expect(found).toMatchObject({ kind: 'order.missing', subject: `0x${orderId}` });
    expect(found?.action).toContain(`fillwright resolve ${orderId}`);
    expect((await stage.desk.trading.account()).reservedUsd).toBe('5.125');
    floor.venue.report(`0x${orderId}`, { status: 'cancelled' });
    await go(stage, 2 * EVERY_MS);
    expect(await findings(stage)).toEqual([]);
    expect(await stateOf(stage.desk.trading, orderId)).toBe('cancelled');
  });

  test('one that is over here and still listed there is critical', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.onCancel = () => ({ kind: 'cancelled' });
    await stage.desk.trading.cancel(orderId);
    await go(stage, EVERY_MS + LASTING_MS);
    expect(await findings(stage)).toMatchObject([
      { kind: 'order.open', severity: 'critical', subject: `0x${orderId}` },
    ]);
    expect((await stage.desk.submit()).order.status).toBe('DENIED');
    floor.venue.report(`0x${orderId}`, { status: 'cancelled' });
    await go(stage, EVERY_MS);
    expect(await findings(stage)).toEqual([]);
  });
});

describe('legs', () => {
  test('of an order that nobody here made are external: found, kept, never booked', async () => {
    const stage = await open();
    floor.venue.fill({ venueOrderId: '0xforeign', size: '6', settlement: 'confirmed' });
    await go(stage, EVERY_MS + LASTING_MS);
    const found = await findings(stage);
    expect(found.map(({ kind }) => kind).sort()).toEqual([
      'collateral',
      'position.size',
      'trade.external',
    ]);
    expect(stage.desk.trading.position(rain.id)?.size).toBe('0');
    expect((await stage.desk.trading.account()).cashUsd).toBe('1000');
    const imported = await withClient(floor.fresh, (client) =>
      client.query('select venue_order_id, size::text from external_trades'),
    );
    expect(imported.rows).toEqual([{ venue_order_id: '0xforeign', size: '6' }]);
  });

  test('that cannot be of the order that they name are found at once', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4', side: 'SELL' });
    await idle(stage.desk);
    floor.venue.trades.length = 0;
    await go(stage, EVERY_MS);
    const [found] = await findings(stage);
    expect(found).toMatchObject({
      kind: 'leg.orphan',
      severity: 'critical',
      instrumentId: rain.id,
    });
    expect(found?.summary).toContain('the order is a BUY');
    // It stays until a person has looked: the venue does not repeat it for ever.
    await go(stage, 3 * EVERY_MS);
    expect(await findings(stage)).toHaveLength(1);
  });

  test('are not forgotten by a comparison that came to nothing', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4', side: 'SELL' });
    await idle(stage.desk);
    // Only the stream told of it.
    floor.venue.trades.length = 0;
    const answers = floor.venue.onOpenOrders;
    floor.venue.onOpenOrders = () => Promise.reject(new Error('502'));
    await go(stage, EVERY_MS);
    floor.venue.onOpenOrders = answers;
    await go(stage, EVERY_MS);
    expect(await findings(stage)).toMatchObject([{ kind: 'leg.orphan', severity: 'critical' }]);
    await go(stage, 3 * EVERY_MS);
    expect(await findings(stage, false)).toHaveLength(1);
  });

  test('confirmed and failed are a conflict, found once', async () => {
    const stage = await open();
    await hold(stage);
    floor.venue.emit({
      type: 'leg',
      leg: leg({
        ...(floor.venue.trades[0] ?? leg()),
        settlement: 'failed',
      }),
    });
    await idle(stage.desk);
    await stage.desk.trading.settled();
    await go(stage, 2 * EVERY_MS);
    expect(await findings(stage)).toMatchObject([{ kind: 'leg.conflict', severity: 'critical' }]);
    expect(stage.desk.trading.position(rain.id)?.size).toBe('10');
  });
});

describe('collateral', () => {
  test.each([
    { cashUsd: '1250', amount: '250', severity: 'warning', words: 'Record a deposit of 250' },
    { cashUsd: '900', amount: '-100', severity: 'critical', words: 'Record a withdrawal of 100' },
  ])('$cashUsd where 1000 is expected: approved, it is booked', async (one) => {
    const stage = await open();
    floor.venue.cashUsd = one.cashUsd;
    await go(stage, EVERY_MS + LASTING_MS);
    const [found] = await findings(stage);
    expect(found).toMatchObject({ kind: 'collateral', severity: one.severity, subject: 'main' });
    expect(found?.action).toContain(one.words);
    expect((await stage.desk.trading.account()).cashUsd).toBe('1000');
    const decide = () =>
      stage.desk.trading.send({
        ...{ type: 'finding.decide', findingId: String(found?.findingId), as: 'approved' },
        ...{ by: 'ada', why: 'by bank' },
      });
    expect(await decide()).toMatchObject({ changed: true });
    // Run twice, as after a crash between command and answer, it is booked once.
    expect(await decide()).toMatchObject({ changed: false });
    expect(await stage.desk.trading.account()).toMatchObject({
      cashUsd: one.cashUsd,
      depositsUsd: one.cashUsd,
    });
    await stage.desk.trading.settled();
    expect(await stage.desk.store.ledgerTotal('main')).toBe(one.cashUsd);
    await go(stage, EVERY_MS);
    expect(await findings(stage, false)).toMatchObject([{ state: 'approved' }]);
    await restart(stage);
    expect((await stage.desk.trading.account()).cashUsd).toBe(one.cashUsd);
  });

  test('an amount that is not certain while trades settle cannot be approved', async () => {
    const stage = await open();
    floor.venue.cashUsd = '1250';
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10' });
    await go(stage, EVERY_MS + LASTING_MS);
    const [found] = await findings(stage);
    const decide = {
      ...{ type: 'finding.decide' as const, findingId: String(found?.findingId) },
      ...{ as: 'approved' as const, by: 'ada', why: 'by bank' },
    };
    await expect(stage.desk.trading.send(decide)).rejects.toMatchObject({ code: 'invalid_value' });
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10', settlement: 'confirmed' });
    await go(stage, EVERY_MS);
    await stage.desk.trading.send(decide);
    expect((await stage.desk.trading.account()).depositsUsd).toBe('1250');
  });
});

describe('asked for', () => {
  const ask = ({ desk }: Stage, apply: boolean) =>
    desk.trading.send({ type: 'reconcile.run', apply, by: 'ada' });

  test('without --apply it only looks', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    const { lastSeq } = stage.desk.trading.execution.journal;
    const { facts } = await ask(stage, false);
    expect(facts.reconciliation).toMatchObject({
      reason: 'asked',
      applies: false,
      counts: { newLegs: 1 },
      applied: [{ what: 'leg' }],
    });
    expect(stage.desk.trading.execution.journal.lastSeq).toBe(lastSeq);
    expect(await stage.desk.trading.order(orderId)).toMatchObject({ filledSize: '0' });
  });

  test('with --apply what is proven is taken in', async () => {
    const stage = await open();
    const orderId = await submit(stage);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    const { changed } = await ask(stage, true);
    expect(changed).toBe(true);
    expect(await stage.desk.trading.order(orderId)).toMatchObject({ filledSize: '4' });
  });

  test('a word on a finding that is not there names it', async () => {
    const stage = await open();
    const command = {
      type: 'finding.decide' as const,
      as: 'dismissed' as const,
      by: 'a',
      why: 'b',
    };
    await expect(stage.desk.trading.send({ ...command, findingId: 'f_0' })).rejects.toThrow(
      '"f_0"',
    );
  });
});
