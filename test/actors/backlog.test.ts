/** More is reported than the store can take: the log waits for the read tables, and both go on. */
import { expect, test } from 'vitest';
import { MAX_LAG_INPUTS, PROJECT_EVERY_MS } from '../../src/actors/projector.ts';
import { holding, ticks, until } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const floor = useFloor();

test('a cut of more inputs than the read tables may be behind waits for the log, not the log for it', async () => {
  const gate = holding('commit');
  const { trading } = await floor.start({ around: gate.around, checkIdentities: false });
  await trading.settled();
  gate.hold();
  const told = Array.from({ length: MAX_LAG_INPUTS + 10 }, (_, index) =>
    trading.send({ type: 'account.deposit', depositId: `deposit-${index}`, amountUsd: '1' }),
  );
  // The cut is taken while none of it is in the log.
  await new Promise((resolve) => setTimeout(resolve, 2 * PROJECT_EVERY_MS));
  await ticks();
  gate.release();
  await Promise.all(told);
  await trading.settled();
  expect((await trading.account()).cashUsd).toBe(String(1_000 + told.length));
  // What the venue says of the balance is one more input, whenever it comes.
  const { store } = floor.fresh;
  await until(async () => {
    await trading.settled();
    return (await store.projectedThrough()) === (await store.lastSeq());
  });
});
