/** May this intent become an order? Pure: decided from the account, the position and our modes. */
import { type Decimal, type DecimalText, decimal, ONE, toText, ZERO } from './decimal.ts';
import { compare } from './exact.ts';
import { worstFeeForMoney, worstFeeForShares } from './fees.ts';
import type { Instrument } from './instrument.ts';
import type { Intent } from './intent.ts';
import { reservation } from './reservation.ts';

export interface AdmissionInput {
  readonly intent: Intent;
  readonly instrument: Instrument;
  /** Dollars not yet reserved and not kept back. */
  readonly availableUsd: DecimalText;
  /** Settled shares not yet sold, and how many of them working SELL orders hold. */
  readonly sellableShares: DecimalText;
  readonly reservedShares: DecimalText;
  /** Why no new entry is taken now, or null. Exits (SELL) are never stopped by it. */
  readonly entriesRefused: string | null;
  readonly openOrders: number;
  readonly maxOpenOrders: number;
}

export type Admission =
  | {
      readonly kind: 'admitted';
      /** Dollars held per share (or per dollar, by money) still to be executed. */
      readonly reserveRate: DecimalText;
      readonly reservedUsd: DecimalText;
      readonly reservedShares: DecimalText;
    }
  | { readonly kind: 'denied'; readonly reason: string };

export function admit(input: AdmissionInput): Admission {
  const { intent } = input;
  // What stops entries never stops an exit.
  if (intent.side === 'SELL') return admitSell(input);
  if (input.entriesRefused !== null) return denied(input.entriesRefused);
  if (input.openOrders >= input.maxOpenOrders) {
    return denied(`${input.openOrders} orders are open, the limit is ${input.maxOpenOrders}`);
  }
  return admitBuy(input);
}

/** BUY holds back price x size and the worst fee that any of it may cost. */
function admitBuy({ intent, instrument, availableUsd }: AdmissionInput): Admission {
  const reserveRate = toText(buyReserveRate(intent, instrument));
  const needed = reservation(intent.size ?? intent.amountUsd ?? '0', reserveRate);
  if (compare(needed, availableUsd) > 0) {
    return denied(
      `not enough cash: needs ${needed} with the worst fee, ${availableUsd} is available`,
    );
  }
  return {
    kind: 'admitted',
    reserveRate,
    reservedUsd: needed,
    reservedShares: '0',
  };
}

function buyReserveRate(intent: Intent, instrument: Instrument): Decimal {
  const limit = decimal(intent.price);
  const tick = decimal(instrument.tickSize);
  const ofADollar = ONE.plus(worstFeeForMoney(instrument.fees, limit, tick, ONE));
  if (intent.size === undefined) return ofADollar;
  // A venue may take an order that never rests for the dollars of its size at its limit: at better
  // prices it brings more shares, and the fee of them. Source: Polymarket docs, FOK and FAK.
  if (intent.timeInForce === 'FOK' || intent.timeInForce === 'FAK') return limit.times(ofADollar);
  return limit.plus(worstFeeForShares(instrument.fees, 'BUY', limit, tick, ONE));
}

/** SELL holds back shares, and only shares whose purchase the chain has confirmed. */
function admitSell({ intent, sellableShares, reservedShares }: AdmissionInput): Admission {
  const size = decimal(intent.size ?? '0');
  const free = decimal(sellableShares).minus(reservedShares);
  if (size.gt(free)) {
    return denied(
      `not enough settled shares: needs ${toText(size)}, ${toText(free.lt(ZERO) ? ZERO : free)} are free`,
    );
  }
  return { kind: 'admitted', reserveRate: '1', reservedUsd: '0', reservedShares: toText(size) };
}

function denied(reason: string): Admission {
  return { kind: 'denied', reason };
}
