/** The end of a run: everything is healed and comes to rest, then both sides are compared. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, compareBooks, type Violation } from './compare.ts';
import type { Person } from './person.ts';
import type { Running } from './processes.ts';
import { foldPromises } from './promises.ts';
import { readBooks, stillMoving, untilQuiet } from './read-books.ts';
import type { World } from './world.ts';

export interface FinishOptions {
  /** Starts an engine that drains. */
  readonly start: () => Running | Promise<Running>;
  readonly person: Person;
  /** An engine that ended is looked at. */
  readonly look: (engine: Running) => void;
  /** What has been unknown so long is left to the person. */
  readonly settleAgeMs: number;
}

/** What is unknown may be sent again for a minute, and is looked up at growing distances. */
const QUIET_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 40_000;

/** Heals, lets everything be answered, cancelled and settled, and stops the engine in order. */
export async function bringToRest(
  world: World,
  options: FinishOptions,
): Promise<readonly Violation[]> {
  const { sandbox, database, venueNet, databaseNet } = world;
  const { start, look, person, settleAgeMs } = options;
  await sandbox.clearFaults();
  for (const net of [venueNet, databaseNet]) net.heal('reset');
  await database.start();
  let engine = await start();
  const moving = await untilQuiet(async () => {
    if (engine.end !== undefined) {
      look(engine);
      engine = await start();
    }
    await person.look(settleAgeMs);
    return unanswered(world) ?? (await stillMoving(database, sandbox));
  }, QUIET_LIMIT_MS);
  engine.kill('SIGINT');
  await Promise.race([engine.ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  const isStuck = engine.end === undefined;
  engine.kill('SIGKILL');
  await engine.ended;
  look(engine);
  const lines = engine.lines.slice(-5).join('\n');
  return [
    ...(moving === undefined ? [] : [{ rule: 'all comes to rest', evidence: moving }]),
    ...(isStuck ? [{ rule: 'the engine stops', evidence: lines }] : []),
  ];
}

/** Each intent gets its answer in the end, however often it has to be asked for. */
function unanswered(world: World): string | undefined {
  const { asked, answered, refused } = foldPromises(world.promises());
  const open = asked.size - answered.size - new Set(refused.map(({ key }) => key)).size;
  return open > 0 ? `${open} intents have no answer` : undefined;
}

/** Words of a log that no fault of the world excuses. */
const BUG = /invariant|\bbug\b|Turn \d+|unhandled|TypeError|RangeError/i;

/** What an engine that has ended must not have said or done. `fine`: the exit codes that are no fault. */
export function bugsOf(engine: Running, fine: readonly number[]): readonly Violation[] {
  const code = engine.end?.code ?? null;
  const isBad = code !== null && !fine.includes(code);
  const bugs = engine.lines.filter((line) => BUG.test(line));
  if (!isBad && bugs.length === 0) return [];
  const lines = [...bugs.slice(0, 5), ...engine.lines.slice(-3)];
  const evidence = `exit ${code}: ${lines.join('\n')}`.slice(0, 6_000);
  return [{ rule: 'the engine has no bug', evidence }];
}

/** Reads both sides and holds them against each other. */
export async function compareWorld(world: World): Promise<Comparison> {
  const { sandbox, database } = world;
  const instruments = new Map(
    sandbox.opened.markets.flatMap(({ conditionId, tokens }) =>
      tokens.map(({ tokenId, outcome }) => [tokenId, `polymarket:${conditionId}:${outcome}`]),
    ),
  );
  return compareBooks({
    books: await readBooks(database),
    ledger: await sandbox.ledger(),
    promises: foldPromises(world.promises()),
    instrumentOf: (tokenId) => instruments.get(tokenId) ?? tokenId,
  });
}
