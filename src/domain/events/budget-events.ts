/** Events of budgets (`system:main`). Each says how the budget stands after it. */
import { z } from 'zod';
import { entries } from './entry.ts';
import { dollars, orNull, text, timeMs } from './fields.ts';

const BUDGET = {
  budgetId: text('Our name of the budget.'),
  owner: text('The strategy whose intents may use it.'),
  amountUsd: dollars('What was kept back for it.'),
  spentUsd: dollars('What fills of its orders have cost, fees included.'),
  committedUsd: dollars('`spentUsd` and what was committed by word.'),
  heldUsd: dollars('Reserved by its orders that work.'),
  remainingUsd: dollars('What an order of it may still reserve; 0 once it has ended.'),
};

const BY = { by: text('Who.'), reason: text('Why.') };
const RETURNED = { returnedUsd: dollars('What went back to the account.') };

const budget = { since: 2, stream: 'system' } as const;

export const BUDGET_EVENTS = entries({
  'budget.reserved': {
    ...{ ...budget, priority: 6 },
    meaning: 'Dollars are kept back for the work of one owner.',
    payload: z.strictObject({
      ...BUDGET,
      ...BY,
      key: text('Names the request for ever.'),
      expiresAtMs: timeMs('No intent may use it from then on.'),
    }),
  },
  'budget.committed': {
    ...{ ...budget, priority: 5 },
    meaning: 'Part of it is spent: a fill of one of its orders, or somebody has said so.',
    payload: z.strictObject({
      ...BUDGET,
      changeUsd: dollars('Committed by this event; negative where a fill has failed on chain.'),
      legKey: orNull(text('The fill; null by word.')),
      by: orNull(text('Who; null by a fill.')),
      reason: orNull(text('Why; null by a fill.')),
      endedAtMs: orNull(timeMs('It has ended with this; null: it has not, or had before.')),
    }),
  },
  'budget.released': {
    ...{ ...budget, priority: 6 },
    meaning:
      'It has ended by word. What orders of it still hold goes to the account when they end.',
    payload: z.strictObject({ ...BUDGET, ...BY, ...RETURNED }),
  },
  'budget.expired': {
    ...{ ...budget, priority: 7 },
    meaning: 'Its time is over. What orders of it still hold goes to the account when they end.',
    payload: z.strictObject({ ...BUDGET, ...RETURNED }),
  },
});
