/** Events of an order and of its fills: the stream `order:<client order id>`. */
import { z } from 'zod';
import { entries } from './entry.ts';
import { dollars, flag, orNull, price, shares, text, timeMs, word } from './fields.ts';

const SIDES = ['BUY', 'SELL'] as const;

/** Repeated in each event: a reader needs no other event to know what it is about. */
const ORDER = {
  clientOrderId: text('Our name of the order.'),
  intentKey: text('The key of the intent that it was made of.'),
  strategy: text('What the order is filed under.'),
  instrumentId: text('`venue:market:outcome`.'),
  marketId: text('The market of the instrument.'),
  outcome: word(['YES', 'NO'], 'The outcome that is traded.'),
  side: word(SIDES, 'What was asked for.'),
  orderType: word(['limit', 'market'], 'What was asked for.'),
  price: price('The limit, or the worst acceptable price.'),
  size: orNull(shares('What was asked for; null for a market BUY by money.')),
  amountUsd: orNull(dollars('What was to be spent; null unless it is a market BUY by money.')),
  timeInForce: word(['GTC', 'GTD', 'FOK', 'FAK'], 'How long it may rest.'),
  venueOrderId: orNull(text("The venue's name of it; null before its bytes are made.")),
};

/** Where its fills stand: legs that have failed on chain are taken out. */
const FILLED = {
  filledSize: shares('Filled so far.'),
  averageFillPrice: orNull(price('Of what is filled, to 6 decimals; null for nothing.')),
  feesUsd: dollars('Fees of what is filled.'),
};

const REASON = { reason: orNull(text('Why, in words; null where nobody said it.')) };

const FILL = {
  clientOrderId: text('The order that it belongs to.'),
  legKey: text('`venue/trade/venue order/role`: names the leg for ever.'),
  tradeId: text("The venue's name of the trade."),
  venueOrderId: text("The venue's name of the order."),
  role: word(['taker', 'maker'], 'Took what rested, or rested and was taken.'),
  instrumentId: text('`venue:market:outcome`.'),
  side: word(SIDES, 'What we did.'),
  price: price('What it was filled at.'),
  size: shares('How much.'),
  feeUsd: dollars('What the venue took.'),
  settlement: word(
    ['matched', 'retrying', 'mined', 'confirmed', 'failed'],
    'Where it stands on chain.',
  ),
  matchedAtMs: timeMs("The venue's time of the match."),
  transactionHash: orNull(text('The transaction; null where the venue has not named it.')),
  conflicted: flag('The venue has told both final statuses of it.'),
};

const order = { since: 1, stream: 'order' } as const;

export const ORDER_EVENTS = entries({
  'order.submitted': {
    ...{ ...order, priority: 5 },
    meaning: 'Its exact bytes are committed and go to the venue now.',
    payload: z.strictObject(ORDER),
  },
  'order.acknowledged': {
    ...{ ...order, priority: 4 },
    meaning:
      'The venue has it; also one that was held to be refused or over and is alive after all.',
    payload: z.strictObject(ORDER),
  },
  'order.partiallyFilled': {
    ...{ ...order, priority: 5 },
    meaning: 'A fill came, and the order is not filled; a cancelled one may still take it.',
    payload: z.strictObject({ ...ORDER, ...FILLED }),
  },
  'order.filled': {
    ...{ ...order, priority: 6 },
    meaning:
      'The venue has matched all of it that it will. A fill may still come after it, and the chain may undo one.',
    payload: z.strictObject({ ...ORDER, ...FILLED }),
  },
  'order.cancelled': {
    ...{ ...order, priority: 5 },
    meaning: 'It ended before it was filled, on request or by the venue.',
    payload: z.strictObject({ ...ORDER, ...FILLED, ...REASON }),
  },
  'order.expired': {
    ...{ ...order, priority: 5 },
    meaning: 'The venue ended it because its time was over.',
    payload: z.strictObject({ ...ORDER, ...FILLED, ...REASON }),
  },
  'order.rejected': {
    ...{ ...order, priority: 7 },
    meaning: 'The venue refused it, or a person settled that it was never taken.',
    payload: z.strictObject({ ...ORDER, ...REASON }),
  },
  'order.denied': {
    ...{ ...order, priority: 6 },
    meaning: 'We refused it; nothing was sent.',
    payload: z.strictObject({
      ...ORDER,
      ...REASON,
      code: orNull(text('The reason as a program reads it.')),
    }),
  },
  'order.failed': {
    ...{ ...order, priority: 7 },
    meaning: 'It was filled, and the chain took none of its fills.',
    payload: z.strictObject(ORDER),
  },
  'order.unknown': {
    ...{ ...order, priority: 8 },
    meaning:
      'Nobody can say whether the venue has it: its market takes no entries until that ends.',
    payload: z.strictObject({ ...ORDER, ...REASON }),
  },
  'fill.applied': {
    ...{ ...order, priority: 5 },
    meaning: 'A fill entered the books: position and cash have moved.',
    payload: z.strictObject(FILL),
  },
  'fill.settled': {
    ...{ ...order, priority: 4 },
    meaning: 'A fill is final: the chain has it for good.',
    payload: z.strictObject(FILL),
  },
  'fill.voided': {
    ...{ ...order, priority: 8 },
    meaning: 'A fill failed on chain: its shares, cash and fee are taken back.',
    payload: z.strictObject(FILL),
  },
});
