/** What a second report of a leg may still add, and what it contradicts. */
import { describe, expect, test } from 'vitest';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import { takeLeg } from '../../src/machines/order.reducers.ts';
import { AT_MS, leg, orderContext } from '../support/orders.ts';

function take(...reports: readonly Partial<LegReport>[]): OrderContext {
  return reports.reduce(
    (context: OrderContext, report) => takeLeg(context, leg(report), AT_MS).next,
    orderContext(),
  );
}

describe('a known leg', () => {
  test('takes a hash that comes after its settlement', () => {
    const { legs } = take(
      { settlement: 'confirmed' },
      { settlement: 'confirmed', transactionHash: '0xa' },
    );
    expect(legs[0]?.transactionHash).toBe('0xa');
  });

  test('keeps the hash of its newest step against a report of an older one', () => {
    const mined = { settlement: 'mined', transactionHash: '0xb' } as const;
    const { legs } = take(mined, { settlement: 'matched', transactionHash: '0xa' });
    expect(legs[0]?.transactionHash).toBe('0xb');
  });

  test.each([
    ['price', { price: '0.51' }],
    ['size', { size: '5' }],
    ['stated fee', { feeUsd: '0.5' }],
    ['price and the end', { price: '0.51', settlement: 'failed' }],
  ] as const)('that is told with another %s counts one fault', (_what, other) => {
    const first = { settlement: 'confirmed', feeUsd: '0.03' } as const;
    const context = take(first, { ...first, ...other }, { ...first, ...other });
    expect(context.faults).toBe(1);
    expect(context.legs[0]).toMatchObject({
      price: '0.5',
      size: '4',
      feeUsd: '0.03',
      contradicted: true,
    });
    expect(context).toMatchObject({ filledSize: '4', feesUsd: '0.03' });
  });

  test.each([
    ['written otherwise', { size: '4.0', price: '0.50', feeUsd: '0.030' }],
    ['without its fee', {}],
  ])('that is the same %s counts none', (_how, other) => {
    const { faults } = take({ feeUsd: '0.03' }, other);
    expect(faults).toBe(0);
  });
});

test('asked again at another time, the step is of that time', () => {
  const [context, report] = [orderContext(), leg()];
  takeLeg(context, report, AT_MS);
  expect(takeLeg(context, report, AT_MS + 1).next.updatedAtMs).toBe(AT_MS + 1);
});
