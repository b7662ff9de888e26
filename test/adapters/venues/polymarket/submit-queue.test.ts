import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { SubmitVerdict } from '../../../../src/adapters/venues/polymarket/outcomes-submit.ts';
import {
  createSubmitQueue,
  MAX_WAITING_ORDERS,
  type SubmitLeg,
} from '../../../../src/adapters/venues/polymarket/submit-queue.ts';
import { until } from '../../../support/until.ts';
import { type Answer, restTo, serve } from './rest-harness.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Ids that hold their number, so that the server can answer with them. */
const idOf = (number: number): string => `0x${String(number).padStart(64, '0')}`;

function leg(number: number, lane: SubmitLeg['lane'] = 'normal'): SubmitLeg {
  return { venueOrderId: idOf(number), body: `{"n":${number}}`, lane };
}

const numbersIn = (body: string): number[] =>
  [...body.matchAll(/"n":(\d+)/g)].map(([, number]) => Number(number));

const placed = (number: number) => ({ success: true, orderID: idOf(number), status: 'live' });

const takeAll: Answer = ({ url, body }) => {
  const legs = numbersIn(body).map(placed);
  return { body: url === '/orders' ? legs : legs[0] };
};

async function queueTo(answer: Answer) {
  const server = await serve(answer);
  const { rest, limiter } = restTo(server.url);
  return { server, limiter, queue: createSubmitQueue(rest) };
}

const WITHDRAWN = { kind: 'notAccepted', reason: 'not sent: withdrawn' };

const kindOf = ({ outcome }: SubmitVerdict): string => outcome.kind;

describe('orders of one moment', () => {
  test('one alone is POST /order, with its exact bytes', async () => {
    const { server, queue } = await queueTo(takeAll);
    const verdict = await queue.submit(leg(7), never);
    expect(verdict.outcome).toEqual({
      kind: 'acknowledged',
      venueOrderId: idOf(7),
      status: 'live',
    });
    expect(server.asked).toMatchObject([{ method: 'POST', url: '/order', body: '{"n":7}' }]);
  });

  test('several go in one POST /orders, each with its exact bytes, also when promises lie between', async () => {
    const { server, queue } = await queueTo(takeAll);
    const later = async (number: number) => {
      for (let hops = 0; hops < number; hops += 1) await Promise.resolve();
      return queue.submit(leg(number), never);
    };
    const verdicts = await Promise.all([1, 2, 3].map(later));
    expect(verdicts.map(kindOf)).toEqual(Array(3).fill('acknowledged'));
    expect(server.asked).toMatchObject([{ url: '/orders', body: '[{"n":1},{"n":2},{"n":3}]' }]);
  });

  test('more than 15 go in requests of 15', async () => {
    const { server, queue } = await queueTo(takeAll);
    const numbers = Array.from({ length: 32 }, (_, index) => index);
    const verdicts = await Promise.all(numbers.map((number) => queue.submit(leg(number), never)));
    expect(verdicts.map(kindOf)).toEqual(Array(32).fill('acknowledged'));
    expect(server.asked.map(({ body }) => numbersIn(body).length).sort()).toEqual([15, 15, 2]);
  });

  test('exits go in a request of their own, ahead of entries', async () => {
    const { server, queue } = await queueTo(takeAll);
    await Promise.all([
      queue.submit(leg(1), never),
      queue.submit(leg(2), never),
      queue.submit(leg(3, 'fast'), never),
    ]);
    expect(server.asked).toHaveLength(2);
    expect(server.asked.map(({ url }) => url).sort()).toEqual(['/order', '/orders']);
    expect(server.asked.find(({ url }) => url === '/order')?.body).toBe('{"n":3}');
  });

  test('the same bytes asked for twice are sent once', async () => {
    const { server, queue } = await queueTo(takeAll);
    const both = await Promise.all([queue.submit(leg(1), never), queue.submit(leg(1), never)]);
    expect(both.map(kindOf)).toEqual(['acknowledged', 'acknowledged']);
    expect(server.asked).toHaveLength(1);
    await queue.submit(leg(1), never);
    expect(server.asked).toHaveLength(2);
  });
});

describe('a batch that fails', () => {
  test.each([
    ['a cut connection', 'unknown'],
    ['a page', 'unknown'],
    ['425', 'notAccepted'],
  ])('%s says the same of each leg, and nothing is sent again', async (how, kind) => {
    const { server, queue } = await queueTo((_asked, response) => {
      if (how === '425') return { status: 425 };
      if (how === 'a page') return { status: 502, body: '<html></html>' };
      response.destroy();
      return undefined;
    });
    const verdicts = await Promise.all([1, 2, 3].map((number) => queue.submit(leg(number), never)));
    expect(verdicts.map(kindOf)).toEqual(Array(3).fill(kind));
    expect(server.asked).toHaveLength(1);
  });

  test('legs that were lost are unknown, and the others have their own answer', async () => {
    const { queue } = await queueTo(() => ({
      body: [
        { success: true, orderID: '', errorMsg: 'invalid expiration' },
        placed(2),
        { success: true, orderID: '', errorMsg: 'what is this' },
      ],
    }));
    const verdicts = await Promise.all([1, 2, 3].map((number) => queue.submit(leg(number), never)));
    expect(verdicts.map(kindOf)).toEqual(['rejected', 'acknowledged', 'unknown']);
  });

  test('a batch refused as a whole is sent leg by leg', async () => {
    const { server, queue } = await queueTo((asked, response) => {
      if (asked.url === '/orders') return { status: 400, body: { error: 'Invalid order payload' } };
      if (asked.body.includes('2'))
        return { status: 400, body: { error: 'Invalid order payload' } };
      return takeAll(asked, response);
    });
    const verdicts = await Promise.all([1, 2, 3].map((number) => queue.submit(leg(number), never)));
    expect(verdicts.map(kindOf)).toEqual(['acknowledged', 'rejected', 'acknowledged']);
    expect(server.asked.map(({ url }) => url)).toEqual(['/orders', '/order', '/order', '/order']);
  });
});

describe('an order that is given up', () => {
  test('before it is sent: it is not sent, and the others are', async () => {
    const { server, queue } = await queueTo(takeAll);
    const abort = new AbortController();
    const left = queue.submit(leg(1), abort.signal);
    const stays = queue.submit(leg(2), never);
    abort.abort();
    expect((await left).outcome).toMatchObject(WITHDRAWN);
    expect(kindOf(await stays)).toBe('acknowledged');
    expect(server.asked.flatMap(({ body }) => numbersIn(body))).toEqual([2]);
  });

  test('while it waits for the rate limit: it is not sent', async () => {
    const { server, limiter, queue } = await queueTo(takeAll);
    limiter.charge('postOrder', 61);
    const abort = new AbortController();
    const left = queue.submit(leg(1), abort.signal);
    const stays = queue.submit(leg(2), never);
    await until(() => limiter.state.waiting === 1);
    abort.abort();
    expect((await left).outcome).toMatchObject(WITHDRAWN);
    expect(kindOf(await stays)).toBe('acknowledged');
    expect(server.asked.flatMap(({ body }) => numbersIn(body))).toEqual([2]);
  });

  test('after it was sent: its answer still comes, with those of the others', async () => {
    let answer: () => void = () => undefined;
    const { server, queue } = await queueTo(async (asked) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { body: numbersIn(asked.body).map(placed) };
    });
    const abort = new AbortController();
    const left = queue.submit(leg(1), abort.signal);
    const stays = queue.submit(leg(2), never);
    await until(() => server.asked.length === 1);
    abort.abort();
    answer();
    expect((await Promise.all([left, stays])).map(kindOf)).toEqual(Array(2).fill('acknowledged'));
    expect(numbersIn(server.asked[0]?.body ?? '')).toEqual([1, 2]);
  });

  test('by one of two who asked for it: it is sent for the other', async () => {
    const { server, queue } = await queueTo(takeAll);
    const abort = new AbortController();
    const left = queue.submit(leg(1), abort.signal);
    const stays = queue.submit(leg(1), never);
    abort.abort();
    expect(kindOf(await left)).toBe('acknowledged');
    expect(kindOf(await stays)).toBe('acknowledged');
    expect(server.asked).toHaveLength(1);
  });

  test('before it was asked for', async () => {
    const { server, queue } = await queueTo(takeAll);
    const gone = queue.submit(leg(1), AbortSignal.abort());
    expect((await gone).outcome).toMatchObject(WITHDRAWN);
    expect(server.asked).toHaveLength(0);
  });
});

test('entries that nobody answers leave room for exits', async () => {
  const exit = 1_000;
  const { server, queue } = await queueTo((asked, response) =>
    numbersIn(asked.body).includes(exit) ? takeAll(asked, response) : undefined,
  );
  const given = new AbortController();
  setMaxListeners(0, given.signal);
  for (let number = 1; number <= 30; number += 1) {
    const before = queue.underWay;
    void queue.submit(leg(number), given.signal);
    await Promise.resolve();
    await new Promise(setImmediate);
    if (queue.underWay === before) break;
  }
  expect(queue.waiting).toBe(1);
  const verdict = queue.submit(leg(exit, 'fast'), never);
  await until(() => server.asked.some(({ body }) => numbersIn(body).includes(exit)));
  expect(kindOf(await verdict)).toBe('acknowledged');
  expect(queue.waiting).toBe(1);
  given.abort();
});

test('beyond its bound the queue refuses what was not sent', async () => {
  const { queue } = await queueTo(() => undefined);
  const signal = new AbortController();
  setMaxListeners(0, signal.signal);
  const all = Array.from({ length: MAX_WAITING_ORDERS + 1 }, (_, number) =>
    queue.submit(leg(number), signal.signal).catch(() => undefined),
  );
  expect(await all.at(-1)).toMatchObject({ outcome: { kind: 'notAccepted' } });
  signal.abort();
  await Promise.all(all);
  expect(queue.waiting).toBe(0);
});
