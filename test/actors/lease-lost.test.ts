/** An engine whose writer lease does not hold sends nothing; one that has lost it never again. */
import { expect, onTestFinished, test } from 'vitest';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { createManualTime, runOut } from '../adapters/store/lease-harness.ts';
import { type TestDesk, ticks, until, untilState } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const floor = useFloor();
/** Longer than a holder counts on its lease, 6 s by default. */
const TOO_LONG_MS = 5_000;

/** A desk whose lease is renewed only when its test lets time pass. */
async function startDesk() {
  const leaseTime = createManualTime();
  const database = floor.fresh.open({ leaseTime });
  const desk = await floor.start({ database });
  return { desk, leaseTime };
}

async function goesToAnother(): Promise<PostgresStore> {
  await runOut(floor.fresh);
  const other = floor.fresh.open();
  onTestFinished(() => other.close());
  await other.acquireWriter();
  return other;
}

/** Everything that leaves the process. */
const sent = () => [...floor.venue.submits, ...floor.venue.cancels].length;

async function expectLost({ trading, submit }: TestDesk): Promise<void> {
  await until(() => trading.health().lease === 'lost');
  expect(trading.health()).toMatchObject({ running: false });
  expect(trading.health().failure).toContain('Another engine has taken the writer lease');
  await expect(submit()).rejects.toMatchObject({ code: 'lease_lost' });
}

test('what was durable in time is not sent while the lease is in doubt, and once it is renewed', async () => {
  const { desk, leaseTime } = await startDesk();
  expect(desk.trading.health()).toMatchObject({ running: true, lease: 'held' });
  leaseTime.skip(TOO_LONG_MS);
  const { orderId } = await desk.submit();
  await untilState(desk.trading, orderId, 'submitting');
  await ticks();
  expect(sent()).toBe(0);
  expect(desk.trading.health()).toMatchObject({ running: false, lease: 'doubtful', failure: null });
  leaseTime.pass(0);
  await untilState(desk.trading, orderId, 'working.open');
  expect(floor.venue.submits).toHaveLength(1);
  expect(desk.trading.health()).toMatchObject({ running: true, lease: 'held' });
});

test('what was durable in time is sent by the one that takes over, once', async () => {
  const { desk, leaseTime } = await startDesk();
  leaseTime.skip(TOO_LONG_MS);
  const { orderId } = await desk.submit();
  await untilState(desk.trading, orderId, 'submitting');
  await runOut(floor.fresh);
  const next = await floor.start();
  await untilState(next.trading, orderId, 'working.open');
  expect(floor.venue.submits).toHaveLength(1);
  leaseTime.pass(0);
  await expectLost(desk);
  await ticks();
  expect(floor.venue.submits).toHaveLength(1);
});

test('cancels wait for the lease as well', async () => {
  const { desk, leaseTime } = await startDesk();
  const { orderId } = await desk.submit();
  await untilState(desk.trading, orderId, 'working.open');
  leaseTime.skip(TOO_LONG_MS);
  await desk.trading.cancel(orderId);
  await ticks();
  expect(floor.venue.cancels).toEqual([]);
  leaseTime.pass(0);
  await until(() => floor.venue.cancels.length === 1);
});

test('a commit that finds the lease gone ends trading: nothing of it is sent or written', async () => {
  const { desk } = await startDesk();
  await goesToAnother();
  const before = sent();
  await expect(desk.submit()).rejects.toMatchObject({ code: 'lease_lost' });
  await expectLost(desk);
  await ticks();
  expect(sent()).toBe(before);
  const { trading } = await floor.start({ database: await ended() });
  expect(await trading.orders()).toEqual([]);
});

/** Nobody has the lease any more; a store that can take it. */
async function ended(): Promise<PostgresStore> {
  await runOut(floor.fresh);
  return floor.fresh.open();
}

test('a renewal that finds the lease gone ends trading without a commit', async () => {
  const { desk, leaseTime } = await startDesk();
  const { orderId } = await desk.submit();
  await untilState(desk.trading, orderId, 'working.open');
  await desk.trading.settled();
  await goesToAnother();
  const journal = desk.store.transactions;
  leaseTime.pass(2_000);
  await expectLost(desk);
  expect(desk.store.transactions).toBe(journal);
  await expect(desk.trading.cancel(orderId)).rejects.toMatchObject({ code: 'lease_lost' });
  expect(floor.venue.cancels).toEqual([]);
});
