/**
 * Watches a run while it goes: what leaves the process against what is in the log, and what enters
 * the log against what the venue really did. See docs/simulation.md.
 */

import type { JournalBatch, PreparedRow } from '../../src/actors/store-port.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import type { RawRequest, Reply } from '../../src/sandbox/rest/answering.ts';
import type { MemoryDatabase } from './memory-database.ts';
import type { VenueSide } from './venue-side.ts';
import type { Violation } from './violation.ts';

export interface Oracle {
  /** The first rule that was broken. */
  readonly violation: Violation | undefined;
  broken(rule: string, message: string): void;
  /** A batch has just been committed. */
  onCommit(batch: JournalBatch): void;
  /** The first byte of a request leaves. `why`: the process may not send any more, and why. */
  onSent(request: RawRequest, why: string | undefined): void;
  /** The venue has decided on a request. */
  onReply(request: RawRequest, reply: Reply): void;
  /** Ids of orders that were sent, by our id of the order. */
  readonly sent: ReadonlyMap<string, ReadonlySet<string>>;
}

interface OracleOptions {
  readonly database: MemoryDatabase;
  readonly venue: VenueSide;
  readonly now: () => number;
}

type Decided = Exclude<Reply, { kind: 'none' }>;

/** Answers to an order that was not taken and may come again. */
const NOT_TAKEN: ReadonlySet<number> = new Set([401, 425, 429, 503]);

export function createOracle({ database, venue, now }: OracleOptions): Oracle {
  let violation: Violation | undefined;
  const sent = new Map<string, Set<string>>();
  /** Prepared orders by their bytes, with JSON's own spacing. */
  const byBody = new Map<string, PreparedRow>();
  /** Sent, and the venue has not said since that it does not have them. */
  const mayBeThere = new Set<string>();
  /** Orders whose cancel is in the log. */
  const cancelled = new Set<string>();
  /** Orders that the venue has refused at least once. */
  const refused = new Set<string>();

  function broken(rule: string, message: string): void {
    violation ??= { rule, message, atMs: now() };
  }

  function onSent(request: RawRequest, why: string | undefined): void {
    const { method, target, body } = request;
    if (method === 'GET') return;
    const isTrading = /^\/(?:orders?|cancel-\w+|cancel-market-orders|heartbeats|v1\/heartbeats)$/;
    if (why !== undefined && isTrading.test(target))
      broken('zombies never send', `${why}: ${target}`);
    if (method === 'POST' && /^\/orders?$/.test(target)) {
      for (const order of listOf(body)) onOrderSent(JSON.stringify(order));
    }
    if (method === 'DELETE' && /^\/orders?$/.test(target)) {
      for (const id of cancelledIn(body)) onCancelSent(id);
    }
  }

  function onOrderSent(body: string): void {
    const row = byBody.get(body);
    if (row === undefined) {
      broken('sent only what is committed', `bytes that no prepared row holds: ${body}`);
      return;
    }
    const ids = sent.get(row.clientOrderId) ?? new Set();
    ids.add(row.venueOrderId);
    sent.set(row.clientOrderId, ids);
    if (ids.size > 1) broken('an intent is signed once', `${row.clientOrderId}: ${[...ids]}`);
    if (mayBeThere.has(row.venueOrderId)) {
      broken(
        'sent again only after a no',
        `${row.clientOrderId} goes again although the venue may have it`,
      );
    }
    mayBeThere.add(row.venueOrderId);
  }

  function onCancelSent(id: string): void {
    const row = preparedOf(id);
    if (row === undefined) broken('sent only what is committed', `a cancel of ${id}, not ours`);
    else if (!cancelled.has(row.clientOrderId)) {
      broken(
        'sent only what is committed',
        `a cancel of ${row.clientOrderId} that is not in the log`,
      );
    }
  }

  function onReply(request: RawRequest, reply: Reply): void {
    if (reply.kind === 'none') return;
    const { method, target } = request;
    const [, asked] = /^\/data\/order\/(\w+)$/.exec(target) ?? [];
    if (asked !== undefined && reply.status === 404) mayBeThere.delete(asked);
    if (method === 'POST' && /^\/orders?$/.test(target)) onOrderAnswered(request, reply);
  }

  function onOrderAnswered({ body }: RawRequest, reply: Decided): void {
    const rows = listOf(body).map((order) => byBody.get(JSON.stringify(order)));
    const answers = reply.status === 200 ? listOf(reply.text) : [];
    for (const [index, row] of rows.entries()) {
      if (row === undefined) continue;
      const answer = answers[index];
      const isRefused =
        reply.status >= 400 ||
        (isFields(answer) && typeof answer.errorMsg === 'string' && answer.errorMsg !== '');
      if (!isRefused) continue;
      refused.add(row.venueOrderId);
      // Else it is over, or nobody can say.
      if (reply.status === 200 || NOT_TAKEN.has(reply.status)) mayBeThere.delete(row.venueOrderId);
    }
  }

  function onCommit(batch: JournalBatch): void {
    for (const row of batch.prepared) byBody.set(JSON.stringify(JSON.parse(row.body)), row);
    for (const input of JSON.parse(batch.inputs) as EngineInput[]) checkInput(input);
  }

  function checkInput(input: EngineInput): void {
    switch (input.type) {
      case 'order.cancel':
        cancelled.add(input.clientOrderId);
        return;
      case 'venue.orderRejected':
      case 'venue.orderKilled': {
        const row = database.tables.prepared.get(input.clientOrderId);
        const isKept = input.reason.startsWith('not sent');
        if (row === undefined || refused.has(row.venueOrderId) || isKept) return;
        broken(
          'only a refusal refuses',
          `${input.clientOrderId} is over by ${input.type} (${input.reason}); the venue never refused it`,
        );
        return;
      }
      case 'venue.cancelAcknowledged': {
        const row = database.tables.prepared.get(input.clientOrderId);
        const order = row === undefined ? undefined : orderOf(row.venueOrderId);
        if (order === undefined || (order.status !== 'LIVE' && order.status !== 'DELAYED')) return;
        broken(
          'a cancel is proven',
          `${input.clientOrderId} counts as cancelled and is ${order.status}`,
        );
        return;
      }
      default:
    }
  }

  function preparedOf(venueOrderId: string): PreparedRow | undefined {
    for (const row of database.tables.prepared.values()) {
      if (row.venueOrderId === venueOrderId) return row;
    }
    return undefined;
  }

  function orderOf(venueOrderId: string) {
    return venue.sandbox.floor.exchange.order(venueOrderId);
  }

  return {
    get violation() {
      return violation;
    },
    broken,
    onCommit,
    onSent,
    onReply,
    sent,
  };
}

function listOf(text: string): readonly unknown[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value : [value];
}

function cancelledIn(body: string): readonly string[] {
  return listOf(body).flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return isFields(entry) && typeof entry.orderID === 'string' ? [entry.orderID] : [];
  });
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
