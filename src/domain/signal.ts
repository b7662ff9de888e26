/**
 * Signals: the short form in which a strategy says what it wants on a binary market, with its price
 * as a whole number of thousandths. A signal becomes an intent and goes through the same door.
 */
import { z } from 'zod';
import { Decimal, type DecimalText, toText } from './decimal.ts';
import { InvalidValue } from './faults.ts';
import { instrumentId, type Outcome, type Side } from './instrument.ts';
import type { IntentInput } from './intent-input.ts';
import { quantisePrice } from './quantise.ts';
import { type Expectations, shapeFault } from './shape-fault.ts';

/** Signal prices count thousandths of a dollar, whatever the market's own tick is. */
const SIGNAL_TICKS_PER_DOLLAR = 1000;

export interface TradeSignal {
  /** The outcome to trade. */
  readonly side: Outcome;
  /** Limit price in thousandths of a dollar, 1 to 999. */
  readonly price: number;
  /** Shares. */
  readonly size: DecimalText;
  /** -1000 to 1000. Higher goes first. */
  readonly priority: number;
  readonly reason: string;
  /** Default BUY. */
  readonly action?: Side | undefined;
}

/** Where a signal is meant, which the signal itself does not say. */
export interface SignalContext {
  readonly venue: string;
  readonly marketId: string;
  readonly strategy: string;
  /** Idempotency key of the intent. */
  readonly key: string;
  /** Of the instrument that the signal names. */
  readonly tickSize: DecimalText;
}

const shape = z.strictObject({
  side: z.enum(['YES', 'NO']),
  price: z.int().min(0).max(SIGNAL_TICKS_PER_DOLLAR),
  size: z.string(),
  priority: z.int(),
  reason: z.string(),
  action: z.enum(['BUY', 'SELL']).optional(),
});

const EXPECTED: Expectations = {
  side: 'YES or NO',
  price: 'a whole number of ticks from 1 to 999, in thousandths of a dollar',
  size: 'shares, as decimal text',
  priority: 'a whole number from -1000 to 1000',
  reason: 'text',
  action: 'BUY or SELL',
};

/**
 * The limit intent that a signal means, for `parseIntent`. The price is moved to the instrument's
 * grid on the passive side (BUY down, SELL up), so never past what the signal allows.
 *
 * @throws {InvalidValue} at a place such as `signal.price`; also when no price of the grid is as good
 * as the signal's (a BUY below one tick, a SELL above 1 - tick). Size and priority are checked by
 * `parseIntent`.
 */
export function intentFromSignal(signal: unknown, context: SignalContext): IntentInput {
  const { side: outcome, price: ticks, action: side = 'BUY', ...rest } = parseSignal(signal);
  return {
    key: context.key,
    strategy: context.strategy,
    instrument: instrumentId(context.venue, context.marketId, outcome),
    side,
    type: 'limit',
    price: toText(priceFromTicks(ticks, context.tickSize, side)),
    size: rest.size,
    priority: rest.priority,
    reason: rest.reason,
  };
}

function parseSignal(signal: unknown): TradeSignal {
  const parsed = shape.safeParse(signal);
  if (parsed.success) return parsed.data;
  throw shapeFault('signal', 'a signal', signal, parsed.error.issues, EXPECTED);
}

function priceFromTicks(ticks: number, tickSize: DecimalText, side: Side): Decimal {
  if (ticks === 0 || ticks === SIGNAL_TICKS_PER_DOLLAR) {
    const worth = ticks === 0 ? '$0' : '$1';
    const expected = `1 to 999 ticks: ${ticks} is ${worth}, and a price lies strictly between`;
    throw new InvalidValue('signal.price', ticks, expected);
  }
  const asked = new Decimal(ticks).div(SIGNAL_TICKS_PER_DOLLAR);
  const onGrid = quantisePrice(asked, tickSize, side);
  if (side === 'BUY' ? onGrid.gt(asked) : onGrid.lt(asked)) {
    const bound = side === 'BUY' ? `${toText(onGrid)} or more` : `${toText(onGrid)} or less`;
    const expected = `a ${side} at ${bound}: the market's tick is ${tickSize}`;
    throw new InvalidValue('signal.price', ticks, expected);
  }
  return onGrid;
}
