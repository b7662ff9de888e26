/**
 * The states of the venue's matching engine in which it takes less than usual, as fault rules bring
 * them about. Source: Polymarket docs, "Matching engine restarts" and error codes.
 */
import type { Clock } from '../actors/ports.ts';
import type { Faults, Situation } from './faults/fault-set.ts';

export interface ModeRefusal {
  readonly status: number;
  readonly error: string;
  readonly more: object;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Modes {
  /** Why the engine does not take this now; undefined when it does. */
  refuse(
    request: { readonly isCancel: boolean; readonly isPostOnly: boolean },
    situation: Situation,
  ): ModeRefusal | undefined;
}

/** What is told while nobody can know when it ends. */
const UNKNOWN_WAIT_S = 60;

export function createModes(clock: Clock, faults: Faults): Modes {
  return {
    refuse({ isCancel, isPostOnly }, situation) {
      const strike = faults.strike(kindsFor(isCancel, isPostOnly), situation);
      if (strike === undefined) return undefined;
      const { rule, sinceMs } = strike;
      const elapsedMs = clock.now() - sinceMs;
      if (rule.kind === 'restart' && elapsedMs < rule.downForMs) return restarting();
      if (rule.kind === 'disabled') {
        return refused('Trading is currently disabled. Check polymarket.com for updates');
      }
      if (rule.kind === 'cancelOnly') {
        return refused(
          'Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.',
        );
      }
      if (isCancel || isPostOnly) return undefined;
      const lastsMs = rule.kind === 'restart' ? rule.downForMs + rule.postOnlyForMs : rule.forMs;
      const waitS =
        lastsMs === undefined ? UNKNOWN_WAIT_S : Math.ceil((lastsMs - elapsedMs) / 1_000);
      return {
        ...refused('post-only mode: only post-only orders and cancels are allowed'),
        more: { code: 'post_only_mode', retry_after_seconds: waitS },
        headers: { 'Retry-After': String(waitS) },
      };
    },
  };
}

/** Only what can refuse it: a rule that lets it through has not struck. */
function kindsFor(isCancel: boolean, isPostOnly: boolean) {
  const always = ['restart', 'disabled'] as const;
  if (isCancel) return always;
  return isPostOnly
    ? ([...always, 'cancelOnly'] as const)
    : ([...always, 'cancelOnly', 'postOnly'] as const);
}

function refused(error: string): ModeRefusal {
  return { status: 503, error, more: {}, headers: {} };
}

function restarting(): ModeRefusal {
  return { status: 425, error: 'service not ready', more: {}, headers: {} };
}
