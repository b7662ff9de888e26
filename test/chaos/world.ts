/** The parts of a chaos run: the exchange, the database, the networks between, and the engine. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChaosDatabase, openDatabase } from './database.ts';
import { type Running, startCommand, strategyFile } from './processes.ts';
import { type PromiseLine, promiseReader } from './promises.ts';
import { type ChaosSandbox, startSandbox } from './sandbox.ts';
import { startTcpProxy, type Tap, type TcpProxy } from './tcp-proxy.ts';

export interface WorldOptions {
  readonly seed: string;
  readonly scenario: object;
  /** Sees the requests to the venue and their answers. */
  readonly venueTap?: () => Tap;
}

/** A strategy of one life of the engine, and what it is told. */
export interface Load {
  readonly use: 'load-strategy' | 'rest-strategy';
  readonly name: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

export interface EngineOptions {
  readonly loads: readonly Load[];
  /** The venue cancels everything when the engine falls silent. */
  readonly heartbeat?: boolean;
  /** The second bookkeeper adds everything up after every turn; not where time is measured. */
  readonly checkIdentities?: boolean;
  readonly args?: readonly string[];
  /** Another way to the venue than the common one. */
  readonly venuePort?: number;
}

export interface World {
  readonly folder: string;
  readonly sandbox: ChaosSandbox;
  readonly database: ChaosDatabase;
  /** Between the engine and the venue; between the engine and the database. */
  readonly venueNet: TcpProxy;
  readonly databaseNet: TcpProxy;
  /** The file of promises.ts, of all lives together. */
  readonly promisesPath: string;
  /** Every line of it so far. */
  promises(): readonly PromiseLine[];
  startEngine(options: EngineOptions): Running;
  readonly engines: readonly Running[];
  close(): Promise<void>;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { seed, scenario, venueTap } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-chaos-'));
  // Where we are root, the database belongs to another account, which must find its way.
  chmodSync(folder, 0o711);
  const closing: (() => Promise<void>)[] = [];
  const abandoning: (() => void)[] = [];
  // A harness that fails leaves nothing behind either.
  const abandon = () => {
    for (const end of abandoning) end();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  const closeAll = async () => {
    process.off('exit', abandon);
    for (const close of closing.reverse())
      await close().catch((error: unknown) => console.error(error));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const database = await openDatabase(folder);
    closing.push(() => database.close());
    abandoning.push(() => database.abandon());
    const sandbox = await startSandbox(folder, seed, scenario);
    closing.push(() => sandbox.close());
    const venueNet = await startTcpProxy({ host: '127.0.0.1', port: sandbox.port }, venueTap);
    closing.push(() => venueNet.close());
    const databaseNet = await startTcpProxy({ path: database.socketPath });
    closing.push(() => databaseNet.close());
    const engines: Running[] = [];
    abandoning.push(() => {
      for (const engine of engines) engine.kill('SIGKILL');
    });
    closing.push(async () => {
      for (const engine of engines) {
        if (engine.end !== undefined) continue;
        engine.kill('SIGKILL');
        await engine.ended;
      }
    });
    const promisesPath = join(folder, 'promises.jsonl');
    const read = promiseReader(promisesPath);
    const lines: PromiseLine[] = [];
    return {
      ...{ folder, sandbox, database, venueNet, databaseNet, promisesPath, engines },
      promises() {
        lines.push(...read());
        return lines;
      },
      startEngine(engineOptions) {
        const { loads, args = [], venuePort = venueNet.port } = engineOptions;
        const path = join(folder, `engine-${engines.length + 1}.yaml`);
        const strategies = loads.map(({ use, name, options: told }) => ({
          ...{ use: strategyFile(use), name },
          options: { promises: promisesPath, ...told },
        }));
        const whole = { ...configOf(sandbox, venuePort, engineOptions), strategies };
        const dataFolder = join(folder, 'engine');
        mkdirSync(dataFolder, { recursive: true });
        writeFileSync(path, JSON.stringify({ dataFolder, ...whole }));
        const engine = startCommand(['run', '--config', path, '--json', ...args], {
          ...sandbox.credentials,
          DATABASE_URL: `postgres://fillwright@127.0.0.1:${databaseNet.port}/fillwright`,
        });
        engines.push(engine);
        return engine;
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The real adapter, as for the real exchange, with the addresses of the proxy. */
function configOf(
  { opened }: ChaosSandbox,
  venuePort: number,
  { heartbeat = false, checkIdentities = false }: EngineOptions,
): object {
  const rest = `http://127.0.0.1:${venuePort}`;
  return {
    venue: {
      use: 'polymarket',
      markets: opened.markets.map(({ conditionId }) => conditionId),
      protocolV2: true,
      tier: 'elite',
      heartbeat,
      hosts: {
        ...{ clob: rest, gamma: rest, data: rest, geoblock: rest },
        stream: `ws://127.0.0.1:${venuePort}`,
      },
    },
    maxOpenOrders: 20_000,
    checkIdentities,
    log: { level: 'warn', pretty: false },
  };
}
