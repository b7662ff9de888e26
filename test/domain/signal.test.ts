import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';
import { parseIntent } from '../../src/domain/parse-intent.ts';
import { intentFromSignal } from '../../src/domain/signal.ts';
import { instrument } from './instrument.fixture.ts';

const context = {
  venue: 'paper',
  marketId: 'm1',
  strategy: 'momentum',
  key: 'momentum/17',
  tickSize: '0.01',
};
const signal = { side: 'NO', price: 525, size: '20', priority: 2, reason: 'cheap' };

describe('intentFromSignal', () => {
  test('a signal is a limit BUY of the outcome that it names', () => {
    expect(intentFromSignal(signal, context)).toEqual({
      key: 'momentum/17',
      strategy: 'momentum',
      instrument: 'paper:m1:NO',
      side: 'BUY',
      type: 'limit',
      price: '0.52',
      size: '20',
      priority: 2,
      reason: 'cheap',
    });
  });

  test('the intent passes the same door as any other', () => {
    const no = instrument({ id: 'paper:m1:NO', outcome: 'NO' });
    const intent = parseIntent(intentFromSignal(signal, context), () => no);
    expect(intent).toMatchObject({
      instrumentId: 'paper:m1:NO',
      price: '0.52',
      timeInForce: 'GTC',
    });
  });

  test.each([
    ['BUY', 527, '0.01', '0.52'],
    ['SELL', 527, '0.01', '0.53'],
    ['BUY', 527, '0.001', '0.527'],
    ['SELL', 527, '0.0025', '0.5275'],
    ['BUY', 999, '0.01', '0.99'],
    ['SELL', 1, '0.01', '0.01'],
  ])('a %s at %d ticks on a tick of %s asks for %s', (action, price, tickSize, expected) => {
    const intent = intentFromSignal({ ...signal, action, price }, { ...context, tickSize });
    expect(intent).toMatchObject({ side: action, price: expected });
  });

  test('the price is never worse than the signal allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999 }),
        fc.constantFrom('0.1', '0.01', '0.005', '0.0001'),
        fc.constantFrom('BUY', 'SELL'),
        (ticks, tickSize, action) => {
          let price: string;
          try {
            const input = { ...signal, price: ticks, action };
            price = String(intentFromSignal(input, { ...context, tickSize }).price);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidValue);
            return;
          }
          const asked = decimal(String(ticks)).div(1000);
          expect(action === 'BUY' ? asked.gte(price) : asked.lte(price)).toBe(true);
        },
      ),
    );
  });

  test.each([
    ['a price of no ticks', { price: 0 }, 'signal.price', '0 is $0'],
    ['a price of a whole dollar', { price: 1000 }, 'signal.price', '1000 is $1'],
    ['a BUY under one tick', { price: 5 }, 'signal.price', '0.01 or more'],
    ['a SELL over the last tick', { price: 995, action: 'SELL' }, 'signal.price', '0.99 or less'],
    ['a fraction of a tick', { price: 52.5 }, 'signal.price', 'whole number'],
    ['a price in dollars', { price: '0.52' }, 'signal.price', 'whole number'],
    ['a price above a dollar', { price: 1001 }, 'signal.price', '1 to 999'],
    ['a size as a JS number', { size: 20 }, 'signal.size', 'decimal text'],
    ['an outcome in lower case', { side: 'yes' }, 'signal.side', 'YES or NO'],
    ['an action of its own', { action: 'HOLD' }, 'signal.action', 'BUY or SELL'],
    ['a fraction of a priority', { priority: 1.5 }, 'signal.priority', 'whole number'],
    ['no reason', { reason: undefined }, 'signal.reason', 'text'],
    ['a field of its own', { stopLoss: 3 }, 'signal.stopLoss', 'no such field'],
  ])('%s is refused', (_what, change, place, expected) => {
    const act = () => intentFromSignal({ ...signal, ...change }, context);
    expect(act).toThrow(InvalidValue);
    expect(act).toThrow(place);
    expect(act).toThrow(expected);
  });

  test.each([null, undefined, 'BUY', 7, []])('%j is not a signal', (input) => {
    expect(() => intentFromSignal(input, context)).toThrow(InvalidValue);
  });
});
