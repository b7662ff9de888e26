/** What a sandbox is made of: accounts, markets, makers, faults, and what happens when. From YAML, checked whole. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import {
  bool,
  decimalField,
  listOf,
  oneOf,
  ratio,
  section,
  text,
  wholeNumber,
} from '../config/fields.ts';
import { invalidConfig, readYaml } from '../config/read-yaml.ts';
import { show } from '../domain/faults.ts';
import { KNOWN_TICKS } from '../domain/quantise.ts';
import { DEFAULT_ACCOUNTS, DEFAULT_MARKETS } from './default-scenario.ts';
import { faultRule } from './faults/rules.ts';

const DAY_MS = 86_400_000;
const milliseconds = () => wholeNumber(0, DAY_MS, 'milliseconds');
const name = (expected: string) =>
  text(expected).refine((value) => /^[\w.-]{1,100}$/.test(value), {
    error: '1 to 100 letters, digits, dots, dashes or underscores',
  });
const amount = (what: string) => decimalField(what, { atLeast: '0', atMost: '1000000000000' });
const price = () => decimalField('a price', { above: '0', below: '1' });
const outcomeShares = section({
  YES: amount('shares').optional(),
  NO: amount('shares').optional(),
});

const account = section({
  name: name('a name'),
  /** 0 EOA, 1 proxy wallet, 2 Safe, 3 deposit wallet. */
  signatureType: z.literal([0, 1, 2, 3], { error: '0, 1, 2 or 3' }),
  dollars: amount('dollars').prefault('10000'),
  /** By the slug of a market. */
  shares: z.record(z.string(), outcomeShares, { error: 'a section of markets' }).prefault({}),
  /** Derived from the seed and the name unless given. */
  privateKey: text('0x and 64 hex digits')
    .refine((key) => /^0x[\da-fA-F]{64}$/.test(key), { error: '0x and 64 hex digits' })
    .optional(),
});

const level = section({ price: price(), size: amount('shares') });

const makers = z
  .discriminatedUnion(
    'kind',
    [
      section({ kind: z.literal('none') }),
      /** Stands where it was put. */
      section({
        kind: z.literal('fixed'),
        bids: listOf(level).prefault([]),
        asks: listOf(level).prefault([]),
      }),
      /** A seeded price process with a book around it, and traders that take. */
      section({
        kind: z.literal('simulated'),
        /** Climbs to 0.9 and above and falls back, over and over. */
        climbs: bool().prefault(false),
        intervalMs: wholeNumber(10, 60_000, 'milliseconds').prefault(500),
      }),
      /** A recorded market channel, played as the makers' book. */
      section({
        kind: z.literal('recording'),
        path: text('the path of a .jsonl or .jsonl.gz file'),
        /** Recorded milliseconds for one real one. */
        speed: ratio(0.001, 100_000).prefault(1),
      }),
    ],
    { error: 'a section with kind: none, fixed, simulated or recording' },
  )
  .prefault({ kind: 'none' });

const market = section({
  slug: name('a slug'),
  question: text('a question').optional(),
  tickSize: oneOf(['0.1', '0.01', '0.005', '0.0025', '0.001', '0.0001']).prefault('0.01'),
  minimumOrderSize: amount('shares').prefault('5'),
  negRisk: bool().prefault(false),
  version: oneOf(['v1', 'v2']).prefault('v1'),
  fees: section({
    rate: decimalField('a rate', { atLeast: '0', atMost: '1' }).prefault('0'),
    exponent: ratio(0, 10).prefault(1),
    takerOnly: bool().prefault(true),
  }).prefault({}),
  takerDelayMs: milliseconds().prefault(0),
  /** True: the answer waits for the delay; false: it says `delayed` at once. */
  blockingDelay: bool().prefault(false),
  makers,
});

/** Something that happens to a market at a time after the start. */
const happening = z.discriminatedUnion(
  'kind',
  [
    section({
      kind: z.literal('resolve'),
      atMs: milliseconds(),
      market: text('a slug or a condition id'),
      outcome: oneOf(['YES', 'NO', '50-50']),
    }),
    section({
      kind: z.literal('tickSize'),
      atMs: milliseconds(),
      market: text('a slug or a condition id'),
      tickSize: oneOf(KNOWN_TICKS.map(({ tickSize }) => tickSize)),
    }),
  ],
  { error: 'a section with kind: resolve or tickSize' },
);

const scenarioSchema = section({
  /** Private keys, API keys, prices and chances follow from it. */
  seed: text('a seed').prefault('1'),
  /** The chain that orders are signed for: 137 Polygon, 80002 Amoy. */
  chainId: z.union([z.literal(137), z.literal(80_002)], { error: '137 or 80002' }).prefault(137),
  accounts: listOf(account).prefault([...DEFAULT_ACCOUNTS]),
  markets: listOf(market)
    .min(1, { error: 'at least one market' })
    .prefault([...DEFAULT_MARKETS]),
  settlement: section({
    minedAfterMs: milliseconds().prefault(2_000),
    confirmedAfterMs: milliseconds().prefault(4_000),
    failedShare: ratio(0, 1).prefault(0),
    retryingShare: ratio(0, 1).prefault(0),
  }).prefault({}),
  balances: section({
    /** How old a shown balance may be before the venue looks again. */
    refreshAfterMs: milliseconds().prefault(1_000),
  }).prefault({}),
  faults: listOf(faultRule).prefault([]),
  schedule: listOf(happening).prefault([]),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioMarket = Scenario['markets'][number];
export type ScenarioMakers = ScenarioMarket['makers'];
export type Happening = Scenario['schedule'][number];

/**
 * Checks scenario text. `place` is the file name that errors begin with.
 * @throws {FillwrightFault} `invalid_config` with a line for every problem.
 */
export function parseScenario(source: string, place: string): Scenario {
  const file = readYaml(source, place);
  return check(file.value, place, file.lineOf);
}

/** The same for a plain object, for example one written in a test. */
export function scenarioOf(value: unknown = {}): Scenario {
  return check(value, 'scenario', () => undefined);
}

/** @throws {FillwrightFault} `invalid_config`, also when the file cannot be read. */
export async function readScenario(path: string): Promise<Scenario> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (cause) {
    throw invalidConfig([`${path}: expected a file that can be read.`], { cause });
  }
  return parseScenario(source, path);
}

function check(
  value: unknown,
  place: string,
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
): Scenario {
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success) return refuseTwins(parsed.data, place);
  throw invalidConfig(
    parsed.error.issues.map((issue) => {
      const path =
        issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
      const line = lineOf(path);
      const at = line === undefined ? place : `${place}:${line}`;
      // A private key is not repeated.
      const got = path.at(-1) === 'privateKey' ? 'another text' : show(valueAt(value, path));
      return `${at}: ${path.map(String).join('.')}: got ${got}, expected ${issue.message}.`;
    }),
  );
}

/** Names stand for ids: a name told twice would be one market, or one key, for two. */
function refuseTwins(scenario: Scenario, place: string): Scenario {
  const problems = [
    ...twins(scenario.markets.map(({ slug }) => slug)).map((slug) => `the market ${slug}`),
    ...twins(scenario.accounts.map((entry) => entry.name)).map((twin) => `the account ${twin}`),
  ];
  if (problems.length === 0) return scenario;
  throw invalidConfig(problems.map((problem) => `${place}: expected ${problem} once.`));
}

function twins(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((entry, index) => names.indexOf(entry) !== index))];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null
        ? Object.getOwnPropertyDescriptor(at, key)?.value
        : undefined,
    value,
  );
}
