/** A person's word on the end of a market, where the venue says nothing or its balances are not clear. */
import { minus } from '../domain/exact.ts';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { parsePayouts } from '../domain/resolution.ts';
import { checkTexts } from './checks.ts';
import type { Execution } from './execution.ts';
import type { Clock } from './ports.ts';
import { contradicts, resolutionOf } from './resolutions.ts';
import { standing } from './rows.ts';
import type { CommandAnswer, TradingCommand } from './trading-api.ts';

type Of<Type extends TradingCommand['type']> = Extract<TradingCommand, { readonly type: Type }>;

export interface ResolutionCommands {
  /** @throws {InvalidValue} for no vector, another one than is known, or a market of nothing here. */
  resolve(command: Of<'market.resolve'>): Promise<CommandAnswer>;
  /** @throws {InvalidValue} for a position that is not redeemable, or an amount that is none. */
  redeem(command: Of<'position.redeem'>): Promise<CommandAnswer>;
}

export function createResolutionCommands(options: {
  readonly working: () => Execution;
  readonly clock: Pick<Clock, 'now'>;
}): ResolutionCommands {
  const { working, clock } = options;

  return {
    async resolve({ marketId, payouts: told, by, reason }) {
      checkTexts({ marketId, by, reason });
      const { registry, dispatch, journal } = working();
      const payouts = parsePayouts(told);
      const known = resolutionOf(registry, marketId);
      if (contradicts(known, payouts)) {
        throw new InvalidValue(
          'payouts',
          payouts,
          `what is known of ${marketId} already: YES ${known.YES}, NO ${known.NO}`,
        );
      }
      const words = `YES ${payouts.YES}, NO ${payouts.NO}`;
      const facts = { marketId, payouts };
      if (known !== undefined) {
        return { text: `${marketId} was resolved already: ${words}.`, changed: false, facts };
      }
      const isHere =
        [...registry.positions.values()].some(
          (entry) => registry.snapshot(entry).context.marketId === marketId,
        ) ||
        [...registry.orders.values()].some(
          (entry) => registry.snapshot(entry).context.instrument.marketId === marketId,
        );
      if (!isHere) throw new InvalidValue('marketId', marketId, 'a market that is held or ordered');
      const atMs = clock.now();
      const source = `${reason} (by ${by})`;
      dispatch({ type: 'market.resolved', marketId, payouts, resolvedAtMs: atMs, source, atMs });
      await journal.durable();
      return { text: `${marketId} is resolved: ${words}.`, changed: true, facts };
    },

    async redeem({ instrumentId, amountUsd, by, reason }) {
      checkTexts({ instrumentId, by, reason });
      const { registry, dispatch, journal } = working();
      const entry = registry.positions.get(instrumentId);
      if (entry === undefined) {
        throw new FillwrightFault('unknown_instrument', `There is no position of ${instrumentId}.`);
      }
      const { context } = registry.snapshot(entry);
      const { resolution, fold } = context;
      const { redeemableUsd } = standing(context);
      if (resolution === null) {
        throw new InvalidValue('instrumentId', instrumentId, 'one of a market that is resolved');
      }
      const facts = { instrumentId };
      if (redeemableUsd === '0') {
        return { text: `Nothing of ${instrumentId} is left to redeem.`, changed: false, facts };
      }
      const size = minus(fold.totals.size, resolution.redeemedSize);
      const paid = amountUsd ?? redeemableUsd;
      if (!/^-?\d+(\.\d{1,6})?$/.test(paid)) {
        throw new InvalidValue(
          'amountUsd',
          paid,
          'dollars as decimal text, with at most 6 decimals',
        );
      }
      const source = `${reason} (by ${by})`;
      dispatch({
        ...{ type: 'position.redeemed', instrumentId, size, amountUsd: paid, source },
        atMs: clock.now(),
      });
      await journal.durable();
      const text = `${size} shares of ${instrumentId} are redeemed for ${paid} dollars.`;
      return { text, changed: true, facts: { ...facts, size, amountUsd: paid } };
    },
  };
}
