/** What a day has won or lost, and the highest equity: as limits on losses look at them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { compare, plus } from '../../src/domain/exact.ts';
import {
  type AccountContext,
  type AccountEvent,
  accountMachine,
  dayPnlUsd,
} from '../../src/machines/account.machine.ts';
import { AT_MS } from '../support/orders.ts';

const atMs = AT_MS;

function accountAfter(...events: readonly AccountEvent[]): AccountContext {
  const input = { accountId: 'main', minimumReserveUsd: '0', atMs };
  const actor = createActor(accountMachine, { input }).start();
  for (const event of events) actor.send(event);
  return actor.getSnapshot().context;
}

function won(date: string, pnlUsd: string, type: 'legApplied' | 'legVoided' = 'legApplied') {
  const leg = { side: 'SELL', price: '0.5', size: '10', feeUsd: '0.1' } as const;
  const result = { date, pnlUsd };
  return { type: `account.${type}`, leg, reservedUsdChange: '0', result, atMs } as const;
}

const marked = (equityUsd: string): AccountEvent => ({ type: 'account.marked', equityUsd, atMs });

describe('a day', () => {
  test('before any fill it has won and lost nothing', () => {
    expect(dayPnlUsd(accountAfter(), '2026-11-27')).toBe('0');
  });

  test('adds up what its fills won and lost', () => {
    const account = accountAfter(won('2026-11-27', '-3'), won('2026-11-27', '1.5'));
    expect(account.day).toEqual({ date: '2026-11-27', pnlUsd: '-1.5' });
    expect(dayPnlUsd(account, '2026-11-27')).toBe('-1.5');
  });

  test('what a void takes back is taken back', () => {
    const lost = won('2026-11-27', '-3');
    const account = accountAfter(lost, won('2026-11-27', '3', 'legVoided'));
    expect(dayPnlUsd(account, '2026-11-27')).toBe('0');
    expect(account).toMatchObject({ cashUsd: '0', feesUsd: '0' });
  });

  test('the next one begins with nothing, before and after its first fill', () => {
    const account = accountAfter(won('2026-11-27', '-3'));
    expect(dayPnlUsd(account, '2026-11-28')).toBe('0');
    const next = accountAfter(won('2026-11-27', '-3'), won('2026-11-28', '1'));
    expect(next.day).toEqual({ date: '2026-11-28', pnlUsd: '1' });
  });

  test('a clock that is set back does not forget what was lost', () => {
    const account = accountAfter(won('2026-11-28', '-3'), won('2026-11-27', '-1'));
    expect(account.day).toEqual({ date: '2026-11-28', pnlUsd: '-4' });
    expect(dayPnlUsd(account, '2026-11-27')).toBe('-4');
  });

  test('of programs that kept no days nothing is known, and money moves all the same', () => {
    const { result: _none, ...old } = won('2026-11-27', '-3');
    expect(accountAfter(old)).toMatchObject({ day: null, cashUsd: '4.9', feesUsd: '0.1' });
  });

  test('it is the sum of the results of the newest date, in any order within it', () => {
    const dates = fc.constantFrom('2026-11-26', '2026-11-27', '2026-11-28');
    const results = fc.array(fc.tuple(dates, fc.integer({ min: -500, max: 500 }).map(String)));
    fc.assert(
      fc.property(results, (list) => {
        const sorted = [...list].sort(([a], [b]) => (a < b ? -1 : 1));
        const account = accountAfter(...sorted.map(([date, pnlUsd]) => won(date, pnlUsd)));
        for (const today of ['2026-11-26', '2026-11-27', '2026-11-28']) {
          const newest = sorted.at(-1)?.[0] ?? '';
          const counted = sorted.filter(([date]) => date === newest && date >= today);
          const sum = counted.reduce((total, [, pnlUsd]) => plus(total, pnlUsd), '0');
          expect(compare(dayPnlUsd(account, today), sum)).toBe(0);
        }
      }),
    );
  });
});

describe('equity', () => {
  test('its highest is kept, and survives what is lower', () => {
    expect(accountAfter().equity).toBeNull();
    expect(accountAfter(marked('90'), marked('100'), marked('80')).equity).toEqual({
      ...{ usd: '80', highestUsd: '100', atMs },
    });
  });

  test('is compared as a number, not as text', () => {
    expect(accountAfter(marked('9'), marked('10')).equity).toMatchObject({ highestUsd: '10' });
    expect(accountAfter(marked('-1')).equity).toMatchObject({ usd: '-1', highestUsd: '-1' });
  });

  test('changes no money', () => {
    const before = accountAfter(won('2026-11-27', '1'));
    const { equity, ...money } = accountAfter(won('2026-11-27', '1'), marked('7'));
    expect({ ...money, equity: null }).toEqual(before);
    expect(equity).not.toBeNull();
  });
});
