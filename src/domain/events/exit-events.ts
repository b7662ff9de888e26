/** Events of how a position is left by its plan: in the stream of the position. */
import { z } from 'zod';
import { EXIT_REASONS } from '../exits/exit-plan.ts';
import { entries } from './entry.ts';
import { count, dollars, flag, orNull, price, shares, text, timeMs, word } from './fields.ts';

const REASONS = Object.values(EXIT_REASONS) as [string, ...string[]];

const EXIT = {
  instrumentId: text('`venue:market:outcome`.'),
  exitNumber: count('From 1, in the life of this plan.'),
  ruleId: text('The rule of the plan that fired.'),
  reason: word(REASONS, 'Of which kind it is.'),
  why: text('What it saw, in words.'),
  entryPrice: price('Average of what was held when it began.'),
};

const exit = { since: 2, stream: 'position' } as const;

export const EXIT_EVENTS = entries({
  'exit.triggered': {
    ...{ ...exit, priority: 7 },
    meaning: 'A rule of the plan has fired: the position, or a part of it, is being sold.',
    payload: z.strictObject({
      ...EXIT,
      targetSize: shares('To be sold.'),
      worstPrice: price('It sells no lower.'),
      bid: orNull(price('Best bid as it was last told; null: there was none.')),
    }),
  },
  'exit.ended': {
    ...{ ...exit, priority: 7 },
    meaning:
      'An exit is over: all of it is sold, or its ladder of prices has come to its end. What a fill that is not final does later is told by the position.',
    payload: z.strictObject({
      ...EXIT,
      exitPrice: orNull(price('Average, to 12 decimals; null: nothing was sold.')),
      size: shares('Sold.'),
      leftSize: shares('Was to be sold and is not.'),
      feesUsd: dollars('Of its fills.'),
      realizedPnl: dollars('Before fees.'),
      isFinal: flag('Every fill of it is confirmed.'),
      startedAtMs: timeMs('When it was triggered.'),
    }),
  },
  'exit.completed': {
    ...{ ...exit, priority: 6 },
    meaning: 'Nothing is held any more, and the chain has confirmed it for good.',
    payload: z.strictObject({
      instrumentId: text('`venue:market:outcome`.'),
      exits: count('How many there were.'),
    }),
  },
});
