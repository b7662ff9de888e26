/** Holds, overrides and the venue's answers as the system actor keeps them, and the state it shows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { HOLD_LEVELS, type HoldLevel, type Holds, holdOnAll } from '../../src/domain/risk/holds.ts';
import { DEFAULT_LIMITS } from '../../src/domain/risk/limits.ts';
import type { Override } from '../../src/domain/risk/overrides.ts';
import { NO_ANSWERS, OUTCOMES_KEPT } from '../../src/domain/risk/rule.ts';
import {
  type SystemContext,
  type SystemEvent,
  systemMachine,
} from '../../src/machines/system.machine.ts';
import {
  type HoldEvent,
  takeAnswer,
  takeHold,
  takeOverride,
} from '../../src/machines/system.risk.ts';
import { AT_MS } from '../support/orders.ts';

const held = (level: HoldLevel, scope = 'all', untilMs?: number): HoldEvent => ({
  ...{ type: 'trading.held', level, scope, by: 'Ann', reason: 'lunch', atMs: AT_MS },
  ...(untilMs === undefined ? {} : { untilMs }),
});
const released = (scope = 'all', atMs = AT_MS): HoldEvent => ({
  ...{ type: 'trading.released', scope, by: 'Ben', reason: 'back', atMs },
});
const paused: HoldEvent = { type: 'trading.paused', by: 'Ann', reason: 'lunch', atMs: AT_MS };
const resumed: HoldEvent = { type: 'trading.resumed', by: 'Ben', atMs: AT_MS };

function holdsAfter(...events: readonly HoldEvent[]): Holds {
  return events.reduce(takeHold, {} as Holds);
}

describe('holds', () => {
  test('one is kept with who said it, why, and since when', () => {
    expect(holdsAfter(held('halted', 'market:rain', AT_MS + 5))).toEqual({
      'market:rain': {
        ...{ scope: 'market:rain', level: 'halted', reason: 'lunch', by: 'Ann' },
        ...{ sinceMs: AT_MS, untilMs: AT_MS + 5 },
      },
    });
  });

  test('the word of an older program is a pause of everything without an end', () => {
    expect(holdsAfter(paused)).toEqual(holdsAfter(held('paused')));
    expect(holdsAfter(held('halted'), resumed)).toEqual({});
  });

  test('a new one of the same scope takes the place of the old one, also a weaker one', () => {
    const after = holdsAfter(held('halted'), held('paused'));
    expect(Object.values(after).map(({ level }) => level)).toEqual(['paused']);
  });

  test('each scope is released for itself', () => {
    const all = [held('paused'), held('halted', 'market:rain'), held('reducing', 'engine:clock')];
    expect(Object.keys(holdsAfter(...all, released()))).toEqual(['market:rain', 'engine:clock']);
    expect(Object.keys(holdsAfter(...all, resumed))).toEqual(['market:rain', 'engine:clock']);
    expect(holdsAfter(...all, released('engine:clock'), released('market:rain'))).toEqual(
      holdsAfter(held('paused')),
    );
  });

  test('what nobody holds is released without harm, and what was there is not changed', () => {
    const before = Object.freeze(holdsAfter(held('paused')));
    expect(takeHold(before, released('strategy:x'))).toEqual(before);
    takeHold(before, released());
    expect(Object.keys(before)).toEqual(['all']);
  });
});

describe('overrides', () => {
  const override = (overrideId: string, untilMs = AT_MS + 10): Override => ({
    ...{ overrideId, rules: ['slippage'], by: 'Ann', why: 'a test', untilMs },
  });
  const granted = (overrideId: string, atMs = AT_MS, untilMs = AT_MS + 10) =>
    ({ type: 'override.granted', override: override(overrideId, untilMs), atMs }) as const;
  const idsOf = (overrides: readonly Override[]) => overrides.map(({ overrideId }) => overrideId);

  test('they wait in the order in which they were granted', () => {
    const two = takeOverride(takeOverride([], granted('o1')), granted('o2'));
    expect(idsOf(two)).toEqual(['o1', 'o2']);
  });

  test.each([
    [AT_MS + 9, ['o1', 'o2']],
    [AT_MS + 10, ['o2']],
  ])('one that ends at 10 ms goes when another comes at %i', (atMs, left) => {
    expect(idsOf(takeOverride([override('o1')], granted('o2', atMs, AT_MS + 99)))).toEqual(left);
  });
});

describe("the venue's answers", () => {
  test('refusals in a row are counted until one is taken', () => {
    const twice = takeAnswer(takeAnswer(NO_ANSWERS, true, AT_MS), true, AT_MS + 1);
    expect(twice).toEqual({ rejectsInARow: 2, lastRejectAtMs: AT_MS + 1, newest: [true, true] });
    expect(takeAnswer(twice, false, AT_MS + 2)).toEqual({
      ...{ rejectsInARow: 0, lastRejectAtMs: AT_MS + 1, newest: [true, true, false] },
    });
  });

  test('of the newest so many are kept', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60, size: 'max' }), (said) => {
        const answers = said.reduce(
          (before, no, index) => takeAnswer(before, no, index),
          NO_ANSWERS,
        );
        expect(answers.newest).toEqual(said.slice(-OUTCOMES_KEPT));
        const lastTaken = said.lastIndexOf(false);
        expect(answers.rejectsInARow).toBe(said.length - 1 - lastTaken);
        const lastRefused = said.lastIndexOf(true);
        expect(answers.lastRejectAtMs).toBe(lastRefused === -1 ? null : lastRefused);
      }),
    );
  });
});

const nothing = () => undefined;
const bare = systemMachine.provide({
  actions: {
    heedHolds: () => undefined,
    ...{ openEngine: nothing, routeToAccount: nothing, admitIntent: nothing },
    ...{ routeToOrder: nothing, matchOrphans: nothing, routeToVenue: nothing },
    ...{ rebuildActor: nothing, reapActor: nothing, restoreOrders: nothing },
    ...{ recordOrphan: nothing, recordFinding: nothing },
  },
});

function opened(limits: object = { limits: DEFAULT_LIMITS }) {
  const actor = createActor(bare).start();
  actor.send({
    ...{ type: 'engine.opened', accountId: 'main', minimumReserveUsd: '0', venue: 'paper' },
    ...{ maxOpenOrders: 10, ...limits, atMs: AT_MS },
  });
  return {
    tell(...events: readonly SystemEvent[]): string {
      for (const event of events) actor.send(event);
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : value.trading;
    },
    context: (): SystemContext => actor.getSnapshot().context,
  };
}

describe('the state of the engine', () => {
  test.each(HOLD_LEVELS)('%s on everything is shown, and active once it is released', (level) => {
    const system = opened();
    expect(system.tell(held(level))).toBe(level);
    expect(system.tell(released())).toBe('active');
  });

  test('the words of an older program are shown as they were', () => {
    const system = opened();
    expect(system.tell(paused)).toBe('paused');
    expect(system.tell(resumed)).toBe('active');
  });

  test('a hold on a market or a strategy is not one on everything', () => {
    const system = opened();
    expect(system.tell(held('halted', 'market:rain'), held('halted', 'strategy:a'))).toBe('active');
    expect(system.tell(held('paused'))).toBe('paused');
    expect(system.tell(released())).toBe('active');
    expect(Object.keys(system.context().holds)).toEqual(['market:rain', 'strategy:a']);
  });

  test('what the engine holds by itself goes on when a person resumes, and the other way round', () => {
    const system = opened();
    expect(system.tell(held('paused'), held('reducing', 'engine:dailyLoss'))).toBe('reducing');
    expect(system.tell(released())).toBe('reducing');
    expect(system.tell(resumed)).toBe('reducing');
    expect(system.tell(held('halted'))).toBe('halted');
    expect(system.tell(released('engine:dailyLoss'))).toBe('halted');
    expect(system.tell(released())).toBe('active');
  });

  test('the strictest is shown whichever came last, and the next one when it goes', () => {
    const causes = ['paused', 'reducing', 'liquidating', 'halted'] as const;
    const scopes = ['engine:clock', 'engine:drawdown', 'engine:reconciliation', 'all'];
    const system = opened();
    const all = causes.map((level, index) => held(level, scopes[index]));
    expect(system.tell(...all)).toBe('halted');
    expect(system.tell(...all.toReversed())).toBe('halted');
    expect(scopes.toReversed().map((scope) => system.tell(released(scope)))).toEqual([
      ...['liquidating', 'reducing', 'paused', 'active'],
    ]);
  });

  test('one whose time is over counts no more at the next word', () => {
    const system = opened();
    expect(system.tell(held('halted', 'engine:dailyLoss', AT_MS + 10))).toBe('halted');
    expect(system.tell(released('market:rain', AT_MS + 9))).toBe('halted');
    expect(system.tell(released('market:rain', AT_MS + 10))).toBe('active');
  });

  test('after any words it is the level of the strictest hold on everything', () => {
    const scopes = ['all', 'market:rain', 'strategy:a', 'engine:clock', 'engine:drawdown'];
    const scope = fc.constantFrom(...scopes);
    const words = fc.oneof(
      fc.tuple(fc.constantFrom(...HOLD_LEVELS), scope).map(([level, of]) => held(level, of)),
      scope.map((of) => released(of)),
      fc.constant(paused),
      fc.constant(resumed),
    );
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 12 }), (list) => {
        const system = opened();
        const shown = system.tell(...list);
        expect(system.context().holds).toEqual(holdsAfter(...list));
        expect(shown).toBe(holdOnAll(system.context().holds, AT_MS)?.level ?? 'active');
      }),
    );
  });
});

describe('what else the system actor keeps', () => {
  const order = { clientOrderId: 'ord_1', atMs: AT_MS };

  test('answers are counted once limits are told, and not by programs that had none', () => {
    const words: SystemEvent[] = [
      { type: 'venue.orderRejected', reason: 'no', ...order },
      { type: 'venue.orderKilled', reason: 'nothing there', ...order },
      { type: 'venue.orderRejected', reason: 'no', ...order },
    ];
    const [system, old] = [opened(), opened({})];
    system.tell(...words);
    old.tell(...words);
    expect(system.context().answers).toEqual({
      ...{ rejectsInARow: 1, lastRejectAtMs: AT_MS, newest: [true, false, true] },
    });
    expect(old.context().answers).toEqual(NO_ANSWERS);
  });

  test('each start tells its limits', () => {
    const system = opened();
    expect(system.context()).toMatchObject({ limits: DEFAULT_LIMITS, maxOpenOrders: 10 });
    const limits = { ...DEFAULT_LIMITS, maxOrderUsd: '5' };
    const start = { minimumReserveUsd: '0', maxOpenOrders: 20, atMs: AT_MS };
    system.tell({ type: 'engine.restored', limits, ...start });
    expect(system.context()).toMatchObject({ limits, maxOpenOrders: 20 });
    system.tell({ type: 'engine.restored', ...start });
    expect(system.context().limits).toBeNull();
  });

  test('an override that an order has used up is gone', () => {
    const system = opened();
    const grant = (overrideId: string): SystemEvent => ({
      type: 'override.granted',
      override: { overrideId, rules: ['slippage'], by: 'A', why: 'b', untilMs: AT_MS + 1 },
      atMs: AT_MS,
    });
    system.tell(grant('o1'), grant('o2'), { type: 'overrides.spent', overrideIds: ['o1'] });
    expect(system.context().overrides.map(({ overrideId }) => overrideId)).toEqual(['o2']);
  });
});
