/**
 * What Polymarket's orders and trades mean for us: whose they are, which side, at what price, and
 * how far. One trade may be several legs of ours, and its own fields are always the taker's.
 */
import type { VenueEvent, VenueOrderReport, VenueOrderStatus } from '../../../actors/ports.ts';
import { type DecimalText, decimal, toText } from '../../../domain/decimal.ts';
import { compare, dividedBy, minus, plus, times } from '../../../domain/exact.ts';
import { feeOfFillsUsd } from '../../../domain/fees.ts';
import type { LegReport, Settlement } from '../../../domain/fill-leg.ts';
import type { FeeSchedule, Instrument, Side } from '../../../domain/instrument.ts';
import type { WireMakerOrder, WireOrder, WireTrade, WireUserMessage } from './user-wire.ts';

/** How we know what is ours. */
export interface Ours {
  /** Asked with hashes in lower case. */
  isOurs(orderId: string): boolean;
  /** Our API key: also finds orders that we no longer remember. */
  readonly owner?: string;
  /** Our account's address: also finds orders placed with another key or by hand. */
  readonly makerAddress?: string;
}

/** Our instrument of a token; undefined for a token that we do not deal in. */
export type InstrumentOf = (tokenId: string) => Pick<Instrument, 'id' | 'fees'> | undefined;

/** Something odd that a person should look at; nothing was changed because of it. */
export interface Finding {
  /**
   * `unknown_status`: kept at `matched`. `unknown_token`: a leg of ours that cannot be booked.
   * `not_conserved`: the makers' parts are not the taker's size. `side_contradicts`: a maker's stated
   * side does not fit the taker's.
   */
  readonly kind: 'unknown_status' | 'unknown_token' | 'not_conserved' | 'side_contradicts';
  readonly facts: Readonly<Record<string, unknown>>;
}

export type NoteFinding = (finding: Finding) => void;

// ----------------------------------------------------------------------------------------- orders

/**
 * Shares that may stay unmatched in a complete order: the venue leaves such dust.
 * Source: nautilus_trader #3728 (99.997714 of 100, MATCHED for good).
 */
const DUST = '0.01';

/** The venue's word on an order. `seenAtMs` stands in where it states no time (REST). */
export function orderReportOf(order: WireOrder, seenAtMs = 0): VenueOrderReport {
  const reason = reasonOf(order);
  return {
    venueOrderId: order.id,
    status: statusOf(order),
    rawStatus: order.status ?? order.change ?? '',
    sizeMatched: order.sizeMatched ?? '0',
    ...(reason === undefined ? {} : { reason }),
    atMs: order.atMs ?? (seenAtMs > 0 ? seenAtMs : (order.createdAtMs ?? 0)),
  };
}

/**
 * A GTD order that ran out is told as a cancellation. Source: Polymarket docs, "Order lifecycle";
 * statuses as listed under "User channel" and seen in nautilus_trader #3797, #3987, #4787.
 */
function statusOf(order: WireOrder): VenueOrderStatus {
  const { change, sizeMatched = '0' } = order;
  const status = (order.status ?? '').toUpperCase();
  if (change === 'CANCELLATION' || /^CANCELL?ED(?:_|$)/.test(status)) return 'cancelled';
  // "Placed on the book after the delay without a match". With a reason it could be anything.
  if (/^UNMATCHED(?:_|$)/.test(status)) {
    if (isImmediate(order)) return 'cancelled';
    return status === 'UNMATCHED' ? 'live' : 'unrecognised';
  }
  if (/^INVALID(?:_|$)/.test(status)) {
    // An order that was filled in part had been taken: it was ended, not refused.
    return sizeMatched === '0' ? 'rejected' : 'cancelled';
  }
  switch (status) {
    case 'MATCHED':
      return matchedStatusOf(order);
    case 'DELAYED':
      return 'delayed';
    case 'LIVE':
      return isFull(order) ? 'matched' : 'live';
    case '':
      if (change !== 'PLACEMENT' && change !== 'UPDATE') return 'unrecognised';
      return isFull(order) ? 'matched' : 'live';
    default:
      return 'unrecognised';
  }
}

/**
 * MATCHED with less than the whole: of an order at rest (REST) it was cancelled in part, as
 * nautilus_trader #4787 found. The stream says the same of one that has just been hit and rests on.
 * MATCHED without a size is a contradiction; on the stream the size is only still to come.
 */
function matchedStatusOf(order: WireOrder): VenueOrderStatus {
  const { change, sizeMatched = '0', originalSize } = order;
  if (sizeMatched === '0') return change === undefined ? 'unrecognised' : 'live';
  if (originalSize === undefined || isFull(order)) return 'matched';
  return change === undefined || isImmediate(order) ? 'cancelled' : 'live';
}

function isFull({ sizeMatched, originalSize }: WireOrder): boolean {
  if (sizeMatched === undefined || originalSize === undefined || sizeMatched === '0') return false;
  return compare(minus(originalSize, sizeMatched), DUST) < 0;
}

/** FOK and FAK never rest. */
function isImmediate({ orderType }: WireOrder): boolean {
  return orderType === 'FOK' || orderType === 'FAK';
}

/** `CANCELED_order couldn't be fully filled…`: the sentence; `CANCELED_MARKET_RESOLVED`: words. */
function reasonOf({ status = '' }: WireOrder): string | undefined {
  if (status.toUpperCase() === 'INVALID') return 'invalid';
  const suffix = /^(?:cancell?ed|unmatched|invalid)_(.+)$/is.exec(status)?.[1];
  if (suffix === undefined || suffix !== suffix.toUpperCase()) return suffix;
  return suffix.toLowerCase().replaceAll('_', ' ');
}

// ------------------------------------------------------------------------------------------ trades

/**
 * Our legs of a trade: the taker's, and one for each resting order of ours. Orders are known by
 * their ids, and by whose they are. Sizes and prices are the venue's, exactly.
 *
 * Source: Polymarket docs, "User channel"; nautilus_trader #3126 (sides), #3345 (other outcome),
 * #3450 (several orders of ours in one trade).
 */
export function legsOf(
  trade: WireTrade,
  ours: Ours,
  instrumentOf: InstrumentOf,
  note: NoteFinding = () => undefined,
): LegReport[] {
  const takerOrderId = takerOrderOf(trade, ours);
  const makers = trade.makerOrders.filter((maker) => isOurMaker(maker, ours));
  if (takerOrderId === undefined && makers.length === 0) return [];
  const settlement = settlementOf(trade, note);
  const isConserved = checkConservation(trade, note);

  function leg(
    own: Pick<LegReport, 'venueOrderId' | 'role' | 'side' | 'price' | 'size'>,
    tokenId: string,
  ): LegReport[] {
    const instrument = instrumentOf(tokenId);
    if (instrument === undefined) {
      const facts = { tradeId: trade.id, venueOrderId: own.venueOrderId, tokenId };
      note({ kind: 'unknown_token', facts });
      return [];
    }
    const { transactionHash, matchedAtMs } = trade;
    const tradeId = tradeIdOf(trade);
    const hash = transactionHash === undefined ? {} : { transactionHash };
    const told = { tradeId, ...own, instrumentId: instrument.id, settlement, matchedAtMs, ...hash };
    const fee = own.role === 'taker' && isConserved ? feeOf(trade, instrument.fees) : undefined;
    return [fee === undefined ? told : { ...told, feeUsd: fee }];
  }

  const legs: LegReport[] = [];
  if (takerOrderId !== undefined) {
    const { side, size } = trade;
    const price = isConserved ? takerPrice(trade) : trade.price;
    legs.push(
      ...leg({ venueOrderId: takerOrderId, role: 'taker', side, price, size }, trade.tokenId),
    );
  }
  for (const maker of merged(makers)) {
    const { orderId, price, matchedAmount } = maker;
    const side = makerSide(maker, trade, note);
    const own = { venueOrderId: orderId, role: 'maker', side, price, size: matchedAmount } as const;
    legs.push(...leg(own, maker.tokenId));
  }
  return legs;
}

/** Several transactions of one match are several trades. Source: Polymarket docs, "Trades overview". */
function tradeIdOf({ id, bucketIndex }: WireTrade): string {
  return bucketIndex === 0 ? id : `${id}#${bucketIndex}`;
}

/** The taker's order if it is ours. A trade's owner counts only where we are told to be the taker. */
function takerOrderOf(trade: WireTrade, ours: Ours): string | undefined {
  const { takerOrderId } = trade;
  if (takerOrderId === undefined) return undefined;
  const isTakers = trade.traderSide === 'TAKER' && isOwn(trade, ours);
  return isTakers || ours.isOurs(takerOrderId) ? takerOrderId : undefined;
}

function isOurMaker(maker: WireMakerOrder, ours: Ours): boolean {
  return ours.isOurs(maker.orderId) || isOwn(maker, ours);
}

function isOwn(
  { owner, makerAddress }: Pick<WireMakerOrder, 'owner' | 'makerAddress'>,
  ours: Ours,
): boolean {
  if (owner !== undefined && owner === ours.owner) return true;
  return makerAddress !== undefined && makerAddress === ours.makerAddress?.toLowerCase();
}

/** One leg for one order: its parts go together where a trade names it more than once. */
function merged(makers: readonly WireMakerOrder[]): WireMakerOrder[] {
  const byOrder = new Map<string, WireMakerOrder>();
  for (const maker of makers) {
    const before = byOrder.get(maker.orderId);
    if (before === undefined) byOrder.set(maker.orderId, maker);
    else {
      const matchedAmount = plus(before.matchedAmount, maker.matchedAmount);
      byOrder.set(maker.orderId, { ...before, matchedAmount });
    }
  }
  return [...byOrder.values()];
}

/** Same outcome: somebody sold what the other bought. Other outcome: both bought (mint) or both sold. */
function makerSide(maker: WireMakerOrder, trade: WireTrade, note: NoteFinding): Side {
  const isSame = maker.tokenId === trade.tokenId;
  const derived = isSame ? (trade.side === 'BUY' ? 'SELL' : 'BUY') : trade.side;
  if (maker.side === undefined || maker.side === derived) return derived;
  const facts = { tradeId: trade.id, venueOrderId: maker.orderId, stated: maker.side, derived };
  note({ kind: 'side_contradicts', facts });
  return maker.side;
}

/** What the taker met. It pays each maker its own price; for the other outcome, the rest of a dollar. */
function takerFills({ makerOrders, tokenId }: WireTrade): { price: string; size: string }[] {
  return makerOrders.map(({ price, matchedAmount, ...maker }) => ({
    price: maker.tokenId === tokenId ? price : minus('1', price),
    size: matchedAmount,
  }));
}

function takerPrice(trade: WireTrade): DecimalText {
  const dollars = takerFills(trade).reduce(
    (sum, { price, size }) => plus(sum, times(price, size)),
    '0',
  );
  return quotient(dollars, trade.size);
}

/** Of several prices the average does not tell the fee; of one, the schedule does. */
function feeOf(trade: WireTrade, fees: FeeSchedule): DecimalText | undefined {
  const fills = takerFills(trade);
  if (new Set(fills.map(({ price }) => price)).size < 2) return undefined;
  const parts = fills.map(({ price, size }) => ({ price: decimal(price), size: decimal(size) }));
  const fee = feeOfFillsUsd(fees, 'taker', parts);
  return fee.isZero() ? undefined : toText(fee);
}

const SHIFT = `1${'0'.repeat(18)}`;
const SHIFT_BACK = `0.${'0'.repeat(17)}1`;

/** Exact where it ends within 30 decimals, else rounded half-even to 12. */
function quotient(a: DecimalText, b: DecimalText): DecimalText {
  const shifted = times(a, SHIFT);
  const fine = dividedBy(shifted, b);
  return compare(times(fine, b), shifted) === 0 ? times(fine, SHIFT_BACK) : dividedBy(a, b);
}

/** False: a maker is missing or told twice; then only the trade's own price is a price. */
function checkConservation(trade: WireTrade, note: NoteFinding): boolean {
  const sum = trade.makerOrders.reduce((all, maker) => plus(all, maker.matchedAmount), '0');
  if (sum !== '0' && compare(sum, trade.size) === 0) return true;
  const facts = { tradeId: trade.id, size: trade.size, matchedByMakers: sum };
  note({ kind: 'not_conserved', facts });
  return false;
}

const SETTLEMENTS: Readonly<Record<string, Settlement>> = {
  MATCHED: 'matched',
  /** REST only. Source: Polymarket docs, "Get trades". */
  MATCHED_NOT_BROADCASTED: 'matched',
  MINED: 'mined',
  CONFIRMED: 'confirmed',
  RETRYING: 'retrying',
  FAILED: 'failed',
};

/** A status that we do not know settles nothing: the leg is there, and waits for one that we know. */
function settlementOf({ id, status = '' }: WireTrade, note: NoteFinding): Settlement {
  const word = status.toUpperCase();
  const known = Object.hasOwn(SETTLEMENTS, word) ? SETTLEMENTS[word] : undefined;
  if (known === undefined) note({ kind: 'unknown_status', facts: { tradeId: id, status } });
  return known ?? 'matched';
}

// --------------------------------------------------------------------------------------- messages

export interface TranslatorOptions {
  readonly ours: Ours;
  readonly instrumentOf: InstrumentOf;
}

/** What one message of the user channel tells the engine. */
export function userEventsOf(
  message: WireUserMessage,
  { ours, instrumentOf }: TranslatorOptions,
  receivedAtMs: number,
  note: NoteFinding,
): VenueEvent[] {
  if (message.type === 'ignored') return [];
  if (message.type === 'order') {
    return [{ type: 'order', report: orderReportOf(message, receivedAtMs) }];
  }
  return legsOf(message, ours, instrumentOf, note).map((leg) => ({ type: 'leg', leg }));
}
