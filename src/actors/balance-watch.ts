/**
 * Asks the venue for its balance: soon after money has moved, and from time to time. What it says is an
 * input, by whose age entries are refused (`staleBalance`). It is never copied into our books: what
 * differs becomes a finding when the books are compared.
 */
import type { EngineInput } from '../machines/system.machine.ts';
import type { Execution, Log } from './execution.ts';
import { balanceTold } from './outside.ts';
import type { Clock, Venue } from './ports.ts';
import { createAlarm } from './waits.ts';

/** Fills come in bursts: the balance is asked for once they are over … */
const AFTER_A_FILL_MS = 2_000;
/** … and not more often than that. Each answer is an input. */
const AT_MOST_EVERY_MS = 10_000;
/** Where nothing happens. Comparisons of the books ask as well, by default every 60 s. */
const EVERY_MS = 90_000;
/** After a failure. */
const RETRY_MS = 5_000;

export interface BalanceWatch {
  start(): void;
  /** After every turn. */
  onTurn(input: EngineInput): void;
  stop(): void;
}

export interface BalanceWatchOptions {
  readonly venue: Pick<Venue, 'name' | 'fetchBalances'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: Execution;
}

/** After these the venue's figure is another. */
const MOVES_MONEY: ReadonlySet<EngineInput['type']> = new Set([
  'venue.legReported',
  'venue.orphanReported',
  'account.deposited',
  'market.resolved',
  'position.redeemed',
]);

export function createBalanceWatch(options: BalanceWatchOptions): BalanceWatch {
  const { venue, clock, log, execution } = options;
  const alarm = createAlarm(clock, () => void ask());
  let hasMoved = false;
  let lastAskedAtMs = Number.NEGATIVE_INFINITY;
  let running = false;

  function isOver(): boolean {
    return !running || execution.failure !== undefined;
  }

  function askAt(atMs: number): void {
    if (!isOver()) alarm.wakeAt(atMs);
  }

  async function ask(): Promise<void> {
    if (isOver()) return;
    const askedAtMs = clock.now();
    lastAskedAtMs = askedAtMs;
    try {
      const { cashUsd } = await venue.fetchBalances();
      if (isOver()) return;
      execution.dispatch(balanceTold(venue.name, cashUsd, askedAtMs, clock.now()));
      askAt(clock.now() + EVERY_MS);
    } catch (error) {
      if (isOver()) return;
      log.warn({ error, venue: venue.name }, 'The balance was not told; it is asked for again.');
      askAt(clock.now() + RETRY_MS);
    }
  }

  return {
    start() {
      running = true;
      askAt(clock.now() + (hasMoved ? AFTER_A_FILL_MS : EVERY_MS));
    },
    onTurn({ type }) {
      if (!MOVES_MONEY.has(type)) return;
      // It may have moved while the engine was still starting.
      hasMoved = true;
      askAt(Math.max(clock.now() + AFTER_A_FILL_MS, lastAskedAtMs + AT_MOST_EVERY_MS));
    },
    stop() {
      running = false;
      alarm.cancel();
    },
  };
}
