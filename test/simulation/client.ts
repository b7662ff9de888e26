/**
 * A program that uses the engine: it asks for orders, asks again when it got no answer, cancels, and
 * remembers what it was promised. It outlives every crash of the engine.
 */

import { decimal, toText } from '../../src/domain/decimal.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import type { IntentInput } from '../../src/domain/intent-input.ts';
import { createBudgetUser } from './budget-user.ts';
import { type Chance, createChance } from './chances.ts';
import type { Engine } from './engine.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { createMoneyUser } from './money-user.ts';
import type { Oracle } from './oracle.ts';
import type { VenueSide } from './venue-side.ts';

/** What the engine may answer when it cannot promise anything. */
const NOT_NOW = new Set(['store_unavailable', 'not_running', 'overloaded', 'lease_lost']);

/** Nothing that was sent is on its way any more, and the engine does not send it again. */
const DOUBT_IS_OLD_MS = 90_000;

interface Asked {
  readonly intent: IntentInput & { readonly key: string };
  /** Promised by an answer. */
  orderId: string | undefined;
}

export interface Client {
  /** Does one thing. */
  act(engine: Engine): void;
  /** Asks for everything again that was never answered. */
  askAgain(engine: Engine): void;
  /** A person looks at what has been in doubt for long, and settles what the venue never had. */
  settleDoubts(engine: Engine): void;
  /** Cancels all and lets trading go on. */
  windDown(engine: Engine): void;
  /** Stops what the engine would go on doing by itself; false where it does nothing by itself. */
  standStill(engine: Engine): boolean;
  /** Key and order of every promise. */
  promises(): readonly (readonly [string, string])[];
  readonly asked: number;
}

export interface ClientOptions {
  readonly seed: string;
  readonly venue: VenueSide;
  readonly database: MemoryDatabase;
  readonly oracle: Oracle;
  readonly note: (line: string) => void;
}

export function createClient(options: ClientOptions): Client {
  const { seed, database, oracle, note } = options;
  const chance = createChance(seed, 'client');
  const budgets = createBudgetUser({ seed, oracle, note });
  const desk = createMoneyUser({ seed, oracle, note });
  const all: Asked[] = [];

  function ask(engine: Engine, asked: Asked): void {
    note(`client asks ${asked.intent.key}`);
    engine.trading.submit(asked.intent).then(
      ({ orderId }) => promised(asked, orderId),
      (fault: unknown) => refused(asked.intent.key, fault),
    );
  }

  function promised(asked: Asked, orderId: string): void {
    const { key } = asked.intent;
    note(`client is promised ${key} ${orderId}`);
    if (asked.orderId !== undefined && asked.orderId !== orderId) {
      oracle.broken('a key is one order', `${key}: ${asked.orderId}, then ${orderId}`);
    }
    asked.orderId = orderId;
    const row = database.tables.intents.get(key);
    if (row?.clientOrderId === orderId) return;
    oracle.broken('answered only what is committed', `${key}: ${orderId} is not in the store`);
  }

  function refused(what: string, fault: unknown): void {
    note(`client is refused ${what}: ${fault instanceof FillwrightFault ? fault.code : fault}`);
    if (fault instanceof FillwrightFault && NOT_NOW.has(fault.code)) return;
    oracle.broken('no odd refusals', `${what}: ${String(fault)}`);
  }

  function askNew(engine: Engine): void {
    const instruments = engine.trading.instruments();
    if (instruments.length === 0) return;
    const key = `k${all.length + 1}`;
    const made = randomIntent(options.venue, engine, chance.pick(instruments), chance);
    const intent = { ...budgets.of(made), key };
    const asked: Asked = { intent, orderId: undefined };
    all.push(asked);
    ask(engine, asked);
    // Impatient: the same again before there is an answer.
    if (chance.hits(0.1)) ask(engine, asked);
  }

  function askOther(engine: Engine): void {
    const known = all.filter(({ orderId }) => orderId !== undefined);
    if (known.length === 0) return;
    const { intent } = chance.pick(known);
    note(`client asks ${intent.key} with another body`);
    engine.trading.submit({ ...intent, reason: 'another body' }).then(
      ({ orderId }) =>
        oracle.broken('a key is one order', `${intent.key}: taken again as ${orderId}`),
      (fault: unknown) => {
        if (!(fault instanceof FillwrightFault && fault.code === 'key_conflict')) {
          refused(`${intent.key} with another body`, fault);
        }
      },
    );
  }

  function cancel(engine: Engine): void {
    const ids = engine.trading.workingOrders().map(({ clientOrderId }) => clientOrderId);
    const known = all.flatMap(({ orderId }) => orderId ?? []);
    const pool = ids.length > 0 && chance.hits(0.8) ? ids : known;
    if (pool.length === 0) return;
    const orderId = chance.pick(pool);
    note(`client cancels ${orderId}`);
    engine.trading.cancel(orderId).catch((fault: unknown) => refused(`cancel ${orderId}`, fault));
  }

  const send = (engine: Engine, command: Parameters<Engine['trading']['send']>[0]): void => {
    note(`client sends ${command.type}`);
    engine.trading.send(command).catch((fault: unknown) => refused(command.type, fault));
  };

  function cancelAll(engine: Engine): void {
    note('client cancels all');
    engine.trading.cancelAll().catch((fault: unknown) => refused('cancel all', fault));
  }

  return {
    act(engine) {
      if (engine.trading.execution.failure !== undefined) return;
      budgets.act(engine);
      desk.act(engine);
      switch (
        chance.weighed({
          ask: 50,
          again: 10,
          repeat: 6,
          other: 3,
          cancel: 22,
          all: 2,
          pause: 1,
          resume: 3,
        })
      ) {
        case 'ask':
          return askNew(engine);
        case 'again': {
          const unanswered = all.filter(({ orderId }) => orderId === undefined);
          return unanswered.length > 0 ? ask(engine, chance.pick(unanswered)) : askNew(engine);
        }
        case 'repeat':
          return all.length > 0 ? ask(engine, chance.pick(all)) : undefined;
        case 'other':
          return askOther(engine);
        case 'cancel':
          return cancel(engine);
        case 'all':
          return cancelAll(engine);
        case 'pause':
          return send(engine, { type: 'trading.pause', by: 'client', reason: 'lunch' });
        case 'resume':
          return send(engine, { type: 'trading.resume', by: 'client' });
      }
    },
    askAgain(engine) {
      for (const asked of all) if (asked.orderId === undefined) ask(engine, asked);
    },
    settleDoubts(engine) {
      if (engine.trading.execution.failure !== undefined) return;
      const { exchange } = options.venue.sandbox.floor;
      for (const order of engine.trading.workingOrders()) {
        const { clientOrderId: orderId, venueOrderId, updatedAtMs, createdAtMs } = order;
        if (!order.execution.startsWith('unknown') || venueOrderId === null) continue;
        const isOld = engine.clock.now() - Math.min(updatedAtMs, createdAtMs) > DOUBT_IS_OLD_MS;
        if (!isOld || exchange.order(venueOrderId) !== undefined) continue;
        const reason = 'the venue has no trace of it';
        send(engine, { type: 'order.settleUnknown', orderId, by: 'operator', reason });
      }
    },
    standStill(engine) {
      if (!desk.halt(engine)) return false;
      cancelAll(engine);
      return true;
    },
    windDown(engine) {
      desk.resume(engine);
      if (!desk.isHalted) send(engine, { type: 'trading.resume', by: 'client' });
      cancelAll(engine);
    },
    promises: () =>
      all.flatMap(({ intent, orderId }) =>
        orderId === undefined ? [] : [[intent.key, orderId] as const],
      ),
    get asked() {
      return all.length;
    },
  };
}

/** Any order that makes sense: around the market's price, of every type. */
export function randomIntent(
  venue: VenueSide,
  engine: Engine,
  instrument: Instrument,
  chance: Chance,
): Omit<IntentInput, 'key'> {
  const { tokenId, tickSize, id } = instrument;
  const { bids, asks } = venue.sandbox.floor.exchange.book(tokenId);
  const bid = hundredths(bids.at(-1)?.price ?? 400_000n);
  const ask = hundredths(asks.at(-1)?.price ?? 600_000n);
  const held = decimal(engine.trading.position(id)?.size ?? '0');
  const side = held.gt(5) && chance.hits(0.5) ? 'SELL' : 'BUY';
  const kind = chance.weighed({ GTC: 6, GTD: 2, postOnly: 2, FOK: 1, FAK: 2, money: 3 });
  const crosses = chance.hits(0.45);
  const near = side === 'BUY' ? (crosses ? ask : bid) : crosses ? bid : ask;
  const price = priceText(near + chance.between(-2, 2), tickSize);
  // The venue takes no BUY below a dollar.
  const least = side === 'SELL' ? 5 : Math.max(5, Math.ceil(1.01 / Number(price)));
  const most = side === 'SELL' ? Math.floor(held.toNumber()) : 40;
  const size = String(chance.between(least, Math.max(least, most)));
  const priority = chance.between(-1, 1);
  const common = { instrument: id, side, price, priority, reason: 'simulated' } as const;
  if (kind === 'money' && side === 'BUY') {
    const amountUsd = toText(decimal(String(chance.between(100, 2_000))).div(100));
    return { ...common, type: 'market', amountUsd, timeInForce: chance.pick(['FAK', 'FOK']) };
  }
  switch (kind) {
    case 'GTD': {
      const expiresAtMs = engine.clock.now() + chance.between(150_000, 500_000);
      return { ...common, size, timeInForce: 'GTD', expiresAtMs };
    }
    case 'postOnly':
      return { ...common, size, postOnly: true };
    case 'FOK':
    case 'FAK':
      return { ...common, size, type: 'market', timeInForce: kind };
    default:
      return { ...common, size };
  }
}

function hundredths(price: bigint): number {
  return Number(price / 10_000n);
}

function priceText(wanted: number, tickSize: string): string {
  const within = Math.min(95, Math.max(5, wanted));
  const price = decimal(String(within)).div(100);
  const tick = decimal(tickSize);
  return toText(price.div(tick).round().times(tick));
}
