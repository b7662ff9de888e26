/** What an API key may ask about itself: keys, orders, trades, balances, heartbeats. */

import type { Clock } from '../../actors/ports.ts';
import { type ReceivedHeaders, verifyL1 } from '../../adapters/venues/polymarket/protocol/auth.ts';
import { contractsOf } from '../../adapters/venues/polymarket/protocol/contracts.ts';
import type { Address } from '../../adapters/venues/polymarket/protocol/order-types.ts';
import type { Curve } from '../../adapters/venues/polymarket/protocol/secp256k1.ts';
import type { Accounts } from '../accounts.ts';
import type { ApiKey, ApiKeys } from '../api-keys.ts';
import type { Balances } from '../balances.ts';
import type { Exchange, SandboxOrder, SandboxTrade } from '../exchange/types.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type { Ledger } from '../ledger.ts';
import { fieldsOf } from '../stream/messages.ts';
import { orderRow, seconds, tradeRow } from '../wire.ts';
import {
  type Answer,
  keyTo,
  ok,
  openTo,
  type Route,
  refusal,
  type SandboxRequest,
} from './answer.ts';
import { page } from './pages.ts';

/**
 * How far a request's time may be off. The venue documents none; clocks that are minutes off were
 * refused. Source: py-clob-client #175, #190.
 */
export const MOST_SKEW_S = 60;
const ORDER_ID = /^0x[\da-f]{64}$/i;
/** Approved without limit, as the venue's own wallets are. */
const UNLIMITED = ((1n << 256n) - 1n).toString();

export interface AccountRouteParts {
  readonly clock: Clock;
  readonly curve: Curve;
  readonly chainId: number;
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly ledger: Ledger;
  readonly balances: Balances;
  readonly heartbeats: Heartbeats;
}

export function accountRoutes(parts: AccountRouteParts): readonly Route[] {
  const { exchange, keys, heartbeats } = parts;
  return [
    openTo('POST', '/auth/api-key', (request) =>
      signedIn(parts, request, (address, nonce) =>
        keyAnswer(keys.create(address, nonce), 'Could not create api key'),
      ),
    ),
    openTo('GET', '/auth/derive-api-key', (request) =>
      signedIn(parts, request, (address, nonce) =>
        keyAnswer(keys.derive(address, nonce), 'Could not derive api key!'),
      ),
    ),
    keyTo('other', 'GET', '/auth/api-keys', (_request, { address }) =>
      ok({ apiKeys: keys.of(address).map(({ apiKey }) => apiKey) }),
    ),
    keyTo('other', 'DELETE', '/auth/api-key', (_request, { apiKey }) => {
      keys.remove(apiKey);
      return ok('OK');
    }),
    keyTo('other', 'GET', '/auth/ban-status/closed-only', () => ok({ closed_only: false })),
    keyTo('reads', 'GET', '/data/order/{id}', (request, key) => oneOrder(exchange, request, key)),
    keyTo('reads', 'GET', '/data/orders', (request, key) => openOrders(exchange, request, key)),
    keyTo('reads', 'GET', '/data/trades', (request, key) => trades(parts, request, key)),
    keyTo('reads', 'GET', '/order-scoring', ({ query }, { apiKey }) => {
      const order = exchange.order((query.get('order_id') ?? '').toLowerCase());
      return ok({ scoring: order?.owner === apiKey && order.status === 'LIVE' });
    }),
    keyTo('reads', 'GET', '/balance-allowance', (request, key) => balance(parts, request, key)),
    keyTo('reads', 'GET', '/balance-allowance/update', (request, key) =>
      balance(parts, request, key),
    ),
    keyTo('heartbeats', 'POST', '/v1/heartbeats', (request, key) => beat(heartbeats, request, key)),
    keyTo('heartbeats', 'POST', '/heartbeats', (_request, { apiKey }) => {
      heartbeats.beatWithoutId(apiKey);
      return ok({ status: 'ok' });
    }),
  ];
}

function signedIn(
  { chainId, curve, clock }: AccountRouteParts,
  { headers }: SandboxRequest,
  answer: (address: Address, nonce: string) => Answer,
): Answer {
  const proof = verifyL1(headers satisfies ReceivedHeaders, chainId, curve);
  if ('refusal' in proof || Math.abs(seconds(clock.now()) - proof.timestampS) > MOST_SKEW_S) {
    return refusal(401, 'Invalid L1 Request headers');
  }
  return answer(proof.address, proof.nonce);
}

function keyAnswer(key: ApiKey | undefined, error: string): Answer {
  if (key === undefined) return refusal(400, error);
  const { apiKey, secret, passphrase } = key;
  return ok({ apiKey, secret, passphrase });
}

// ------------------------------------------------------------------------------- orders and trades

function oneOrder(exchange: Exchange, { parameter }: SandboxRequest, key: ApiKey): Answer {
  if (!ORDER_ID.test(parameter)) return refusal(400, 'Invalid orderID');
  const order = exchange.order(parameter.toLowerCase());
  if (order === undefined || order.owner !== key.apiKey) return refusal(404, 'Order not found');
  return ok(orderRow(order));
}

/** Asked by id, an order is told whatever its status. Source: Polymarket docs, `GET /data/orders`. */
function openOrders(exchange: Exchange, { query }: SandboxRequest, key: ApiKey): Answer {
  const id = query.get('id');
  const known = id === null ? undefined : exchange.order(id.toLowerCase());
  const rows: readonly SandboxOrder[] =
    id === null ? exchange.openOrders(key.apiKey) : known?.owner === key.apiKey ? [known] : [];
  const matching = rows.filter(
    (order) =>
      isAsked(query, 'market', order.conditionId) && isAsked(query, 'asset_id', order.tokenId),
  );
  return page(matching, query.get('next_cursor'), orderRow);
}

/** Newest first. `market` and `asset_id` are compared with the taker's. Source: NT #3345. */
function trades({ ledger }: AccountRouteParts, { query }: SandboxRequest, key: ApiKey): Answer {
  const before = limitOf(query.get('before'), Number.POSITIVE_INFINITY);
  const after = limitOf(query.get('after'), Number.NEGATIVE_INFINITY);
  const rows = ledger
    .tradesOf(key.apiKey)
    .filter(
      (trade) =>
        isAsked(query, 'id', trade.id) &&
        isAsked(query, 'market', trade.conditionId) &&
        isAsked(query, 'asset_id', trade.tokenId) &&
        hasWallet(trade, query.get('maker_address')) &&
        seconds(trade.matchedAtMs) < before &&
        seconds(trade.matchedAtMs) > after,
    )
    .reverse();
  return page(rows, query.get('next_cursor'), (trade) => tradeRow(trade, key.apiKey));
}

function isAsked(query: URLSearchParams, name: string, value: string): boolean {
  const asked = query.get(name);
  return asked === null || asked === '' || asked === value;
}

function hasWallet(trade: SandboxTrade, wallet: string | null): boolean {
  if (wallet === null || wallet === '') return true;
  const wallets = [trade.takerMaker, ...trade.makerFills.map(({ maker }) => maker)];
  return wallets.some((known) => known.toLowerCase() === wallet.toLowerCase());
}

function limitOf(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

// --------------------------------------------------------------------------------------- the rest

function balance(parts: AccountRouteParts, request: SandboxRequest, key: ApiKey): Answer {
  const { accounts, balances, chainId } = parts;
  const { query, path } = request;
  const assetType = query.get('asset_type');
  const tokenId = query.get('token_id') ?? '';
  if (assetType !== 'COLLATERAL' && assetType !== 'CONDITIONAL' && assetType !== 'CONDITIONAL-V2') {
    return refusal(400, 'Invalid asset type');
  }
  if (assetType !== 'COLLATERAL' && !/^\d{1,78}$/.test(tokenId)) {
    return refusal(400, 'GetBalanceAndAllowance invalid params: assetAddress invalid hex address');
  }
  const token = assetType === 'COLLATERAL' ? undefined : tokenId;
  const wallet = accounts.walletOf(key.address, Number(query.get('signature_type') ?? 0));
  if (path.endsWith('/update')) {
    if (wallet !== undefined) balances.update(wallet.funder, token);
    return { status: 200, text: '' };
  }
  const { exchangeV2, negRiskExchangeV2, exchangeV3, negRiskAdapter } = contractsOf(chainId);
  const spenders = [exchangeV2, negRiskExchangeV2, exchangeV3, negRiskAdapter];
  return ok({
    // A signer without such a wallet sees nothing. Source: clob-client #128.
    balance: wallet === undefined ? '0' : balances.read(wallet.funder, token).toString(),
    allowances: Object.fromEntries(spenders.map((spender) => [spender, UNLIMITED])),
  });
}

function beat(heartbeats: Heartbeats, { json }: SandboxRequest, key: ApiKey): Answer {
  const id = fieldsOf(json)?.heartbeat_id;
  const result = heartbeats.beat(key.apiKey, typeof id === 'string' ? id : '');
  if (result.kind === 'accepted') return ok({ heartbeat_id: result.next });
  return {
    status: 400,
    json: { error_msg: 'Invalid Heartbeat ID', heartbeat_id: result.expected },
  };
}
