/** Looks at everything that trading needs, and says of each thing what is wrong and what to do. */
import { join } from 'node:path';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { createRandom } from '../adapters/random.ts';
import type { Config } from '../config.ts';
import { startSandboxProcess } from '../sandbox-process.ts';
import { polymarketPlace, sandboxPlace, type VenuePlace } from '../venue-polymarket.ts';
import { examine, ok, type Row } from './checks.ts';
import { databaseCheck, diskCheck } from './machine-checks.ts';
import { venueChecks } from './venue-checks.ts';

/** Rows as they are found, the slow ones last. Never rejects for what it looks at. */
export async function* diagnose(config: Config): AsyncGenerator<Row> {
  const { mode, venue } = config;
  yield { check: 'config', ...ok(`mode ${mode}, orders go to ${venue.use}`) };
  yield await examine(diskCheck(config));
  yield await examine(databaseCheck(config));
  if (venue.use !== 'paper') yield* diagnoseVenue(config);
}

async function* diagnoseVenue(config: Config): AsyncGenerator<Row> {
  let found: { place: VenuePlace; close: () => Promise<void> } | undefined;
  yield await examine({
    name: 'credentials',
    fix: 'see docs/polymarket.md, "Credentials"',
    async run() {
      found = await placeOf(config);
      const { api, signatureType } = found.place.credentials;
      const keys = api === undefined ? 'to be derived' : 'given';
      return ok(`signature type ${signatureType}, API keys ${keys}`);
    },
  });
  if (found === undefined) return;
  const clock = createSystemClock();
  const { checks, close } = venueChecks({
    ...{ place: found.place, clock, random: createRandom(`${clock.now()}`).next },
  });
  try {
    for (const check of checks) yield await examine(check);
  } finally {
    await close();
    await found.close();
  }
}

async function placeOf(config: Config): Promise<{ place: VenuePlace; close: () => Promise<void> }> {
  const { venue, dataFolder } = config;
  if (venue.use !== 'sandbox') {
    if (venue.use === 'paper') throw new Error('The paper venue has no credentials.');
    return { place: await polymarketPlace(venue), close: async () => undefined };
  }
  const quiet = () => undefined;
  const sandbox = await startSandboxProcess({
    ...{ seed: venue.seed, scenario: venue.scenario, log: { warn: quiet, error: quiet } },
    stateFile: join(dataFolder, 'sandbox.json'),
  });
  return { place: sandboxPlace(sandbox.opened, venue.account), close: () => sandbox.close() };
}
