import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import {
  type Admission,
  createVenueModes,
  FIRST_HOLD_MS,
  LONGEST_HOLD_MS,
} from '../../../../src/adapters/venues/polymarket/modes.ts';
import type { ModeSign } from '../../../../src/adapters/venues/polymarket/outcomes.ts';
import type { SubmitVerdict } from '../../../../src/adapters/venues/polymarket/outcomes-submit.ts';

const START = 1_790_000_000_000;
const ordinary = { postOnly: false };
const postOnly = { postOnly: true };

const sign = (mode: ModeSign, retryAfterMs = 0): SubmitVerdict => ({
  outcome: { kind: 'notAccepted', reason: mode, retryAfterMs },
  mode,
});
const taken: SubmitVerdict = {
  outcome: { kind: 'acknowledged', venueOrderId: '0x1', status: 'live' },
};
const lost: SubmitVerdict = { outcome: { kind: 'unknown', reason: 'no answer' } };

function modes() {
  const clock = createVirtualClock(START);
  const changes: string[] = [];
  const made = createVenueModes(clock, (state, before) => changes.push(`${before}>${state.mode}`));
  return { clock, modes: made, changes };
}

function settle(admission: Admission, verdict: SubmitVerdict | undefined): void {
  expect(admission.kind).toBe('go');
  if (admission.kind === 'go') admission.settle(verdict);
}

describe('the mode of the venue', () => {
  test('in normal mode every order goes, and a refusal changes nothing', () => {
    const { modes: made, changes } = modes();
    const first = made.admit(ordinary);
    const second = made.admit(postOnly);
    settle(first, { outcome: { kind: 'rejected', reason: 'no' } });
    settle(second, lost);
    expect(made.state).toEqual({ mode: 'normal', sinceMs: START });
    expect(changes).toEqual([]);
  });

  test.each(['restarting', 'cancelOnly', 'disabled'] as const)(
    '%s holds all orders, post-only ones too',
    (mode) => {
      const { modes: made } = modes();
      settle(made.admit(ordinary), sign(mode, 4_000));
      for (const order of [ordinary, postOnly]) {
        expect(made.admit(order)).toMatchObject({ kind: 'hold', retryAfterMs: 4_000 });
      }
    },
  );

  test('post-only mode lets post-only orders go and holds the others for as long as it was said', async () => {
    const { clock, modes: made } = modes();
    settle(made.admit(ordinary), sign('postOnly', 79_000));
    settle(made.admit(postOnly), taken);
    expect(made.state.mode).toBe('postOnly');
    await clock.advanceTo(START + 78_999);
    expect(made.admit(ordinary)).toMatchObject({ kind: 'hold', retryAfterMs: 500 });
    await clock.advanceTo(START + 79_000);
    settle(made.admit(ordinary), taken);
    expect(made.state.mode).toBe('normal');
  });

  test('one order at a time goes ahead, and its success ends the mode', async () => {
    const { clock, modes: made, changes } = modes();
    settle(made.admit(ordinary), sign('restarting'));
    await clock.advanceTo(START + FIRST_HOLD_MS);
    const probe = made.admit(ordinary);
    expect(made.admit(ordinary).kind).toBe('hold');
    settle(probe, { outcome: { kind: 'rejected', reason: 'not enough balance' } });
    expect(made.admit(ordinary).kind).toBe('go');
    expect(changes).toEqual(['normal>restarting', 'restarting>normal']);
  });

  test('probes that find the same wait twice as long each time, up to half a minute', async () => {
    const { clock, modes: made } = modes();
    settle(made.admit(ordinary), sign('restarting'));
    const waits: number[] = [];
    for (let times = 0; times < 7; times += 1) {
      const { untilMs = 0 } = made.state;
      waits.push(untilMs - clock.now());
      await clock.advanceTo(untilMs);
      settle(made.admit(ordinary), sign('restarting'));
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, LONGEST_HOLD_MS, LONGEST_HOLD_MS]);
  });

  test('many orders that find the same at once count as one', async () => {
    const { clock, modes: made, changes } = modes();
    const admissions = Array.from({ length: 20 }, () => made.admit(ordinary));
    for (const admission of admissions) settle(admission, sign('restarting'));
    expect(made.state.untilMs).toBe(START + FIRST_HOLD_MS);
    expect(changes).toHaveLength(1);
    await clock.advanceTo(START + FIRST_HOLD_MS);
    expect(made.admit(ordinary).kind).toBe('go');
  });

  test('after the restart the probe finds post-only mode', async () => {
    const { clock, modes: made, changes } = modes();
    settle(made.admit(ordinary), sign('restarting', 30_000));
    await clock.advanceTo(START + 30_000);
    settle(made.admit(ordinary), sign('postOnly', 120_000));
    expect(made.state).toMatchObject({ mode: 'postOnly', untilMs: START + 150_000 });
    expect(changes).toEqual(['normal>restarting', 'restarting>postOnly']);
  });

  test.each([
    ['nobody knows', lost],
    ['it was not sent', undefined],
    ['too many requests', { outcome: { kind: 'notAccepted', reason: '429', retryAfterMs: 0 } }],
  ] as const)('a probe that proves nothing is tried again: %s', async (_rule, verdict) => {
    const { clock, modes: made } = modes();
    settle(made.admit(ordinary), sign('disabled'));
    await clock.advanceTo(START + FIRST_HOLD_MS);
    settle(made.admit(ordinary), verdict);
    expect(made.admit(ordinary)).toMatchObject({ kind: 'hold', retryAfterMs: 2_000 });
    await clock.advanceTo(START + 3_000);
    settle(made.admit(ordinary), taken);
    expect(made.state.mode).toBe('normal');
  });

  test('a late answer of before the mode does not end it', () => {
    const { modes: made } = modes();
    const early = made.admit(ordinary);
    settle(made.admit(ordinary), sign('cancelOnly'));
    settle(early, taken);
    expect(made.state.mode).toBe('cancelOnly');
  });
});
