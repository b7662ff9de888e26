/**
 * The venue's REST interface as typed calls. Reads reject with a fault when they were not answered;
 * what changes something answers the bare result, because what it means is for others to say.
 * Source: Polymarket docs, API reference.
 */
import type { DecimalText } from '../../../domain/decimal.ts';
import { FillwrightFault, InvalidValue, show } from '../../../domain/faults.ts';
import type { ClockSkew } from './clock-skew.ts';
import type { Http, HttpAnswer, HttpRequest, HttpResult } from './http.ts';
import type { L1Headers, L2Signer } from './protocol/auth.ts';
import type { SignatureType } from './protocol/order-types.ts';
import type { Lane, RateLimiter } from './rate-limiter.ts';
import type { RouteName } from './rate-limiter-budgets.ts';
import {
  countOf,
  decimalOf,
  dollarsOf,
  type Fields,
  fieldsOf,
  jsonOf,
  textOf,
} from './rest-fields.ts';

/** The documentation says 1000 in one place and 3000 in another. */
export const MAX_CANCELS_IN_REQUEST = 1_000;
export const MAX_ORDERS_IN_REQUEST = 15;

export interface RestOptions {
  readonly http: Http;
  readonly limiter: RateLimiter;
  readonly skew: () => ClockSkew;
  /** Undefined while there are no API keys. */
  readonly signer: () => L2Signer | undefined;
  readonly signatureType: SignatureType;
}

export interface Call {
  readonly route: RouteName;
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly query?: HttpRequest['query'];
  /** Called when the request may go; undefined withdraws it. */
  readonly body?: () => string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signed: boolean;
  readonly lane?: Lane;
  /** Orders in the request, for the signer's budget. */
  readonly orders?: number;
  readonly timeoutMs?: number;
}

export interface ApiKeys {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
}

/** `CONDITIONAL-V2` for tokens of markets of version `v2`. */
export type AssetType = 'COLLATERAL' | 'CONDITIONAL' | 'CONDITIONAL-V2';

export interface Rest {
  /** Sends one request, within the limits. Never rejects. */
  call(call: Call): Promise<HttpResult>;
  /** The JSON of a 200; undefined for a 404. @throws {FillwrightFault} `venue_unknown` for all else. */
  read(call: Omit<Call, 'body' | 'method'>): Promise<unknown>;
  postOrders(
    count: number,
    lane: Lane,
    body: () => string | undefined,
    many: boolean,
  ): Promise<HttpResult>;
  /** One as `DELETE /order`, at most 1000 as `DELETE /orders`. */
  cancelOrders(ids: readonly string[]): Promise<HttpResult>;
  cancelMarket(filter: { marketId?: string; tokenId?: string }): Promise<HttpResult>;
  cancelAll(): Promise<HttpResult>;
  heartbeat(heartbeatId: string): Promise<HttpResult>;
  /** Unix seconds. */
  time(): Promise<number>;
  /** The generation of orders that the venue takes: 2. */
  version(): Promise<number>;
  closedOnly(): Promise<boolean>;
  /** In dollars or shares. */
  balance(asset: AssetType, tokenId?: string): Promise<DecimalText>;
  /** Makes the venue read the chain again. */
  refreshBalance(asset: AssetType, tokenId?: string): Promise<void>;
  tickSize(tokenId: string): Promise<DecimalText>;
  clobMarket(conditionId: string): Promise<Fields | undefined>;
  /** The keys of a wallet, made if it has none yet. */
  apiKeys(headers: L1Headers): Promise<ApiKeys>;
}

export function createRest(options: RestOptions): Rest {
  const { http, limiter } = options;

  async function call(request: Call): Promise<HttpResult> {
    const { route, lane = 'normal', orders = 1 } = request;
    const grant = await limiter.take({ route, lane, orders });
    if (!grant.granted) {
      const { reason, retryAfterMs } = grant;
      return { kind: 'failed', sent: 'notSent', reason, retryAfterMs };
    }
    const body = request.body?.();
    if (request.body !== undefined && body === undefined) {
      return { kind: 'failed', sent: 'notSent', reason: 'withdrawn' };
    }
    const skew = options.skew();
    const { skewMs } = skew;
    const result = await send(request, body);
    const isRefused = request.signed && result.kind === 'answer' && result.status === 401;
    if (!isRefused) return result;
    // A request that failed authentication was not looked at. A wrong clock is our own fault.
    await skew.read();
    return skew.skewMs === skewMs ? result : send(request, body);
  }

  async function send(request: Call, body: string | undefined): Promise<HttpResult> {
    const { route, method, path, query, headers = {}, timeoutMs } = request;
    let proof: Readonly<Record<string, string>> = {};
    if (request.signed) {
      const sign = options.signer();
      if (sign === undefined) return { kind: 'failed', sent: 'notSent', reason: 'no API keys' };
      const bytes = body === undefined ? {} : { body };
      proof = sign({ method, path, ...bytes }, options.skew().nowS());
    }
    const result = await http.request({
      method,
      path,
      headers: { ...headers, ...proof },
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    limiter.learn(route, result);
    return result;
  }

  async function read(request: Omit<Call, 'body' | 'method'>): Promise<unknown> {
    const result = await call({ ...request, method: 'GET' });
    if (result.kind === 'answer' && result.status === 404) return undefined;
    return readAnswer(result, request.path);
  }

  const balanceQuery = (asset: AssetType, tokenId: string | undefined) => ({
    asset_type: asset,
    token_id: tokenId,
    signature_type: String(options.signatureType),
  });

  return {
    call,
    read,
    ...changes(call),
    async time() {
      const value = countOf(await read(open('/time')), 'time');
      return value >= 1e12 ? value / 1_000 : value;
    },
    async version() {
      return countOf(fieldsOf(await read(open('/version')), 'version').version, 'version');
    },
    async closedOnly() {
      const route = 'other';
      const value = await read({ route, path: '/auth/ban-status/closed-only', signed: true });
      return fieldsOf(value, 'closedOnly').closed_only === true;
    },
    async balance(asset, tokenId) {
      const path = '/balance-allowance';
      const query = balanceQuery(asset, tokenId);
      const value = await read({ route: 'balance', path, query, signed: true });
      return dollarsOf(fieldsOf(value, 'balance').balance, 'balance.balance');
    },
    async refreshBalance(asset, tokenId) {
      const path = '/balance-allowance/update';
      const query = balanceQuery(asset, tokenId);
      // The answer may be empty: that it was taken is all there is to know.
      const request: Call = { route: 'balanceUpdate', method: 'GET', path, query, signed: true };
      const result = await call(request);
      if (result.kind === 'failed' || result.status !== 200) throw readFault(result, path);
    },
    async tickSize(tokenId) {
      const query = { token_id: tokenId };
      const value = await read({ route: 'tickSize', path: '/tick-size', query, signed: false });
      return decimalOf(fieldsOf(value, 'tickSize').minimum_tick_size, 'tickSize.minimum_tick_size');
    },
    async clobMarket(conditionId) {
      const value = await read(open(`/clob-markets/${encodeURIComponent(conditionId)}`));
      return value === undefined ? undefined : fieldsOf(value, 'clobMarket');
    },
    async apiKeys(headers) {
      const route = 'apiKeys';
      const derive: Call = {
        route,
        method: 'GET',
        path: '/auth/derive-api-key',
        headers,
        signed: false,
      };
      const derived = await call(derive);
      if (derived.kind === 'answer' && derived.status === 200) return readKeys(derived);
      const made = await call({ ...derive, method: 'POST', path: '/auth/api-key' });
      if (made.kind === 'answer' && made.status === 200) return readKeys(made);
      throw readFault(made, '/auth/api-key');
    },
  };
}

/** The calls that change something. */
function changes(
  call: Rest['call'],
): Pick<Rest, 'postOrders' | 'cancelOrders' | 'cancelMarket' | 'cancelAll' | 'heartbeat'> {
  const remove = (
    route: RouteName,
    path: string,
    orders: number,
    body?: string,
  ): Promise<HttpResult> =>
    call({
      ...{ route, method: 'DELETE', path, orders, lane: 'fast', signed: true },
      ...(body === undefined ? {} : { body: () => body }),
    });
  return {
    postOrders: (count, lane, body, many) =>
      call({
        route: many ? 'postOrders' : 'postOrder',
        method: 'POST',
        path: many ? '/orders' : '/order',
        ...{ body, lane, orders: count, signed: true },
      }),
    cancelOrders(ids) {
      const [first] = ids;
      if (first === undefined || ids.length > MAX_CANCELS_IN_REQUEST) {
        throw new InvalidValue('ids', ids.length, `1 to ${MAX_CANCELS_IN_REQUEST} order ids`);
      }
      return ids.length === 1
        ? remove('deleteOrder', '/order', 1, JSON.stringify({ orderID: first }))
        : remove('deleteOrders', '/orders', ids.length, JSON.stringify(ids));
    },
    cancelMarket({ marketId, tokenId }) {
      const body = JSON.stringify({ market: marketId, asset_id: tokenId });
      return remove('cancelMarket', '/cancel-market-orders', 1, body);
    },
    cancelAll: () => remove('cancelAll', '/cancel-all', 1),
    heartbeat: (heartbeatId) =>
      call({
        ...{ route: 'other', method: 'POST', path: '/v1/heartbeats', lane: 'fast', signed: true },
        body: () => JSON.stringify({ heartbeat_id: heartbeatId }),
        timeoutMs: HEARTBEAT_TIMEOUT_MS,
      }),
  };
}

/** The next heartbeat is due by then. */
const HEARTBEAT_TIMEOUT_MS = 4_000;

function open(path: string): Omit<Call, 'body' | 'method'> {
  return { route: 'other', path, signed: false };
}

/** The JSON of a 200, null for an empty one. @throws {FillwrightFault} `venue_unknown` for all else. */
export function readAnswer(result: HttpResult, path: string): unknown {
  if (result.kind === 'failed' || result.status !== 200) throw readFault(result, path);
  const value = result.text.trim() === '' ? null : jsonOf(result.text);
  if (value === undefined) throw new InvalidValue(path, result.text, 'JSON text');
  return value;
}

function readFault(result: HttpResult, path: string): FillwrightFault {
  const said =
    result.kind === 'failed' ? result.reason : `status ${result.status}: ${show(result.text)}`;
  return new FillwrightFault('venue_unknown', `The venue did not answer ${path}: ${said}`, {
    path,
    ...(result.kind === 'answer' ? { status: result.status } : { sent: result.sent }),
  });
}

/** Faults of keys never show what was read. */
function readKeys({ text }: HttpAnswer): ApiKeys {
  const value = jsonOf(text);
  try {
    const fields = fieldsOf(value, 'apiKeys');
    return {
      apiKey: textOf(fields.apiKey, 'apiKeys.apiKey'),
      secret: textOf(fields.secret, 'apiKeys.secret'),
      passphrase: textOf(fields.passphrase, 'apiKeys.passphrase'),
    };
  } catch {
    throw new InvalidValue('apiKeys', '[hidden]', 'apiKey, secret and passphrase');
  }
}
