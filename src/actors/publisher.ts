/** Tells listeners what turns did, once those turns are durable: nothing is told that may be lost. */
import type { FillLeg } from '../domain/fill-leg.ts';
import type { AccountContext } from '../machines/account.machine.ts';
import type { Entry, Registry, SnapshotOf } from './registry.ts';
import { type OrderView, orderRow, type PositionView, positionRow } from './rows.ts';

export type EngineEvent =
  /** An order took a step. */
  | { readonly type: 'order'; readonly order: OrderView; readonly cause: string }
  /** A leg was applied, confirmed or voided. */
  | {
      readonly type: 'fill';
      readonly clientOrderId: string;
      readonly leg: FillLeg;
      readonly effect: 'applied' | 'settled' | 'voided';
    }
  | { readonly type: 'position'; readonly position: PositionView }
  | { readonly type: 'account'; readonly account: AccountContext }
  /** Something that should not be: an actor that threw, an orphan leg, a contradiction. */
  | { readonly type: 'fault'; readonly message: string; readonly facts: Record<string, unknown> }
  /** The store was lost or is back, or the venue went down or came up. */
  | {
      readonly type: 'health';
      readonly part: string;
      readonly state: string;
      readonly message: string;
    };

export type EngineEventType = EngineEvent['type'];
export type EngineEventOf<T extends EngineEventType> = Extract<EngineEvent, { type: T }>;
type Listener = (event: EngineEvent) => void;

export interface Publisher {
  on<T extends EngineEventType>(type: T, listener: (event: EngineEventOf<T>) => void): () => void;
  order(snapshot: SnapshotOf['order'], cause: string): void;
  fill(clientOrderId: string, leg: FillLeg, effect: 'applied' | 'settled' | 'voided'): void;
  touched(entry: Entry): void;
  /** Told at once: not part of a turn. */
  now(event: EngineEventOf<'fault'> | EngineEventOf<'health'>): void;
  /** Ends a turn: what was gathered is told when `durable` resolves. */
  endTurn(registry: Registry, durable: () => Promise<void>): void;
}

export function createPublisher(onListenerError: (error: unknown) => void): Publisher {
  const listeners: Record<EngineEventType, Set<Listener>> = {
    order: new Set(),
    fill: new Set(),
    position: new Set(),
    account: new Set(),
    fault: new Set(),
    health: new Set(),
  };
  let gathered: EngineEvent[] = [];
  const touched = new Set<Entry>();

  function tell(event: EngineEvent): void {
    for (const listener of listeners[event.type]) {
      try {
        const answer: unknown = listener(event);
        // An async listener: nobody else would take its rejection, and that ends the process.
        if (answer instanceof Promise) answer.catch(onListenerError);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  return {
    on(type, listener) {
      const added: Listener = (event) => listener(event as Parameters<typeof listener>[0]);
      listeners[type].add(added);
      return () => void listeners[type].delete(added);
    },
    order(snapshot, cause) {
      if (listeners.order.size === 0) return;
      gathered.push({ type: 'order', order: orderRow(snapshot), cause });
    },
    fill(clientOrderId, leg, effect) {
      if (listeners.fill.size === 0) return;
      gathered.push({ type: 'fill', clientOrderId, leg, effect });
    },
    touched(entry) {
      if (listeners[entry.kind === 'position' ? 'position' : 'account'].size > 0)
        touched.add(entry);
    },
    now: tell,
    endTurn(registry, durable) {
      for (const entry of touched) {
        if (entry.kind === 'position') {
          const { context } = registry.snapshot(entry as Entry<'position'>);
          gathered.push({ type: 'position', position: positionRow(context) });
        } else {
          const { context } = registry.snapshot(entry as Entry<'account'>);
          gathered.push({ type: 'account', account: context });
        }
      }
      touched.clear();
      if (gathered.length === 0) return;
      const events = gathered;
      gathered = [];
      durable().then(
        () => {
          for (const event of events) tell(event);
        },
        // The journal is broken for good and has said so: what was not durable is not told.
        () => undefined,
      );
    },
  };
}
