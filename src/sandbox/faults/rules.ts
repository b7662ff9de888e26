/**
 * What can be made to go wrong, as data: the same form in a scenario file, over HTTP and in a
 * program. Each kind is a failure that was seen at the venue; docs/sandbox.md says where.
 */
import { z } from 'zod';
import { bool, oneOf, ratio, section, text, wholeNumber } from '../../config/fields.ts';

const DAY_MS = 86_400_000;
const milliseconds = () => wholeNumber(0, DAY_MS, 'milliseconds');

/** Routes that are named together. */
const ROUTE_GROUPS = ['orders', 'cancels', 'reads', 'heartbeats', 'any'] as const;
const ROUTE = /^(?:GET|POST|DELETE) \/\S*$/;
const FRAME = /^(?:any|(?:user|market)\.(?:any|[a-z_]+))$/;

/** When a rule applies; every part that is given must hold. */
const when = {
  /** A condition id or the slug of a market. */
  market: text('a condition id or a slug').optional(),
  /** Only the order that was posted as the n-th since the start, counted from 1. */
  order: wholeNumber(1, 1_000_000_000).optional(),
  /** Chance of each match. */
  probability: ratio(0, 1).prefault(1),
  /** Matches that pass unharmed first. */
  skip: wholeNumber(0, 1_000_000_000).prefault(0),
  /** Ends after this many hits. */
  count: wholeNumber(1, 1_000_000_000).optional(),
  /** Begins this long after it was added. */
  fromMs: milliseconds().prefault(0),
  /** Lasts this long from then; for ever unless given. */
  forMs: milliseconds().optional(),
};

const route = (group: (typeof ROUTE_GROUPS)[number]) =>
  text('a route')
    .refine((value) => ROUTE_GROUPS.some((name) => name === value) || ROUTE.test(value), {
      error: `${ROUTE_GROUPS.join(', ')} or a route such as "POST /order"`,
    })
    .prefault(group);

const frame = text('a frame')
  .refine((value) => FRAME.test(value), {
    error: 'any, user.any, market.any or a frame such as user.trade or market.price_change',
  })
  .prefault('any');

const onOrders = { ...when, route: route('orders') };
const closeAfterMs = milliseconds().prefault(60_000);
const httpStatus = () => wholeNumber(200, 599);

export const faultRule = z.discriminatedUnion(
  'kind',
  [
    /** The request is carried out; nobody hears of it. The socket is destroyed `closeAfterMs` later. */
    section({ kind: z.literal('acceptThenTimeout'), ...onOrders, closeAfterMs }),
    /** The request is lost; nobody hears of it. */
    section({ kind: z.literal('rejectThenTimeout'), ...onOrders, closeAfterMs }),
    /** The answer comes late: the request is carried out before or after the wait. */
    section({
      kind: z.literal('slow'),
      ...onOrders,
      delayMs: milliseconds().prefault(1_000),
      carriedOut: oneOf(['before', 'after']).prefault('before'),
    }),
    section({
      kind: z.literal('tooManyRequests'),
      ...onOrders,
      retryAfterS: wholeNumber(0, 3_600, 'seconds').prefault(1),
    }),
    /** An answer in JSON, carried out before it or not at all. */
    section({
      kind: z.literal('error'),
      ...onOrders,
      status: httpStatus().prefault(500),
      error: text().prefault('could not run the execution'),
      carriedOut: bool().prefault(false),
    }),
    /** The page that a proxy in front of the venue answers. */
    section({
      kind: z.literal('html'),
      ...onOrders,
      status: httpStatus().prefault(502),
      carriedOut: bool().prefault(false),
    }),
    /** Half of the answer, then the end of the connection. */
    section({ kind: z.literal('truncate'), ...onOrders }),
    /** The matching engine restarts: 425, then only post-only orders. */
    section({
      kind: z.literal('restart'),
      ...when,
      downForMs: milliseconds().prefault(2_000),
      postOnlyForMs: milliseconds().prefault(120_000),
    }),
    section({ kind: z.literal('postOnly'), ...when }),
    section({ kind: z.literal('cancelOnly'), ...when }),
    section({ kind: z.literal('disabled'), ...when }),
    /** Between a cancel and its answer the order is filled by this share of what is left. */
    section({
      kind: z.literal('cancelRace'),
      ...when,
      share: ratio(0, 1).prefault(1),
    }),
    section({ kind: z.literal('duplicateFrame'), ...when, frame }),
    section({
      kind: z.literal('delayFrame'),
      ...when,
      frame,
      delayMs: milliseconds().prefault(1_000),
    }),
    /** The frame comes after the next one, or after this time if there is none. */
    section({
      kind: z.literal('reorderFrames'),
      ...when,
      frame,
      withinMs: milliseconds().prefault(1_000),
    }),
    section({ kind: z.literal('dropFrame'), ...when, frame }),
    /** From here on the connection stays open and says nothing. */
    section({
      kind: z.literal('freeze'),
      ...when,
      frame,
      answersPing: bool().prefault(true),
    }),
    /** The frame is sent, then the connection is cut. */
    section({ kind: z.literal('disconnect'), ...when, frame }),
    /** What the venue shows as a balance is no longer brought up to date. */
    section({
      kind: z.literal('staleBalances'),
      ...when,
      /** Also when the client asks for it. */
      ignoresUpdates: bool().prefault(false),
    }),
    /** What becomes of a match on chain. */
    section({
      kind: z.literal('settlement'),
      ...when,
      fate: oneOf(['FAILED', 'RETRYING']).prefault('FAILED'),
    }),
  ],
  { error: 'a rule with a known kind: see docs/sandbox.md' },
);

export type FaultRule = z.output<typeof faultRule>;
export type FaultKind = FaultRule['kind'];
export type RuleOf<Kind extends FaultKind> = Extract<FaultRule, { kind: Kind }>;

/** A rule as a program writes it: the kind, and what differs from the defaults. */
export type FaultInput = {
  [Kind in FaultKind]: { readonly kind: Kind } & Partial<Omit<RuleOf<Kind>, 'kind'>>;
}[FaultKind];
