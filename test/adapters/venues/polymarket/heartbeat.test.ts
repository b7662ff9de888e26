import { expect, onTestFinished, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import {
  createHeartbeat,
  HEARTBEAT_EVERY_MS,
} from '../../../../src/adapters/venues/polymarket/heartbeat.ts';
import { until } from '../../../support/until.ts';
import { type Answer, restTo, serve } from './rest-harness.ts';

const START = 1_790_000_000_000;

async function beatTo(answer: Answer, mayBeat?: () => boolean) {
  const clock = createVirtualClock(START);
  const server = await serve(answer);
  const { rest } = restTo(server.url, clock);
  const changes: string[] = [];
  const heartbeat = createHeartbeat({
    ...{ rest, clock, log: () => undefined, mayBeat },
    onChange: (state) => changes.push(`${state} ${clock.now() - START}`),
  });
  heartbeat.start();
  onTestFinished(() => heartbeat.stop());
  const ids = () => server.asked.map(({ body }) => JSON.parse(body).heartbeat_id);
  /** Moves the time on, and waits until that many heartbeats were answered. */
  const beats = async (atMs: number, count: number) => {
    await clock.advanceTo(START + atMs);
    await until(() => heartbeat.state.accepted + heartbeat.state.failed === count);
  };
  return { clock, server, heartbeat, changes, ids, beats };
}

test('a heartbeat goes every five seconds and carries the id that the one before was answered', async () => {
  let given = 0;
  const { ids, beats, heartbeat, server } = await beatTo(() => {
    given += 1;
    return { body: { heartbeat_id: `id-${given}` } };
  });
  await beats(0, 1);
  await beats(HEARTBEAT_EVERY_MS, 2);
  await beats(2 * HEARTBEAT_EVERY_MS, 3);
  expect(ids()).toEqual(['', 'id-1', 'id-2']);
  expect(server.asked[0]).toMatchObject({ method: 'POST', url: '/v1/heartbeats' });
  expect(heartbeat.state).toEqual({ state: 'beating', accepted: 3, failed: 0, gaps: 0 });
});

test('an id that is refused is replaced by the one that the venue expects, at once', async () => {
  const { ids, beats, heartbeat, changes } = await beatTo(({ body }) =>
    body.includes('"right"')
      ? { body: { heartbeat_id: 'next' } }
      : { status: 400, body: { error_msg: 'Invalid Heartbeat ID', heartbeat_id: 'right' } },
  );
  await beats(0, 2);
  expect(ids()).toEqual(['', 'right']);
  expect(heartbeat.state).toMatchObject({ state: 'beating', accepted: 1, failed: 1 });
  expect(changes).toEqual([]);
});

test('an id that is refused again waits: another process may be beating', async () => {
  const { clock, server, beats } = await beatTo(() => ({
    ...{ status: 400, body: { error: 'Invalid Heartbeat ID', heartbeat_id: 'other' } },
  }));
  await beats(0, 2);
  await clock.advanceTo(START + 999);
  expect(server.asked).toHaveLength(2);
  await beats(1_000, 4);
});

test('they go one at a time, however slow the venue is', async () => {
  let answer: () => void = () => undefined;
  const { clock, server, beats } = await beatTo(async () => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return { body: { heartbeat_id: 'a' } };
  });
  await clock.advanceTo(START + 3_000);
  await until(() => server.asked.length === 1);
  answer();
  await beats(3_000, 1);
  expect(server.asked).toHaveLength(1);
  await clock.advanceTo(START + 5_000);
  await until(() => server.asked.length === 2);
  answer();
  await beats(5_000, 2);
});

test('after ten seconds without one the orders may be gone; the next one says to read them again', async () => {
  let isDown = false;
  const { clock, heartbeat, changes, beats } = await beatTo(() =>
    isDown ? { status: 500 } : { body: { heartbeat_id: 'a' } },
  );
  await beats(0, 1);
  isDown = true;
  await beats(5_000, 2);
  for (let second = 6; second <= 9; second += 1) await beats(second * 1_000, second - 3);
  expect(changes).toEqual([]);
  await clock.advanceTo(START + 10_000);
  expect(changes).toEqual(['late 10000']);
  expect(heartbeat.state).toMatchObject({ state: 'late', gaps: 1 });
  await until(() => heartbeat.state.failed === 6);
  isDown = false;
  await beats(11_000, 8);
  expect(changes).toEqual(['late 10000', 'beating 11000']);
});

test('nothing is sent after the stop', async () => {
  const { clock, server, heartbeat, beats } = await beatTo(() => ({ body: { heartbeat_id: 'a' } }));
  await beats(0, 1);
  heartbeat.stop();
  await clock.advanceTo(START + 60_000);
  expect(server.asked).toHaveLength(1);
  expect(clock.pending()).toBe(0);
});

test('an answer that is no JSON switches nothing on', async () => {
  const { heartbeat, beats } = await beatTo(() => ({ status: 502, body: '<html></html>' }));
  await beats(0, 1);
  expect(heartbeat.state).toEqual({ state: 'off', accepted: 0, failed: 1, gaps: 0 });
});

test('without the lease of the account none is sent; with it they go on', async () => {
  let mayBeat = false;
  const { clock, server, heartbeat, beats } = await beatTo(
    () => ({ body: { heartbeat_id: 'a' } }),
    () => mayBeat,
  );
  await clock.advanceTo(START + 30_000);
  expect(server.asked).toEqual([]);
  expect(heartbeat.state).toEqual({ state: 'off', accepted: 0, failed: 0, gaps: 0 });
  mayBeat = true;
  await beats(31_000, 1);
  mayBeat = false;
  await clock.advanceTo(START + 60_000);
  expect(server.asked).toHaveLength(1);
  expect(heartbeat.state).toMatchObject({ state: 'late', gaps: 1 });
});
