/** What the exchange will do at a later time: one heap, and one timer for the earliest entry. */
import type { Clock } from '../../actors/ports.ts';

export interface AgendaEntry {
  readonly atMs: number;
  /** Entries of one time run in the order in which they were made. */
  readonly number: number;
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
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
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
      this.#removeFirst();
      this.#run(entry);
    }
    this.#arm();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const leftIndex = 2 * index + 1;
      const left = heap[leftIndex];
      if (left === undefined) break;
      const right = heap[leftIndex + 1];
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = child === left ? leftIndex : leftIndex + 1;
    }
    heap[index] = last;
  }
}

function isBefore(a: AgendaEntry, b: AgendaEntry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
