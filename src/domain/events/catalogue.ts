/**
 * Every event that the engine tells the world, by its type: how urgent it is, what it means, what it
 * carries. `docs/events.md` is made of this.
 *
 * Events follow from the log, so a new type may only be made of inputs that are told after it was
 * there: add its entry with `since` one above `CATALOGUE_VERSION`, raise that, and make it where it
 * happens (`src/actors/happenings.ts`). The same holds for another field in a payload, or another
 * moment in which an event is made.
 */
import type { z } from 'zod';
import { BUDGET_EVENTS } from './budget-events.ts';
import type { Priority } from './entry.ts';
import { EXIT_EVENTS } from './exit-events.ts';
import { ORDER_EVENTS } from './order-events.ts';
import { POSITION_EVENTS } from './position-events.ts';
import { RESOLUTION_EVENTS } from './resolution-events.ts';
import { SYSTEM_EVENTS } from './system-events.ts';

/** A start says in the log with which one the inputs after it are told; 0: before there was one. */
export const CATALOGUE_VERSION = 2;

export const CATALOGUE = {
  ...ORDER_EVENTS,
  ...POSITION_EVENTS,
  ...RESOLUTION_EVENTS,
  ...EXIT_EVENTS,
  ...SYSTEM_EVENTS,
  ...BUDGET_EVENTS,
} as const;

type Catalogue = typeof CATALOGUE;
export type CatalogueType = keyof Catalogue;
export type PayloadOf<T extends CatalogueType> = Readonly<z.output<Catalogue[T]['payload']>>;

/** What every event has. */
export interface Envelope<T extends CatalogueType> {
  /** `evt_…`: follows from the input and the place in its turn. Told again, it is the same. */
  readonly eventId: string;
  readonly type: T;
  readonly priority: Priority;
  /** When the engine took in what caused it, ms since 1970 UTC. */
  readonly atMs: number;
  readonly accountId: string;
  /** What belongs together: the intent's key for orders, fills and positions; else the subject. */
  readonly correlationId: string;
  /** `input_<seq>`: the entry of the log that it follows from; or the `eventId` of another event. */
  readonly causationId: string;
  /** For example `order:ord_…`: what it is numbered and ordered in. */
  readonly stream: string;
  /** Its number in the stream, from 1, without gaps. */
  readonly number: number;
  readonly payload: PayloadOf<T>;
}

export type CatalogueEventOf<T extends CatalogueType> = { [Type in T]: Envelope<Type> }[T];
/** Told apart by `type`. */
export type CatalogueEvent = CatalogueEventOf<CatalogueType>;

export const CATALOGUE_TYPES = Object.keys(CATALOGUE) as readonly CatalogueType[];
