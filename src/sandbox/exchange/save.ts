/** The exchange's whole state as JSON text, and back. Amounts are whole micros as text. */
import { z } from 'zod';
import { InvalidValue } from '../../domain/faults.ts';
import type { AgendaEntry } from './agenda.ts';
import { open } from './lifecycle.ts';
import { createMarketRecord } from './market.ts';
import { isOpen, type MarketRecord, newOrderRecord, type OrderRecord } from './records.ts';
import { checkSettlement } from './settlement.ts';
import type { Hex } from './types.ts';
import type { World } from './world.ts';

/** Raised when the shape changes: a text of another shape is refused, not guessed at. */
const VERSION = 1;

const micros = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]+$/.test(value));
const side = z.enum(['BUY', 'SELL']);
const outcome = z.enum(['YES', 'NO']);
const tradeStatus = z.enum(['MATCHED', 'MINED', 'CONFIRMED', 'RETRYING', 'FAILED']);

const market = z.object({
  conditionId: hex,
  slug: z.string(),
  question: z.string(),
  tokens: z.tuple([
    z.object({ tokenId: z.string(), outcome }),
    z.object({ tokenId: z.string(), outcome }),
  ]),
  tickSize: z.string(),
  minimumOrderSize: z.string(),
  negRisk: z.boolean(),
  version: z.enum(['v1', 'v2']),
  fees: z.object({ rate: z.string(), exponent: z.number(), takerOnly: z.boolean() }),
  takerDelayMs: z.number(),
  blockingDelay: z.boolean(),
  payout: z.exactOptional(z.tuple([micros, micros])),
});

const order = z.object({
  id: hex,
  owner: z.string(),
  maker: z.string(),
  tokenId: z.string(),
  side,
  price: micros,
  sizeMatched: micros,
  status: z.enum(['LIVE', 'DELAYED', 'MATCHED', 'CANCELED', 'CANCELED_MARKET_RESOLVED', 'INVALID']),
  reason: z.exactOptional(z.string()),
  orderType: z.enum(['GTC', 'GTD', 'FOK', 'FAK']),
  postOnly: z.boolean(),
  expirationS: z.number(),
  createdAtMs: z.number(),
  associateTrades: z.array(z.string()),
  makerAmount: micros,
  takerAmount: micros,
  remaining: micros,
  restedNumber: z.number(),
});

const trade = z.object({
  view: z.object({
    id: z.string(),
    conditionId: hex,
    takerOrderId: hex,
    takerOwner: z.string(),
    takerMaker: z.string(),
    tokenId: z.string(),
    outcome,
    side,
    size: micros,
    price: micros,
    takerFee: micros,
    status: tradeStatus,
    matchedAtMs: z.number(),
    updatedAtMs: z.number(),
    transactionHash: z.union([hex, z.literal('')]),
    makerFills: z.array(
      z.object({
        orderId: hex,
        owner: z.string(),
        maker: z.string(),
        tokenId: z.string(),
        outcome,
        side,
        price: micros,
        matchedAmount: micros,
      }),
    ),
  }),
  legs: z.array(
    z.object({
      maker: z.string(),
      tokenId: z.string(),
      isBuy: z.boolean(),
      shares: micros,
      dollars: micros,
      fee: micros,
    }),
  ),
  path: z.array(tradeStatus),
});

const saved = z.object({
  version: z.literal(VERSION),
  settlement: z.object({
    minedAfterMs: z.number(),
    confirmedAfterMs: z.number(),
    failedShare: z.number(),
    retryingShare: z.number(),
  }),
  deposited: micros,
  fees: micros,
  collateral: micros,
  inFlight: micros,
  lastNumber: z.number(),
  markets: z.array(z.object({ market, lastTradePrice: z.exactOptional(micros) })),
  accounts: z.array(
    z.object({ maker: z.string(), dollars: micros, shares: z.record(z.string(), micros) }),
  ),
  orders: z.array(order),
  trades: z.array(trade),
  refusedIds: z.array(z.string()),
  fates: z.array(z.tuple([z.string(), z.array(z.array(tradeStatus))])),
  agenda: z.array(
    z.object({
      atMs: z.number(),
      number: z.number(),
      kind: z.enum(['settle', 'expire', 'delayOver']),
      id: z.string(),
    }),
  ),
});
type Saved = z.infer<typeof saved>;

export function saveWorld(world: World, agenda: readonly AgendaEntry[]): string {
  const { accounts, settlement, deposited, fees, collateral, inFlight, lastNumber } = world;
  const state = {
    version: VERSION,
    settlement,
    deposited,
    fees,
    collateral,
    inFlight,
    lastNumber,
    markets: [...world.markets.values()].map(({ market, book }) => ({
      market,
      lastTradePrice: book.lastTradePrice,
    })),
    accounts: [...accounts.makers()].map((maker) => {
      const { dollars, shares } = accounts.of(maker);
      return { maker, dollars, shares: Object.fromEntries(shares) };
    }),
    orders: [...world.orders.values()].map((record) => ({
      ...record.view,
      makerAmount: record.makerAmount,
      takerAmount: record.takerAmount,
      remaining: record.remaining,
      restedNumber: record.restedNumber,
    })),
    trades: [...world.trades.values()].map(({ view, legs, path }) => ({ view, legs, path })),
    refusedIds: [...world.refusedIds],
    fates: [...world.fates],
    agenda,
  };
  return JSON.stringify(state, (_key, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/**
 * Replaces the whole world by a saved one; tells the agenda. The world is untouched when it throws.
 * @throws {InvalidValue} for a text that `saveWorld` did not make.
 */
export function loadWorld(world: World, text: string): readonly AgendaEntry[] {
  const state = read(text);
  const settlement = checkSettlement(state.settlement);
  const markets = new Map(
    state.markets.map(({ market, lastTradePrice }): [string, MarketRecord] => {
      const record = createMarketRecord(market);
      record.book.lastTradePrice = lastTradePrice;
      return [market.conditionId, record];
    }),
  );
  const byToken = new Map(
    [...markets.values()].flatMap((record) =>
      record.market.tokens.map(({ tokenId }): [string, MarketRecord] => [tokenId, record]),
    ),
  );
  const orders = state.orders.map((entry) => orderOf(entry, byToken));

  world.settlement = settlement;
  world.deposited = state.deposited;
  world.fees = state.fees;
  world.collateral = state.collateral;
  world.inFlight = state.inFlight;
  world.lastNumber = state.lastNumber;
  replace(world.markets, markets);
  replace(world.byToken, byToken);
  replace(
    world.orders,
    orders.map((record) => [record.view.id, record]),
  );
  replace(
    world.trades,
    state.trades.map((entry) => [entry.view.id, entry]),
  );
  replace(world.fates, state.fates);
  world.refusedIds.clear();
  for (const id of state.refusedIds) world.refusedIds.add(id);
  loadAccounts(world, state);
  loadBooks(world, orders);
  return state.agenda;
}

function read(text: string): Saved {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidValue('sandbox state', text, 'JSON');
  }
  const parsed = saved.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = `sandbox state ${issue?.path.join('.') ?? ''}`.trimEnd();
  throw new InvalidValue(place, value, issue?.message ?? `a state of version ${VERSION}`);
}

function orderOf(
  entry: Saved['orders'][number],
  byToken: ReadonlyMap<string, MarketRecord>,
): OrderRecord {
  const market = byToken.get(entry.tokenId);
  if (market === undefined) {
    throw new InvalidValue('sandbox state orders.tokenId', entry.tokenId, 'a token of a market');
  }
  const { makerAmount, takerAmount, remaining, restedNumber, ...shown } = entry;
  const record = newOrderRecord(entry, market, entry.price, entry.createdAtMs);
  record.remaining = remaining;
  record.restedNumber = restedNumber;
  record.view = { ...record.view, ...shown };
  return record;
}

function loadAccounts(world: World, state: Saved): void {
  world.accounts.clear();
  for (const { maker, dollars, shares } of state.accounts) {
    const account = world.accounts.of(maker);
    account.dollars = dollars;
    for (const [tokenId, amount] of Object.entries(shares)) account.shares.set(tokenId, amount);
  }
}

/** Puts the open orders back in the order in which they came to rest. */
function loadBooks(world: World, orders: readonly OrderRecord[]): void {
  world.openByOwner.clear();
  const isResting = (record: OrderRecord): boolean => record.view.status === 'LIVE';
  for (const record of orders.filter(({ view }) => isOpen(view))) open(world, record);
  const resting = orders.filter(isResting).sort((a, b) => a.restedNumber - b.restedNumber);
  for (const record of resting) {
    world.accounts.reserve(record);
    record.market.book.own(record).add(record);
  }
  for (const { book } of world.markets.values()) {
    book.bids.takeTouched();
    book.asks.takeTouched();
  }
}

function replace<Value>(
  target: Map<string, Value>,
  entries: Iterable<readonly [string, Value]>,
): void {
  target.clear();
  for (const [key, value] of entries) target.set(key, value);
}
