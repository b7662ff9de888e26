/** Events of a holding: the stream `position:<instrument id>`. Each is caused by the event of a fill. */
import { z } from 'zod';
import { entries } from './entry.ts';
import { dollars, price, shares, text, word } from './fields.ts';

const POSITION = {
  instrumentId: text('`venue:market:outcome`.'),
  clientOrderId: text('The order whose fill moved it.'),
  legKey: text('The fill.'),
  effect: word(['applied', 'settled', 'voided'], 'What happened to the fill.'),
  size: shares('Held now; positive is LONG.'),
  sizeChange: shares('By this event, signed.'),
  sellableSize: shares('Settled and not sold; reservations are not taken off.'),
  averageEntry: price('Of what is held, to 12 decimals; 0 for nothing.'),
  costBasis: dollars('What is held cost, before fees.'),
  realizedPnl: dollars('Result of what was closed, before fees, ever.'),
  realizedPnlChange: dollars('By this event, signed.'),
  feesUsd: dollars('Fees of all its fills.'),
};

const position = {
  since: 1,
  stream: 'position',
  payload: z.strictObject(POSITION),
} as const;

export const POSITION_EVENTS = entries({
  'position.opened': {
    ...{ ...position, priority: 6 },
    meaning: 'Nothing was held of the instrument, now something is.',
  },
  'position.updated': {
    ...{ ...position, priority: 4 },
    meaning: 'What is held, or how much of it is settled, has changed.',
  },
  'position.closed': {
    ...{ ...position, priority: 6 },
    meaning: 'Nothing is held any more.',
  },
  'position.liquidated': {
    ...{ ...position, since: 2, priority: 8 },
    meaning: 'It was sold by the emergency liquidation. Follows its `position.closed`.',
  },
});
