/** What the venue says of the balance: asked after fills and from time to time, shown, and gated by its age. */
import { expect, test } from 'vitest';
import { createBalanceWatch } from '../../src/actors/balance-watch.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_LIMITS } from '../../src/domain/risk/limits.ts';
import { pass, type TestDesk, ticks } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const floor = useFloor();
const LIMITS = { ...DEFAULT_LIMITS, selfTrade: 'allow' } as const;
/** The comparison of the books asks as well: here only the watch is looked at. */
const QUIET = { limits: LIMITS, reconcile: { everySeconds: 86_400 } };

function counted(): { asked: number } {
  const count = { asked: 0 };
  const { onBalances } = floor.venue;
  floor.venue.onBalances = () => {
    count.asked += 1;
    return onBalances();
  };
  return count;
}

async function balance({ trading }: TestDesk) {
  return (await trading.account()).venueBalance;
}

test('the start asks, and the account says what the venue said and when', async () => {
  const clock = createVirtualClock(Date.now());
  const desk = await floor.start({ ...QUIET, clock });
  expect(await balance(desk)).toEqual({ cashUsd: '1000', askedAtMs: clock.now() });
});

test('a burst of fills is one question, soon after it; the next waits for its turn', async () => {
  const clock = createVirtualClock(Date.now());
  const count = counted();
  const desk = await floor.start({ ...QUIET, clock });
  const { orderId } = await desk.submit({ size: '30' });
  await ticks();
  const before = count.asked;
  const fill = (tradeId: string, size: string) =>
    floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId, size });
  fill('one', '10');
  fill('two', '5');
  fill('three', '5');
  await pass(clock, desk, 1_999);
  expect(count.asked).toBe(before);
  await pass(clock, desk, 1);
  expect(count.asked).toBe(before + 1);
  expect((await balance(desk))?.cashUsd).toBe('990');
  fill('four', '10');
  await pass(clock, desk, 9_999);
  expect(count.asked).toBe(before + 1);
  await pass(clock, desk, 1);
  expect(count.asked).toBe(before + 2);
  expect((await balance(desk))?.cashUsd).toBe('985');
});

test('a venue that does not tell its balance takes no entries once the last word is too old', async () => {
  const clock = createVirtualClock(Date.now());
  const desk = await floor.start({ ...QUIET, clock });
  floor.venue.onBalances = () => Promise.reject(new Error('no'));
  await pass(clock, desk, 300_000);
  expect((await desk.submit()).order.status).not.toBe('DENIED');
  await pass(clock, desk, 1);
  const { order } = await desk.submit();
  expect(order).toMatchObject({
    ...{ status: 'DENIED', reason: expect.stringContaining('300 s old, the limit is 300 s') },
  });
  await desk.crash();
  // As old after a restart, where the venue tells nothing either.
  const second = await floor.start({ ...QUIET, clock });
  expect((await second.submit()).order.status).toBe('DENIED');
  floor.venue.onBalances = () => ({ cashUsd: '1000' });
  await pass(clock, second, 90_000);
  expect((await second.submit()).order.status).not.toBe('DENIED');
});

test('what is no amount is not taken in', async () => {
  const clock = createVirtualClock(Date.now());
  const desk = await floor.start({ ...QUIET, clock });
  floor.venue.onBalances = () => ({ cashUsd: 'NaN' });
  await pass(clock, desk, 90_000);
  expect((await balance(desk))?.cashUsd).toBe('1000');
  expect(desk.log.lines.some(({ message }) => message.includes('balance was not told'))).toBe(true);
});

test('what it says is never copied into our books', async () => {
  const clock = createVirtualClock(Date.now());
  const desk = await floor.start({ ...QUIET, clock });
  floor.venue.onBalances = () => ({ cashUsd: '7' });
  await pass(clock, desk, 90_000);
  expect(await desk.trading.account()).toMatchObject({
    ...{ cashUsd: '1000', availableUsd: '1000', venueBalance: { cashUsd: '7' } },
  });
});

test.each([
  ['nothing came', false, 90_000],
  ['a fill came', true, 2_000],
])('while the engine was starting %s', async (_what, came, afterMs) => {
  const desk = await floor.start(QUIET);
  const count = counted();
  const clock = createVirtualClock(Date.now());
  const { log, trading } = desk;
  const { execution } = trading;
  const watch = createBalanceWatch({ venue: floor.venue.connect(), clock, log, execution });
  if (came) watch.onTurn({ type: 'venue.legReported' } as Parameters<typeof watch.onTurn>[0]);
  watch.start();
  await clock.advanceTo(clock.now() + afterMs - 1);
  expect(count.asked).toBe(0);
  await clock.advanceTo(clock.now() + 1);
  expect(count.asked).toBe(1);
  watch.stop();
});
