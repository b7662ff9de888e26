/**
 * The Data API: positions and resolutions, and the country check of the web site. Numbers are JSON
 * doubles there, never to be used for accounting. Source: Polymarket docs, Data API v2.
 */
import type { Exchange, Micros, SandboxMarket, SandboxTrade } from '../exchange/types.ts';
import type { Ledger } from '../ledger.ts';
import { jsonNumber, microsText, ONE_MICROS, parseMicros } from '../numbers.ts';
import type { MarketBooks } from '../stream/market-books.ts';
import { type Answer, ok, openTo, type Route, refusal, type SandboxRequest } from './answer.ts';

/** Smaller positions are not shown unless asked for. Source: Data API, `filter_amount`. */
const SHOWN_FROM_MICROS = 100_000n;
const PAGE_SIZE = 100;

export interface DataRouteParts {
  readonly exchange: Exchange;
  readonly books: MarketBooks;
  readonly ledger: Ledger;
}

export function dataRoutes(parts: DataRouteParts): readonly Route[] {
  return [
    openTo('GET', '/v2/positions', (request) => positions(parts, request)),
    openTo('GET', '/v2/resolutions', (request) => resolution(parts, request)),
    openTo('GET', '/api/geoblock', () =>
      ok({ blocked: false, ip: '127.0.0.1', country: 'IE', region: 'L' }),
    ),
  ];
}

function positions({ exchange, books }: DataRouteParts, { query }: SandboxRequest): Answer {
  const user = (query.get('user') ?? '').toLowerCase();
  if (!/^0x[\da-f]{40}$/.test(user)) return refusal(400, 'required query param user not provided');
  const bought = purchasesOf(exchange, user);
  const rows = [...exchange.markets.values()]
    .filter(({ conditionId }) => (query.get('condition') ?? conditionId) === conditionId)
    .flatMap((market) =>
      market.tokens.flatMap((token, index) => {
        const purchase = bought.get(token.tokenId);
        if (purchase === undefined) return [];
        const size = exchange.balance(purchase.wallet, token.tokenId);
        if (size < SHOWN_FROM_MICROS && query.get('filter_amount') !== '0') return [];
        const current = market.payout?.[index] ?? middleOf(books, token.tokenId);
        return [positionRow(market, index, { ...purchase, size, current })];
      }),
    );
  const offset = Number(query.get('offset') ?? 0) || 0;
  const data = rows.slice(offset, offset + PAGE_SIZE);
  const hasMore = offset + PAGE_SIZE < rows.length;
  return ok({
    data,
    pagination: { limit: PAGE_SIZE, offset, has_more: hasMore, next_cursor: null },
  });
}

interface Purchase {
  readonly wallet: string;
  shares: Micros;
  dollars: Micros;
  fees: Micros;
  lastAtMs: number;
}

/** What a wallet has bought of each token, or sold: a wallet that was only given shares has none. */
function purchasesOf(exchange: Exchange, user: string): ReadonlyMap<string, Purchase> {
  const purchases = new Map<string, Purchase>();
  const note = (wallet: string, tokenId: string, trade: SandboxTrade): Purchase | undefined => {
    if (wallet.toLowerCase() !== user) return undefined;
    const known = purchases.get(tokenId) ?? {
      wallet,
      shares: 0n,
      dollars: 0n,
      fees: 0n,
      lastAtMs: 0,
    };
    known.lastAtMs = Math.max(known.lastAtMs, trade.updatedAtMs);
    purchases.set(tokenId, known);
    return known;
  };
  for (const trade of exchange.trades()) {
    if (trade.status === 'FAILED') continue;
    const taken = note(trade.takerMaker, trade.tokenId, trade);
    if (taken !== undefined && trade.side === 'BUY') {
      taken.shares += trade.size;
      taken.dollars += (trade.size * trade.price) / ONE_MICROS;
      taken.fees += trade.takerFee;
    }
    for (const fill of trade.makerFills) {
      const made = note(fill.maker, fill.tokenId, trade);
      if (made === undefined || fill.side !== 'BUY') continue;
      made.shares += fill.matchedAmount;
      made.dollars += (fill.matchedAmount * fill.price) / ONE_MICROS;
    }
  }
  return purchases;
}

/** Between the best prices, as far as there are any. */
function middleOf(books: MarketBooks, tokenId: string): Micros {
  const { bestBid = '0', bestAsk = '1' } = books.picture(tokenId) ?? {};
  return (parseMicros(bestBid, 'best bid') + parseMicros(bestAsk, 'best ask')) / 2n;
}

function positionRow(
  market: SandboxMarket,
  index: number,
  position: Purchase & { readonly size: Micros; readonly current: Micros },
) {
  const { wallet, shares, dollars, fees, lastAtMs, size, current } = position;
  const average = shares === 0n ? 0n : (dollars * ONE_MICROS) / shares;
  return {
    proxy_wallet: wallet,
    token_id: market.tokens[index]?.tokenId,
    condition_id: market.conditionId,
    current_size: number(size),
    avg_price: number(average),
    entry_cost_usdc: number(dollars),
    entry_fees_usdc: number(fees),
    total_cost_usdc: number(dollars + fees),
    current_price: number(current),
    redeemable: market.payout !== undefined,
    mergeable: false,
    negative_risk: market.negRisk,
    outcome_index: index,
    last_event_at: new Date(lastAtMs).toISOString(),
  };
}

function number(value: Micros): number {
  return jsonNumber(microsText(value));
}

/** A condition of 62 digits is refused here, though Gamma spells it so. Source: A1005, V2 ids. */
function resolution({ exchange, ledger }: DataRouteParts, { query }: SandboxRequest): Answer {
  const condition = (query.get('condition') ?? '').toLowerCase();
  if (!/^0x[\da-f]{64}$/.test(condition)) return refusal(400, 'invalid condition');
  const market = [...exchange.markets.values()].find(
    ({ conditionId }) => conditionId === condition,
  );
  if (market?.payout === undefined) return ok({ data: null });
  return ok({
    data: {
      condition_id: market.conditionId,
      status: 'resolved',
      payouts: market.payout.map(Number),
      reporter: 'UMA_OO',
      resolved_at: new Date(ledger.resolvedAtMs[market.conditionId] ?? 0).toISOString(),
    },
  });
}
