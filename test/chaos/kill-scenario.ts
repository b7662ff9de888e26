/** Kill -9 of the engine again and again while it trades, each time with something else going wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../src/adapters/random.ts';
import type { Comparison, Violation } from './compare.ts';
import type { Row } from './database.ts';
import { choose } from './disturbances.ts';
import { bringToRest, bugsOf, compareWorld } from './finish.ts';
import { createPerson, type Person } from './person.ts';
import type { Running } from './processes.ts';
import { foldPromises } from './promises.ts';
import { SETTLE_AGE_MS } from './read-books.ts';
import { KILL_MARKETS } from './scenarios.ts';
import { type Spread, spreadOf } from './spread.ts';
import { openWorld, type World } from './world.ts';

export interface KillOptions {
  readonly cycles: number;
  readonly seed: string;
  readonly say: (line: string) => void;
  /** How long an order is unknown before a person settles what the exchange never had. */
  readonly settleAgeMs?: number;
  /** The first life that trades goes on until so many fills are told: short runs have something to compare. */
  readonly leastFills?: number;
  /** Looks at the world, or changes it, after the comparison. */
  readonly afterwards?: (world: World) => Promise<void>;
}

export interface KillResult {
  readonly scenario: 'kill';
  readonly seed: string;
  /** Cycles by what was done in them besides the kill. */
  readonly cycles: Readonly<Record<string, number>>;
  readonly kills: { readonly trading: number; readonly starting: number };
  readonly restarts: number;
  /** Engines that ended by themselves, by exit code: the store was away or held at their start. */
  readonly ends: Readonly<Record<string, number>>;
  /** Requests and frames that the faults of the sandbox met. */
  readonly venueFaults: Readonly<Record<string, number>>;
  readonly diskFull: 'possible' | 'skipped: it needs root, to mount a small disk';
  /** Unknown orders that the exchange never had, which were settled as a person would. */
  readonly settledByPerson: readonly Row[];
  /** From a kill to the first new order that the venue acknowledged, where nothing else was wrong. */
  readonly tradingAgainMs: Spread;
  /** The same with a fault under way. */
  readonly tradingAgainInFaultsMs: Spread;
  readonly durationS: number;
  /** How many things were held against each other at the end. */
  readonly compared: Comparison['counts'];
  readonly violations: readonly Violation[];
}

/** An engine trades at most so long after its disturbance. */
const LONGEST_TRADING_MS = 1_800;
/** How long a start takes, until it is known. */
const START_MS = 1_500;
/** A start that meets a lost database or network tries for a while, and is started again. */
const TRADING_LIMIT_MS = 120_000;
/** Fine; and the store is away, or held. */
const FINE_EXITS = [0, 3];

export async function runKills(options: KillOptions): Promise<KillResult> {
  const startedAtMs = Date.now();
  const world = await openWorld({ seed: options.seed, scenario: KILL_MARKETS });
  try {
    const result = await new KillRun(world, options).all(startedAtMs);
    await options.afterwards?.(world);
    return result;
  } finally {
    await world.close();
  }
}

class KillRun {
  readonly #world: World;
  readonly #options: KillOptions;
  readonly #chance: () => number;
  readonly #cycles: Record<string, number> = {};
  readonly #ends: Record<string, number> = {};
  readonly #kills = { trading: 0, starting: 0 };
  readonly #againMs: number[] = [];
  readonly #againInFaultsMs: number[] = [];
  readonly #violations: Violation[] = [];
  readonly #person: Person;
  #lives = 0;
  /** Absent: no kill since the engine traded last. */
  #killedAtMs: number | undefined;

  constructor(world: World, options: KillOptions) {
    this.#world = world;
    this.#options = options;
    this.#person = createPerson(world);
    this.#chance = createRandom(`chaos ${options.seed}`).next;
  }

  async all(startedAtMs: number): Promise<KillResult> {
    const { cycles, seed, settleAgeMs = SETTLE_AGE_MS } = this.#options;
    const { sandbox, database } = this.#world;
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const beganAtMs = Date.now();
      const story = await this.#cycle();
      // A database that is being started again is asked after the next cycle.
      await this.#person.look(settleAgeMs).catch(() => undefined);
      this.#progress(`cycle ${cycle}/${cycles}: ${story}`, beganAtMs);
      if (sandbox.fate !== undefined) throw new Error(sandbox.fate);
    }
    const violations = await bringToRest(this.#world, {
      start: () => this.#start('drain'),
      look: (engine) => this.#look(engine),
      ...{ person: this.#person, settleAgeMs },
    });
    const comparison = await compareWorld(this.#world);
    return {
      ...{ scenario: 'kill', seed, cycles: this.#cycles, kills: this.#kills },
      ...{ restarts: this.#lives - 1, ends: this.#ends },
      settledByPerson: this.#person.settled,
      venueFaults: await sandbox.faultHits(),
      diskFull: database.hasOwnDisk ? 'possible' : 'skipped: it needs root, to mount a small disk',
      tradingAgainMs: spreadOf(this.#againMs),
      tradingAgainInFaultsMs: spreadOf(this.#againInFaultsMs),
      durationS: Math.round((Date.now() - startedAtMs) / 1_000),
      compared: comparison.counts,
      violations: [...this.#violations, ...violations, ...comparison.violations],
    };
  }

  #progress(story: string, beganAtMs: number): void {
    const { asked, answered } = foldPromises(this.#world.promises());
    const tookS = ((Date.now() - beganAtMs) / 1_000).toFixed(1);
    const figures = `${asked.size} intents, ${answered.size} answered`;
    this.#options.say(`${story} (${tookS} s; ${figures})`);
  }

  /** One life of the engine, with one disturbance, ended by a kill. */
  async #cycle(): Promise<string> {
    const chance = this.#chance;
    const disturbance = choose(this.#world, chance);
    this.#cycles[disturbance.name] = (this.#cycles[disturbance.name] ?? 0) + 1;
    const isAtStart = chance() < 0.25;
    const overlap = chance();
    const first = this.#start('trade');
    const engine = isAtStart ? first : await this.#untilTrading(first, this.#againMs);
    if (!isAtStart) await this.#untilFilled(engine);
    const disturbed = disturbance.run(this.#world, chance);
    disturbed.catch(() => undefined);
    // In a third of the lives the kill comes while the disturbance lasts, else after it.
    if (overlap > 0.33) await disturbed;
    await sleep(chance() * (isAtStart ? this.#startMs() : LONGEST_TRADING_MS));
    await this.#kill(engine, isAtStart ? 'starting' : 'trading');
    // And in some of them the next start meets it as well.
    let again = '';
    if (overlap < 0.15) {
      again = ', started again within it and killed';
      const next = this.#start('trade');
      await this.#kill(await this.#untilTrading(next, this.#againInFaultsMs), 'trading');
    }
    await disturbed;
    await this.#world.sandbox.clearFaults();
    return `${disturbance.name}, killed while ${isAtStart ? 'starting' : 'trading'}${again}`;
  }

  /** A kill within it meets migration, restoring, reconciling and connecting. */
  #startMs(): number {
    return this.#againMs.length === 0 ? START_MS : spreadOf(this.#againMs).p50;
  }

  #start(mode: 'trade' | 'drain'): Running {
    this.#lives += 1;
    const { seed } = this.#options;
    const options = { mode, run: this.#lives, seed, settle: this.#person.path };
    return this.#world.startEngine({
      loads: [{ use: 'load-strategy', name: 'load', options }],
      ...{ heartbeat: true, checkIdentities: true },
    });
  }

  async #kill(engine: Running, when: 'trading' | 'starting'): Promise<void> {
    if (engine.end === undefined) {
      engine.kill('SIGKILL');
      this.#killedAtMs ??= Date.now();
      this.#kills[when] += 1;
    }
    await engine.ended;
    this.#look(engine);
  }

  /**
   * Waits for the first new order of this life at the venue. An engine that found no store, or found
   * it held, has ended: the next one is started, as a service manager would.
   */
  async #untilTrading(first: Running, timesMs: number[]): Promise<Running> {
    const deadlineMs = Date.now() + TRADING_LIMIT_MS;
    let engine = first;
    for (;;) {
      const tradingAtMs = this.#tradingAtMs();
      if (tradingAtMs !== undefined) {
        if (this.#killedAtMs !== undefined) timesMs.push(tradingAtMs - this.#killedAtMs);
        this.#killedAtMs = undefined;
        return engine;
      }
      if (engine.end !== undefined) {
        this.#look(engine);
        engine = this.#start('trade');
      }
      if (Date.now() > deadlineMs) {
        const evidence = engine.lines.slice(-10).join('\n');
        this.#note({ rule: 'the engine trades again', evidence });
        return engine;
      }
      await sleep(25);
    }
  }

  async #untilFilled(engine: Running): Promise<void> {
    const { leastFills = 0 } = this.#options;
    const deadlineMs = Date.now() + TRADING_LIMIT_MS;
    while (foldPromises(this.#world.promises()).filled.size < leastFills) {
      if (engine.end !== undefined || Date.now() > deadlineMs) return;
      await sleep(25);
    }
  }

  #tradingAtMs(): number | undefined {
    const run = String(this.#lives);
    const line = this.#world
      .promises()
      .findLast((known) => known.type === 'trading' && known.run === run);
    return line?.type === 'trading' ? line.atMs : undefined;
  }

  /** Said at once: a long run need not end to tell. */
  #note(...violations: readonly Violation[]): void {
    this.#violations.push(...violations);
    for (const { rule, evidence } of violations) this.#options.say(`  NOT "${rule}": ${evidence}`);
  }

  #look(engine: Running): void {
    const code = engine.end?.code ?? null;
    if (code !== null) this.#ends[`exit ${code}`] = (this.#ends[`exit ${code}`] ?? 0) + 1;
    this.#note(...bugsOf(engine, FINE_EXITS));
  }
}
