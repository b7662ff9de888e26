/** What anyone may ask: books, prices, markets, the time. Source: Polymarket docs, public CLOB reads. */
import type { Clock } from '../../actors/ports.ts';
import type { Exchange, SandboxMarket } from '../exchange/types.ts';
import { jsonNumber, microsText, ONE_MICROS, parseMicros } from '../numbers.ts';
import type { BookPicture, MarketBooks } from '../stream/market-books.ts';
import { versionText } from '../stream/market-frames.ts';
import { fieldsOf } from '../stream/messages.ts';
import { outcomeName, seconds } from '../wire.ts';
import { type Answer, ok, openTo, type Route, refusal, type SandboxRequest } from './answer.ts';
import { FIRST_CURSOR, page } from './pages.ts';

/** Source: Polymarket docs, `POST /books`. */
const MOST_BOOKS = 500;
/** The generation that most markets are of; says nothing of a single market. Source: PMB 2026-10-09. */
const VERSION = 2;
/** What the old fee route says where fees are on. Never used in fee arithmetic. */
const LEGACY_BASE_FEE = 1_000;

export interface MarketRouteParts {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly books: MarketBooks;
}

export function marketRoutes(parts: MarketRouteParts): readonly Route[] {
  const { clock, exchange } = parts;
  const market = (request: SandboxRequest, show: (market: SandboxMarket) => unknown) => {
    const found = exchange.marketOfToken(request.query.get('token_id') ?? '');
    return found === undefined ? refusal(404, 'market not found') : ok(show(found));
  };
  return [
    openTo('GET', '/ok', () => ok('OK')),
    openTo('GET', '/time', () => ok(seconds(clock.now()))),
    openTo('GET', '/version', () => ok({ version: VERSION })),
    openTo('GET', '/book', (request) => oneBook(parts, request)),
    openTo('POST', '/books', (request) => manyBooks(parts, request)),
    openTo('GET', '/price', (request) => price(parts, request)),
    openTo('GET', '/midpoint', (request) =>
      quote(parts, request, ({ bid, ask }) => ({ mid: half(bid, ask) })),
    ),
    openTo('GET', '/spread', (request) =>
      quote(parts, request, ({ bid, ask }) => ({ spread: microsText(ask - bid) })),
    ),
    openTo('GET', '/last-trade-price', (request) => lastTrade(parts, request)),
    openTo('GET', '/tick-size', (request) =>
      market(request, ({ tickSize }) => ({ minimum_tick_size: jsonNumber(tickSize) })),
    ),
    openTo('GET', '/neg-risk', (request) =>
      market(request, ({ negRisk }) => ({ neg_risk: negRisk })),
    ),
    openTo('GET', '/fee-rate', (request) =>
      market(request, ({ fees }) => ({ base_fee: fees.rate === '0' ? 0 : LEGACY_BASE_FEE })),
    ),
    openTo('GET', '/clob-markets/{condition}', ({ parameter }) =>
      withMarket(exchange, parameter, clobMarket),
    ),
    openTo('GET', '/markets/{condition}', ({ parameter }) =>
      withMarket(exchange, parameter, fullMarket),
    ),
    openTo('GET', '/markets-by-token/{token}', ({ parameter }) => {
      const found = exchange.marketOfToken(parameter);
      if (found === undefined) return refusal(404, 'market not found');
      const [primary, secondary] = found.tokens;
      return ok({
        condition_id: found.conditionId,
        primary_token_id: primary.tokenId,
        secondary_token_id: secondary.tokenId,
      });
    }),
  ];
}

/** `GET /markets` of the CLOB, a page at a time. */
export function clobMarkets(exchange: Exchange, { query }: SandboxRequest): Answer {
  return page([...exchange.markets.values()], query.get('next_cursor') ?? FIRST_CURSOR, fullMarket);
}

function withMarket(
  exchange: Exchange,
  conditionId: string,
  show: (market: SandboxMarket) => unknown,
): Answer {
  for (const market of exchange.markets.values()) {
    if (market.conditionId === conditionId) return ok(show(market));
  }
  return refusal(404, 'market not found');
}

// ----------------------------------------------------------------------------------------- books

function oneBook({ books }: MarketRouteParts, { query }: SandboxRequest): Answer {
  const tokenId = query.get('token_id');
  if (tokenId === null || tokenId === '') return refusal(400, 'Invalid token id');
  const picture = books.picture(tokenId);
  return picture === undefined ? noBook() : { status: 200, text: bookText(picture) };
}

/** Unknown ids are left out without a word. Source: Polymarket docs, `POST /books`. */
function manyBooks({ books }: MarketRouteParts, { json }: SandboxRequest): Answer {
  if (!Array.isArray(json)) return refusal(400, 'Invalid payload');
  if (json.length > MOST_BOOKS) return refusal(400, 'Payload exceeds the limit');
  const pictures = json.flatMap((entry) => {
    const tokenId = fieldsOf(entry)?.token_id;
    return typeof tokenId === 'string' ? (books.picture(tokenId) ?? []) : [];
  });
  return { status: 200, text: `[${pictures.map(bookText).join(',')}]` };
}

function bookText(picture: BookPicture): string {
  const { market, tokenId, timestamp, hash, bids, asks, tickSize, lastTradePrice } = picture;
  return (
    `{"market":"${market.conditionId}","asset_id":"${tokenId}","timestamp":"${timestamp}"` +
    `,"hash":"${hash}","bids":${bids},"asks":${asks}` +
    `,"min_order_size":"${market.minimumOrderSize}","tick_size":"${tickSize}"` +
    `,"neg_risk":${market.negRisk},"last_trade_price":"${lastTradePrice}"${versionText(market)}}`
  );
}

function noBook(): Answer {
  return refusal(404, 'No orderbook exists for the requested token id');
}

// ---------------------------------------------------------------------------------------- prices

function quote(
  { books }: MarketRouteParts,
  { query }: SandboxRequest,
  show: (best: { readonly bid: bigint; readonly ask: bigint }) => unknown,
): Answer {
  const picture = books.picture(query.get('token_id') ?? '');
  if (picture === undefined) return noBook();
  const { bestBid, bestAsk } = picture;
  return ok(
    show({
      bid: bestBid === undefined ? 0n : parseMicros(bestBid, 'best bid'),
      ask: bestAsk === undefined ? ONE_MICROS : parseMicros(bestAsk, 'best ask'),
    }),
  );
}

/** Half a micro is dropped: no price has one. */
function half(bid: bigint, ask: bigint): string {
  return microsText((bid + ask) / 2n);
}

/** What a BUY meets is the best bid and a SELL the best ask: the price of joining, not of taking. */
function price({ books }: MarketRouteParts, { query }: SandboxRequest): Answer {
  const side = (query.get('side') ?? '').toUpperCase();
  if (side !== 'BUY' && side !== 'SELL') return refusal(400, 'Invalid side');
  const picture = books.picture(query.get('token_id') ?? '');
  if (picture === undefined) return noBook();
  return ok({ price: (side === 'BUY' ? picture.bestBid : picture.bestAsk) ?? '0' });
}

function lastTrade({ exchange }: MarketRouteParts, { query }: SandboxRequest): Answer {
  const tokenId = query.get('token_id') ?? '';
  if (exchange.marketOfToken(tokenId) === undefined) return noBook();
  const { lastTradePrice } = exchange.book(tokenId);
  return ok({
    price: lastTradePrice === undefined ? '0.5' : microsText(lastTradePrice),
    side: lastTradePrice === undefined ? '' : 'BUY',
  });
}

// --------------------------------------------------------------------------------------- markets

/** The compact form. Its keys are the venue's; `v` only where the market is of version 2. */
function clobMarket(market: SandboxMarket) {
  const isOpen = market.payout === undefined;
  const fee = market.fees.rate === '0' ? 0 : LEGACY_BASE_FEE;
  const delayS = Math.ceil(market.takerDelayMs / 1_000);
  return {
    c: market.conditionId,
    t: market.tokens.map(({ tokenId, outcome }) => ({ t: tokenId, o: outcomeName(outcome) })),
    mos: jsonNumber(market.minimumOrderSize),
    mts: jsonNumber(market.tickSize),
    mbf: fee,
    tbf: fee,
    nr: market.negRisk,
    fd: {
      r: jsonNumber(market.fees.rate),
      e: market.fees.exponent,
      to: market.fees.takerOnly,
    },
    r: null,
    ao: isOpen,
    cbos: false,
    itode: market.blockingDelay && market.takerDelayMs > 0,
    ...(market.blockingDelay || delayS === 0 ? {} : { sd: delayS }),
    ...(market.version === 'v2' ? { v: 'v2' } : {}),
  };
}

function fullMarket(market: SandboxMarket) {
  const { payout, blockingDelay, takerDelayMs } = market;
  const isOpen = payout === undefined;
  return {
    condition_id: market.conditionId,
    question: market.question,
    market_slug: market.slug,
    enable_order_book: isOpen,
    active: true,
    closed: !isOpen,
    archived: false,
    accepting_orders: isOpen,
    minimum_order_size: jsonNumber(market.minimumOrderSize),
    minimum_tick_size: jsonNumber(market.tickSize),
    neg_risk: market.negRisk,
    seconds_delay: blockingDelay ? 0 : Math.ceil(takerDelayMs / 1_000),
    maker_base_fee: 0,
    taker_base_fee: market.fees.rate === '0' ? 0 : LEGACY_BASE_FEE,
    tokens: market.tokens.map(({ tokenId, outcome }, index) => ({
      token_id: tokenId,
      outcome: outcomeName(outcome),
      // A market that pays half to each has no winner.
      winner: payout?.[index] === ONE_MICROS,
    })),
    ...(market.version === 'v2' ? { version: 'v2' } : {}),
  };
}
