/** One actor's fault stops no other; whoever watches the engine cannot harm it. */
import { describe, expect, test } from 'vitest';
import type { VenueOrderReport } from '../../src/actors/ports.ts';
import type { EngineEventOf } from '../../src/actors/publisher.ts';
import { MAX_CRASHES } from '../../src/actors/registry.ts';
import { type TestDesk, ticks, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';

const floor = useFloor();
const { start } = floor;

/** A report whose figure is no number: the order's actor throws on it. */
function poison(orderId: string): void {
  const report = floor.venue.report(`0x${orderId}`, { sizeMatched: 'lots' });
  floor.venue.emit({ type: 'order', report });
  floor.venue.report(`0x${orderId}`, { sizeMatched: '0' });
}

const faultsOf = ({ trading }: TestDesk) => {
  const faults: EngineEventOf<'fault'>[] = [];
  trading.on('fault', (fault) => faults.push(fault));
  return faults;
};

describe('an order that throws', () => {
  test('is built again as it was, says so in its record, and works on beside the others', async () => {
    const desk = await start();
    const { trading } = desk;
    const faults = faultsOf(desk);
    const [sick, well] = [await place(desk), await place(desk)];
    const before = await trading.order(sick);
    poison(sick);
    await until(() => trading.health().actorFaults === 1);
    expect(await trading.order(sick)).toEqual(before);
    expect(faults).toMatchObject([{ message: expect.stringContaining(`order:${sick} threw`) }]);
    for (const orderId of [sick, well]) {
      floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId: orderId, size: '4' });
      await untilState(trading, orderId, 'working.partiallyFilled');
    }
    expect(trading.position('paper:rain:YES')?.size).toBe('8');
    await trading.settled();
    const events = await floor.fresh.store.orderEvents(sick);
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events.find(({ type }) => type === 'actor.faulted')).toMatchObject({
      fromState: 'working.open/none',
      toState: 'working.open/none',
      note: expect.stringContaining('lots'),
    });
    expect(trading.health()).toMatchObject({ running: true, failure: null });
  });

  test('while its bytes are on their way is not sent a second time', async () => {
    let answer: () => void = () => undefined;
    floor.venue.onSubmit = async (sent) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return floor.venue.take(sent);
    };
    const { trading, submit } = await start();
    const { orderId } = await submit();
    await until(() => floor.venue.submits.length === 1);
    let found: (report: VenueOrderReport) => void = () => undefined;
    floor.venue.onLookup = () =>
      new Promise((resolve) => {
        found = resolve;
      });
    poison(orderId);
    await until(() => trading.health().actorFaults === 1);
    await until(() => floor.venue.lookups.length === 1);
    await ticks();
    expect(floor.venue.submits).toHaveLength(1);
    // Its place is taken by a question, as after a crash.
    expect(floor.venue.lookups).toEqual([`0x${orderId}`]);
    answer();
    found(floor.venue.report(`0x${orderId}`, {}));
    await untilState(trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
  });

  test('for the last time, while its bytes are on their way, is not sent again either', async () => {
    floor.venue.onSubmit = () => new Promise(() => undefined);
    floor.venue.onLookup = () => undefined;
    floor.venue.onOpenOrders = () => [];
    const { trading, submit } = await start();
    const { orderId } = await submit();
    for (let n = 1; n <= MAX_CRASHES; n += 1) {
      await until(() => floor.venue.submits.length === n);
      poison(orderId);
      await until(() => trading.health().actorFaults === n);
    }
    await ticks();
    expect(floor.venue.submits).toHaveLength(MAX_CRASHES);
  });

  test('keeps its wait for the next try', async () => {
    floor.venue.onSubmit = (sent, attempt) =>
      attempt === 1
        ? { kind: 'notAccepted', reason: 'busy', retryAfterMs: 100 }
        : floor.venue.take(sent);
    const { trading, submit } = await start();
    const { orderId } = await submit();
    await untilState(trading, orderId, 'holding');
    poison(orderId);
    await until(() => trading.health().actorFaults === 1);
    await untilState(trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(2);
  });

  test('is set aside after three times, which is said; the others trade on', async () => {
    const desk = await start();
    const { trading } = desk;
    const faults = faultsOf(desk);
    const [sick, well] = [await place(desk), await place(desk)];
    for (let n = 1; n <= MAX_CRASHES; n += 1) {
      poison(sick);
      await until(() => trading.health().actorFaults === n);
    }
    floor.venue.fill({ venueOrderId: `0x${sick}`, tradeId: 't1', size: '4' });
    await until(() => trading.health().actorFaults === MAX_CRASHES + 1);
    const saidAside = faults.map(({ message }) => message.includes('set aside until'));
    expect(saidAside).toEqual([false, false, true, true]);
    await trading.settled();
    const steps = (await floor.fresh.store.orderEvents(sick)).map(({ type }) => type);
    expect(steps.filter((type) => type === 'actor.faulted')).toHaveLength(MAX_CRASHES + 1);
    floor.venue.fill({ venueOrderId: `0x${well}`, tradeId: 't2', size: '10' });
    await untilState(trading, well, 'matched');
    await place(desk);
    expect(trading.health()).toMatchObject({ running: true, failure: null });
    // The next life tries again, and catching up brings the leg that was refused.
    await desk.stop();
    const next = await start();
    expect(await next.trading.order(sick)).toMatchObject({ filledSize: '4' });
    expect(next.trading.position('paper:rain:YES')?.size).toBe('14');
  });
});

describe('a leg that cannot be booked', () => {
  const bad: Record<string, object> = {
    'size that is no number': { size: 'many' },
    'size zero': { size: '0' },
    'price of a whole dollar': { price: '1' },
    'price as a number': { price: 0.5 },
    'unknown settlement': { settlement: 'PONDERING' },
    'unknown role': { role: 'broker' },
    'NUL in the trade': { tradeId: 'a\u0000b' },
    'fee that is no number': { feeUsd: '' },
    'no time': { matchedAtMs: Number.NaN },
  };

  test.each(Object.entries(bad))(
    '%s: shown whole and counted, and nothing stops',
    async (_, over) => {
      const desk = await start();
      const { trading } = desk;
      const faults = faultsOf(desk);
      const orderId = await place(desk);
      for (const venueOrderId of [`0x${orderId}`, '0xnobody']) {
        floor.venue.fill({ venueOrderId, tradeId: 'bad', ...over });
      }
      await until(() => trading.health().refusedLegs === 2);
      expect(faults).toHaveLength(2);
      expect(faults[0]?.facts.leg).toMatchObject(over);
      floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 'good', size: '10' });
      await untilState(trading, orderId, 'matched');
      await trading.settled();
      expect(await floor.fresh.store.legCount()).toBe(1);
      expect(trading.health()).toMatchObject({ running: true, actorFaults: 0, orphans: 0 });
    },
  );
});

describe('whoever looks on cannot harm', () => {
  test('an inspector that throws', async () => {
    let calls = 0;
    const desk = await start({
      inspect: () => {
        calls += 1;
        throw new Error('the inspector fell over');
      },
    });
    await place(desk);
    expect(calls).toBeGreaterThan(0);
    expect(desk.trading.health()).toMatchObject({ running: true, actorFaults: 0 });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('the listener fell over');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('the listener fell over');
      },
    ],
  ])('a listener that %s', async (_how, listener) => {
    const desk = await start();
    const { trading, log } = desk;
    for (const type of ['order', 'fill', 'position', 'account', 'fault', 'health'] as const) {
      trading.on(type, listener);
    }
    const causes: string[] = [];
    trading.on('order', ({ cause }) => causes.push(cause));
    const orderId = await place(desk);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10' });
    await untilState(trading, orderId, 'matched');
    await until(() => causes.includes('venue.legReported'));
    await until(() => log.lines.some(({ message }) => message === 'A listener threw.'));
    expect(trading.health()).toMatchObject({ running: true, failure: null });
  });

  test('a listener that was taken away hears nothing more', async () => {
    const desk = await start();
    let heard = 0;
    const remove = desk.trading.on('order', () => {
      heard += 1;
    });
    remove();
    await place(desk);
    expect(heard).toBe(0);
  });
});
