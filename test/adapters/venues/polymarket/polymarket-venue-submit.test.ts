import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { VenueOrder } from '../../../../src/actors/ports.ts';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { createMarkets } from '../../../../src/adapters/venues/polymarket/markets.ts';
import { createVenueModes } from '../../../../src/adapters/venues/polymarket/modes.ts';
import { createPreparedOrders } from '../../../../src/adapters/venues/polymarket/polymarket-venue-prepared.ts';
import {
  createSubmitter,
  DOUBT_SETTLES_MS,
} from '../../../../src/adapters/venues/polymarket/polymarket-venue-submit.ts';
import { prepareOrder } from '../../../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { openCurve } from '../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { createOrderReader } from '../../../../src/adapters/venues/polymarket/rest-orders.ts';
import { createSubmitQueue } from '../../../../src/adapters/venues/polymarket/submit-queue.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';
import { until } from '../../../support/until.ts';
import { restTo, serve, type Told } from './rest-harness.ts';

const START = 1_790_000_000_000;
const never = new AbortController().signal;
const MARKET = `0x${'ab'.repeat(32)}`;
const [YES, NO] = ['71', '72'];
const signer = createLocalSigner(`0x${'01'.repeat(32)}`, openCurve());

const INSTRUMENT: Instrument = {
  ...{ id: `polymarket:${MARKET}:YES`, venue: 'polymarket', marketId: MARKET, tokenId: YES },
  ...{ outcome: 'YES', tickSize: '0.01', minimumOrderSize: '5', takerDelayMs: 0, negRisk: false },
  fees: { rate: '0.05', exponent: 1, takerOnly: true },
};

const CLOB = {
  ...{ t: [{ t: YES }, { t: NO }], mos: 5, mts: 0.01, nr: false },
  fd: { r: 0.05, e: 1, to: true },
};
const GAMMA = { conditionId: MARKET, version: 'v1', clobTokenIds: `["${YES}","${NO}"]` };

let orders = 0;
function wish(changes: Partial<VenueOrder> = {}): VenueOrder {
  orders += 1;
  const base: VenueOrder = {
    ...{
      clientOrderId: `ord_submit_${orders}`,
      instrument: INSTRUMENT,
      side: 'BUY',
      type: 'limit',
    },
    ...{ price: '0.5', size: '10', timeInForce: 'GTC', postOnly: false },
  };
  return { ...base, ...changes };
}

/** The real way of an order to a venue that answers what the test says. */
async function submitterTo(
  post: (nth: number, id: string) => Told | 'cut' | Promise<Told>,
  shown: () => Told = () => ({ status: 404 }),
) {
  const clock = createVirtualClock(START);
  let posts = 0;
  let id = '';
  const server = await serve(async ({ method, url }, response) => {
    if (method === 'POST') {
      posts += 1;
      const told = await post(posts, id);
      if (told !== 'cut') return told;
      response.destroy();
      return undefined;
    }
    if (url.startsWith('/data/order/')) return shown();
    if (url.startsWith('/data/orders')) return { body: { data: [], next_cursor: 'LTE=' } };
    if (url.startsWith('/clob-markets')) return { body: CLOB };
    if (url.startsWith('/tick-size')) return { body: { minimum_tick_size: 0.001 } };
    return { body: [GAMMA] };
  });
  const { rest } = restTo(server.url, clock);
  const log: string[] = [];
  const note = (_level: string, message: string): void => void log.push(message);
  const conditionIds = [MARKET];
  const markets = createMarkets({
    rest,
    gamma: rest,
    clock,
    log: note,
    venue: 'polymarket',
    conditionIds,
  });
  await markets.start();
  onTestFinished(() => markets.stop());
  const prepared = createPreparedOrders();
  const stale: string[] = [];
  const modes = createVenueModes(clock, () => undefined);
  const submitter = createSubmitter({
    ...{ clock, modes, markets, prepared, log: note },
    queue: createSubmitQueue(rest),
    orders: createOrderReader(rest, clock, () => undefined),
    onStaleBalance: (tokenId) => stale.push(tokenId),
  });
  const make = async (order: VenueOrder) => {
    const account = {
      chainId: 137,
      funder: signer.address,
      signatureType: 0,
      apiKey: 'key',
    } as const;
    const market = { tokenId: YES, tickSize: '0.01', negRisk: false, version: 2 } as const;
    const made = await prepareOrder({ order, market, account, signer, timestampMs: clock.now() });
    id = made.venueOrderId;
    return made;
  };
  /** Prepares in this process. */
  const prepare = (order = wish()) => prepared.prepare(order, () => make(order));
  const postsSeen = () => server.asked.filter(({ method }) => method === 'POST');
  return { clock, submitter, markets, modes, stale, log, prepare, make, posts: postsSeen, server };
}

const refused = (error: string, status = 400): Told => ({ status, body: { error } });
const taken = (id: string, status = 'live'): Told => ({
  body: { success: true, errorMsg: '', orderID: id, status },
});
const shows = (id: string, status: string): Told => ({
  body: { id, status, original_size: '10', size_matched: '4', order_type: 'GTC' },
});

const DUPLICATED = 'order 0x12 is invalid. Duplicated.';

describe('a duplicate was taken before', () => {
  test.each([
    ['LIVE', 'live'],
    ['DELAYED', 'delayed'],
  ])('and is looked up by its hash: %s', async (status, expected) => {
    let id = '';
    const { submitter, prepare } = await submitterTo(
      () => refused(DUPLICATED),
      () => shows(id, status),
    );
    const order = await prepare();
    id = order.venueOrderId;
    expect(await submitter.submit(order, never)).toEqual({
      ...{ kind: 'acknowledged', venueOrderId: id, status: expected },
    });
    expect(submitter.counts).toMatchObject({ duplicated: 1, unknown: 0 });
  });

  test.each(['CANCELED', 'INVALID', 'PONDERING'])(
    'one that is over is unknown, never refused: %s',
    async (status) => {
      let id = '';
      const { submitter, prepare } = await submitterTo(
        () => refused(DUPLICATED),
        () => shows(id, status),
      );
      const order = await prepare();
      id = order.venueOrderId;
      await expect(submitter.submit(order, never)).rejects.toMatchObject({
        code: 'venue_unknown',
        message: expect.stringContaining(status),
      });
    },
  );

  test('one that is not shown, or cannot be read, is unknown', async () => {
    const absent = await submitterTo(() => refused(DUPLICATED));
    await expect(absent.submitter.submit(await absent.prepare(), never)).rejects.toMatchObject({
      code: 'venue_unknown',
    });
    const unread = await submitterTo(
      () => refused(DUPLICATED),
      () => ({ status: 500 }),
    );
    await expect(unread.submitter.submit(await unread.prepare(), never)).rejects.toMatchObject({
      code: 'venue_unknown',
    });
  });
});

describe('after doubt', () => {
  test('a refusal of the same bytes is none while the order is there', async () => {
    let id = '';
    const { submitter, prepare } = await submitterTo(
      (nth) => (nth === 1 ? 'cut' : refused('not enough balance / allowance')),
      () => shows(id, 'LIVE'),
    );
    const order = await prepare();
    id = order.venueOrderId;
    await expect(submitter.submit(order, never)).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(await submitter.submit(order, never)).toMatchObject({ kind: 'acknowledged' });
  });

  test('a refusal counts once the order could have shown and did not', async () => {
    const { submitter, prepare, clock } = await submitterTo((nth) =>
      nth === 1 ? 'cut' : refused('not enough balance / allowance'),
    );
    const order = await prepare();
    for (let times = 0; times < 2; times += 1) {
      await expect(submitter.submit(order, never)).rejects.toMatchObject({ code: 'venue_unknown' });
    }
    await clock.advanceTo(START + DOUBT_SETTLES_MS);
    expect(await submitter.submit(order, never)).toMatchObject({ kind: 'rejected' });
  });

  test('bytes of a process before this one are in doubt from the beginning', async () => {
    const { submitter, make } = await submitterTo(() => refused('invalid expiration'));
    const order = await make(wish());
    await expect(submitter.submit(order, never)).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test('a refusal without doubt is one, and nothing is read', async () => {
    const { submitter, prepare, server } = await submitterTo(() => refused('invalid expiration'));
    const before = server.asked.length;
    expect(await submitter.submit(await prepare(), never)).toEqual({
      ...{ kind: 'rejected', reason: 'invalid expiration' },
    });
    expect(server.asked).toHaveLength(before + 1);
  });
});

describe('sending again inside', () => {
  test('what was not taken goes again with the same bytes, three times in all', async () => {
    const { submitter, prepare, posts, clock } = await submitterTo((nth, id) =>
      nth < 3 ? { status: 429, headers: { 'retry-after': '0' } } : taken(id),
    );
    const submitting = submitter.submit(await prepare(), never);
    // A request on its way and a wait hold one timer each: nothing but passing time tells the one from the other.
    while (posts().length < 3) {
      await clock.advanceTo(clock.now() + 10);
      await sleep(2);
    }
    expect(await submitting).toMatchObject({ kind: 'acknowledged' });
    expect(clock.now()).toBeGreaterThanOrEqual(START + 300);
    const [first, second, third] = posts().map(({ body }) => body);
    expect([second, third]).toEqual([first, first]);
  });

  test('an unknown outcome is never sent again', async () => {
    const { submitter, prepare, posts } = await submitterTo(() => 'cut');
    await expect(submitter.submit(await prepare(), never)).rejects.toMatchObject({
      code: 'venue_unknown',
    });
    expect(posts()).toHaveLength(1);
    expect(submitter.counts.unknown).toBe(1);
  });

  test('a long wait is the engine’s', async () => {
    const { submitter, prepare, posts, modes } = await submitterTo(() => ({
      ...{ status: 425, headers: { 'retry-after': '20' } },
    }));
    expect(await submitter.submit(await prepare(), never)).toMatchObject({
      ...{ kind: 'notAccepted', retryAfterMs: 20_000 },
    });
    expect(modes.state.mode).toBe('restarting');
    // Nothing more is sent until the wait is over.
    expect(await submitter.submit(await prepare(), never)).toMatchObject({ kind: 'notAccepted' });
    expect(posts()).toHaveLength(1);
  });
});

describe('what else an answer says', () => {
  test('an id that is not our hash halts the market, loudly', async () => {
    const { submitter, prepare, markets, log, posts } = await submitterTo(() =>
      taken(`0x${'99'.repeat(32)}`),
    );
    await expect(submitter.submit(await prepare(), never)).rejects.toMatchObject({
      code: 'venue_unknown',
      message: expect.stringContaining('we computed'),
    });
    expect(markets.haltReason(MARKET)).toContain('we computed');
    expect(log.join()).toContain('A market takes no more orders');
    expect(submitter.counts.foreignIds).toBe(1);
    // An order made before that is refused without being sent.
    expect(await submitter.submit(await prepare(), never)).toMatchObject({ kind: 'rejected' });
    expect(posts()).toHaveLength(1);
  });

  test('a wrong domain halts the market, and the order itself is refused', async () => {
    const { submitter, prepare, markets } = await submitterTo(() =>
      refused('order_version_mismatch'),
    );
    expect(await submitter.submit(await prepare(), never)).toMatchObject({ kind: 'rejected' });
    expect(markets.haltReason(MARKET)).toBe('order_version_mismatch');
  });

  test('a banned account sends nothing more; what may be there is not refused for it', async () => {
    const { submitter, prepare, make, posts } = await submitterTo(() =>
      refused("'0x12' address banned"),
    );
    await submitter.submit(await prepare(), never);
    expect(submitter.accountHalt).toBe("'0x12' address banned");
    expect(await submitter.submit(await prepare(), never)).toMatchObject({ kind: 'rejected' });
    expect(await submitter.submit(await make(wish()), never)).toMatchObject({
      kind: 'notAccepted',
    });
    expect(posts()).toHaveLength(1);
  });

  test('an account that may only close sends exits and no entries', async () => {
    const { submitter, prepare, posts } = await submitterTo((nth, id) =>
      nth === 1 ? refused("'0x12' address in closed only mode") : taken(id),
    );
    await submitter.submit(await prepare(), never);
    expect(await submitter.submit(await prepare(), never)).toMatchObject({ kind: 'rejected' });
    const exit = await prepare(wish({ side: 'SELL' }));
    expect(await submitter.submit(exit, never)).toMatchObject({ kind: 'acknowledged' });
    expect(posts()).toHaveLength(2);
  });

  test('is heeded, too, when nobody waits for it any more', async () => {
    let answer: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { submitter, prepare, posts, markets } = await submitterTo(async () => {
      await waiting;
      return refused('order_version_mismatch');
    });
    const abort = new AbortController();
    const submitting = submitter.submit(await prepare(), abort.signal);
    await until(() => posts().length === 1);
    abort.abort();
    await expect(submitting).rejects.toMatchObject({ code: 'venue_unknown' });
    answer();
    await until(() => markets.haltReason(MARKET) !== undefined);
  });

  test('a refused tick size is known at once', async () => {
    const { submitter, prepare, markets } = await submitterTo((_nth, id) =>
      refused(`order ${id} is invalid. Price (0.5) breaks minimum tick size rule: 0.001`),
    );
    await submitter.submit(await prepare(), never);
    expect(markets.ofToken(NO)?.tickSize).toBe('0.001');
  });

  test('a balance that is not enough makes the venue look again', async () => {
    const { submitter, prepare, stale } = await submitterTo(() =>
      refused('not enough balance / allowance: the balance is not enough -> balance: 0'),
    );
    await submitter.submit(await prepare(), never);
    expect(stale).toEqual([YES]);
  });
});

describe('making an order', () => {
  test('the same order again is the same bytes, at any later time', async () => {
    const { prepare, clock } = await submitterTo(() => 'cut');
    const order = wish();
    const first = await prepare(order);
    await clock.advanceTo(START + 5_000);
    expect(await prepare({ ...order })).toEqual(first);
    expect(await prepare({ ...order, price: '0.4' })).not.toEqual(first);
  });

  test('an order that cannot be made is tried anew the next time', async () => {
    const { prepare } = await submitterTo(() => 'cut');
    const order = wish({ timeInForce: 'FOK', postOnly: true });
    await expect(prepare(order)).rejects.toMatchObject({ code: 'invalid_value' });
    await expect(prepare(order)).rejects.toMatchObject({ code: 'invalid_value' });
  });
});
