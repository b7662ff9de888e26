/**
 * A Polymarket-compatible venue in this process: REST and websockets on one port, an exchange with
 * makers behind them, and faults on demand. See docs/sandbox.md.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Log } from '../actors/execution.ts';
import type { Clock, Random } from '../actors/ports.ts';
import { FillwrightFault } from '../domain/faults.ts';
import type { House } from './exchange/house.ts';
import type { Exchange, SandboxMarket } from './exchange/types.ts';
import type { Faults } from './faults/fault-set.ts';
import { createInProcessSandbox, type InProcessSandbox, type OpenedAccount } from './in-process.ts';
import { createHttpSide, type HttpSide } from './rest/http-server.ts';
import type { Scenario } from './scenario.ts';
import { lockState, readState, writeState } from './state-file.ts';

export type { OpenedAccount } from './in-process.ts';

const HOST = '127.0.0.1';
/** What a killed sandbox may have forgotten. */
const SAVED_EVERY_MS = 10_000;
/** A state of hours takes a moment to save, and the sandbox stands still for most of it. */
const WAITS_A_SAVE = 20;

export interface SandboxOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly scenario: Scenario;
  /** 0, the default: any that is free. */
  readonly port?: number;
  /** A port of their own for the websockets. */
  readonly wsPort?: number;
  /** Kept here while it runs and at its end; taken up again at its start. */
  readonly stateFile?: string;
  readonly log?: Pick<Log, 'warn' | 'error'>;
}

export interface Sandbox {
  /**
   * @throws {InvalidValue} for a state file that cannot be used.
   * @throws {FillwrightFault} `store_busy` for one that another sandbox uses.
   */
  start(): Promise<void>;
  /** Saves, and ends every connection. Not to be started again. */
  stop(): Promise<void>;
  /** `http://127.0.0.1:port`. @throws {FillwrightFault} `not_running` before the start. */
  readonly rest: string;
  /** `ws://127.0.0.1:port/ws`; the channels are `/market` and `/user` of it. */
  readonly ws: string;
  readonly chainId: number;
  readonly accounts: readonly OpenedAccount[];
  readonly markets: readonly SandboxMarket[];
  readonly exchange: Exchange;
  readonly faults: Faults;
  /** Shows the makers' books. */
  readonly maker: House;
  /** Takes from makers and clients. */
  readonly taker: House;
  /** Resolves when all that was sent so far has reached every connected client. */
  flush(): Promise<void>;
}

const silent: Pick<Log, 'warn' | 'error'> = { warn: () => undefined, error: () => undefined };

export function createSandbox(options: SandboxOptions): Sandbox {
  return new LocalSandbox(options, options.log ?? silent);
}

class LocalSandbox implements Sandbox {
  readonly #options: SandboxOptions;
  readonly #log: Pick<Log, 'warn' | 'error'>;
  readonly #inside: InProcessSandbox;
  readonly #http: HttpSide;
  #wsServer: Server | undefined;
  #cancelSave: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** Gives the state file to the next one. Absent: this sandbox never had it, and may not write it. */
  #unlock: (() => Promise<void>) | undefined;
  #isStopped = false;

  constructor(options: SandboxOptions, log: Pick<Log, 'warn' | 'error'>) {
    this.#options = options;
    this.#log = log;
    this.#inside = createInProcessSandbox({ ...options, log });
    this.#http = createHttpSide(this.#inside.answering);
  }

  get rest(): string {
    return `http://${HOST}:${portOf(this.#http.server)}`;
  }

  get ws(): string {
    return `ws://${HOST}:${portOf(this.#wsServer ?? this.#http.server)}/ws`;
  }

  get chainId(): number {
    return this.#inside.floor.chainId;
  }

  get exchange(): Exchange {
    return this.#inside.floor.exchange;
  }

  get faults(): Faults {
    return this.#inside.floor.faults;
  }

  get maker(): House {
    return this.#inside.floor.maker;
  }

  get taker(): House {
    return this.#inside.floor.taker;
  }

  get markets(): readonly SandboxMarket[] {
    return [...this.exchange.markets.values()];
  }

  get accounts(): readonly OpenedAccount[] {
    return this.#inside.accounts;
  }

  async start(): Promise<void> {
    const { port = 0, wsPort, stateFile } = this.#options;
    if (stateFile !== undefined) {
      const unlock = await lockState(stateFile, this.#options.clock);
      try {
        const state = await readState(stateFile);
        if (state !== undefined) this.#inside.floor.restore(state);
      } catch (error) {
        await unlock();
        throw error;
      }
      this.#unlock = unlock;
    }
    const { sockets } = this.#inside;
    await listen(this.#http.server, port);
    if (wsPort === undefined) sockets.attach(this.#http.server);
    else {
      this.#wsServer = createServer((_request, response) => response.writeHead(426).end());
      sockets.attach(this.#wsServer);
      await listen(this.#wsServer, wsPort);
    }
    await this.#inside.start();
    if (stateFile !== undefined) this.#saveLater(stateFile);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelSave?.();
    this.#inside.halt();
    const { stateFile } = this.#options;
    if (stateFile !== undefined && this.#unlock !== undefined) await this.#save(stateFile);
    await this.#unlock?.();
    const ending = this.#inside.stop();
    this.#wsServer?.close();
    this.#wsServer?.closeAllConnections();
    await ending;
    await this.#http.stop();
  }

  flush(): Promise<void> {
    this.#inside.floor.books.flush();
    return this.#inside.sockets.flush();
  }

  #saveLater(stateFile: string, waitMs = SAVED_EVERY_MS): void {
    const { clock } = this.#options;
    this.#cancelSave = clock.at(clock.now() + waitMs, () => {
      const startedMs = clock.now();
      void this.#save(stateFile).then(() => {
        const tookMs = clock.now() - startedMs;
        if (this.#isStopped) return;
        this.#saveLater(stateFile, Math.max(SAVED_EVERY_MS, WAITS_A_SAVE * tookMs));
      });
    });
  }

  /** One after the other. A disk that cannot be written is told and does not end the sandbox. */
  #save(stateFile: string): Promise<void> {
    this.#saving = this.#saving
      .then(() => writeState(stateFile, this.#inside.floor.save()))
      .catch((error: unknown) => {
        this.#log.error({ error, stateFile }, 'The state of the sandbox could not be saved.');
      });
    return this.#saving;
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, HOST);
  await once(server, 'listening');
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new FillwrightFault('not_running', 'The sandbox has no address before its start.');
}
