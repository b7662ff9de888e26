/** Keeps the engine running: starts it, starts it again when it died, and lets zombies meet. */
import type { Log } from '../../src/actors/execution.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { MarketEvent } from '../../src/domain/market-data.ts';
import type { SandboxMarket } from '../../src/sandbox/exchange/types.ts';
import { microsText } from '../../src/sandbox/numbers.ts';
import { type Chance, createChance } from './chances.ts';
import { createEngine, type Engine } from './engine.ts';
import { Life, type Steps } from './life.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { newLeaseRow, seeDead } from './memory-lease.ts';
import type { SimulationOptions } from './options.ts';
import type { Oracle } from './oracle.ts';
import { createQuoter } from './strategies.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';
import type { VenueSide } from './venue-side.ts';
import type { Weather } from './weather.ts';

/** A start that fails for one of these is tried again. */
const TRY_AGAIN = new Set(['store_unavailable', 'store_busy', 'venue_unknown', 'lease_lost']);
const BOOKS_EVERY_MS = 8_000;
/** The first byte of an order or a cancel is about to leave. */
const LEAVING = /^http (?:POST|DELETE) \/orders? leaves/;
/** The same, or a commit has just let it go. */
const SENDING = /^store commit answered|^http (?:POST|DELETE) \/orders? leaves/;
const LONGEST_PAUSE_MS = 15_000;

export interface Lives {
  /** The newest life, while it is alive. */
  readonly engine: Engine | undefined;
  readonly count: number;
  readonly steps: number;
  start(): void;
  /** A life without any fault, once the one before has ended. */
  startOnce(database?: MemoryDatabase): Promise<Engine>;
  /** What holds at any time of the engine that runs. */
  check(): void;
  tellTickSize(market: SandboxMarket): void;
  cutSockets(silently: boolean): void;
  /** From now on nothing dies by itself. */
  calm(): void;
  end(): void;
}

export interface LivesOptions {
  readonly options: SimulationOptions;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly weather: Weather;
  readonly venue: VenueSide;
  readonly database: MemoryDatabase;
  readonly oracle: Oracle;
  readonly log: Log;
  readonly count: (kind: string) => void;
  readonly note: (line: string) => void;
}

export function createLives(parts: LivesOptions): Lives {
  const { options, timeline, trace, weather, venue, oracle, log, count, note } = parts;
  const { seed } = options;
  const chance = createChance(seed, 'lives');
  const steps: Steps = { count: 0 };
  let lease = newLeaseRow();
  let born = 0;
  let engine: Engine | undefined;
  const zombies = new Set<Engine>();
  let isCalm = false;
  let isOver = false;

  /** Draws when this life ends, or stands still: anywhere, or where something is just being sent. */
  function plan(life: () => Life) {
    const { crashAt } = options;
    const left = weather.stepsToLive() ?? Number.POSITIVE_INFINITY;
    const when = chance.pick(['before', 'after'] as const);
    const standsStill = weather.standsStill();
    const whileSending = standsStill || chance.hits(0.4);
    let isOver = false;
    const isThere = (ofLife: number, label: string): boolean => {
      if (isCalm || isOver || ofLife < left) return false;
      isOver = !whileSending || (standsStill ? LEAVING : SENDING).test(label);
      return isOver;
    };
    return {
      crashAt(step: number, ofLife: number, label: string) {
        if (crashAt !== undefined) return step === crashAt.step ? crashAt.when : undefined;
        return !standsStill && isThere(ofLife, label) ? when : undefined;
      },
      standsStillAt(ofLife: number, label: string) {
        if (!standsStill || crashAt !== undefined || !isThere(ofLife, label)) return false;
        becomeZombie(life());
        return true;
      },
    };
  }

  function make(database: MemoryDatabase): Engine {
    born += 1;
    const life: Life = new Life({
      ...{ number: born, steps, trace, now: timeline.now },
      ...plan(() => life),
    });
    const strategies = [createQuoter(createChance(`${seed}/life ${born}`, 'quoter'))];
    const made: Engine = createEngine({
      ...{ seed, life, timeline, weather, venue, database, lease, log, count, strategies },
      takesOver: chance.hits(0.1),
      onSent: (request) => oracle.onSent(request, whyNot(made)),
      onReply: oracle.onReply,
    });
    return made;
  }

  /** Why this life may not send: another one may. */
  function whyNot({ life, store }: Engine): string | undefined {
    const newest = engine;
    if (newest === undefined || newest.life === life) return undefined;
    if (!newest.store.lease.mayAct()) return undefined;
    return `life ${life.number} sends while life ${newest.life.number} may (${store.lease.mayAct()})`;
  }

  function begin(): void {
    if (isOver || isCalm) return;
    const made = make(parts.database);
    engine = made;
    made.life.onDeath(() => {
      if (engine !== made) return;
      if (!isCalm && !isOver) count('crash');
      // On the same machine the next one can see that it is dead; on another it waits.
      if (chance.hits(0.7)) seeDead(lease, made.life.number);
      engine = undefined;
      restart();
    });
    made.start().then(
      () => {
        if (!made.life.isAlive) return;
        note(`life ${made.life.number} is up`);
        feedBooks(made, createChance(`${seed}/life ${made.life.number}`, 'books'));
      },
      (fault: unknown) => {
        if (!made.life.isAlive) return;
        note(`life ${made.life.number} could not start: ${String(fault)}`);
        // What a zombie read while another one wrote fits together no more, and starts nothing.
        const isZombie = engine !== made;
        if (!isZombie && !(fault instanceof FillwrightFault && TRY_AGAIN.has(fault.code))) {
          oracle.broken('a restart succeeds', String(fault));
        }
        made.life.kill('it could not start');
      },
    );
  }

  function restart(): void {
    if (isOver || isCalm) return;
    const pauseMs = chance.hits(0.5)
      ? chance.between(1, 300)
      : chance.between(50, LONGEST_PAUSE_MS);
    timeline.after(pauseMs, () => {
      if (engine === undefined) begin();
    });
  }

  /** Stands still for a while; meanwhile its seat is lost, and another life begins. */
  function becomeZombie(life: Life): void {
    const still = engine;
    if (still === undefined || still.life !== life) return;
    count('zombie');
    zombies.add(still);
    engine = undefined;
    restart();
    timeline.after(chance.between(500, 60_000), () => life.thaw());
    timeline.after(90_000, () => end(still));
  }

  function end(zombie: Engine): void {
    if (!zombies.delete(zombie)) return;
    zombie.life.kill('somebody ends the zombie');
  }

  /** The engine's view of the books, which strategies trade on. */
  function feedBooks(to: Engine, own: Chance): void {
    timeline.after(own.between(2_000, BOOKS_EVERY_MS), () => {
      if (!to.life.isAlive || isOver) return;
      to.life.deliver('books', () => {
        for (const instrument of to.trading.instruments()) {
          const event = bookOf(venue, instrument, timeline.now());
          to.view.take(event);
          to.runner.take(event);
          to.trading.marketChanged(instrument.id);
        }
      });
      feedBooks(to, own);
    });
  }

  return {
    get engine() {
      return engine;
    },
    get count() {
      return born;
    },
    get steps() {
      return steps.count;
    },
    start: begin,
    async startOnce(database = parts.database) {
      lease = newLeaseRow();
      const made = make(database);
      engine = made;
      await made.start();
      return made;
    },
    check() {
      if (engine === undefined || !engine.isUp || !engine.life.isAlive) return;
      const { failure, journal } = engine.trading.execution;
      if (journal.health.state === 'broken') {
        oracle.broken('one writer', String(journal.health.error));
      }
      if (failure !== undefined) oracle.broken('the books add up', String(failure));
    },
    tellTickSize({ tokens, tickSize }) {
      const told = engine;
      if (told === undefined || !told.isUp) return;
      timeline.after(chance.between(10, 3_000), () =>
        told.life.deliver('tick size', () => told.venue.onTickSize(tokens[0].tokenId, tickSize)),
      );
    },
    cutSockets(silently) {
      engine?.sockets.cut(silently);
    },
    calm() {
      isCalm = true;
      for (const zombie of [...zombies]) end(zombie);
    },
    end() {
      isOver = true;
      engine?.life.kill('the run is over');
      for (const zombie of [...zombies]) end(zombie);
    },
  };
}

function bookOf(
  { sandbox }: VenueSide,
  { id, tokenId, tickSize }: { id: string; tokenId: string; tickSize: string },
  atMs: number,
): MarketEvent {
  const { bids, asks } = sandbox.floor.exchange.book(tokenId);
  const level = ({ price, size }: { price: bigint; size: bigint }) => ({
    price: microsText(price),
    size: microsText(size),
  });
  return {
    type: 'market.bookChanged',
    book: {
      ...{ instrumentId: id, atMs, tickSize },
      bids: [...bids].reverse().map(level),
      asks: [...asks].reverse().map(level),
    },
  };
}
