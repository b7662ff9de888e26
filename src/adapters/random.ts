/**
 * Seeded randomness whose whole state is readable and settable, so that a run that stops can go on
 * exactly where it was. Not for secrets.
 */
import { createHash } from 'node:crypto';
import { InvalidValue } from '../domain/faults.ts';

export interface SeededRandom {
  /** The next value in [0, 1). A closure: may be handed on as a `Random` without its object. */
  readonly next: () => number;
  /** The state as text, for example `"0a1b2c3d-…"`: four words of eight hex digits. */
  readonly state: () => string;
  /** Goes on from a text that `state` gave. @throws {InvalidValue} for any other text. */
  readonly restore: (text: string) => void;
}

const STATE = /^[0-9a-f]{8}(?:-[0-9a-f]{8}){3}$/;
const TWO_TO_32 = 4_294_967_296;

/**
 * A generator of the sfc32 family (three chaotic words and a counter). The seed goes through
 * SHA-256, so that `1` and `2` start far apart and no warm-up is needed.
 */
export function createRandom(seed: string | number): SeededRandom {
  const digest = createHash('sha256').update(String(seed)).digest();
  let a = digest.readUInt32BE(0);
  let b = digest.readUInt32BE(4);
  let c = digest.readUInt32BE(8);
  let counter = digest.readUInt32BE(12);

  return {
    next: () => {
      const sum = (a + b + counter) >>> 0;
      counter = (counter + 1) >>> 0;
      a = (b ^ (b >>> 9)) >>> 0;
      b = (c + (c << 3)) >>> 0;
      c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
      return sum / TWO_TO_32;
    },
    state: () => [a, b, c, counter].map((word) => word.toString(16).padStart(8, '0')).join('-'),
    restore: (text) => {
      if (!STATE.test(text)) {
        throw new InvalidValue('random.state', text, 'four words of eight hex digits');
      }
      const words = text.split('-').map((word) => Number.parseInt(word, 16));
      [a = 0, b = 0, c = 0, counter = 0] = words;
    },
  };
}
