/**
 * Markets as Gamma describes them: the only place that says which generation a market is of.
 * Source: Polymarket docs, Gamma markets and "Migrate to Protocol V2": choose by `version`, even
 * when both kinds of ids are there; refuse a missing or unknown one.
 */
import type { DecimalText } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import type { FeeSchedule } from '../../../domain/instrument.ts';
import type { OrderVersion } from './protocol/order-types.ts';
import type { Rest } from './rest.ts';
import { readAnswer } from './rest.ts';
import {
  decimalOf,
  type Fields,
  fieldsOf,
  flagOf,
  isFields,
  jsonOf,
  listOf,
  textOf,
} from './rest-fields.ts';

export interface GammaMarket {
  readonly conditionId: string;
  /** Of the orders for it: 2 for `v1`, 3 for `v2`. */
  readonly orderVersion: OrderVersion;
  /** YES, then NO. */
  readonly tokenIds: readonly [string, string];
  /** What people call it; absent where Gamma does not say. */
  readonly slug?: string;
  /** Absent where Gamma does not say. */
  readonly fees?: FeeSchedule;
}

/** Gamma lists no more rows than this where no limit is asked for. */
export const MAX_GAMMA_IDS = 20;
/** It is shown to people and compared with names in configurations. */
const SLUG = /^[\w.-]{1,200}$/;
const HEX_62 = /^0x[\da-f]{62}$/;
const HEX_64 = /^0x[\da-f]{64}$/;

/**
 * A condition id in 64 digits. Gamma spells that of a `v2` market in 62, all others pad it.
 * @throws {InvalidValue} for anything else.
 */
export function normalConditionId(text: unknown, place = 'conditionId'): string {
  const lower = typeof text === 'string' ? text.toLowerCase() : '';
  if (HEX_64.test(lower)) return lower;
  if (HEX_62.test(lower)) return `${lower}00`;
  throw new InvalidValue(place, text, '0x and 64 (or 62) hex digits');
}

/** Markets as they stand in Gamma's lists, unread, by condition id. */
export type GammaRows = ReadonlyMap<string, Fields>;

/**
 * Asks for at most `MAX_GAMMA_IDS` markets at once, open or closed; those that Gamma does not know are
 * not among them. Source: Polymarket docs, `GET /markets`: `condition_ids` may be repeated.
 *
 * @throws {InvalidValue} when an answer is no list.
 * @throws {FillwrightFault} `venue_unknown` when Gamma did not answer.
 */
export async function readGammaRows(
  gamma: Pick<Rest, 'call'>,
  conditionIds: readonly string[],
): Promise<GammaRows> {
  const found = new Map<string, Fields>();
  // Closed markets are left out unless asked for, and theirs may be the legs that still settle.
  for (const closed of ['false', 'true']) {
    for (const spell of [(id: string) => id, shortConditionId]) {
      const missing = conditionIds.filter((id) => !found.has(id));
      const spelled = missing.flatMap((id) => spell(id) ?? []);
      if (spelled.length === 0) continue;
      const query = { condition_ids: spelled, closed };
      const path = '/markets';
      const result = await gamma.call({
        ...{ route: 'gamma', method: 'GET', path, query, signed: false },
      });
      const rows = listOf(readAnswer(result, path), 'gamma', 1_000).filter(isFields);
      for (const id of missing) {
        const row = rows.find((one) => isOf(one, id));
        if (row !== undefined) found.set(id, row);
      }
    }
  }
  return found;
}

/** As Gamma spells that of a `v2` market; undefined for one that has no such spelling. */
function shortConditionId(conditionId: string): string | undefined {
  return conditionId.endsWith('00') ? conditionId.slice(0, -2) : undefined;
}

function isOf(row: Fields, conditionId: string): boolean {
  const { conditionId: stated } = row;
  return (
    typeof stated === 'string' &&
    [conditionId, conditionId.replace(/00$/, '')].includes(stated.toLowerCase())
  );
}

/** @throws {InvalidValue} naming the place. */
export function parseGammaMarket(value: unknown, place: string): GammaMarket {
  const row = fieldsOf(value, place);
  const conditionId = normalConditionId(row.conditionId, `${place}.conditionId`);
  const isV2 = row.version === 'v2';
  if (!isV2 && row.version !== 'v1') {
    throw new InvalidValue(`${place}.version`, row.version, 'v1 or v2');
  }
  const name = isV2 ? 'positionIds' : 'clobTokenIds';
  const fees = gammaFees(row, place);
  return {
    conditionId,
    orderVersion: isV2 ? 3 : 2,
    tokenIds: tokenPair(row[name], `${place}.${name}`),
    ...(typeof row.slug === 'string' && SLUG.test(row.slug) ? { slug: row.slug } : {}),
    ...(fees === undefined ? {} : { fees }),
  };
}

function tokenPair(value: unknown, place: string): readonly [string, string] {
  // JSON text inside the JSON for one generation, a list for the other.
  const list = listOf(typeof value === 'string' ? jsonOf(value) : value, place, 2);
  const [yes, no] = list.map((id, index) => tokenIdOf(id, `${place}[${index}]`));
  if (yes === undefined || no === undefined || yes === no) {
    throw new InvalidValue(place, value, 'two token ids');
  }
  return [yes, no];
}

/** @throws {InvalidValue} unless decimal text of a uint256. */
export function tokenIdOf(value: unknown, place: string): string {
  const text = textOf(value, place);
  if (!/^[1-9]\d{0,77}$/.test(text)) throw new InvalidValue(place, value, 'a token id in decimal');
  return text;
}

function gammaFees(row: Fields, place: string): FeeSchedule | undefined {
  if (row.feesEnabled === false) return NO_FEES;
  if (!isFields(row.feeSchedule)) return undefined;
  const { rate, exponent, takerOnly } = row.feeSchedule;
  return feeSchedule(rate, exponent, takerOnly, `${place}.feeSchedule`);
}

export const NO_FEES: FeeSchedule = { rate: '0', exponent: 1, takerOnly: true };

/** @throws {InvalidValue} naming the place. */
export function feeSchedule(
  rate: unknown,
  exponent: unknown,
  takerOnly: unknown,
  place: string,
): FeeSchedule {
  const rateText: DecimalText = decimalOf(rate, `${place}.rate`);
  const power = Number(decimalOf(exponent, `${place}.exponent`));
  if (power > MAX_EXPONENT) throw new InvalidValue(`${place}.exponent`, exponent, 'a small number');
  return { rate: rateText, exponent: power, takerOnly: flagOf(takerOnly, `${place}.takerOnly`) };
}

/** Only 1 and 2 were ever seen. */
const MAX_EXPONENT = 16;
