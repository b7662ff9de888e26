/** The exit manager of the requirements: every behaviour, boundary and figure that it was given. */
import { describe, expect, test } from 'vitest';
import { DAY_MS, DEFAULT_EXIT_PLAN } from '../../src/domain/exits/default-plan.ts';
import { evaluateExit, exitStrategyAt } from '../../src/domain/exits/evaluate-exit.ts';
import { exitIntent } from '../../src/domain/exits/exit-ladder.ts';
import { freshMemory } from '../../src/domain/exits/exit-memory.ts';
import type { Holding } from '../../src/domain/exits/holding.ts';
import type { ExitOrderReport } from '../../src/machines/exit.events.ts';
import { exitSummaries } from '../../src/machines/exit.summary.ts';
import { exitContext, exitIn, holding, order, prices } from '../support/exits.ts';
import { AT_MS, rain } from '../support/orders.ts';

/** 20 shares at 0.95, held for so many days. */
function heldFor(days: number) {
  return holding({ openedAtMs: AT_MS - days * DAY_MS });
}

function decisionAt(price: string, days: number) {
  return evaluateExit({
    plan: DEFAULT_EXIT_PLAN,
    holding: heldFor(days),
    prices: prices(price),
    memory: freshMemory('20'),
    nowMs: AT_MS,
  }).decision;
}

describe('which strategy a position has', () => {
  test('a young position holds to resolution, even at the profit target', () => {
    expect(decisionAt('0.99', 2)).toMatchObject({ kind: 'hold' });
  });

  test('an old position exits at the profit target', () => {
    expect(decisionAt('0.99', 10)).toMatchObject({ kind: 'exit', reason: 'profit_target' });
  });

  test('an old position exits at the stop loss', () => {
    expect(decisionAt('0.90', 10)).toMatchObject({ kind: 'exit', reason: 'stop_loss' });
  });

  test('an old position holds between the stop and the target', () => {
    expect(decisionAt('0.94', 10)).toMatchObject({ kind: 'hold' });
  });

  test.each([
    [2, 'holdToResolution'],
    [6, 'holdToResolution'],
    [7, 'conditionalExit'],
    [8, 'conditionalExit'],
    [10, 'conditionalExit'],
    [30, 'conditionalExit'],
  ] as const)('after %i days it is %s', (days, strategy) => {
    expect(exitStrategyAt(DEFAULT_EXIT_PLAN, days * DAY_MS)).toBe(strategy);
  });

  test('the seventh day is over to the millisecond', () => {
    expect(exitStrategyAt(DEFAULT_EXIT_PLAN, 7 * DAY_MS - 1)).toBe('holdToResolution');
  });

  test.each([
    ['0.89', true],
    ['0.90', true],
    ['0.91', false],
    ['0.98', false],
    ['0.99', true],
    ['1.00', true],
  ])('of an old position the price %s exits: %s', (price, exits) => {
    expect(decisionAt(price, 10).kind === 'exit').toBe(exits);
  });

  test.each(['0.89', '0.90', '0.91', '0.98', '0.99', '1.00'])(
    'of a young position the price %s exits never',
    (price) => {
      expect(decisionAt(price, 6).kind).toBe('hold');
    },
  );
});

/** An exit that has been asked for at this price, and what is told of its order. */
function exitAt(price: string) {
  const exit = exitIn(undefined, exitContext({ plan: DEFAULT_EXIT_PLAN, holding: heldFor(10) }));
  exit.send({ type: 'exit.priced', prices: prices(price), atMs: AT_MS });
  const [attempt] = exit.context().attempts;
  if (attempt === undefined) throw new Error('nothing was asked for');
  const tell = (change: Partial<ExitOrderReport>, after: Holding = heldFor(10), atMs = AT_MS) =>
    exit.send({
      type: 'exit.orderProgressed',
      order: order(attempt.key, change),
      holding: after,
      atMs,
    });
  return { exit, attempt, tell };
}

const gone = holding({ size: '0' });
const matchedOnly = holding({ size: '0', isFinal: false });

describe('carrying an exit out', () => {
  test('submits a SELL of the whole position at the price', () => {
    const { attempt } = exitAt('0.99');
    expect(exitIntent(attempt.key, rain, attempt.terms, attempt.reason)).toMatchObject({
      instrument: rain.id,
      side: 'SELL',
      price: '0.99',
      size: '20',
      reason: 'profit_target',
    });
  });

  test.each([
    ['0.99', '19.8', '0.8', 'profit_target'],
    ['0.90', '18', '-1', 'stop_loss'],
  ])('20 shares from 0.95 to %s realise what they should', (price, filledUsd, pnl, reason) => {
    const { exit, tell } = exitAt(price);
    tell({ phase: 'over', filledSize: '20', filledUsd, confirmedSize: '20' }, gone);
    expect(exit.state()).toBe('done');
    expect(exitSummaries(exit.context())).toMatchObject([
      { entryPrice: '0.95', size: '20', realizedPnl: pnl, reason, isFinal: true },
    ]);
  });

  test('records one exit event, with its price and its reason', () => {
    const { exit, tell } = exitAt('0.99');
    const sold = { phase: 'over', filledSize: '20', filledUsd: '19.8', feesUsd: '0.01' } as const;
    tell({ ...sold, confirmedSize: '20' }, gone);
    const [event, ...more] = exitSummaries(exit.context());
    expect(more).toEqual([]);
    expect(event).toMatchObject({ exitPrice: '0.99', feesUsd: '0.01', reason: 'profit_target' });
  });
});

describe('waiting for confirmation', () => {
  test('the acceptance of the order closes nothing', () => {
    const { exit, tell } = exitAt('0.99');
    tell({ phase: 'working' });
    expect(exit.state()).toBe('exiting.waiting');
    expect(exit.context().holding.size).toBe('20');
  });

  test('a match alone closes nothing', () => {
    const { exit, tell } = exitAt('0.99');
    tell({ phase: 'over', filledSize: '20', filledUsd: '19.8' }, matchedOnly);
    expect(exit.state()).not.toBe('done');
    tell({ phase: 'over', filledSize: '20', filledUsd: '19.8', confirmedSize: '20' }, gone);
    expect(exit.state()).toBe('done');
  });

  test('an order that is not filled within 30 s is withdrawn, and the position stays open', () => {
    const { exit, tell } = exitAt('0.99');
    tell({ phase: 'working' });
    expect(exit.context().deadlineAtMs).toBe(AT_MS + 30_000);
    const later = { atMs: AT_MS + 30_000 };
    exit.send({ type: 'clock.deadlinePassed', prices: null, ...later });
    expect(exit.state()).toBe('exiting.cancelling');
    tell({ phase: 'over', reason: 'cancelled' }, heldFor(10), later.atMs);
    expect(exit.context().holding.size).toBe('20');
    expect(exit.state()).toBe('exiting.placing');
  });

  test('a rejected order closes nothing', () => {
    const { exit, tell } = exitAt('0.99');
    tell({ phase: 'over', reason: 'rejected' });
    expect(exit.state()).not.toBe('done');
    expect(exitSummaries(exit.context())).toEqual([]);
  });

  test('a part that is filled reduces the position, and only the rest is asked for again', () => {
    const { exit, tell } = exitAt('0.99');
    const part = { phase: 'over', filledSize: '8', filledUsd: '7.92', confirmedSize: '8' } as const;
    tell(part, holding({ ...heldFor(10), size: '12', sellableSize: '12' }));
    expect(exit.context().attempts.at(-1)?.terms).toMatchObject({ price: '0.99', size: '12' });
  });

  test('an exit never asks for more than is settled and free', () => {
    const short = holding({ ...heldFor(10), sellableSize: '15', reservedShares: '5' });
    const exit = exitIn(undefined, exitContext({ plan: DEFAULT_EXIT_PLAN, holding: short }));
    exit.send({ type: 'exit.priced', prices: prices('0.90'), atMs: AT_MS });
    expect(exit.context().attempts.at(-1)?.terms).toMatchObject({ size: '10' });
  });
});
