/**
 * When and how a position is left, as plain data. Rules are read from the top: the first that says
 * something decides. So the plan is one-cancels-other by nature: what one rule has sold is not there
 * for another. Built only by `parseExitPlan`.
 */
import type { DecimalText } from '../decimal.ts';

/** Which price a rule looks at: what somebody pays now, or what a share is thought to be worth. */
export type PriceSource = 'bid' | 'mark';

interface RuleTerms {
  /** Names the rule in its plan: what it has sold is remembered under it. */
  readonly id: string;
  /** The rule is alive from this age of the position on, inclusive. */
  readonly fromAgeMs: number;
  /** Up to this age, exclusive; absent: without an end. */
  readonly untilAgeMs?: number | undefined;
}

interface SellingTerms extends RuleTerms {
  /** How much of the position it sells, above 0 up to 100: of what is held when it first fires. */
  readonly percent: DecimalText;
  /** Once one rule of a group has sold anything, the others of the group are off. */
  readonly group?: string | undefined;
  /** Never sold below this; absent: a profit target's own price, else the ladder's worst price. */
  readonly worstPrice?: DecimalText | undefined;
}

interface PricedTerms extends SellingTerms {
  /** Absent: the plan's. */
  readonly trigger?: PriceSource | undefined;
}

/** While it is alive nothing below it in the plan is looked at: the position waits for its payout. */
export interface HoldRule extends RuleTerms {
  readonly kind: 'holdToResolution';
}

/** Fires at its level and above. Exactly one of the three; the last two are from the average entry. */
export interface ProfitTargetRule extends PricedTerms {
  readonly kind: 'profitTarget';
  readonly price?: DecimalText | undefined;
  /** Dollars a share. */
  readonly gainUsd?: DecimalText | undefined;
  readonly gainPercent?: DecimalText | undefined;
}

/** Fires at its level and below. Exactly one of the three; the last two are from the average entry. */
export interface StopLossRule extends PricedTerms {
  readonly kind: 'stopLoss';
  readonly price?: DecimalText | undefined;
  /** Dollars a share. */
  readonly lossUsd?: DecimalText | undefined;
  readonly lossPercent?: DecimalText | undefined;
}

/** Fires so far below the highest price since the position was opened. Exactly one of the two. */
export interface TrailingStopRule extends PricedTerms {
  readonly kind: 'trailingStop';
  /** Dollars a share. */
  readonly trailUsd?: DecimalText | undefined;
  readonly trailPercent?: DecimalText | undefined;
  /** Does nothing until the highest price has reached this. */
  readonly activatePrice?: DecimalText | undefined;
}

/** Fires when its time has come, whatever the price: at an age (`fromAgeMs`) or at a moment. */
export interface TimeExitRule extends SellingTerms {
  readonly kind: 'timeExit';
  /** Milliseconds since 1970 UTC. */
  readonly atMs?: number | undefined;
}

export type SellingRule = ProfitTargetRule | StopLossRule | TrailingStopRule | TimeExitRule;
export type ExitRule = HoldRule | SellingRule;

/**
 * One way of offering. `limit` rests at the bid or so many ticks above it, `cross` rests at the bid as it
 * is then, `fak` takes what there is down to the worst price and leaves nothing behind.
 */
export interface ExitOffer {
  readonly kind: 'limit' | 'cross' | 'fak';
  /** `limit` only. */
  readonly ticksAboveBid: number;
  /** `limit` only: refused by the venue rather than matched at once, so at least a tick above the bid. */
  readonly postOnly: boolean;
}

export interface ExitLadder {
  /** In the order in which they are tried. */
  readonly offers: readonly ExitOffer[];
  /** How long an attempt may stand before the next one takes its place. */
  readonly waitMs: number;
  /** The floor of every rule that names none: nothing is ever sold below it. */
  readonly worstPrice: DecimalText;
  /** How long a rule rests after a ladder that did not sell everything. */
  readonly restMs: number;
}

export interface ExitPlan {
  readonly name: string;
  readonly rules: readonly ExitRule[];
  readonly trigger: PriceSource;
  /** A price that was last known to hold longer ago than this triggers nothing. */
  readonly maxPriceAgeMs: number;
  /**
   * What more shares do to rules that have sold their part: `keep` leaves them done, `rearm` lets them
   * fire again. Levels from the average entry follow it in any case, absolute ones stay.
   */
  readonly onScaleIn: 'keep' | 'rearm';
  readonly ladder: ExitLadder;
}

/** Why a position was left, as it stands in exit events. */
export const EXIT_REASONS = {
  profitTarget: 'profit_target',
  stopLoss: 'stop_loss',
  trailingStop: 'trailing_stop',
  timeExit: 'time_exit',
} as const satisfies Readonly<Record<SellingRule['kind'], string>>;

export type ExitReason = (typeof EXIT_REASONS)[SellingRule['kind']];
