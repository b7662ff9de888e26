/**
 * Exits told what their positions and orders do, within the turn in which they do it. Every open
 * position gets an exit where the engine has a plan for it.
 */

import { compare, plus } from '../domain/exact.ts';
import { EXIT_STRATEGY } from '../domain/exits/exit-ladder.ts';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import { holdingOf } from '../domain/exits/holding.ts';
import type { Instrument } from '../domain/instrument.ts';
import { type Holds, holdOn, holdText } from '../domain/risk/holds.ts';
import type { ExitEvent, ExitOrderReport } from '../machines/exit.events.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { draftsOfExit } from './exit-happenings.ts';
import type { Draft } from './happenings.ts';
import type { Delivery, Entry, EventOf, Registry, SnapshotOf } from './registry.ts';
import { axes } from './rows.ts';
import type { Turn } from './system.ts';

export interface Exits {
  /** An order has taken a step: its exit, or the exit of its position, hears of it. */
  afterOrder(entry: Entry<'order'>): void;
  /** A position has moved without an order: its market is resolved. */
  afterMove(instrumentId: string): void;
  /** Something from outside the turn, for one exit. */
  tell(instrumentId: string, event: ExitEvent): void;
  /** Holds have changed: exits that may not go on are suspended, the others go on. */
  heed(holds: Holds): void;
  /** Gives an open position its exit; nothing where it has one. */
  begin(instrument: Instrument, plan: ExitPlan): void;
}

export interface ExitsOptions {
  readonly registry: Registry;
  readonly now: Readonly<Turn>;
  readonly deliver: (entry: Entry<'exit'>, event: EventOf['exit']) => Delivery<'exit'>;
  readonly happened: (draft: Draft, of: Entry) => void;
  /** The plan of a position that was given none; null: none is made. */
  readonly plan: () => ExitPlan | null;
  readonly holds: () => Holds;
}

export function createExits(options: ExitsOptions): Exits {
  const { registry, now, plan } = options;

  function deliver(exit: Entry<'exit'>, event: EventOf['exit']): void {
    const { before, after } = options.deliver(exit, event);
    tellOf(exit, before, after);
  }

  /** In the stream of its position: that one outlives the exit. */
  function tellOf(
    exit: Entry<'exit'>,
    before: SnapshotOf['exit'] | undefined,
    after: SnapshotOf['exit'],
  ): void {
    const position = registry.positions.get(exit.name);
    if (position === undefined) return;
    for (const draft of draftsOfExit(before, after)) options.happened(draft, position);
  }

  function holdingFor(instrumentId: string) {
    const entry = registry.positions.get(instrumentId);
    if (entry === undefined) return undefined;
    const { fold, reservedShares, resolution } = registry.snapshot(entry).context;
    return holdingOf(fold, reservedShares, resolution);
  }

  function begin(instrument: Instrument, chosen: ExitPlan): void {
    if (registry.exits.has(instrument.id)) return;
    const holding = holdingFor(instrument.id);
    if (holding === undefined || compare(holding.size, '0') <= 0) return;
    const exit = registry.create('exit', instrument.id, {
      input: {
        ...{ accountId: registry.account().name, instrument, plan: chosen },
        ...{ holding: { ...holding, openedAtMs: now.atMs }, atMs: now.atMs },
      },
    });
    tellOf(exit, undefined, registry.snapshot(exit));
    heed(exit, options.holds());
  }

  function heed(exit: Entry<'exit'>, holds: Holds): void {
    const { instrument, suspendedBecause } = registry.snapshot(exit).context;
    const { marketId } = instrument;
    const { atMs } = now;
    const hold = holdOn(holds, { marketId, strategy: EXIT_STRATEGY }, atMs);
    const isStopped = hold?.level === 'halted' || hold?.level === 'liquidating';
    if (isStopped === (suspendedBecause !== null)) return;
    if (!isStopped) deliver(exit, { type: 'exit.resumed', by: 'engine', atMs });
    else deliver(exit, { type: 'exit.suspended', by: hold.by, reason: holdText(hold), atMs });
  }

  return {
    afterOrder(entry) {
      const order = registry.snapshot(entry);
      const { instrument, intent } = order.context;
      const exit = registry.exits.get(instrument.id);
      if (exit === undefined) {
        const chosen = plan();
        if (chosen !== null) begin(instrument, chosen);
        return;
      }
      const holding = holdingFor(instrument.id);
      if (holding === undefined) return;
      const { atMs } = now;
      if (intent.strategy === EXIT_STRATEGY) {
        const report = orderReport(order);
        deliver(exit, { type: 'exit.orderProgressed', order: report, holding, atMs });
      } else if (!isSame(registry.snapshot(exit).context.holding, holding)) {
        deliver(exit, { type: 'exit.holdingChanged', holding, atMs });
      }
    },
    afterMove(instrumentId) {
      const exit = registry.exits.get(instrumentId);
      const holding = holdingFor(instrumentId);
      if (exit === undefined || holding === undefined) return;
      deliver(exit, { type: 'exit.holdingChanged', holding, atMs: now.atMs });
    },
    tell(instrumentId, event) {
      const exit = registry.exits.get(instrumentId);
      if (exit !== undefined) deliver(exit, event);
    },
    heed(holds) {
      for (const exit of registry.exits.values()) heed(exit, holds);
    },
    begin,
  };
}

function isSame(known: object, told: object): boolean {
  return Object.entries(told).every(
    ([field, value]) => (known as Record<string, unknown>)[field] === value,
  );
}

/** An order of an exit as the exit needs it. */
export function orderReport(order: SnapshotOf['order']): ExitOrderReport {
  const { context } = order;
  return {
    key: context.intent.key,
    clientOrderId: context.clientOrderId,
    phase: isExecutionOver(axes(order).execution) ? 'over' : 'working',
    filledSize: context.filledSize,
    filledUsd: context.filledUsd,
    feesUsd: context.feesUsd,
    confirmedSize: confirmed(context),
    reason: context.reason,
  };
}

function confirmed({ legs }: OrderContext): string {
  return legs.reduce(
    (sum, { settlement, size }) => (settlement === 'confirmed' ? plus(sum, size) : sum),
    '0',
  );
}
