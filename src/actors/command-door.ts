/**
 * The door for commands that come through the store: what another process has put there is taken in
 * order, run as a program's own commands are, and answered once it is durable. A crash in between
 * leaves the command in its place: it is run again, so every command must bear that.
 */
import { FillwrightFault, InvalidValue, messageOf } from '../domain/faults.ts';
import type { CommandInbox, CommandOutcome, CommandRow } from './command-port.ts';
import type { RunCommand } from './commands.ts';
import type { Log } from './execution.ts';
import type { Clock } from './ports.ts';
import type { TradingCommand } from './trading-api.ts';

/** The store is asked this often. A person waits half of it on average. */
export const COMMANDS_EVERY_MS = 500;
/** Taken in one go. */
const PAGE = 100;

/** Said twice it would be booked twice. Only a program that knows what it has said may say it. */
const NOT_TWICE: ReadonlySet<string> = new Set<TradingCommand['type']>(['account.deposit']);

/** They wait for a venue, which may not answer for hours: the others do not wait for them. */
const RUN_ASIDE: ReadonlySet<string> = new Set<TradingCommand['type']>(['reconcile.run']);

/** Faults of the moment: the command waits where it is. All others are its own. */
const FOR_LATER: ReadonlySet<string> = new Set([
  'store_unavailable',
  'store_busy',
  'lease_lost',
  'not_running',
  'overloaded',
]);

export interface CommandDoorOptions {
  readonly inbox: CommandInbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly run: RunCommand;
  /** Resolves when everything taken in so far is durable. Rejects when it never will be. */
  readonly durable: () => Promise<void>;
}

export interface CommandDoor {
  /** Runs what waits now. @throws what the store or the engine cannot do at this moment. */
  takeAll(): Promise<void>;
  /** Goes on taking what comes. */
  open(): void;
  /** Resolves when no command is under way, but for those that wait for the venue: they are run again. */
  close(): Promise<void>;
}

export function createCommandDoor(options: CommandDoorOptions): CommandDoor {
  const { inbox, clock, log } = options;
  let underway: Promise<void> | undefined;
  /** Commands that are run beside the others, by id. */
  const aside = new Set<number>();
  let cancelTimer: (() => void) | undefined;
  let closed = false;
  /** Said once, however long it lasts. */
  let waits = false;

  function takeAll(): Promise<void> {
    underway ??= takePages().finally(() => {
      underway = undefined;
    });
    return underway;
  }

  async function takePages(): Promise<void> {
    for (;;) {
      // As they are now: one that is answered meanwhile may still be on the page.
      const running = new Set(aside);
      const limit = PAGE + running.size;
      const page = await inbox.pending(limit);
      for (const row of page.filter(({ id }) => !running.has(id))) {
        if (closed) return;
        if (RUN_ASIDE.has(typeOf(row))) takeAside(row);
        else await take(row);
      }
      if (page.length < limit) return;
    }
  }

  function takeAside(row: CommandRow): void {
    aside.add(row.id);
    take(row)
      .catch((error: unknown) => {
        if (!closed) log.warn({ error }, `Command ${row.id} waits: it cannot be run now.`);
      })
      .finally(() => aside.delete(row.id));
  }

  async function take(row: CommandRow): Promise<void> {
    const outcome = await outcomeOf(row);
    const { id, by, body } = row;
    log.info({ id, by, body, ...outcome }, `Command ${id} of ${by} is ${outcome.state}.`);
    await inbox.answer(id, outcome);
  }

  async function outcomeOf(row: CommandRow): Promise<CommandOutcome> {
    try {
      const answer = await options.run(commandOf(row), String(row.id));
      return { state: 'done', answer: JSON.stringify(answer), doneAtMs: clock.now() };
    } catch (error) {
      if (error instanceof FillwrightFault && isForLater(row, error)) throw error;
      // What it may have done before it threw is durable too, or it is not answered.
      await options.durable();
      return { state: 'refused', answer: JSON.stringify(refusal(error)), doneAtMs: clock.now() };
    }
  }

  function schedule(): void {
    cancelTimer = clock.at(clock.now() + COMMANDS_EVERY_MS, () => {
      takeAll()
        .then(() => {
          waits = false;
        })
        .catch((error: unknown) => {
          if (!waits) log.warn({ error }, 'Commands wait: they cannot be run now.');
          waits = true;
        })
        .finally(() => {
          if (!closed) schedule();
        });
    });
  }

  return {
    takeAll,
    open: schedule,
    async close() {
      closed = true;
      cancelTimer?.();
      await underway?.catch(() => undefined);
    },
  };
}

/** A venue that has too much to tell will have it later as well. */
function isForLater(row: CommandRow, { code }: FillwrightFault): boolean {
  return FOR_LATER.has(code) && !(code === 'overloaded' && RUN_ASIDE.has(typeOf(row)));
}

function typeOf({ body }: CommandRow): string {
  const command: unknown = JSON.parse(body);
  const isTyped = typeof command === 'object' && command !== null && 'type' in command;
  return isTyped ? String(command.type) : '';
}

/** The name in the row is the one that counts. Whether the rest makes sense is checked when it is run. */
function commandOf({ body, by }: CommandRow): TradingCommand {
  const command: unknown = JSON.parse(body);
  if (typeof command !== 'object' || command === null || !('type' in command)) {
    throw new InvalidValue('command', command, 'an object with a type');
  }
  if (typeof command.type !== 'string' || NOT_TWICE.has(command.type)) {
    throw new InvalidValue('command.type', command.type, 'a command that bears being run twice');
  }
  return { ...command, by } as TradingCommand;
}

function refusal(error: unknown): Record<string, unknown> {
  if (error instanceof FillwrightFault) {
    return { code: error.code, text: error.message, facts: error.facts };
  }
  return { code: 'unexpected', text: messageOf(error), facts: {} };
}
