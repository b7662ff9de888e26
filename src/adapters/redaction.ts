/** Makes values fit to be shown to people: without secrets, and bounded in depth and size. */
import { FillwrightFault } from '../domain/faults.ts';

const HIDDEN = '[hidden]';

const SECRET_KEY =
  /api[-_]?key|secret|pass(?:phrase|word|wd)|private[-_]?key|authori[sz]ation|credential|mnemonic|cookie|signature|(?:access|auth|bearer|refresh|session)[-_]?token|^(?:token|bearer)$/i;
const URL_CREDENTIALS = /\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#"']*@/gi;
const SECRET_PARAMETER =
  /([?&][^=&\s]*(?:key|secret|passphrase|password|token|signature)[^=&\s]*=)[^&#\s"']+/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;

export interface ShownLimits {
  readonly depth: number;
  /** Entries of one list or object. */
  readonly items: number;
  /** Characters of one text. */
  readonly text: number;
}

/** Text without the secrets that a text can hold: credentials in addresses and in headers. */
export function hideInText(text: string): string {
  return text
    .replace(URL_CREDENTIALS, `$1${HIDDEN}@`)
    .replace(SECRET_PARAMETER, `$1${HIDDEN}`)
    .replace(BEARER, `$1 ${HIDDEN}`);
}

/** A copy as plain JSON. What looks like a secret by its name is hidden; nothing here throws. */
export function shown(value: unknown, limits: ShownLimits): unknown {
  return copy(value, limits, 0);
}

function copy(value: unknown, limits: ShownLimits, depth: number): unknown {
  if (typeof value === 'string') return shorten(hideInText(value), limits.text);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= limits.depth) return '[deeper]';
  try {
    if (value instanceof Error) return copyError(value, limits, depth);
    if (Array.isArray(value)) return copyList(value, limits, depth);
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return copy(value.toJSON(), limits, depth + 1);
    }
    return copyObject(value, limits, depth);
  } catch {
    return '[unreadable]';
  }
}

function copyList(list: readonly unknown[], limits: ShownLimits, depth: number): unknown[] {
  const items = list.slice(0, limits.items).map((item) => copy(item, limits, depth + 1));
  return list.length > limits.items ? [...items, `[${list.length - limits.items} more]`] : items;
}

function copyObject(value: object, limits: ShownLimits, depth: number): object {
  const entries = Object.entries(value);
  const copied = entries
    .slice(0, limits.items)
    .map(([key, item]) => [
      key,
      SECRET_KEY.test(key) && item !== null && item !== undefined
        ? HIDDEN
        : copy(item, limits, depth + 1),
    ]);
  if (entries.length > limits.items) copied.push(['…', `[${entries.length - limits.items} more]`]);
  return Object.fromEntries(copied);
}

/** An error by what a person needs: its code, its facts, where it came from and why. */
function copyError(error: Error, limits: ShownLimits, depth: number): object {
  const code =
    error instanceof FillwrightFault ? error.code : 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    ...(code === undefined ? {} : { code: copy(code, limits, depth + 1) }),
    message: shorten(hideInText(error.message), limits.text),
    ...(error instanceof FillwrightFault ? { facts: copy(error.facts, limits, depth + 1) } : {}),
    ...(error.stack === undefined ? {} : { stack: shorten(hideInText(error.stack), 4_000) }),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, limits, depth + 1) }),
  };
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
