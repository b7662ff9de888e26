/**
 * Durability of the paper venue: a change is saved before anybody hears of it. Everything that
 * happened in one go is one save; what happens during a save waits for the next one. Events keep
 * their order. While the store fails, answers fail (their outcome is unknown) and events wait.
 */
import type { Clock, VenueEvent } from '../../../actors/ports.ts';
import type { PaperState, PaperStore } from '../../../actors/venue-store-port.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { PaperAccount } from './account.ts';
import { brokenConnection, MAX_WAITING_EVENTS } from './event-stream.ts';
import { orderRow, type PaperOrder, type PaperTrade, tradeRow } from './records.ts';

/** Often enough to recover soon, rarely enough not to hammer a server that is starting. */
const RETRY_AFTER_MS = 1_000;

/** A place in a queue moves with every book; losing a second of it in a crash only costs patience. */
const LAZY_SAVE_AFTER_MS = 1_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

interface Batch {
  readonly orders: Map<string, PaperOrder>;
  readonly trades: Map<string, PaperTrade>;
  readonly assets: Set<string>;
  events: VenueEvent[];
  waiters: Waiter[];
}

export interface WriteQueueOptions {
  readonly store: Pick<PaperStore, 'save'>;
  readonly clock: Clock;
  readonly account: () => PaperAccount;
  readonly emit: (event: VenueEvent) => void;
  readonly onFault: (fault: unknown) => void;
}

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #dirty: Batch = emptyBatch();
  #saving: Promise<void> | undefined;
  #asked = false;
  #stopped = false;
  #cancelRetry: (() => void) | undefined;
  #cancelLazy: (() => void) | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** True after a save failed, until one succeeds. */
  get failing(): boolean {
    return this.#cancelRetry !== undefined;
  }

  /** True while a save is under way or about to start; a retry that waits for its time is not. */
  get busy(): boolean {
    return this.#asked || this.#saving !== undefined;
  }

  order(order: PaperOrder): void {
    this.#dirty.orders.set(order.id, order);
    this.#ask();
  }

  trade(trade: PaperTrade): void {
    this.#dirty.trades.set(trade.id, trade);
    this.#ask();
  }

  balance(asset: string): void {
    this.#dirty.assets.add(asset);
    this.#ask();
  }

  event(event: VenueEvent): void {
    const { events } = this.#dirty;
    events.push(event);
    if (events.length > MAX_WAITING_EVENTS) {
      this.#dirty.events = brokenConnection(this.#options.clock.now());
    }
    this.#ask();
  }

  /** The order's place in its queue moved: saved with the next change, or a second later. */
  orderLater(order: PaperOrder): void {
    this.#dirty.orders.set(order.id, order);
    if (this.#cancelLazy !== undefined || this.#stopped) return;
    const { clock } = this.#options;
    this.#cancelLazy = clock.at(clock.now() + LAZY_SAVE_AFTER_MS, () => {
      this.#cancelLazy = undefined;
      this.#ask();
    });
  }

  /** Resolves when everything said so far is saved; rejects with the store's fault when it is not. */
  flushed(): Promise<void> {
    if (this.#stopped) return Promise.reject(stoppedFault());
    if (isEmpty(this.#dirty)) return this.#saving ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#dirty.waiters.push({ resolve, reject });
      this.#cancelRetry?.();
      this.#cancelRetry = undefined;
      this.#ask();
    });
  }

  /** Saves what waits in one last attempt; a store that fails does not hold the stop up. */
  async stop(): Promise<void> {
    if (!this.#stopped) await this.flushed().catch(() => undefined);
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#cancelLazy?.();
  }

  #ask(): void {
    if (this.#asked || this.#stopped || this.failing || this.#saving !== undefined) return;
    this.#asked = true;
    // The next macrotask: requests that arrive together are saved together.
    setImmediate(() => {
      this.#asked = false;
      this.#save();
    });
  }

  #save(): void {
    if (this.#saving !== undefined || isEmpty(this.#dirty)) return;
    this.#cancelLazy?.();
    this.#cancelLazy = undefined;
    const batch = this.#dirty;
    this.#dirty = emptyBatch();
    const state = stateOf(batch, this.#options.account());
    const write = hasRows(state) ? this.#options.store.save(state) : Promise.resolve();
    const saving = write.then(
      () => this.#saved(batch),
      (fault: unknown) => this.#failed(batch, fault),
    );
    this.#saving = saving;
    // Whoever waits has a promise of their own; nobody may be waiting for this one.
    saving.catch(() => undefined);
  }

  #saved(batch: Batch): void {
    this.#saving = undefined;
    for (const waiter of batch.waiters) waiter.resolve();
    for (const event of batch.events) this.#options.emit(event);
    if (!isEmpty(this.#dirty)) this.#ask();
  }

  /** The batch goes back in front of what came since, and is tried again. */
  #failed(batch: Batch, fault: unknown): never {
    this.#saving = undefined;
    const since = this.#dirty;
    this.#dirty = {
      orders: new Map([...batch.orders, ...since.orders]),
      trades: new Map([...batch.trades, ...since.trades]),
      assets: new Set([...batch.assets, ...since.assets]),
      events: [...batch.events, ...since.events],
      waiters: [],
    };
    const { clock, onFault } = this.#options;
    onFault(fault);
    // Nobody waits for a retry: those who asked since are told that nothing is known, too.
    for (const waiter of [...batch.waiters, ...since.waiters]) waiter.reject(fault);
    if (!this.#stopped) {
      this.#cancelRetry = clock.at(clock.now() + RETRY_AFTER_MS, () => {
        this.#cancelRetry = undefined;
        this.#ask();
      });
    }
    throw fault;
  }
}

function stoppedFault(): FillwrightFault {
  return new FillwrightFault('not_running', 'The paper venue has stopped.');
}

function emptyBatch(): Batch {
  return { orders: new Map(), trades: new Map(), assets: new Set(), events: [], waiters: [] };
}

function isEmpty(batch: Batch): boolean {
  return batch.orders.size + batch.trades.size + batch.assets.size + batch.events.length === 0;
}

function stateOf(batch: Batch, account: PaperAccount): PaperState {
  return {
    orders: [...batch.orders.values()].map(orderRow),
    trades: [...batch.trades.values()].map(tradeRow),
    balances: [...batch.assets].map((asset) => account.balanceRow(asset)),
  };
}

function hasRows(state: PaperState): boolean {
  return state.orders.length + state.trades.length + state.balances.length > 0;
}
