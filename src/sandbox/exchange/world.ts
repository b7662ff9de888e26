/** Everything that the exchange holds, and how it tells of changes. */
import type { Clock, Random } from '../../actors/ports.ts';
import { Accounts } from './accounts.ts';
import type { AgendaEntry } from './agenda.ts';
import type { MarketRecord, OrderRecord, TradeRecord } from './records.ts';
import type { ExchangeEvent, SettlementRules, TradeStatus } from './types.ts';

/** The parts work on it and keep nothing of their own, so that it can be saved as a whole. */
export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly markets = new Map<string, MarketRecord>();
  readonly byToken = new Map<string, MarketRecord>();
  readonly accounts = new Accounts();
  /** Open and closed, for ever: an id that was taken once is never taken again. */
  readonly orders = new Map<string, OrderRecord>();
  /** Ids of refused orders that the matching engine has seen. */
  readonly refusedIds = new Set<string>();
  /** Open orders by owner, oldest first. */
  readonly openByOwner = new Map<string, Map<string, OrderRecord>>();
  readonly trades = new Map<string, TradeRecord>();
  /** Paths that the next trades of an order will take. */
  readonly fates = new Map<string, readonly (readonly TradeStatus[])[]>();
  settlement: SettlementRules;
  deposited = 0n;
  fees = 0n;
  collateral = 0n;
  inFlight = 0n;
  /** Numbers whatever must keep its order: resting orders and agenda entries. */
  lastNumber = 0;
  readonly #plan: (entry: AgendaEntry) => void;
  readonly #events = new EventQueue();

  constructor(
    clock: Clock,
    random: Random,
    settlement: SettlementRules,
    plan: (entry: AgendaEntry) => void,
  ) {
    this.clock = clock;
    this.random = random;
    this.settlement = settlement;
    this.#plan = plan;
  }

  nextNumber(): number {
    this.lastNumber += 1;
    return this.lastNumber;
  }

  plan(atMs: number, kind: AgendaEntry['kind'], id: string): void {
    this.#plan({ atMs, number: this.nextNumber(), kind, id });
  }

  subscribe(listener: (event: ExchangeEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /** Notes an event; it is told by `flush`, when the change that it speaks of is complete. */
  note(event: ExchangeEvent): void {
    this.#events.add(event);
  }

  flush(): void {
    this.#events.flush();
  }

  noteOrder(change: 'PLACEMENT' | 'UPDATE' | 'CANCELLATION', order: OrderRecord): void {
    this.note({ type: 'order', change, order: order.view, atMs: this.clock.now() });
  }

  /** The levels that changed since the last call. */
  noteLevels({ market, book }: MarketRecord): void {
    const changes = book.takeChanges(market);
    if (changes.length === 0) return;
    this.note({
      type: 'levels',
      conditionId: market.conditionId,
      changes,
      atMs: this.clock.now(),
    });
  }
}

/**
 * Listeners are told in the order of events even when one of them trades on hearing of one: what
 * follows from that waits until everybody has heard the event.
 */
class EventQueue {
  readonly #listeners = new Set<(event: ExchangeEvent) => void>();
  #waiting: ExchangeEvent[] = [];
  #isTelling = false;

  subscribe(listener: (event: ExchangeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(event: ExchangeEvent): void {
    if (this.#listeners.size > 0) this.#waiting.push(event);
  }

  flush(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let index = 0; index < this.#waiting.length; index += 1) {
        const event = this.#waiting[index];
        if (event === undefined) break;
        for (const listener of this.#listeners) listener(event);
      }
    } finally {
      this.#waiting = [];
      this.#isTelling = false;
    }
  }
}
