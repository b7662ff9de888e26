/**
 * Markets as Gamma lists them. Source: Polymarket docs, Gamma markets, and captures of 2026-06 and
 * 2026-07: lists are JSON texts inside the JSON, numbers are numbers.
 */
import type { Exchange, SandboxMarket } from '../exchange/types.ts';
import type { Ledger } from '../ledger.ts';
import { jsonNumber, microsText, ONE_MICROS, parseMicros } from '../numbers.ts';
import type { MarketBooks } from '../stream/market-books.ts';
import { type Answer, ok, openTo, type Route, type SandboxRequest } from './answer.ts';
import { clobMarkets } from './market-routes.ts';

/** Source: Polymarket docs, `GET /markets/keyset`. */
const MOST_MARKETS = 100;
const HALF = ONE_MICROS / 2n;

export interface GammaRouteParts {
  readonly exchange: Exchange;
  readonly books: MarketBooks;
  readonly ledger: Ledger;
}

export function gammaRoutes(parts: GammaRouteParts): readonly Route[] {
  return [
    openTo('GET', '/markets', (request) =>
      // One host plays both; only the CLOB's list has this cursor.
      request.query.has('next_cursor')
        ? clobMarkets(parts.exchange, request)
        : ok(list(parts, request)),
    ),
    openTo('GET', '/gamma/markets', (request) => ok(list(parts, request))),
    openTo('GET', '/markets/keyset', (request) => keyset(parts, request)),
    openTo('GET', '/gamma/markets/keyset', (request) => keyset(parts, request)),
  ];
}

/** All in one page: a sandbox has few markets. `closed` is false unless asked for. */
function keyset(parts: GammaRouteParts, request: SandboxRequest): Answer {
  return ok({ markets: list(parts, request), next_cursor: null });
}

function list(parts: GammaRouteParts, { query }: SandboxRequest): readonly object[] {
  const asked = (name: string) => query.getAll(name).flatMap((value) => value.split(','));
  const conditions = asked('condition_ids').map(padCondition);
  const tokens = asked('clob_token_ids');
  const slugs = asked('slug');
  const isClosed = query.get('closed') === 'true';
  const limit = Math.min(Number(query.get('limit') ?? MOST_MARKETS) || MOST_MARKETS, MOST_MARKETS);
  const isAsked = (list: readonly string[], values: readonly string[]) =>
    list.length === 0 || values.some((value) => list.includes(value));
  return [...parts.exchange.markets.values()]
    .filter(
      (market) =>
        (market.payout !== undefined) === isClosed &&
        isAsked(conditions, [market.conditionId]) &&
        isAsked(
          tokens,
          market.tokens.map(({ tokenId }) => tokenId),
        ) &&
        isAsked(slugs, [market.slug]),
    )
    .slice(0, limit)
    .map((market) => gammaMarket(market, parts));
}

/** Gamma spells the condition of a `v2` market in 62 digits, everybody else pads them to 64. */
function padCondition(conditionId: string): string {
  return /^0x[\da-f]{62}$/i.test(conditionId) ? `${conditionId}00` : conditionId;
}

function gammaMarket(market: SandboxMarket, { books, ledger }: GammaRouteParts) {
  const { payout, fees, version, tokens, blockingDelay, takerDelayMs } = market;
  const isOpen = payout === undefined;
  const ids = JSON.stringify(tokens.map(({ tokenId }) => tokenId));
  const picture = books.picture(tokens[0].tokenId);
  const last =
    picture === undefined || picture.lastTradePrice === ''
      ? {}
      : {
          lastTradePrice: jsonNumber(picture.lastTradePrice),
        };
  return {
    id: String(Number.parseInt(market.conditionId.slice(2, 9), 16)),
    question: market.question,
    conditionId: version === 'v2' ? market.conditionId.slice(0, -2) : market.conditionId,
    slug: market.slug,
    outcomes: '["Yes", "No"]',
    outcomePrices: JSON.stringify(outcomePrices(market, picture)),
    version,
    // Choose by version: a v1 market may have both. Source: Polymarket docs, V2 migration.
    ...(version === 'v1' ? { clobTokenIds: ids } : { positionIds: tokens.map((t) => t.tokenId) }),
    active: true,
    closed: !isOpen,
    archived: false,
    acceptingOrders: isOpen,
    enableOrderBook: true,
    orderPriceMinTickSize: jsonNumber(market.tickSize),
    orderMinSize: jsonNumber(market.minimumOrderSize),
    negRisk: market.negRisk,
    secondsDelay: blockingDelay ? 0 : Math.ceil(takerDelayMs / 1_000),
    feesEnabled: fees.rate !== '0',
    feeSchedule: {
      rate: jsonNumber(fees.rate),
      exponent: fees.exponent,
      takerOnly: fees.takerOnly,
      rebateRate: 0,
    },
    ...(picture?.bestBid === undefined ? {} : { bestBid: jsonNumber(picture.bestBid) }),
    ...(picture?.bestAsk === undefined ? {} : { bestAsk: jsonNumber(picture.bestAsk) }),
    ...last,
    ...(isOpen
      ? {}
      : {
          umaResolutionStatus: 'resolved',
          closedTime: closedTime(ledger.resolvedAtMs[market.conditionId] ?? 0),
        }),
    ...(version === 'v2' ? { resolutionStatus: isOpen ? 'active' : 'resolved' } : {}),
  };
}

/** Gamma's own form: `2026-07-24 00:00:16+00`. */
function closedTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}+00`;
}

/** Paid out, or what the market thinks: the middle between the best prices. */
function outcomePrices(
  { payout }: SandboxMarket,
  picture: ReturnType<MarketBooks['picture']>,
): readonly string[] {
  if (payout !== undefined) return payout.map(microsText);
  const bid = micros(picture?.bestBid, 0n);
  const ask = micros(picture?.bestAsk, ONE_MICROS);
  const middle = picture === undefined ? HALF : (bid + ask) / 2n;
  return [microsText(middle), microsText(ONE_MICROS - middle)];
}

function micros(text: string | undefined, otherwise: bigint): bigint {
  return text === undefined ? otherwise : parseMicros(text, 'best price');
}
