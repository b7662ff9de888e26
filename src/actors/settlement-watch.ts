/**
 * Follows every fill that is not final until the venue has said CONFIRMED or FAILED. What is followed,
 * and since when, is read off the order actors: after a restart the watch knows it all again. It asks
 * for all of them in one call, at doubling intervals, and what comes goes through the usual door.
 */
import { isFinalSettlement, type Settlement } from '../domain/fill-leg.ts';
import {
  type SettlementCounts,
  type SettlementRate,
  settlementRates,
} from '../domain/settlement-rate.ts';
import {
  ASK_AFTER_MS,
  ASK_LAST_MS,
  LATE_AFTER_MS,
  lateSteps,
  nextAskAtMs,
  nextLateAtMs,
} from '../domain/settlement-schedule.ts';
import { missesLegs } from '../machines/order.reducers.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import type { Log } from './execution.ts';
import type { Clock } from './ports.ts';
import type { Publisher } from './publisher.ts';
import type { Registry, SnapshotOf } from './registry.ts';
import { axes } from './rows.ts';
import type { Store } from './store-port.ts';
import { createAlarm, endsWithin } from './waits.ts';

/** Clocks differ: trades are asked for from this long before the oldest match. */
const OVERLAP_MS = 60_000;
/**
 * At most so many calls in the time of the first wait: fills that came one after the other are asked
 * about together, some a little early.
 */
const CALLS_WITHIN_WAIT = 3;
/** A question that failed is asked again after this long, doubling. */
const RETRY_FIRST_MS = 5_000;
/** A stop does not wait longer for the answer to a question. */
const STOP_LIMIT_MS = 3_000;
/** Fills that are named in one message; the rest is counted. */
const MAX_NAMED = 10;
/** Markets that health lists, those with the most failures first. */
const MAX_MARKETS = 100;

/** A fill that is not final, or what the venue told of beyond our legs. */
export interface Unsettled {
  readonly clientOrderId: string;
  readonly marketId: string;
  /** Null: legs that the venue has told of and that have not come. */
  readonly legKey: string | null;
  readonly settlement: Settlement | null;
  /** Of legs that have not come: when the venue told of them last. */
  readonly matchedAtMs: number;
  /** It cannot have been matched before. */
  readonly notBeforeMs: number;
  /** When something was last heard of it. */
  readonly newsAtMs: number;
}

export interface SettlementHealth {
  /** Fills that are neither confirmed nor failed, and orders whose legs are missing. */
  readonly unsettled: number;
  /** Match of the oldest of them. */
  readonly oldestMatchedAtMs: number | null;
  /** Of those, unsettled for more than ten minutes. */
  readonly late: number;
  /** When the venue is asked next; null while there is nothing to ask about. */
  readonly nextAskAtMs: number | null;
  /** By market, most failures first, as the rows said some seconds ago. */
  readonly markets: readonly SettlementRate[];
}

export const NOTHING_UNSETTLED: SettlementHealth = {
  unsettled: 0,
  oldestMatchedAtMs: null,
  late: 0,
  nextAskAtMs: null,
  markets: [],
};

export interface SettlementWatch {
  start(): Promise<void>;
  /** Told of every input, once its turn has run. */
  onTurn(input: EngineInput): void;
  /** The wake-up of an order that waits for its settlement: when something is done about it next. */
  readonly wakesAtMs: number | undefined;
  health(): SettlementHealth;
  stop(): Promise<void>;
}

export interface SettlementWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly publisher: Pick<Publisher, 'now'>;
  readonly store: Pick<Store, 'settlementCounts'>;
  /** Takes in what the venue has told of since a moment. */
  readonly takeTradesSince: (sinceMs: number) => Promise<unknown>;
  readonly askAfterMs?: number;
}

/** Inputs that can bring a new fill or move one. */
const MOVES_LEGS: ReadonlySet<EngineInput['type']> = new Set<EngineInput['type']>([
  'venue.legReported',
  'venue.orderReported',
  // Their orphans come with them.
  'order.prepared',
  'venue.orderAcknowledged',
]);

export function createSettlementWatch(options: SettlementWatchOptions): SettlementWatch {
  const { clock, log, registry, store, askAfterMs = ASK_AFTER_MS } = options;
  let counts: readonly SettlementCounts[] = [];
  let countsAreOld = true;
  let started = false;
  let stopped = false;
  const alarm = createAlarm(clock, () => {
    looking ??= look().finally(() => {
      looking = undefined;
      plan();
    });
  });
  let looking: Promise<void> | undefined;
  /** The last question that was answered stands for every one that would be due until then. */
  let coveredMs: number | undefined;
  let failures = 0;
  let retryAtMs = 0;
  /** Ages up to here have been said. */
  let saidThroughMs = 0;

  function wakeAt(atMs: number): void {
    if (!stopped) alarm.wakeAt(atMs);
  }

  /** Sets the next wake-up; none while every fill is final. */
  function plan(): void {
    const nowMs = clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const one of unsettledIn(registry, nowMs)) {
      const askMs = Math.max(nextAskAtMs(one.newsAtMs, coveredMs, askAfterMs), retryAtMs);
      nextMs = Math.min(nextMs, askMs, nextLateAtMs(one.matchedAtMs, nowMs) ?? nextMs);
    }
    if (countsAreOld) nextMs = Math.min(nextMs, nowMs + askAfterMs);
    if (Number.isFinite(nextMs)) wakeAt(Math.max(nextMs, nowMs));
  }

  async function look(): Promise<void> {
    sayLate(unsettledIn(registry, clock.now()));
    await ask();
    if (countsAreOld) await count();
  }

  async function ask(): Promise<void> {
    const nowMs = clock.now();
    if (nowMs < retryAtMs) return;
    const due = unsettledIn(registry, nowMs).filter(
      ({ newsAtMs }) => nextAskAtMs(newsAtMs, coveredMs, askAfterMs) <= nowMs,
    );
    if (due.length === 0) return;
    const sinceMs = Math.min(...due.map((one) => earliestMs(one, nowMs))) - OVERLAP_MS;
    try {
      await options.takeTradesSince(Math.max(0, sinceMs));
      coveredMs = nowMs + askAfterMs / CALLS_WITHIN_WAIT;
      failures = 0;
      log.debug(
        { due: due.length, sinceMs },
        'The venue was asked about fills that are not final.',
      );
    } catch (error) {
      if (stopped) return;
      failures += 1;
      const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), ASK_LAST_MS);
      retryAtMs = clock.now() + waitMs;
      log.warn({ error, waitMs }, 'The venue could not be asked about fills that are not final.');
    }
  }

  async function count(): Promise<void> {
    countsAreOld = false;
    try {
      counts = await store.settlementCounts();
    } catch (error) {
      // The rows can be read again later; trading does not wait for a figure.
      countsAreOld = true;
      if (!stopped) log.debug({ error }, 'The settlements could not be counted.');
    }
  }

  function sayLate(all: readonly Unsettled[]): void {
    const nowMs = clock.now();
    for (const ageMs of LATE_AFTER_MS) {
      const late = all.filter(({ matchedAtMs }) =>
        lateSteps(matchedAtMs, saidThroughMs, nowMs).includes(ageMs),
      );
      if (late.length === 0) continue;
      const legs = late.slice(0, MAX_NAMED);
      const named = legs.map(({ legKey, clientOrderId }) => legKey ?? clientOrderId).join(', ');
      const more = late.length > legs.length ? ` and ${late.length - legs.length} more` : '';
      const message = `${late.length} fill(s) not final ${ageMs / 60_000} minutes after their match: ${named}${more}. The venue is asked about them until it says how they ended.`;
      log.warn({ ageMs, count: late.length, legs }, message);
      options.publisher.now({ type: 'fault', message, facts: { ageMs, legs } });
    }
    saidThroughMs = nowMs;
  }

  return {
    async start() {
      started = true;
      await count();
      plan();
    },
    onTurn(input) {
      if (!started || !MOVES_LEGS.has(input.type)) return;
      if (input.type === 'venue.legReported') countsAreOld = true;
      // Whatever came is not due before then; what was there before has its time already.
      wakeAt(clock.now() + askAfterMs);
    },
    get wakesAtMs() {
      return looking === undefined ? alarm.atMs : clock.now();
    },
    health() {
      const nowMs = clock.now();
      const all = unsettledIn(registry, nowMs);
      const isLate = ({ matchedAtMs }: Unsettled) => nowMs - matchedAtMs >= LATE_AFTER_MS[0];
      return {
        unsettled: all.length,
        oldestMatchedAtMs: all.length === 0 ? null : Math.min(...all.map((one) => one.matchedAtMs)),
        late: all.filter(isLate).length,
        nextAskAtMs: all.length === 0 ? null : (alarm.atMs ?? nowMs),
        markets: settlementRates(counts).slice(0, MAX_MARKETS),
      };
    },
    async stop() {
      stopped = true;
      alarm.cancel();
      if (looking !== undefined) await endsWithin(clock, STOP_LIMIT_MS, looking);
    },
  };
}

/**
 * What is missing is looked for further back the longer it is missing: the clock by which its order was
 * made may have been wrong, and the venue's was not.
 */
function earliestMs({ legKey, notBeforeMs, newsAtMs }: Unsettled, nowMs: number): number {
  return legKey === null ? notBeforeMs - Math.max(0, nowMs - newsAtMs) : notBeforeMs;
}

/** Everything that is not final, by the actors in memory: an order with such a fill is never let go. */
export function unsettledIn(registry: Registry, nowMs: number): readonly Unsettled[] {
  const found: Unsettled[] = [];
  for (const entry of registry.orders.values()) {
    if (entry.open) found.push(...unsettledOf(registry.snapshot(entry), nowMs));
  }
  return found;
}

/** What an order waits for the settlement of. A venue's clock may be ahead of ours. */
export function unsettledOf(order: SnapshotOf['order'], nowMs: number): readonly Unsettled[] {
  const { context } = order;
  const { clientOrderId, instrument, legs, createdAtMs, updatedAtMs } = context;
  const isOver = isExecutionOver(axes(order).execution);
  const of = { clientOrderId, marketId: instrument.marketId };
  // Once its execution is over, what happens to an order is news of its settlement.
  const newsAfter = (atMs: number) => Math.min(isOver ? Math.max(atMs, updatedAtMs) : atMs, nowMs);
  const found = legs
    .filter(({ settlement }) => !isFinalSettlement(settlement))
    .map(({ key, settlement, matchedAtMs: toldMs }): Unsettled => {
      const matchedAtMs = Math.min(toldMs, nowMs);
      const times = { matchedAtMs, notBeforeMs: matchedAtMs, newsAtMs: newsAfter(matchedAtMs) };
      return { ...of, legKey: key, settlement, ...times };
    });
  if (!missesLegs(context)) return found;
  const matchedAtMs = Math.min(updatedAtMs, nowMs);
  const times = { matchedAtMs, notBeforeMs: createdAtMs, newsAtMs: newsAfter(matchedAtMs) };
  return [...found, { ...of, legKey: null, settlement: null, ...times }];
}
