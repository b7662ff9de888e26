/** From kill -9 to trading again while ten thousand orders rest at the venue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SIGN_IN_GRACE_MS } from '../../src/adapters/venues/polymarket/user-link.ts';
import type { Violation } from './compare.ts';
import { createPerson, type Person } from './person.ts';
import { cpuMsOf, type Running } from './processes.ts';
import { SETTLE_AGE_MS } from './read-books.ts';
import { createRequestLog, type VenueRequest, waitedMs } from './request-log.ts';
import { RECOVERY_MARKETS } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

export interface RecoveryOptions {
  readonly seed: string;
  readonly orders: number;
  readonly kills: number;
  readonly say: (line: string) => void;
}

export interface Recovery {
  /** From the kill to the first new order that the venue acknowledged. */
  readonly totalMs: number;
  /** Of it: an answer of the venue was waited for, or the silence by which it confirms a sign-in. */
  readonly venueMs: number;
  readonly ownMs: number;
  /** Until the strategies ran: restored, reconciled, connected. */
  readonly startedMs: number;
  /** Time of a processor that the engine used until then: what a busy machine cannot lengthen. */
  readonly cpuMs: number | null;
  /** Requests until then: how many, and from when to when after the kill. */
  readonly requests: Readonly<Record<string, string>>;
}

export interface RecoveryResult {
  readonly scenario: 'recovery';
  readonly seed: string;
  /** Live ones, the new one of each life included. */
  readonly orders: number;
  readonly limitMs: number;
  readonly recoveries: readonly Recovery[];
  readonly violations: readonly Violation[];
}

/** Of our own time: the venue's is its own. */
const LIMIT_MS = 5_000;
/** A strategy has one order for each outcome and side. */
const BIDS_A_STRATEGY = 200;
/** All of them are placed at some hundreds a second. */
const PLACING_LIMIT_MS = 1_800_000;
const TRADING_LIMIT_MS = 180_000;

export async function runRecovery(options: RecoveryOptions): Promise<RecoveryResult> {
  const { seed, orders, kills, say } = options;
  const log = createRequestLog();
  const world = await openWorld({
    ...{ seed, scenario: RECOVERY_MARKETS, venueTap: log.tapOf('engine') },
  });
  try {
    const person = createPerson(world);
    let lives = 1;
    const begin = () => start(world, { run: lives, orders, settle: person.path });
    let engine = begin();
    await untilPlaced(world, engine, { orders, person, say });
    const recoveries: Recovery[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      log.requests.length = 0;
      engine.kill('SIGKILL');
      const killedAtMs = Date.now();
      await engine.ended;
      lives += 1;
      engine = begin();
      const recovery = await measure(world, engine, { run: lives, killedAtMs, log: log.requests });
      recoveries.push(recovery);
      say(`kill ${kill}/${kills}: ${JSON.stringify(recovery)}`);
      await sleep(2_000);
    }
    const violations = recoveries
      .filter(({ ownMs }) => ownMs > LIMIT_MS)
      .map((recovery) => ({
        rule: `trading again within ${LIMIT_MS} ms of our own time`,
        evidence: JSON.stringify(recovery),
      }));
    return { scenario: 'recovery', seed, orders, limitMs: LIMIT_MS, recoveries, violations };
  } finally {
    await world.close();
  }
}

/** The first strategy leaves one outcome free: there the new order of each life goes. */
function start(
  world: World,
  { run, orders, settle }: { run: number; orders: number; settle: string },
): Running {
  const parts = Math.ceil(orders / BIDS_A_STRATEGY);
  const loads = Array.from({ length: parts }, (_, index) => {
    const most = Math.min(BIDS_A_STRATEGY, orders - index * BIDS_A_STRATEGY);
    const probes = index === 0;
    return {
      ...{ use: 'rest-strategy' as const, name: `rest-${index + 1}` },
      options: { run, probes, bids: probes ? most - 1 : most, settle },
    };
  });
  return world.startEngine({ loads });
}

interface Placing {
  readonly orders: number;
  readonly person: Person;
  readonly say: (line: string) => void;
}

/** Until the venue and the tables have them all. */
async function untilPlaced(
  { database, sandbox }: World,
  engine: Running,
  { orders, person, say }: Placing,
): Promise<void> {
  for (const deadlineMs = Date.now() + PLACING_LIMIT_MS; ; await sleep(3_000)) {
    const rows = await database
      .rows('select status, count(*)::text as count from orders group by status')
      .catch(() => []);
    const live = (await sandbox.ledger()).orders.filter(({ status }) => status === 'LIVE').length;
    const placed = Number(rows.find(({ status }) => status === 'PLACED')?.count ?? 0);
    const statuses = rows.map(({ status, count }) => `${count} ${status}`).join(', ');
    say(`${live} of ${orders} orders rest at the venue; here ${statuses}`);
    if (Math.min(placed, live) >= orders - 1) return;
    // There are no tables yet when it starts.
    await person.look(SETTLE_AGE_MS).catch(() => undefined);
    if (Date.now() > deadlineMs || engine.end !== undefined) {
      const lines = engine.lines.slice(-5).join('\n');
      const unknown = person.settled.map(({ story }) => story).slice(0, 5);
      const told = [`The orders could not be placed (${statuses})`, ...unknown, lines];
      throw new Error(told.join('\n'));
    }
  }
}

interface Kill {
  readonly run: number;
  readonly killedAtMs: number;
  readonly log: readonly VenueRequest[];
}

async function measure(world: World, engine: Running, kill: Kill): Promise<Recovery> {
  const { killedAtMs, log } = kill;
  const timeOf = (type: 'started' | 'trading') => {
    const line = world
      .promises()
      .findLast((known) => known.type === type && known.run === String(kill.run));
    return line !== undefined && 'atMs' in line ? line.atMs : undefined;
  };
  for (const deadlineMs = Date.now() + TRADING_LIMIT_MS; ; await sleep(10)) {
    const tradingAtMs = timeOf('trading');
    if (tradingAtMs !== undefined) {
      const totalMs = tradingAtMs - killedAtMs;
      const venueMs = waitedMs(log.map(withSignIn), killedAtMs, tradingAtMs);
      const startedMs = (timeOf('started') ?? tradingAtMs) - killedAtMs;
      return {
        ...{ totalMs, venueMs, ownMs: totalMs - venueMs, startedMs },
        cpuMs: cpuMsOf(engine.pid) ?? null,
        requests: timelineOf(log, killedAtMs, tradingAtMs),
      };
    }
    if (engine.end !== undefined || Date.now() > deadlineMs) {
      throw new Error(`The engine does not trade again: ${engine.lines.slice(-5).join('\n')}`);
    }
  }
}

/** The venue answers no sign-in to its user channel: a connection that stands for a while has signed in. */
function withSignIn(request: VenueRequest): VenueRequest {
  const { path, answeredAtMs } = request;
  if (path !== '/ws/user' || answeredAtMs === undefined) return request;
  return { ...request, answeredAtMs: answeredAtMs + SIGN_IN_GRACE_MS };
}

function timelineOf(
  log: readonly VenueRequest[],
  fromMs: number,
  toMs: number,
): Readonly<Record<string, string>> {
  const spans = new Map<string, { count: number; firstMs: number; lastMs: number }>();
  for (const { method, path, atMs, answeredAtMs = toMs } of log) {
    if (atMs > toMs) continue;
    const name = `${method} ${path.replace(/0x[0-9a-f]+|\d{20,}/g, ':id')}`;
    const span = spans.get(name) ?? { count: 0, firstMs: atMs - fromMs, lastMs: 0 };
    const lastMs = Math.max(span.lastMs, Math.min(answeredAtMs, toMs) - fromMs);
    spans.set(name, { ...span, count: span.count + 1, lastMs });
  }
  return Object.fromEntries(
    [...spans].map(([name, { count, firstMs, lastMs }]) => [
      name,
      `${count}, ${firstMs} to ${lastMs} ms`,
    ]),
  );
}
