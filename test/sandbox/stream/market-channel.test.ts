/** What the market channel says, and that our own market data adapter can prove every word of it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { createPolymarketChannel } from '../../../src/adapters/marketdata/polymarket-channel.ts';
import { instrumentId } from '../../../src/domain/instrument.ts';
import type { MarketEvent } from '../../../src/domain/market-data.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { until } from '../../support/until.ts';
import {
  accountOf,
  answered,
  askAs,
  listen,
  marketOf,
  openSandbox,
  post,
} from '../sandbox-harness.ts';

/** Our adapter on the sandbox's channel, until the test ends. */
function follow(sandbox: Sandbox) {
  const instruments = sandbox.markets.flatMap((market) =>
    market.tokens.map(({ tokenId, outcome }) => ({
      id: instrumentId('sandbox', market.conditionId, outcome),
      venue: 'sandbox',
      marketId: market.conditionId,
      tokenId,
      outcome,
      tickSize: market.tickSize,
      minimumOrderSize: market.minimumOrderSize,
      fees: market.fees,
      takerDelayMs: 0,
      negRisk: market.negRisk,
    })),
  );
  const channel = createPolymarketChannel({
    instruments,
    clock: createSystemClock(),
    random: () => 0,
    url: `${sandbox.ws}/market`,
  });
  const events: MarketEvent[] = [];
  const stop = new AbortController();
  const running = channel.run((event) => void events.push(event), stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return { channel, events };
}

const subscription = (sandbox: Sandbox, more: object = {}) => ({
  assets_ids: marketOf(sandbox).tokens.map(({ tokenId }) => tokenId),
  type: 'market',
  ...more,
});

describe('our own adapter', () => {
  test('proves every book of busy markets by its hash, over trades and a tick change', async () => {
    const sandbox = await openSandbox({
      markets: [
        { slug: 'one', makers: { kind: 'simulated', intervalMs: 10 } },
        { slug: 'two', negRisk: true, makers: { kind: 'simulated', intervalMs: 10 } },
        { slug: 'three', version: 'v2', makers: { kind: 'simulated', intervalMs: 10 } },
      ],
    });
    const { channel, events } = follow(sandbox);
    const { counts } = channel;
    const account = accountOf(sandbox);
    await until(() => counts.trades >= 5, 'trades');
    sandbox.exchange.setTickSize(marketOf(sandbox, 'two').conditionId, '0.001');
    for (let turn = 0; turn < 10; turn += 1) {
      await post(sandbox, account, marketOf(sandbox, 'one'), { price: '0.9', size: '20' });
      await post(sandbox, account, marketOf(sandbox, 'two'), { price: '0.05', size: '7.77' });
    }
    await until(() => counts.trades >= 30 && counts.hashChecks >= 200, 'many proofs');
    expect(counts.hashMismatches).toBe(0);
    expect(counts.ignored).toEqual({});
    expect(counts.reconnects).toBe(0);
    const ticks = events.filter(({ type }) => type === 'market.tickSizeChanged');
    expect(ticks).toHaveLength(2);
  });

  test('sees the same best prices as the exchange', async () => {
    const sandbox = await openSandbox();
    const { events } = follow(sandbox);
    await until(() => events.length >= 4, 'books');
    const { conditionId } = marketOf(sandbox);
    const books = events.flatMap((event) =>
      event.type === 'market.bookChanged' ? [event.book] : [],
    );
    const no = books.find((book) => book.instrumentId.startsWith(`sandbox:${conditionId}:NO`));
    expect(no).toMatchObject({
      bids: [{ price: '0.48', size: '100' }],
      asks: [{ price: '0.52', size: '100' }],
    });
  });
});

describe('frames', () => {
  test('the first frame is a list of whole books with tick size and last trade price', async () => {
    const sandbox = await openSandbox();
    const { texts } = await listen(sandbox, 'market', subscription(sandbox));
    await until(() => texts.length > 0);
    const books = JSON.parse(texts[0] ?? '');
    expect(books).toHaveLength(2);
    expect(Object.keys(books[0])).toEqual([
      'market',
      'asset_id',
      'timestamp',
      'hash',
      'bids',
      'asks',
      'tick_size',
      'event_type',
      'last_trade_price',
    ]);
  });

  test('a trade is price_change, both bare books at the same time, and the price a moment later', async () => {
    const sandbox = await openSandbox();
    const { messages, socket } = await listen(sandbox, 'market', subscription(sandbox));
    const market = marketOf(sandbox);
    await post(sandbox, accountOf(sandbox), market, { price: '0.52', size: '10' });
    await until(() => messages('last_trade_price').length > 0, 'the last trade price');
    await answered(socket);
    const [yes, no] = market.tokens.map(({ tokenId }) => tokenId);
    const [, , change, bookA, bookB, price] = messages();
    expect(change).toMatchObject({
      event_type: 'price_change',
      market: market.conditionId,
      price_changes: [
        {
          asset_id: yes,
          price: '0.52',
          size: '90',
          side: 'SELL',
          best_bid: '0.48',
          best_ask: '0.52',
        },
        {
          asset_id: no,
          price: '0.48',
          size: '90',
          side: 'BUY',
          best_bid: '0.48',
          best_ask: '0.52',
        },
      ],
    });
    for (const [index, book] of [bookA, bookB].entries()) {
      expect(book).toMatchObject({
        event_type: 'book',
        asset_id: [yes, no][index],
        timestamp: change.timestamp,
        hash: change.price_changes[index].hash,
      });
      expect(book).not.toHaveProperty('tick_size');
    }
    expect(price).toMatchObject({ asset_id: yes, price: '0.52', size: '10', side: 'BUY' });
    expect(Number(price.timestamp)).toBeGreaterThanOrEqual(Number(change.timestamp) + 99);
  });

  test('PING is answered by PONG, and what makes no sense by nothing', async () => {
    const sandbox = await openSandbox();
    const { socket, texts } = await listen(sandbox, 'market', subscription(sandbox));
    for (const text of ['{', '[]', 'null', '{"operation":"dance"}', '{"type":5}', 'PING']) {
      socket.send(text);
    }
    await until(() => texts.includes('PONG'));
    expect(texts).toHaveLength(2);
  });

  test('tokens are added and left while the connection lasts', async () => {
    const sandbox = await openSandbox();
    const market = marketOf(sandbox);
    const [yes, no] = market.tokens.map(({ tokenId }) => tokenId);
    const { socket, messages } = await listen(sandbox, 'market', {
      assets_ids: [],
      type: 'market',
    });
    socket.send(JSON.stringify({ operation: 'subscribe', assets_ids: [no] }));
    await until(() => messages('book').length === 1);
    expect(messages('book')[0].asset_id).toBe(no);
    socket.send(JSON.stringify({ operation: 'unsubscribe', assets_ids: [no] }));
    await answered(socket);
    await post(sandbox, accountOf(sandbox), market, { price: '0.4', size: '10' });
    await sandbox.flush();
    expect(messages()).toHaveLength(1);
    socket.send(JSON.stringify({ operation: 'subscribe', assets_ids: [yes] }));
    await until(() => messages('book').length === 2);
    expect(messages('book')[1].bids).toContainEqual({ price: '0.4', size: '10' });
  });

  test('best prices, ticks and resolution are told; the first and last only where asked for', async () => {
    const sandbox = await openSandbox();
    const market = marketOf(sandbox);
    const account = accountOf(sandbox);
    const plain = await listen(sandbox, 'market', subscription(sandbox));
    const custom = await listen(
      sandbox,
      'market',
      subscription(sandbox, { custom_feature_enabled: true }),
    );
    await post(sandbox, account, market, { price: '0.5', size: '10' });
    sandbox.exchange.setTickSize(market.conditionId, '0.001');
    sandbox.exchange.resolve(market.conditionId, [0n, 1_000_000n]);
    await sandbox.flush();
    expect(custom.messages('best_bid_ask')[0]).toMatchObject({ best_bid: '0.5', best_ask: '0.52' });
    expect(custom.messages('market_resolved')).toMatchObject([
      { winning_asset_id: market.tokens[1].tokenId, winning_outcome: 'No', slug: 'plain' },
    ]);
    for (const { messages } of [plain, custom]) {
      expect(messages('tick_size_change')).toMatchObject([
        { asset_id: market.tokens[0].tokenId, old_tick_size: '0.01', new_tick_size: '0.001' },
        { asset_id: market.tokens[1].tokenId, old_tick_size: '0.01', new_tick_size: '0.001' },
      ]);
    }
    expect(plain.messages('best_bid_ask')).toEqual([]);
    expect(plain.messages('market_resolved')).toEqual([]);
    expect(
      (await askAs(sandbox, account, 'GET', `/book?token_id=${market.tokens[0].tokenId}`)).status,
    ).toBe(404);
  });
});
