/**
 * The dead-man switch: once a key has sent a heartbeat, 10 seconds without another cancel all of
 * its open orders. Source: Polymarket docs, heartbeats ("with up to a 5-second buffer"); the
 * hand-over of ids: clob-client PR#253, ts-sdk #95.
 */
import type { Clock, Random } from '../actors/ports.ts';
import { uuidOf } from './identities.ts';

const ALIVE_FOR_MS = 10_000;
/** The venue looks this often. */
const CHECK_EVERY_MS = 5_000;

export type Beat =
  | { readonly kind: 'accepted'; readonly next: string }
  | { readonly kind: 'refused'; readonly expected: string };

export interface Heartbeats {
  /** `id` is the one that the last beat handed over; empty for the first. */
  beat(owner: string, id: string): Beat;
  /** The older form: no ids, and those of the other start anew. */
  beatWithoutId(owner: string): void;
  stop(): void;
}

interface Registration {
  expected: string;
  cancel: () => void;
}

export function createHeartbeats(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly cancelAll: (owner: string) => void;
}): Heartbeats {
  const { clock, random, cancelAll } = parts;
  const registrations = new Map<string, Registration>();

  function register(owner: string, expected: string): void {
    registrations.get(owner)?.cancel();
    const deadMs = clock.now() + ALIVE_FOR_MS;
    const noticedMs = Math.ceil(deadMs / CHECK_EVERY_MS) * CHECK_EVERY_MS;
    const cancel = clock.at(noticedMs, () => {
      registrations.delete(owner);
      cancelAll(owner);
    });
    registrations.set(owner, { expected, cancel });
  }

  return {
    beat(owner, id) {
      const expected = registrations.get(owner)?.expected ?? '';
      if (id !== expected) return { kind: 'refused', expected };
      const next = uuidOf(randomHex(random));
      register(owner, next);
      return { kind: 'accepted', next };
    },
    beatWithoutId: (owner) => register(owner, ''),
    stop() {
      for (const { cancel } of registrations.values()) cancel();
      registrations.clear();
    },
  };
}

function randomHex(random: Random): string {
  return Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
}
