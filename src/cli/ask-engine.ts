/** Asking an engine that runs in another process: through the store, which it looks into. */
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandSender, CommandState } from '../actors/command-port.ts';
import type { TradingCommand } from '../actors/trading-api.ts';
import { type FaultCode, FillwrightFault } from '../domain/faults.ts';
import { EXIT, type GlobalOptions, printResult, UsageFault } from './io.ts';

/** An engine looks twice a second. One that has not answered by then has other troubles. */
const WAIT_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 100;

export interface AskOptions extends GlobalOptions {
  readonly by?: string;
  /** False with --no-wait. */
  readonly wait: boolean;
}

/** A command without the name of who gives it. */
export type Asked = TradingCommand extends infer One
  ? One extends { readonly by: string }
    ? Omit<One, 'by'>
    : never
  : never;

/** Options of every command that is for a running engine. */
export function withAskOptions(command: Command): Command {
  return command
    .option('--by <name>', 'who asks; your user name on this machine unless given')
    .option('--no-wait', 'do not wait for the answer of the engine');
}

/** @throws {UsageFault} where this machine does not know the user either. */
export function nameOf({ by }: Pick<AskOptions, 'by'>): string {
  if (by !== undefined && by.trim() !== '') return by.trim();
  try {
    return userInfo().username;
  } catch (cause) {
    throw new UsageFault('--by: this machine does not know your name, give it.', { cause });
  }
}

/**
 * Leaves the command in the store, waits for the answer and prints it. Without an engine it stays
 * there: the next start runs it before it takes an intent.
 *
 * @throws {FillwrightFault} what the engine refuses it with.
 */
export async function askEngine(
  commands: CommandSender,
  asked: Asked,
  options: AskOptions,
): Promise<void> {
  const given = await giveCommand(commands, asked, options);
  if (given.answer === undefined) {
    printKept(given, options);
    return;
  }
  const { id, answer } = given;
  printResult(options, { id, state: 'done', ...answer }, () => [String(answer.text)]);
}

export interface GivenCommand {
  readonly id: number;
  readonly engineRuns: boolean;
  /** Absent: not in time, or nobody waits for it. */
  readonly answer?: Readonly<Record<string, unknown>>;
}

/** The same, for a command whose answer is printed in another way. @throws as `askEngine`. */
export async function giveCommand(
  commands: CommandSender,
  asked: Asked,
  options: AskOptions,
): Promise<GivenCommand> {
  const id = await commands.ask({
    askedAtMs: Date.now(),
    by: nameOf(options),
    body: JSON.stringify(asked),
  });
  const engineRuns = await commands.engineRuns();
  const state = options.wait && engineRuns ? await answered(commands, id) : undefined;
  if (state === undefined) return { id, engineRuns };
  const answer = readAnswer(state);
  if (state.state === 'refused') throw refusal(id, answer);
  return { id, engineRuns, answer };
}

/** Says of a command that it waits in the store, and that nobody has answered. */
export function printKept({ id, engineRuns }: GivenCommand, options: AskOptions): void {
  if (options.wait) process.exitCode = EXIT.unanswered;
  printResult(options, { id, state: 'pending', engineRuns }, () => [kept(id, engineRuns, options)]);
}

/** Undefined: not in time. */
async function answered(commands: CommandSender, id: number): Promise<CommandState | undefined> {
  const endsAtMs = performance.now() + WAIT_LIMIT_MS;
  while (performance.now() < endsAtMs) {
    const state = await commands.find(id);
    if (state !== undefined && state.state !== 'pending') return state;
    await sleep(LOOK_EVERY_MS);
  }
  return undefined;
}

function kept(id: number, engineRuns: boolean, { wait }: AskOptions): string {
  if (!engineRuns) {
    return `No engine runs. Command ${id} is kept: the next start runs it before it takes an intent.`;
  }
  const why = wait ? ` The engine has not answered within ${WAIT_LIMIT_MS / 1_000} s.` : '';
  return `Command ${id} is kept for the engine.${why}`;
}

function readAnswer({ id, answer }: CommandState): Record<string, unknown> {
  const read: unknown = JSON.parse(answer ?? 'null');
  if (typeof read === 'object' && read !== null) return { ...read };
  throw new FillwrightFault(
    'corrupt_row',
    `commands ${id}: answer is ${answer}, expected an object.`,
  );
}

/** The engine's own fault, as if it had been thrown here. */
function refusal(id: number, { code, text, facts }: Record<string, unknown>): FillwrightFault {
  const known = typeof facts === 'object' && facts !== null ? facts : {};
  return new FillwrightFault(code as FaultCode, String(text), { ...known, commandId: id });
}
