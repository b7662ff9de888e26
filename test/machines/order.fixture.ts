import type { Intent } from '../../src/domain/intent.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import { intent } from '../support/orders.ts';

/** One order of each kind that holds something different, with what it holds. */
export const ORDER_KINDS = [
  ['a BUY by shares', { intent: intent() }],
  ['a SELL', { intent: intent({ side: 'SELL' }), ...holdsShares() }],
  ['a BUY by money', { intent: buyByMoney(), reserveRate: '1.05', reservedUsd: '5.25' }],
] as const;

function holdsShares(): Partial<OrderContext> {
  return { reserveRate: '1', reservedUsd: '0', reservedShares: '10' };
}

function buyByMoney(): Intent {
  const { size: _shares, ...rest } = intent({ type: 'market', timeInForce: 'FAK' });
  return { ...rest, amountUsd: '5' };
}
