import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prepareBody, readBody } from '../../../../src/adapters/venues/paper/order-body.ts';
import { paperInstrument } from './paper-harness.ts';

const wish = {
  clientOrderId: 'ord_1',
  instrument: paperInstrument(),
  side: 'BUY',
  type: 'limit',
  price: '0.50',
  size: '10.0',
  timeInForce: 'GTC',
  postOnly: false,
} as const;

test('the body keeps the order, its decimals in one form', () => {
  const prepared = prepareBody('paper', wish);
  expect(prepared.clientOrderId).toBe('ord_1');
  expect(prepared.venueOrderId).toMatch(/^0x[0-9a-f]{64}$/);
  expect(prepared).toEqual(prepareBody('paper', { ...wish, price: '0.5', size: '10' }));
  expect(readBody('paper', prepared)).toEqual({
    order: {
      venue: 'paper',
      salt: 'ord_1',
      instrumentId: 'paper:rain-tomorrow:YES',
      tokenId: '1001',
      side: 'BUY',
      type: 'limit',
      price: '0.5',
      size: '10',
      timeInForce: 'GTC',
      postOnly: false,
    },
  });
});

test('every part of the order is part of its id', () => {
  const variants = [
    wish,
    { ...wish, clientOrderId: 'ord_2' },
    { ...wish, side: 'SELL' as const },
    { ...wish, price: '0.51' },
    { ...wish, size: '11' },
    { ...wish, timeInForce: 'FOK' as const },
    { ...wish, timeInForce: 'GTD' as const, expiresAtMs: 5 },
    { ...wish, postOnly: true },
    { ...wish, instrument: { ...wish.instrument, tokenId: '1002' } },
  ];
  const ids = variants.map((one) => prepareBody('paper', one).venueOrderId);
  expect(new Set(ids).size).toBe(variants.length);
});

test('a body that was changed on its way is refused by its id', () => {
  const prepared = prepareBody('paper', wish);
  const changed = { ...prepared, body: prepared.body.replace('0.5', '0.6') };
  expect(readBody('paper', changed)).toEqual({
    refusal: expect.stringMatching(/^order id: got 0x/),
  });
});

test('any text at all is read or refused, never a crash', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      const venueOrderId = /expected (0x\w+)/.exec(
        refusal({ clientOrderId: '', venueOrderId: '', body }),
      )?.[1];
      expect(refusal({ clientOrderId: '', venueOrderId: venueOrderId ?? '', body })).toMatch(
        /^body/,
      );
    }),
  );
});

test('a body of another venue is refused', () => {
  expect(readBody('paper', prepareBody('elsewhere', wish))).toEqual({
    refusal: 'body.venue: got elsewhere, expected paper',
  });
});

function refusal(prepared: Parameters<typeof readBody>[1]): string {
  const read = readBody('paper', prepared);
  return 'refusal' in read ? read.refusal : 'read';
}
