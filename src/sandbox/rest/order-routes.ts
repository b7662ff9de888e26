/** Posting and cancelling. Source: Polymarket docs, "Post a new order", "Cancel orders". */
import type { ApiKey } from '../api-keys.ts';
import type { CancelResult, Hex, NewOrder, Placed } from '../exchange/types.ts';
import type { Faults } from '../faults/fault-set.ts';
import type { Ledger } from '../ledger.ts';
import type { ModeRefusal, Modes } from '../modes.ts';
import { microsText } from '../numbers.ts';
import { fieldsOf } from '../stream/messages.ts';
import { type Answer, keyTo, ok, type Route, refusal, type SandboxRequest } from './answer.ts';
import { checkOrder, type OrderCheckParts } from './order-checks.ts';

/** Source: Polymarket docs, `POST /orders`. */
export const MOST_ORDERS = 15;
/** Source: Polymarket docs, `DELETE /orders` (OpenAPI; a guide says 3,000). */
const MOST_CANCELS = 1_000;
/** What a fault rule makes of a match. */
const PATHS = { FAILED: ['FAILED'], RETRYING: ['RETRYING', 'MINED', 'CONFIRMED'] } as const;
const ORDER_ID = /^0x[\da-f]{64}$/i;

export interface OrderRouteParts extends OrderCheckParts {
  readonly ledger: Ledger;
  readonly modes: Modes;
  readonly faults: Faults;
  /** Fills what is left of an order by this share, as another trader would. */
  readonly fillByOthers: (orderId: Hex, share: number) => Promise<void>;
}

export function orderRoutes(parts: OrderRouteParts): readonly Route[] {
  return [
    keyTo('orders', 'POST', '/order', (request, key) => postOne(parts, request, key)),
    keyTo('orders', 'POST', '/orders', (request, key) => postMany(parts, request, key)),
    keyTo('cancels', 'DELETE', '/order', (request, key) => cancelOne(parts, request, key)),
    keyTo('cancels', 'DELETE', '/orders', (request, key) => cancelMany(parts, request, key)),
    keyTo('cancels', 'DELETE', '/cancel-all', (_request, { apiKey }) =>
      cancelWith(parts, {}, () => parts.exchange.cancelAll(apiKey)),
    ),
    keyTo('cancels', 'DELETE', '/cancel-market-orders', (request, key) =>
      cancelMarket(parts, request, key),
    ),
  ];
}

type Leg =
  | { readonly order: NewOrder; readonly placed: Placed }
  | { readonly status: number; readonly error: string; readonly mode?: ModeRefusal };

async function placeLeg(
  parts: OrderRouteParts,
  input: unknown,
  number: number,
  key: ApiKey,
): Promise<Leg> {
  const checked = checkOrder(parts, input, key);
  if ('error' in checked) return { status: 400, error: checked.error };
  const { order } = checked;
  const conditionId = parts.exchange.marketOfToken(order.tokenId)?.conditionId;
  const situation = {
    orders: [number],
    ...(conditionId === undefined ? {} : { conditionIds: [conditionId] }),
  };
  const mode = parts.modes.refuse({ isCancel: false, isPostOnly: order.postOnly }, situation);
  if (mode !== undefined) return { status: mode.status, error: mode.error, mode };
  // Before it is placed: the frames that follow are told apart by the number.
  parts.ledger.note(order.id, number);
  const fate = parts.faults.strike(['settlement'], situation);
  if (fate !== undefined) parts.exchange.settleNext(order.id, PATHS[fate.rule.fate]);
  return { order, placed: await parts.exchange.place(order) };
}

async function postOne(
  parts: OrderRouteParts,
  { json, numbers }: SandboxRequest,
  key: ApiKey,
): Promise<Answer> {
  const leg = await placeLeg(parts, json, numbers[0] ?? 0, key);
  if ('error' in leg) {
    return { ...refusal(leg.status, leg.error, leg.mode?.more), headers: leg.mode?.headers ?? {} };
  }
  const { placed } = leg;
  if (placed.kind === 'refused') return refusal(placed.httpStatus, placed.error);
  return ok(acceptedBody(parts, leg.order, placed));
}

async function postMany(
  parts: OrderRouteParts,
  { json, numbers }: SandboxRequest,
  key: ApiKey,
): Promise<Answer> {
  if (!Array.isArray(json)) return refusal(400, 'Invalid order payload');
  if (json.length > MOST_ORDERS) {
    return refusal(400, `Too many orders in payload: ${json.length}, max allowed: ${MOST_ORDERS}`);
  }
  const legs = await Promise.all(
    json.map((input, index) => placeLeg(parts, input, numbers[index] ?? 0, key)),
  );
  // While the engine restarts there is no answer for single legs.
  const down = legs.find((leg) => 'mode' in leg && leg.mode?.status === 425);
  if (down !== undefined && 'error' in down) return refusal(down.status, down.error);
  return ok(legs.map((leg) => legBody(parts, leg)));
}

/** A leg that was refused says `success` all the same. Source: Polymarket docs, error codes. */
function legBody(parts: OrderRouteParts, leg: Leg) {
  if ('order' in leg && leg.placed.kind === 'accepted') {
    return acceptedBody(parts, leg.order, leg.placed);
  }
  const errorMsg =
    'error' in leg ? leg.error : leg.placed.kind === 'refused' ? leg.placed.error : '';
  return {
    errorMsg,
    orderID: '',
    takingAmount: '',
    makingAmount: '',
    status: '',
    success: true,
  };
}

/** Amounts are decimals for people, empty while nothing has traded. Source: py-clob-client #217. */
function acceptedBody(
  { exchange }: OrderRouteParts,
  order: NewOrder,
  placed: Extract<Placed, { kind: 'accepted' }>,
) {
  const { makingAmount, takingAmount, tradeIds, status } = placed;
  const hashes = tradeIds.flatMap((id) => exchange.trade(id)?.transactionHash || []);
  return {
    success: true,
    errorMsg: '',
    orderID: order.id,
    status,
    makingAmount: makingAmount === 0n ? '' : microsText(makingAmount),
    takingAmount: takingAmount === 0n ? '' : microsText(takingAmount),
    // A match is not mined yet: its hash comes later. Source: clob-client-v2 #89.
    ...(hashes.length === 0 ? {} : { transactionsHashes: hashes }),
    ...(tradeIds.length === 0 ? {} : { tradeIDs: tradeIds }),
  };
}

// ---------------------------------------------------------------------------------------- cancels

function cancelOne(
  parts: OrderRouteParts,
  { json }: SandboxRequest,
  key: ApiKey,
): Answer | Promise<Answer> {
  const id = fieldsOf(json)?.orderID;
  if (typeof id !== 'string' || !ORDER_ID.test(id)) return refusal(400, 'Invalid orderID');
  return cancelIds(parts, [id.toLowerCase()], key);
}

function cancelMany(
  parts: OrderRouteParts,
  { json }: SandboxRequest,
  key: ApiKey,
): Answer | Promise<Answer> {
  if (!Array.isArray(json)) return refusal(400, 'Invalid order payload');
  if (json.length > MOST_CANCELS) {
    return refusal(400, `Too many orders in payload: ${json.length}, max allowed: ${MOST_CANCELS}`);
  }
  const ids = json.filter((id): id is string => typeof id === 'string' && ORDER_ID.test(id));
  if (ids.length < json.length) return refusal(400, 'Invalid orderID');
  return cancelIds(parts, [...new Set(ids.map((id) => id.toLowerCase()))], key);
}

async function cancelIds(
  parts: OrderRouteParts,
  ids: readonly string[],
  key: ApiKey,
): Promise<Answer> {
  for (const id of ids) {
    const order = parts.exchange.order(id);
    if (order === undefined || order.owner !== key.apiKey) continue;
    const race = parts.faults.strike(['cancelRace'], {
      conditionIds: [order.conditionId],
      orders: parts.ledger.numbersOf([order.id]),
    });
    if (race !== undefined) await parts.fillByOthers(order.id, race.rule.share);
  }
  return cancelWith(parts, situationOf(parts, ids), () => parts.exchange.cancel(key.apiKey, ids));
}

function cancelMarket(parts: OrderRouteParts, { json }: SandboxRequest, key: ApiKey): Answer {
  const { market, asset_id: tokenId } = fieldsOf(json) ?? {};
  if (typeof market !== 'string' && typeof tokenId !== 'string') {
    return refusal(400, 'Invalid order payload');
  }
  return cancelWith(parts, typeof market === 'string' ? { conditionIds: [market] } : {}, () =>
    parts.exchange.cancelMarket(key.apiKey, {
      ...(typeof market === 'string' ? { conditionId: market } : {}),
      ...(typeof tokenId === 'string' ? { tokenId } : {}),
    }),
  );
}

function situationOf({ exchange, ledger }: OrderRouteParts, ids: readonly string[]) {
  const orders = ids.flatMap((id) => exchange.order(id) ?? []);
  return {
    conditionIds: orders.map(({ conditionId }) => conditionId),
    orders: ledger.numbersOf(orders.map(({ id }) => id)),
  };
}

function cancelWith(
  { modes }: OrderRouteParts,
  situation: { conditionIds?: readonly string[]; orders?: readonly number[] },
  cancel: () => CancelResult,
): Answer {
  const mode = modes.refuse({ isCancel: true, isPostOnly: false }, situation);
  if (mode !== undefined) return refusal(mode.status, mode.error, mode.more);
  const { canceled, notCanceled } = cancel();
  return ok({ canceled, not_canceled: notCanceled });
}
