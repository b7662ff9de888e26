/** One market, put together from the CLOB's compact description and Gamma's. */
import type { DecimalText } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import { type FeeSchedule, type Instrument, instrumentId } from '../../../domain/instrument.ts';
import { isKnownTick } from '../../../domain/quantise.ts';
import {
  feeSchedule,
  type GammaRows,
  parseGammaMarket,
  readGammaRows,
  tokenIdOf,
} from './gamma.ts';
import type { OrderVersion } from './protocol/order-types.ts';
import type { Rest } from './rest.ts';
import {
  countOf,
  decimalOf,
  type Fields,
  fieldsOf,
  flagOf,
  isFields,
  listOf,
} from './rest-fields.ts';

export interface Market {
  /** `0x` and 64 hex digits, lower case. */
  readonly conditionId: string;
  readonly orderVersion: OrderVersion;
  readonly negRisk: boolean;
  readonly tickSize: DecimalText;
  /** YES, then NO. */
  readonly instruments: readonly [Instrument, Instrument];
}

export interface MarketSource {
  readonly rest: Pick<Rest, 'clobMarket'>;
  readonly gamma: Pick<Rest, 'call'>;
  readonly venue: string;
  readonly conditionId: string;
  /** Gamma's rows of it and of others, where they were asked for together; absent: it is asked for alone. */
  readonly listed?: GammaRows | undefined;
  /** False: markets of version `v2` are refused. */
  readonly protocolV2?: boolean | undefined;
}

/** `itode`: crypto and finance markets hold a taking order back for this long. */
const BLOCKING_DELAY_MS = 250;

/**
 * Reads a market. Source: Polymarket docs, `GET /clob-markets/{condition_id}`: `mts` tick, `mos`
 * minimum size, `nr` neg risk, `fd {r, e, to}` fees, `itode` and `sd` taker delays, `t [{t, o}]`.
 *
 * @throws {InvalidValue} for a market that cannot be traded safely.
 * @throws {FillwrightFault} `venue_unknown` when it was not answered.
 */
export async function readMarket(source: MarketSource): Promise<Market> {
  const { rest, gamma, venue, conditionId } = source;
  const place = `market[${conditionId}]`;
  const listed = source.listed ?? (await readGammaRows(gamma, [conditionId]));
  const row = listed.get(conditionId);
  if (row === undefined) throw new InvalidValue(place, undefined, 'a market that Gamma knows');
  const described = parseGammaMarket(row, `gamma[${conditionId}]`);
  const fields = await rest.clobMarket(conditionId);
  if (fields === undefined) throw new InvalidValue(place, undefined, 'a market of the CLOB');
  const { orderVersion, tokenIds } = described;
  checkVersion(fields, orderVersion, place);
  checkTokens(fields, tokenIds, place);
  const tickSize = decimalOf(fields.mts, `${place}.mts`);
  if (!isKnownTick(tickSize)) {
    throw new InvalidValue(`${place}.mts`, fields.mts, 'a documented tick size');
  }
  const negRisk = flagOf(fields.nr, `${place}.nr`);
  if (orderVersion === 3 && source.protocolV2 === false) {
    throw new InvalidValue(`${place}.version`, 'v2', 'v1, or protocolV2 switched on');
  }
  const shared = {
    ...(described.slug === undefined ? {} : { name: described.slug }),
    ...{ venue, marketId: conditionId, tickSize, negRisk },
    minimumOrderSize: decimalOf(fields.mos, `${place}.mos`),
    fees: fees(fields, described.fees, place),
    takerDelayMs: delayMs(fields, place),
  };
  const instrument = (outcome: 'YES' | 'NO', tokenId: string): Instrument => ({
    ...{ id: instrumentId(venue, conditionId, outcome), outcome, tokenId, ...shared },
  });
  const instruments = [instrument('YES', tokenIds[0]), instrument('NO', tokenIds[1])] as const;
  return { conditionId, orderVersion, negRisk, tickSize, instruments };
}

/** The same market on another grid. */
export function withTick(market: Market, tickSize: DecimalText): Market {
  const [yes, no] = market.instruments;
  return {
    ...market,
    tickSize,
    instruments: [
      { ...yes, tickSize },
      { ...no, tickSize },
    ],
  };
}

/** The CLOB need not say it; if it does, both must agree. */
function checkVersion({ v }: Fields, orderVersion: OrderVersion, place: string): void {
  if (v === undefined || v === null || v === '') return;
  const expected = orderVersion === 3 ? 'v2' : 'v1';
  if (v !== expected && `v${v}` !== expected) {
    throw new InvalidValue(`${place}.v`, v, `${expected}, as Gamma says`);
  }
}

function checkTokens({ t }: Fields, tokenIds: readonly string[], place: string): void {
  const listed = listOf(t, `${place}.t`, 10).map((entry, index) => {
    const at = `${place}.t[${index}]`;
    return tokenIdOf(fieldsOf(entry, at).t, `${at}.t`);
  });
  const isAlike = listed.length === 2 && tokenIds.every((id, index) => id === listed[index]);
  if (!isAlike)
    throw new InvalidValue(`${place}.t`, listed, `${tokenIds.join(', ')}, as Gamma says`);
}

function fees({ fd }: Fields, other: FeeSchedule | undefined, place: string): FeeSchedule {
  if (isFields(fd)) return feeSchedule(fd.r, fd.e, fd.to, `${place}.fd`);
  if (other === undefined) throw new InvalidValue(`${place}.fd`, fd, 'a fee schedule');
  return other;
}

function delayMs({ itode, sd }: Fields, place: string): number {
  const seconds = sd === undefined || sd === null ? 0 : countOf(sd, `${place}.sd`);
  return Math.max(seconds * 1_000, flagOf(itode, `${place}.itode`) ? BLOCKING_DELAY_MS : 0);
}
