/** What an order may cost: it is made smaller where that helps, and cash is looked at last. */
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/domain/risk/decide.ts';
import { intent, rain } from '../../support/orders.ts';
import { facts, limits, said, sell, sized } from './facts.ts';

const market = intent({ type: 'market', timeInForce: 'FAK', amountUsd: '20' });
const { size: _shares, ...byMoney } = market;

describe('dollars of one order', () => {
  // 10 shares at 0.5 without fees cost 5 dollars.
  test.each([
    ['6', 'admitted'],
    ['5', 'admitted'],
    ['4.999999', 'maxOrder 9.99'],
    ['4', 'maxOrder 8'],
    ['2.509', 'maxOrder 5.01'],
    ['2.5', 'maxOrder 5'],
    // The venue rests no order below 5 shares.
    ['2.499999', 'order_too_large'],
    ['0', 'order_too_large'],
  ])('5 dollars with a limit of %s: %s', (maxOrderUsd, word) => {
    expect(sized({ limits: limits({ maxOrderUsd }) })).toBe(word);
  });

  test('the worst fee is part of it', () => {
    // 0.5125 a share: 8 shares cost 4.1.
    const of = (maxOrderUsd: string) => ({ instrument: rain, limits: limits({ maxOrderUsd }) });
    expect(sized(of('4.1'))).toBe('maxOrder 8');
    expect(sized(of('4.099999'))).toBe('maxOrder 7.99');
  });

  test('all or nothing is never made smaller', () => {
    const fok = intent({ timeInForce: 'FOK' });
    expect(sized({ limits: limits({ maxOrderUsd: '5' }), intent: fok })).toBe('admitted');
    expect(sized({ limits: limits({ maxOrderUsd: '4.99' }), intent: fok })).toBe('order_too_large');
    const money = { ...byMoney, timeInForce: 'FOK' } as const;
    expect(sized({ limits: limits({ maxOrderUsd: '19' }), intent: money })).toBe('order_too_large');
  });

  test('what fills at once may be smaller than what rests, but is worth a dollar', () => {
    const fak = { intent: intent({ timeInForce: 'FAK' }) };
    expect(sized({ ...fak, limits: limits({ maxOrderUsd: '1' }) })).toBe('maxOrder 2');
    expect(sized({ ...fak, limits: limits({ maxOrderUsd: '0.999' }) })).toBe('order_too_large');
  });

  test('by money it is rounded down to cents, and never below a dollar', () => {
    const of = (maxOrderUsd: string) => ({ intent: byMoney, limits: limits({ maxOrderUsd }) });
    expect(sized(of('20'))).toBe('admitted');
    expect(sized(of('19.999'))).toBe('maxOrder 19.99');
    expect(sized(of('1'))).toBe('maxOrder 1');
    expect(sized(of('0.999999'))).toBe('order_too_large');
    const withFee = decide(facts({ ...of('10'), instrument: rain }));
    // A dollar at 0.01 brings 100 shares, whose fee is 0.0495.
    expect(withFee).toMatchObject({ kind: 'admitted', intent: { amountUsd: '9.52' } });
  });

  test('an exit has no such limit', () => {
    expect(said({ limits: limits({ maxOrderUsd: '0', maxTotalUsd: '0' }), intent: sell })).toBe(
      'admitted',
    );
  });
});

describe('dollars held and promised', () => {
  const held = (marketUsd: string, eventUsd: string | null, totalUsd: string) => ({
    exposure: { marketUsd, eventUsd, totalUsd },
  });

  test.each([
    ['95', 'admitted'],
    ['95.000001', 'exposure 9.99'],
    ['96', 'exposure 8'],
    ['97.5', 'exposure 5'],
    ['97.51', 'exposure'],
    ['100', 'exposure'],
    ['101', 'exposure'],
  ])('5 dollars more than %s in a market of 100: %s', (usd, word) => {
    expect(sized({ limits: limits({ maxMarketUsd: '100' }), ...held(usd, null, usd) })).toBe(word);
  });

  test.each([
    ['the market', limits({ maxMarketUsd: '14', maxEventUsd: '30', maxTotalUsd: '50' })],
    ['the event', limits({ maxMarketUsd: '20', maxEventUsd: '24', maxTotalUsd: '50' })],
    ['all markets', limits({ maxMarketUsd: '20', maxEventUsd: '30', maxTotalUsd: '34' })],
  ])('%s has the least room and decides', (name, least) => {
    const decision = decide(facts({ limits: least, ...held('10', '20', '30') }));
    expect(decision).toMatchObject({
      kind: 'admitted',
      intent: { size: '8' },
      checks: [{ rule: 'exposure', outcome: 'shrunk', to: '8' }],
    });
    expect(decision.checks[0]?.reason).toContain(name);
  });

  test('a market of no event is not held to the limit of events', () => {
    expect(said({ limits: limits({ maxEventUsd: '0' }), ...held('0', null, '0') })).toBe(
      'admitted',
    );
  });

  test('room is counted in the millionths that a reservation has', () => {
    // 0.33664 a share: 10.01 shares would hold back 3.369767, and 3.36976645 are free.
    const instrument = { ...rain, fees: { ...rain.fees, rate: '0.03' } };
    const full = {
      ...{ instrument, limits: limits({ maxTotalUsd: '10' }) },
      ...held('0', null, '6.63023355'),
    };
    const decision = decide(facts({ ...full, intent: intent({ price: '0.33', size: '20' }) }));
    expect(decision).toMatchObject({ intent: { size: '10' }, reservedUsd: '3.3664' });
    const again = intent({ price: '0.33', size: '10' });
    expect(decide(facts({ ...full, intent: again }))).toMatchObject({ checks: [] });
  });
});

describe('cash', () => {
  test.each([
    ['5.000001', 'admitted'],
    ['5', 'admitted'],
    ['4.999999', 'not_enough_cash'],
    ['-1', 'not_enough_cash'],
  ])('an order of 5 dollars with %s available: %s', (availableUsd, word) => {
    expect(said({ availableUsd })).toBe(word);
  });

  test('is looked at after the order was made smaller', () => {
    const small = { limits: limits({ maxOrderUsd: '4' }) };
    expect(sized({ ...small, availableUsd: '4' })).toBe('maxOrder 8');
    expect(sized({ ...small, availableUsd: '3.99' })).toBe('not_enough_cash');
  });

  test('never makes an order smaller', () => {
    expect(sized({ availableUsd: '4' })).toBe('not_enough_cash');
  });

  test('what is admitted holds back what it may cost', () => {
    expect(decide(facts({ instrument: rain }))).toMatchObject({
      ...{ reserveRate: '0.5125', reservedUsd: '5.125', reservedShares: '0' },
    });
    expect(
      decide(facts({ instrument: rain, limits: limits({ maxOrderUsd: '4.1' }) })),
    ).toMatchObject({ intent: { size: '8' }, reservedUsd: '4.1' });
  });
});

describe('shares', () => {
  test.each([
    ['10', '0', 'admitted'],
    ['9.99', '0', 'not_enough_shares'],
    ['15', '5', 'admitted'],
    ['15', '5.01', 'not_enough_shares'],
    ['5', '10', 'not_enough_shares'],
    ['0', '0', 'not_enough_shares'],
  ])('10 to sell, %s settled, %s of them promised: %s', (sellableShares, reservedShares, word) => {
    expect(said({ intent: sell, sellableShares, reservedShares })).toBe(word);
  });

  test('an exit holds back its shares and no dollars', () => {
    expect(decide(facts({ intent: sell, instrument: rain }))).toMatchObject({
      ...{ reserveRate: '1', reservedUsd: '0', reservedShares: '10' },
    });
  });
});
