/** A report made of the few rows that a test names, without a database. */
import { ROWS_THROUGH } from '../../src/actors/projector.ts';
import type { PerformanceReads } from '../../src/adapters/store/performance-store.ts';
import type { PerformanceLeg } from '../../src/domain/performance/holding.ts';
import type {
  Deposit,
  OutcomeResolved,
  RedemptionPaid,
} from '../../src/domain/performance/performance.ts';
import { makeReport, type Report, type ReportOptions } from '../../src/report/report.ts';

const DAY_MS = 86_400_000;
export const NOON_MS = Date.parse('2026-11-20T12:00:00Z');

export interface Sample {
  readonly legs?: readonly PerformanceLeg[];
  readonly deposits?: readonly Deposit[];
  readonly cashUsd?: string;
  readonly redemptions?: readonly RedemptionPaid[];
  readonly resolutions?: readonly OutcomeResolved[];
  readonly lastSeq?: number;
  /** Rows of a page. */
  readonly page?: number;
}

async function* paged<Row>(rows: readonly Row[], size: number): AsyncGenerator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

function readsOf(sample: Sample): PerformanceReads {
  const { legs = [], deposits = [], cashUsd = '0', lastSeq = 7, page = 2 } = sample;
  return {
    legs: () => paged(legs, page),
    deposits: () => paged(deposits, page),
    redemptions: () => paged(sample.redemptions ?? [], page),
    resolutions: async () => sample.resolutions ?? [],
    cashUsd: async () => cashUsd,
    lastSeq: async () => lastSeq,
    metadata: async (key) => (key === ROWS_THROUGH ? '7' : undefined),
  };
}

export function sampleReport(sample: Sample, change: Partial<ReportOptions> = {}): Promise<Report> {
  return makeReport(readsOf(sample), {
    ...{ account: 'main', madeAtMs: NOON_MS, timeZone: 'UTC' },
    ...change,
  });
}

/** A leg at noon of a day of the story, which begins with day 0. */
export function legOn(day: number, change: Partial<PerformanceLeg> = {}): PerformanceLeg {
  return {
    key: `paper/t${String(day).padStart(4, '0')}/0xa/taker`,
    clientOrderId: `ord_${day}`,
    strategy: 'alpha',
    marketId: 'rain',
    instrumentId: 'paper:rain:YES',
    side: 'BUY',
    price: '0.5',
    size: '10',
    feeUsd: '0',
    matchedAtMs: NOON_MS + day * DAY_MS,
    reason: null,
    ...change,
  };
}
