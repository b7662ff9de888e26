/** A report on an account: what the store holds at one moment, told to `createPerformance`. */
import { ROWS_THROUGH } from '../actors/projector.ts';
import type { PerformanceReads } from '../adapters/store/performance-store.ts';
import type { DecimalText } from '../domain/decimal.ts';
import { minus } from '../domain/exact.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type Calendar, createCalendar, type Day } from '../domain/performance/calendar.ts';
import { lastFillMark } from '../domain/performance/open-positions.ts';
import {
  createPerformance,
  type Performance,
  type PerformanceFold,
} from '../domain/performance/performance.ts';

/** More than a screen has pixels to tell apart, and a page of some hundred kilobytes. */
const MOST_CURVE_POINTS = 900;
/** What somebody reads one by one; every exit is a row of `exit_events`. */
const MOST_EXITS = 200;

export interface ReportPeriod {
  /** An IANA name: days begin and end there. */
  readonly timeZone: string;
  /** The first day; none: from the beginning. */
  readonly since?: Day | undefined;
  /** The last day; none: until now. */
  readonly until?: Day | undefined;
}

export interface Report extends Performance {
  readonly account: string;
  readonly madeAtMs: number;
  readonly timeZone: string;
  readonly since: Day | null;
  readonly until: Day | null;
  /** Where the prices come from that open positions are marked with. */
  readonly marks: 'last own fill';
  /** Inputs of the log that the read tables, and so this report, do not know yet. */
  readonly inputsBehind: number;
  /**
   * The ledger's cash less that of deposits and fills: not 0 is a bug or a changed row. Null: the report
   * ends before now.
   */
  readonly ledgerDifference: DecimalText | null;
}

export interface ReportOptions extends ReportPeriod {
  readonly account: string;
  readonly madeAtMs: number;
}

/** @throws {InvalidValue} for a zone or a date that is none, and for a period that ends before it begins. */
export function readPeriod({ timeZone, since, until }: ReportPeriod): {
  readonly calendar: Calendar;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
} {
  const calendar = createCalendar(timeZone, '--time-zone');
  const fromMs = since === undefined ? undefined : calendar.startOf(since, '--since');
  const toMs = until === undefined ? undefined : dayAfter(calendar, until);
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) {
    throw new InvalidValue('--until', until, `${since} or a later day`);
  }
  return { calendar, fromMs, toMs };
}

/** @throws {FillwrightFault} `corrupt_row`, `store_unavailable`; `InvalidValue` as `readPeriod`. */
export async function makeReport(reads: PerformanceReads, options: ReportOptions): Promise<Report> {
  const { calendar, fromMs, toMs } = readPeriod(options);
  const fold = createPerformance({
    ...{ calendar, fromMs, toMs },
    mostCurvePoints: MOST_CURVE_POINTS,
    mostExits: MOST_EXITS,
  });
  await tell(reads, fold, toMs ?? Number.POSITIVE_INFINITY);
  const performance = fold.result(lastFillMark);
  const rowsThrough = Number((await reads.metadata(ROWS_THROUGH)) ?? '0');
  const ledgerCash = toMs === undefined ? await reads.cashUsd() : null;
  return {
    account: options.account,
    madeAtMs: options.madeAtMs,
    timeZone: options.timeZone,
    since: options.since ?? null,
    until: options.until ?? null,
    marks: 'last own fill',
    inputsBehind: Math.max(0, (await reads.lastSeq()) - rowsThrough),
    ledgerDifference: ledgerCash === null ? null : minus(ledgerCash, performance.end.cashUsd),
    ...performance,
  };
}

/**
 * Everything in order of time. Money that came at the moment of a fill came before it; a market that was
 * resolved at that moment had been before, and closes what the fill opened.
 */
async function tell(reads: PerformanceReads, fold: PerformanceFold, toMs: number): Promise<void> {
  const others = await merged([
    source(each(reads.deposits()), fold.deposit),
    source(each(reads.redemptions()), fold.redemption),
    source(each([await reads.resolutions()]), fold.resolution),
  ]);
  for await (const page of reads.legs()) {
    for (const leg of page) {
      await others.tellThrough(leg.matchedAtMs);
      fold.leg(leg);
    }
    if ((page.at(-1)?.matchedAtMs ?? 0) >= toMs) break;
  }
  await others.tellThrough(Number.POSITIVE_INFINITY);
}

interface Timed {
  readonly atMs: number;
}

/** What is told of one kind, in order of time. */
interface Source {
  /** The moment of the next; infinite after the last. */
  readonly atMs: number;
  read(): Promise<void>;
  tell(): void;
}

function source<One extends Timed>(
  rows: AsyncGenerator<One, undefined>,
  tell: (one: One) => void,
): Source {
  let next: One | undefined;
  return {
    get atMs() {
      return next?.atMs ?? Number.POSITIVE_INFINITY;
    },
    async read() {
      next = (await rows.next()).value;
    },
    tell() {
      if (next !== undefined) tell(next);
    },
  };
}

async function merged(sources: readonly Source[]) {
  for (const one of sources) await one.read();
  return {
    async tellThrough(untilMs: number): Promise<void> {
      for (;;) {
        const first = sources.reduce((a, b) => (b.atMs < a.atMs ? b : a));
        if (first.atMs > untilMs || first.atMs === Number.POSITIVE_INFINITY) return;
        first.tell();
        await first.read();
      }
    },
  };
}

async function* each<One>(
  pages: AsyncIterable<readonly One[]> | Iterable<readonly One[]>,
): AsyncGenerator<One, undefined> {
  for await (const page of pages) yield* page;
  return undefined;
}

/** Where `day` ends. */
function dayAfter(calendar: Calendar, day: Day): number {
  const startMs = calendar.startOf(day, '--until');
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return Math.max(startMs, calendar.startOf(next.toISOString().slice(0, 10), '--until'));
}
