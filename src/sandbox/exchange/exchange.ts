/** A Polymarket-compatible exchange, in memory and pure: time and chance come from outside. */
import type { Clock, Random } from '../../actors/ports.ts';
import { assertInvariant, InvalidValue } from '../../domain/faults.ts';
import { Agenda, type AgendaEntry } from './agenda.ts';
import { ONE } from './arithmetic.ts';
import { cancelOpen, cancelOrders, expire } from './cancel.ts';
import { close } from './lifecycle.ts';
import { createMarketRecord, tickOf } from './market.ts';
import { Placing } from './placing.ts';
import { isOpen, type MarketRecord } from './records.ts';
import { loadWorld, saveWorld } from './save.ts';
import { checkSettlement, setFate, settle } from './settlement.ts';
import type {
  BookView,
  CancelResult,
  Exchange,
  ExchangeEvent,
  ExchangeTotals,
  Hex,
  Micros,
  NewOrder,
  Placed,
  SandboxMarket,
  SandboxOrder,
  SandboxTrade,
  SettlementRules,
  TradeStatus,
} from './types.ts';
import { World } from './world.ts';

/** A sandbox with more is a slip of a scenario. */
const MOST_MARKETS = 10_000;

/**
 * One book for each market, price-time priority, balances, settlement on a clock. Orders and trades
 * are kept for ever, closed ones too: a sandbox lives for hours and its oracles ask for everything.
 *
 * @throws {InvalidValue} for settlement rules out of range.
 */
export function createExchange(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly settlement?: Partial<SettlementRules>;
}): Exchange {
  return new InMemoryExchange(options.clock, options.random, checkSettlement(options.settlement));
}

class InMemoryExchange implements Exchange {
  readonly markets = new Map<Hex, SandboxMarket>();
  readonly #world: World;
  readonly #placing: Placing;
  readonly #agenda: Agenda;

  constructor(clock: Clock, random: Random, settlement: SettlementRules) {
    this.#agenda = new Agenda(clock, (entry) => this.#run(entry));
    this.#world = new World(clock, random, settlement, (entry) => this.#agenda.add(entry));
    this.#placing = new Placing(this.#world);
  }

  get settlement(): SettlementRules {
    return this.#world.settlement;
  }

  set settlement(rules: SettlementRules) {
    this.#world.settlement = checkSettlement(rules);
  }

  settleNext(orderId: string, path: readonly TradeStatus[]): void {
    setFate(this.#world, orderId, path);
  }

  marketOfToken(tokenId: string): SandboxMarket | undefined {
    return this.#world.byToken.get(tokenId)?.market;
  }

  addMarket(market: SandboxMarket): void {
    const { conditionId, tokens } = market;
    if (this.markets.size >= MOST_MARKETS) {
      throw new InvalidValue('markets', this.markets.size + 1, `at most ${MOST_MARKETS}`);
    }
    const isKnown =
      this.markets.has(conditionId) || tokens.some(({ tokenId }) => this.marketOfToken(tokenId));
    if (isKnown) throw new InvalidValue('market', conditionId, 'a market with new ids');
    this.#addRecord(createMarketRecord(market));
  }

  deposit(maker: string, dollars: Micros, shares: Readonly<Record<string, Micros>> = {}): void {
    const { accounts } = this.#world;
    if (dollars < 0n) throw new InvalidValue('deposit.dollars', dollars, 'zero or more micros');
    const given = Object.entries(shares).map(([tokenId, amount]) => {
      const market = this.marketOfToken(tokenId);
      if (market === undefined || market.payout !== undefined) {
        throw new InvalidValue('deposit.shares', tokenId, 'a token of an open market');
      }
      if (amount < 0n) throw new InvalidValue('deposit.shares', amount, 'zero or more micros');
      return { tokenId, amount, market };
    });
    accounts.addDollars(maker, dollars);
    this.#world.deposited += dollars;
    for (const { tokenId, amount, market } of given) {
      accounts.addShares(maker, market, tokenId, amount);
    }
  }

  balance(maker: string, tokenId?: string): Micros {
    const { accounts } = this.#world;
    return tokenId === undefined ? accounts.dollarsOf(maker) : accounts.sharesOf(maker, tokenId);
  }

  accounts(): Iterable<string> {
    return this.#world.accounts.makers();
  }

  totals(): ExchangeTotals {
    const { deposited, fees, collateral, inFlight } = this.#world;
    return { deposited, fees, collateral, inFlight };
  }

  place(order: NewOrder): Promise<Placed> {
    return this.#placing.place(order);
  }

  cancel(owner: string, ids: readonly string[]): CancelResult {
    return cancelOrders(this.#world, owner, ids);
  }

  cancelMarket(owner: string, filter: { conditionId?: string; tokenId?: string }): CancelResult {
    const { conditionId, tokenId } = filter;
    return cancelOpen(
      this.#world,
      owner,
      ({ view }) =>
        (conditionId === undefined || view.conditionId === conditionId) &&
        (tokenId === undefined || view.tokenId === tokenId),
    );
  }

  cancelAll(owner: string): CancelResult {
    return cancelOpen(this.#world, owner, () => true);
  }

  forget(owner: string, ids: readonly string[]): void {
    for (const id of ids) {
      const view = this.order(id);
      if (view === undefined || view.owner !== owner || isOpen(view) || view.sizeMatched > 0n)
        continue;
      this.#world.orders.delete(id);
    }
  }

  order(id: string): SandboxOrder | undefined {
    return this.#world.orders.get(id)?.view;
  }

  openOrders(owner: string): readonly SandboxOrder[] {
    const open = this.#world.openByOwner.get(owner);
    return open === undefined ? [] : [...open.values()].map((order) => order.view);
  }

  *orders(): IterableIterator<SandboxOrder> {
    for (const order of this.#world.orders.values()) yield order.view;
  }

  trade(id: string): SandboxTrade | undefined {
    return this.#world.trades.get(id)?.view;
  }

  *trades(): IterableIterator<SandboxTrade> {
    for (const trade of this.#world.trades.values()) yield trade.view;
  }

  book(tokenId: string): BookView {
    const record = this.#world.byToken.get(tokenId);
    if (record === undefined) return { bids: [], asks: [], lastTradePrice: undefined };
    return record.book.view(record.market.tokens[0].tokenId === tokenId);
  }

  setTickSize(conditionId: Hex, tickSize: string): void {
    const record = this.#openMarket(conditionId);
    const { market } = record;
    record.tick = tickOf(tickSize);
    const oldTickSize = market.tickSize;
    market.tickSize = tickSize;
    const atMs = this.#world.clock.now();
    this.#world.note({ type: 'tickSize', conditionId, oldTickSize, newTickSize: tickSize, atMs });
    this.#world.flush();
  }

  resolve(conditionId: Hex, payout: readonly [Micros, Micros]): void {
    const record = this.#openMarket(conditionId);
    if (payout.some((paid) => paid < 0n) || payout[0] + payout[1] !== ONE) {
      throw new InvalidValue('payout', payout.join(' and '), 'two amounts that add up to a dollar');
    }
    const world = this.#world;
    const ended = [...world.openByOwner.values()]
      .flatMap((open) => [...open.values()])
      .filter((order) => order.market === record);
    for (const order of ended) {
      close(world, order, 'CANCELED_MARKET_RESOLVED');
      world.noteOrder('CANCELLATION', order);
    }
    world.noteLevels(record);
    record.market.payout = payout;
    world.collateral -= world.accounts.payOut(record.market);
    world.note({ type: 'resolved', conditionId, atMs: world.clock.now() });
    world.flush();
    for (const order of ended) this.#placing.ended(order);
  }

  subscribe(listener: (event: ExchangeEvent) => void): () => void {
    return this.#world.subscribe(listener);
  }

  save(): string {
    return saveWorld(this.#world, this.#agenda.entries());
  }

  restore(text: string): void {
    const entries = loadWorld(this.#world, text);
    this.#placing.stop();
    this.markets.clear();
    for (const { market } of this.#world.markets.values()) {
      this.markets.set(market.conditionId, market);
    }
    this.#agenda.load(entries);
  }

  stop(): void {
    this.#agenda.stop();
    this.#placing.stop();
  }

  #addRecord(record: MarketRecord): void {
    const { market } = record;
    this.markets.set(market.conditionId, market);
    this.#world.markets.set(market.conditionId, record);
    for (const { tokenId } of market.tokens) this.#world.byToken.set(tokenId, record);
  }

  #openMarket(conditionId: Hex): MarketRecord {
    const record = this.#world.markets.get(conditionId);
    if (record === undefined || record.market.payout !== undefined) {
      throw new InvalidValue('conditionId', conditionId, 'a market that is not resolved');
    }
    return record;
  }

  #run({ kind, id }: AgendaEntry): void {
    if (kind === 'delayOver') this.#placing.delayOver(id);
    else if (kind === 'expire') expire(this.#world, id);
    else {
      const trade = this.#world.trades.get(id);
      assertInvariant(trade !== undefined, 'every trade that settles is known', { id });
      settle(this.#world, trade);
      this.#world.flush();
    }
  }
}
