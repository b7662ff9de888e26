/**
 * Faults, sorted by what the caller should do next. Each carries a stable `code` and its facts as
 * plain data, so that a log line, an exit message and a test read the same thing.
 */

export type FaultCode =
  | 'invalid_value'
  | 'invalid_config'
  | 'unknown_instrument'
  | 'unknown_order'
  | 'unknown_budget'
  | 'key_conflict'
  /** A budget whose money may not be used so: it is over, or another's. */
  | 'budget_refused'
  | 'insufficient_funds'
  | 'not_running'
  | 'overloaded'
  | 'store_unavailable'
  | 'store_busy'
  | 'lease_lost'
  | 'corrupt_row'
  | 'newer_row'
  | 'corrupt_recording'
  | 'venue_unknown'
  | 'venue_rejected'
  | 'sink_unavailable'
  | 'broken_invariant';

export class FillwrightFault extends Error {
  readonly code: FaultCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: FaultCode,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'FillwrightFault';
    this.code = code;
    this.facts = facts;
  }
}

/** Input from outside that breaks its contract. Names the place, the value and what was expected. */
export class InvalidValue extends FillwrightFault {
  constructor(place: string, value: unknown, expected: string) {
    super('invalid_value', `${place}: got ${show(value)}, expected ${expected}.`, {
      place,
      value: show(value),
      expected,
    });
    this.name = 'InvalidValue';
  }
}

/** A rule that only a bug can break. Never caught to be ignored. */
export class BrokenInvariant extends FillwrightFault {
  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super('broken_invariant', message, facts);
    this.name = 'BrokenInvariant';
  }
}

/** @throws {BrokenInvariant} when `condition` is false: a bug of ours, not bad input. */
export function assertInvariant(
  condition: boolean,
  message: string,
  facts?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new BrokenInvariant(message, facts);
}

/** A value as one short line for a message: at most 80 characters. */
export function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? safeJson(value)
        : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** What somebody threw, in its own words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
