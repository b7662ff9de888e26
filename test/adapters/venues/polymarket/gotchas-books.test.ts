/**
 * What went wrong for others, through the whole engine: its books against those of the sandbox
 * exchange. docs/polymarket.md has the list.
 */
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../../../src/adapters/random.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from '../../../../src/adapters/venues/polymarket/polymarket-venue.ts';
import { openCurve } from '../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { decimal } from '../../../../src/domain/decimal.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';
import type { FaultInput } from '../../../../src/sandbox/faults/rules.ts';
import { microsText } from '../../../../src/sandbox/numbers.ts';
import { createSandbox, type Sandbox } from '../../../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../../../src/sandbox/scenario.ts';
import { type TestDesk, until } from '../../../support/desk.ts';
import { useFloor } from '../../../support/floor.ts';
import { micros } from './polymarket-venue-harness.ts';

const floor = useFloor();

interface Trading {
  readonly sandbox: Sandbox;
  readonly venue: PolymarketVenue;
  readonly desk: TestDesk;
  readonly yes: Instrument;
  /** Holds the books of the engine against those of the exchange. */
  expectSameBooks(): Promise<void>;
  /** Until every order is over and settled; bounded. */
  allClosed(): Promise<void>;
}

/** The engine over the adapter over a sandbox whose matches settle within some 100 ms. */
async function trade(failedShare = 0): Promise<Trading> {
  const clock = createSystemClock();
  const sandbox = createSandbox({
    ...{ clock, random: createRandom('gotchas').next },
    scenario: scenarioOf({
      accounts: [{ name: 'us', signatureType: 2, dollars: '1000' }],
      markets: [{ slug: 'rain', fees: { rate: '0.05' } }],
      settlement: { minedAfterMs: 30, confirmedAfterMs: 60, failedShare },
    }),
  });
  await sandbox.start();
  onTestFinished(() => sandbox.stop());
  const [account] = sandbox.accounts;
  if (account?.privateKey === undefined) throw new Error('The scenario has no account.');
  const { privateKey, funder, signatureType } = account;
  const venue = createPolymarketVenue({
    urls: { rest: sandbox.rest, gamma: sandbox.rest, userChannel: `${sandbox.ws}/user` },
    ...{ chainId: sandbox.chainId, funder, signatureType, apiKeys: account, clock },
    signer: createLocalSigner(privateKey, openCurve()),
    markets: sandbox.markets.map(({ conditionId }) => conditionId),
    random: createRandom('adapter').next,
  });
  const desk = await floor.start({ venue: () => venue });
  const [yes, no] = venue.instruments();
  if (yes === undefined || no === undefined) throw new Error('The venue has no market.');
  return {
    ...{ sandbox, venue, desk, yes },
    async expectSameBooks() {
      const { trading } = desk;
      for (const { id, tokenId } of [yes, no]) {
        const held = microsText(sandbox.exchange.balance(funder, tokenId));
        expect(trading.position(id)?.size ?? '0').toBe(held);
      }
      const cash = microsText(sandbox.exchange.balance(funder));
      const offBy = decimal((await trading.account()).cashUsd).minus(cash);
      // The exchange rounds what each of the makers in a trade, two at most, is paid to a millionth.
      const most = 2 * [...sandbox.exchange.trades()].length;
      expect(offBy.abs().times(1_000_000).toNumber()).toBeLessThanOrEqual(most);
    },
    async allClosed() {
      await until(async () => {
        await desk.trading.settled();
        return (await desk.trading.orders({ closed: false, limit: 1 })).length === 0;
      }, 'every order to be closed');
    },
  };
}

/** So many that some of them fail. */
const ORDERS = 40;

const CASES: readonly (readonly [
  rule: string,
  failedShare: number,
  faults: readonly FaultInput[],
])[] = [
  ['a third of all settlements fail', 0.35, []],
  [
    'frames of trades are told twice and overtake those of orders',
    0.35,
    [
      { kind: 'reorderFrames', frame: 'user.order', withinMs: 20 },
      { kind: 'duplicateFrame', frame: 'user.trade' },
    ],
  ],
  [
    'trades are told before the order is acknowledged',
    0,
    [{ kind: 'slow', carriedOut: 'before', delayMs: 150 }],
  ],
];

test.each(CASES)('the books end as those of the exchange, though %s', async (_, share, faults) => {
  const { sandbox, desk, yes, expectSameBooks, allClosed } = await trade(share);
  const added = faults.map((fault) => sandbox.faults.add(fault));
  await sandbox.maker.setBook(yes.tokenId, {
    bids: [{ price: micros('0.4'), size: micros('300') }],
    asks: [
      { price: micros('0.5'), size: micros('80') },
      { price: micros('0.52'), size: micros('300') },
    ],
  });
  for (let number = 0; number < ORDERS; number += 1) {
    const isNo = number % 4 === 3;
    const instrument = isNo ? yes.id.replace(/YES$/, 'NO') : yes.id;
    const wish = { instrument, price: isNo ? '0.62' : '0.53', size: '9.5', timeInForce: 'FAK' };
    await desk.submit(wish);
  }
  await allClosed();
  await expectSameBooks();
  const legs = (await desk.trading.orders({ limit: 100 })).map(({ settlement }) => settlement);
  expect(legs).toHaveLength(ORDERS);
  expect(legs.filter((word) => word === 'failed').length > 0).toBe(share > 0);
  expect(Math.min(1, ...added.map(({ hits }) => hits))).toBe(1);
});

test('a FOK BUY that meets a better price brings more shares than were asked for, and all are booked', async () => {
  const { sandbox, desk, yes, expectSameBooks, allClosed } = await trade();
  const asks = [{ price: micros('0.4'), size: micros('100') }];
  await sandbox.maker.setBook(yes.tokenId, { bids: [], asks });
  const wish = { instrument: yes.id, price: '0.5', size: '10', timeInForce: 'FOK' };
  const { orderId } = await desk.submit(wish);
  await allClosed();
  expect(await desk.trading.order(orderId)).toMatchObject({
    ...{ status: 'CONFIRMED', filledSize: '12.5', reservedUsd: '0' },
  });
  await expectSameBooks();
});

test('a trade that is told after the cancel that it raced is booked, and the order stays cancelled', async () => {
  const { sandbox, desk, yes, expectSameBooks, allClosed } = await trade();
  const { orderId } = await desk.submit({ instrument: yes.id });
  await until(async () => (await desk.trading.order(orderId))?.status === 'PLACED', 'the order');
  sandbox.faults.add({ kind: 'delayFrame', frame: 'user.trade', delayMs: 200 });
  sandbox.faults.add({ kind: 'cancelRace', share: 0.4, count: 1 });
  await desk.trading.cancel(orderId);
  await allClosed();
  expect(await desk.trading.order(orderId)).toMatchObject({
    ...{ status: 'CANCELLED', filledSize: '4', reservedUsd: '0' },
  });
  await expectSameBooks();
});

test('a balance that the venue shows wrongly raises no limit: cash is the sum of the legs', async () => {
  const { sandbox, venue, desk, yes, expectSameBooks, allClosed } = await trade();
  const before = await venue.fetchBalances();
  const stale = sandbox.faults.add({ kind: 'staleBalances', ignoresUpdates: true });
  const asks = [{ price: micros('0.5'), size: micros('2000') }];
  await sandbox.maker.setBook(yes.tokenId, { bids: [], asks });
  const wish = { instrument: yes.id, price: '0.5', size: '1500' };
  await desk.submit(wish);
  await allClosed();
  expect([before, await venue.fetchBalances()]).toEqual([{ cashUsd: '1000' }, before]);
  expect(stale.hits).toBeGreaterThan(0);
  const { order } = await desk.submit({ ...wish, size: '1000' });
  expect(order).toMatchObject({
    status: 'DENIED',
    reason: expect.stringMatching(/not enough cash/),
  });
  await expectSameBooks();
});
