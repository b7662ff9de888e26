/**
 * The Data API: what the venue's web site shows of positions and resolutions. It follows the chain
 * at a distance and says nothing of how far: what is absent here may exist, and a position that is
 * not listed is not proof of none (nautilus_trader PR#4705). Its numbers are JSON doubles, taken by
 * the text that was written, for people and for comparing; never for accounting.
 * Source: Polymarket docs, Data API v2, "List positions", "Get resolution state".
 */
import { type DecimalText, decimal } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import { normalConditionId, tokenIdOf } from './gamma.ts';
import { MAX_MARKETS } from './markets.ts';
import { readEach } from './read-each.ts';
import type { Rest } from './rest.ts';
import {
  decimalOf,
  dollarsOf,
  type Fields,
  fieldsOf,
  flagOf,
  listOf,
  textOf,
} from './rest-fields.ts';
import { readRows, tooManyPages } from './rest-pages.ts';
import { isBlank, timeMs } from './user-wire-fields.ts';

export interface DataPosition {
  readonly tokenId: string;
  /** `0x` and 64 hex digits. */
  readonly conditionId: string;
  /** Shares. */
  readonly size: DecimalText;
  /** Dollars a share, fees not included; absent where the venue does not say. */
  readonly averagePrice?: DecimalText;
  /** The market is resolved and the shares are still held, whether they won or not. */
  readonly redeemable: boolean;
  /** Shares of the other outcome are held, too. */
  readonly mergeable: boolean;
}

export interface MarketResolution {
  /** `0x` and 64 hex digits. */
  readonly conditionId: string;
  /** As the venue writes it: `proposed`, `disputed`, `resolved` and others. */
  readonly status: string;
  /** Dollars that a share pays; absent until the market is resolved. */
  readonly payoutsUsd?: { readonly yes: DecimalText; readonly no: DecimalText };
  /** As the venue writes it: `UMA_OO`, `CHAINLINK`, `EOA`. */
  readonly reporter?: string;
  readonly resolvedAtMs?: number;
}

export interface DataApi {
  /**
   * The positions of a wallet, those below a share and on archived markets included.
   * @throws {FillwrightFault} `venue_unknown` when it was not answered, `overloaded` for too many.
   * @throws {InvalidValue} when the list breaks off.
   */
  positions(user: string): Promise<readonly DataPosition[]>;
  /**
   * What is known of these markets, in their order; nothing of those that it does not know (yet).
   * @throws {FillwrightFault} `venue_unknown` when it was not answered.
   * @throws {InvalidValue} for a condition id that is none, or for more than 500.
   */
  resolutions(conditionIds: readonly string[]): Promise<readonly MarketResolution[]>;
}

const POSITIONS = '/v2/positions';
const RESOLUTIONS = '/v2/resolutions';
/** The most that the venue puts on a page. Source: Polymarket docs, "List positions", `limit`. */
const PAGE_SIZE = 1_000;
/** 20,000 positions: both outcomes of all the markets that we trade are 1,000. */
const MAX_PAGES = 20;
/** Signed and opaque; real ones have some hundred characters. */
const LONGEST_CURSOR = 4_000;
/** Rows of one condition: one is documented. */
const MAX_RESOLUTIONS = 100;

/** @param onMalformed is told every row that could not be read; the others are there nonetheless. */
export function createDataApi(
  rest: Pick<Rest, 'read'>,
  onMalformed: (fault: InvalidValue) => void,
): DataApi {
  async function resolution(condition: string): Promise<MarketResolution | undefined> {
    const answer = await rest.read({
      ...{ route: 'data', path: RESOLUTIONS, query: { condition }, signed: false },
    });
    if (answer === undefined) return undefined;
    const place = `resolutions[${condition}]`;
    const { data } = fieldsOf(answer, place);
    const listed = Array.isArray(data) ? data : isBlank(data) ? [] : [data];
    const rows = readRows(
      listOf(listed, place, MAX_RESOLUTIONS),
      place,
      parseResolution,
      onMalformed,
    );
    // Of several the first counts: the documents rank them, the market's own state before UMA's.
    return rows.find(({ conditionId }) => conditionId === condition);
  }

  return {
    async positions(user) {
      // A row that moves while pages are read comes twice: qualiaenjoyer/polymarket-apis #4.
      const byToken = new Map<string, DataPosition>();
      let cursor: string | undefined;
      for (let number = 1; number <= MAX_PAGES; number += 1) {
        const answer = await rest.read({
          ...{ route: 'dataPositions', path: POSITIONS, signed: false },
          query: {
            ...{ user, limit: String(PAGE_SIZE), cursor },
            // Else what is below a tenth of a share is left out. No cursor is said to carry these.
            ...{ filter_amount: '0', include_archived: 'true' },
          },
        });
        const page = fieldsOf(answer, POSITIONS);
        const values = listOf(page.data ?? [], `${POSITIONS}.data`, PAGE_SIZE);
        for (const row of readRows(values, POSITIONS, parsePosition, onMalformed)) {
          byToken.set(row.tokenId, row);
        }
        cursor = nextCursor(page, cursor);
        if (cursor === undefined) return [...byToken.values()];
      }
      throw tooManyPages(POSITIONS, MAX_PAGES);
    },
    async resolutions(conditionIds) {
      const ids = [...new Set(conditionIds.map((id) => normalConditionId(id)))];
      if (ids.length > MAX_MARKETS) {
        throw new InvalidValue('conditionIds', ids.length, `at most ${MAX_MARKETS} markets`);
      }
      const found = new Map<string, MarketResolution>();
      await readEach(ids, async (id) => {
        const read = await resolution(id);
        if (read !== undefined) found.set(id, read);
      });
      return ids.flatMap((id) => found.get(id) ?? []);
    },
  };
}

/** Undefined after the last page. A list that says that it goes on, but not where, is no whole one. */
function nextCursor(page: Fields, before: string | undefined): string | undefined {
  const place = `${POSITIONS}.pagination`;
  const { next_cursor: next, has_more: hasMore } = fieldsOf(page.pagination, place);
  if (isBlank(next) && hasMore !== true) return undefined;
  if (typeof next === 'string' && next !== '' && next !== before && next.length <= LONGEST_CURSOR) {
    return next;
  }
  throw new InvalidValue(`${place}.next_cursor`, next, 'another cursor, for there is more');
}

function parsePosition(value: unknown, place: string): DataPosition {
  const row = fieldsOf(value, place);
  const { avg_price: average } = row;
  return {
    tokenId: tokenIdOf(row.token_id, `${place}.token_id`),
    conditionId: normalConditionId(row.condition_id, `${place}.condition_id`),
    size: decimalOf(row.current_size, `${place}.current_size`),
    ...(isBlank(average) ? {} : { averagePrice: decimalOf(average, `${place}.avg_price`) }),
    redeemable: flagOf(row.redeemable, `${place}.redeemable`),
    mergeable: flagOf(row.mergeable, `${place}.mergeable`),
  };
}

function parseResolution(value: unknown, place: string): MarketResolution {
  const row = fieldsOf(value, place);
  const payoutsUsd = payoutsOf(row.payouts, `${place}.payouts`);
  const resolvedAtMs = timeMs(row.resolved_at);
  return {
    conditionId: normalConditionId(row.condition_id, `${place}.condition_id`),
    status: textOf(row.status, `${place}.status`),
    ...(payoutsUsd === undefined ? {} : { payoutsUsd }),
    ...(isBlank(row.reporter) ? {} : { reporter: textOf(row.reporter, `${place}.reporter`) }),
    ...(resolvedAtMs === undefined ? {} : { resolvedAtMs }),
  };
}

/** Micro-USDC a share, by the index of the outcome: 0 is YES. Source: Polymarket docs, outcome index. */
function payoutsOf(value: unknown, place: string): MarketResolution['payoutsUsd'] {
  if (isBlank(value)) return undefined;
  const [yes, no] = listOf(value, place, 2).map((one, index) =>
    payoutOf(one, `${place}[${index}]`),
  );
  if (yes === undefined || no === undefined) {
    throw new InvalidValue(place, value, 'the payouts of YES and NO');
  }
  return { yes, no };
}

/** No share pays more than its dollar. */
function payoutOf(value: unknown, place: string): DecimalText {
  const payoutUsd = dollarsOf(value, place);
  if (decimal(payoutUsd).lte(1)) return payoutUsd;
  throw new InvalidValue(place, value, 'at most 1000000 micro-USDC');
}
