/**
 * Everything that an exit can be told. The supervisor tells it what its position and its orders do, in
 * the same turn; prices are told only where they matter (`exit.telling.ts`). All are plain JSON.
 */
import type { DecimalText } from '../domain/decimal.ts';
import type { ExitChoice } from '../domain/exits/exit-choice.ts';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import type { ExitPrices, Holding } from '../domain/exits/holding.ts';
import type { Instrument } from '../domain/instrument.ts';

/** An exit order as it stands: whole figures, so that a repeat changes nothing. */
export interface ExitOrderReport {
  /** Its intent's key: known before the order is. */
  readonly key: string;
  readonly clientOrderId: string;
  /** `over`: nothing more of it will be matched, as far as anybody knows. In doubt it is `working`. */
  readonly phase: 'working' | 'over';
  /** Shares, dollars and fees of legs that are not failed. */
  readonly filledSize: DecimalText;
  readonly filledUsd: DecimalText;
  readonly feesUsd: DecimalText;
  /** Shares of confirmed legs. */
  readonly confirmedSize: DecimalText;
  /** Why it was denied, rejected or cancelled. */
  readonly reason: string | null;
}

export type ExitEvent =
  | { readonly type: 'exit.priced'; readonly prices: ExitPrices; readonly atMs: number }
  /** A leg was applied, settled or voided, or shares were promised or let go. */
  | { readonly type: 'exit.holdingChanged'; readonly holding: Holding; readonly atMs: number }
  /** With the holding after the same step, so that no order of telling matters. */
  | {
      readonly type: 'exit.orderProgressed';
      readonly order: ExitOrderReport;
      readonly holding: Holding;
      readonly atMs: number;
    }
  /** There is no order of this key and there will be none: its intent was refused. */
  | {
      readonly type: 'exit.placingFailed';
      readonly key: string;
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: 'exit.chosen'; readonly choice: ExitChoice; readonly atMs: number }
  /** The other outcome was bought and merged, as far as that went. */
  | {
      readonly type: 'exit.mergeEnded';
      /** Shares of this outcome that are gone by it. */
      readonly mergedSize: DecimalText;
      readonly holding: Holding;
      readonly reason: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'exit.planSet';
      readonly plan: ExitPlan;
      readonly by: string;
      readonly atMs: number;
    }
  /** The venue's rules for the instrument are others: a finer tick near the ends of the price range. */
  | {
      readonly type: 'exit.instrumentChanged';
      readonly instrument: Instrument;
      readonly atMs: number;
    }
  /** Everything is halted, exits too. */
  | {
      readonly type: 'exit.suspended';
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: 'exit.resumed'; readonly by: string; readonly atMs: number }
  /** A wait is over. With the prices of that moment; null where there are none. */
  | {
      readonly type: 'clock.deadlinePassed';
      readonly prices: ExitPrices | null;
      readonly atMs: number;
    };

export type ExitEventType = ExitEvent['type'];

/** The table test walks this list. */
export const EXIT_EVENT_TYPES = [
  'exit.priced',
  'exit.holdingChanged',
  'exit.orderProgressed',
  'exit.placingFailed',
  'exit.chosen',
  'exit.mergeEnded',
  'exit.planSet',
  'exit.instrumentChanged',
  'exit.suspended',
  'exit.resumed',
  'clock.deadlinePassed',
] as const satisfies readonly ExitEventType[];
