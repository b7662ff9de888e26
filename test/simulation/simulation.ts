/** One run: a seed in, figures, a hash and perhaps a broken rule out. */
import type { Log } from '../../src/actors/execution.ts';
import { createChance } from './chances.ts';
import { createClient } from './client.ts';
import { finish } from './ending.ts';
import { createLives } from './lives.ts';
import { createMemoryDatabase } from './memory-database.ts';
import type { SimulationOptions } from './options.ts';
import { createOracle, type Oracle } from './oracle.ts';
import { createTimeline } from './timeline.ts';
import { createTrace } from './trace.ts';
import { createVenueSide } from './venue-side.ts';
import { RuleBroken, type Violation } from './violation.ts';
import { createWeather } from './weather.ts';

/** A Tuesday in 2026, at a full minute. */
export const START_MS = 1_790_000_040_000;
const MINUTE_MS = 60_000;

export interface Figures {
  readonly simulatedMs: number;
  readonly steps: number;
  /** Steps before all was healed. */
  readonly stepsInWeather: number;
  readonly intents: number;
  readonly orders: number;
  readonly ordersAtVenue: number;
  readonly legs: number;
  readonly lives: number;
  /** How often each thing went wrong. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface Outcome {
  readonly options: SimulationOptions;
  readonly hash: string;
  readonly figures: Figures;
  readonly violation: Violation | undefined;
  readonly trace: readonly string[];
}

let isRunning = false;

/** One at a time: what another run leaves to be done would count as this one's. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  if (isRunning) throw new Error('A process runs one simulation at a time.');
  isRunning = true;
  try {
    return await play(options);
  } finally {
    isRunning = false;
  }
}

async function play(options: SimulationOptions): Promise<Outcome> {
  const { seed, minutes, keepTrace = false } = options;
  const kinds = new Set(options.faults);
  const faults: Record<string, number> = {};
  const count = (kind: string): void => {
    faults[kind] = (faults[kind] ?? 0) + 1;
  };
  const trace = createTrace(START_MS, keepTrace);
  const timeline = createTimeline(START_MS, check);
  const note = (line: string): void => trace.note(timeline.now(), line);
  const database = createMemoryDatabase((batch) => oracle.onCommit(batch));
  const venue = createVenueSide({
    ...{ seed, timeline, faults: kinds, count },
    onTickSize: (market) => lives.tellTickSize(market),
  });
  const oracle: Oracle = createOracle({ database, venue, now: timeline.now });
  const weather = createWeather({
    ...{ seed, faults: kinds, timeline, venue, count },
    cutSockets: (silently) => lives.cutSockets(silently),
  });
  const client = createClient({ seed, venue, database, oracle, note });
  const lives = createLives({
    ...{ options, timeline, trace, weather, venue, database, oracle, count, note },
    log: logTo(note, (message) => oracle.broken('no actor throws', message)),
  });

  function check(): void {
    lives.check();
    const { violation } = oracle;
    if (violation !== undefined) throw new RuleBroken(violation.rule, violation.message);
  }

  function act(): void {
    const chance = createChance(seed, 'pace');
    const most = options.maxActions ?? Number.POSITIVE_INFINITY;
    let acted = 0;
    const again = (): void => {
      timeline.after(chance.between(500, 9_000), () => {
        if (timeline.now() > START_MS + minutes * MINUTE_MS || acted >= most) return;
        const { engine } = lives;
        if (engine?.isUp === true && !engine.life.isFrozen) {
          acted += 1;
          client.act(engine);
          if (acted % 5 === 0) client.settleDoubts(engine);
        }
        again();
      });
    };
    again();
  }

  async function run(): Promise<void> {
    await venue.start();
    weather.start();
    lives.start();
    act();
    await timeline.pass(minutes * MINUTE_MS);
    stepsInWeather = lives.steps;
    weather.heal();
    venue.calm();
    await finish({ timeline, lives, venue, database, client, oracle, note });
    check();
  }

  let violation: Violation | undefined;
  let stepsInWeather = 0;
  try {
    await run();
  } catch (error) {
    const rule = error instanceof RuleBroken ? error.rule : 'the run comes to its end';
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    violation = oracle.violation ?? { rule, message, atMs: timeline.now() };
  } finally {
    lives.end();
    await venue.sandbox.stop();
  }
  return {
    options,
    hash: trace.hash(),
    violation,
    trace: trace.newest,
    figures: {
      simulatedMs: timeline.now() - START_MS,
      steps: lives.steps,
      stepsInWeather,
      intents: database.tables.intents.size,
      orders: database.tables.orders.size,
      ordersAtVenue: oracle.sent.size,
      legs: database.tables.legs.size,
      lives: lives.count,
      faults,
    },
  };
}

/** Of the engine's own words the errors are part of the trace. */
function logTo(note: (line: string) => void, onThrown: (message: string) => void): Log {
  const say = (level: string) => (facts: object, message: string) => {
    note(`log ${level}: ${message}`);
    if (level === 'error' && / threw on | cannot be booked/.test(message)) {
      onThrown(`${message} ${JSON.stringify(facts)}`);
    }
  };
  return { debug: () => undefined, info: () => undefined, warn: say('warn'), error: say('error') };
}
