/** Whether a log and its tables can be taken up by this engine. */
import { CATALOGUE_VERSION } from '../domain/events/catalogue.ts';
import { FillwrightFault } from '../domain/faults.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import type { Registry } from './registry.ts';

/** Snapshots follow from the log: they cannot know more than it. */
export function checkLog(projectedThrough: number, lastSeq: number): void {
  if (projectedThrough <= lastSeq) return;
  throw new FillwrightFault(
    'corrupt_row',
    `system_metadata projected_through is ${projectedThrough}, expected at most ${lastSeq}, where the journal ends. Restore a backup of the whole database.`,
    { projectedThrough, lastSeq },
  );
}

/** One database holds one account on one venue: another configuration is a mistake. */
export function checkSameEngine(
  registry: Registry,
  options: { readonly accountId: string; readonly venue: { readonly name: string } },
): void {
  const account = registry.account().name;
  const venue = registry.venue().name;
  if (account === options.accountId && venue === options.venue.name) return;
  throw new FillwrightFault(
    'invalid_config',
    `This database holds account "${account}" on venue "${venue}", the configuration says "${options.accountId}" on "${options.venue.name}". Use another data folder or database.`,
    { account, venue },
  );
}

/** An older catalogue would leave out events that were already told. */
export function checkCatalogue({ catalogue }: SystemContext): void {
  if (catalogue <= CATALOGUE_VERSION) return;
  throw new FillwrightFault(
    'newer_row',
    `This database was written with version ${catalogue} of the event catalogue, this program knows up to ${CATALOGUE_VERSION}. Start the newer program, or restore a backup.`,
    { version: catalogue, expected: CATALOGUE_VERSION },
  );
}
