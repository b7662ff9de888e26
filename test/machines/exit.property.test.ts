/** Exits against a venue that fills, settles, voids and refuses as it likes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExitPlan } from '../../src/domain/exits/exit-plan.ts';
import type { Holding } from '../../src/domain/exits/holding.ts';
import { unplacedAttempt } from '../../src/machines/exit.reducers.ts';
import { exitContext, exitIn, holding, order, plan } from '../support/exits.ts';
import { AT_MS } from '../support/orders.ts';

/** An order as the venue has it. Whole shares: what is tested is not arithmetic. */
interface VenueOrder {
  readonly key: string;
  readonly size: number;
  readonly price: number;
  filled: number;
  confirmed: number;
  isOver: boolean;
  isTold: boolean;
}

type Step =
  | { readonly kind: 'price'; readonly cents: number | null }
  | { readonly kind: 'accept' | 'deny' | 'refuse' | 'end' | 'deadline' | 'repeat' }
  | { readonly kind: 'fill' | 'confirm' | 'void'; readonly order: number; readonly size: number }
  | { readonly kind: 'buy'; readonly size: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'suspend' | 'resume' };

const PLANS: readonly (readonly [string, ExitPlan])[] = [
  ['a stop', plan([{ id: 'stop', kind: 'stopLoss', price: '0.5' }])],
  [
    'a target, a stop and a trailing stop',
    plan([
      { id: 'target', kind: 'profitTarget', price: '0.9', percent: '50', group: 'oco' },
      { id: 'stop', kind: 'stopLoss', price: '0.5', group: 'oco' },
      { id: 'trail', kind: 'trailingStop', trailUsd: '0.2' },
    ]),
  ],
];

/** The position, its orders and the exit that leaves it. */
function world(exitPlan: ExitPlan) {
  const exit = exitIn(
    undefined,
    exitContext({ plan: exitPlan, holding: holding({ openedAtMs: AT_MS }) }),
  );
  const orders: VenueOrder[] = [];
  let bought = 20;
  let atMs = AT_MS;
  let cents: number | null = 70;
  /** The most that the venue ever had of us at once. */
  let mostOpen = 0;

  const sum = (pick: (one: VenueOrder) => number) =>
    orders.reduce((total, one) => total + pick(one), 0);

  function shares(): Holding {
    const size = bought - sum(({ filled }) => filled);
    const reserved = sum(({ isOver, size: asked, filled }) => (isOver ? 0 : asked - filled));
    return {
      ...holding({ size: String(size), boughtSize: String(bought) }),
      reservedShares: String(reserved),
      isFinal: orders.every(({ filled, confirmed }) => filled === confirmed),
    };
  }

  function tell(one: VenueOrder): void {
    one.isTold = true;
    const report = order(one.key, {
      clientOrderId: one.key,
      phase: one.isOver ? 'over' : 'working',
      filledSize: String(one.filled),
      filledUsd: String(one.filled),
      confirmedSize: String(one.confirmed),
    });
    exit.send({ type: 'exit.orderProgressed', order: report, holding: shares(), atMs });
  }

  /** The engine's own door: it never lets more be offered than is free. */
  function admit(isDenied: boolean): void {
    const attempt = unplacedAttempt(exit.context());
    if (exit.state() !== 'exiting.placing' || attempt === undefined) return;
    const known = orders.find(({ key }) => key === attempt.key);
    if (known !== undefined) {
      tell(known);
      return;
    }
    const size = Number(attempt.terms.size);
    const { size: held, reservedShares } = shares();
    expect(size).toBeLessThanOrEqual(Number(held) - Number(reservedShares));
    const price = Number(attempt.terms.price);
    const made = { key: attempt.key, size, price, filled: 0, confirmed: 0 };
    orders.push({ ...made, isOver: isDenied, isTold: false });
    mostOpen = Math.max(mostOpen, orders.filter(({ isOver }) => !isOver).length);
    const last = orders.at(-1);
    if (last !== undefined) tell(last);
  }

  const open = () => orders.find(({ isOver }) => !isOver);

  function act(step: Step): void {
    switch (step.kind) {
      case 'price': {
        cents = step.cents;
        const bid = cents === null ? null : String(cents / 100);
        exit.send({ type: 'exit.priced', prices: { bid, mark: bid, atMs }, atMs });
        return;
      }
      case 'accept':
      case 'deny':
        admit(step.kind === 'deny');
        return;
      case 'refuse': {
        const attempt = unplacedAttempt(exit.context());
        if (exit.state() !== 'exiting.placing' || attempt === undefined) return;
        if (orders.some(({ key }) => key === attempt.key)) return;
        exit.send({ type: 'exit.placingFailed', key: attempt.key, reason: 'no', atMs });
        return;
      }
      case 'end': {
        const one = open();
        if (one === undefined) return;
        one.isOver = true;
        tell(one);
        return;
      }
      case 'deadline': {
        const { deadlineAtMs } = exit.context();
        if (deadlineAtMs === null) return;
        atMs = Math.max(atMs, deadlineAtMs);
        const bid = cents === null ? null : String(cents / 100);
        exit.send({ type: 'clock.deadlinePassed', prices: { bid, mark: bid, atMs }, atMs });
        return;
      }
      case 'repeat': {
        const one = orders.at(-1);
        if (one !== undefined) tell(one);
        return;
      }
      case 'fill': {
        const one = open();
        if (one === undefined) return;
        one.filled = Math.min(one.size, one.filled + step.size);
        one.isOver = one.filled === one.size;
        tell(one);
        return;
      }
      case 'confirm': {
        const one = orders[step.order % Math.max(1, orders.length)];
        if (one === undefined) return;
        one.confirmed = Math.min(one.filled, one.confirmed + step.size);
        tell(one);
        return;
      }
      case 'void': {
        const one = orders[step.order % Math.max(1, orders.length)];
        if (one === undefined) return;
        one.filled = Math.max(one.confirmed, one.filled - step.size);
        tell(one);
        return;
      }
      case 'buy':
        bought += step.size;
        exit.send({ type: 'exit.holdingChanged', holding: shares(), atMs });
        return;
      case 'hold':
        if (exit.state() !== 'exiting.choosing') return;
        exit.send({ type: 'exit.chosen', choice: { kind: 'hold', ways: [], why: '' }, atMs });
        return;
      case 'suspend':
        exit.send({ type: 'exit.suspended', by: 'Ann', reason: 'r', atMs });
        return;
      case 'resume':
        exit.send({ type: 'exit.resumed', by: 'Ann', atMs });
    }
  }

  return { exit, act, shares, orders, open, mostOpen: () => mostOpen };
}

const some = fc.integer({ min: 1, max: 20 });
const change = (kind: 'fill' | 'confirm' | 'void') =>
  fc.record({ kind: fc.constant(kind), order: fc.nat({ max: 5 }), size: some });
type Plain =
  | 'accept'
  | 'deny'
  | 'refuse'
  | 'end'
  | 'deadline'
  | 'repeat'
  | 'hold'
  | 'suspend'
  | 'resume';
const just = (kind: Plain) => fc.constant<Step>({ kind });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('price' as const),
        cents: fc.option(fc.integer({ min: 1, max: 99 }), { freq: 8 }),
      }),
    },
    { weight: 8, arbitrary: just('accept') },
    { weight: 1, arbitrary: just('deny') },
    { weight: 1, arbitrary: just('refuse') },
    { weight: 3, arbitrary: just('end') },
    { weight: 3, arbitrary: just('deadline') },
    { weight: 1, arbitrary: just('repeat') },
    { weight: 2, arbitrary: just('hold') },
    { weight: 1, arbitrary: just('suspend') },
    { weight: 3, arbitrary: just('resume') },
    { weight: 6, arbitrary: change('fill') },
    { weight: 4, arbitrary: change('confirm') },
    { weight: 1, arbitrary: change('void') },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('buy' as const), size: some }),
    },
  ),
  { minLength: 10, maxLength: 80, size: 'max' },
);

describe.each(PLANS)('an exit by %s', (_name, exitPlan) => {
  test('has at most one open order, sells no more than is held, and is done only when all is final', () => {
    let sales = 0;
    let ends = 0;
    fc.assert(
      fc.property(steps, (path) => {
        const { exit, act, shares, orders, mostOpen } = world(exitPlan);
        for (const step of path) {
          act(step);
          expect(Number(shares().size)).toBeGreaterThanOrEqual(0);
          expect(exit.context().faults).toBe(0);
          expect(exit.actor().getSnapshot().status).toBe('active');
          if (exit.state() !== 'done') continue;
          ends += 1;
          expect(shares()).toMatchObject({ size: '0', isFinal: true });
        }
        expect(mostOpen()).toBeLessThanOrEqual(1);
        sales += orders.filter(({ filled }) => filled > 0).length;
      }),
      { numRuns: 300 },
    );
    expect(sales).toBeGreaterThan(50);
    expect(ends).toBeGreaterThan(10);
  });

  test('goes on after any restart as if there had been none', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat({ max: 79 }), { maxLength: 5 }), (path, deaths) => {
        const never = world(exitPlan);
        const often = world(exitPlan);
        for (const [index, step] of path.entries()) {
          never.act(step);
          if (deaths.includes(index)) often.exit.restart();
          often.act(step);
        }
        expect(often.exit.state()).toBe(never.exit.state());
        expect(often.exit.context()).toEqual(never.exit.context());
      }),
      { numRuns: 200 },
    );
  });

  test('sells everything in the end, whatever came before, where somebody bids below its stop', () => {
    fc.assert(
      fc.property(steps, (path) => {
        const { exit, act, open, orders } = world(exitPlan);
        for (const step of path) act(step);
        act({ kind: 'resume' });
        for (let round = 0; round < 40 && exit.state() !== 'done'; round += 1) {
          act({ kind: 'price', cents: 40 });
          act({ kind: 'accept' });
          act({ kind: 'hold' });
          if (exit.state() === 'exiting.cancelling') act({ kind: 'end' });
          const one = open();
          if (one !== undefined && one.price <= 0.4) act({ kind: 'fill', order: 0, size: 1_000 });
          for (const index of orders.keys()) act({ kind: 'confirm', order: index, size: 1_000 });
          act({ kind: 'deadline' });
        }
        expect(exit.state()).toBe('done');
      }),
      { numRuns: 300 },
    );
  });
});
