/** What the answers to cancels mean. Pure. Source: Polymarket docs, "Cancel orders". */
import type { HttpResult } from './http.ts';
import { rowOf } from './outcomes.ts';
import { retryAfterMs } from './outcomes-submit.ts';
import { isFields, jsonOf } from './rest-fields.ts';

export type CancelVerdict =
  /** The venue says that it cancelled; the order must still be read. */
  | { readonly kind: 'claimed' }
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Not acted on; may be sent again after the wait. */
  | { readonly kind: 'notAccepted'; readonly reason: string; readonly retryAfterMs: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The only refusals of a whole request that say something of its one order. */
const NO_SUCH_ORDER = /^(?:Invalid orderID|order not found|order can't be found\b.*)$/i;

/** What a cancel request came to, for each of its orders. Ids are compared without case. */
export function classifyCancels(
  result: HttpResult,
  ids: readonly string[],
): ReadonlyMap<string, CancelVerdict> {
  const answered = readCancels(result);
  return new Map(
    ids.map((id): [string, CancelVerdict] => {
      if ('kind' in answered) {
        const alone = answered.kind === 'unknown' || answered.kind === 'notAccepted';
        const unclear: CancelVerdict = {
          kind: 'unknown',
          reason: 'a batch was refused as a whole',
        };
        return [id, alone || ids.length === 1 ? answered : unclear];
      }
      const key = id.toLowerCase();
      const reason = answered.notCanceled.get(key);
      if (answered.canceled.has(key)) return [id, { kind: 'claimed' }];
      if (reason !== undefined) return [id, { kind: 'rejected', reason }];
      return [id, { kind: 'unknown', reason: 'the answer does not name the order' }];
    }),
  );
}

export interface CancelLists {
  readonly canceled: ReadonlySet<string>;
  readonly notCanceled: ReadonlyMap<string, string>;
}

/** Both lists of an answer, ids in lower case, or what stands in their place. */
export function readCancels(result: HttpResult): CancelLists | CancelVerdict {
  if (result.kind === 'failed') {
    return result.sent === 'notSent'
      ? {
          kind: 'notAccepted',
          reason: `not sent: ${result.reason}`,
          retryAfterMs: result.retryAfterMs ?? 0,
        }
      : { kind: 'unknown', reason: result.reason };
  }
  const body = jsonOf(result.text);
  const { status } = result;
  if (status === 200 && isFields(body) && Array.isArray(body.canceled)) {
    const notCanceled = isFields(body.not_canceled) ? body.not_canceled : {};
    return {
      canceled: new Set(body.canceled.map((id: unknown) => String(id).toLowerCase())),
      notCanceled: new Map(
        Object.entries(notCanceled).map(([id, reason]) => [id.toLowerCase(), String(reason)]),
      ),
    };
  }
  const fields = isFields(body) ? body : {};
  const error = typeof fields.error === 'string' ? fields.error.trim() : '';
  const reason = `status ${status}: ${error === '' ? 'no cancel answer' : error.slice(0, 200)}`;
  if (rowOf(status, undefined, error)?.meaning === 'notAccepted') {
    return { kind: 'notAccepted', reason, retryAfterMs: retryAfterMs(result, fields) };
  }
  if ((status === 400 || status === 404) && NO_SUCH_ORDER.test(error)) {
    return { kind: 'rejected', reason: error };
  }
  return { kind: 'unknown', reason };
}
