/** Everything of the sandbox but its ports: exchange, accounts, keys, books, faults, makers. */
import type { Log } from '../actors/execution.ts';
import type { Clock, Random } from '../actors/ports.ts';
import { type Curve, openCurve } from '../adapters/venues/polymarket/protocol/secp256k1.ts';
import { checksumAddress } from '../adapters/venues/polymarket/protocol/words.ts';
import { InvalidValue } from '../domain/faults.ts';
import { type Accounts, createAccounts, type SandboxAccount } from './accounts.ts';
import { type ApiKeys, createApiKeys } from './api-keys.ts';
import { type Balances, createBalances } from './balances.ts';
import { createExchange } from './exchange/exchange.ts';
import { createHouse, type House } from './exchange/house.ts';
import type { Exchange, Hex, Micros } from './exchange/types.ts';
import { createFaultSet, type Faults } from './faults/fault-set.ts';
import { createHeartbeats, type Heartbeats } from './heartbeats.ts';
import { marketIdsOf, walletOf } from './identities.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createMakers, type Makers } from './market-makers.ts';
import { parseMicros } from './numbers.ts';
import type { Scenario } from './scenario.ts';
import type { SavedState } from './state-file.ts';
import { createMarketBooks, type MarketBooks } from './stream/market-books.ts';

/** The nonce of the API keys that accounts of a scenario begin with. */
const FIRST_NONCE = '0';
/** Takes in a row to reach one order behind others at its price. */
const MOST_TAKES = 50;
const SIZE_STEP: Micros = 10_000n;

export interface FloorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

export interface Floor {
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly ledger: Ledger;
  readonly books: MarketBooks;
  readonly balances: Balances;
  readonly heartbeats: Heartbeats;
  readonly faults: Faults;
  readonly makers: Makers;
  readonly curve: Curve;
  readonly chainId: number;
  /** Shows the makers' books. */
  readonly maker: House;
  /** Takes, on behalf of everybody else. */
  readonly taker: House;
  /** The market that a slug or a condition id names. @throws {InvalidValue} for none. */
  readonly conditionOf: (name: string, place: string) => Hex;
  /** Fills this share of what is left of an order, and whatever stands before it. */
  readonly fillByOthers: (orderId: Hex, share: number) => Promise<void>;
  save(): SavedState;
  restore(state: SavedState): void;
  stop(): void;
}

export function createFloor({ clock, random, scenario, log }: FloorOptions): Floor {
  const { seed, chainId, balances, settlement } = scenario;
  const exchange = createExchange({ clock, random, settlement });
  const ledger = createLedger(exchange);
  const curve = openCurve(log);
  const accounts = createAccounts(seed, curve);
  const keys = createApiKeys(seed);
  const conditionOf = (name: string, place: string) => findCondition(exchange, name, place);
  const maker = createHouse(exchange, checksumAddress(walletOf('makers', 3)));
  const taker = createHouse(exchange, checksumAddress(walletOf('takers', 3)));
  const made = openMarkets(exchange, scenario);
  const own = openAccounts(scenario, { exchange, accounts, keys });
  const faults = createFaultSet({ clock, random, conditionOf });
  const books = createMarketBooks(exchange, clock);
  const makers = createMakers({ exchange, clock, random, log, maker, taker }, made);
  const heartbeats = createHeartbeats({
    clock,
    random,
    cancelAll: (owner) => void exchange.cancelAll(owner),
  });

  return {
    exchange,
    accounts,
    keys,
    ledger,
    books,
    heartbeats,
    faults,
    makers,
    curve,
    chainId,
    maker,
    taker,
    balances: createBalances({ exchange, clock, faults, ...balances }),
    conditionOf,
    fillByOthers: (orderId, share) => fillByOthers(exchange, taker, orderId, share),
    save: () => ({
      seed,
      exchange: exchange.save(),
      keys: keys.save().map(([address, nonce]) => [address, nonce]),
      foreign: accounts
        .list()
        .filter((account) => !own.includes(account))
        .map(({ address, signatureType }) => [address, signatureType]),
      posted: ledger.posted(),
      resolvedAtMs: ledger.resolvedAtMs,
      makers: makers.save(),
    }),
    restore(state) {
      if (state.seed !== seed) throw new InvalidValue('stateFile seed', state.seed, seed);
      exchange.restore(state.exchange);
      keys.restore(state.keys);
      for (const [address, type] of state.foreign) accounts.openForeign(address, type);
      openMarkets(exchange, scenario);
      openAccounts(scenario, { exchange, accounts, keys });
      ledger.reload(state);
      books.reload();
      makers.restore(state.makers);
    },
    stop() {
      makers.stop();
      heartbeats.stop();
      books.stop();
      ledger.stop();
      exchange.stop();
    },
  };
}

/** The markets of the scenario; those that are there already are left as they are. */
function openMarkets(exchange: Exchange, { markets }: Scenario) {
  return markets.map(({ slug, question, makers, ...rules }) => {
    const ids = marketIdsOf(slug, rules.version, rules.negRisk);
    if (!exchange.markets.has(ids.conditionId)) {
      exchange.addMarket({ ...rules, ...ids, slug, question: question ?? slug });
    }
    return { conditionId: ids.conditionId, makers };
  });
}

/** The accounts of the scenario, with their first money unless the exchange knows them already. */
function openAccounts(
  scenario: Scenario,
  parts: { readonly exchange: Exchange; readonly accounts: Accounts; readonly keys: ApiKeys },
): readonly SandboxAccount[] {
  const { exchange, accounts, keys } = parts;
  const known = new Set(exchange.accounts());
  return scenario.accounts.map(({ name, signatureType, privateKey, dollars, shares }) => {
    const account = accounts.open({
      name,
      signatureType,
      ...(privateKey === undefined ? {} : { privateKey }),
    });
    keys.create(account.address, FIRST_NONCE);
    if (!known.has(account.funder)) {
      exchange.deposit(
        account.funder,
        parseMicros(dollars, 'dollars'),
        sharesOf(exchange, shares, `accounts.${name}.shares`),
      );
    }
    return account;
  });
}

function sharesOf(
  exchange: Exchange,
  shares: Scenario['accounts'][number]['shares'],
  place: string,
): Readonly<Record<string, Micros>> {
  const given = Object.entries(shares).flatMap(([name, outcomes]) => {
    const tokens = exchange.markets.get(findCondition(exchange, name, place))?.tokens ?? [];
    return tokens.flatMap(({ tokenId, outcome }) => {
      const size = outcomes[outcome];
      return size === undefined ? [] : [[tokenId, parseMicros(size, place)] as const];
    });
  });
  return Object.fromEntries(given);
}

function findCondition(exchange: Exchange, name: string, place: string): Hex {
  for (const { conditionId, slug } of exchange.markets.values()) {
    if (conditionId === name || slug === name) return conditionId;
  }
  throw new InvalidValue(place, name, 'the slug or the condition id of a market');
}

async function fillByOthers(
  exchange: Exchange,
  taker: House,
  orderId: Hex,
  share: number,
): Promise<void> {
  const order = exchange.order(orderId);
  if (order === undefined || order.status !== 'LIVE') return;
  const { tokenId, price, side } = order;
  const left = order.originalSize - order.sizeMatched;
  const parts = 1_000_000n;
  const wanted = (left * BigInt(Math.round(share * Number(parts)))) / parts;
  const target = order.sizeMatched + wanted - (wanted % SIZE_STEP);
  for (let takes = 0; takes < MOST_TAKES; takes += 1) {
    const missing = target - (exchange.order(orderId)?.sizeMatched ?? target);
    if (missing <= 0n) return;
    const { bids, asks } = exchange.book(tokenId);
    const better =
      side === 'BUY'
        ? bids.filter((level) => level.price > price)
        : asks.filter((level) => level.price < price);
    const before = better.reduce((sum, level) => sum + level.size, 0n);
    const taken = await taker.take({
      tokenId,
      side: side === 'BUY' ? 'SELL' : 'BUY',
      price,
      size: before + missing,
    });
    if (taken?.kind !== 'accepted') return;
  }
}
