/** Every migration by name, listed by hand: no folder is scanned, so sources and builds agree. */
import type { Migration } from 'kysely';
import { down as coreDown, up as coreUp } from './0001_core.ts';
import { down as inboxDown, up as inboxUp } from './0002_venue_inbox.ts';

/** Applied in the order of their names. A released migration is never changed, only followed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_core': { up: coreUp, down: coreDown },
  '0002_venue_inbox': { up: inboxUp, down: inboxDown },
};
