import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/domain/exact.ts';
import {
  chosenAttempt,
  exitIntent,
  type LadderInput,
  nextAttempt,
} from '../../../src/domain/exits/exit-ladder.ts';
import { parseIntent } from '../../../src/domain/parse-intent.ts';
import { KNOWN_TICKS } from '../../../src/domain/quantise.ts';
import { plan } from '../../support/exits.ts';
import { rain } from '../../support/orders.ts';

const { ladder } = plan([]);

function next(over: Partial<LadderInput> = {}) {
  return nextAttempt({
    ladder,
    offerIndex: 0,
    instrument: rain,
    bid: '0.9',
    worstPrice: '0.5',
    leftSize: '20',
    freeShares: '20',
    ...over,
  });
}

function withOffer(offer: Record<string, unknown>) {
  return plan([], { ladder: { offers: [offer] } }).ladder;
}

describe('the ladder', () => {
  test('rests at the bid, then at the bid as it is then, then takes what there is', () => {
    const rest = { kind: 'order', size: '20', postOnly: false };
    expect(next()).toEqual({ ...rest, offer: 'limit', price: '0.9', timeInForce: 'GTC' });
    expect(next({ offerIndex: 1, bid: '0.88' })).toEqual({
      ...rest,
      offer: 'cross',
      price: '0.88',
      timeInForce: 'GTC',
    });
    expect(next({ offerIndex: 2, bid: '0.7' })).toEqual({
      ...rest,
      offer: 'fak',
      price: '0.5',
      timeInForce: 'FAK',
    });
    expect(next({ offerIndex: 3 })).toEqual({ kind: 'exhausted' });
  });

  test.each([
    [{ kind: 'limit', ticksAboveBid: 2 }, '0.92', false],
    [{ kind: 'limit', postOnly: true }, '0.91', true],
    [{ kind: 'limit', ticksAboveBid: 3, postOnly: true }, '0.93', true],
    [{ kind: 'limit', ticksAboveBid: 50 }, '0.99', false],
  ])('%j asks %s', (offer, price, postOnly) => {
    expect(next({ ladder: withOffer(offer) })).toMatchObject({ price, postOnly });
  });

  test('never asks less than the worst price, rounded up to the tick', () => {
    expect(next({ worstPrice: '0.955' })).toMatchObject({ price: '0.96' });
    expect(next({ worstPrice: '0.955', offerIndex: 2 })).toMatchObject({ price: '0.96' });
    expect(next({ worstPrice: '0.0001', offerIndex: 2 })).toMatchObject({ price: '0.01' });
    expect(next({ bid: '1' })).toMatchObject({ price: '0.99' });
  });

  test('sells what is left and free, on the order grid', () => {
    expect(next({ leftSize: '7.129' })).toMatchObject({ size: '7.12' });
    expect(next({ freeShares: '6.5' })).toMatchObject({ size: '6.5' });
    for (const none of [{ leftSize: '0' }, { freeShares: '0' }, { leftSize: '0.009' }]) {
      expect(next(none)).toEqual({ kind: 'nothingToSell' });
    }
  });

  test('offers once what is too small to rest', () => {
    const small = { leftSize: '4.99', ladder: withOffer({ kind: 'limit', postOnly: true }) };
    const fak = { price: '0.91', size: '4.99', timeInForce: 'FAK', postOnly: false };
    expect(next(small)).toMatchObject(fak);
    expect(next({ ...small, leftSize: '5' })).toMatchObject({ timeInForce: 'GTC', postOnly: true });
  });

  test('does not begin without a bid', () => {
    expect(next({ bid: null })).toEqual({ kind: 'noBid' });
    expect(next({ bid: null, offerIndex: 9 })).toEqual({ kind: 'exhausted' });
    expect(next({ bid: null, leftSize: '0' })).toEqual({ kind: 'nothingToSell' });
  });

  test('a sale that was chosen from the book is taken at once', () => {
    const terms = { offer: 'fak', price: '0.7', timeInForce: 'FAK', postOnly: false };
    expect(chosenAttempt('0.7', '8.888', '20')).toEqual({ ...terms, size: '8.88' });
    expect(chosenAttempt('0.7', '20', '0.001')).toBeUndefined();
  });
});

describe('laws', () => {
  const cents = fc.integer({ min: 1, max: 9_999 }).map((n) => (n / 10_000).toFixed(4));
  const sizes = fc.integer({ min: 0, max: 100_000 }).map((n) => (n / 1_000).toFixed(3));

  test('each attempt is an intent that passes the door, sells, and keeps to price and size', () => {
    let orders = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...KNOWN_TICKS),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        fc.tuple(cents, cents, sizes, sizes),
        ({ tickSize }, offerIndex, ticksAboveBid, [bid, worstPrice, leftSize, freeShares]) => {
          const instrument = { ...rain, tickSize };
          const offers = [{ kind: 'limit', ticksAboveBid }, { kind: 'cross' }, { kind: 'fak' }];
          const input = {
            ...{ ladder: plan([], { ladder: { offers } }).ladder, offerIndex, instrument },
            ...{ bid, worstPrice, leftSize, freeShares },
          };
          const answer = nextAttempt(input);
          if (answer.kind !== 'order') return;
          orders += 1;
          const intent = parseIntent(
            exitIntent('exit:1', instrument, answer, 'stop_loss'),
            () => instrument,
          );
          expect(intent).toMatchObject({ side: 'SELL', reason: 'stop_loss', size: answer.size });
          expect(compare(answer.size, leftSize)).toBeLessThanOrEqual(0);
          expect(compare(answer.size, freeShares)).toBeLessThanOrEqual(0);
          const highest = String(1 - Number(tickSize));
          if (compare(worstPrice, highest) > 0) return;
          expect(compare(answer.price, worstPrice)).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(orders).toBeGreaterThan(100);
  });
});
