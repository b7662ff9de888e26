/**
 * The Data API: positions and resolutions, and the country check of the web site. Numbers are JSON
 * doubles there, never to be used for accounting. Source: Polymarket docs, Data API v2.
 */
import type { Exchange, Micros, SandboxMarket } from '../exchange/types.ts';
import type { Ledger } from '../ledger.ts';
import { jsonNumber, microsText, ONE_MICROS, parseMicros } from '../numbers.ts';
import type { MarketBooks } from '../stream/market-books.ts';
import { type Answer, ok, openTo, type Route, refusal, type SandboxRequest } from './answer.ts';
import { type Entry, entriesOf } from './entries.ts';

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
  const entries = entriesOf(exchange, user);
  const rows = [...exchange.markets.values()]
    .filter(({ conditionId }) => (query.get('condition') ?? conditionId) === conditionId)
    .flatMap((market) =>
      market.tokens.flatMap((token, index) => {
        const entry = entries.get(token.tokenId);
        if (entry === undefined) return [];
        const size = exchange.balance(entry.wallet, token.tokenId);
        if (size < SHOWN_FROM_MICROS && query.get('filter_amount') !== '0') return [];
        const current = market.payout?.[index] ?? middleOf(books, token.tokenId);
        return [positionRow(market, index, { ...entry, size, current })];
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

/** Between the best prices, as far as there are any. */
function middleOf(books: MarketBooks, tokenId: string): Micros {
  const { bestBid = '0', bestAsk = '1' } = books.picture(tokenId) ?? {};
  return (parseMicros(bestBid, 'best bid') + parseMicros(bestAsk, 'best ask')) / 2n;
}

function positionRow(
  market: SandboxMarket,
  index: number,
  position: Entry & { readonly size: Micros; readonly current: Micros },
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
