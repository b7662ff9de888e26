/** Commands between processes, through the store: who asks, and the engine that takes and answers. */

/** A command as it waits for an engine. */
export interface CommandRow {
  /** They are run in this order. */
  readonly id: number;
  readonly askedAtMs: number;
  /** Who asks, as they gave their name. */
  readonly by: string;
  /** JSON text of the command. */
  readonly body: string;
}

/** What became of a command. `answer` is JSON text; null while it is pending. */
export type CommandState = { readonly id: number } & (
  | { readonly state: 'pending'; readonly answer: null; readonly doneAtMs: null }
  | CommandOutcome
);

export interface CommandOutcome {
  readonly state: 'done' | 'refused';
  readonly answer: string;
  readonly doneAtMs: number;
}

/** The engine's side of the commands that come through the database. */
export interface CommandInbox {
  /** The oldest that nobody has answered, at most `limit`. */
  pending(limit: number): Promise<readonly CommandRow[]>;
  /** The first answer stays. */
  answer(id: number, outcome: CommandOutcome): Promise<void>;
}

/** The asking side: another process. */
export interface CommandSender {
  /** @returns its id. @throws {FillwrightFault} `overloaded` when too many wait already. */
  ask(command: Omit<CommandRow, 'id'>): Promise<number>;
  find(id: number): Promise<CommandState | undefined>;
  /** Whether an engine holds the store now, by the server's clock. */
  engineRuns(): Promise<boolean>;
}
