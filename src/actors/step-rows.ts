/** Rows of the steps that orders took: their events, each with its hash, and what is published of them. */
import { type OrderStatus, publicStatus } from '../machines/order.status.ts';
import { eventHash } from './chain.ts';
import type { OrderStep } from './facts.ts';
import { noteOf } from './notes.ts';
import { readable } from './outside.ts';
import type { Axes } from './rows.ts';
import type { OrderEventRow, OutboxRow, Rows } from './store-port.ts';

/** Order steps of one turn, for ids: a turn that restores every order at once has the most. */
export const MAX_STEPS_PER_TURN = 1_000_000;

export interface OrderEventRows extends Rows<OrderEventRow> {
  /** Makes every hash: afterwards each order's `eventHash` is that of its newest step. */
  hashAll(): void;
}

/**
 * Rows that are made when their turn to be written has come. A hash needs the one before it, so the
 * first making goes in order; made again, for a repeated write, a row has the same hash.
 */
export function orderEventRows(steps: readonly OrderStep[]): OrderEventRows {
  const hashes: string[] = [];

  function rowAt(index: number, step: OrderStep): OrderEventRow {
    const content = contentOf(step);
    let hash = hashes[index];
    if (hash === undefined) {
      hash = eventHash(step.order.eventHash, content);
      step.order.eventHash = hash;
      hashes.push(hash);
    }
    return { ...content, hash };
  }

  function hashUpTo(end: number): void {
    for (const step of steps.slice(hashes.length, end)) rowAt(hashes.length, step);
  }

  return {
    length: steps.length,
    slice(start, end) {
      hashUpTo(start);
      return steps.slice(start, end).map((step, offset) => rowAt(start + offset, step));
    },
    hashAll: () => hashUpTo(steps.length),
  };
}

function contentOf(step: OrderStep): Omit<OrderEventRow, 'hash'> {
  const { before: from, after: to } = step;
  return {
    clientOrderId: step.order.name,
    number: step.number,
    seq: step.seq,
    atMs: step.event.atMs,
    type: step.event.type,
    fromState: from === undefined ? '' : `${from.execution}/${from.settlement}`,
    toState: `${to.execution}/${to.settlement}`,
    status: statusAt(to),
    note: readable(noteOf(step.event)),
    event: JSON.stringify(step.event),
  };
}

function statusAt({ execution, settlement }: Axes): OrderStatus {
  return publicStatus(execution, settlement);
}

/** A step that consumers hear of, with its place among the steps of its turn. */
interface Published {
  readonly step: OrderStep;
  readonly inTurn: number;
}

/** Consumers hear of every change of the public status; legs are rows of their own. */
export function published(steps: readonly OrderStep[]): readonly Published[] {
  const found: Published[] = [];
  let inTurn = 0;
  for (const [index, step] of steps.entries()) {
    inTurn = steps[index - 1]?.seq === step.seq ? inTurn + 1 : 0;
    const { before, after } = step;
    if (before !== undefined && statusAt(before) === statusAt(after)) continue;
    found.push({ step, inTurn });
  }
  return found;
}

export function outboxRow({ step, inTurn }: Published): OutboxRow {
  const { order, number, event } = step;
  return {
    outboxId: step.seq * MAX_STEPS_PER_TURN + inTurn,
    type: event.type,
    body: JSON.stringify({
      clientOrderId: order.name,
      number,
      status: statusAt(step.after),
      event,
    }),
    atMs: event.atMs,
  };
}
