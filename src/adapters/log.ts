/** The log: pino's JSON lines on standard error, lines for people on a terminal, no secrets. */
import { isatty } from 'node:tty';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Log } from '../actors/execution.ts';
import { hideInText, shown } from './redaction.ts';

const STANDARD_ERROR = 2;
/** A line is for reading: what is larger belongs in the database. */
const LIMITS = { depth: 6, items: 50, text: 2_000 };

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `auto`: on a terminal. */
  readonly pretty: 'auto' | boolean;
  /** Takes each line, its newline included. Default: standard error, never standard output. */
  readonly write?: (line: string) => void;
}

/**
 * Makes the log. Each line is written before the call returns, so that the last one before a crash
 * is there. Facts named like secrets are hidden at any depth, credentials in addresses too.
 */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const isTerminal = isatty(STANDARD_ERROR);
  const isPretty = options.pretty === 'auto' ? isTerminal : options.pretty;
  const format = prettyFactory({
    colorize: isTerminal && options.write === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
    singleLine: true,
    errorLikeObjectKeys: [],
  });
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors arrive as plain objects: see `shown`.
      serializers: { err: (value) => value },
    },
    { write: (line: string) => write(isPretty ? (format(line) ?? '') : line) },
  );

  function line(level: 'debug' | 'info' | 'warn' | 'error', facts: object, message: string): void {
    if (!logger.isLevelEnabled(level)) return;
    const plain = shown(facts, LIMITS);
    logger[level](facts instanceof Error ? { error: plain } : plain, hideInText(message));
  }

  return {
    debug: (facts, message) => line('debug', facts, message),
    info: (facts, message) => line('info', facts, message),
    warn: (facts, message) => line('warn', facts, message),
    error: (facts, message) => line('error', facts, message),
  };
}
