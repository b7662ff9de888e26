/** Names minted by us. */
import { randomFillSync } from 'node:crypto';
import type { Clock, Ids, Random } from '../actors/ports.ts';

const PREFIX = {
  order: 'ord_',
  batch: 'bat_',
  trade: 'trd_',
  venueOrder: 'vor_',
  override: 'ovr_',
  budget: 'bud_',
} as const;

/** Crockford's base 32: no I, L, O, U; its order is the order of the values. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const LARGEST_DIGIT = DIGITS.length - 1;

/**
 * Mints `<prefix>_<26 characters>`: 10 of time (ms), 16 of chance, as in a ULID. Ids of one source
 * only ever grow, over all kinds and even when the clock is set back: within one millisecond the
 * chance part counts up by one. With a seeded `random` and a virtual clock the ids repeat from run
 * to run; a source that is made again at the same virtual time needs another seed.
 */
export function createIds(options: { clock: Pick<Clock, 'now'>; random?: Random }): Ids {
  const random = options.random ?? secureRandom();
  const tail: number[] = new Array(RANDOM_LENGTH).fill(0);
  let lastMs = -1;
  let timeText = '';

  function startMillisecond(atMs: number): void {
    lastMs = atMs;
    timeText = encodeTime(atMs);
    for (let i = 0; i < RANDOM_LENGTH; i += 1) tail[i] = Math.floor(random() * DIGITS.length);
  }

  /** Adds one to the chance part; false when it overflows. */
  function countUp(): boolean {
    for (let i = RANDOM_LENGTH - 1; i >= 0; i -= 1) {
      const digit = tail[i] ?? 0;
      if (digit < LARGEST_DIGIT) {
        tail[i] = digit + 1;
        return true;
      }
      tail[i] = 0;
    }
    return false;
  }

  return {
    next(kind) {
      const nowMs = options.clock.now();
      if (nowMs > lastMs) startMillisecond(nowMs);
      else if (!countUp()) startMillisecond(lastMs + 1);
      let text = '';
      for (const digit of tail) text += DIGITS[digit];
      return PREFIX[kind] + timeText + text;
    },
  };
}

function encodeTime(atMs: number): string {
  let rest = Math.max(0, Math.floor(atMs));
  let text = '';
  for (let i = 0; i < TIME_LENGTH; i += 1) {
    text = DIGITS[rest % DIGITS.length] + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}

/** Randomness of the operating system, drawn in blocks: one call for a thousand numbers. */
function secureRandom(): Random {
  const block = new Uint32Array(1024);
  let used = block.length;
  return () => {
    if (used === block.length) {
      randomFillSync(block);
      used = 0;
    }
    const value = block[used] ?? 0;
    used += 1;
    return value / 2 ** 32;
  };
}
