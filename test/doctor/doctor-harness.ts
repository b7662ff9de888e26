/** A configuration for the doctor over a real sandbox, with one thing wrong at a time. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../src/actors/ports.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import { createSandbox, type OpenedAccount, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { databaseUrl } from '../support/database.ts';
import { type Change, openProxy } from './venue-proxy.ts';

/** What differs from a configuration that can trade. */
export interface Given {
  /** Lines of the credentials file; undefined leaves one out. */
  readonly credentials?: Readonly<Record<string, unknown>>;
  /** Mode of the credentials file. */
  readonly mode?: number;
  /** Other answers of the venue. */
  readonly change?: Change;
  /** The venue's clock less ours. */
  readonly skewMs?: number;
  readonly dollars?: string;
  /** Beside the known market. */
  readonly unknownMarkets?: readonly string[];
  readonly onlyUnknown?: true;
  readonly protocolV2?: true;
  readonly databaseUrl?: string;
  readonly hosts?: Readonly<Record<string, string>>;
}

export interface Patient {
  readonly config: Config;
  /** The same configuration as a file. */
  readonly path: string;
  readonly account: OpenedAccount;
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

/** A port of this machine on which nobody listens. */
export const NOBODY = '127.0.0.1:1';

/** Opens a sandbox, and a configuration that is fine but for what is given. */
export async function openPatient(given: Given = {}): Promise<Patient> {
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-doctor-'));
  const sandbox = createSandbox({
    clock: shifted(createSystemClock(), given.skewMs ?? 0),
    random: createRandom('doctor').next,
    scenario: scenarioOf({
      accounts: [{ name: 'trader', signatureType: 2, dollars: given.dollars ?? '250.5' }],
      markets: [{ slug: 'rain' }],
    }),
  });
  await sandbox.start();
  const proxy = await openProxy(sandbox.rest, given.change);
  const [account] = sandbox.accounts;
  if (account === undefined) throw new Error('The scenario has no account.');
  const credentials = join(folder, 'keys.json');
  writeFileSync(credentials, JSON.stringify({ ...linesOf(account), ...given.credentials }));
  chmodSync(credentials, given.mode ?? 0o600);
  const known = sandbox.markets.map(({ conditionId }) => conditionId);
  const schema = `test_doctor_${randomBytes(6).toString('hex')}`;
  const text = JSON.stringify({
    venue: {
      use: 'polymarket',
      credentials,
      protocolV2: given.protocolV2 ?? false,
      markets: [...(given.onlyUnknown ? [] : known), ...(given.unknownMarkets ?? [])],
      hosts: {
        ...{ clob: proxy.url, gamma: proxy.url, geoblock: proxy.url },
        stream: sandbox.ws.replace(/\/ws$/, ''),
        ...given.hosts,
      },
    },
    dataFolder: join(folder, 'data'),
    database: { url: given.databaseUrl ?? databaseUrl(), schema },
  });
  const path = join(folder, 'doctor.yaml');
  writeFileSync(path, text);
  return {
    config: parseConfig(text, path),
    ...{ path, account, sandbox },
    async close() {
      await proxy.close();
      await sandbox.stop();
      rmSync(folder, { recursive: true });
      const store = createPostgresStore({ url: databaseUrl(), schema, poolSize: 1 });
      await store.dropSchema();
      await store.close();
    },
  };
}

/** The account's credentials file. */
export function linesOf(account: OpenedAccount) {
  return {
    private_key: account.privateKey,
    funder: account.funder,
    signature_type: account.signatureType,
    api_key: account.apiKey,
    api_secret: account.secret,
    api_passphrase: account.passphrase,
  };
}

function shifted(clock: Clock, byMs: number): Clock {
  return {
    now: () => clock.now() + byMs,
    at: (atMs, callback) => clock.at(atMs - byMs, callback),
  };
}

/** A clock on which a second of waiting takes ten milliseconds. */
export function hurriedClock(): Clock {
  const clock = createSystemClock();
  const startedMs = clock.now();
  return {
    now: () => startedMs + (clock.now() - startedMs) * 100,
    at: (atMs, callback) => clock.at(startedMs + (atMs - startedMs) / 100, callback),
  };
}

/** Takes connections and never says a word. Its address is `127.0.0.1:port`. */
export async function openSilence(): Promise<{ host: string; close: () => Promise<void> }> {
  const sockets = new Set<{ destroy: () => void }>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${portOf(server.address())}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A websocket server that closes every connection at its first frame, as after a bad sign-in. */
export async function openRefusingStream(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('message', () => socket.close(1008));
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${portOf(server.address())}`,
    async close() {
      for (const socket of server.clients) socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function portOf(address: unknown): number {
  if (typeof address === 'object' && address !== null && 'port' in address) {
    return Number(address.port);
  }
  throw new Error('The server has no address.');
}
