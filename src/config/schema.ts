/** The shape of a configuration: every key with its meaning, its default and its bounds. */
import { z } from 'zod';
import { KEEP_EVENTS_MS } from '../actors/event-delivery.ts';
import { CANCEL_LIMIT_MS } from '../actors/graceful-stop.ts';
import { checkSettings } from '../adapters/venues/paper/settings.ts';
import { isLoopback } from '../adapters/venues/polymarket/credentials.ts';
import { toText } from '../domain/decimal.ts';
import { CATALOGUE_TYPES } from '../domain/events/catalogue.ts';
import { isKnownTick, KNOWN_TICKS } from '../domain/quantise.ts';
import { DEFAULT_RECONCILE } from '../domain/reconcile.ts';
import { ASK_AFTER_MS } from '../domain/settlement-schedule.ts';
import { exitPlan } from './exit-schema.ts';
import { bool, decimalField, listOf, oneOf, ratio, section, text, wholeNumber } from './fields.ts';
import { riskSchema } from './risk-schema.ts';
import { venueSchema } from './venue-schema.ts';

const DAY_MS = 86_400_000;
const OUTCOMES = ['YES', 'NO'] as const;

/** One source of defaults for the paper venue: the venue itself. */
const PAPER = checkSettings();

const tickSize = () =>
  decimalField('a tick size', { above: '0', below: '1' }).refine(isKnownTick, {
    error: `one of ${KNOWN_TICKS.map((rule) => rule.tickSize).join(', ')}`,
  });
const minimumOrderSize = () => decimalField('shares', { atLeast: '0' });
const feeRate = () => decimalField('a fee rate', { atLeast: '0', atMost: '1' });
const feeExponent = () => ratio(0, 10);
const percent = () => decimalField('percent', { atLeast: '0', atMost: '100' });
const takerDelayMs = () => wholeNumber(0, DAY_MS, 'milliseconds');

/** What a venue's feed does not say of a market. */
const marketRules = section({
  tickSize: tickSize().prefault('0.01'),
  /** Smallest size of a resting order, in shares. */
  minimumOrderSize: minimumOrderSize().prefault('5'),
  /** `shares x rate x (price x (1 - price)) ^ exponent` dollars. */
  fees: section({
    rate: feeRate().prefault('0'),
    exponent: feeExponent().prefault(1),
    takerOnly: bool().prefault(true),
  }).prefault({}),
  /** How long the venue holds a marketable order before it is matched. */
  takerDelayMs: takerDelayMs().prefault(0),
  negRisk: bool().prefault(false),
});

/** The same rules for one market: only what differs. */
const marketOverride = section({
  tickSize: tickSize().optional(),
  minimumOrderSize: minimumOrderSize().optional(),
  fees: section({
    rate: feeRate().optional(),
    exponent: feeExponent().optional(),
    takerOnly: bool().optional(),
  }).optional(),
  takerDelayMs: takerDelayMs().optional(),
  negRisk: bool().optional(),
});

const simulator = section({
  source: z.literal('simulator'),
  /** The same seed tells the same story. */
  seed: text('a seed').prefault('1'),
  /** How many markets there are. */
  markets: wholeNumber(1, 50, 'markets').prefault(3),
  /** Time between two steps of the market. */
  intervalMs: wholeNumber(10, 60_000, 'milliseconds').prefault(250),
});

const recording = section({
  source: z.literal('recording'),
  /** A `.jsonl` or `.jsonl.gz` file, relative to the working directory. */
  path: text('the path of a recording'),
  /** Recorded milliseconds for one real one; 0: as fast as it can be taken. Replay ignores it. */
  speed: ratio(0, 100_000).prefault(1),
  /** What to do at a line that cannot be read. */
  onCorrupt: oneOf(['stop', 'skip']).prefault('stop'),
});

const polymarket = section({
  source: z.literal('polymarket'),
  /** The outcomes to follow: one entry for YES and one for NO of each market. */
  tokens: z
    .array(
      section({
        /** The condition id, `0x…`. */
        marketId: text('a condition id such as 0x12ab'),
        /** The id of the outcome's token, decimal digits. */
        tokenId: text('a token id').refine((id) => /^\d{1,78}$/.test(id), {
          error: 'a token id: decimal digits',
        }),
        outcome: oneOf(OUTCOMES),
      }),
      { error: 'a list of { marketId, tokenId, outcome }' },
    )
    .min(1, { error: 'at least one token: see the comments in config/polymarket.yaml' })
    .max(200, { error: 'at most 200 tokens: one connection carries no more' })
    .superRefine(refuseTwins),
  /** Another address than the public channel's. */
  url: text('a ws:// or wss:// address')
    .refine(isWebSocketUrl, { error: 'a ws:// or wss:// address' })
    .optional(),
  /** Also write the raw frames to this `.jsonl.gz` file, for replay. */
  recordTo: text('the path of a .jsonl.gz file').optional(),
});

const venueChannel = section({
  /** The public channel of the venue that the orders go to, for its markets. */
  source: z.literal('venue'),
  /** Also write the raw frames to this `.jsonl.gz` file, for replay. */
  recordTo: text('the path of a .jsonl.gz file').optional(),
});

const latencyMs = () => wholeNumber(0, DAY_MS, 'milliseconds');

const paper = section({
  /** Travel time of a request to the venue. */
  latencyMs: section({
    submit: latencyMs().prefault(PAPER.submitLatencyMs),
    cancel: latencyMs().prefault(PAPER.cancelLatencyMs),
  }).prefault({}),
  /** Dollars that the venue's books open with; the account's deposit unless told otherwise. */
  cashUsd: decimalField('dollars', { atLeast: '0' }).optional(),
  settlement: section({
    minedAfterMs: latencyMs().prefault(PAPER.minedAfterMs),
    confirmedAfterMs: latencyMs().prefault(PAPER.confirmedAfterMs),
    /** Share of fills whose settlement fails, which takes them back. */
    failedShare: ratio(0, 1).prefault(PAPER.failedShare),
    /** Share of fills that settle at the second attempt. */
    retryingShare: ratio(0, 1).prefault(PAPER.retryingShare),
  }).prefault({}),
  partialFills: section({
    /** Share of taking orders that are filled in two parts. */
    share: ratio(0, 1).prefault(PAPER.partialShare),
    firstPart: decimalField('a part', { above: '0', below: '1' }).prefault(
      toText(PAPER.partialFirst),
    ),
    delayMs: latencyMs().prefault(PAPER.partialDelayMs),
  }).prefault({}),
  /** Where our resting order stands at its price: `back` is the honest assumption. */
  queuePosition: oneOf(['back', 'front']).prefault(PAPER.queuePosition),
});

const strategy = section({
  /** What its orders are filed under; the strategy's own name unless told otherwise. */
  name: text('a name')
    .refine((name) => /^[\w.-]{1,100}$/.test(name), {
      error: '1 to 100 letters, digits, dots, dashes or underscores',
    })
    .optional(),
  /** A built-in strategy, or a module that exports `createStrategy`, relative to this file. */
  use: text('buy-high-probability, synthetic-arbitrage or the path of a module'),
  /** Checked by the strategy itself. */
  options: z
    .record(z.string(), z.unknown(), { error: 'a section with the options of the strategy' })
    .prefault({}),
});

const webhook = section({
  /** Without a user: messages are signed. Plain http only to this machine. */
  url: text('an https:// address').refine(isWebhookUrl, {
    error: 'an https:// address without a user (http:// only to this machine)',
  }),
  /** The environment variable that holds the secret, `whsec_…`. */
  secretEnv: text('the name of an environment variable').refine(
    (name) => /^(?!whsec_)[A-Za-z_]\w{0,100}$/.test(name),
    { error: 'the name of an environment variable' },
  ),
  /** Only these; all unless told otherwise. */
  types: listOf(oneOf(CATALOGUE_TYPES)).optional(),
  /** Only events of this priority or higher. */
  minimumPriority: wholeNumber(1, 10).prefault(1),
});

const wholeSchema = section({
  /** `live`: real money. It also takes `run --live`. */
  mode: oneOf(['paper', 'live']).prefault('paper'),
  venue: venueSchema.prefault({ use: 'paper' }),
  account: section({
    id: text('a name')
      .refine((id) => /^[\w-]{1,50}$/.test(id), {
        error: '1 to 50 letters, digits, dashes or underscores',
      })
      .prefault('main'),
    /** Money that an account on the paper venue opens with. Later changes have no effect. */
    depositUsd: decimalField('dollars', { atLeast: '0' }).prefault('1000'),
    /** Cash that no order may touch. */
    minimumReserveUsd: decimalField('dollars', { atLeast: '0' }).prefault('0'),
  }).prefault({}),
  /** Where the embedded database lives, relative to the working directory. */
  dataFolder: text('the path of a folder').prefault('.fillwright'),
  database: section({
    /** An outside PostgreSQL. The variable DATABASE_URL wins over it. */
    url: text('a postgres:// address')
      .refine(isPostgresUrl, { error: 'a postgres:// address' })
      .optional(),
    /** The schema to live in, made when missing. */
    schema: text('a schema name')
      .refine((name) => /^[A-Za-z_]\w{0,62}$/.test(name), {
        error: '1 to 63 letters, digits or underscores',
      })
      .prefault('public'),
    /** How long the right to write outlives an engine whose machine is gone, in seconds. */
    leaseSeconds: wholeNumber(3, 60, 'seconds').prefault(6),
  }).prefault({}),
  /** An entry beyond this many open orders is denied. */
  maxOpenOrders: wholeNumber(1, 1_000_000, 'orders').prefault(1_000),
  /** What every intent is checked against: docs/risk.md. */
  risk: riskSchema.prefault({}),
  /** When and how positions are left by themselves: docs/exits.md. */
  exits: section({
    /** `default`, or a plan of your own; null: positions are left to strategies and people. */
    plan: exitPlan().prefault(null),
  }).prefault({}),
  /** Our books against the venue's: docs/reconciliation.md. */
  reconcile: section({
    /** Time between two comparisons; also at the start and after every connection. */
    everySeconds: wholeNumber(5, 3_600, 'seconds').prefault(DEFAULT_RECONCILE.everySeconds),
    /** A size that differs by more is a difference. */
    sizeTolerance: decimalField('shares', { atLeast: '0' }).prefault(
      DEFAULT_RECONCILE.sizeTolerance,
    ),
    /** A size that differs by more of it is critical: no entries there. */
    sizeTolerancePct: percent().prefault(DEFAULT_RECONCILE.sizeTolerancePct),
    /** An average entry that differs by more of it is a difference. */
    priceTolerancePct: percent().prefault(DEFAULT_RECONCILE.priceTolerancePct),
    /** Cash that differs by more is a difference. */
    collateralToleranceUsd: decimalField('dollars', { atLeast: '0' }).prefault(
      DEFAULT_RECONCILE.collateralToleranceUsd,
    ),
  }).prefault({}),
  /** An orderly end of `run`. */
  stop: section({
    /** Cancel every open order first. */
    cancelOrders: bool().prefault(false),
    /** How long the venue's answers to that are waited for. */
    cancelSeconds: wholeNumber(1, 300, 'seconds').prefault(CANCEL_LIMIT_MS / 1_000),
  }).prefault({}),
  /** Where the events of the engine go: docs/events.md. */
  events: section({
    /** Events that every sink has taken are kept for so long. */
    keepDays: wholeNumber(1, 3_650, 'days').prefault(KEEP_EVENTS_MS / DAY_MS),
    /** A file with a line for each event. */
    jsonLines: section({
      /** Relative to the working directory; its folder is made. */
      path: text('the path of a .jsonl file'),
      /** A file that would grow beyond it is put aside as `path.1`, `path.2` and so on. */
      maxBytes: wholeNumber(10_000, 1_000_000_000_000, 'bytes').prefault(100_000_000),
    }).optional(),
    /** Servers that each event is posted to. */
    webhooks: z
      .array(webhook, { error: 'a list of { url, secretEnv, types, minimumPriority }' })
      .max(20, { error: 'at most 20 webhooks' })
      .superRefine(refuseSameAddress)
      .prefault([]),
  }).prefault({}),
  /** Fills that are not final on chain. */
  settlement: section({
    /** One of which nothing was heard for so long is asked about; then at doubling intervals. */
    askAfterSeconds: wholeNumber(5, 3_600, 'seconds').prefault(ASK_AFTER_MS / 1_000),
  }).prefault({}),
  /** Check cash and positions after every turn. Replay always does. */
  checkIdentities: bool().prefault(false),
  marketData: z
    .discriminatedUnion('source', [simulator, recording, polymarket, venueChannel], {
      error: (issue) =>
        issue.code === 'invalid_union'
          ? 'simulator, recording, polymarket or venue'
          : 'a section with source: simulator, recording, polymarket or venue',
    })
    .prefault({ source: 'simulator' }),
  /** What the market data does not say of its markets. */
  markets: section({
    defaults: marketRules.prefault({}),
    /** By market id. */
    overrides: z
      .record(z.string(), marketOverride, { error: 'a section with a section for each market' })
      .prefault({}),
    /** By token id, for recordings; else a market's first token is YES. */
    outcomes: z
      .record(z.string(), oneOf(OUTCOMES), { error: 'a section of token ids with YES or NO' })
      .prefault({}),
  }).prefault({}),
  paper: paper.prefault({}),
  strategies: z
    .array(strategy, { error: 'a list of { use, options }' })
    .max(50, { error: 'at most 50 strategies' })
    .prefault([]),
  log: section({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']).prefault('info'),
    /** `auto`: lines for people on a terminal, JSON elsewhere. */
    pretty: z
      .union([z.literal('auto'), z.boolean()], { error: 'auto, true or false' })
      .prefault('auto'),
  }).prefault({}),
  /** Streams every actor to the Stately inspector. */
  inspector: section({
    enabled: bool().prefault(false),
    /** On 127.0.0.1; 0: any that is free. */
    port: wholeNumber(0, 65_535).prefault(0),
  }).prefault({}),
  replay: section({
    /** Chances of the paper venue, and ids, in a replay. */
    seed: text('a seed').prefault('1'),
    /** Virtual time that runs on after the recording's end, for settlements. */
    settleForMs: wholeNumber(0, DAY_MS, 'milliseconds').prefault(120_000),
    /** Cancel what is still open at the recording's end. */
    cancelAtEnd: bool().prefault(true),
  }).prefault({}),
});

/** Orders of a venue with books of its own follow those books. */
function withVenueChannel(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || 'marketData' in input) return input;
  const { venue } = input as { venue?: unknown };
  if (typeof venue !== 'object' || venue === null || !('use' in venue)) return input;
  return venue.use === 'paper' ? input : { ...input, marketData: { source: 'venue' } };
}

function refuseMixtures(
  { mode, venue, marketData }: z.output<typeof wholeSchema>,
  context: z.RefinementCtx,
): void {
  const refuse = (path: string[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  if (venue.use === 'paper' && marketData.source === 'venue') {
    refuse(['marketData', 'source'], 'another source: the paper venue has no books of its own');
  }
  if (venue.use !== 'paper' && marketData.source !== 'venue') {
    refuse(['marketData', 'source'], `venue: orders on ${venue.use} follow its own books`);
  }
  const isReal = venue.use === 'polymarket' && !isLoopback(venue.hosts.clob);
  if (isReal && mode === 'paper') refuse(['mode'], 'live: orders on this venue cost real money');
  if (!isReal && mode === 'live') refuse(['mode'], 'paper: no money is at stake on this venue');
}

/** The shape of a configuration, with the rules between its parts. */
export const configSchema = z.preprocess(withVenueChannel, wholeSchema.superRefine(refuseMixtures));

/** A token told twice, or two for one outcome, would mix two books into one. */
function refuseTwins(
  tokens: readonly { marketId: string; tokenId: string; outcome: string }[],
  context: z.RefinementCtx,
): void {
  const ids = new Set<string>();
  const outcomes = new Set<string>();
  for (const [index, { marketId, tokenId, outcome }] of tokens.entries()) {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [index, key], message });
    const instrument = JSON.stringify([marketId, outcome]);
    if (ids.has(tokenId)) refuse('tokenId', 'every tokenId once');
    if (outcomes.has(instrument)) refuse('outcome', 'one YES and one NO token in each market');
    ids.add(tokenId);
    outcomes.add(instrument);
  }
}

function isWebhookUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(value));
}

/** Two at one address would share their place in the order of events. */
function refuseSameAddress(
  webhooks: readonly { readonly url: string }[],
  context: z.RefinementCtx,
): void {
  const known = new Set<string>();
  for (const [index, { url }] of webhooks.entries()) {
    if (known.has(url)) {
      context.addIssue({ code: 'custom', path: [index, 'url'], message: 'every address once' });
    }
    known.add(url);
  }
}

export function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(?:ql)?:$/.test(new URL(value).protocol);
}

function isWebSocketUrl(value: string): boolean {
  return URL.canParse(value) && /^wss?:$/.test(new URL(value).protocol);
}
