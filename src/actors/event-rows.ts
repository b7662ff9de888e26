/**
 * What happened, as events: which there are, in which order, with which number. A number is taken at
 * once, so that an actor's row can say how many its stream has; the rest is made when its turn to be
 * written has come.
 */
import { toText } from '../domain/decimal.ts';
import { CATALOGUE, type CatalogueType, type PayloadOf } from '../domain/events/catalogue.ts';
import { minus } from '../domain/exact.ts';
import { sellableSize } from '../domain/position.ts';
import { LIQUIDATION } from '../domain/risk/holds.ts';
import type { EventRow } from './event-port.ts';
import type { Happening } from './happenings.ts';
import {
  type OrderStepType,
  payloadOfFill,
  payloadOfStep,
  typesOfStep,
} from './order-happenings.ts';
import type { Entry, SnapshotOf } from './registry.ts';
import { MAX_STEPS_PER_TURN } from './step-rows.ts';
import type { Rows } from './store-port.ts';

/** Events of one turn, for ids: at most one for each order, and a few. */
const MAX_EVENTS_PER_TURN = MAX_STEPS_PER_TURN;

interface Numbered {
  readonly happening: Happening;
  readonly type: CatalogueType;
  readonly eventId: number;
  readonly number: number;
  readonly causationId: string;
}

type OrderOf = (entry: Entry<'order'>) => SnapshotOf['order'];

/** `orderOf`: for what of an order never changes. Called in the order of the turns, once for each. */
export function eventRows(happenings: readonly Happening[], orderOf: OrderOf): Rows<EventRow> {
  const numbered = numberAll(happenings, orderOf);
  return {
    length: numbered.length,
    slice: (start, end) => numbered.slice(start, end).map((one) => rowOf(one, orderOf)),
  };
}

function numberAll(happenings: readonly Happening[], orderOf: OrderOf): readonly Numbered[] {
  const numbered: Numbered[] = [];
  let seq = -1;
  let place = 0;
  for (const happening of happenings) {
    if (happening.seq !== seq) place = 0;
    seq = happening.seq;
    for (const type of typesOf(happening, orderOf)) {
      if (CATALOGUE[type].since > happening.catalogue) continue;
      const entry = streamOf(happening);
      entry.events += 1;
      const eventId = seq * MAX_EVENTS_PER_TURN + place;
      const causationId = causeOf(happening, numbered.at(-1));
      numbered.push({ happening, type, eventId, number: entry.events, causationId });
      place += 1;
    }
  }
  return numbered;
}

function typesOf(happening: Happening, orderOf: OrderOf): readonly CatalogueType[] {
  switch (happening.kind) {
    case 'step':
      return typesOfStep(happening.step);
    case 'fill':
      return [`fill.${happening.effect}`];
    case 'position':
      return positionTypes(happening, orderOf);
    case 'other':
      return [happening.draft.type];
  }
}

function positionTypes(
  { before, after, order }: Extract<Happening, { kind: 'position' }>,
  orderOf: OrderOf,
): readonly CatalogueType[] {
  const [was, is] = [before.totals.size, after.totals.size];
  if (was === '0' && is !== '0') return ['position.opened'];
  if (was === '0' || is !== '0') return ['position.updated'];
  const isLiquidated = orderOf(order).context.intent.strategy === LIQUIDATION;
  return isLiquidated ? ['position.closed', 'position.liquidated'] : ['position.closed'];
}

function streamOf(happening: Happening): Entry {
  switch (happening.kind) {
    case 'step':
      return happening.step.order;
    case 'fill':
      return happening.order;
    case 'position':
      return happening.position;
    case 'other':
      return happening.entry;
  }
}

/** A position moves because of the fill that was told right before. */
function causeOf({ kind, seq }: Happening, previous: Numbered | undefined): string {
  if (kind === 'position' && previous?.happening.kind === 'fill') return nameOf(previous.eventId);
  return `input_${seq}`;
}

/** The input whose turn made an event. */
export function seqOfEvent(eventId: number): number {
  return Math.floor(eventId / MAX_EVENTS_PER_TURN);
}

/** The id as it is told outside. */
export function nameOf(eventId: number): string {
  return `evt_${eventId}`;
}

function rowOf({ happening, type, ...place }: Numbered, orderOf: OrderOf): EventRow {
  const { accountId, correlationId, payload } = contentOf(happening, type, orderOf);
  return {
    eventId: place.eventId,
    type,
    priority: CATALOGUE[type].priority,
    stream: streamOf(happening).actorId,
    number: place.number,
    accountId,
    correlationId,
    causationId: place.causationId,
    atMs: happening.atMs,
    payload: JSON.stringify(payload),
  };
}

interface Content {
  readonly accountId: string;
  readonly correlationId: string;
  readonly payload: PayloadOf<CatalogueType>;
}

function contentOf(happening: Happening, type: CatalogueType, orderOf: OrderOf): Content {
  if (happening.kind === 'other') {
    const { accountId, draft } = happening;
    return { accountId, correlationId: draft.correlationId, payload: draft.payload };
  }
  const order = happening.kind === 'step' ? happening.step.order : happening.order;
  const { context } = orderOf(order);
  const { accountId, intent } = context;
  const whose = { accountId, correlationId: intent.key };
  switch (happening.kind) {
    case 'step':
      return { ...whose, payload: payloadOfStep(type as OrderStepType, happening.step, context) };
    case 'fill':
      return { ...whose, payload: payloadOfFill(order.name, happening.leg) };
    case 'position':
      return { ...whose, payload: payloadOfPosition(happening) };
  }
}

function payloadOfPosition(
  happening: Extract<Happening, { kind: 'position' }>,
): PayloadOf<'position.updated'> {
  const { before, after } = happening;
  const { totals } = after;
  return {
    instrumentId: happening.position.name,
    clientOrderId: happening.order.name,
    legKey: happening.legKey,
    effect: happening.effect,
    size: totals.size,
    sizeChange: minus(totals.size, before.totals.size),
    sellableSize: toText(sellableSize(after)),
    averageEntry: totals.averageEntry,
    costBasis: totals.costBasis,
    realizedPnl: totals.realizedPnl,
    realizedPnlChange: minus(totals.realizedPnl, before.totals.realizedPnl),
    feesUsd: totals.feesUsd,
  };
}
