/** What a request is about: its orders and markets, as fault rules compare them. */
import type { Exchange, Hex } from './exchange/types.ts';
import type { Situation } from './faults/fault-set.ts';
import type { Ledger } from './ledger.ts';
import { MOST_ORDERS } from './rest/order-routes.ts';
import type { Found } from './rest/router.ts';
import { fieldsOf } from './stream/messages.ts';

export interface Description {
  readonly situation: Situation;
  /** The numbers of the orders that it posts, in their order. */
  readonly numbers: readonly number[];
}

/** Numbers the orders of a posting, so it is called once for each request. */
export function describeRequest(
  { exchange, ledger }: { readonly exchange: Exchange; readonly ledger: Ledger },
  { route, name, parameter }: Found,
  json: unknown,
  query: URLSearchParams,
): Description {
  const entries = Array.isArray(json) ? json : [json];
  const posted = route.group === 'orders' ? entries.slice(0, MOST_ORDERS) : [];
  const numbers = posted.map(() => ledger.nextNumber());
  const fields = fieldsOf(json);
  const ids = [parameter, fields?.orderID, ...(route.group === 'cancels' ? entries : [])]
    .filter((id): id is string => typeof id === 'string')
    .map((id) => id.toLowerCase() as Hex);
  const tokens = [
    ...posted.map((entry) => fieldsOf(fieldsOf(entry)?.order)?.tokenId),
    fields?.asset_id,
    query.get('asset_id'),
    query.get('token_id'),
  ].filter((token): token is string => typeof token === 'string');
  const conditionIds = [
    ...tokens.flatMap((token) => exchange.marketOfToken(token)?.conditionId ?? []),
    ...ids.flatMap((id) => exchange.order(id)?.conditionId ?? []),
    ...ids.filter((id) => exchange.markets.has(id)),
    ...[fields?.market, query.get('market')].filter((id): id is string => typeof id === 'string'),
  ];
  return {
    numbers,
    situation: {
      route: name,
      group: route.group,
      conditionIds,
      orders: [...numbers, ...ledger.numbersOf(ids)],
    },
  };
}
