import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  normalConditionId,
  parseGammaMarket,
  readGammaRows,
} from '../../../../src/adapters/venues/polymarket/gamma.ts';
import { InvalidValue } from '../../../../src/domain/faults.ts';
import { restTo, serve } from './rest-harness.ts';

const CONDITION = `0x${'ab'.repeat(32)}`;
/** A condition of the second generation in both spellings. */
const SHORT = `0x${'cd'.repeat(31)}`;
const LONG = `${SHORT}00`;

const row = (changes: object = {}) => ({
  ...{ conditionId: CONDITION, version: 'v1', clobTokenIds: '["71","72"]', feesEnabled: true },
  feeSchedule: { rate: 0.05, exponent: 1, takerOnly: true, rebateRate: 0.25 },
  ...changes,
});

describe('a market of Gamma', () => {
  test('of the first generation has token ids in JSON text and orders of version 2', () => {
    expect(parseGammaMarket(row(), 'gamma')).toEqual({
      conditionId: CONDITION,
      orderVersion: 2,
      tokenIds: ['71', '72'],
      fees: { rate: '0.05', exponent: 1, takerOnly: true },
    });
  });

  test('is chosen by its version, also when it has the ids of both generations', () => {
    const both = { positionIds: ['81', '82'], conditionId: SHORT };
    expect(parseGammaMarket(row({ ...both, version: 'v2' }), 'gamma')).toMatchObject({
      ...{ conditionId: LONG, orderVersion: 3, tokenIds: ['81', '82'] },
    });
    expect(parseGammaMarket(row({ ...both, version: 'v1' }), 'gamma')).toMatchObject({
      ...{ orderVersion: 2, tokenIds: ['71', '72'] },
    });
  });

  test.each([
    ['no version', { version: undefined }],
    ['a version of the future', { version: 'v3' }],
    ['a version that is a number', { version: 1 }],
    ['no ids of its generation', { version: 'v2' }],
    ['one token', { clobTokenIds: '["71"]' }],
    ['three tokens', { clobTokenIds: '["71","72","73"]' }],
    ['one token twice', { clobTokenIds: '["71","71"]' }],
    ['a token that is no number', { clobTokenIds: '["0x71","72"]' }],
    ['a token as a JSON number, which loses digits', { clobTokenIds: '[71,72]' }],
    ['another kind of condition', { conditionId: '0x12' }],
    ['a fee rate that is none', { feeSchedule: { rate: 'much', exponent: 1 } }],
  ])('is refused with %s', (_rule, changes) => {
    expect(() => parseGammaMarket(row(changes), 'gamma')).toThrow(InvalidValue);
  });

  test('without fees costs nothing, and one that does not say leaves it open', () => {
    expect(parseGammaMarket(row({ feesEnabled: false }), 'gamma').fees?.rate).toBe('0');
    const silent = row({ feesEnabled: undefined, feeSchedule: undefined });
    expect(parseGammaMarket(silent, 'gamma').fees).toBeUndefined();
  });

  test('whatever it is, only InvalidValue is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.jsonValue().map((value) => row({ clobTokenIds: value })),
        ),
        (value) => {
          try {
            parseGammaMarket(value, 'gamma');
          } catch (fault) {
            expect(fault).toBeInstanceOf(InvalidValue);
          }
        },
      ),
    );
  });
});

describe('reading a market', () => {
  test.each([
    ['open, in 64 digits', CONDITION, CONDITION, 'false', 1],
    ['open, in the 62 digits that Gamma uses', LONG, SHORT, 'false', 2],
    ['closed, for its legs may still settle', CONDITION, CONDITION, 'true', 2],
  ])('%s', async (_rule, asked, spelled, closed, requests) => {
    const server = await serve(({ url }) => {
      const query = new URL(url, 'http://x').searchParams;
      const isIt = query.get('condition_ids') === spelled && query.get('closed') === closed;
      // Other rows are not ours, whatever the filter did.
      const other = row({ conditionId: `0x${'ef'.repeat(32)}` });
      return { body: isIt ? [other, row({ conditionId: spelled })] : [other] };
    });
    const rows = await readGammaRows(restTo(server.url).rest, [asked]);
    expect([...rows]).toEqual([[asked, row({ conditionId: spelled })]]);
    expect(server.asked).toHaveLength(requests);
  });

  test('several at once: each request asks for those that are still missing', async () => {
    const closedOne = `0x${'12'.repeat(32)}`;
    const unknown = `0x${'34'.repeat(32)}`;
    const asked: string[] = [];
    const server = await serve(({ url }) => {
      const query = new URL(url, 'http://x').searchParams;
      const ids = query.getAll('condition_ids');
      const closed = query.get('closed');
      asked.push(`${closed}: ${ids.map((id) => id.slice(0, 4))}`);
      const there = closed === 'true' ? [closedOne] : [CONDITION, SHORT];
      return { body: there.filter((id) => ids.includes(id)).map((id) => row({ conditionId: id })) };
    });
    const ids = [CONDITION, LONG, closedOne, unknown];
    const rows = await readGammaRows(restTo(server.url).rest, ids);
    expect([...rows.keys()].sort()).toEqual([CONDITION, LONG, closedOne].sort());
    expect(asked).toEqual(['false: 0xab,0xcd,0x12,0x34', 'false: 0xcd', 'true: 0x12,0x34']);
  });

  test('one that Gamma does not know is not there, and no answer is a fault', async () => {
    const empty = await serve(() => ({ body: [] }));
    expect((await readGammaRows(restTo(empty.url).rest, [CONDITION])).size).toBe(0);
    const failing = await serve(() => ({ status: 502, body: '<html>' }));
    const reading = readGammaRows(restTo(failing.url).rest, [CONDITION]);
    await expect(reading).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test('a condition id has one spelling', () => {
    expect(normalConditionId(CONDITION.toUpperCase().replace('0X', '0x'))).toBe(CONDITION);
    expect(normalConditionId(SHORT)).toBe(LONG);
    for (const wrong of ['', '12', `${CONDITION}00`, undefined, 7]) {
      expect(() => normalConditionId(wrong)).toThrow(InvalidValue);
    }
  });
});
