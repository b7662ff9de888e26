/**
 * A Polymarket-compatible venue in this process: REST and websockets on one port, an exchange with
 * makers behind them, and faults on demand. See docs/sandbox.md.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../actors/execution.ts';
import type { Clock, Random } from '../actors/ports.ts';
import { FillwrightFault } from '../domain/faults.ts';
import type { SandboxAccount } from './accounts.ts';
import type { ApiKey } from './api-keys.ts';
import { describeRequest } from './describe-request.ts';
import type { House } from './exchange/house.ts';
import type { Exchange, SandboxMarket } from './exchange/types.ts';
import type { Faults } from './faults/fault-set.ts';
import { createFloor, type Floor } from './floor.ts';
import { createModes } from './modes.ts';
import { accountRoutes } from './rest/account-routes.ts';
import { controlRoutes, payoutOf } from './rest/control-routes.ts';
import { dataRoutes } from './rest/data-routes.ts';
import { gammaRoutes } from './rest/gamma-routes.ts';
import { createHttpSide, type HttpSide } from './rest/http-server.ts';
import { marketRoutes } from './rest/market-routes.ts';
import { orderRoutes } from './rest/order-routes.ts';
import { createRouter } from './rest/router.ts';
import type { Happening, Scenario } from './scenario.ts';
import { lockState, readState, writeState } from './state-file.ts';
import { MarketChannel } from './stream/market-channel.ts';
import { SocketSide } from './stream/socket-side.ts';
import { UserChannel } from './stream/user-channel.ts';

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

/** An account with its first API key. */
export interface OpenedAccount extends SandboxAccount {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
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
  readonly #floor: Floor;
  readonly #http: HttpSide;
  readonly #sockets: SocketSide;
  readonly #channels: { readonly market: MarketChannel; readonly user: UserChannel };
  readonly #timers = new Set<() => void>();
  #wsServer: Server | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** Gives the state file to the next one. Absent: this sandbox never had it, and may not write it. */
  #unlock: (() => Promise<void>) | undefined;
  #isStopped = false;

  constructor(options: SandboxOptions, log: Pick<Log, 'warn' | 'error'>) {
    this.#options = options;
    this.#log = log;
    const { clock, scenario } = options;
    const floor = createFloor({ ...options, log });
    this.#floor = floor;
    for (const rule of scenario.faults) floor.faults.read(rule);
    const modes = createModes(clock, floor.faults);
    const routes = [
      ...orderRoutes({ ...floor, modes }),
      ...accountRoutes({ ...floor, clock }),
      ...marketRoutes({ ...floor, clock }),
      ...gammaRoutes(floor),
      ...dataRoutes(floor),
      ...controlRoutes(floor),
    ];
    this.#http = createHttpSide({
      clock,
      log,
      faults: floor.faults,
      router: createRouter(routes, { ...floor, clock }),
      describe: (found, json, query) => describeRequest(floor, found, json, query),
    });
    this.#channels = {
      market: new MarketChannel(floor.books),
      user: new UserChannel({ ...floor, clock }),
    };
    this.#sockets = new SocketSide({
      clock,
      faults: floor.faults,
      channels: { '/ws/market': this.#channels.market, '/ws/user': this.#channels.user },
    });
  }

  get rest(): string {
    return `http://${HOST}:${portOf(this.#http.server)}`;
  }

  get ws(): string {
    return `ws://${HOST}:${portOf(this.#wsServer ?? this.#http.server)}/ws`;
  }

  get chainId(): number {
    return this.#floor.chainId;
  }

  get exchange(): Exchange {
    return this.#floor.exchange;
  }

  get faults(): Faults {
    return this.#floor.faults;
  }

  get maker(): House {
    return this.#floor.maker;
  }

  get taker(): House {
    return this.#floor.taker;
  }

  get markets(): readonly SandboxMarket[] {
    return [...this.#floor.exchange.markets.values()];
  }

  get accounts(): readonly OpenedAccount[] {
    const { accounts, keys } = this.#floor;
    return accounts.list().flatMap((account) => {
      const [key] = keys.of(account.address);
      return key === undefined ? [] : [{ ...account, ...credentialsOf(key) }];
    });
  }

  async start(): Promise<void> {
    const { port = 0, wsPort, stateFile } = this.#options;
    if (stateFile !== undefined) {
      const unlock = await lockState(stateFile, this.#options.clock);
      try {
        const state = await readState(stateFile);
        if (state !== undefined) this.#floor.restore(state);
      } catch (error) {
        await unlock();
        throw error;
      }
      this.#unlock = unlock;
    }
    for (const happening of this.#options.scenario.schedule) this.#schedule(happening);
    await listen(this.#http.server, port);
    if (wsPort === undefined) this.#sockets.attach(this.#http.server);
    else {
      this.#wsServer = createServer((_request, response) => response.writeHead(426).end());
      this.#sockets.attach(this.#wsServer);
      await listen(this.#wsServer, wsPort);
    }
    await this.#floor.makers.start();
    if (stateFile !== undefined) this.#saveLater(stateFile);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#floor.makers.stop();
    const { stateFile } = this.#options;
    if (stateFile !== undefined && this.#unlock !== undefined) await this.#save(stateFile);
    await this.#unlock?.();
    this.#sockets.stop();
    this.#channels.market.stop();
    this.#channels.user.stop();
    this.#wsServer?.close();
    this.#wsServer?.closeAllConnections();
    // What waits for a taker delay is answered before the connections end.
    this.#floor.stop();
    await nextTurn();
    await this.#http.stop();
  }

  flush(): Promise<void> {
    this.#floor.books.flush();
    return this.#sockets.flush();
  }

  #at(atMs: number, act: () => void): void {
    const cancel = this.#options.clock.at(atMs, () => {
      this.#timers.delete(cancel);
      act();
    });
    this.#timers.add(cancel);
  }

  #schedule(happening: Happening): void {
    const { exchange, conditionOf } = this.#floor;
    const conditionId = conditionOf(happening.market, 'schedule.market');
    this.#at(this.#options.clock.now() + happening.atMs, () => {
      // It may be resolved already, over HTTP or in the life before.
      if (exchange.markets.get(conditionId)?.payout !== undefined) return;
      const payout = happening.kind === 'resolve' ? payoutOf(happening.outcome) : undefined;
      if (payout !== undefined) exchange.resolve(conditionId, payout);
      if (happening.kind === 'tickSize') exchange.setTickSize(conditionId, happening.tickSize);
    });
  }

  #saveLater(stateFile: string, waitMs = SAVED_EVERY_MS): void {
    const { clock } = this.#options;
    this.#at(clock.now() + waitMs, () => {
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
      .then(() => writeState(stateFile, this.#floor.save()))
      .catch((error: unknown) => {
        this.#log.error({ error, stateFile }, 'The state of the sandbox could not be saved.');
      });
    return this.#saving;
  }
}

function credentialsOf({ apiKey, secret, passphrase }: ApiKey) {
  return { apiKey, secret, passphrase };
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
