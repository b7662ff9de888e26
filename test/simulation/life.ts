/**
 * One life of the engine's process. Everything between it and the world goes through here: each call
 * of a port and each delivery is a numbered step, before or after which the process may die. A dead
 * process reaches nothing and hears nothing; a frozen one hears everything later.
 */
import type { CrashAt } from './options.ts';
import type { Trace } from './trace.ts';

export interface Steps {
  /** Steps taken so far, over all lives. */
  count: number;
}

export interface LifeOptions {
  readonly number: number;
  readonly steps: Steps;
  readonly trace: Trace;
  readonly now: () => number;
  /** Whether the process dies at this step of its life. */
  readonly crashAt: (step: number, ofLife: number, label: string) => CrashAt['when'] | undefined;
  /** Whether it stands still before this delivery. */
  readonly standsStillAt?: (ofLife: number, label: string) => boolean;
}

export class Life {
  readonly number: number;
  readonly #options: LifeOptions;
  readonly #onDeath: (() => void)[] = [];
  #taken = 0;
  #isAlive = true;
  /** What waits for a frozen process. */
  #frozen: (() => void)[] | undefined;

  constructor(options: LifeOptions) {
    this.number = options.number;
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** Steps of this life. */
  get steps(): number {
    return this.#taken;
  }

  /** The process does something to the world. Undefined: it is dead, and nothing happened. */
  call<T>(label: string, effect: () => T): T | undefined {
    if (!this.#isAlive) return undefined;
    return this.#step(label, effect);
  }

  /** The world does something to the process. */
  deliver(label: string, effect: () => void): void {
    if (!this.#isAlive) return;
    const { standsStillAt } = this.#options;
    if (standsStillAt?.(this.#taken + 1, label) === true) this.freeze();
    if (this.#frozen !== undefined) this.#frozen.push(() => this.deliver(label, effect));
    else this.#step(label, effect);
  }

  /** A promise of the world as the process sees it. */
  async promise<T>(label: string, start: () => Promise<T>): Promise<T> {
    const started = this.call(label, start);
    if (started === undefined) return new Promise<never>(() => undefined);
    return new Promise<T>((resolve, reject) => {
      started.then(
        (value) => this.deliver(`${label} answered`, () => resolve(value)),
        (error: unknown) => this.deliver(`${label} failed`, () => reject(error)),
      );
    });
  }

  onDeath(listener: () => void): void {
    this.#onDeath.push(listener);
  }

  kill(why: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#frozen = undefined;
    this.#note(`dies: ${why}`);
    for (const listener of this.#onDeath) listener();
  }

  freeze(): void {
    if (!this.#isAlive) return;
    this.#note('stands still');
    this.#frozen ??= [];
  }

  thaw(): void {
    const waiting = this.#frozen ?? [];
    if (this.#frozen === undefined) return;
    this.#frozen = undefined;
    this.#note('goes on');
    for (const deliver of waiting) deliver();
  }

  #step<T>(label: string, effect: () => T): T | undefined {
    const { steps, crashAt } = this.#options;
    steps.count += 1;
    this.#taken += 1;
    const step = steps.count;
    const when = crashAt(step, this.#taken, label);
    if (when === 'before') {
      this.kill(`step ${step}, before ${label}`);
      return undefined;
    }
    this.#note(`#${step} ${label}`);
    const answer = effect();
    if (when === 'after') this.kill(`step ${step}, after ${label}`);
    return answer;
  }

  #note(line: string): void {
    this.#options.trace.note(this.#options.now(), `life ${this.number} ${line}`);
  }
}
