/** Rules that look at what an order may cost, and at what there is. */
import { Decimal, type DecimalText, decimal, MAX_DECIMALS, ONE, toText, ZERO } from '../decimal.ts';
import { compare, minus, notBelowZero } from '../exact.ts';
import { worstFeeForMoney, worstFeeForShares } from '../fees.ts';
import type { Instrument } from '../instrument.ts';
import type { Intent } from '../intent.ts';
import { quantiseSize } from '../quantise.ts';
import { reservation } from '../reservation.ts';
import { deny, type Rule, type RuleFacts, type RuleInputs, type Verdict } from './rule.ts';

const CENTS = 2;
/** Smallest BUY in dollars that may match at once. Source: Polymarket refuses less. */
const MINIMUM_TAKING_USD = '1';

interface Rated {
  readonly instrument: Instrument;
  readonly intent: Intent;
  readonly rate: Decimal;
}
let newest: Rated | undefined;

/** Dollars held back for each share (or dollar, by money) of a BUY: with the worst fee it may cost. */
export function buyReserveRate(intent: Intent, instrument: Instrument): Decimal {
  // Several rules ask for it one after another, also once the size is another: the newest is remembered.
  if (newest !== undefined && newest.instrument === instrument && isRatedAs(newest.intent, intent))
    return newest.rate;
  const rate = reserveRate(intent, instrument);
  newest = { instrument, intent, rate };
  return rate;
}

function isRatedAs(a: Intent, b: Intent): boolean {
  return (
    a.price === b.price &&
    a.timeInForce === b.timeInForce &&
    (a.size === undefined) === (b.size === undefined)
  );
}

function reserveRate(intent: Intent, instrument: Instrument): Decimal {
  const limit = decimal(intent.price);
  const tick = decimal(instrument.tickSize);
  const ofADollar = () => ONE.plus(worstFeeForMoney(instrument.fees, limit, tick, ONE));
  if (intent.size === undefined) return ofADollar();
  // A venue may take an order that never rests for the dollars of its size at its limit: at better
  // prices it brings more shares, and the fee of them. Source: Polymarket docs, FOK and FAK.
  if (intent.timeInForce === 'FOK' || intent.timeInForce === 'FAK') return limit.times(ofADollar());
  return limit.plus(worstFeeForShares(instrument.fees, 'BUY', limit, tick, ONE));
}

export function costUsd(intent: Intent, rate: DecimalText): DecimalText {
  return reservation(intent.size ?? intent.amountUsd ?? '0', rate);
}

export const maxOrder: Rule = {
  name: 'maxOrder',
  check(facts) {
    const { maxOrderUsd } = facts.limits;
    if (maxOrderUsd === null) return undefined;
    return fitting(facts, maxOrderUsd, 'order_too_large', 'one order', { maxOrderUsd });
  },
};

/** Of the market, its event and all together the one with the least room decides. */
export const exposure: Rule = {
  name: 'exposure',
  check(facts) {
    const { limits, exposure: held } = facts;
    const caps = [
      ['the market', limits.maxMarketUsd, held.marketUsd],
      ['the event', limits.maxEventUsd, held.eventUsd],
      ['all markets', limits.maxTotalUsd, held.totalUsd],
    ] as const;
    let least:
      | { name: string; room: DecimalText; limit: DecimalText; held: DecimalText }
      | undefined;
    for (const [name, limit, heldUsd] of caps) {
      if (limit === null || heldUsd === null) continue;
      const room = notBelowZero(minus(limit, heldUsd));
      if (least === undefined || compare(room, least.room) < 0) {
        least = { name, room, limit, held: heldUsd };
      }
    }
    if (least === undefined) return undefined;
    const { name, room, limit } = least;
    const inputs = { heldUsd: least.held, limitUsd: limit };
    return fitting(facts, room, 'exposure', `${name} (${least.held} of ${limit} in use)`, inputs);
  },
};

export const cash: Rule = {
  name: 'cash',
  check({ intent, instrument, availableUsd, cash: parts }) {
    const needed = costUsd(intent, toText(buyReserveRate(intent, instrument)));
    if (compare(needed, availableUsd) <= 0) return undefined;
    const inputs = { needed, availableUsd, ...parts };
    const reason = `not enough cash: needs ${needed} with the worst fee, ${availableUsd} is available`;
    // Orders were denied in these words before there were budgets: told again, they are the same.
    if (parts.budgetsUsd === '0') return deny('not_enough_cash', reason, inputs);
    const { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd } = parts;
    const made = `of ${cashUsd} cash orders hold ${reservedUsd}, budgets ${budgetsUsd}, the minimum reserve ${minimumReserveUsd}`;
    return deny('not_enough_cash', `${reason} (${made})`, inputs);
  },
};

/** Only shares whose purchase the chain has confirmed can be sold. */
export const shares: Rule = {
  name: 'shares',
  check({ intent, sellableShares, reservedShares }) {
    const size = intent.size ?? '0';
    const free = notBelowZero(minus(sellableShares, reservedShares));
    if (compare(size, free) <= 0) return undefined;
    const reason = `not enough settled shares: needs ${toText(decimal(size))}, ${free} are free`;
    return deny('not_enough_shares', reason, { size, sellableShares, reservedShares });
  },
};

/** Makes a BUY small enough for `roomUsd`, or refuses it where nothing that the venue takes is left. */
function fitting(
  { intent, instrument }: RuleFacts,
  roomUsd: DecimalText,
  code: 'order_too_large' | 'exposure',
  where: string,
  facts: RuleInputs,
): Verdict | undefined {
  const rate = buyReserveRate(intent, instrument);
  const needed = costUsd(intent, toText(rate));
  if (compare(needed, roomUsd) <= 0) return undefined;
  const inputs = { ...facts, needed, roomUsd };
  const too = `it would cost up to ${needed} dollars, ${roomUsd} are free for ${where}`;
  // What is held at cost may be finer than a reservation, which is rounded up.
  const room = decimal(roomUsd).toDecimalPlaces(MAX_DECIMALS, Decimal.ROUND_DOWN);
  const most = room.div(rate);
  if (intent.timeInForce === 'FOK') return deny(code, `${too}; FOK is all or nothing`, inputs);
  if (intent.size === undefined) {
    const amountUsd = most.toDecimalPlaces(CENTS, Decimal.ROUND_DOWN);
    if (amountUsd.lt(MINIMUM_TAKING_USD)) return deny(code, too, inputs);
    return shrunk({ amountUsd: toText(amountUsd) }, too, inputs);
  }
  const size = quantiseSize(most);
  const takes = intent.timeInForce === 'FAK';
  const isTooSmall = takes
    ? size.times(intent.price).lt(MINIMUM_TAKING_USD)
    : size.lt(instrument.minimumOrderSize);
  if (isTooSmall || size.lte(ZERO)) return deny(code, too, inputs);
  return shrunk({ size: toText(size) }, too, inputs);
}

function shrunk(
  to: { readonly size: DecimalText } | { readonly amountUsd: DecimalText },
  reason: string,
  inputs: RuleInputs,
): Verdict {
  return { kind: 'shrink', to, reason, inputs };
}
