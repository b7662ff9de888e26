/**
 * What an order gives and what it asks for, on the grids that the venue takes. Exact decimals; every
 * rounding is down, so that no order can spend or sell more than it was meant to.
 */
import {
  Decimal,
  type DecimalText,
  MAX_DECIMALS,
  parseDecimal,
  price as parsePrice,
  shares,
  toText,
  usd,
} from '../../../../domain/decimal.ts';
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Side } from '../../../../domain/instrument.ts';
import type { TimeInForce } from '../../../../domain/intent.ts';
import { isOnTick, SIZE_DECIMALS, type TickRule, tickRule } from '../../../../domain/quantise.ts';

/** Integers as decimal text: 6 decimals of a dollar or of a share. */
export interface OrderAmounts {
  /** What the order gives: dollars for a BUY, shares for a SELL. */
  readonly makerAmount: string;
  /** What the order asks for. */
  readonly takerAmount: string;
}

export interface AmountsRequest {
  readonly side: Side;
  readonly type: 'limit' | 'market';
  readonly timeInForce: TimeInForce;
  /** Limit or worst price, on the tick grid. */
  readonly price: DecimalText;
  /** Shares. Either this or `amountUsd`. */
  readonly size?: DecimalText;
  /** Dollars. Market BUY only. */
  readonly amountUsd?: DecimalText;
  readonly tickSize: DecimalText;
}

/** Decimals of the dollars that a FOK or FAK BUY gives. Source: py-clob-client #253, rs-clob-client #164. */
const MONEY_DECIMALS = 2;

/**
 * Decimals of what a FOK or FAK order asks for, at most: the venue refuses more whatever the tick, though
 * its own clients sign 5 or 6 on fine ticks. Source: py-clob-client-v2 #99 (shares of a BUY),
 * py-clob-client #121 and rs-clob-client PR#164 (dollars of a SELL).
 */
const MAX_ASKED_DECIMALS = 4;

/**
 * The amounts of an order. GTC and GTD give or ask for exactly `price x size`. A FOK or FAK BUY is an
 * order to spend dollars: `amountUsd`, or `price x size` where shares were asked for, so it can
 * bring more shares than that at better prices, never for more dollars. A SELL always gives `size`; one
 * that goes at once asks for up to a hundredth of a cent less than `price x size`.
 * Source: Polymarket docs, order rounding and order types.
 *
 * @throws {InvalidValue} for a price or a size off the grid, an unknown tick, the wrong quantity for the kind
 *   of order, or an amount that is rounded to zero.
 */
export function orderAmounts(request: AmountsRequest): OrderAmounts {
  const { side, type, timeInForce } = request;
  const rule = ruleOf(request.tickSize);
  const price = priceOf(request);
  const isImmediate = timeInForce === 'FOK' || timeInForce === 'FAK';
  if (type === 'market' && !isImmediate) {
    throw new InvalidValue('order.timeInForce', timeInForce, 'FOK or FAK for a market order');
  }
  if (request.amountUsd !== undefined) {
    if (type !== 'market' || side !== 'BUY' || request.size !== undefined) {
      const expected = 'no dollars: they are for a market BUY without a size';
      throw new InvalidValue('order.amountUsd', request.amountUsd, expected);
    }
    return spend(usd(request.amountUsd, 'order.amountUsd'), price, rule);
  }
  const size = sizeOf(request);
  // Exact without rounding: 2 decimals of a size and those of a price are those of an amount.
  const dollars = size.times(price);
  if (side === 'SELL')
    return amounts(size, isImmediate ? floor(dollars, MAX_ASKED_DECIMALS) : dollars);
  return isImmediate ? spend(dollars, price, rule) : amounts(dollars, size);
}

/** Asks for no more shares than the dollars buy at `price`: the signed price is never below it. */
function spend(dollars: Decimal, price: Decimal, rule: TickRule): OrderAmounts {
  const given = floor(dollars, MONEY_DECIMALS);
  const decimals = Math.min(rule.amountDecimals, MAX_ASKED_DECIMALS);
  return amounts(given, floor(given.div(price), decimals));
}

function ruleOf(tickSize: DecimalText): TickRule {
  const expected = 'a tick size of the venue';
  const rule = tickRule(parseDecimal(tickSize, 'tickSize', expected));
  if (rule === undefined) throw new InvalidValue('tickSize', tickSize, expected);
  return rule;
}

function sizeOf({ size: text }: AmountsRequest): Decimal {
  const parsed = shares(text, 'order.size');
  if (parsed.decimalPlaces() <= SIZE_DECIMALS) return parsed;
  throw new InvalidValue('order.size', text, `shares with at most ${SIZE_DECIMALS} decimals`);
}

function priceOf({ price: text, tickSize }: AmountsRequest): Decimal {
  const parsed = parsePrice(text, 'order.price');
  if (isOnTick(parsed, tickSize)) return parsed;
  const expected = `a price on the tick of ${tickSize}, at least one tick inside 0 and 1`;
  throw new InvalidValue('order.price', text, expected);
}

function amounts(given: Decimal, asked: Decimal): OrderAmounts {
  return { makerAmount: integer(given), takerAmount: integer(asked) };
}

function integer(amount: Decimal): string {
  if (amount.gt(0)) return toText(amount.times(10 ** MAX_DECIMALS));
  throw new InvalidValue(
    'order.size',
    '0 after rounding',
    'an amount that rounding leaves above 0',
  );
}

function floor(amount: Decimal, decimals: number): Decimal {
  return amount.toDecimalPlaces(decimals, Decimal.ROUND_DOWN);
}
