/** Every migration by name, listed by hand: no folder is scanned, so sources and builds agree. */
import type { Migration } from 'kysely';
import { down as coreDown, up as coreUp } from './0001_core.ts';
import { down as inboxDown, up as inboxUp } from './0002_venue_inbox.ts';
import { down as leaseDown, up as leaseUp } from './0003_writer_lease.ts';
import { down as chainDown, up as chainUp } from './0004_hash_chain.ts';
import { down as commandsDown, up as commandsUp } from './0005_commands.ts';
import { down as findingsDown, up as findingsUp } from './0006_findings.ts';
import { down as eventsDown, up as eventsUp } from './0007_events.ts';
import { down as postingsDown, up as postingsUp } from './0008_postings.ts';
import { down as budgetsDown, up as budgetsUp } from './0009_budgets.ts';
import { down as resolutionDown, up as resolutionUp } from './0010_resolution.ts';

/** Applied in the order of their names. A released migration is never changed, only followed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_core': { up: coreUp, down: coreDown },
  '0002_venue_inbox': { up: inboxUp, down: inboxDown },
  '0003_writer_lease': { up: leaseUp, down: leaseDown },
  '0004_hash_chain': { up: chainUp, down: chainDown },
  '0005_commands': { up: commandsUp, down: commandsDown },
  '0006_findings': { up: findingsUp, down: findingsDown },
  '0007_events': { up: eventsUp, down: eventsDown },
  '0008_postings': { up: postingsUp, down: postingsDown },
  '0009_budgets': { up: budgetsUp, down: budgetsDown },
  '0010_resolution': { up: resolutionUp, down: resolutionDown },
};
