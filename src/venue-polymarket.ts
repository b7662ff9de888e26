/** The Polymarket venue of a desk: on the real exchange, or on a sandbox. */
import { join } from 'node:path';
import type { FeedLog } from './adapters/marketdata/counts.ts';
import {
  type PolymarketCredentials,
  readCredentialsEnvironment,
  readCredentialsFile,
  revealed,
} from './adapters/venues/polymarket/credentials.ts';
import {
  createPolymarketVenue,
  type PolymarketVenue,
} from './adapters/venues/polymarket/polymarket-venue.ts';
import { type Curve, openCurve } from './adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from './adapters/venues/polymarket/protocol/signer.ts';
import type { TierName } from './adapters/venues/polymarket/rate-limiter-budgets.ts';
import type { Config } from './config.ts';
import { FillwrightFault } from './domain/faults.ts';
import { type OpenedSandbox, type SandboxProcess, startSandboxProcess } from './sandbox-process.ts';
import { type OpenVenue, POLYMARKET_VENUE, type VenueParts } from './venue.ts';

/** What a sandbox remembers, in the data folder. */
export const SANDBOX_STATE = 'sandbox.json';
/** Trades before this moment are another's history. */
const OPENED_AT = 'venue.openedAtMs';

type PolymarketConfig = Extract<Config['venue'], { use: 'polymarket' }>;
type SandboxConfig = Extract<Config['venue'], { use: 'sandbox' }>;

/** Where the venue is and who we are there. */
export interface VenuePlace {
  readonly credentials: PolymarketCredentials;
  readonly clob: string;
  /** `ws://host/ws`: the channels are `/market` and `/user` of it. */
  readonly stream: string;
  readonly gamma: string;
  readonly data: string;
  readonly geoblock: string;
  readonly markets: readonly string[];
  readonly heartbeat: boolean;
  readonly protocolV2: boolean;
  /** Of the venue's trading rate limits. */
  readonly tier: TierName;
}

/** @throws {FillwrightFault} `invalid_config` for keys that are missing or belong elsewhere. */
export async function openPolymarket(
  venue: PolymarketConfig,
  parts: VenueParts,
): Promise<OpenVenue> {
  return connect(await polymarketPlace(venue), parts);
}

/** @throws {FillwrightFault} as `openPolymarket`. */
export async function polymarketPlace(venue: PolymarketConfig): Promise<VenuePlace> {
  const { markets, heartbeat, protocolV2, tier, hosts } = venue;
  const { clob, gamma, data, geoblock } = hosts;
  return {
    credentials: await readCredentials(venue, process.env),
    ...{ clob, gamma, data, geoblock, stream: `${hosts.stream}/ws` },
    ...{ markets, heartbeat, protocolV2, tier },
  };
}

/** The credentials of a configuration. @throws {FillwrightFault} when they are of another host. */
async function readCredentials(
  { credentials: path, hosts }: PolymarketConfig,
  environment: NodeJS.ProcessEnv,
): Promise<PolymarketCredentials> {
  const read =
    path === undefined ? readCredentialsEnvironment(environment) : await readCredentialsFile(path);
  if (read.host !== undefined && read.host !== hosts.clob) {
    throw new FillwrightFault(
      'invalid_config',
      `The credentials are for ${read.host}, the configuration trades on ${hosts.clob}.`,
      { credentials: read.host, configuration: hosts.clob },
    );
  }
  return read;
}

/** Starts a sandbox beside this process and connects to it. */
export async function openSandbox(
  venue: SandboxConfig,
  dataFolder: string,
  parts: VenueParts,
): Promise<OpenVenue> {
  const { log } = parts;
  const { seed, scenario } = venue;
  const stateFile = join(dataFolder, SANDBOX_STATE);
  const sandbox = await startSandboxProcess({ seed, scenario, stateFile, log });
  try {
    const open = await connect(sandboxPlace(sandbox.opened, venue.account), parts);
    return { ...open, close: () => closeBoth(open, sandbox) };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

async function closeBoth(open: OpenVenue, sandbox: SandboxProcess): Promise<void> {
  await open.close();
  await sandbox.close();
}

export function sandboxPlace(opened: OpenedSandbox, index: number): VenuePlace {
  const account = opened.accounts[index];
  if (account === undefined) {
    const most = opened.accounts.length - 1;
    const message = `venue.account: got ${index}, expected 0 to ${most}: the scenario has no more.`;
    throw new FillwrightFault('invalid_config', message, { account: index });
  }
  const { privateKey, funder, signatureType, apiKey, secret, passphrase } = account;
  const { rest } = opened;
  return {
    credentials: readCredentialsEnvironment({
      POLYMARKET_PRIVATE_KEY: privateKey,
      POLYMARKET_FUNDER: funder,
      POLYMARKET_SIGNATURE_TYPE: String(signatureType),
      POLYMARKET_CHAIN_ID: String(opened.chainId),
      POLYMARKET_API_KEY: apiKey,
      POLYMARKET_API_SECRET: secret,
      POLYMARKET_API_PASSPHRASE: passphrase,
    }),
    ...{ clob: rest, gamma: rest, data: rest, geoblock: rest, stream: opened.ws },
    markets: opened.markets.map(({ conditionId }) => conditionId),
    heartbeat: false,
    protocolV2: true,
    // It limits nobody.
    tier: 'elite',
  };
}

async function connect(place: VenuePlace, parts: VenueParts): Promise<OpenVenue> {
  const { store } = parts;
  const curve = openCurve(parts.log);
  // One engine for each account: nothing is said to the venue before that is certain.
  await store.acquireWriter();
  const signer = createLocalSigner(place.credentials.privateKey.reveal(), curve);
  const venue = createPolymarketVenue({
    ...optionsOf(place, parts),
    signer,
    funder: place.credentials.funder ?? signer.address,
    historySinceMs: await openedAtMs(parts),
    inbox: store.inbox(POLYMARKET_VENUE),
    mayWrite: () => store.lease.mayAct(),
    checkSigning: () => checkSigning(curve),
  });
  // The books to follow are those of its markets: it has to know them before the engine starts.
  await venue.start();
  return asOpenVenue(venue, place);
}

/** Money is at stake as soon as an order is signed: every byte of it must be the package's. */
async function checkSigning(curve: Curve): Promise<void> {
  const { checkAgainstPackage } = await import(
    './adapters/venues/polymarket/protocol/self-check.ts'
  );
  await checkAgainstPackage(curve);
}

function asOpenVenue(started: PolymarketVenue, place: VenuePlace): OpenVenue {
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= started.stop();
    return stopped;
  };
  return {
    venue: { ...started, start: async () => undefined, stop },
    take(event) {
      if (event.type !== 'market.tickSizeChanged') return;
      const tokenId = started.instrument(event.instrumentId)?.tokenId;
      if (tokenId !== undefined) started.onTickSize(tokenId, event.tickSize);
    },
    busy: false,
    openingUsd: async () => (await started.fetchBalances()).cashUsd,
    channel: { url: `${place.stream}/market`, instruments: started.instruments },
    close: stop,
  };
}

function optionsOf({ credentials, ...place }: VenuePlace, { clock, random, log }: VenueParts) {
  const { clob: rest, gamma, data, stream, markets, heartbeat, protocolV2, tier } = place;
  const { api, chainId, signatureType } = credentials;
  const feedLog: FeedLog = (level, message, facts) => log[level](facts, message);
  const apiKeys = revealed(api);
  return {
    name: POLYMARKET_VENUE,
    urls: { rest, gamma, data, userChannel: `${stream}/user` },
    ...{ chainId, signatureType, apiKeys, clock, random, log: feedLog },
    ...{ markets, heartbeat, protocolV2, rateLimitTier: tier },
  };
}

/** When this account first met the venue; kept for ever. */
async function openedAtMs({ store, clock }: VenueParts): Promise<number> {
  const known = await store.metadata(OPENED_AT);
  if (known !== undefined) return Number(known);
  const atMs = clock.now();
  await store.setMetadata(OPENED_AT, String(atMs));
  return atMs;
}
