import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import { FillwrightFault, InvalidValue } from '../../src/domain/faults.ts';
import type { Intent } from '../../src/domain/intent.ts';
import {
  canonicalIntent,
  MAX_INTENT_CHARACTERS,
  MAX_INTENTS_PER_BATCH,
  parseIntent,
  parseIntents,
} from '../../src/domain/parse-intent.ts';
import { instrument } from './instrument.fixture.ts';

const market = instrument();
const find = (id: string) => (id === market.id ? market : undefined);
const limit = { key: 'k1', instrument: market.id, side: 'BUY', price: '0.52', size: '10' };
const byMoney = {
  key: 'k1',
  instrument: market.id,
  side: 'BUY',
  type: 'market',
  price: '0.6',
  amountUsd: '25',
};

function faultOf(act: () => unknown): FillwrightFault {
  try {
    act();
  } catch (error) {
    if (error instanceof FillwrightFault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('what comes out', () => {
  test('a limit order rests until cancelled unless it says otherwise', () => {
    expect(parseIntent(limit, find)).toEqual({
      key: 'k1',
      strategy: 'manual',
      instrumentId: 'paper:m1:YES',
      side: 'BUY',
      type: 'limit',
      price: '0.52',
      size: '10',
      timeInForce: 'GTC',
      postOnly: false,
      priority: 0,
      reason: '',
    });
  });

  test('the budget that is named, and nothing of one where none is', () => {
    expect(parseIntent({ ...limit, budget: 'bud_1' }, find).budget).toBe('bud_1');
    const without = parseIntent(limit, find);
    expect(without).not.toHaveProperty('budget');
    // Keys of before there were budgets are compared with this.
    expect(canonicalIntent(without)).not.toContain('budget');
  });

  test('a market order fills what it can unless it says otherwise', () => {
    const intent = parseIntent(byMoney, find);
    expect(intent).toMatchObject({ type: 'market', amountUsd: '25', timeInForce: 'FAK' });
    expect(intent).not.toHaveProperty('size');
    expect(intent).not.toHaveProperty('expiresAtMs');
  });

  test('everything that was given is kept', () => {
    const given = {
      strategy: 's',
      timeInForce: 'GTD',
      expiresAtMs: 1_900_000_000_000,
      postOnly: true,
    };
    const rest = { priority: -7, reason: 'first\nsecond' };
    expect(parseIntent({ ...limit, ...given, ...rest }, find)).toMatchObject({ ...given, ...rest });
  });

  test('decimals are normalised, and decimals of our own are as good as their text', () => {
    const intent = parseIntent({ ...limit, price: '0.50', size: decimal('010.00') }, find);
    expect([intent.price, intent.size]).toEqual(['0.5', '10']);
  });

  test('a priority of minus zero is zero', () => {
    expect(parseIntent({ ...limit, priority: -0 }, find).priority).toBe(0);
  });

  test('an intent cannot be changed', () => {
    expect(Object.isFrozen(parseIntent(limit, find))).toBe(true);
  });

  test.each([
    ['a limit order may be filled at once or not at all', { timeInForce: 'FOK' }],
    [
      'a limit order that does not rest may be under the resting minimum',
      { timeInForce: 'FAK', size: '2' },
    ],
    [
      'a SELL that does not rest may be worth less than a dollar',
      { timeInForce: 'FAK', side: 'SELL', size: '0.01' },
    ],
    ['a market SELL is stated in shares', { type: 'market', side: 'SELL', size: '0.5' }],
    ['a market BUY may be stated in shares', { type: 'market', size: '2' }],
    ['a market BUY may be all or nothing', { type: 'market', timeInForce: 'FOK' }],
    ['the smallest resting order is allowed', { size: '5' }],
    ['the lowest price is allowed', { price: '0.01' }],
    ['the highest price is allowed', { price: '0.99' }],
    ['a key may have 200 characters of any script', { key: 'ключ'.repeat(50) }],
    ['what is undefined was not given', { amountUsd: undefined, priority: undefined }],
  ])('%s', (_rule, change) => {
    expect(parseIntent({ ...limit, ...change }, find).key).not.toBe('');
  });
});

describe('what is refused', () => {
  test.each([
    ['an unknown field', { sise: '3' }, 'sise', 'no such field'],
    ['no side', { side: undefined }, 'side', 'BUY or SELL'],
    ['a side in lower case', { side: 'buy' }, 'side', 'BUY or SELL'],
    ['a type of its own', { type: 'stop' }, 'type', 'limit or market'],
    ['a time in force of its own', { timeInForce: 'IOC' }, 'timeInForce', 'GTC, GTD, FOK or FAK'],
    ['no price', { price: undefined }, 'price', 'between 0 and 1'],
    ['a JS number as price', { price: 0.52 }, 'price', 'decimal text'],
    ['a JS number as size', { size: 10 }, 'size', 'decimal text'],
    ['NaN', { price: Number.NaN }, 'price', 'decimal text'],
    ['NaN as text', { price: 'NaN' }, 'price', 'between 0 and 1'],
    ['an exponent', { price: '5e-1' }, 'price', 'between 0 and 1'],
    ['hexadecimal', { size: '0x10' }, 'size', 'positive number of shares'],
    ['a price of zero', { price: '0' }, 'price', 'between 0 and 1'],
    ['a price of one', { price: '1' }, 'price', 'between 0 and 1'],
    ['a negative price', { price: '-0.5' }, 'price', 'between 0 and 1'],
    ['seven decimals', { price: '0.5200001' }, 'price', 'at most 6 decimals'],
    ['a price off the tick', { price: '0.525' }, 'price', '0.01 grid of paper:m1:YES'],
    ['a price under one tick', { price: '0.001' }, 'price', '0.01 grid'],
    ['a price over the last tick', { price: '0.995' }, 'price', '0.01 grid'],
    ['a size of zero', { size: '0' }, 'size', 'positive'],
    ['a negative size', { size: '-10' }, 'size', 'positive'],
    ['a size of three decimals', { size: '10.001' }, 'size', 'at most 2 decimals'],
    ['a size beyond counting', { size: '1000000000001' }, 'size', 'up to 1000000000000'],
    ['a size under the minimum', { size: '4.99' }, 'size', 'at least 5 shares'],
    ['an object as size', { size: {} }, 'size', 'positive number of shares'],
    ['neither size nor money', { size: undefined }, 'size', 'positive number of shares'],
    ['both size and money', { amountUsd: '5' }, 'amountUsd', 'either size or amountUsd'],
    [
      'money for a limit order',
      { size: undefined, amountUsd: '5' },
      'amountUsd',
      'only a market BUY',
    ],
    ['GTD without an end', { timeInForce: 'GTD' }, 'expiresAtMs', 'needs its end'],
    ['GTC with an end', { expiresAtMs: 5 }, 'expiresAtMs', 'only GTD'],
    [
      'a fraction of a millisecond',
      { timeInForce: 'GTD', expiresAtMs: 1.5 },
      'expiresAtMs',
      'whole',
    ],
    ['an end as text', { timeInForce: 'GTD', expiresAtMs: '5' }, 'expiresAtMs', 'whole'],
    [
      'an end beyond safe numbers',
      { timeInForce: 'GTD', expiresAtMs: 2 ** 53 },
      'expiresAtMs',
      'whole',
    ],
    ['post-only FOK', { timeInForce: 'FOK', postOnly: true }, 'postOnly', 'only a resting order'],
    ['a SELL of a budget', { side: 'SELL', budget: 'bud_1' }, 'budget', 'reserves no dollars'],
    ['a budget without a name', { budget: '' }, 'budget', 'the id of a budget'],
    ['post-only as text', { postOnly: 'yes' }, 'postOnly', 'true or false'],
    ['a FOK BUY worth 99 cents', { timeInForce: 'FOK', price: '0.99', size: '1' }, 'size', '$1'],
    ['an empty key', { key: '' }, 'key', '1 to 200'],
    ['a key of 201 characters', { key: 'k'.repeat(201) }, 'key', '1 to 200'],
    ['a key with a line break', { key: 'a\nb' }, 'key', 'printable'],
    ['a key with an invisible character', { key: 'a\u200bb' }, 'key', 'printable'],
    ['a key with half a character', { key: 'a\ud800' }, 'key', 'printable'],
    ['a key with a blank at its end', { key: 'a ' }, 'key', 'blanks'],
    ['an empty strategy', { strategy: '' }, 'strategy', '1 to 100'],
    ['a strategy of 101 characters', { strategy: 's'.repeat(101) }, 'strategy', '1 to 100'],
    ['a reason of 501 characters', { reason: 'r'.repeat(501) }, 'reason', 'at most 500'],
    ['a reason that a terminal obeys', { reason: '\u001b[2J' }, 'reason', 'control'],
    ['a priority of 1001', { priority: 1001 }, 'priority', '-1000 to 1000'],
    ['half a priority', { priority: 0.5 }, 'priority', 'whole number'],
    ['null where nothing was meant', { reason: null }, 'reason', 'at most 500'],
  ])('%s', (_what, change, field, expected) => {
    const fault = faultOf(() => parseIntent({ ...limit, ...change }, find));
    expect(fault).toBeInstanceOf(InvalidValue);
    expect(fault.facts).toMatchObject({ place: `intent.${field}` });
    expect(fault.message).toContain(expected);
  });

  test.each([
    ['a market order that rests', { timeInForce: 'GTC' }, 'timeInForce', 'FOK or FAK'],
    ['a post-only market order', { postOnly: true }, 'postOnly', 'only a resting order'],
    ['a market BUY of 99 cents', { amountUsd: '0.99' }, 'amountUsd', 'at least $1'],
    [
      'a market BUY of shares worth 96 cents',
      { amountUsd: undefined, size: '1.6' },
      'size',
      '$0.96',
    ],
    ['a fraction of a cent', { amountUsd: '5.001' }, 'amountUsd', 'at most 2 decimals'],
    ['a JS number of dollars', { amountUsd: 5 }, 'amountUsd', 'decimal text'],
    ['no dollars', { amountUsd: '0' }, 'amountUsd', 'positive'],
    ['a SELL stated in dollars', { side: 'SELL' }, 'amountUsd', 'only a market BUY'],
  ])('%s', (_what, change, field, expected) => {
    const fault = faultOf(() => parseIntent({ ...byMoney, ...change }, find));
    expect(fault.facts).toMatchObject({ place: `intent.${field}` });
    expect(fault.message).toContain(expected);
  });

  test.each([[null], [undefined], ['buy'], [3], [[]], [[limit]], [() => limit]])(
    '%j is not an intent',
    (input) => {
      expect(faultOf(() => parseIntent(input, find)).facts).toMatchObject({ place: 'intent' });
    },
  );

  test('a misspelt field is named before the field that it leaves empty', () => {
    const { side: _side, ...rest } = limit;
    const fault = faultOf(() => parseIntent({ ...rest, sdie: 'BUY' }, find));
    expect(fault.message).toContain('intent.sdie: got "BUY"');
  });

  test('a field named __proto__ is unknown and pollutes nothing', () => {
    const input: unknown = JSON.parse(
      JSON.stringify(limit).replace('{', '{"__proto__":{"postOnly":true},'),
    );
    expect(faultOf(() => parseIntent(input, find)).message).toContain('__proto__');
    expect(Object.hasOwn(Object.prototype, 'postOnly')).toBe(false);
  });

  test('what is too long or no JSON is refused before it is looked at', () => {
    const long = { ...limit, reason: 'r'.repeat(MAX_INTENT_CHARACTERS) };
    expect(faultOf(() => parseIntent(long, find)).message).toContain('characters as JSON');
    const circular: Record<string, unknown> = { ...limit };
    circular.self = circular;
    expect(faultOf(() => parseIntent(circular, find)).message).toContain('plain JSON');
    expect(faultOf(() => parseIntent({ ...limit, size: 5n }, find)).message).toContain(
      'plain JSON',
    );
  });

  test('an unknown instrument is named, with the first five that are known', () => {
    const known = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const input = { ...limit, instrument: 'paper:m2:YES' };
    const fault = faultOf(() => parseIntent(input, find, known));
    expect(fault.code).toBe('unknown_instrument');
    expect(fault.message).toContain('"paper:m2:YES"');
    expect(fault.message).toContain('a, b, c, d, e and 2 more');
    expect(faultOf(() => parseIntent(input, find)).message).not.toContain('Known');
  });

  test('no input throws anything but a fault of ours', () => {
    const fields = fc.record(
      Object.fromEntries(
        [
          'key',
          'instrument',
          'side',
          'price',
          'size',
          'amountUsd',
          'timeInForce',
          'expiresAtMs',
          'reason',
        ].map((name) => [
          name,
          fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        ]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, fc.boolean(), fc.anything(), (change, mixed, anything) => {
        const input = mixed ? { ...limit, ...change } : anything;
        try {
          parseIntent(input, find);
        } catch (error) {
          expect(error).toBeInstanceOf(FillwrightFault);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseIntents', () => {
  test('a batch keeps its order', () => {
    const keys = ['b', 'a', 'c'];
    const intents = parseIntents(
      keys.map((key) => ({ ...limit, key })),
      find,
    );
    expect(intents.map((intent) => intent.key)).toEqual(keys);
    expect(parseIntents([], find)).toEqual([]);
  });

  test('one bad intent refuses the batch, by its number', () => {
    const batch = [limit, limit, limit, { ...limit, price: '0.525' }, { ...limit, size: '0' }];
    const fault = faultOf(() => parseIntents(batch, find));
    expect(fault.facts).toMatchObject({ place: 'intents[3].price' });
    const stranger = [limit, { ...limit, instrument: 'x' }];
    expect(faultOf(() => parseIntents(stranger, find)).message).toContain('intents[1].instrument');
  });

  test('a hole is not an intent', () => {
    const holed: unknown[] = [limit];
    holed[2] = limit;
    expect(faultOf(() => parseIntents(holed, find)).facts).toMatchObject({ place: 'intents[1]' });
  });

  test('a batch has at most its stated size', () => {
    const full = Array.from({ length: MAX_INTENTS_PER_BATCH }, () => limit);
    expect(parseIntents(full, find)).toHaveLength(MAX_INTENTS_PER_BATCH);
    const fault = faultOf(() => parseIntents([...full, limit], find));
    expect(fault.facts).toMatchObject({ place: 'intents', value: '"501 intents"' });
  });

  test.each([[null], [limit], ['[]']])('%j is not a batch', (input) => {
    expect(faultOf(() => parseIntents(input, find)).facts).toMatchObject({ place: 'intents' });
  });
});

describe('canonicalIntent', () => {
  test('the same body gives the same text, however it was written', () => {
    const { key, ...rest } = {
      ...limit,
      price: '0.50',
      size: '10.0',
      strategy: 'manual',
      priority: -0,
    };
    const other = parseIntent({ ...rest, key }, find);
    expect(canonicalIntent(other)).toBe(
      canonicalIntent(parseIntent({ ...limit, price: '.5' }, find)),
    );
  });

  test('decimals that were never normalised make no difference', () => {
    const intent = parseIntent(limit, find);
    const restored: Intent = { ...intent, price: '0.520', size: '10.00' };
    expect(canonicalIntent(restored)).toBe(canonicalIntent(intent));
  });

  test.each([
    ['key', { key: 'k2' }],
    ['strategy', { strategy: 'other' }],
    ['side', { side: 'SELL' }],
    ['price', { price: '0.53' }],
    ['size', { size: '10.01' }],
    ['timeInForce', { timeInForce: 'FAK' }],
    ['expiresAtMs', { timeInForce: 'GTD', expiresAtMs: 5 }],
    ['postOnly', { postOnly: true }],
    ['budget', { budget: 'bud_1' }],
    ['priority', { priority: 1 }],
    ['reason', { reason: 'because' }],
    ['type', { type: 'market', timeInForce: 'FAK' }],
  ])('another %s is another text', (_field, change) => {
    const text = canonicalIntent(parseIntent({ ...limit, ...change }, find));
    expect(text).not.toBe(canonicalIntent(parseIntent(limit, find)));
  });

  test('the text reads back as the intent', () => {
    const intent = parseIntent(byMoney, find);
    expect(JSON.parse(canonicalIntent(intent))).toEqual(intent);
  });
});
