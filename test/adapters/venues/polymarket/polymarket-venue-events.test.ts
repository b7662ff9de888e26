import { expect, test } from 'vitest';
import type { VenueEvent } from '../../../../src/actors/ports.ts';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import {
  createVenueEvents,
  MISSED_AFTER_MS,
} from '../../../../src/adapters/venues/polymarket/polymarket-venue-events.ts';
import type { LegReport } from '../../../../src/domain/fill-leg.ts';
import { until } from '../../../support/until.ts';

const START = 1_790_000_000_000;

function leg(tradeId: string, matchedAtMs: number): LegReport {
  return {
    ...{ tradeId, venueOrderId: '0x1', role: 'maker', side: 'BUY', price: '0.5', size: '1' },
    ...{ instrumentId: 'polymarket:m:YES', settlement: 'matched', matchedAtMs },
  };
}

/** A channel that tells what the test says. */
function channelOf() {
  const told: VenueEvent[] = [];
  const restarts: string[] = [];
  let wake = (): void => undefined;
  let failure: Error | undefined;
  async function* events(signal: AbortSignal): AsyncGenerator<VenueEvent> {
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const event = told.shift();
      if (event !== undefined) yield event;
      else if (failure !== undefined) throw failure;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  return {
    channel: { events, restart: (reason: string) => void restarts.push(reason) },
    restarts,
    waiting: () => told.length,
    tell: (...events: VenueEvent[]) => {
      told.push(...events);
      wake();
    },
    fail: (error: Error) => {
      failure = error;
      wake();
    },
  };
}

const brief = (event: VenueEvent): string =>
  event.type === 'connection'
    ? event.state
    : event.type === 'leg'
      ? event.leg.tradeId
      : event.report.venueOrderId;

function reading() {
  const clock = createVirtualClock(START);
  const source = channelOf();
  const legs: string[] = [];
  const events = createVenueEvents({
    ...{ channel: source.channel, clock },
    onLeg: ({ tradeId }) => legs.push(tradeId),
  });
  const stop = new AbortController();
  const got: string[] = [];
  const run = async (): Promise<void> => {
    for await (const event of events.read(stop.signal)) got.push(brief(event));
  };
  const connection = (state: 'up' | 'down') =>
    source.tell({ type: 'connection', state, atMs: clock.now() });
  return { clock, source, legs, events, stop, got, run, connection };
}

test('the channel and what others push come over one stream', async () => {
  const { events, stop, got, run, connection, source, legs } = reading();
  const running = run();
  connection('up');
  source.tell({ type: 'leg', leg: leg('t1', START) });
  await until(() => got.length === 2);
  const report = {
    venueOrderId: '0x7',
    status: 'cancelled',
    rawStatus: 'CANCELED',
    sizeMatched: '4',
    atMs: START,
  } as const;
  events.push({ type: 'order', report });
  await until(() => got.length === 3);
  expect(got).toEqual(['up', 't1', '0x7']);
  expect(legs).toEqual(['t1']);
  stop.abort();
  await running;
});

test('the connection is up while both the channel and the dead-man switch are', async () => {
  const { events, stop, got, run, connection, source } = reading();
  const running = run();
  connection('up');
  await until(() => got.length === 1);
  events.setHeartbeat(true);
  await until(() => got.length === 2);
  connection('down');
  connection('up');
  await until(() => source.waiting() === 0);
  events.setHeartbeat(false);
  await until(() => got.length === 3);
  expect(got).toEqual(['up', 'down', 'up']);
  expect(events.isUp).toBe(true);
  stop.abort();
  await running;
});

test('a failure of the channel is thrown to the reader after what was told before', async () => {
  const { got, run, connection, source } = reading();
  const running = run();
  connection('up');
  source.fail(new Error('broken'));
  await expect(running).rejects.toThrow('broken');
  expect(got).toEqual(['up']);
});

test('a slow reader holds the channel back, and nothing is lost', async () => {
  const { events, source, stop } = reading();
  const iterator = events.read(stop.signal)[Symbol.asyncIterator]();
  const first = iterator.next();
  source.tell(
    ...Array.from(
      { length: 3_000 },
      (_, n): VenueEvent => ({ type: 'leg', leg: leg(`t${n}`, START) }),
    ),
  );
  await first;
  await until(() => source.waiting() < 2_500);
  expect(source.waiting()).toBeGreaterThan(1_500);
  for (let n = 1; n < 3_000; n += 1) {
    const { value } = await iterator.next();
    expect(value).toMatchObject({ leg: { tradeId: `t${n}` } });
  }
  stop.abort();
  await iterator.return?.();
});

test('what others push beyond the bound becomes a lost connection, so that all is asked for', async () => {
  const { events, got, run, stop, connection } = reading();
  const report = { status: 'cancelled', rawStatus: '', sizeMatched: '0', atMs: START } as const;
  for (let n = 0; n < 1_001; n += 1) {
    events.push({ type: 'order', report: { ...report, venueOrderId: `0x${n}` } });
  }
  const running = run();
  connection('up');
  await until(() => got.length === 3);
  expect(got).toEqual(['down', 'down', 'up']);
  stop.abort();
  await running;
});

test.each([
  ['that it never told of', MISSED_AFTER_MS + 5_001, 5_000, 1],
  ['that may still come', MISSED_AFTER_MS + 4_999, 5_000, 0],
  ['of before it was up', MISSED_AFTER_MS + 5_001, 4_999, 0],
])('a channel is started anew for a trade %s', async (_rule, nowMs, matchedMs, restarts) => {
  const { clock, events, got, run, stop, connection, source } = reading();
  const running = run();
  connection('up');
  source.tell({ type: 'leg', leg: leg('told', START + 6_000) });
  await until(() => got.length === 2);
  await clock.advanceTo(START + nowMs);
  const legs = [leg('told', START + 6_000), leg('missed', START + matchedMs)];
  events.compare(legs);
  events.compare(legs);
  expect(source.restarts).toHaveLength(restarts);
  expect(events.missed).toBe(restarts);
  stop.abort();
  await running;
});
