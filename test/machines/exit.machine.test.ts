/** How a position is left, step by step. */
import { describe, expect, test } from 'vitest';
import { type ActorRefFrom, createActor, type EventObject, fromCallback } from 'xstate';
import type { ExitChoice } from '../../src/domain/exits/exit-choice.ts';
import { exitIntent } from '../../src/domain/exits/exit-ladder.ts';
import type { Holding } from '../../src/domain/exits/holding.ts';
import { parseIntent } from '../../src/domain/parse-intent.ts';
import type { ExitContext } from '../../src/machines/exit.context.ts';
import type { ExitOrderReport } from '../../src/machines/exit.events.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { unplacedAttempt } from '../../src/machines/exit.reducers.ts';
import type { ExitDeadlineInput, ExitEffectInput } from '../../src/machines/exit.setup.ts';
import { exitSummaries } from '../../src/machines/exit.summary.ts';
import { isWorthTelling } from '../../src/machines/exit.telling.ts';
import { DAY_MS, exitContext, exitIn, holding, order, plan, prices } from '../support/exits.ts';
import { AT_MS, rain } from '../support/orders.ts';

const stop = { id: 'stop', kind: 'stopLoss', price: '0.9' };
const target = { id: 'target', kind: 'profitTarget', price: '0.99' };

const HOLDS: ExitChoice = { kind: 'hold', ways: [], why: 'hold: nobody bids' };

/** An exit with a clock that only moves when it is told to. */
function exitWith(over: Partial<ExitContext> = {}) {
  const exit = exitIn(undefined, exitContext(over));
  let atMs = AT_MS;
  let shares: Holding = exit.context().holding;
  const last = () => exit.context().attempts.at(-1);
  return {
    ...exit,
    last,
    terms: () => last()?.terms,
    price(bid: string | null, mark = bid) {
      exit.send({ type: 'exit.priced', prices: { bid, mark, atMs }, atMs });
    },
    holds(change: Partial<Holding>) {
      shares = { ...shares, ...change };
      exit.send({ type: 'exit.holdingChanged', holding: shares, atMs });
    },
    reports(change: Partial<ExitOrderReport>, after: Partial<Holding> = {}, attempt = last()) {
      shares = { ...shares, ...after };
      const report = order(attempt?.key ?? '', change);
      exit.send({ type: 'exit.orderProgressed', order: report, holding: shares, atMs });
    },
    passes(ms: number, bid: string | null = null) {
      atMs += ms;
      const known = bid === null ? null : { bid, mark: bid, atMs };
      exit.send({ type: 'clock.deadlinePassed', prices: known, atMs });
    },
    now: () => atMs,
  };
}

/** All 20 shares sold at 0.8, not yet confirmed; and confirmed. */
const matched = { phase: 'over', filledSize: '20', filledUsd: '16', feesUsd: '0.16' } as const;
const SOLD = { size: '0', sellableSize: '0', isFinal: false };
const confirmed = { ...matched, confirmedSize: '20' };
const GONE = { size: '0', sellableSize: '0', isFinal: true };

describe('closing', () => {
  test('an accepted order closes nothing', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.reports({ phase: 'working' });
    expect(exit.state()).toBe('exiting.waiting');
  });

  test('a matched order closes nothing, a confirmed one does', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.reports({ phase: 'working' });
    exit.reports(matched, SOLD);
    expect(exit.state()).toBe('exiting.settling');
    exit.reports(confirmed, GONE);
    expect(exit.state()).toBe('done');
  });

  test('a fill that takes long to confirm is not waited for: what else is held is watched', () => {
    const exit = exitWith({
      plan: plan([
        { ...stop, percent: '50' },
        { ...stop, id: 'low', price: '0.5' },
      ]),
    });
    exit.price('0.8');
    exit.reports(
      { ...matched, filledSize: '10', filledUsd: '8' },
      { size: '10', sellableSize: '10', isFinal: false },
    );
    expect(exit.state()).toBe('exiting.settling');
    exit.passes(30_000, '0.8');
    expect(exit.state()).toBe('watching.idle');
    exit.price('0.4');
    expect(exit.terms()).toMatchObject({ price: '0.4', size: '10' });
  });

  test('a sale that is voided is held again, and sold again', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.reports(matched, SOLD);
    const first = exit.last();
    exit.reports({ ...matched, filledSize: '0', filledUsd: '0', feesUsd: '0' }, holding(), first);
    expect(exit.state()).toBe('exiting.placing');
    expect(exit.terms()).toMatchObject({ size: '20' });
    expect(exit.last()?.key).not.toBe(first?.key);
  });

  test('what is voided after the end opens the position again, as old as it was', () => {
    const exit = exitWith();
    const { openedAtMs } = exit.context().holding;
    exit.price('0.8');
    exit.reports(confirmed, GONE);
    expect(exit.state()).toBe('done');
    exit.passes(DAY_MS);
    exit.reports({ ...matched, filledSize: '0', filledUsd: '0' }, holding());
    expect(exit.state()).toBe('watching.idle');
    expect(exit.context().holding.openedAtMs).toBe(openedAtMs);
  });

  test('a position that is bought again begins anew', () => {
    const exit = exitWith({
      plan: plan(
        [{ ...stop, id: 'trail', kind: 'trailingStop', price: undefined, trailUsd: '0.05' }].map(
          ({ price: _none, ...rule }) => rule,
        ),
      ),
    });
    exit.price('0.99');
    exit.holds(GONE);
    expect(exit.state()).toBe('done');
    exit.passes(DAY_MS);
    exit.holds({ size: '5', sellableSize: '5', boughtSize: '25' });
    const { holding: now, memory } = exit.context();
    expect(now.openedAtMs).toBe(AT_MS + DAY_MS);
    expect(memory).toMatchObject({ boughtSize: '25', rules: {} });
    exit.price('0.8');
    expect(exit.state()).toBe('watching.idle');
  });
});

describe('an order of an earlier holding', () => {
  test('that is filled late counts for nothing in the plan of this one', () => {
    const exit = exitWith();
    exit.price('0.8');
    const old = exit.last();
    exit.reports({ ...confirmed, filledSize: '19', confirmedSize: '19' }, GONE);
    exit.passes(DAY_MS);
    exit.holds({ size: '10', sellableSize: '10', boughtSize: '30' });
    expect(exit.context().memory.rules).toEqual({});
    exit.reports(confirmed, { size: '9', sellableSize: '9' }, old);
    expect(exit.context().memory.rules).toEqual({});
    expect(exit.context().attempts[0]).toMatchObject({ filledSize: '20' });
  });
});

describe('the ladder', () => {
  test('waits 30 s, cancels, and asks again lower, down to the worst price', () => {
    const exit = exitWith({ plan: plan([stop], { ladder: { worstPrice: '0.3' } }) });
    exit.price('0.8');
    expect(exit.terms()).toEqual({
      offer: 'limit',
      price: '0.8',
      size: '20',
      timeInForce: 'GTC',
      postOnly: false,
    });
    exit.reports({});
    expect(exit.context().deadlineAtMs).toBe(exit.now() + 30_000);
    exit.passes(30_000, '0.7');
    expect(exit.state()).toBe('exiting.cancelling');
    exit.reports(
      { phase: 'over', filledSize: '8', filledUsd: '6.4' },
      { size: '12', sellableSize: '12', isFinal: false },
    );
    expect(exit.terms()).toEqual({
      offer: 'cross',
      price: '0.7',
      size: '12',
      timeInForce: 'GTC',
      postOnly: false,
    });
    exit.reports({});
    exit.passes(30_000, '0.6');
    exit.reports({ phase: 'over' });
    expect(exit.terms()).toEqual({
      offer: 'fak',
      price: '0.3',
      size: '12',
      timeInForce: 'FAK',
      postOnly: false,
    });
    exit.reports({ phase: 'over' });
    expect(exit.state()).toBe('exiting.choosing');
  });

  test('nothing takes the place of an order that is not over', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.reports({});
    for (let minute = 0; minute < 10; minute += 1) exit.passes(60_000, '0.7');
    expect(exit.state()).toBe('exiting.cancelling');
    expect(exit.context().attempts).toHaveLength(1);
  });

  test('a refused intent is one attempt', () => {
    const exit = exitWith();
    exit.price('0.8');
    const first = exit.last();
    exit.send({ type: 'exit.placingFailed', key: first?.key ?? '', reason: 'no', atMs: AT_MS });
    expect(exit.terms()).toMatchObject({ offer: 'cross' });
    expect(exit.context().attempts[0]).toMatchObject({ isOver: true, endReason: 'no' });
  });

  test('a rule whose ladder did not sell everything rests, then fires again', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.price(null);
    exit.reports({ phase: 'over' });
    expect(exit.state()).toBe('exiting.choosing');
    exit.send({ type: 'exit.chosen', choice: HOLDS, atMs: exit.now() });
    expect(exit.state()).toBe('watching.idle');
    expect(exit.context().deadlineAtMs).toBe(exit.now() + 30_000);
    exit.price('0.8');
    expect(exit.state()).toBe('watching.idle');
    exit.passes(30_000, '0.8');
    expect(exit.state()).toBe('exiting.placing');
  });

  test('shares that are not settled yet do not make it rest', () => {
    const exit = exitWith({ holding: holding({ sellableSize: '8', isFinal: false }) });
    exit.price('0.8');
    expect(exit.terms()).toMatchObject({ size: '8' });
    exit.reports(
      { phase: 'over', filledSize: '8', filledUsd: '6.4', confirmedSize: '8' },
      { size: '12', sellableSize: '0' },
    );
    expect(exit.state()).toBe('watching.idle');
    exit.holds({ sellableSize: '12' });
    expect(exit.terms()).toMatchObject({ size: '12' });
  });

  test('what was chosen from the books is sold at its price, and once', () => {
    const sells: ExitChoice = {
      kind: 'sell',
      ways: [
        {
          kind: 'sell',
          isPossible: true,
          size: '5',
          limitPrice: '0.45',
          grossUsd: '2.25',
          feesUsd: '0',
          valueUsd: '2.25',
          why: 'sells',
        },
      ],
      why: 'sell: sells 5 at 0.45 or better',
    };
    const exit = exitWith({ plan: plan([{ id: 'end', kind: 'timeExit', atMs: 1 }]) });
    expect(exit.state()).toBe('exiting.choosing');
    exit.send({ type: 'exit.chosen', choice: sells, atMs: exit.now() });
    expect(exit.terms()).toEqual({
      offer: 'fak',
      price: '0.45',
      size: '20',
      timeInForce: 'FAK',
      postOnly: false,
    });
    expect(exit.context().why).toBe('end: its time has come; sell: sells 5 at 0.45 or better');
    exit.reports({ phase: 'over' });
    expect(exit.state()).toBe('watching.idle');
  });

  test('what is merged counts as sold: a rule for a part merges its part once', () => {
    const half = { id: 'end', kind: 'timeExit', atMs: 1, percent: '50' };
    const exit = exitWith({ plan: plan([half]) });
    const merge: ExitChoice = { kind: 'merge', ways: [], why: 'merge: it brings most' };
    exit.send({ type: 'exit.chosen', choice: merge, atMs: exit.now() });
    expect(exit.state()).toBe('exiting.merging');
    const left = holding({ size: '10', sellableSize: '10' });
    const ended = { mergedSize: '10', holding: left, reason: 'merged' };
    exit.send({ type: 'exit.mergeEnded', ...ended, atMs: exit.now() });
    expect(exit.state()).toBe('watching.idle');
    exit.passes(3_600_000, '0.8');
    expect(exit.state()).toBe('watching.idle');
    expect(exit.context().memory.rules.end).toEqual({
      targetSize: '10',
      soldSize: '10',
      restUntilMs: 0,
    });
  });

  test('the next attempt is made by the newest rules of the instrument', () => {
    const exit = exitWith();
    exit.send({
      type: 'exit.instrumentChanged',
      instrument: { ...rain, tickSize: '0.001' },
      atMs: exit.now(),
    });
    exit.price('0.895');
    expect(exit.terms()).toMatchObject({ price: '0.895' });
  });

  test('a choice below the worst price is not followed', () => {
    const exit = exitWith({
      plan: plan([{ id: 'end', kind: 'timeExit', atMs: 1, worstPrice: '0.5' }]),
    });
    exit.holds({});
    const sell = {
      kind: 'sell',
      isPossible: true,
      size: '5',
      limitPrice: '0.45',
      grossUsd: '2.25',
      feesUsd: '0',
      valueUsd: '2.25',
      why: '',
    } as const;
    exit.send({
      type: 'exit.chosen',
      choice: { kind: 'sell', ways: [sell], why: '' },
      atMs: exit.now(),
    });
    expect(exit.context().attempts).toEqual([]);
    expect(exit.state()).toBe('watching.idle');
  });
});

describe('rules that fire while another is carried out', () => {
  test('a stop takes the place of a profit that waits for its price', () => {
    const exit = exitWith({ plan: plan([target, stop]) });
    exit.price('0.99');
    exit.reports({});
    exit.price('0.95');
    expect(exit.state()).toBe('exiting.waiting');
    exit.price('0.85');
    expect(exit.state()).toBe('exiting.cancelling');
    exit.reports({ phase: 'over' });
    expect(exit.context().exit).toMatchObject({ ruleId: 'stop', number: 2 });
    expect(exit.terms()).toMatchObject({ price: '0.85', size: '20' });
  });

  test('a profit does not take the place of a stop', () => {
    const exit = exitWith({ plan: plan([target, stop]) });
    exit.price('0.85');
    exit.reports({});
    exit.price('0.99');
    expect(exit.state()).toBe('exiting.waiting');
  });

  test('a stop does not wait for the confirmation of a part that was sold', () => {
    const exit = exitWith({ plan: plan([{ ...target, percent: '50' }, stop]) });
    exit.price('0.99');
    exit.reports(
      { phase: 'over', filledSize: '10', filledUsd: '9.9' },
      { size: '10', sellableSize: '10', isFinal: false },
    );
    expect(exit.state()).toBe('exiting.settling');
    exit.price('0.85');
    expect(exit.context().exit?.ruleId).toBe('stop');
    expect(exit.terms()).toMatchObject({ size: '10' });
  });
});

describe('a halt', () => {
  test('asks for nothing until it is over', () => {
    const exit = exitWith();
    exit.send({ type: 'exit.suspended', by: 'Ann', reason: 'halt', atMs: AT_MS });
    expect(exit.context().suspendedBecause).toBe('halt (by Ann)');
    exit.price('0.5');
    exit.passes(DAY_MS, '0.5');
    expect(exit.state()).toBe('suspended');
    exit.send({ type: 'exit.resumed', by: 'Ann', atMs: exit.now() });
    expect(exit.state()).toBe('exiting.placing');
    expect(exit.context().suspendedBecause).toBeNull();
  });

  test('an attempt that may have been placed is placed again under its key, as it was', () => {
    const exit = exitWith();
    exit.price('0.8');
    const before = exit.last();
    exit.send({ type: 'exit.suspended', by: 'Ann', reason: 'halt', atMs: AT_MS });
    exit.price('0.4');
    exit.send({ type: 'exit.resumed', by: 'Ann', atMs: AT_MS });
    expect(exit.state()).toBe('exiting.placing');
    expect(exit.context().attempts).toEqual([before]);
  });

  test('an order that worked when it began is ended first', () => {
    const exit = exitWith();
    exit.price('0.8');
    exit.reports({});
    exit.send({ type: 'exit.suspended', by: 'Ann', reason: 'halt', atMs: AT_MS });
    exit.send({ type: 'exit.resumed', by: 'Ann', atMs: AT_MS });
    expect(exit.state()).toBe('exiting.cancelling');
  });
});

describe('waiting', () => {
  test('a position that is to be left when its exit is made is left at once', () => {
    const exit = exitWith({ plan: plan([{ id: 'end', kind: 'timeExit', atMs: AT_MS }]) });
    expect(exit.state()).toBe('exiting.choosing');
    expect(exit.context().deadlineAtMs).toBe(AT_MS + 30_000);
  });

  test('the plan is looked at when a rule begins, and every hour', () => {
    const opened = { holding: holding({ openedAtMs: AT_MS }) };
    const soon = exitWith({ ...opened, plan: plan([{ ...stop, fromAgeMs: 60_000 }]) });
    expect(soon.context().deadlineAtMs).toBe(AT_MS + 60_000);
    const late = exitWith({ ...opened, plan: plan([{ ...stop, fromAgeMs: DAY_MS }]) });
    expect(late.context().deadlineAtMs).toBe(AT_MS + 3_600_000);
  });

  test('a rule that begins with the price already there fires by the clock alone', () => {
    const exit = exitWith({
      holding: holding({ openedAtMs: AT_MS }),
      plan: plan([{ ...stop, fromAgeMs: 60_000 }]),
    });
    exit.passes(60_000, '0.8');
    expect(exit.state()).toBe('exiting.placing');
  });

  test('every state that acts or waits has a deadline', () => {
    const exit = exitWith();
    const states = new Set<string>();
    const look = () => {
      states.add(exit.state());
      expect(exit.context().deadlineAtMs).not.toBeNull();
    };
    look();
    exit.price('0.8');
    look();
    exit.reports({});
    look();
    exit.passes(30_000);
    look();
    for (let offer = 0; offer < 3; offer += 1) {
      exit.reports({ phase: 'over' });
      look();
    }
    expect(states.size).toBe(5);
  });
});

describe('effects', () => {
  function wired(context: ExitContext, snapshot?: unknown) {
    const started: string[] = [];
    const effect = (name: string) =>
      fromCallback<EventObject, ExitEffectInput>(({ input }) => {
        started.push(`${name} ${input.instrumentId}`);
      });
    const machine = exitMachine.provide({
      actors: {
        placeExitOrder: effect('place'),
        cancelExitOrder: effect('cancel'),
        chooseExit: effect('choose'),
        mergeExit: effect('merge'),
        deadline: fromCallback<EventObject, ExitDeadlineInput>(({ input }) => {
          started.push(`until ${input.atMs - AT_MS}`);
        }),
      },
    });
    const restored = snapshot as ReturnType<typeof machine.getPersistedSnapshot> | undefined;
    const actor: ActorRefFrom<typeof machine> = createActor(machine, {
      input: { ...context, atMs: AT_MS },
      ...(restored === undefined ? {} : { snapshot: restored }),
    });
    actor.start();
    return { actor, started };
  }

  test('each state that acts says what it wants, and each wait until when', () => {
    const { actor, started } = wired(exitContext());
    expect(started.splice(0)).toEqual(['until 3600000']);
    actor.send({ type: 'exit.priced', prices: prices('0.8'), atMs: AT_MS });
    expect(started.splice(0)).toEqual([`place ${rain.id}`, 'until 30000']);
    const key = unplacedAttempt(actor.getSnapshot().context)?.key ?? '';
    const works = { order: order(key), holding: holding() };
    actor.send({ type: 'exit.orderProgressed', ...works, atMs: AT_MS + 5 });
    expect(started.splice(0)).toEqual(['until 30005']);
    actor.send({ type: 'clock.deadlinePassed', prices: null, atMs: AT_MS + 30_005 });
    expect(started.splice(0)).toEqual([`cancel ${rain.id}`, 'until 60005']);
    actor.send({ type: 'clock.deadlinePassed', prices: null, atMs: AT_MS + 60_005 });
    expect(started.splice(0)).toEqual([`cancel ${rain.id}`, 'until 90005']);
  });

  test('a restart takes up what was under way, with the same attempt and the same deadline', () => {
    const before = wired(exitContext());
    before.actor.send({ type: 'exit.priced', prices: prices('0.8'), atMs: AT_MS });
    const written = JSON.parse(JSON.stringify(before.actor.getPersistedSnapshot()));
    const after = wired(exitContext(), written);
    expect(after.started).toEqual([`place ${rain.id}`, 'until 30000']);
    expect(after.actor.getSnapshot().context).toEqual(before.actor.getSnapshot().context);
  });

  test('an attempt is an intent that passes the door, on a market with the longest ids too', () => {
    const id = `polymarket:0x${'f'.repeat(64)}:YES`;
    const exit = exitWith({ instrument: { ...rain, id } });
    exit.price('0.8');
    const { key = '', terms, reason = 'stop_loss' } = exit.last() ?? {};
    if (terms === undefined) throw new Error('no attempt was made');
    const { instrument } = exit.context();
    const intent = parseIntent(exitIntent(key, instrument, terms, reason), () => instrument);
    expect(intent).toMatchObject({ side: 'SELL', price: '0.8', size: '20', priority: 1000 });
  });
});

describe('what is told of prices', () => {
  const tells = (context: ExitContext, bid: string | null, atMs = AT_MS) =>
    isWorthTelling(context, { bid, mark: bid, atMs }, atMs);

  test('only those that fire a rule or are the highest so far', () => {
    const exit = exitWith({ plan: plan([stop]) });
    exit.price('0.95');
    const context = exit.context();
    expect(['0.91', '0.95', '0.96', '0.9'].map((bid) => tells(context, bid))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test('each new bid while an exit is carried out, and an unchanged one before it is too old', () => {
    const exit = exitWith();
    exit.price('0.8');
    const context = exit.context();
    expect(tells(context, '0.79')).toBe(true);
    expect(tells(context, '0.8')).toBe(false);
    expect(tells(context, '0.8', AT_MS + 30_000)).toBe(true);
  });

  test('while everything is halted only a new highest price', () => {
    const exit = exitWith();
    exit.price('0.95');
    exit.send({ type: 'exit.suspended', by: 'Ann', reason: 'halt', atMs: AT_MS });
    const context = exit.context();
    expect(['0.5', '0.95', '0.96'].map((bid) => tells(context, bid))).toEqual([false, false, true]);
  });

  test('none of what is no longer held', () => {
    expect(tells(exitContext({ holding: holding({ size: '0' }) }), '0.5')).toBe(false);
  });
});

describe('exit events', () => {
  test('tell entry, exit, size, fees, result and reason, over all attempts of an exit', () => {
    const exit = exitWith();
    exit.price('0.8');
    const first = exit.last();
    exit.reports(
      { phase: 'over', filledSize: '8', filledUsd: '6.4', feesUsd: '0.064' },
      { size: '12', sellableSize: '12', isFinal: false },
    );
    exit.reports({ ...matched, filledSize: '12', filledUsd: '8.4', feesUsd: '0.1' }, SOLD);
    const told = {
      ...{ number: 1, ruleId: 'stop', reason: 'stop_loss', entryPrice: '0.95', size: '20' },
      ...{ exitPrice: '0.74', feesUsd: '0.164', realizedPnl: '-4.2', startedAtMs: AT_MS },
      why: 'stop: the bid 0.8 is at or below the stop 0.9',
    };
    expect(exitSummaries(exit.context())).toEqual([{ ...told, isFinal: false }]);
    const second = exit.last();
    exit.reports(
      { phase: 'over', filledSize: '8', filledUsd: '6.4', feesUsd: '0.064', confirmedSize: '8' },
      {},
      first,
    );
    exit.reports(
      { ...matched, filledSize: '12', filledUsd: '8.4', feesUsd: '0.1', confirmedSize: '12' },
      GONE,
      second,
    );
    expect(exitSummaries(exit.context())).toEqual([{ ...told, isFinal: true }]);
  });

  test('an exit that sold nothing, or whose fills were all voided, is none', () => {
    const exit = exitWith();
    exit.price('0.8');
    expect(exitSummaries(exit.context())).toEqual([]);
    exit.reports(matched, SOLD);
    expect(exitSummaries(exit.context())).toHaveLength(1);
    exit.reports({ phase: 'over' }, holding(), exit.context().attempts[0]);
    expect(exitSummaries(exit.context())).toEqual([]);
  });
});
