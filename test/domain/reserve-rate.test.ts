import { expect, test } from 'vitest';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { feeUsd } from '../../src/domain/fees.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import type { Intent } from '../../src/domain/intent.ts';
import { buyReserveRate, costUsd } from '../../src/domain/risk/money-rules.ts';

const instrument: Instrument = {
  id: 'polymarket:m:YES',
  venue: 'polymarket',
  marketId: 'm',
  tokenId: '1',
  outcome: 'YES',
  tickSize: '0.01',
  minimumOrderSize: '5',
  fees: { rate: '0.05', exponent: 1, takerOnly: true },
  takerDelayMs: 0,
  negRisk: false,
};

function reservedFor(timeInForce: Intent['timeInForce']): string {
  const intent: Intent = {
    ...{ key: 'k', strategy: 's', instrumentId: instrument.id, side: 'BUY', type: 'limit' },
    ...{ price: '0.5', size: '10', timeInForce, postOnly: false, priority: 0, reason: '' },
  };
  return costUsd(intent, toText(buyReserveRate(intent, instrument)));
}

test('an order that may rest reserves the dearest fee of its shares', () => {
  // 10 x 0.5, and 10 x 0.05 x 0.25.
  expect(reservedFor('GTC')).toBe('5.125');
});

test.each(['FOK', 'FAK'] as const)(
  '%s covers the shares that its dollars may bring',
  (timeInForce) => {
    const reserved = decimal(reservedFor(timeInForce));
    for (let cents = 1; cents <= 50; cents += 1) {
      const price = decimal(String(cents)).div(100);
      const fee = feeUsd(instrument.fees, 'taker', price, decimal('5').div(price));
      expect(reserved.gte(fee.plus('5'))).toBe(true);
    }
  },
);
