/**
 * Asks the venue how markets ended in which something is held, ordered or still to be redeemed, and
 * whether what they owe has been paid. What is asked about is read off the actors: after a restart the
 * watch knows it all again. A word of the stream makes it ask at once, and is never taken by itself:
 * it has no word for a market that pays half to each.
 */
import { dropOldest } from '../domain/drop-oldest.ts';
import { messageOf } from '../domain/faults.ts';
import { instrumentId } from '../domain/instrument.ts';
import { conflictedPayout } from '../domain/reconcile-orders.ts';
import { OUTCOMES, type Payouts, parsePayouts } from '../domain/resolution.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import type { PositionContext } from '../machines/position.machine.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue, VenueResolution } from './ports.ts';
import { findingId } from './reconcile-judge.ts';
import type { Redeemer } from './redemptions.ts';
import { contradicts, resolutionOf } from './resolutions.ts';
import { axes, standing } from './rows.ts';
import { createAlarm, endsWithin } from './waits.ts';

/** Between two questions while nothing is said. A resolution is known for good: minutes lose nothing. */
export const ASK_EVERY_MS = 60_000;
/** After a word that a market may have ended: the venue's pages follow within seconds. */
const ASK_SOON_MS = 2_000;
/** A question that failed is asked again after this long, doubling. */
const RETRY_FIRST_MS = 5_000;
const RETRY_LAST_MS = 600_000;
/** Markets in one question, as many as the venue takes; the others come in the next. */
const MOST_ASKED = 500;
/** Contradictions and unreadable vectors that are remembered as said. */
const MOST_SAID = 1_000;
/** A stop does not wait longer for the answer to a question. */
const STOP_LIMIT_MS = 3_000;

export interface ResolutionHealth {
  /** Markets that are asked about. */
  readonly asked: number;
  /** Positions that wait to be redeemed. */
  readonly redeemable: number;
  /** What was told and not applied, since the start: other vectors than the first, and no vectors. */
  readonly refused: number;
  /** When the venue is asked next; null while there is nothing to ask about. */
  readonly nextAskAtMs: number | null;
}

export const NOTHING_RESOLVED: ResolutionHealth = {
  ...{ asked: 0, redeemable: 0, refused: 0 },
  nextAskAtMs: null,
};

export interface ResolutionWatch {
  start(): void;
  /** Told of every input, once its turn has run. */
  onTurn(input: EngineInput): void;
  /** Something says that a market may have ended: the venue is asked soon. */
  hint(): void;
  health(): ResolutionHealth;
  stop(): Promise<void>;
}

export interface ResolutionWatchOptions {
  readonly venue: Pick<Venue, 'name' | 'fetchResolutions' | 'takeResolution'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: Pick<
    Execution,
    'registry' | 'context' | 'dispatch' | 'publisher' | 'failure'
  >;
  readonly redeemer: Redeemer;
  /** Balances are asked for and compared, since a market has ended. */
  readonly compare: () => void;
  readonly everyMs?: number;
}

export function createResolutionWatch(options: ResolutionWatchOptions): ResolutionWatch {
  const { venue, clock, log, execution, redeemer, everyMs = ASK_EVERY_MS } = options;
  const { registry, dispatch } = execution;
  const said = new Set<string>();
  /** Markets of orders that ended for it; forgotten once they are resolved, or by a restart. */
  const hinted = new Set<string>();
  let started = false;
  let stopped = false;
  const alarm = createAlarm(clock, () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  });
  let looking: Promise<void> | undefined;
  let failures = 0;
  let refused = 0;
  /** Where the next question goes on when there are more markets than one question takes. */
  let after = '';

  function isOver(): boolean {
    return stopped || execution.failure !== undefined;
  }

  function wakeAt(atMs: number): void {
    if (started && !isOver()) alarm.wakeAt(atMs);
  }

  async function look(): Promise<void> {
    const inQuestion = marketsInQuestion();
    try {
      const resolved = await askResolutions(chosen(inQuestion));
      if (isOver()) return;
      await tellVenue();
      if (isOver()) return;
      await redeemer.look();
      if (isOver()) return;
      failures = 0;
      if (resolved > 0) options.compare();
    } catch (error) {
      if (isOver()) return;
      failures += 1;
      log.warn({ error }, 'The venue could not be asked how markets ended.');
    }
    plan();
  }

  /** None while nothing is held, ordered or owed: the next fill wakes it. */
  function plan(): void {
    if (failures > 0) {
      wakeAt(clock.now() + Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LAST_MS));
    } else if (marketsInQuestion().length > 0) wakeAt(clock.now() + everyMs);
  }

  function chosen(markets: readonly string[]): readonly string[] {
    if (markets.length <= MOST_ASKED) return markets;
    const later = markets.filter((id) => id > after);
    const asked = [...later, ...markets.filter((id) => id <= after)].slice(0, MOST_ASKED);
    after = asked.at(-1) ?? '';
    return asked;
  }

  /** A venue that stands in for another one pays when it is told; told again, in case it was not saved. */
  async function tellVenue(): Promise<void> {
    if (venue.takeResolution === undefined) return;
    for (const marketId of marketsInQuestion()) {
      const payouts = resolutionOf(registry, marketId);
      if (payouts !== undefined) await venue.takeResolution({ marketId, payouts });
    }
  }

  /** Answers how many markets have ended by it. */
  async function askResolutions(marketIds: readonly string[]): Promise<number> {
    if (venue.fetchResolutions === undefined || marketIds.length === 0) return 0;
    let resolved = 0;
    for (const told of await venue.fetchResolutions(marketIds)) {
      if (isOver()) return resolved;
      if (marketIds.includes(told.marketId) && take(told)) resolved += 1;
    }
    return resolved;
  }

  function take(told: VenueResolution): boolean {
    const { marketId, resolvedAtMs, source } = told;
    const known = resolutionOf(registry, marketId);
    let payouts: ReturnType<typeof parsePayouts>;
    try {
      payouts = parsePayouts(told.payouts, `${venue.name} market ${marketId}: payouts`);
    } catch (error) {
      refuse(marketId, told, messageOf(error));
      return false;
    }
    if (contradicts(known, payouts)) {
      const vector = ({ YES, NO }: typeof payouts) => `YES ${YES}, NO ${NO}`;
      const was = `it was resolved as ${vector(known)}, and is now said to pay ${vector(payouts)}`;
      refuse(marketId, told, `the market ${marketId} contradicts itself: ${was}. The first stands`);
      openFindings(told, known, payouts);
      return false;
    }
    if (known !== undefined) return false;
    const atMs = clock.now();
    dispatch({
      ...{ type: 'market.resolved', marketId, payouts },
      resolvedAtMs: resolvedAtMs ?? atMs,
      source: `${venue.name}: ${source}`,
      atMs,
    });
    log.info({ marketId, payouts, source }, `The market ${marketId} is resolved.`);
    return true;
  }

  /** Counted and said once: nothing of it is applied. */
  function refuse(marketId: string, told: VenueResolution, problem: string): void {
    const key = JSON.stringify([marketId, told.payouts]);
    if (said.has(key) || said.size >= MOST_SAID) return;
    said.add(key);
    refused += 1;
    const message = `A resolution was not applied: ${problem}.`;
    log.error({ told }, message);
    execution.publisher.now({ type: 'fault', message, facts: { marketId, told, problem } });
  }

  /** Of each outcome of which shares are held: a person must look at what they really pay. */
  function openFindings(
    { marketId, source }: VenueResolution,
    known: Payouts,
    told: Payouts,
  ): void {
    for (const outcome of OUTCOMES) {
      const name = instrumentId(venue.name, marketId, outcome);
      const entry = registry.positions.get(name);
      if (entry === undefined || !isHeld(registry.snapshot(entry).context)) continue;
      const payout = { instrumentId: name, booked: known[outcome], told: told[outcome], source };
      const difference = conflictedPayout(payout);
      const id = findingId(difference);
      if (execution.context().findings[id] !== undefined) continue;
      const finding = { ...difference, findingId: id, evidence: { [venue.name]: source } };
      dispatch({ type: 'finding.opened', finding, atMs: clock.now() });
    }
  }

  /** In order of their ids, so that many are asked about in turn. */
  function marketsInQuestion(): readonly string[] {
    const markets = new Set<string>();
    // A venue that says nothing of how markets end is asked about balances only.
    const asks = venue.fetchResolutions !== undefined;
    const tells = venue.takeResolution !== undefined;
    for (const entry of registry.positions.values()) {
      const { context } = registry.snapshot(entry);
      const { resolution, marketId } = context;
      const isTraded = asks && resolution === null && isHeld(context);
      if (isTraded || standing(context).redeemableUsd !== '0') markets.add(marketId);
    }
    for (const entry of registry.orders.values()) {
      const order = registry.snapshot(entry);
      const { marketId } = order.context.instrument;
      if (isExecutionOver(axes(order).execution)) continue;
      const isResolved = resolutionOf(registry, marketId) !== undefined;
      if (isResolved ? tells : asks) markets.add(marketId);
    }
    for (const marketId of hinted) {
      if (resolutionOf(registry, marketId) !== undefined) hinted.delete(marketId);
      else if (asks) markets.add(marketId);
    }
    return [...markets].sort();
  }

  function noteEnded(clientOrderId: string): void {
    const entry = registry.orders.get(clientOrderId);
    if (entry === undefined) return;
    hinted.add(registry.snapshot(entry).context.instrument.marketId);
    dropOldest(hinted, MOST_ASKED);
  }

  return {
    start() {
      started = true;
      wakeAt(clock.now());
    },
    onTurn(input) {
      if (!started) return;
      if (saysEnded(input)) {
        noteEnded(input.clientOrderId);
        wakeAt(clock.now() + ASK_SOON_MS);
      } else if (input.type === 'market.resolved' && looking === undefined) {
        wakeAt(clock.now() + ASK_SOON_MS);
      } else if (looking === undefined && ADDS_TO_IT.has(input.type)) {
        wakeAt(clock.now() + everyMs);
      }
    },
    hint: () => wakeAt(clock.now() + ASK_SOON_MS),
    health() {
      const asked = marketsInQuestion().length;
      let redeemable = 0;
      for (const entry of registry.positions.values()) {
        if (registry.snapshot(entry).matches('redeemable')) redeemable += 1;
      }
      return { asked, redeemable, refused, nextAskAtMs: alarm.atMs ?? null };
    },
    async stop() {
      stopped = true;
      alarm.cancel();
      if (looking !== undefined) await endsWithin(clock, STOP_LIMIT_MS, looking);
    },
  };
}

function isHeld({ fold }: PositionContext): boolean {
  return fold.totals.size !== '0' || fold.tail.length > 0;
}

/** Inputs after which there may be a market to ask about, or a payout to look for. */
const ADDS_TO_IT: ReadonlySet<EngineInput['type']> = new Set<EngineInput['type']>([
  'intent.submitted',
  'venue.legReported',
  'order.prepared',
  'venue.orderAcknowledged',
]);

/** Source: Polymarket docs, order status `CANCELED_MARKET_RESOLVED`; `INVALID` is told for it, too. */
function saysEnded(
  input: EngineInput,
): input is Extract<EngineInput, { type: 'venue.orderReported' }> {
  if (input.type !== 'venue.orderReported') return false;
  return /MARKET_RESOLVED|^INVALID$/.test(input.rawStatus);
}
