/**
 * The venue's dead-man switch: once it was switched on by a first heartbeat, ten seconds without one
 * cancel all open orders of the API key. Source: Polymarket docs, heartbeats; clob-client PR#253.
 *
 * One process for each API key: two would take each other's ids, so it beats only under the lease of
 * the account. Stopping it is deliberate: the
 * venue then cancels everything within 15 s.
 */
import type { Clock } from '../../../actors/ports.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import type { HttpResult } from './http.ts';
import type { Rest } from './rest.ts';
import { type Fields, isFields, jsonOf } from './rest-fields.ts';

export const HEARTBEAT_EVERY_MS = 5_000;
/** After a longer gap the orders may be gone. */
export const HEARTBEAT_GAP_MS = 10_000;
const RETRY_MS = 1_000;

export interface HeartbeatState {
  /** `off` until the first is accepted; `late` while the orders may be gone. */
  readonly state: 'off' | 'beating' | 'late';
  readonly accepted: number;
  readonly failed: number;
  readonly gaps: number;
}

export interface Heartbeat {
  start(): void;
  stop(): void;
  readonly state: HeartbeatState;
}

export interface HeartbeatOptions {
  readonly rest: Pick<Rest, 'heartbeat'>;
  readonly clock: Clock;
  readonly log: FeedLog;
  /** False: none is sent, and it is asked again a second later. Absent: always. */
  readonly mayBeat?: (() => boolean) | undefined;
  /** `late`: orders may be cancelled by now. `beating`, after that: they must be read again. */
  readonly onChange: (state: 'late' | 'beating') => void;
}

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { rest, clock, log, onChange } = options;
  let state: HeartbeatState['state'] = 'off';
  let [accepted, failed, gaps] = [0, 0, 0];
  let heartbeatId = '';
  let stopped = true;
  let cancelNext: (() => void) | undefined;
  let cancelWatch: (() => void) | undefined;

  /** One at a time: each carries the id that the one before was answered. */
  async function beat(mayCorrect: boolean): Promise<void> {
    // Whoever has the account now keeps its orders alive, or lets them go.
    if (options.mayBeat?.() === false) return schedule(clock.now() + RETRY_MS);
    const sentAtMs = clock.now();
    const answer = readBeat(await rest.heartbeat(heartbeatId));
    if (stopped) return;
    if (answer.id !== undefined) heartbeatId = answer.id;
    if (answer.accepted) {
      took(sentAtMs);
      return schedule(sentAtMs + HEARTBEAT_EVERY_MS);
    }
    failed += 1;
    // The refusal hands over the id that is expected. Once: two processes would do so for ever.
    if (answer.id !== undefined && mayCorrect) return beat(false);
    log('warn', 'A heartbeat was not accepted.', { reason: answer.reason });
    schedule(clock.now() + RETRY_MS);
  }

  function took(sentAtMs: number): void {
    accepted += 1;
    const wasLate = state === 'late';
    state = 'beating';
    if (wasLate) onChange('beating');
    cancelWatch?.();
    // From its sending: the venue cannot have taken it earlier.
    cancelWatch = clock.at(sentAtMs + HEARTBEAT_GAP_MS, () => {
      state = 'late';
      gaps += 1;
      log('warn', 'No heartbeat was accepted in time: open orders may be cancelled.', { gaps });
      onChange('late');
    });
  }

  function schedule(atMs: number): void {
    cancelNext = clock.at(atMs, () => void beat(true));
  }

  return {
    start() {
      stopped = false;
      schedule(clock.now());
    },
    stop() {
      stopped = true;
      cancelNext?.();
      cancelWatch?.();
    },
    get state() {
      return { state, accepted, failed, gaps };
    },
  };
}

interface BeatAnswer {
  readonly accepted: boolean;
  readonly id?: string;
  readonly reason: string;
}

function readBeat(result: HttpResult): BeatAnswer {
  if (result.kind === 'failed') return { accepted: false, reason: result.reason };
  const parsed = jsonOf(result.text);
  const body: Fields = isFields(parsed) ? parsed : {};
  const { heartbeat_id: id, error, error_msg: message } = body;
  const known = typeof id === 'string' && id.length <= 200 ? { id } : {};
  if (result.status === 200) return { accepted: true, ...known, reason: '' };
  const reason = `status ${result.status}: ${String(message ?? error ?? '').slice(0, 200)}`;
  return { accepted: false, ...known, reason };
}
