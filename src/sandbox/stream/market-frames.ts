/** The frames of the market channel, as texts. Shapes: Polymarket docs and recordings of 2026-09. */
import type { LevelChange, SandboxMarket } from '../exchange/types.ts';
import { microsText } from '../numbers.ts';
import type { EventOf, MarketState, TokenState } from './book-state.ts';

/** Hashes of a batch's end, by token. */
type Hashes = ReadonlyMap<string, string>;

/** One level: an entry for an outcome and one for its mirror. */
export function changeFrame(
  { market, tokens }: MarketState,
  pair: readonly LevelChange[],
  timestamp: string,
  hashes: Hashes,
): string {
  return JSON.stringify({
    market: market.conditionId,
    price_changes: pair.map(({ tokenId, side, price, size }) => ({
      asset_id: tokenId,
      price: microsText(price),
      size: microsText(size),
      side,
      hash: hashes.get(tokenId),
      ...bestOf(tokens.find((token) => token.tokenId === tokenId)),
    })),
    timestamp,
    event_type: 'price_change',
  });
}

/** A whole book, without tick size and last trade price: so are all but the first. */
export function bookFrame(
  { market }: MarketState,
  { tokenId, book }: TokenState,
  timestamp: string,
  hashes: Hashes,
): string {
  return (
    `{"market":"${market.conditionId}","asset_id":"${tokenId}"` +
    `,"bids":${book.sideText('BUY')},"asks":${book.sideText('SELL')}` +
    `,"hash":"${hashes.get(tokenId) ?? ''}","timestamp":"${timestamp}"${versionText(market)}` +
    ',"event_type":"book"}'
  );
}

export function tradeFrame(print: EventOf<'print'>, nowMs: number): string {
  return JSON.stringify({
    market: print.conditionId,
    asset_id: print.tokenId,
    price: microsText(print.price),
    size: microsText(print.size),
    fee_rate_bps: '0',
    side: print.side,
    timestamp: String(nowMs),
    event_type: 'last_trade_price',
  });
}

export function bestFrame({ market }: MarketState, token: TokenState, timestamp: string): string {
  return JSON.stringify({
    event_type: 'best_bid_ask',
    market: market.conditionId,
    asset_id: token.tokenId,
    ...bestOf(token),
    timestamp,
  });
}

export function tickFrame(event: EventOf<'tickSize'>, tokenId: string, timestamp: string): string {
  return JSON.stringify({
    event_type: 'tick_size_change',
    asset_id: tokenId,
    market: event.conditionId,
    old_tick_size: event.oldTickSize,
    new_tick_size: event.newTickSize,
    timestamp,
  });
}

/** Half to each names the first outcome: the frame has no word for a draw. */
export function resolvedFrame({ market, tokens }: MarketState, timestamp: string): string {
  const [yes, no] = tokens;
  const [forYes = 0n, forNo = 0n] = market.payout ?? [];
  const isYes = forYes >= forNo;
  return JSON.stringify({
    id: market.conditionId,
    question: market.question,
    market: market.conditionId,
    slug: market.slug,
    assets_ids: tokens.map(({ tokenId }) => tokenId),
    outcomes: ['Yes', 'No'],
    winning_asset_id: (isYes ? yes : no).tokenId,
    winning_outcome: isYes ? 'Yes' : 'No',
    timestamp,
    event_type: 'market_resolved',
  });
}

/** A book of a `v2` market says so; others carry no version. Source: captures of 2026-10. */
export function versionText({ version }: SandboxMarket): string {
  return version === 'v2' ? ',"version":"v2"' : '';
}

/** An empty side is told as 0 or 1. Source: Polymarket docs, an example of `price_change`. */
function bestOf(token: TokenState | undefined) {
  const best = token?.book.best;
  return { best_bid: best?.bid?.price ?? '0', best_ask: best?.ask?.price ?? '1' };
}
