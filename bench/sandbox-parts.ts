/** What the benchmarks of the sandbox share: the client, the sandbox itself, an empty server. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../src/actors/ports.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createRandom } from '../src/adapters/random.ts';
import { type Instrument, instrumentId } from '../src/domain/instrument.ts';
import type { SandboxMarket } from '../src/sandbox/exchange/types.ts';
import { createSandbox, type OpenedAccount, type Sandbox } from '../src/sandbox/sandbox.ts';
import { scenarioOf } from '../src/sandbox/scenario.ts';
import { median } from './measure.ts';
import type { ClientReport, ClientTask } from './sandbox-client-thread.ts';
import { log } from './world.ts';

export interface Client {
  ask(task: ClientTask): Promise<ClientReport>;
  end(): Promise<unknown>;
}

/** The other end of the wire, on the other core. */
export function openClient(): Client {
  // The name that it has when it is compiled: benchmarks run in no other way.
  const worker = new Worker(new URL('./sandbox-client-thread.js', import.meta.url));
  return {
    async ask(task) {
      worker.postMessage(task);
      const [report]: ClientReport[] = await once(worker, 'message');
      if (report === undefined) throw new Error('The client said nothing.');
      return report;
    },
    end: () => worker.terminate(),
  };
}

/** A sandbox in this thread, at the real time unless told otherwise. */
export async function openSandbox(
  scenario: object,
  clock: Clock = createSystemClock(),
): Promise<Sandbox> {
  const random = createRandom('bench').next;
  const sandbox = createSandbox({ clock, random, scenario: scenarioOf(scenario), log });
  await sandbox.start();
  return sandbox;
}

export function accountOf(sandbox: Sandbox, name: string): OpenedAccount {
  return found(sandbox.accounts.find((account) => account.name === name));
}

export function marketOf(sandbox: Sandbox, slug: string): SandboxMarket {
  return found(sandbox.markets.find((market) => market.slug === slug));
}

export function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('The sandbox has not what it was told to have.');
  return value;
}

export function instrumentOf(market: SandboxMarket, index: 0 | 1): Instrument {
  const { conditionId, tickSize, minimumOrderSize, fees, takerDelayMs, negRisk } = market;
  const { tokenId, outcome } = market.tokens[index];
  return {
    id: instrumentId('bench', conditionId, outcome),
    venue: 'bench',
    marketId: conditionId,
    ...{ tokenId, outcome, tickSize, minimumOrderSize, fees, takerDelayMs, negRisk },
  };
}

export interface EmptyServer {
  readonly origin: string;
  end(): Promise<void>;
}

/** Reads the body and gives the answer of its path: what HTTP costs without a venue behind it. */
export async function openEmptyServer(
  answers: Readonly<Record<string, string>>,
): Promise<EmptyServer> {
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(answers[incoming.url ?? ''] ?? '{}');
  });
  return {
    origin: `http://127.0.0.1:${await listen(server)}`,
    async end() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** On a port that is free. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('The server has no port.');
}

/** The median of all rounds but the first, in which the compiler warms up. */
export function medianOf<Round>(
  rounds: readonly Round[],
  figureOf: (round: Round) => number,
): number {
  return Math.round(median(rounds.slice(1).map(figureOf)));
}

/** In percent, of what could be done if nothing but the parts of `limits` had to be. */
export function shareOfLimits(perSecond: number, ...limits: readonly number[]): number {
  const seconds = limits.reduce((sum, limit) => sum + 1 / limit, 0);
  return Math.round(perSecond * seconds * 100);
}
