/** The end of a run: all faults are over, time passes until nothing changes, and everything is compared. */
import type { Client } from './client.ts';
import { compareAll, isUnknown, stateOf } from './comparison.ts';
import type { Engine } from './engine.ts';
import type { Lives } from './lives.ts';
import { createMemoryDatabase, type MemoryDatabase } from './memory-database.ts';
import type { Oracle } from './oracle.ts';
import type { Timeline } from './timeline.ts';
import type { VenueSide } from './venue-side.ts';
import { RuleBroken } from './violation.ts';

const MINUTE_MS = 60_000;
/** Catching up comes every few minutes, GTD orders last up to ten, settlement takes minutes. */
const MOST_MINUTES = 45;
/** The venue is asked each minute whether it has paid, and last of all after ten. */
const MINUTES_OF_PAYING = 12;
/** A start waits for the stream, and for a lease that somebody left behind. */
const START_MINUTES = 4;

export interface EndingParts {
  readonly timeline: Timeline;
  readonly lives: Lives;
  readonly venue: VenueSide;
  readonly database: MemoryDatabase;
  readonly client: Client;
  readonly oracle: Oracle;
  readonly note: (line: string) => void;
}

/** @throws {RuleBroken} for the first difference. */
export async function finish(parts: EndingParts): Promise<void> {
  const { timeline, lives, venue, database, client } = parts;
  await untilUp(parts);
  lives.calm();
  const engine = await untilUp(parts);
  engine.runner.stop();
  client.askAgain(engine);
  await timeline.pass(MINUTE_MS / 2);
  client.windDown(engine);
  await settle(parts, engine);
  if (client.standStill(engine)) await settle(parts, engine);
  await during(timeline, engine.trading.settled());
  report(compareAll({ engine, database, venue, promises: client.promises() }));
  await settleUnknown(parts, engine);
  // What waited for the doubt is paid now.
  for (let minute = 0; minute < MINUTES_OF_PAYING; minute += 1) {
    if (compareQuietly(venue, database, engine)) break;
    await timeline.pass(MINUTE_MS);
  }
  report(compareAll({ engine, database, venue, promises: client.promises() }));
  await compareRestarts(parts, engine);
}

async function settle(parts: EndingParts, engine: Engine): Promise<void> {
  const { timeline, client } = parts;
  for (let minute = 0; minute < MOST_MINUTES; minute += 1) {
    await timeline.pass(MINUTE_MS);
    if (isSettled(parts, engine)) break;
    if (minute % 5 === 4) client.windDown(engine);
  }
}

function report(differences: readonly { rule: string; message: string }[]): void {
  const [first] = differences;
  if (first === undefined) return;
  const all = differences.map(({ rule, message }) => `${rule}: ${message}`);
  throw new RuleBroken(first.rule, all.slice(0, 12).join('\n'));
}

async function untilUp({ timeline, lives }: EndingParts): Promise<Engine> {
  for (let tries = 0; tries < 60 * START_MINUTES; tries += 1) {
    const { engine } = lives;
    if (engine?.isUp === true && engine.life.isAlive) return engine;
    await timeline.pass(1_000);
  }
  throw new RuleBroken('a restart succeeds', 'The engine did not start when all was well.');
}

/** Nothing more is to be expected of the venue, and the engine has heard all of it. */
function isSettled({ venue, database }: EndingParts, engine: Engine): boolean {
  const { exchange } = venue.sandbox.floor;
  const { apiKey } = venue.account;
  if (exchange.openOrders(apiKey).length > 0) return false;
  if (engine.trading.workingOrders().some((order) => !isUnknown(order))) return false;
  for (const trade of exchange.trades()) {
    const isOurs =
      trade.takerOwner === apiKey || trade.makerFills.some(({ owner }) => owner === apiKey);
    if (isOurs && trade.status !== 'CONFIRMED' && trade.status !== 'FAILED') return false;
  }
  return engine.trading.health().lag === 0 && compareQuietly(venue, database, engine);
}

function compareQuietly(venue: VenueSide, database: MemoryDatabase, engine: Engine): boolean {
  return compareAll({ engine, database, venue, promises: [] }).length === 0;
}

/** A named person settles what the venue never had; then nothing may stay reserved. */
async function settleUnknown({ timeline, database }: EndingParts, engine: Engine): Promise<void> {
  const unknown = [...database.tables.orders.values()].filter(isUnknown);
  for (const { clientOrderId: orderId } of unknown) {
    const command = {
      type: 'order.settleUnknown',
      orderId,
      by: 'operator',
      reason: 'no trace',
    } as const;
    await during(timeline, engine.trading.send(command));
  }
  await during(timeline, engine.trading.settled());
}

/** The same state after a stop and a start, and from the log alone. */
async function compareRestarts(parts: EndingParts, before: Engine): Promise<void> {
  const { timeline, lives, database, note } = parts;
  const state = stateOf(before);
  note('the engine is stopped in order');
  before.isUp = false;
  await during(timeline, before.trading.stop());
  await during(timeline, before.store.close());
  before.life.kill('it was stopped');
  const again = await during(timeline, lives.startOnce());
  compareStates('a restart changes nothing', state, stateOf(again));
  again.life.kill('it is started from the log alone');
  const bare = createMemoryDatabase();
  for (const batch of database.tables.journal) bare.commit(batch);
  const fromLog = await during(timeline, lives.startOnce(bare));
  compareStates(
    'everything follows from the log',
    closedForgotten(state),
    closedForgotten(stateOf(fromLog)),
  );
}

function compareStates(rule: string, before: string, after: string): void {
  if (before === after) return;
  let at = 0;
  while (before[at] === after[at]) at += 1;
  const [was, is] = [before, after].map((text) => text.slice(Math.max(0, at - 200), at + 200));
  throw new RuleBroken(rule, `differs at ${at}: ${was}\n--- ${is}`);
}

/** An order whose row is written leaves memory; told again from the log it is still there. */
function closedForgotten(state: string): string {
  const { account, positions } = JSON.parse(state);
  return JSON.stringify({ account, positions });
}

/** Lets time pass until a promise of the engine is fulfilled. */
async function during<T>(timeline: Timeline, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  await timeline.quiet();
  for (let tries = 0; !isOver && tries < 3_000; tries += 1) await timeline.pass(100);
  if (!isOver) throw new RuleBroken('the run comes to its end', 'A promise was never kept.');
  return over;
}
