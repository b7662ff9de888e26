/** Turns what the driver throws into faults that say what to do next. */
import { FillwrightFault } from '../../domain/faults.ts';

/** PostgreSQL's code of a broken unique rule. */
const UNIQUE_VIOLATION = '23505';

/** Node's codes for a server that cannot be reached. */
const NETWORK = new Set([
  'EACCES',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPERM',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * SQLSTATE classes and codes that may pass: the same call may work later, by itself or once
 * somebody has helped. Source: PostgreSQL manual, appendix A.
 */
const UNAVAILABLE_CLASSES = new Set([
  '08', // connection exception
  '28', // invalid authorisation
  '3D', // no such database
  '40', // rollback: deadlock, serialisation failure
  '53', // insufficient resources: disk full, out of memory, too many connections
  '57', // operator intervention: shutdown, restart, statement timeout
  '58', // system error: I/O
]);
const UNAVAILABLE_CODES = new Set([
  '25006', // read-only transaction: a standby, or a server switched over
  '42501', // insufficient privilege
  '42P01', // undefined table: the migrations have not run here
  '55P03', // lock not available
]);

const HINTS: Readonly<Record<string, string>> = {
  '42P01': 'has this schema been migrated?',
  '53100': 'the disk of the server is full',
  '25006': 'the server takes no writes',
};

/** What the driver says without a code when the connection is gone or was never there. */
const CONNECTION_MESSAGE =
  /connection (?:terminated|error|ended)|timeout exceeded|timeout expired|read timeout|not queryable|after calling end|already been destroyed|closed the connection/i;

/** A NUL, which no text in PostgreSQL can hold. */
const NUL_CODE = '22021';
/** A character that the server cannot keep or read; its message says which one and why. */
const CHARACTER_CODE = '22P05';

/**
 * The fault for an error of the store. `operation` is the port's word for what was tried.
 * `store_unavailable`: try again. `invalid_value`: the text cannot be stored. `broken_invariant`:
 * the server refused the data itself; trying again would not help.
 */
export function storeFault(error: unknown, operation: string): FillwrightFault {
  if (error instanceof FillwrightFault) return error;
  const code = codeOf(error);
  if (code === 'ERR_INVALID_URL') return unreadableUrl();
  const message = oneLine(messageOf(error));
  const facts: Record<string, unknown> = { operation, ...detailsOf(error) };
  if (code !== undefined) facts.code = code;
  const options = { cause: error };
  if (isUnavailable(code, message)) {
    const hint = code === undefined ? undefined : HINTS[code];
    const text = `The store is not available (${operation}): ${message}${hint === undefined ? '' : `; ${hint}`}.`;
    return new FillwrightFault('store_unavailable', text, facts, options);
  }
  if (code === NUL_CODE || code === CHARACTER_CODE) {
    const why = code === NUL_CODE ? 'got a NUL character, expected text without it' : message;
    const text = `The store cannot keep this text (${operation}): ${why}.`;
    return new FillwrightFault('invalid_value', text, facts, options);
  }
  const text =
    code === UNIQUE_VIOLATION
      ? `Something is in the store already that must be new (${operation}): ${message}.`
      : `The store refused the data (${operation}): ${message}.`;
  return new FillwrightFault('broken_invariant', text, facts, options);
}

/** Without the cause: the URL may hold a password. */
function unreadableUrl(): FillwrightFault {
  const expected = 'postgres://user:password@host:port/database';
  return new FillwrightFault(
    'invalid_config',
    `The URL of the database cannot be read, expected ${expected}.`,
    { expected },
  );
}

function isUnavailable(code: string | undefined, message: string): boolean {
  if (code === undefined) return CONNECTION_MESSAGE.test(message);
  return (
    NETWORK.has(code) ||
    UNAVAILABLE_CODES.has(code) ||
    (code.length === 5 && UNAVAILABLE_CLASSES.has(code.slice(0, 2)))
  );
}

/** The SQLSTATE of a server's error, or Node's code of a network error. */
export function codeOf(error: unknown): string | undefined {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** The message; of several attempts at several addresses the first. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return messageOf(error.errors[0]);
  }
  return error instanceof Error ? error.message : String(error);
}

function detailsOf(error: unknown): Record<string, unknown> {
  const details: Record<string, unknown> = {};
  for (const name of ['table', 'constraint', 'column', 'detail']) {
    const value = field(error, name);
    if (typeof value === 'string') details[name] = value;
  }
  return details;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Server messages may hold several lines; a fault is one. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}
