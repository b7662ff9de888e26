/**
 * What the venue's engine takes at present, learned from its answers, so that orders which it would
 * refuse are not sent. Once the wait is over one order at a time goes ahead as a probe.
 *
 * Source: Polymarket docs, "Matching engine restarts": 425 while it restarts, then two minutes of
 * post-only with 503 and `retry_after_seconds`; back-off from 1 to 30 s. 503 for cancel-only and
 * disabled trading, without an end.
 */
import type { Clock } from '../../../actors/ports.ts';
import type { ModeSign } from './outcomes.ts';
import type { SubmitVerdict } from './outcomes-submit.ts';

export const FIRST_HOLD_MS = 1_000;
export const LONGEST_HOLD_MS = 30_000;
/** While a probe is under way nobody knows when it is answered. */
const PROBE_RETRY_MS = 500;

export type VenueMode = 'normal' | ModeSign;

export interface ModeState {
  readonly mode: VenueMode;
  readonly sinceMs: number;
  /** When the next probe may go; absent in normal mode. */
  readonly untilMs?: number;
}

export type Admission =
  | {
      readonly kind: 'go';
      /** Must be called once: with what came of it, or with undefined when nothing did. */
      readonly settle: (verdict: SubmitVerdict | undefined) => void;
    }
  | { readonly kind: 'hold'; readonly reason: string; readonly retryAfterMs: number };

export interface VenueModes {
  readonly state: ModeState;
  admit(order: { readonly postOnly: boolean }): Admission;
}

/** @param onChange is told every change of mode, for the log. */
export function createVenueModes(
  clock: Pick<Clock, 'now'>,
  onChange: (state: ModeState, before: VenueMode) => void,
): VenueModes {
  let mode: VenueMode = 'normal';
  let sinceMs = clock.now();
  let untilMs = 0;
  let probing = false;
  /** Probes in a row that changed nothing. */
  let failures = 0;

  const state = (): ModeState => ({
    mode,
    sinceMs,
    ...(mode === 'normal' ? {} : { untilMs }),
  });

  function enter(next: VenueMode): void {
    if (next === mode) return;
    const before = mode;
    mode = next;
    sinceMs = clock.now();
    failures = 0;
    onChange(state(), before);
  }

  function holdOn(retryAfterMs: number): void {
    const backOffMs = Math.min(LONGEST_HOLD_MS, FIRST_HOLD_MS * 2 ** Math.min(failures, 10));
    untilMs = Math.max(untilMs, clock.now() + Math.max(backOffMs, retryAfterMs));
  }

  function settle(verdict: SubmitVerdict | undefined, isProbe: boolean): void {
    if (isProbe) probing = false;
    const sign = verdict?.mode;
    if (sign !== undefined && verdict?.outcome.kind === 'notAccepted') {
      // Of many answers that say the same only a probe's makes the next wait longer.
      if (isProbe && sign === mode) failures += 1;
      if (mode === 'normal' || sign !== mode) untilMs = 0;
      enter(sign);
      holdOn(verdict.outcome.retryAfterMs);
      return;
    }
    if (!isProbe || mode === 'normal') return;
    if (isDefinite(verdict)) {
      enter('normal');
      return;
    }
    failures += 1;
    holdOn(0);
  }

  return {
    get state() {
      return state();
    },
    admit(order) {
      const isFree = mode === 'normal' || (mode === 'postOnly' && order.postOnly);
      if (isFree) return { kind: 'go', settle: once((verdict) => settle(verdict, false)) };
      const nowMs = clock.now();
      if (nowMs >= untilMs && !probing) {
        probing = true;
        return { kind: 'go', settle: once((verdict) => settle(verdict, true)) };
      }
      const retryAfterMs = Math.max(PROBE_RETRY_MS, untilMs - nowMs);
      return { kind: 'hold', reason: `the venue is ${NAMES[mode]}`, retryAfterMs };
    },
  };
}

const NAMES: Readonly<Record<VenueMode, string>> = {
  normal: 'open',
  restarting: 'restarting',
  postOnly: 'taking post-only orders alone',
  cancelOnly: 'taking cancels alone',
  disabled: 'not trading',
};

/** The engine looked at the order: it is there, and takes such orders. */
function isDefinite(verdict: SubmitVerdict | undefined): boolean {
  const kind = verdict?.outcome.kind;
  return kind !== undefined && kind !== 'notAccepted' && kind !== 'unknown';
}

function once<Argument>(act: (argument: Argument) => void): (argument: Argument) => void {
  let done = false;
  return (argument) => {
    if (done) return;
    done = true;
    act(argument);
  };
}
