/**
 * What a report is made of, as it stood at one moment, in pages: the legs that count with their orders,
 * deposits and cash. One transaction that reads only; an engine may write meanwhile.
 */
import { type Kysely, sql } from 'kysely';
import type { DecimalText } from '../../domain/decimal.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import type { PerformanceLeg } from '../../domain/performance/holding.ts';
import type {
  Deposit,
  OutcomeResolved,
  RedemptionPaid,
} from '../../domain/performance/performance.ts';
import { codeOf, storeFault } from './fault.ts';
import { lastSeq, metadata } from './restore.ts';

/** About 2 MB of rows: one round trip costs little beside it, and memory stays flat. */
export const LEG_PAGE = 5_000;
/** A desk has a handful of deposits; each page looks through the ledger once. */
const DEPOSIT_PAGE = 10_000;

export interface PerformanceReads {
  metadata(key: string): Promise<string | undefined>;
  /** 0 when the journal is empty. */
  lastSeq(): Promise<number>;
  /**
   * Legs of our orders that have not failed, in order of match, in pages of `LEG_PAGE`.
   * @throws {FillwrightFault} `corrupt_row` for one whose order has no row.
   */
  legs(): AsyncIterable<readonly PerformanceLeg[]>;
  /** In order of time, in pages. */
  deposits(): AsyncIterable<readonly Deposit[]>;
  /** What resolved markets have paid, in order of time, in pages. */
  redemptions(): AsyncIterable<readonly RedemptionPaid[]>;
  /** Outcomes of resolved markets, in order of the resolution. */
  resolutions(): Promise<readonly OutcomeResolved[]>;
  /** The sum of the ledger. */
  cashUsd(): Promise<DecimalText>;
}

/**
 * Runs `work` over everything as it stands now.
 * @throws {FillwrightFault} `store_unavailable`; what `work` throws.
 */
export async function withPerformanceReads<T>(
  db: Kysely<unknown>,
  work: (reads: PerformanceReads) => Promise<T>,
): Promise<T> {
  try {
    const transaction = await db
      .startTransaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute();
    try {
      return await work(readsOf(transaction));
    } finally {
      // Nothing was changed. A connection that is lost has nothing to take back.
      await transaction
        .rollback()
        .execute()
        .catch(() => undefined);
    }
  } catch (error) {
    const fault = storeFault(error, 'performance');
    // Only the server's own errors: one of `work` is not about the store.
    throw fault.code === 'store_unavailable' || codeOf(error) !== undefined ? fault : error;
  }
}

function readsOf(db: Kysely<unknown>): PerformanceReads {
  return {
    metadata: (key) => metadata(db, key),
    lastSeq: () => lastSeq(db),
    legs: () => legs(db),
    deposits: () => movements(db, 'deposit'),
    redemptions: () => movements(db, 'redemption'),
    resolutions: () => resolutions(db),
    cashUsd: () => cashUsd(db),
  };
}

type LegWithOrder = Omit<PerformanceLeg, 'strategy' | 'marketId'> & {
  readonly strategy: string | null;
  readonly marketId: string | null;
};

async function* legs(db: Kysely<unknown>): AsyncGenerator<readonly PerformanceLeg[]> {
  let after: Pick<PerformanceLeg, 'matchedAtMs' | 'key'> = { matchedAtMs: -1, key: '' };
  for (;;) {
    // Order and exit are looked up leg by leg: a join would read all there are, for each page again.
    const page: readonly LegWithOrder[] = (
      await sql<LegWithOrder>`
        with page as materialized (
          select * from fill_legs
          where client_order_id is not null and settlement <> 'failed'
            and (matched_at_ms, leg_key) > (${after.matchedAtMs}::bigint, ${after.key})
          order by matched_at_ms, leg_key limit ${LEG_PAGE}
        )
        select l.leg_key as key, l.client_order_id as "clientOrderId", o.strategy,
          o.market_id as "marketId", l.instrument_id as "instrumentId", l.side, l.price, l.size,
          l.fee_usd as "feeUsd", l.matched_at_ms as "matchedAtMs",
          (select e.reason from exit_events e where e.exit_id = l.leg_key) as reason
        from page l left join lateral (
          select strategy, market_id from orders where client_order_id = l.client_order_id limit 1
        ) o on true
        order by l.matched_at_ms, l.leg_key`.execute(db)
    ).rows;
    if (page.length > 0) yield page.map(checked);
    if (page.length < LEG_PAGE) return;
    after = page.at(-1) ?? after;
  }
}

function checked({ strategy, marketId, ...leg }: LegWithOrder): PerformanceLeg {
  if (strategy !== null && marketId !== null) return { ...leg, strategy, marketId };
  const { key, clientOrderId } = leg;
  throw new FillwrightFault(
    'corrupt_row',
    `Fill ${key} is of order ${clientOrderId}, which has no row: "fillwright verify" says what else is missing.`,
    { legKey: key, clientOrderId },
  );
}

async function resolutions(db: Kysely<unknown>): Promise<readonly OutcomeResolved[]> {
  const found = await sql<OutcomeResolved>`
    select resolved_at_ms as "atMs", instrument_id as "instrumentId", payout
    from positions where payout is not null order by resolved_at_ms, instrument_id`.execute(db);
  return found.rows;
}

async function* movements(
  db: Kysely<unknown>,
  kind: 'deposit' | 'redemption',
): AsyncGenerator<readonly Deposit[]> {
  let after = { atMs: -1, entryId: '' };
  for (;;) {
    const page = (
      await sql<Deposit & { readonly entryId: string }>`
        select at_ms as "atMs", amount_usd as "amountUsd", entry_id as "entryId"
        from ledger_entries
        where kind = ${kind} and (at_ms, entry_id) > (${after.atMs}::bigint, ${after.entryId})
        order by at_ms, entry_id limit ${DEPOSIT_PAGE}`.execute(db)
    ).rows;
    if (page.length > 0) yield page.map(({ atMs, amountUsd }) => ({ atMs, amountUsd }));
    if (page.length < DEPOSIT_PAGE) return;
    after = page.at(-1) ?? after;
  }
}

async function cashUsd(db: Kysely<unknown>): Promise<DecimalText> {
  const found = await sql<{ total: DecimalText }>`
    select coalesce(sum(amount_usd), 0) as total from ledger_entries`.execute(db);
  return found.rows[0]?.total ?? '0';
}
