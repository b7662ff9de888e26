/** What an open order waits for: its expiry, the end of its taker delay, its second part. */
import type { PaperOrder } from './records.ts';
import type { Schedule } from './schedule.ts';

export interface DeadlineTasks {
  readonly expire: (order: PaperOrder) => void;
  readonly endDelay: (order: PaperOrder) => void;
  readonly fillLater: (order: PaperOrder) => void;
}

export class Deadlines {
  readonly #schedule: Schedule;
  readonly #tasks: DeadlineTasks;
  readonly #cancellations = new Map<string, (() => void)[]>();

  constructor(schedule: Schedule, tasks: DeadlineTasks) {
    this.#schedule = schedule;
    this.#tasks = tasks;
  }

  /** Sets the order's deadlines anew from its absolute times. */
  arm(order: PaperOrder): void {
    this.disarm(order);
    const { expiresAtMs, delayedUntilMs, later } = order;
    const cancellations = [
      this.#at(expiresAtMs, () => this.#tasks.expire(order)),
      this.#at(delayedUntilMs, () => this.#tasks.endDelay(order)),
      this.#at(later?.atMs, () => this.#tasks.fillLater(order)),
    ].filter((cancel) => cancel !== undefined);
    if (cancellations.length > 0) this.#cancellations.set(order.id, cancellations);
  }

  disarm(order: PaperOrder): void {
    for (const cancel of this.#cancellations.get(order.id) ?? []) cancel();
    this.#cancellations.delete(order.id);
  }

  #at(atMs: number | undefined, task: () => void): (() => void) | undefined {
    return atMs === undefined ? undefined : this.#schedule.at(atMs, task);
  }
}
