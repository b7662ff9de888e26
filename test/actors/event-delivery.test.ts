/** Events on their way out of a real database: every one, in order, whatever a sink does. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  MAX_RETRY_AFTER_MS,
  PAGE_EVENTS,
  RETRY_FIRST_MS,
  RETRY_LAST_MS,
  retryAfterMs,
} from '../../src/actors/event-courier.ts';
import {
  createEventDelivery,
  type EventDelivery,
  PRUNE_FIRST_MS,
} from '../../src/actors/event-delivery.ts';
import { type EventSink, SinkFault } from '../../src/actors/event-port.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import type { CatalogueEvent } from '../../src/domain/events/catalogue.ts';
import { eventRow, projection } from '../adapters/store/rows.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { createListLog, until } from '../support/desk.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { place, useFloor } from '../support/floor.ts';

const clock = createSystemClock();

interface TestSink extends EventSink {
  readonly taken: CatalogueEvent[];
  /** Called with each batch before it is taken; what it throws is thrown. */
  onTake: (events: readonly CatalogueEvent[], attempt: number) => void | Promise<void>;
}

function sinkNamed(name: string, over: Partial<EventSink> = {}): TestSink {
  let attempt = 0;
  const sink: TestSink = {
    ...{ name, batch: 3, taken: [], onTake: () => undefined, wants: () => true },
    async take(events) {
      attempt += 1;
      await sink.onTake(events, attempt);
      sink.taken.push(...events);
    },
    close: () => Promise.resolve(),
    ...over,
  };
  return sink;
}

const numbersOf = ({ taken }: TestSink) => taken.map(({ number }) => number);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a delivery', () => {
  let fresh: FreshStore;
  let kept = 0;
  const open: EventDelivery[] = [];
  beforeEach(async () => {
    kept = 0;
    fresh = await freshStore();
    await fresh.store.acquireWriter();
  });
  afterEach(async () => {
    for (const delivery of open.splice(0)) await delivery.stop();
    await fresh.dispose();
  });

  const log = createListLog();

  function deliver(sinks: readonly EventSink[], store: PostgresStore = fresh.store): EventDelivery {
    const parts = { store: store.events, lease: store.lease, clock, log };
    const delivery = createEventDelivery({ ...parts, sinks });
    open.push(delivery);
    delivery.start();
    return delivery;
  }

  async function keep(count: number): Promise<void> {
    const rows = upTo(count).map((index) => eventRow(kept + index));
    kept += count;
    await fresh.store.project(projection(1, { events: rows }));
  }

  test('hands over what there is and what comes, in order, each once', async () => {
    const sink = sinkNamed('a');
    await keep(2 * PAGE_EVENTS + 7);
    const delivery = deliver([sink]);
    await until(() => sink.taken.length === kept);
    await keep(5);
    delivery.wake();
    await until(() => sink.taken.length === kept);
    expect(numbersOf(sink)).toEqual(upTo(kept));
    await until(async () => (await fresh.store.events.cursor('a')) === kept);
    expect(delivery.health()).toEqual([
      { name: 'a', deliveredThrough: `evt_${kept}`, failure: null, attempts: 0 },
    ]);
  });

  test('a sink that fails gets the same events again, and holds up no other', async () => {
    const [failing, other] = [sinkNamed('failing'), sinkNamed('other')];
    failing.onTake = (_events, attempt) => {
      if (attempt === 2 || attempt === 3) throw new SinkFault('no');
    };
    await keep(20);
    const delivery = deliver([failing, other]);
    await until(() => other.taken.length === 20);
    await until(() => delivery.health()[0]?.failure === 'no');
    await until(() => failing.taken.length === 20, 'the failing one', 20_000);
    expect(numbersOf(failing)).toEqual(upTo(20));
    expect(numbersOf(other)).toEqual(upTo(20));
    expect(delivery.health()[0]).toMatchObject({ failure: null, attempts: 0 });
  });

  test('what it does not want it is not told, and it goes on behind it after a restart', async () => {
    const odd = { wants: (event: CatalogueEvent) => event.number % 2 === 1 };
    const first = sinkNamed('a', odd);
    await keep(10);
    const delivery = deliver([first]);
    await until(async () => (await fresh.store.events.cursor('a')) === 10);
    await delivery.stop();
    await keep(3);
    const second = sinkNamed('a', odd);
    deliver([second]);
    await until(() => second.taken.length === 2);
    expect(numbersOf(first)).toEqual([1, 3, 5, 7, 9]);
    expect(numbersOf(second)).toEqual([11, 13]);
  });

  test('a stop in the middle of a page keeps what was taken, and the next start takes the rest', async () => {
    const first = sinkNamed('a');
    first.onTake = (_events, attempt) => {
      if (attempt > 2) throw new SinkFault('no more');
    };
    await keep(10);
    const delivery = deliver([first]);
    await until(() => delivery.health()[0]?.failure !== null);
    await delivery.stop();
    expect(await fresh.store.events.cursor('a')).toBe(6);
    const second = sinkNamed('a');
    deliver([second]);
    await until(() => second.taken.length === 4);
    expect([...numbersOf(first), ...numbersOf(second)]).toEqual(upTo(10));
  });

  test('a stop waits for the last events, and not for a sink that never answers', async () => {
    const [slow, silent] = [sinkNamed('slow', { batch: 100 }), sinkNamed('silent')];
    let release: () => void = () => undefined;
    slow.onTake = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    silent.onTake = () => new Promise(() => undefined);
    await keep(5);
    const delivery = deliver([slow, silent]);
    await until(() => release.name !== 'release');
    const stopping = delivery.stop();
    release();
    await stopping;
    expect(numbersOf(slow)).toEqual(upTo(5));
    expect(await fresh.store.events.cursor('slow')).toBe(5);
    expect(await fresh.store.events.cursor('silent')).toBeUndefined();
  });

  test('without the lease nothing is delivered any more', async () => {
    const mine = sinkNamed('a');
    await keep(3);
    const delivery = deliver([mine]);
    await until(async () => (await fresh.store.events.cursor('a')) === 3);
    const other = fresh.open();
    await other.acquireWriter({ whenBusy: 'takeOver' });
    const theirs = sinkNamed('a');
    const delivering = deliver([theirs], other);
    await other.project(projection(1, { events: [eventRow(4)] }));
    delivering.wake();
    await until(() => theirs.taken.length === 1);
    await until(() => !fresh.store.lease.mayAct());
    delivery.wake();
    await delivery.stop();
    expect(numbersOf(mine)).toEqual([1, 2, 3]);
    expect(numbersOf(theirs)).toEqual([4]);
  });

  test('old events go, the first that are young or that a sink has not taken stay', async () => {
    const virtual = createVirtualClock(1_000_000_000_000);
    const [quick, slow] = [sinkNamed('quick'), sinkNamed('slow', { batch: 1 })];
    slow.onTake = ([event]) => {
      if (event?.number === 6) throw new SinkFault('not this one');
    };
    const atMs = virtual.now() + PRUNE_FIRST_MS - 2_000;
    const rows = upTo(9).map((number) =>
      eventRow(number, { atMs: atMs + (number > 7 ? 10_000 : 0) }),
    );
    await fresh.store.project(projection(1, { events: rows }));
    const { events, lease } = fresh.store;
    const sinks = [quick, slow];
    const parts = { store: events, lease, sinks, clock: virtual, log, keepMs: 1_000 };
    const delivery = createEventDelivery(parts);
    delivery.start();
    await until(() => delivery.health()[1]?.failure === 'not this one');
    await until(async () => (await events.cursor('quick')) === 9);
    const left = async () => (await events.after(0, 100)).map(({ eventId }) => eventId);
    await virtual.advanceTo(virtual.now() + PRUNE_FIRST_MS + 1);
    await until(async () => (await left()).length === 4);
    expect(await left()).toEqual([6, 7, 8, 9]);
    slow.onTake = () => undefined;
    const stopping = delivery.stop();
    await until(async () => (await events.cursor('slow')) === 9);
    await stopping;
    const again = createEventDelivery({ ...parts, sinks: [sinkNamed('quick')] });
    again.start();
    await until(() => again.health()[0]?.deliveredThrough === 'evt_9');
    await virtual.advanceTo(virtual.now() + PRUNE_FIRST_MS);
    await until(async () => (await left()).length === 0);
    await again.stop();
  });

  test('a cursor behind what was removed is said', async () => {
    await keep(5);
    await fresh.store.events.moveCursor('a', 2, 1);
    await fresh.store.events.prune(Number.MAX_SAFE_INTEGER, 4, 100);
    const sink = sinkNamed('a');
    deliver([sink]);
    await until(() => sink.taken.length === 1);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', facts: { sink: 'a', cursor: 2, pruned: 4 } }),
    );
  });
});

describe('the wait after a failure', () => {
  test('doubles, within bounds', () => {
    const waits = upTo(12).map((attempts) => retryAfterMs(new SinkFault('no'), attempts));
    expect(waits.slice(0, 4)).toEqual([1, 2, 4, 8].map((factor) => factor * RETRY_FIRST_MS));
    expect(waits.at(-1)).toBe(RETRY_LAST_MS);
    expect(retryAfterMs(new Error('anything'), 1)).toBe(RETRY_FIRST_MS);
    expect(retryAfterMs(new Error('anything'), 10_000)).toBe(RETRY_LAST_MS);
  });

  test('is the longest at once for a refusal, and what the sink asks for within a bound', () => {
    expect(retryAfterMs(new SinkFault('no', {}, { isRefusal: true }), 1)).toBe(RETRY_LAST_MS);
    const asked = (ms: number) => retryAfterMs(new SinkFault('no', {}, { retryAfterMs: ms }), 1);
    expect(asked(0)).toBe(RETRY_FIRST_MS);
    expect(asked(7_000)).toBe(7_000);
    expect(asked(10 * MAX_RETRY_AFTER_MS)).toBe(MAX_RETRY_AFTER_MS);
  });
});

describe('an engine', () => {
  const floor = useFloor();

  test('trades on while a sink refuses, and delivers everything once it does not', async () => {
    const sink = sinkNamed('a', { batch: 50 });
    let isOpen = false;
    sink.onTake = () => {
      if (!isOpen) throw new SinkFault('not now');
    };
    const events = { store: floor.fresh.store.events, sinks: [sink] };
    const first = await floor.start({ events });
    const orderId = await place(first);
    await first.trading.cancel(orderId);
    await until(() => first.trading.health().eventSinks[0]?.failure === 'not now');
    expect(first.trading.health()).toMatchObject({ running: true });
    await first.stop();
    expect(sink.taken).toEqual([]);
    isOpen = true;
    const second = await floor.start({ events: { ...events, store: floor.fresh.open().events } });
    await place(second);
    await second.stop();
    const all = await allEvents(floor.fresh.store.events);
    expect(problemsOf(all)).toEqual([]);
    expect(sink.taken).toEqual(all);
  });
});
