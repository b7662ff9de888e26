/** The whole journal told again to fresh actors, without any snapshot: what the log alone says. */
import { createFacts } from '../../src/actors/facts.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import type { Entry, Registry } from '../../src/actors/registry.ts';
import { createLoader, restore } from '../../src/actors/restore.ts';
import type { Store } from '../../src/actors/store-port.ts';
import { type ActorFault, createSystem } from '../../src/actors/system.ts';
import type { Trading } from '../../src/actors/trading-api.ts';
import { accountMachine } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { positionMachine } from '../../src/machines/position.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { type FreshStore, withClient } from './database.ts';

/** State and context of an actor, by its id. */
export type ActorStates = Record<string, { readonly value: unknown; readonly context: unknown }>;

export interface Folded {
  readonly states: ActorStates;
  readonly faults: readonly ActorFault[];
}

export async function foldJournal(fresh: FreshStore): Promise<Folded> {
  const store = withoutSnapshots(fresh.open());
  const faults: ActorFault[] = [];
  const system = createSystem({
    logics: {
      account: accountMachine,
      venue: venueMachine,
      order: orderMachine,
      position: positionMachine,
      exit: exitMachine,
    },
    facts: createFacts(() => undefined),
    publisher: createPublisher(() => undefined),
    onFault: (fault) => faults.push(fault),
  });
  const { registry } = system;
  const loader = createLoader(store, registry);
  await restore({ store, system, loader, projectedThrough: 0, errors: [] });
  await store.close();
  return { states: statesOf(registry, [system.entry]), faults };
}

/** What the rows of `actor_snapshots` say. */
export async function storedStates(fresh: FreshStore): Promise<ActorStates> {
  return withClient(fresh, async (client) => {
    const found = await client.query('select actor_id, snapshot::text from actor_snapshots');
    const states: ActorStates = {};
    for (const row of found.rows) {
      const { value, context } = JSON.parse(row.snapshot);
      states[row.actor_id] = { value, context };
    }
    return states;
  });
}

function withoutSnapshots(store: Store): Store {
  return new Proxy(store, {
    get(target, key) {
      if (key === 'liveActors') return noRows;
      if (key === 'actor') return () => Promise.resolve(undefined);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function* noRows(): AsyncGenerator<never> {
  // The journal is all there is.
}

/** What the actors in memory say. */
export function liveStates({ execution }: Trading): ActorStates {
  return statesOf(execution.registry, []);
}

function statesOf(registry: Registry, more: readonly Entry[]): ActorStates {
  const states: ActorStates = {};
  const { orders, positions } = registry;
  const entries = [registry.account(), registry.venue(), ...orders.values(), ...positions.values()];
  for (const entry of [...more, ...entries]) {
    const { value, context } = registry.snapshot(entry);
    states[entry.actorId] = JSON.parse(JSON.stringify({ value, context }));
  }
  return states;
}

/** Without what a start changes: the venue's connection, and the system that counts it. */
export function withoutConnection(states: ActorStates): ActorStates {
  return Object.fromEntries(Object.entries(states).filter(([id]) => !/^(venue|system):/.test(id)));
}
