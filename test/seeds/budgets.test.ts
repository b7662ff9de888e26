/** Capital for work that spans orders, as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { BudgetView } from '../../src/actors/budget-rows.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import { untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

const floor = useFloor();

/** The texts know no fees: markets without. */
const fees = { ...rain.fees, rate: '0' };
const [first, second]: readonly [Instrument, Instrument] = [
  { ...rain, fees },
  { ...noRain, fees },
];
let venue: ScriptedVenue;
beforeEach(() => {
  venue = createScriptedVenue({ now: Date.now, instruments: [first, second] });
});
const start = () => floor.start({ venue: () => venue.connect() });
type Desk = Awaited<ReturnType<typeof start>>;

const said = { by: 'arbitrage', reason: 'both legs of one opportunity' };

async function reserveBudget({ trading }: Desk, amountUsd: string, key: string): Promise<string> {
  const asked = { owner: 'arbitrage', amountUsd, expiresInMs: 60_000, key };
  const { facts } = await trading.send({ type: 'budget.reserve', ...asked, ...said });
  return (facts.budget as BudgetView).budgetId;
}
const release = ({ trading }: Desk, budgetId: string) =>
  trading.send({ type: 'budget.release', budgetId, ...said });
const money = async ({ trading }: Desk) => {
  const { cashUsd, reservedUsd, budgetsUsd, availableUsd } = await trading.account();
  return { cashUsd, reservedUsd, budgetsUsd, availableUsd };
};
const standing = async ({ trading }: Desk, id: string) => (await trading.budgets({ id }))[0];
/** Ten shares of one leg; the pair costs 0.95. */
const leg = (budget: string, instrument: Instrument, price: string) => ({
  ...{ strategy: 'arbitrage', budget, instrument: instrument.id, price, size: '10' },
});

async function fill(desk: Desk, orderId: string, instrument: Instrument, price: string) {
  const venueOrderId = `0x${orderId}`;
  const leg = { venueOrderId, tradeId: orderId, instrumentId: instrument.id, size: '10', price };
  venue.fill(leg);
  await untilState(desk.trading, orderId, 'matched');
}

describe('capital is reserved before the first leg', () => {
  test('all of it or nothing: of two opportunities that fit alone and not together one gets it', async () => {
    const desk = await start();
    const asked = await Promise.allSettled([
      reserveBudget(desk, '600', 'opportunity-1'),
      reserveBudget(desk, '600', 'opportunity-2'),
    ]);
    // Asked for at once, whichever comes first.
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = asked.find(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({ reason: { code: 'insufficient_funds' } });
    expect(await money(desk)).toMatchObject({ budgetsUsd: '600', availableUsd: '400' });
  });

  test('the second leg finds its money, whatever others have spent meanwhile', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '9.5', 'opportunity');
    const one = await place(desk, leg(budget, first, '0.45'));
    // Somebody else takes all that is left.
    await place(desk, { price: '0.5', size: '1981' });
    expect((await desk.submit({ price: '0.5' })).order.status).toBe('DENIED');
    await fill(desk, one, first, '0.45');
    const two = await place(desk, leg(budget, second, '0.5'));
    await fill(desk, two, second, '0.5');
    expect(await standing(desk, budget)).toMatchObject({ committedUsd: '9.5', remainingUsd: '0' });
  });
});

describe('committed after success', () => {
  test('both legs filled: what they cost is committed by their fills, the rest returns', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '20', 'opportunity');
    const one = await place(desk, leg(budget, first, '0.45'));
    await fill(desk, one, first, '0.45');
    const two = await place(desk, leg(budget, second, '0.5'));
    await fill(desk, two, second, '0.5');
    await release(desk, budget);
    expect(await standing(desk, budget)).toMatchObject({ state: 'released', committedUsd: '9.5' });
    expect(await money(desk)).toEqual({
      ...{ cashUsd: '990.5', reservedUsd: '0', budgetsUsd: '0', availableUsd: '990.5' },
    });
  });

  test('only one leg filled: its cost is committed, the money of the other returns', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '9.5', 'opportunity');
    const one = await place(desk, leg(budget, first, '0.45'));
    await fill(desk, one, first, '0.45');
    venue.onSubmit = async () => ({ kind: 'rejected', reason: 'no' });
    const { orderId } = await desk.submit(leg(budget, second, '0.5'));
    await untilState(desk.trading, orderId, 'rejected');
    expect(await standing(desk, budget)).toMatchObject({ committedUsd: '4.5', remainingUsd: '5' });
    await release(desk, budget);
    expect(await money(desk)).toMatchObject({ cashUsd: '995.5', availableUsd: '995.5' });
  });

  test('what was spent by other means is committed by word', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '20', 'opportunity');
    await desk.trading.send({ type: 'budget.commit', budgetId: budget, ...said });
    expect(await standing(desk, budget)).toMatchObject({ state: 'committed', committedUsd: '20' });
    expect(await money(desk)).toMatchObject({ cashUsd: '1000', budgetsUsd: '0' });
  });
});

describe('released after failure', () => {
  test('no leg filled: all of it returns', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '9.5', 'opportunity');
    const one = await place(desk, leg(budget, first, '0.45'));
    await desk.trading.cancel(one);
    await untilState(desk.trading, one, 'cancelled');
    await release(desk, budget);
    expect(await money(desk)).toEqual({
      ...{ cashUsd: '1000', reservedUsd: '0', budgetsUsd: '0', availableUsd: '1000' },
    });
  });

  test('released twice, it returns once', async () => {
    const desk = await start();
    const budget = await reserveBudget(desk, '9.5', 'opportunity');
    const answers = [await release(desk, budget), await release(desk, budget)];
    expect(answers.map(({ changed }) => changed)).toEqual([true, false]);
    expect(await money(desk)).toMatchObject({ availableUsd: '1000' });
  });
});

describe('the state of risk is kept', () => {
  test('a crash between the legs: the second one still has its money', async () => {
    const before = await start();
    const budget = await reserveBudget(before, '9.5', 'opportunity');
    const one = await place(before, leg(budget, first, '0.45'));
    await fill(before, one, first, '0.45');
    await before.crash();
    const after = await start();
    expect(await standing(after, budget)).toMatchObject({ state: 'open', remainingUsd: '5' });
    expect(await reserveBudget(after, '9.5', 'opportunity')).toBe(budget);
    await place(after, leg(budget, second, '0.5'));
    expect(await money(after)).toMatchObject({ reservedUsd: '5', budgetsUsd: '0' });
  });
});
