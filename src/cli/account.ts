/** Whose database this is. */
import { actorId } from '../actors/registry.ts';
import type { Store } from '../actors/store-port.ts';
import type { Config } from '../config.ts';
import { FillwrightFault } from '../domain/faults.ts';
import { venueName } from '../venue.ts';

/**
 * The account that this database holds; the configured one as long as it holds none.
 *
 * @throws {FillwrightFault} `invalid_config` for another account or venue, as `run` does: what is
 * shown would be another account's, or nothing.
 */
export async function accountOf(store: Store, config: Config): Promise<string> {
  const configured = { account: config.account.id, venue: venueName(config) };
  const held = await actorsHeld(store);
  if (held.account === undefined || held.venue === undefined) return configured.account;
  if (held.account === configured.account && held.venue === configured.venue) return held.account;
  throw new FillwrightFault(
    'invalid_config',
    `This database holds account "${held.account}" on venue "${held.venue}", the configuration says "${configured.account}" on "${configured.venue}". Use another data folder or database.`,
    held,
  );
}

/** Both are among the first actors that were ever made. */
async function actorsHeld(store: Store): Promise<{ account?: string; venue?: string }> {
  const names = new Map<string, string>();
  for await (const page of store.liveActors()) {
    for (const { kind, actorId: id } of page) {
      if (kind !== 'account' && kind !== 'venue') continue;
      names.set(kind, id.slice(actorId(kind, '').length));
    }
    if (names.size === 2) break;
  }
  return Object.fromEntries(names);
}
