/** From an HTTP result to what it means for the orders that were in the request. Pure. */
import type { SubmitOutcome } from '../../../actors/ports.ts';
import { show } from '../../../domain/faults.ts';
import type { HttpAnswer, HttpFailure, HttpResult } from './http.ts';
import {
  type Consequence,
  legRowOf,
  type ModeSign,
  type OutcomeRow,
  rowOf,
  tickInRefusal,
} from './outcomes.ts';
import { type Fields, isFields, jsonOf } from './rest-fields.ts';

/** Where the venue does not say when to come again. */
const RETRY_AFTER_MS = 1_000;
/** No announced wait is longer; a slip of the venue must not silence us for a day. */
const LONGEST_RETRY_AFTER_MS = 600_000;
/** Reasons are kept in the journal: an HTML page is not. */
const LONGEST_REASON = 300;

export type Verdict =
  | SubmitOutcome
  /** An earlier attempt was taken: look the order up. */
  | { readonly kind: 'duplicated'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The venue took it under another id than the hash that we computed. */
  | { readonly kind: 'foreignId'; readonly reason: string; readonly venueOrderId: string };

export interface SubmitVerdict {
  readonly outcome: Verdict;
  readonly consequence?: Consequence;
  readonly mode?: ModeSign;
  /** The market's tick size, from a refusal. */
  readonly tickSize?: string;
}

/** What `POST /order` came to. */
export function classifySubmit(result: HttpResult, expectedOrderId: string): SubmitVerdict {
  if (result.kind === 'failed') return failure(result);
  const body = jsonOf(result.text);
  if (result.status === 200) {
    if (isFields(body)) return placed(body, expectedOrderId);
    return unknown(`the answer is no order: ${show(result.text)}`);
  }
  return refusal(result, body);
}

export type BatchVerdict =
  | { readonly kind: 'legs'; readonly legs: readonly SubmitVerdict[] }
  /** The request as a whole was refused: the same legs may be sent one by one. */
  | { readonly kind: 'refused' };

/** What `POST /orders` came to: one verdict for each expected id, in the same order. */
export function classifyBatch(result: HttpResult, expectedIds: readonly string[]): BatchVerdict {
  const all = (each: SubmitVerdict): BatchVerdict => ({
    kind: 'legs',
    legs: expectedIds.map(() => each),
  });
  if (result.kind === 'failed') return all(failure(result));
  const body = jsonOf(result.text);
  if (result.status !== 200) {
    const each = refusal(result, body);
    // A text about one order: which one it was, only the legs sent one by one can tell.
    const aboutOne = each.outcome.kind !== 'unknown' && each.outcome.kind !== 'notAccepted';
    return aboutOne ? { kind: 'refused' } : all(each);
  }
  if (!Array.isArray(body)) return all(unknown(`the answer is no list: ${show(result.text)}`));
  return { kind: 'legs', legs: alignLegs(body, expectedIds) };
}

/**
 * Answers come in the order of the request. If one bears the id of another leg, order proves nothing
 * any more: then only ids count.
 */
function alignLegs(legs: readonly unknown[], expectedIds: readonly string[]): SubmitVerdict[] {
  const idAt = legs.map((leg) => (isFields(leg) ? idOf(leg) : ''));
  const places = new Map(idAt.map((id, index) => [id, index]));
  const inOrder =
    legs.length === expectedIds.length &&
    idAt.every((id, index) => id === '' || !isOther(id, index, expectedIds));
  return expectedIds.map((expected, index) => {
    const place = inOrder ? index : places.get(expected.toLowerCase());
    const leg = place === undefined ? undefined : legs[place];
    if (!isFields(leg)) return unknown('the answer to the batch has no readable leg for the order');
    return placed(leg, expected);
  });
}

function isOther(id: string, index: number, expectedIds: readonly string[]): boolean {
  return expectedIds.some((other, place) => place !== index && other.toLowerCase() === id);
}

function idOf(leg: Fields): string {
  return typeof leg.orderID === 'string' ? leg.orderID.toLowerCase() : '';
}

/** An answer of status 200, or a leg of one. `success` alone says nothing: refused legs have it, too. */
function placed(body: Fields, expectedOrderId: string): SubmitVerdict {
  const error = textIn(body, 'errorMsg') ?? textIn(body, 'error');
  const status = (textIn(body, 'status') ?? '').replace(/^ORDER_STATUS_/, '').toLowerCase();
  const id = idOf(body);
  if (error !== undefined) {
    // An error and an order at once: one of them is wrong.
    if (id !== '' || status !== '') return unknown(`${error} (status ${show(status)})`);
    const row = legRowOf(error);
    return row === undefined ? unknown(error) : judged(row, error, undefined, body);
  }
  if (id === '') return unknown(`the answer names no order: ${show(body)}`);
  if (id !== expectedOrderId.toLowerCase()) {
    const reason = `the venue calls the order ${show(id)}, we computed ${expectedOrderId}`;
    return { outcome: { kind: 'foreignId', reason, venueOrderId: id }, consequence: 'haltMarket' };
  }
  const known = STATUSES[status];
  if (known === undefined) return unknown(`the order's status is ${show(status)}`);
  return { outcome: { kind: 'acknowledged', venueOrderId: expectedOrderId, status: known } };
}

/** `unmatched` is documented in two ways; both mean that the order was placed and rests. */
const STATUSES: Readonly<Record<string, 'live' | 'matched' | 'delayed' | undefined>> =
  Object.assign(Object.create(null), {
    live: 'live',
    unmatched: 'live',
    matched: 'matched',
    delayed: 'delayed',
  });

function refusal(answer: HttpAnswer, body: unknown): SubmitVerdict {
  const fields = isFields(body) ? body : {};
  const error = textIn(fields, 'error') ?? textIn(fields, 'errorMsg');
  const { status } = answer;
  const row = rowOf(status, textIn(fields, 'code'), error);
  const reason = error ?? `status ${status}: ${show(answer.text)}`;
  if (row !== undefined) return judged(row, reason, answer, fields);
  const definite = status >= 400 && status < 500 && status !== 408 && error !== undefined;
  return definite
    ? { outcome: { kind: 'rejected', reason: shortened(reason) } }
    : unknown(error === undefined ? reason : `status ${status}: ${error}`);
}

function judged(
  row: Omit<OutcomeRow, 'status'>,
  fullReason: string,
  answer: HttpAnswer | undefined,
  body: Fields,
): SubmitVerdict {
  const reason = shortened(fullReason);
  const outcome: Verdict =
    row.meaning === 'notAccepted'
      ? { kind: 'notAccepted', reason, retryAfterMs: retryAfterMs(answer, body) }
      : { kind: row.meaning, reason };
  const tickSize = row.consequence === 'refreshTick' ? tickInRefusal(reason) : undefined;
  return {
    outcome,
    ...(row.consequence === undefined ? {} : { consequence: row.consequence }),
    ...(row.mode === undefined ? {} : { mode: row.mode }),
    ...(tickSize === undefined ? {} : { tickSize }),
  };
}

/** Milliseconds to wait: the longer one of the header and the body, in seconds on the wire. */
export function retryAfterMs(answer: HttpAnswer | undefined, body: Fields): number {
  const stated = [answer?.headers['retry-after'], body.retry_after_seconds]
    .map((value) => (value === undefined || value === '' ? Number.NaN : Number(value)))
    .filter((seconds) => Number.isFinite(seconds) && seconds >= 0)
    .map((seconds) => Math.ceil(seconds * 1_000));
  if (stated.length === 0) return RETRY_AFTER_MS;
  return Math.min(Math.max(...stated), LONGEST_RETRY_AFTER_MS);
}

function failure({ sent, reason, retryAfterMs: waitMs = 0 }: HttpFailure): SubmitVerdict {
  if (sent === 'unknown') return unknown(reason);
  return { outcome: { kind: 'notAccepted', reason: `not sent: ${reason}`, retryAfterMs: waitMs } };
}

function unknown(reason: string): SubmitVerdict {
  return { outcome: { kind: 'unknown', reason: shortened(reason) } };
}

function shortened(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 3)}...` : reason;
}

function textIn(body: Fields, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
