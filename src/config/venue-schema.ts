/** Where orders go: the `venue` section of a configuration. */
import { z } from 'zod';
import { isLoopback } from '../adapters/venues/polymarket/credentials.ts';
import { FIRST_TIER, TIER_NAMES } from '../adapters/venues/polymarket/rate-limiter-budgets.ts';
import { bool, oneOf, section, text, wholeNumber } from './fields.ts';

const MOST_MARKETS = 100;

const paper = section({
  use: z.literal('paper'),
});

const sandbox = section({
  use: z.literal('sandbox'),
  /** The same seed gives the same keys, markets and price moves. */
  seed: text('a seed').prefault('1'),
  /** A scenario file, relative to the working directory; the built-in one where absent. */
  scenario: text('the path of a scenario').optional(),
  /** Which of the scenario's accounts trades, counted from 0. */
  account: wholeNumber(0, 99).prefault(0),
});

/** Requests carry keys: they go encrypted, or do not leave this machine. */
const webAddress = (protocol: 'http' | 'ws') => {
  const expected = `an address that begins with ${protocol}s://, or ${protocol}:// on this machine`;
  return text(expected).refine(
    (value) =>
      URL.canParse(value) &&
      (new URL(value).protocol === `${protocol}s:` ||
        (new URL(value).protocol === `${protocol}:` && isLoopback(value))),
    { error: expected },
  );
};

const polymarket = section({
  use: z.literal('polymarket'),
  /** Condition ids of the markets to trade. */
  markets: z
    .array(
      text('a condition id').refine((id) => /^0x[0-9a-fA-F]{62}(?:00|[0-9a-fA-F]{2})?$/.test(id), {
        error: 'a condition id: 0x and 64 hexadecimal digits',
      }),
      { error: 'a list of condition ids' },
    )
    .min(1, { error: 'at least one condition id' })
    .max(MOST_MARKETS, { error: `at most ${MOST_MARKETS} condition ids` }),
  /** The file with the keys, relative to the working directory. Absent: the environment has them. */
  credentials: text('the path of a credentials file').optional(),
  /** The venue cancels all orders when this engine has been silent for 10 s. */
  heartbeat: bool().prefault(false),
  /** Trade markets of protocol V2 (ExchangeV3) as well. */
  protocolV2: bool().prefault(false),
  /** The signer's tier of the venue's trading rate limits, by its volume; its answers correct it. */
  tier: oneOf(TIER_NAMES).prefault(FIRST_TIER),
  /** Other addresses than the venue's own. */
  hosts: section({
    clob: webAddress('http').prefault('https://clob.polymarket.com'),
    stream: webAddress('ws').prefault('wss://ws-subscriptions-clob.polymarket.com'),
    gamma: webAddress('http').prefault('https://gamma-api.polymarket.com'),
    data: webAddress('http').prefault('https://data-api.polymarket.com'),
    geoblock: webAddress('http').prefault('https://polymarket.com'),
  }).prefault({}),
});

export const venueSchema = z.discriminatedUnion('use', [paper, sandbox, polymarket], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'paper, sandbox or polymarket'
      : 'a section with use: paper, sandbox or polymarket',
});
