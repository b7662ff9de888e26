/** What a command may write to, and how: results to standard output, all else to standard error. */
import { hideInText } from '../adapters/redaction.ts';
import { FillwrightFault } from '../domain/faults.ts';

/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** The engine found a fault, or a run failed. */
  fault: 1,
  /** Bad usage, bad configuration or bad input. */
  usage: 2,
  /** The store cannot be reached, or another engine holds it. */
  store: 3,
  /** A command is kept for the engine, and no engine has answered yet. */
  unanswered: 4,
  /** Stopped by hand before the end: a second Ctrl-C, or a replay that was cut short. */
  interrupted: 130,
} as const;

const USAGE_CODES: ReadonlySet<string> = new Set([
  'invalid_value',
  'invalid_config',
  'unknown_instrument',
  'unknown_order',
  'unknown_budget',
  'budget_refused',
  'insufficient_funds',
  'key_conflict',
  'corrupt_recording',
]);
const STORE_CODES: ReadonlySet<string> = new Set(['store_unavailable', 'store_busy', 'lease_lost']);

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly config?: string;
}

/** A command line that makes no sense. */
export class UsageFault extends Error {}

/** Prints the one result of a command: JSON, or lines for people. */
export function printResult(
  options: Pick<GlobalOptions, 'json'>,
  value: unknown,
  lines: () => readonly string[],
): void {
  write(options.json ? JSON.stringify(value) : lines().join('\n'));
}

function write(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}

/** A remark on the way; never on standard output, and not at all when asked to be quiet. */
export function remark(options: Pick<GlobalOptions, 'quiet' | 'json'>, text: string): void {
  if (!options.quiet && !options.json) process.stderr.write(`${text}\n`);
}

/**
 * Prints an error to standard error, as one line (a configuration: one for each problem) or as one
 * JSON object, and answers the exit code.
 */
export function printError(error: unknown, options: Pick<GlobalOptions, 'json' | 'debug'>): number {
  const { code, message, facts, exitCode } = describe(error);
  if (options.json) {
    const stack = options.debug && error instanceof Error ? { stack: error.stack } : {};
    const line = JSON.stringify({ error: { code, message, facts, ...stack } });
    process.stderr.write(`${hideInText(line)}\n`);
  } else {
    process.stderr.write(`${hideInText(`fillwright: ${message}`)}\n`);
    if (options.debug && error instanceof Error) {
      process.stderr.write(`${hideInText(error.stack ?? '')}\n`);
      if (error.cause !== undefined) process.stderr.write(`${hideInText(String(error.cause))}\n`);
    }
  }
  return exitCode;
}

function describe(error: unknown) {
  if (error instanceof UsageFault) {
    return { code: 'usage', message: error.message, facts: {}, exitCode: EXIT.usage };
  }
  if (error instanceof FillwrightFault) {
    const exitCode = USAGE_CODES.has(error.code)
      ? EXIT.usage
      : STORE_CODES.has(error.code)
        ? EXIT.store
        : EXIT.fault;
    return { code: error.code, message: error.message, facts: error.facts, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'unexpected',
    message: `${message.split('\n')[0] ?? ''} (a bug: --debug shows where)`,
    facts: {},
    exitCode: EXIT.fault,
  };
}

/** A reader that has gone (`| head`) is no fault: what is written to it is dropped. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
