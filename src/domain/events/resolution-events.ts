/** Events of the end of markets, and of what is paid out for it. */
import { z } from 'zod';
import { entries } from './entry.ts';
import { dollars, price, shares, text, timeMs, word } from './fields.ts';

const END = {
  marketId: text('The market.'),
  resolvedAtMs: timeMs('When it was resolved, by the venue.'),
  source: text('Who says so: the venue and its source, or a person.'),
};

export const RESOLUTION_EVENTS = entries({
  'market.resolved': {
    ...{ since: 2, stream: 'system', priority: 8 },
    meaning: 'A market that is held or traded here is resolved, for good.',
    payload: z.strictObject({
      ...END,
      payouts: z
        .strictObject({ YES: price('For YES.'), NO: price('For NO.') })
        .describe('Dollars a share by outcome; they add up to 1.'),
    }),
  },
  'position.resolved': {
    ...{ since: 2, stream: 'position', priority: 8 },
    meaning: 'What was held of a resolved market is closed at its payout; no cash has moved.',
    payload: z.strictObject({
      ...END,
      instrumentId: text('`venue:market:outcome`.'),
      payout: price('What a share pays.'),
      size: shares('Held until then; positive is LONG.'),
      costBasis: dollars('What it cost, before fees.'),
      realizedPnl: dollars('Result of everything that was closed, before fees, ever.'),
      realizedPnlChange: dollars('By the resolution, signed.'),
      redeemableUsd: dollars('What a redemption would pay; 0 for a lost outcome.'),
    }),
  },
  'position.redeemable': {
    ...{ since: 2, stream: 'position', priority: 7 },
    meaning:
      'Collateral can be had for shares of a resolved market, or another amount than before.',
    payload: z.strictObject({
      instrumentId: text('`venue:market:outcome`.'),
      size: shares('Shares that wait to be redeemed.'),
      redeemableUsd: dollars('What a redemption would pay now.'),
    }),
  },
  'position.redeemed': {
    ...{ since: 2, stream: 'position', priority: 7 },
    meaning: 'Shares of a resolved market have been turned into collateral: cash has moved.',
    payload: z.strictObject({
      instrumentId: text('`venue:market:outcome`.'),
      size: shares('Shares that are gone by it.'),
      amountUsd: dollars('Collateral that came.'),
      redeemableUsd: dollars('What is left to be redeemed.'),
      source: text('What shows it: the venue, or a person.'),
      state: word(['redeemable', 'redeemed', 'closed', 'open', 'flat'], 'Of the position now.'),
    }),
  },
});
