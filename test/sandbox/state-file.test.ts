/** A sandbox that ends and begins again goes on where it was. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { lockState } from '../../src/sandbox/state-file.ts';
import { until } from '../support/until.ts';
import {
  accountOf,
  ask,
  askAs,
  marketOf,
  openSandbox,
  orderOf,
  post,
  QUIET,
} from './sandbox-harness.ts';

const temporaryFile = () => join(mkdtempSync(join(tmpdir(), 'fillwright-sandbox-')), 'state.json');

test('orders, money, keys, foreign wallets and unsettled trades come back', async () => {
  const stateFile = temporaryFile();
  const first = await openSandbox(QUIET, { stateFile });
  const account = accountOf(first);
  const open = await post(first, account, marketOf(first), { price: '0.4' });
  const taken = await post(first, account, marketOf(first), { price: '0.52' });
  const address = `0x${'ab'.repeat(20)}`;
  await ask(first, 'POST', '/sandbox/deposit', JSON.stringify({ address, dollars: '5' }));
  const cash = first.exchange.balance(account.funder);
  await first.stop();

  const second = await openSandbox(QUIET, { stateFile });
  expect(accountOf(second)).toEqual(account);
  expect(second.exchange.balance(account.funder)).toBe(cash);
  const order = await askAs(second, account, 'GET', `/data/order/${open.id}`);
  expect(order.json).toMatchObject({ status: 'LIVE', price: '0.4' });
  await until(
    () => [...second.exchange.trades()].every(({ status }) => status === 'CONFIRMED'),
    'the settlement',
  );
  const trades = await askAs(second, account, 'GET', '/data/trades');
  expect(trades.json.data).toMatchObject([{ taker_order_id: taken.id, status: 'CONFIRMED' }]);
  const again = await ask(
    second,
    'POST',
    '/sandbox/deposit',
    JSON.stringify({ address, dollars: '1' }),
  );
  expect(again.json.balance).toBe('6');
  const book = await ask(second, 'GET', `/book?token_id=${marketOf(second).tokens[0].tokenId}`);
  expect(book.json).toMatchObject({
    bids: [
      { price: '0.4', size: '10' },
      { price: '0.48', size: '100' },
    ],
    asks: [{ price: '0.52', size: '100' }],
    last_trade_price: '0.520',
  });
});

test('what is acknowledged while it ends is saved, or is not acknowledged', async () => {
  const stateFile = temporaryFile();
  const sandbox = await openSandbox(QUIET, { stateFile });
  const account = accountOf(sandbox);
  const orders = await Promise.all(
    Array.from({ length: 20 }, () =>
      orderOf(sandbox, account, marketOf(sandbox), { price: '0.1' }),
    ),
  );
  const posting = Promise.allSettled(
    orders.map(({ body }) => askAs(sandbox, account, 'POST', '/order', body)),
  );
  await sandbox.stop();
  const replies = await posting;
  const saved = readFileSync(stateFile, 'utf8');
  const forgotten = orders.filter(({ venueOrderId }, index) => {
    const reply = replies[index];
    return reply?.status === 'fulfilled' && !saved.includes(venueOrderId);
  });
  expect(forgotten).toEqual([]);
});

test('it is saved at intervals, so that a killed sandbox has lost little', async () => {
  const stateFile = temporaryFile();
  const clock = createVirtualClock(Date.now());
  const sandbox = await openSandbox(QUIET, { stateFile, clock });
  const { id } = await post(sandbox, accountOf(sandbox), marketOf(sandbox), { price: '0.4' });
  expect(existsSync(stateFile)).toBe(false);
  await clock.advanceTo(clock.now() + 10_000);
  await until(() => existsSync(stateFile), 'the file');
  expect(readFileSync(stateFile, 'utf8')).toContain(id);
  await post(sandbox, accountOf(sandbox), marketOf(sandbox), { price: '0.41' });
  const before = readFileSync(stateFile, 'utf8');
  await clock.advanceTo(clock.now() + 10_000);
  await until(() => readFileSync(stateFile, 'utf8') !== before, 'the next saving');
});

test('markets and accounts that the scenario has since got are added', async () => {
  const stateFile = temporaryFile();
  const first = await openSandbox(QUIET, { stateFile });
  await first.stop();
  const second = await openSandbox(
    {
      ...QUIET,
      accounts: [...QUIET.accounts, { name: 'new', signatureType: 1, dollars: '7' }],
      markets: [...QUIET.markets, { slug: 'later' }],
    },
    { stateFile },
  );
  expect(second.exchange.balance(accountOf(second, 'new').funder)).toBe(7_000_000n);
  expect(second.exchange.balance(accountOf(second).funder)).toBe(10_000_000_000n);
  expect(marketOf(second, 'later').slug).toBe('later');
});

describe('a file that cannot be used refuses the start and is left as it is', () => {
  test.each([
    ['no JSON', '{'],
    ['another version', '{"version":2}'],
    ['half a state', '{"version":1,"seed":"1"}'],
  ])('%s', async (_, text) => {
    const stateFile = temporaryFile();
    writeFileSync(stateFile, text);
    await expect(openSandbox(QUIET, { stateFile })).rejects.toThrow('stateFile');
    expect(readFileSync(stateFile, 'utf8')).toBe(text);
  });

  test('the state of another seed', async () => {
    const stateFile = temporaryFile();
    await (await openSandbox(QUIET, { stateFile })).stop();
    await expect(openSandbox({ ...QUIET, seed: '2' }, { stateFile })).rejects.toThrow('seed');
  });
});

describe('a state file has one sandbox at a time', () => {
  test('the next one waits for the one that ends', async () => {
    const stateFile = temporaryFile();
    const first = await openSandbox(QUIET, { stateFile });
    const starting = openSandbox(QUIET, { stateFile });
    await post(first, accountOf(first), marketOf(first), { price: '0.4' });
    await first.stop();
    const second = await starting;
    expect(second.exchange.openOrders(accountOf(second).apiKey)).toHaveLength(1);
  });

  test('it is refused while the other one stays', async () => {
    const stateFile = temporaryFile();
    const clock = createVirtualClock(1_790_000_000_000);
    await lockState(stateFile, clock);
    const second = lockState(stateFile, clock);
    second.catch(() => undefined);
    for (let waited = 0; waited < 20_000; waited += 100) {
      await sleep(1);
      await clock.advanceTo(clock.now() + 100);
    }
    await expect(second).rejects.toMatchObject({ code: 'store_busy' });
  });

  test('what a dead process left is taken over', async () => {
    const stateFile = temporaryFile();
    // Above what any system gives out.
    writeFileSync(`${stateFile}.lock`, '99999999');
    const unlock = await lockState(stateFile, createVirtualClock(0));
    expect(readFileSync(`${stateFile}.lock`, 'utf8')).toBe(String(process.pid));
    await unlock();
    expect(existsSync(`${stateFile}.lock`)).toBe(false);
  });

  test('a state that cannot be read is left as it is', async () => {
    const stateFile = temporaryFile();
    writeFileSync(stateFile, 'no state');
    await expect(openSandbox(QUIET, { stateFile })).rejects.toThrow(/stateFile/);
    expect(readFileSync(stateFile, 'utf8')).toBe('no state');
    expect(existsSync(`${stateFile}.lock`)).toBe(false);
  });
});
