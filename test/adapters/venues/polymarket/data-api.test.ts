/** Positions and resolutions, from the sandbox's Data API and from answers in the documented shapes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createDataApi,
  type DataPosition,
} from '../../../../src/adapters/venues/polymarket/data-api.ts';
import { decimalOf } from '../../../../src/adapters/venues/polymarket/rest-fields.ts';
import { decimal, toText } from '../../../../src/domain/decimal.ts';
import type { InvalidValue } from '../../../../src/domain/faults.ts';
import { openDesk, type VenueDesk } from './polymarket-venue-harness.ts';
import { type Answer, type Asked, restTo, serve } from './rest-harness.ts';

/** Buys at 0.4 and waits until it is settled. */
async function buy(desk: VenueDesk, size: string, slug = 'plain'): Promise<void> {
  const instrument = desk.instrument(slug);
  await desk.show(instrument, [], [['0.4', size]]);
  await desk.send({ instrument, size, price: '0.4', timeInForce: 'GTC' });
  await desk.advance(10_000);
}

describe('positions on the sandbox', () => {
  test('what was bought is there at its average price, and can be redeemed once the market is resolved', async () => {
    const desk = await openDesk();
    expect(await desk.venue.dataPositions()).toEqual([]);
    await buy(desk, '10');
    const { tokenId, marketId: conditionId } = desk.instrument();
    const bought: DataPosition = {
      ...{ tokenId, conditionId, size: '10', averagePrice: '0.4' },
      ...{ redeemable: false, mergeable: false },
    };
    expect(await desk.venue.dataPositions()).toEqual([bought]);
    desk.sandbox.exchange.resolve(desk.market('plain').conditionId, [0n, 1_000_000n]);
    // Redeemable is not won.
    expect(await desk.venue.dataPositions()).toMatchObject([{ tokenId, redeemable: true }]);
  });

  test('a rest below a tenth of a share is a position, too', async () => {
    const desk = await openDesk();
    const instrument = desk.instrument();
    await buy(desk, '5.05');
    await desk.show(instrument, [['0.3', '5']], []);
    await desk.send({ side: 'SELL', size: '5', price: '0.3' });
    await desk.advance(10_000);
    expect(await desk.venue.dataPositions()).toMatchObject([{ size: '0.05' }]);
  });
});

describe('resolutions on the sandbox', () => {
  test.each([
    ['YES', [1_000_000n, 0n], { yes: '1', no: '0' }],
    ['NO', [0n, 1_000_000n], { yes: '0', no: '1' }],
    ['50/50', [500_000n, 500_000n], { yes: '0.5', no: '0.5' }],
  ] as const)('%s', async (_name, payout, payoutsUsd) => {
    const desk = await openDesk({ deaf: true });
    expect(await desk.venue.resolutions()).toEqual([]);
    const { conditionId } = desk.market('second-generation');
    desk.sandbox.exchange.resolve(conditionId, payout);
    const resolved = {
      ...{ conditionId, status: 'resolved', payoutsUsd },
      ...{ reporter: 'UMA_OO', resolvedAtMs: desk.now() },
    };
    expect(await desk.venue.resolutions()).toEqual([resolved]);
    // Gamma spells the ids of protocol V2 in 62 digits; the Data API refuses those.
    expect(await desk.venue.resolutions([conditionId.replace(/00$/, '')])).toEqual([resolved]);
    expect(await desk.venue.resolutions([desk.market('plain').conditionId])).toEqual([]);
  });
});

const CONDITION = `0x${'ab'.repeat(32)}`;
const row = (tokenId: string, changes = {}) => ({
  ...{ token_id: tokenId, condition_id: CONDITION, current_size: 1, avg_price: 0.5 },
  ...{ redeemable: false, mergeable: false, ...changes },
});
const pageOf = (data: unknown, next: unknown = null, hasMore = next !== null) => ({
  body: { data, pagination: { limit: 2, offset: 0, has_more: hasMore, next_cursor: next } },
});

const nextAfter = ({ url }: Asked) =>
  `${Number(new URL(url, 'http://venue').searchParams.get('cursor')) + 1}`;

async function dataTo(answer: Answer) {
  const server = await serve(answer);
  const malformed: InvalidValue[] = [];
  const { rest } = restTo(server.url);
  const data = createDataApi(rest, (fault) => malformed.push(fault));
  const queries = () => server.asked.map(({ url }) => new URL(url, server.url).searchParams);
  return { data, server, malformed, queries };
}

describe('positions', () => {
  test('pages follow the cursor to the end with the same question; a row that moved is there once', async () => {
    const pages = [
      pageOf([row('1'), row('2')], 'first'),
      pageOf([row('2', { current_size: 7 }), row('3')], 'second'),
      pageOf([row('4')]),
    ];
    const { data, queries } = await dataTo(() => pages.shift());
    const positions = await data.positions('0xUser');
    expect(positions.map(({ tokenId, size }) => `${tokenId}: ${size}`)).toEqual([
      ...['1: 1', '2: 7', '3: 1', '4: 1'],
    ]);
    expect(queries().map((query) => query.get('cursor'))).toEqual([null, 'first', 'second']);
    for (const query of queries()) {
      expect(query.get('user')).toBe('0xUser');
      expect(query.get('filter_amount')).toBe('0');
      expect(query.get('include_archived')).toBe('true');
      // The venue refuses it. Source: Polymarket docs, Data API v2, "Pagination is cursor-only".
      expect(query.has('offset')).toBe(false);
    }
  });

  test.each([
    ['that never ends', (asked: Asked) => pageOf([], nextAfter(asked)), 'overloaded'],
    ['that goes in circles', () => pageOf([], 'same'), 'invalid_value'],
    ['that goes on nowhere', () => pageOf([row('1')], null, true), 'invalid_value'],
    ['without its pagination', () => ({ body: { data: [] } }), 'invalid_value'],
    ['that is none', () => ({ body: [] }), 'invalid_value'],
    ['that was not found', () => ({ status: 404 }), 'invalid_value'],
    ['that is refused', () => ({ status: 429 }), 'venue_unknown'],
  ])('a list %s is a fault, never a short list', async (_name, answer, code) => {
    const { data, server } = await dataTo(answer);
    await expect(data.positions('0xUser')).rejects.toMatchObject({ code });
    expect(server.asked.length).toBeLessThanOrEqual(20);
  });

  test('a miss is told as null and is an empty list', async () => {
    const { data } = await dataTo(() => pageOf(null));
    expect(await data.positions('0xUser')).toEqual([]);
  });

  test.each([
    ['a token id', row('x'), 'token_id'],
    ['a condition id', row('1', { condition_id: '0xab' }), 'condition_id'],
    ['a size', row('1', { current_size: null }), 'current_size'],
    ['a size below zero', row('1', { current_size: -1 }), 'current_size'],
    ['a price', row('1', { avg_price: 'much' }), 'avg_price'],
    ['a flag', row('1', { redeemable: 'yes' }), 'redeemable'],
  ])(
    'a row without %s is counted by its place, the others are there',
    async (_name, bad, field) => {
      const { data, malformed } = await dataTo(() => pageOf([bad, row('2')]));
      expect(await data.positions('0xUser')).toMatchObject([{ tokenId: '2' }]);
      expect(malformed.map(({ facts }) => facts.place)).toEqual([`/v2/positions[0].${field}`]);
    },
  );

  test('unknown fields are ignored, and what the venue does not say is absent', async () => {
    const { data } = await dataTo(() => pageOf([row('1', { avg_price: null, mood: 'good' })]));
    const [position] = await data.positions('0xUser');
    expect(position).toEqual({
      ...{ tokenId: '1', conditionId: CONDITION, size: '1', redeemable: false, mergeable: false },
    });
  });

  test('a double is the text that was written, not what arithmetic makes of it', async () => {
    const sizes = ['1666.666666', '0.0000001', '1e-7', '9.999999999999998', '123456789.000001'];
    const texts = sizes.map((size, index) =>
      JSON.stringify(row(`${index + 1}`)).replace('"current_size":1', `"current_size":${size}`),
    );
    const body = `{"data":[${texts}],"pagination":{"has_more":false,"next_cursor":null}}`;
    const { data } = await dataTo(() => ({ body }));
    const positions = await data.positions('0xUser');
    expect(positions.map(({ size }) => size)).toEqual(sizes.map((size) => toText(decimal(size))));
  });

  test('every amount of up to 15 digits survives its way through a JSON double', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), (amount) => {
        const text = toText(decimal(`${amount}`).div(1_000_000));
        expect(decimalOf(JSON.parse(text), 'size')).toBe(text);
      }),
    );
  });
});

describe('resolutions', () => {
  const other = `0x${'cd'.repeat(32)}`;
  const resolution = (changes = {}) => ({
    condition_id: CONDITION,
    status: 'resolved',
    ...changes,
  });

  test('the documented shape is a list; the row of the market counts, whatever it says is kept as it is', async () => {
    const { data, queries } = await dataTo(() => ({
      body: {
        data: [
          resolution({ condition_id: other }),
          resolution({
            ...{ status: 'in_recount', reporter: 'A_JURY', payouts: [333_333, 666_667] },
            resolved_at: '2026-10-09T01:32:00Z',
          }),
          resolution({ status: 'later' }),
        ],
      },
    }));
    expect(await data.resolutions([CONDITION.toUpperCase().replace('0X', '0x')])).toEqual([
      {
        ...{ conditionId: CONDITION, status: 'in_recount', reporter: 'A_JURY' },
        payoutsUsd: { yes: '0.333333', no: '0.666667' },
        resolvedAtMs: Date.UTC(2026, 9, 9, 1, 32),
      },
    ]);
    expect(queries().map((query) => query.get('condition'))).toEqual([CONDITION]);
  });

  test('a market that is not resolved has a status and no payouts', async () => {
    const nothing = { payouts: null, reporter: null, resolved_at: null };
    const { data } = await dataTo(() => ({
      body: { data: [resolution({ status: 'proposed', ...nothing })] },
    }));
    expect(await data.resolutions([CONDITION])).toEqual([
      { conditionId: CONDITION, status: 'proposed' },
    ]);
  });

  test.each([
    ['an empty list', { body: { data: [] } }],
    ['null', { body: { data: null } }],
    ['404', { status: 404 }],
    ['the row of another market', { body: { data: [resolution({ condition_id: other })] } }],
  ])('of a market that the venue does not know nothing is said: %s', async (_name, told) => {
    const { data, malformed } = await dataTo(() => told);
    expect(await data.resolutions([CONDITION])).toEqual([]);
    expect(malformed).toEqual([]);
  });

  test.each([
    ['one payout', { payouts: [1_000_000] }, 'payouts'],
    ['three payouts', { payouts: [1, 2, 3] }, 'payouts'],
    ['more than a dollar', { payouts: [1_000_001, 0] }, 'payouts[0]'],
    ['less than nothing', { payouts: [1_000_000, -1] }, 'payouts[1]'],
    ['no status', { status: '' }, 'status'],
  ])('a row with %s is counted and pays nothing', async (_name, changes, field) => {
    const { data, malformed } = await dataTo(() => ({ body: { data: [resolution(changes)] } }));
    expect(await data.resolutions([CONDITION])).toEqual([]);
    expect(malformed.map(({ facts }) => facts.place)).toEqual([
      `resolutions[${CONDITION}][0].${field}`,
    ]);
  });

  test('each market is asked for once, and answered in the order of the question', async () => {
    const { data, server } = await dataTo(({ url }) => {
      const condition = new URL(url, 'http://x').searchParams.get('condition');
      return { body: { data: [resolution({ condition_id: condition })] } };
    });
    const ids = [5, 3, 9, 1, 7, 3].map((digit) => `0x${String(digit).repeat(64)}`);
    const found = await data.resolutions(ids);
    expect(found.map(({ conditionId }) => conditionId)).toEqual([...new Set(ids)]);
    expect(server.asked).toHaveLength(5);
  });

  test('an answer that fails is a fault, never an unresolved market', async () => {
    const { data } = await dataTo(() => ({ status: 503 }));
    await expect(data.resolutions([CONDITION])).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test.each([
    ['no condition id', ['rain'], 'conditionId'],
    [
      'more than 500 markets',
      Array.from({ length: 501 }, (_, index) => `0x${String(index).padStart(64, '0')}`),
      'conditionIds',
    ],
  ])('%s: refused before anything is asked', async (_name, ids, place) => {
    const { data, server } = await dataTo(() => ({ body: { data: [] } }));
    await expect(data.resolutions(ids)).rejects.toMatchObject({ facts: { place } });
    expect(server.asked).toHaveLength(0);
  });
});

test('nothing that is ours is sent to the Data API but the address', async () => {
  const server = await serve(() => pageOf([]));
  const desk = await openDesk({ deaf: true });
  const { rest, ws } = desk.sandbox;
  const venue = desk.another({
    urls: { rest, gamma: rest, data: server.url, userChannel: `${ws}/user` },
  });
  await venue.start();
  await venue.dataPositions();
  await venue.resolutions();
  expect(server.asked[0]?.url).toContain(`user=${desk.account.funder}`);
  const sent = Object.keys(Object.assign({}, ...server.asked.map(({ headers }) => headers)));
  expect(sent.filter((name) => name.startsWith('poly'))).toEqual([]);
});
