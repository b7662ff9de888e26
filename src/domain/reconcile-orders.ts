/** Orders and legs of two books side by side: what the one has and the other has not. */
import type { DecimalText } from './decimal.ts';
import { minus, plus } from './exact.ts';
import type { LegReport } from './fill-leg.ts';
import type { InstrumentId } from './instrument.ts';
import type { Difference, FindingFacts } from './reconcile.ts';

/** What a venue says of an order, as far as it does. */
export interface ListedOrder {
  readonly venueOrderId: string;
  readonly rawStatus: string;
  readonly sizeMatched: DecimalText;
  readonly instrumentId?: InstrumentId;
  readonly side?: string;
  readonly price?: DecimalText;
  readonly size?: DecimalText;
}

/** An order of ours. */
export interface HeldOrder {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly instrumentId: InstrumentId;
  readonly execution: string;
  readonly side: string;
  readonly price: DecimalText;
  readonly matchedSize: DecimalText;
}

/** Legs are named in a finding up to this many; the others are counted. */
const NAMED_TRADES = 10;

export function externalOrder(listed: ListedOrder): Difference {
  const { venueOrderId, rawStatus, sizeMatched } = listed;
  return {
    ...PRESENCE,
    kind: 'order.external',
    subject: venueOrderId,
    instrumentId: listed.instrumentId ?? null,
    severity: 'warning',
    summary: `The venue lists an open order of this account that was not made here: ${venueOrderId}${termsOf(listed)}.`,
    ours: { known: false },
    theirs: listedFacts(listed),
    action: {
      type: 'order.cancelAtVenue',
      venueOrderId,
      words: 'Cancel it at the venue; or dismiss this when it is meant to be there.',
    },
    mark: `${rawStatus} ${sizeMatched}`,
  };
}

export function missingOrder(held: HeldOrder): Difference {
  return {
    ...PRESENCE,
    kind: 'order.missing',
    subject: held.venueOrderId,
    instrumentId: held.instrumentId,
    severity: 'warning',
    summary: `${held.clientOrderId} is alive here (${held.execution}), and the venue neither lists nor knows it.`,
    ours: heldFacts(held),
    theirs: { known: false },
    action: {
      type: 'order.resolve',
      orderId: held.clientOrderId,
      words: `It is asked about until there is evidence. When you know what became of it: fillwright resolve ${held.clientOrderId} --as never-taken|cancelled|live --why TEXT.`,
    },
    mark: held.matchedSize,
  };
}

export function openOrder(held: HeldOrder, listed: ListedOrder): Difference {
  return {
    ...PRESENCE,
    kind: 'order.open',
    subject: held.venueOrderId,
    instrumentId: held.instrumentId,
    severity: 'critical',
    summary: `${held.clientOrderId} is ${held.execution} here, and the venue lists it as open: it may fill, and nothing is held back for it.`,
    ours: heldFacts(held),
    theirs: listedFacts(listed),
    action: {
      type: 'order.cancelAtVenue',
      venueOrderId: held.venueOrderId,
      words: 'Cancel it at the venue.',
    },
    mark: `${listed.rawStatus} ${listed.sizeMatched}`,
  };
}

/** Legs of one order that nobody here made. One leg may be told in several settlements. */
export function externalTrades(
  venueOrderId: string,
  told: readonly LegReport[],
): Difference | undefined {
  const legs = new Map(told.map((leg) => [`${leg.tradeId}/${leg.role}`, leg]));
  const [first] = legs.values();
  if (first === undefined) return undefined;
  let net: DecimalText = '0';
  for (const { side, size, settlement } of legs.values()) {
    if (settlement === 'failed') continue;
    net = side === 'BUY' ? plus(net, size) : minus(net, size);
  }
  const ids = [...legs.values()].map(({ tradeId }) => tradeId);
  const more = ids.length - NAMED_TRADES;
  return {
    ...PRESENCE,
    kind: 'trade.external',
    subject: venueOrderId,
    instrumentId: first.instrumentId,
    severity: 'warning',
    summary: `${ids.length} trade(s) of this account by an order that was not made here: ${venueOrderId}, net ${net} shares of ${first.instrumentId}.`,
    ours: { known: false },
    theirs: {
      venueOrderId,
      legs: ids.length,
      netSize: net,
      price: first.price,
      trades: `${ids.slice(0, NAMED_TRADES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      settlement: [...new Set([...legs.values()].map(({ settlement }) => settlement))].join(', '),
    },
    action: {
      type: 'review',
      words:
        'Kept as external (fill_legs without an order), not booked: positions are the fold of our own legs. Dismiss it when the trade was meant.',
    },
    mark: `${ids.length} ${net}`,
  };
}

/** A leg of an order of ours that its books cannot take. `facts`: as the venue told it, as text. */
export function orphanLeg(
  subject: string,
  instrumentId: InstrumentId | null,
  problem: string,
  facts: FindingFacts,
): Difference {
  return {
    ...PRESENCE,
    kind: 'leg.orphan',
    subject,
    instrumentId,
    severity: 'critical',
    summary: `The venue told of a leg that cannot be booked: ${problem}.`,
    ours: { booked: false, problem },
    theirs: facts,
    action: {
      type: 'review',
      words: 'Compare with the venue. If it is a trade of ours, our position lacks it.',
    },
    mark: problem,
  };
}

export interface ConflictedLeg {
  readonly legKey: string;
  readonly clientOrderId: string | null;
  readonly instrumentId: InstrumentId;
  readonly side: string;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly settlement: string;
}

export function conflictedLeg(leg: ConflictedLeg): Difference {
  return {
    ...PRESENCE,
    kind: 'leg.conflict',
    subject: leg.legKey,
    instrumentId: leg.instrumentId,
    severity: 'critical',
    summary: `The venue said both confirmed and failed of one leg: ${leg.side} ${leg.size} at ${leg.price} of ${leg.instrumentId}.`,
    ours: {
      clientOrderId: leg.clientOrderId,
      settlement: leg.settlement,
      side: leg.side,
      price: leg.price,
      size: leg.size,
    },
    theirs: { settlement: 'confirmed and failed' },
    action: {
      type: 'review',
      words: 'Look at the transaction on chain. Our books keep it as confirmed.',
    },
    mark: leg.settlement,
  };
}

export interface ConflictedPayout {
  readonly instrumentId: InstrumentId;
  /** Dollars a share, as it is booked. */
  readonly booked: DecimalText;
  /** Dollars a share, as the venue says now. */
  readonly told: DecimalText;
  /** Where the venue said it. */
  readonly source: string;
}

export function conflictedPayout(payout: ConflictedPayout): Difference {
  const { instrumentId, booked, told, source } = payout;
  return {
    ...PRESENCE,
    kind: 'resolution.conflict',
    subject: `${instrumentId} at ${told}`,
    instrumentId,
    severity: 'critical',
    summary: `The venue resolved ${instrumentId} at ${booked} a share, and now says ${told}.`,
    ours: { payout: booked },
    theirs: { payout: told, source },
    action: {
      type: 'review',
      words: 'Look at the payout on chain. Our books keep what was said first.',
    },
    mark: told,
  };
}

/** Of something that is there or is not there are no figures. */
const PRESENCE = { range: null, tolerance: '0' } as const;

function termsOf({ side, size, price, instrumentId }: ListedOrder): string {
  if (side === undefined || price === undefined) return '';
  return `, ${side}${size === undefined ? '' : ` ${size}`} at ${price}${instrumentId === undefined ? '' : ` of ${instrumentId}`}`;
}

function listedFacts(listed: ListedOrder): FindingFacts {
  const { venueOrderId, rawStatus, sizeMatched, instrumentId, side, price, size } = listed;
  return {
    venueOrderId,
    status: rawStatus,
    sizeMatched,
    ...(instrumentId === undefined ? {} : { instrumentId }),
    ...(side === undefined ? {} : { side }),
    ...(price === undefined ? {} : { price }),
    ...(size === undefined ? {} : { size }),
  };
}

function heldFacts(held: HeldOrder): FindingFacts {
  const { clientOrderId, venueOrderId, execution, side, price, matchedSize } = held;
  return { clientOrderId, venueOrderId, execution, side, price, matchedSize };
}
