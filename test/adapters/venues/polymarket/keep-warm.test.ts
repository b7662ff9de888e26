import { expect, onTestFinished, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { KEEP_ALIVE_MS } from '../../../../src/adapters/venues/polymarket/http.ts';
import {
  createKeepWarm,
  KEEP_WARM_EVERY_MS,
} from '../../../../src/adapters/venues/polymarket/keep-warm.ts';
import { until } from '../../../support/until.ts';
import { openDesk } from './polymarket-venue-harness.ts';
import { type Answer, restTo, serve } from './rest-harness.ts';

const START = 1_790_000_000_000;

async function warmTo(answer: Answer) {
  const clock = createVirtualClock(START);
  const ports: (number | undefined)[] = [];
  const server = await serve((asked, response) => {
    ports.push(response.socket?.remotePort);
    return answer(asked, response);
  });
  const { rest } = restTo(server.url, clock);
  let answered = 0;
  const keepWarm = createKeepWarm(
    {
      async call(call) {
        const result = await rest.call(call);
        answered += 1;
        return result;
      },
    },
    clock,
  );
  keepWarm.start();
  onTestFinished(() => keepWarm.stop());
  /** Moves the time on, and waits until that many requests have come to an end. */
  const asks = async (atMs: number, count: number) => {
    await clock.advanceTo(START + atMs);
    await until(() => answered === count);
  };
  return { clock, server, rest, ports, keepWarm, asks };
}

test('it asks before an idle connection is closed', () => {
  expect(KEEP_WARM_EVERY_MS).toBeLessThan(KEEP_ALIVE_MS);
});

test('it asks every 20 seconds over one connection, which the next request finds open', async () => {
  const { server, rest, ports, asks } = await warmTo(() => ({ body: 'OK' }));
  await asks(19_999, 0);
  expect(server.asked).toHaveLength(0);
  await asks(20_000, 1);
  await asks(40_000, 2);
  await asks(60_000, 3);
  expect(server.asked[0]).toMatchObject({ method: 'GET', url: '/ok' });
  expect(Object.keys(server.asked[0]?.headers ?? {}).join()).not.toMatch(/poly/);
  await rest.postOrders(1, 'normal', () => '{}', false);
  expect(ports).toHaveLength(4);
  expect(new Set(ports).size).toBe(1);
});

test('a venue that does not answer is asked one at a time, and given up after 10 seconds', async () => {
  const { clock, server, asks } = await warmTo(() => undefined);
  await clock.advanceTo(START + 20_000);
  await until(() => server.asked.length === 1);
  await asks(29_999, 0);
  await asks(30_000, 1);
  await clock.advanceTo(START + 39_999);
  expect(server.asked).toHaveLength(1);
  await clock.advanceTo(START + 40_000);
  await until(() => server.asked.length === 2);
});

test.each([
  ['an error', { status: 503, body: 'Trading is currently disabled' }],
  ['a page of a proxy', { status: 502, body: '<html></html>' }],
])('it goes on after %s', async (_name, told) => {
  const { asks } = await warmTo(() => told);
  await asks(20_000, 1);
  await asks(40_000, 2);
});

test('nothing is sent after the stop', async () => {
  const { clock, server, keepWarm, asks } = await warmTo(() => ({ body: 'OK' }));
  await asks(20_000, 1);
  keepWarm.stop();
  await clock.advanceTo(START + 120_000);
  expect(server.asked).toHaveLength(1);
  expect(clock.pending()).toBe(0);
});

test('a stop during a request is the end of it', async () => {
  const { clock, server, keepWarm, asks } = await warmTo(() => undefined);
  await clock.advanceTo(START + 20_000);
  await until(() => server.asked.length === 1);
  keepWarm.stop();
  await asks(30_000, 1);
  expect(clock.pending()).toBe(0);
});

test.each([
  ['unless switched off', {}, 3],
  ['not when switched off', { keepWarm: false }, 0],
])(
  'a venue keeps its connection warm from its start to its stop: %s',
  async (_name, options, times) => {
    const desk = await openDesk({ deaf: true });
    const fault = desk.sandbox.faults.add({ kind: 'slow', route: 'GET /ok', delayMs: 0 });
    const venue = desk.another({ keepWarm: true, ...options });
    await venue.start();
    await desk.advance(61_000);
    expect(fault.hits).toBe(times);
    await venue.stop();
    await desk.advance(60_000);
    expect(fault.hits).toBe(times);
  },
);

test('a venue that was stopped waits for nothing', async () => {
  const desk = await openDesk({ deaf: true });
  const clock = createVirtualClock(START);
  const venue = desk.another({ clock, keepWarm: true });
  await venue.start();
  expect(clock.pending()).toBeGreaterThan(0);
  await venue.stop();
  expect(clock.pending()).toBe(0);
});
