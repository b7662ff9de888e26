/**
 * Looks whether what resolved markets owe has been paid: asks the venue for the shares and the money,
 * and tells the engine what both show. The engine redeems nothing on chain itself: the venue pays by
 * itself, or somebody redeems, and here it is seen.
 */
import { type RedeemableHolding, redemptionsOf } from '../domain/redemption.ts';
import type { PositionContext } from '../machines/position.machine.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue } from './ports.ts';
import { type OurBooks, onTheWay } from './reconcile-ours.ts';
import { standing } from './rows.ts';

/** Shares that are gone without the collateral that they pay: said after this long, then again. */
export const UNCLEAR_AFTER_MS = 600_000;

export interface Redeemer {
  /** Looks once; answers how many positions wait to be redeemed. @throws what the venue answered. */
  look(): Promise<number>;
}

export interface RedeemerOptions {
  readonly venue: Pick<Venue, 'name' | 'fetchPositions' | 'fetchBalances' | 'instrument'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly execution: Pick<Execution, 'registry' | 'dispatch' | 'publisher'>;
  readonly books: OurBooks;
  readonly toleranceUsd: string;
  /** Ends a look whose engine stops. */
  readonly isOver: () => boolean;
}

export function createRedeemer(options: RedeemerOptions): Redeemer {
  const { venue, clock, log, execution, books } = options;
  let unclearSinceMs: number | undefined;

  async function look(): Promise<number> {
    const asked = waiting();
    if (asked.length === 0) {
      unclearSinceMs = undefined;
      return 0;
    }
    const names = asked.map(({ instrumentId }) => instrumentId);
    const held = new Map(
      (await venue.fetchPositions(names)).map(({ instrumentId, size }) => [instrumentId, size]),
    );
    const { cashUsd: theirs } = await venue.fetchBalances();
    if (options.isOver()) return 0;
    // What has moved since they were asked is for the next look.
    const holdings = waiting().filter((now) =>
      asked.some((then) => then.instrumentId === now.instrumentId && then.ours === now.ours),
    );
    const found = redemptionsOf(
      holdings.map((holding) => ({ ...holding, theirs: held.get(holding.instrumentId) ?? '0' })),
      {
        ours: books.account().cashUsd,
        theirs,
        way: onTheWay(books.orders()).cash,
        toleranceUsd: options.toleranceUsd,
      },
    );
    if (found.kind !== 'unclear') unclearSinceMs = undefined;
    if (found.kind === 'unclear') sayUnclear(found.redemptions, theirs);
    if (found.kind !== 'redeemed') return holdings.length;
    for (const redemption of found.redemptions) {
      const source = `${venue.name}: its shares are gone and ${theirs} dollars are there`;
      const atMs = clock.now();
      execution.dispatch({ type: 'position.redeemed', ...redemption, source, atMs });
      log.info(
        redemption,
        `${redemption.instrumentId} is redeemed: ${redemption.amountUsd} dollars.`,
      );
    }
    return waiting().length;
  }

  /** To be redeemed, and nothing of it can change any more; without its rules nobody can ask for it. */
  function waiting(): Omit<RedeemableHolding, 'theirs'>[] {
    const found: Omit<RedeemableHolding, 'theirs'>[] = [];
    const moving = onTheWay(books.orders()).shares;
    for (const context of books.positions()) {
      const { instrumentId, resolution } = context;
      const { redeemableUsd, size: ours } = standing(context);
      if (resolution === null || redeemableUsd === '0' || moving.has(instrumentId)) continue;
      if (!isFinal(context) || venue.instrument(instrumentId) === undefined) continue;
      found.push({ instrumentId, ours, payout: resolution.payout });
    }
    return found;
  }

  function sayUnclear(redemptions: readonly object[], theirs: string): void {
    const nowMs = clock.now();
    unclearSinceMs ??= nowMs;
    if (nowMs - unclearSinceMs < UNCLEAR_AFTER_MS) return;
    unclearSinceMs = nowMs;
    const { cashUsd: ours } = books.account();
    const message = `Shares of resolved markets are gone at ${venue.name}, and its ${theirs} dollars do not show that they were paid: our books say ${ours}. A person records the redemption once it is known.`;
    const facts = { redemptions, ours, theirs };
    log.error(facts, message);
    execution.publisher.now({ type: 'fault', message, facts });
  }

  return { look };
}

function isFinal({ fold }: PositionContext): boolean {
  return fold.tail.every((chunk) => chunk.legs.every((leg) => leg.settled));
}
