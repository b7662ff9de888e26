/** The end of markets, taken to positions, account and ledger within a turn. */
import { minus, negated, plus } from '../domain/exact.ts';
import { type InstrumentId, instrumentId } from '../domain/instrument.ts';
import { isSamePayouts, OUTCOMES, type Payouts, type Standing } from '../domain/resolution.ts';
import { positionState } from '../machines/position.machine.ts';
import type { MarketResolved, PositionRedeemed } from '../machines/system.resolution.ts';
import type { Facts } from './facts.ts';
import { type Draft, redeemableDraft, redeemedDraft, resolvedDrafts } from './happenings.ts';
import type { Ledgers, LedgersOptions } from './ledgers.ts';
import type { Entry, EventOf, Registry } from './registry.ts';
import { standing } from './rows.ts';

export interface Resolutions {
  /** The positions of both outcomes; made where there are none, so that a late leg finds its payout. */
  resolve(input: MarketResolved): void;
  redeem(input: PositionRedeemed): void;
}

export interface ResolutionsOptions
  extends Pick<
    LedgersOptions,
    'registry' | 'postings' | 'now' | 'today' | 'deliver' | 'toAccount'
  > {
  readonly facts: Pick<Facts, 'ledger'>;
  readonly ledgers: Pick<Ledgers, 'positionOf'>;
  /** The exit of the position hears of it. */
  readonly onMoved: (instrumentId: InstrumentId) => void;
  readonly happened: (draft: Draft | undefined, of?: Entry) => void;
}

export function createResolutions(options: ResolutionsOptions): Resolutions {
  const { registry, facts, postings, now, deliver, toAccount, happened } = options;

  function step(position: Entry<'position'>, event: EventOf['position']) {
    const stepped = deliver(position, event);
    const [before, after] = [standing(stepped.before.context), standing(stepped.after.context)];
    book(position.name, before, after);
    return { before, after, context: stepped.after.context };
  }

  function book(name: InstrumentId, before: Standing, after: Standing): void {
    const amountUsd = minus(after.redeemedUsd, before.redeemedUsd);
    const pnlUsd = minus(after.realizedPnl, before.realizedPnl);
    const redeemableUsd = minus(after.redeemableUsd, before.redeemableUsd);
    const sharesUsd = minus(after.costBasis, before.costBasis);
    if ([amountUsd, pnlUsd, redeemableUsd, sharesUsd].every((change) => change === '0')) return;
    const date = options.today();
    toAccount({
      ...{ type: 'account.resolutionBooked', amountUsd, atMs: now.atMs },
      ...(date === undefined ? {} : { result: { date, pnlUsd } }),
    });
    postings.move({ cashUsd: amountUsd, sharesUsd, redeemableUsd, pnlUsd: negated(pnlUsd) });
    if (amountUsd === '0') return;
    facts.ledger({
      entryId: `${name}/redemption/${now.seq}`,
      accountId: registry.account().name,
      kind: 'redemption',
      amountUsd,
      ...{ legKey: null, clientOrderId: null },
      ...{ seq: now.seq, atMs: now.atMs },
    });
  }

  return {
    resolve(input) {
      const { marketId, payouts, resolvedAtMs, source, atMs } = input;
      const known = resolutionOf(registry, marketId);
      if (known !== undefined) {
        // The door refuses and says it; here it only must not move anything.
        return;
      }
      const { market, position: drafts } = resolvedDrafts(input);
      happened(market);
      for (const outcome of OUTCOMES) {
        const name = instrumentId(registry.venue().name, marketId, outcome);
        const position = options.ledgers.positionOf(name, eventOf(registry, marketId));
        const payout = payouts[outcome];
        const event = { type: 'position.resolved', payout, resolvedAtMs, source, atMs } as const;
        const stepped = step(position, event);
        happened(drafts(name, stepped), position);
        happened(redeemableDraft(name, stepped.before, stepped.after), position);
        options.onMoved(name);
      }
    },
    redeem({ instrumentId: name, size, amountUsd, source, atMs }) {
      const position = registry.positions.get(name);
      if (position === undefined) return;
      const stepped = step(position, { type: 'position.redeemed', size, amountUsd, atMs });
      if (stepped.before === stepped.after) return;
      const state = positionState(stepped.context);
      happened(redeemedDraft(name, { ...stepped, size, source, state }), position);
    },
  };
}

/** What resolved markets owe in all. */
export function redeemableUsd(registry: Pick<Registry, 'positions' | 'snapshot'>): string {
  return [...registry.positions.values()].reduce(
    (sum, entry) => plus(sum, standing(registry.snapshot(entry).context).redeemableUsd),
    '0',
  );
}

/** How a market ended as the positions have it; undefined: it is traded, or not known here. */
export function resolutionOf(
  registry: Pick<Registry, 'positions' | 'snapshot' | 'venue'>,
  marketId: string,
): Payouts | undefined {
  const venue = registry.venue().name;
  const [YES, NO] = OUTCOMES.map((outcome) => {
    const entry = registry.positions.get(instrumentId(venue, marketId, outcome));
    return entry === undefined ? undefined : registry.snapshot(entry).context.resolution?.payout;
  });
  return YES === undefined || NO === undefined ? undefined : { YES, NO };
}

/** True where another vector is known already. */
export function contradicts(known: Payouts | undefined, told: Payouts): known is Payouts {
  return known !== undefined && !isSamePayouts(known, told);
}

/** The event that the venue files the market under, as the other outcome's position has it. */
function eventOf(registry: Registry, marketId: string): string | undefined {
  for (const outcome of OUTCOMES) {
    const name = instrumentId(registry.venue().name, marketId, outcome);
    const entry = registry.positions.get(name);
    const eventId = entry === undefined ? null : registry.snapshot(entry).context.eventId;
    if (eventId !== null) return eventId;
  }
  return undefined;
}
