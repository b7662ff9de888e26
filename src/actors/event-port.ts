/** Where events are kept and where they go: what the store and each sink must fulfil. */
import type { CatalogueEvent, CatalogueType, PayloadOf } from '../domain/events/catalogue.ts';
import type { Priority } from '../domain/events/entry.ts';
import { FillwrightFault } from '../domain/faults.ts';

/** An event of the catalogue as it is kept. */
export interface EventRow {
  /** `seq * 1,000,000 + n`: ordered, and the same when said again. */
  readonly eventId: number;
  readonly type: string;
  readonly priority: number;
  /** The actor that it is of. */
  readonly stream: string;
  /** From 1, without gaps in its stream. */
  readonly number: number;
  readonly accountId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly atMs: number;
  /** JSON text. */
  readonly payload: string;
}

/** The events of a store, and how far each sink has come. */
export interface EventStore {
  /** Events above `eventId`, in order. */
  after(eventId: number, limit: number): Promise<readonly EventRow[]>;
  /** The last event that `sink` has taken; undefined: it is new. */
  cursor(sink: string): Promise<number | undefined>;
  /** Never goes back. @throws {FillwrightFault} `store_unavailable`, `lease_lost`. */
  moveCursor(sink: string, eventId: number, atMs: number): Promise<void>;
  /** The last event that was removed; 0: none was. */
  prunedThrough(): Promise<number>;
  /**
   * Removes the oldest events, up to the first that is younger than `beforeMs` or above `through`; at
   * most `limit`. Answers how many.
   */
  prune(beforeMs: number, through: number, limit: number): Promise<number>;
}

/** Somewhere outside that takes events, each at least once, in order. */
export interface EventSink {
  /** Its place in the order of events is kept under this name. */
  readonly name: string;
  /** Events that are handed over at once. */
  readonly batch: number;
  /** Of others it is told nothing. */
  wants(event: CatalogueEvent): boolean;
  /**
   * Resolves when all of `events` are safe there. Whatever it throws, all of them come again; a
   * `SinkFault` says when.
   */
  take(events: readonly CatalogueEvent[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface SinkFaultOptions extends ErrorOptions {
  /** What it asked for; bounded by the delivery. */
  readonly retryAfterMs?: number;
  /** It will say no again until a person does something. */
  readonly isRefusal?: boolean;
}

/** A sink has not taken what it was given. */
export class SinkFault extends FillwrightFault {
  readonly retryAfterMs: number | undefined;
  readonly isRefusal: boolean;

  constructor(
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options: SinkFaultOptions = {},
  ) {
    super('sink_unavailable', message, facts, options);
    this.name = 'SinkFault';
    this.retryAfterMs = options.retryAfterMs;
    this.isRefusal = options.isRefusal === true;
  }
}

/** The row as it is told outside. */
export function eventOf(row: EventRow): CatalogueEvent {
  const { eventId, type, priority, payload, ...rest } = row;
  return {
    eventId: `evt_${eventId}`,
    type: type as CatalogueType,
    priority: priority as Priority,
    ...rest,
    payload: JSON.parse(payload) as PayloadOf<CatalogueType>,
  } as CatalogueEvent;
}
