/** Looks at everything that trading needs, and says of each thing what is wrong and what to do. */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { createRandom } from '../adapters/random.ts';
import type { Config } from '../config.ts';
import { type SandboxProcess, startSandboxProcess } from '../sandbox-process.ts';
import {
  polymarketPlace,
  SANDBOX_STATE,
  sandboxPlace,
  type VenuePlace,
} from '../venue-polymarket.ts';
import { examine, ok, type Row } from './checks.ts';
import { databaseCheck, diskCheck } from './machine-checks.ts';
import { type VenueChecks, venueChecks } from './venue-checks.ts';

/** Rows as they are found, the slow ones last. Never rejects for what it looks at. */
export async function* diagnose(config: Config): AsyncGenerator<Row> {
  const { mode, venue } = config;
  yield { check: 'config', ...ok(`mode ${mode}, orders go to ${venue.use}`) };
  yield await examine(diskCheck(config));
  yield await examine(databaseCheck(config));
  if (venue.use !== 'paper') yield* diagnoseVenue(config);
}

async function* diagnoseVenue(config: Config): AsyncGenerator<Row> {
  let found: FoundVenue | undefined;
  yield await examine({
    name: 'credentials',
    fix: 'see docs/polymarket.md, "Credentials"',
    async run() {
      found = await findVenue(config);
      const { api, signatureType } = found.place.credentials;
      const keys = api === undefined ? 'to be derived' : 'given';
      return ok(`signature type ${signatureType}, API keys ${keys}`);
    },
  });
  if (found === undefined) return;
  try {
    for (const check of found.checks) yield await examine(check);
  } finally {
    await found.close();
  }
}

interface OpenPlace {
  readonly place: VenuePlace;
  close(): Promise<void>;
}

type FoundVenue = OpenPlace & Pick<VenueChecks, 'checks'>;

async function findVenue(config: Config): Promise<FoundVenue> {
  const { place, close } = await placeOf(config);
  const clock = createSystemClock();
  try {
    const venue = venueChecks({ place, clock, random: createRandom(`${clock.now()}`).next });
    return {
      ...{ place, checks: venue.checks },
      async close() {
        await venue.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function placeOf({ venue, dataFolder }: Config): Promise<OpenPlace> {
  switch (venue.use) {
    case 'paper':
      throw new Error('The paper venue has no credentials.');
    case 'polymarket':
      return { place: await polymarketPlace(venue), close: async () => undefined };
    case 'sandbox':
      return openSandboxPlace(venue, join(dataFolder, SANDBOX_STATE));
  }
}

async function openSandboxPlace(
  { seed, scenario, account }: Extract<Config['venue'], { use: 'sandbox' }>,
  stateFile: string,
): Promise<OpenPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-doctor-'));
  let sandbox: SandboxProcess | undefined;
  async function close(): Promise<void> {
    await sandbox?.close();
    await rm(folder, { recursive: true, force: true });
  }
  try {
    sandbox = await startSandboxProcess({
      ...{ seed, scenario, log: { warn: quiet, error: quiet } },
      stateFile: await copyOf(stateFile, folder),
    });
    return { place: sandboxPlace(sandbox.opened, account), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The state itself belongs to the sandbox of an engine, which may be running. */
async function copyOf(stateFile: string, folder: string): Promise<string> {
  const copy = join(folder, SANDBOX_STATE);
  if (existsSync(stateFile)) await copyFile(stateFile, copy);
  return copy;
}

const quiet = () => undefined;
