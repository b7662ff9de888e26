/** Rows hold what XState itself would persist, and older ones are read as they were meant. */
import { describe, expect, test } from 'vitest';
import { decodeSnapshot, encodeSnapshot, VERSIONS } from '../../src/actors/codec.ts';
import type { ActorKind, ActorRow } from '../../src/actors/store-port.ts';
import { NO_BUDGETS } from '../../src/domain/budgets.ts';
import { NO_ANSWERS } from '../../src/domain/risk/rule.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { takeLeg } from '../../src/machines/order.reducers.ts';
import { EXECUTION_STATES } from '../../src/machines/order.status.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, leg, orderContext } from '../support/orders.ts';

test.each(EXECUTION_STATES)('an order in %s is written as XState persists it', (state) => {
  const { next } = takeLeg(orderContext({ retryAtMs: AT_MS }), leg(), AT_MS);
  const { actor } = orderIn(state, next, 'matched');
  const persisted = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));

  expect(JSON.parse(encodeSnapshot(orderMachine, actor.getSnapshot()))).toEqual(persisted);
});

test('an actor that was stopped is never written: its row would hear nothing any more', () => {
  const { actor } = orderIn('working.open');
  actor.stop();
  expect(() => encodeSnapshot(orderMachine, actor.getSnapshot())).toThrow(
    /Only an actor that lives/,
  );
});

describe('rows of older programs', () => {
  function upcast(kind: ActorKind, version: number, value: string, context: object) {
    const snapshot = JSON.stringify({ status: 'active', value, context, children: {} });
    const row = { actorId: `${kind}:x`, kind, version, snapshot } as ActorRow;
    return decodeSnapshot(row) as { readonly context: Record<string, unknown> };
  }

  const system = { orphans: {}, orphanCount: 0, maxOpenOrders: 5 };
  const pause = (pauseReason: unknown, version = 2) =>
    upcast('system', version, 'empty', { ...system, findings: {}, bootProblem: null, pauseReason });
  const heldBy = (reason: string, by: string) => ({
    all: { scope: 'all', level: 'paused', reason, by, sinceMs: 0, untilMs: null },
  });

  test.each([
    ['lunch (by Ann)', heldBy('lunch', 'Ann')],
    ['the feed (by hand) looks wrong (by Ann)', heldBy('the feed (by hand) looks wrong', 'Ann')],
    ['two\nlines (by Ann)', heldBy('two\nlines', 'Ann')],
    ['no name', heldBy('no name', 'somebody')],
    ['', heldBy('', 'somebody')],
    [null, {}],
    [undefined, {}],
  ])('a pause "%s" is a hold on everything with the name in its words', (text, holds) => {
    const { context } = pause(text);
    expect(context).toMatchObject({ holds, overrides: [], limits: null, answers: NO_ANSWERS });
    expect(context).not.toHaveProperty('pauseReason');
  });

  test('the first version of the system takes every step', () => {
    expect(upcast('system', 1, 'empty', { ...system, pauseReason: 'x (by y)' }).context).toEqual({
      ...{ ...system, findings: {}, bootProblem: null, holds: heldBy('x', 'y') },
      ...{ overrides: [], limits: null, exitPlan: null, catalogue: 0, answers: NO_ANSWERS },
      limitLevels: {},
    });
  });

  test('an account that knew no days and no equity begins with none, and with no budgets', () => {
    const money = { depositsUsd: '1', cashUsd: '1', feesUsd: '0', reservedUsd: '0' };
    const old = { accountId: 'main', minimumReserveUsd: '0', ...money };
    expect(upcast('account', 1, 'funded', old).context).toEqual({
      ...{ ...old, day: null, equity: null },
      ...NO_BUDGETS,
    });
  });

  test.each([
    ['paper:rain:YES', 'rain'],
    ['polymarket:0x12ab:NO', '0x12ab'],
    ['paper:with:colons:NO', 'with:colons'],
  ])('a position %s is of the market %s, and of no event', (instrumentId, marketId) => {
    const old = { instrumentId, fold: {}, reservedShares: '0' };
    for (const version of [1, 2]) {
      const { context } = upcast('position', version, 'flat', { ...old, openFindings: 0 });
      expect(context).toMatchObject({ instrumentId, marketId, eventId: null, openFindings: 0 });
    }
  });

  test.each([
    ['overrides', { overrides: {} }],
    ['holds', { holds: [] }],
    ['answers', { answers: null }],
  ])('a row without its %s is refused by its name', (field, broken) => {
    const whole = { ...system, findings: {}, holds: {}, overrides: [], answers: NO_ANSWERS };
    expect(() => upcast('system', VERSIONS.system, 'empty', { ...whole, ...broken })).toThrow(
      `context.${field}`,
    );
  });
});
