/** Two engines on one account, which take the lease from each other: at no time do two of them write. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../src/adapters/random.ts';
import type { Comparison, Violation } from './compare.ts';
import type { Row } from './database.ts';
import { bringToRest, bugsOf, compareWorld } from './finish.ts';
import { leaseViolations, readLeases, recordLeases, type WriterOf } from './lease-periods.ts';
import { createPerson, type Person } from './person.ts';
import type { Running } from './processes.ts';
import { SETTLE_AGE_MS } from './read-books.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { KILL_MARKETS } from './scenarios.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { openWorld, type World } from './world.ts';

export interface TwoEnginesOptions {
  readonly seed: string;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface TwoEnginesResult {
  readonly scenario: 'two-engines';
  readonly seed: string;
  /** Take-overs by how they came about. */
  readonly takeOvers: Readonly<Record<string, number>>;
  readonly engines: number;
  readonly leases: number;
  /** Requests that change something at the venue: orders, cancels, heartbeats. */
  readonly writes: number;
  readonly orders: number;
  /** How late the harness may have seen a request pass. */
  readonly slackMs: number;
  readonly settledByPerson: readonly Row[];
  readonly compared: Comparison['counts'];
  readonly violations: readonly Violation[];
}

/** Longer than a lease: its holder is believed dead, and comes back. */
const FROZEN_MS = 9_000;
const TRADING_LIMIT_MS = 60_000;
/** Fine, the lease was lost, and the store is held by the other one. */
const FINE_EXITS = [0, 1, 3];

export async function runTwoEngines(options: TwoEnginesOptions): Promise<TwoEnginesResult> {
  const log = createRequestLog();
  const world = await openWorld({ seed: options.seed, scenario: KILL_MARKETS });
  const run = new TwoEngines(world, log, options);
  try {
    return await run.all();
  } finally {
    await run.close();
    await world.close();
  }
}

interface Instance {
  readonly name: string;
  readonly run: string;
  readonly running: Running;
}

type Handover = (old: Instance) => Promise<Instance>;

class TwoEngines {
  readonly #world: World;
  readonly #log: RequestLog;
  readonly #options: TwoEnginesOptions;
  readonly #chance: () => number;
  readonly #proxies: TcpProxy[] = [];
  readonly #instances: Instance[] = [];
  readonly #violations: Violation[] = [];
  readonly #person: Person;
  readonly #takeOvers: Record<string, number> = {};
  #lives = 0;

  constructor(world: World, log: RequestLog, options: TwoEnginesOptions) {
    this.#world = world;
    this.#log = log;
    this.#options = options;
    this.#person = createPerson(world);
    this.#chance = createRandom(`two engines ${options.seed}`).next;
  }

  async all(): Promise<TwoEnginesResult> {
    const { seed, seconds, say } = this.#options;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    let holder = await this.#start([]);
    await this.#untilTrading(holder);
    await recordLeases(this.#world.database);
    const handovers: readonly (readonly [string, Handover])[] = [
      ['taken over by a person', (old) => this.#takeOver(old)],
      ['frozen, taken by one that waited, and thawed', (old) => this.#freeze(old)],
      ['killed, taken by one that waited', (old) => this.#killed(old)],
      ['stopped, taken by one that waited', (old) => this.#stopped(old)],
    ];
    const endAtMs = Date.now() + seconds * 1_000;
    // Each way at least once, however slow the machine is.
    for (let turn = 0; turn < handovers.length || Date.now() < endAtMs; turn += 1) {
      await sleep(1_000 + this.#chance() * 2_000);
      await this.#refused();
      const chosen = turn < handovers.length ? turn : Math.floor(this.#chance() * handovers.length);
      const [name, handOver] = handovers[chosen] ?? ['', (old) => this.#takeOver(old)];
      const beganAtMs = Date.now();
      holder = await handOver(holder);
      this.#takeOvers[name] = (this.#takeOvers[name] ?? 0) + 1;
      say(`${name}: ${holder.name} trades after ${Date.now() - beganAtMs} ms`);
    }
    await this.#end(holder, 'SIGINT');
    const unrest = await bringToRest(this.#world, {
      start: async () => (await this.#start([], 'drain')).running,
      look: (engine) => void this.#violations.push(...bugsOf(engine, FINE_EXITS)),
      ...{ person: this.#person, settleAgeMs: SETTLE_AGE_MS },
    });
    const comparison = await compareWorld(this.#world);
    const leases = await readLeases(this.#world.database);
    const slackMs = Math.ceil(delay.max / 1e6);
    const writerOf: WriterOf = (by) => this.#instances.find(({ name }) => name === by)?.running.pid;
    const ledger = await this.#world.sandbox.ledger();
    const proof = leaseViolations({
      requests: this.#log.requests,
      leases,
      writerOf,
      slackMs,
      ledger,
    });
    return {
      ...{ scenario: 'two-engines', seed, takeOvers: this.#takeOvers },
      ...{ engines: this.#instances.length, leases: leases.length, writes: proof.writes },
      ...{ orders: ledger.orders.length, slackMs, settledByPerson: this.#person.settled },
      compared: comparison.counts,
      violations: [...this.#violations, ...proof.violations, ...unrest, ...comparison.violations],
    };
  }

  async close(): Promise<void> {
    for (const { running } of this.#instances) {
      running.kill('SIGCONT');
      running.kill('SIGKILL');
    }
    for (const proxy of this.#proxies) await proxy.close();
  }

  /** Each process has a way to the venue of its own: what passes there is its. */
  async #start(args: readonly string[], mode: 'trade' | 'drain' = 'trade'): Promise<Instance> {
    const { sandbox } = this.#world;
    this.#lives += 1;
    const name = `engine ${this.#lives}`;
    const tap = this.#log.tapOf(name);
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: sandbox.port }, tap);
    this.#proxies.push(proxy);
    const { seed } = this.#options;
    const options = { mode, run: this.#lives, seed, settle: this.#person.path };
    const running = this.#world.startEngine({
      loads: [{ use: 'load-strategy', name: 'load', options }],
      ...{ heartbeat: true, checkIdentities: true, args, venuePort: proxy.port },
    });
    const instance = { name, run: String(this.#lives), running };
    this.#instances.push(instance);
    return instance;
  }

  async #untilTrading({ name, run, running }: Instance): Promise<void> {
    for (const deadlineMs = Date.now() + TRADING_LIMIT_MS; Date.now() < deadlineMs; ) {
      const isTrading = this.#world
        .promises()
        .some((line) => line.type === 'trading' && line.run === run);
      if (isTrading) return;
      if (running.end !== undefined) break;
      await sleep(25);
    }
    const evidence = `${name}: ${JSON.stringify(running.end)} ${running.lines.slice(-8).join('\n')}`;
    this.#violations.push({ rule: 'the one that took over trades', evidence });
  }

  /** Without a word it gets nothing. */
  async #refused(): Promise<void> {
    const second = await this.#start([]);
    await second.running.ended;
    const { code } = second.running.end ?? { code: null };
    if (code === 3) return;
    const evidence = `exit ${code}: ${second.running.lines.slice(-5).join('\n')}`;
    this.#violations.push({ rule: 'a second engine is refused', evidence });
  }

  async #takeOver(old: Instance): Promise<Instance> {
    const next = await this.#start(['--take-over']);
    await this.#untilTrading(next);
    await this.#end(old);
    return next;
  }

  async #freeze(old: Instance): Promise<Instance> {
    const next = await this.#start(['--wait']);
    old.running.kill('SIGSTOP');
    await sleep(FROZEN_MS);
    await this.#untilTrading(next);
    old.running.kill('SIGCONT');
    await this.#end(old);
    return next;
  }

  async #killed(old: Instance): Promise<Instance> {
    const next = await this.#start(['--wait']);
    await sleep(1_500);
    await this.#end(old, 'SIGKILL');
    await this.#untilTrading(next);
    return next;
  }

  async #stopped(old: Instance): Promise<Instance> {
    const next = await this.#start(['--wait']);
    await sleep(1_500);
    await this.#end(old, 'SIGINT');
    await this.#untilTrading(next);
    return next;
  }

  /** One that has lost its lease ends by itself. */
  async #end({ name, running }: Instance, signal?: NodeJS.Signals): Promise<void> {
    if (signal !== undefined) running.kill(signal);
    await Promise.race([running.ended, sleep(TRADING_LIMIT_MS, undefined, { ref: false })]);
    if (running.end === undefined) {
      const evidence = `${name}: ${running.lines.slice(-8).join('\n')}`;
      this.#violations.push({ rule: 'an engine without a lease ends', evidence });
      running.kill('SIGKILL');
      await running.ended;
    }
    this.#violations.push(...bugsOf(running, FINE_EXITS));
  }
}
