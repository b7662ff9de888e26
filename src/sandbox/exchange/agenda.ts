/** What the exchange will do at a later time: one heap, and one timer for the earliest entry. */
import type { Clock } from '../../actors/ports.ts';
import { type Due, insert, isBefore, removeFirst } from '../../adapters/clock/timer-heap.ts';

export interface AgendaEntry extends Due {
  readonly kind: 'settle' | 'expire' | 'delayOver';
  /** Of the trade or of the order. One that is over by then is passed over. */
  readonly id: string;
}

export class Agenda {
  readonly #clock: Clock;
  readonly #run: (entry: AgendaEntry) => void;
  #heap: AgendaEntry[] = [];
  #armed: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, run: (entry: AgendaEntry) => void) {
    this.#clock = clock;
    this.#run = run;
  }

  add(entry: AgendaEntry): void {
    insert(this.#heap, entry);
    this.#arm();
  }

  /** In the order in which they will run. */
  entries(): readonly AgendaEntry[] {
    return [...this.#heap].sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  /** Replaces everything. */
  load(entries: readonly AgendaEntry[]): void {
    this.stop();
    this.#heap = [];
    for (const entry of entries) this.add(entry);
  }

  stop(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#heap = [];
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#armed !== undefined && this.#armed.atMs <= first.atMs)) {
      return;
    }
    this.#armed?.cancel();
    const cancel = this.#clock.at(first.atMs, () => {
      this.#armed = undefined;
      this.#runDue();
    });
    this.#armed = { atMs: first.atMs, cancel };
  }

  #runDue(): void {
    const nowMs = this.#clock.now();
    for (let entry = this.#heap[0]; entry !== undefined; entry = this.#heap[0]) {
      if (entry.atMs > nowMs) break;
      removeFirst(this.#heap);
      this.#run(entry);
    }
    this.#arm();
  }
}
