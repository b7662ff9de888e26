/**
 * The venue without ports: requests and connections are handed to it as values. The sandbox gives it
 * real ports and a state file.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../actors/execution.ts';
import type { Clock, Random } from '../actors/ports.ts';
import type { SandboxAccount } from './accounts.ts';
import type { ApiKey } from './api-keys.ts';
import { describeRequest } from './describe-request.ts';
import { createFloor, type Floor } from './floor.ts';
import { createModes } from './modes.ts';
import { accountRoutes } from './rest/account-routes.ts';
import { type Answering, createAnswering } from './rest/answering.ts';
import { controlRoutes, payoutOf } from './rest/control-routes.ts';
import { dataRoutes } from './rest/data-routes.ts';
import { gammaRoutes } from './rest/gamma-routes.ts';
import { marketRoutes } from './rest/market-routes.ts';
import { orderRoutes } from './rest/order-routes.ts';
import { createRouter } from './rest/router.ts';
import type { Happening, Scenario } from './scenario.ts';
import { MarketChannel } from './stream/market-channel.ts';
import { SocketSide } from './stream/socket-side.ts';
import { UserChannel } from './stream/user-channel.ts';

export interface InProcessOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** An account with its first API key. */
export interface OpenedAccount extends SandboxAccount {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
}

export interface InProcessSandbox {
  readonly floor: Floor;
  readonly accounts: readonly OpenedAccount[];
  readonly answering: Answering;
  /** Its connections: `/ws/market` and `/ws/user`. */
  readonly sockets: SocketSide;
  /** Makers begin, and the schedule counts from now. */
  start(): Promise<void>;
  /** Nothing happens by itself any more, and no request is carried out. */
  halt(): void;
  /** Ends every connection, after what waits for a taker delay was answered. */
  stop(): Promise<void>;
}

export function createInProcessSandbox(options: InProcessOptions): InProcessSandbox {
  const { clock, scenario, log } = options;
  const floor = createFloor(options);
  const { faults } = floor;
  for (const rule of scenario.faults) faults.read(rule);
  const timers: (() => void)[] = [];
  const market = new MarketChannel(floor.books);
  const user = new UserChannel({ ...floor, clock });
  const answering = createAnswering({
    ...{ clock, log, faults, router: createRouter(routesOf(floor, clock), { ...floor, clock }) },
    describe: (found, json, query) => describeRequest(floor, found, json, query),
  });
  const channels = { '/ws/market': market, '/ws/user': user };
  const sockets = new SocketSide({ clock, faults, channels });

  function schedule(happening: Happening): void {
    const { exchange, conditionOf } = floor;
    const conditionId = conditionOf(happening.market, 'schedule.market');
    const happen = (): void => {
      // It may be resolved already, over HTTP or in the life before.
      if (exchange.markets.get(conditionId)?.payout !== undefined) return;
      const payout = happening.kind === 'resolve' ? payoutOf(happening.outcome) : undefined;
      if (payout !== undefined) exchange.resolve(conditionId, payout);
      if (happening.kind === 'tickSize') exchange.setTickSize(conditionId, happening.tickSize);
    };
    timers.push(clock.at(clock.now() + happening.atMs, happen));
  }

  return {
    floor,
    get accounts() {
      return floor.accounts.list().flatMap((account) => {
        const [key] = floor.keys.of(account.address);
        return key === undefined ? [] : [{ ...account, ...credentialsOf(key) }];
      });
    },
    answering,
    sockets,
    async start() {
      for (const happening of scenario.schedule) schedule(happening);
      await floor.makers.start();
    },
    halt() {
      // What would be acknowledged after the state was saved would be forgotten.
      answering.close();
      for (const cancel of timers) cancel();
      floor.makers.stop();
    },
    async stop() {
      sockets.stop();
      market.stop();
      user.stop();
      floor.stop();
      await nextTurn();
      answering.stop();
    },
  };
}

function routesOf(floor: Floor, clock: Clock) {
  return [
    ...orderRoutes({ ...floor, modes: createModes(clock, floor.faults) }),
    ...accountRoutes({ ...floor, clock }),
    ...marketRoutes({ ...floor, clock }),
    ...gammaRoutes(floor),
    ...dataRoutes(floor),
    ...controlRoutes(floor),
  ];
}

function credentialsOf({ apiKey, secret, passphrase }: ApiKey) {
  return { apiKey, secret, passphrase };
}
