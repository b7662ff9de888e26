/** Our side of a reconciliation as the rows of the actors say it, where no engine runs. */
import { FillwrightFault } from '../domain/faults.ts';
import type { AccountContext } from '../machines/account.machine.ts';
import { executionState, type OrderStateValue } from '../machines/order.status.ts';
import type { PositionContext } from '../machines/position.machine.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import type { VenueContext } from '../machines/venue.machine.ts';
import { decodeSnapshot } from './codec.ts';
import type { OurBooks, OurOrder } from './reconcile-ours.ts';
import { actorId } from './registry.ts';
import type { ActorRow, Store } from './store-port.ts';

export interface StoredBooks extends OurBooks {
  /** Everything that the venue told was taken in up to here. */
  readonly seenAtMs: number;
}

/** An order as its row says, without making an actor of it. */
export function orderOfRow(row: ActorRow): OurOrder {
  const { value, context } = decodeSnapshot(row) as {
    readonly value: OrderStateValue;
    readonly context: OurOrder['context'];
  };
  return { clientOrderId: context.clientOrderId, execution: executionState(value), context };
}

/**
 * What is in memory when an engine has started on these rows, but for the tail of the log.
 * @throws {FillwrightFault} `invalid_config` where nothing was ever traded; `corrupt_row`.
 */
export async function readBooks(store: Store, venue: string): Promise<StoredBooks> {
  const orders: OurOrder[] = [];
  const positions: PositionContext[] = [];
  let account: AccountContext | undefined;
  let seen: VenueContext | undefined;
  for await (const page of store.liveActors()) {
    for (const row of page) {
      if (row.kind === 'order') orders.push(orderOfRow(row));
      else if (row.kind === 'position') positions.push(contextOf<PositionContext>(row));
      else if (row.kind === 'account') account = contextOf<AccountContext>(row);
      else if (row.kind === 'venue') seen = contextOf<VenueContext>(row);
    }
  }
  const systemRow = await store.actor(actorId('system', 'main'));
  if (account === undefined || seen === undefined || systemRow === undefined) {
    throw new FillwrightFault(
      'invalid_config',
      'There are no books to compare yet: nothing was ever traded in this database.',
    );
  }
  const [held, system] = [account, contextOf<SystemContext>(systemRow)];
  const inMemory = new Map(orders.map((order) => [order.context.venueOrderId, order]));
  return {
    seenAtMs: seen.seenAtMs,
    orders: () => orders,
    now: (order) => order,
    positions: () => positions,
    account: () => held,
    system: () => system,
    async find(venueOrderId) {
      const live = inMemory.get(venueOrderId);
      if (live !== undefined) return live;
      const [row] = await store.preparedByVenueOrderIds([venueOrderId]);
      if (row === undefined || row.venue !== venue) return undefined;
      const actor = await store.actor(actorId('order', row.clientOrderId));
      return actor === undefined ? undefined : orderOfRow(actor);
    },
  };
}

function contextOf<Context>(row: ActorRow): Context {
  return (decodeSnapshot(row) as { readonly context: Context }).context;
}
