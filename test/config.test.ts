import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { parseConfig, readConfig, redact } from '../src/config.ts';
import { FillwrightFault } from '../src/domain/faults.ts';
import { openEventSinks } from '../src/event-sinks.ts';

function problemsOf(source: string): readonly string[] {
  try {
    parseConfig(source, 'my.yaml');
  } catch (error) {
    if (!(error instanceof FillwrightFault)) throw error;
    expect(error.code).toBe('invalid_config');
    return error.message.split('\n');
  }
  return [];
}

describe('defaults', () => {
  test('an empty file is a whole configuration', () => {
    const config = parseConfig('', 'my.yaml');
    expect(config).toMatchObject({
      mode: 'paper',
      account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '0' },
      dataFolder: '.fillwright',
      database: { schema: 'public', leaseSeconds: 6 },
      checkIdentities: false,
      marketData: { source: 'simulator', seed: '1', markets: 3, intervalMs: 250 },
      strategies: [],
      log: { level: 'info', pretty: 'auto' },
      inspector: { enabled: false, port: 0 },
      replay: { settleForMs: 120_000, cancelAtEnd: true },
    });
    expect(config.database.url).toBeUndefined();
  });

  test('the paper venue opens with what the account is given, unless told otherwise', () => {
    expect(parseConfig('account: { depositUsd: 250.5 }', 'a').paper.cashUsd).toBe('250.5');
    const other = 'account: { depositUsd: 250.5 }\npaper: { cashUsd: 7 }';
    expect(parseConfig(other, 'a').paper.cashUsd).toBe('7');
  });
});

describe('numbers', () => {
  test.each([
    ['0.95', '0.95'],
    ['"0.95"', '0.95'],
    ['1000', '1000'],
    ['0.1000', '0.1'],
    ['12345678901.123456', '12345678901.123456'],
  ])('money written as %s is %s', (written, text) => {
    const config = parseConfig(`account: { depositUsd: ${written} }`, 'a');
    expect(config.account.depositUsd).toBe(text);
  });

  test.each(['1e3', '.5', '-1', '+1', '0x10', '.nan', '.inf', '1_000', '1.1234567', 'true', '[1]'])(
    'money written as %s is refused',
    (written) => {
      expect(problemsOf(`account: { depositUsd: ${written} }`)[0]).toMatch(
        /^my\.yaml:1: account\.depositUsd: got .*, expected dollars 0 or more/,
      );
    },
  );

  test('no digit of any money is lost on the way', () => {
    const amount = fc
      .tuple(fc.bigInt(0n, 10n ** 14n), fc.integer({ min: 0, max: 999_999 }))
      .map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
    fc.assert(
      fc.property(amount, (text) => {
        const read = parseConfig(`account: { depositUsd: ${text} }`, 'a').account.depositUsd;
        expect(read).toBe(text.replace(/\.?0+$/, ''));
      }),
    );
  });

  test('ids keep every digit, quoted or not', () => {
    const id = '71321045679252212594626385532706912750332728571942532289631379312455583992563';
    const config = parseConfig(
      `markets:\n  outcomes: { ${id}: YES }\n  overrides: { 0x12ab: { tickSize: 0.001 } }`,
      'a',
    );
    expect(config.markets.outcomes).toEqual({ [id]: 'YES' });
    expect(config.markets.overrides).toEqual({ '0x12ab': { tickSize: '0.001' } });
  });
});

const CONDITION_ID = `0x${'ab'.repeat(32)}`;

describe('problems', () => {
  test.each([
    ['mode: live', 'mode: got "live", expected paper: no money is at stake on this venue.'],
    ['modus: paper', 'modus: got "paper", expected one of mode, venue, account,'],
    ['venue: { use: kraken }', 'venue.use: got "kraken", expected paper, sandbox or polymarket.'],
    ['venue: polymarket', 'venue: got "polymarket", expected a section with use: paper,'],
    [
      'mode: live\nvenue: { use: polymarket, markets: [rain] }',
      'venue.markets[0]: got "rain", expected a condi',
    ],
    [
      `venue: { use: polymarket, markets: ["${CONDITION_ID}"] }`,
      'mode: got nothing, expected live: orders on this venue cost real money.',
    ],
    [
      `mode: live\nvenue: { use: polymarket, markets: ["${CONDITION_ID}"], hosts: { clob: "x" } }`,
      'venue.hosts.clob: got "x", expected an address that begins with https://',
    ],
    [
      'venue: { use: sandbox }\nmode: live',
      'mode: got "live", expected paper: no money is at stake on this venue.',
    ],
    [
      'venue: { use: sandbox }\nmarketData: { source: simulator }',
      'marketData.source: got "simulator", expected venue: orders on sandbox follow its own books.',
    ],
    [
      'marketData: { source: venue }',
      'marketData.source: got "venue", expected another source: the paper venue has no books',
    ],
    ['account: { id: "a b" }', 'account.id: got "a b", expected 1 to 50 letters'],
    ['account: 5', 'account: got 5, expected a section with id, depositUsd'],
    [
      'exits: { plan: { name: x, rules: [{ id: a, kind: profitTaget, price: 0.6 }] } }',
      'exits.plan.rules[0].kind: got "profitTaget", expected holdToResolution, profitTarget',
    ],
    ['exits: { plan: always }', 'exits.plan: got "always", expected'],
    ['risk: { timeZone: Atlantis }', 'risk.timeZone: got "Atlantis", expected a time zone such as'],
    ['risk: { maxTotalUsd: -1 }', 'risk.maxTotalUsd: got'],
    ['maxOpenOrders: 0', 'maxOpenOrders: got 0, expected a whole number of orders from 1'],
    ['maxOpenOrders: 1.5', 'maxOpenOrders: got "1.5", expected a whole number'],
    ['checkIdentities: yes', 'checkIdentities: got "yes", expected true or false.'],
    [
      'marketData: { source: ftx }',
      'marketData.source: got "ftx", expected simulator, recording, polymarket or',
    ],
    ['marketData: { source: recording }', 'marketData.path: got nothing, expected the path'],
    [
      'marketData: { source: simulator, markets: 99 }',
      'marketData.markets: got 99, expected a whole',
    ],
    [
      'marketData: { source: polymarket, tokens: [] }',
      'marketData.tokens: got [], expected at least',
    ],
    [
      'marketData: { source: polymarket, tokens: [{ marketId: m, tokenId: x, outcome: YES }] }',
      'marketData.tokens[0].tokenId: got "x", expected a token id: decimal digits.',
    ],
    [
      'marketData: { source: polymarket, tokens: [{ marketId: m, tokenId: 1, outcome: YES }, { marketId: m, tokenId: 1, outcome: NO }] }',
      'marketData.tokens[1].tokenId: got 1, expected every tokenId once.',
    ],
    [
      'marketData: { source: polymarket, tokens: [{ marketId: m, tokenId: 1, outcome: YES }, { marketId: m, tokenId: 2, outcome: YES }] }',
      'marketData.tokens[1].outcome: got "YES", expected one YES and one NO token in each market.',
    ],
    [
      'markets: { overrides: { m1: { tickSize: 0.3 } } }',
      'markets.overrides.m1.tickSize: got "0.3", expected one of 0.1, 0.01,',
    ],
    [
      'markets: { outcomes: { "1": MAYBE } }',
      'markets.outcomes.1: got "MAYBE", expected YES or NO.',
    ],
    [
      'paper: { settlement: { failedShare: 1.5 } }',
      'paper.settlement.failedShare: got "1.5", expected a number from 0 to 1.',
    ],
    [
      'paper: { partialFills: { firstPart: 1 } }',
      'paper.partialFills.firstPart: got 1, expected a part above 0 and below 1',
    ],
    ['strategies: [{ use: a, nmae: b }]', 'strategies[0].nmae: got "b", expected one of name, use'],
    ['strategies: [{}]', 'strategies[0].use: got nothing, expected buy-high-probability'],
    ['log: { pretty: maybe }', 'log.pretty: got "maybe", expected auto, true or false.'],
    ['- 1', 'configuration: got [1], expected a section with mode'],
  ])('%s', (source, message) => {
    const [problem, ...others] = problemsOf(source);
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });

  test('every problem has its own line with file, line and path', () => {
    const problems = problemsOf('mode: demo\naccount:\n  depositUsd: lots\n  colour: red\n');
    expect(problems).toHaveLength(3);
    expect(problems.some((line) => line.startsWith('my.yaml:1: mode: '))).toBe(true);
    expect(problems.some((line) => line.startsWith('my.yaml:3: account.depositUsd: '))).toBe(true);
    expect(problems.some((line) => line.startsWith('my.yaml:4: account.colour: '))).toBe(true);
  });

  test.each([
    ['a: [1', 'my.yaml:1: '],
    ['mode: paper\nmode: paper', 'my.yaml:2: Map keys must be unique'],
    [
      'markets: { overrides: { 0x1: {},\n "0x1": { tickSize: 0.001 } } }',
      'my.yaml:2: expected the key 0x1 once',
    ],
    ['mode: &m paper\ndataFolder: *m', 'my.yaml:2: expected the value itself'],
    [`${'a: {'.repeat(30)}${'}'.repeat(30)}`, 'expected at most 20 levels'],
    ['x'.repeat(1_000_001), 'my.yaml: got 1000001 characters'],
  ])('text that is no such YAML is refused: %.20s', (source, message) => {
    expect(problemsOf(source)[0]).toContain(message);
  });

  test('any text gives a configuration or a fault, nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (source) => {
        for (const problem of problemsOf(source)) expect(problem).toMatch(/^my\.yaml/);
      }),
    );
  });

  test.each([
    [
      'database: { url: "mysql://me:hunter2@host/x" }',
      'my.yaml:1: database.url: got another text, expected a postgres:// address.',
    ],
    [
      'marketData: { source: polymarket, url: "https://h/?token=hunter2", tokens: [{ marketId: m, tokenId: 1, outcome: YES }] }',
      'my.yaml:1: marketData.url: got another text, expected a ws:// or wss:// address.',
    ],
  ])('an address is not repeated in an error: %s', (source, problem) => {
    expect(problemsOf(source)).toEqual([problem]);
  });
});

describe('files and environment', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fillwright-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('DATABASE_URL wins over the file', async () => {
    const path = join(folder, 'a.yaml');
    await writeFile(path, 'database: { url: "postgres://one/x" }');
    expect((await readConfig(path, {})).database.url).toBe('postgres://one/x');
    const config = await readConfig(path, { DATABASE_URL: 'postgres://two/x' });
    expect(config.database.url).toBe('postgres://two/x');
    expect(config.baseFolder).toBe(folder);
  });

  test('DATABASE_URL is checked as the file is, and not repeated', async () => {
    const path = join(folder, 'b.yaml');
    await writeFile(path, '');
    await expect(
      readConfig(path, { DATABASE_URL: 'mysql://me:hunter2@two/x' }),
    ).rejects.toMatchObject({
      code: 'invalid_config',
      message: 'DATABASE_URL: got another text, expected a postgres:// address.',
    });
  });

  test.each([
    ['absent.yaml', 'expected a file that exists'],
    ['.', 'expected a file that can be read (EISDIR)'],
  ])('the path %s is refused', async (name, message) => {
    await expect(readConfig(join(folder, name), {})).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(message),
    });
  });

  test.each(['start', 'replay', 'polymarket'])('config/%s.yaml is right', async (name) => {
    const path = new URL(`../config/${name}.yaml`, import.meta.url).pathname;
    const config = await readConfig(path, {});
    expect(config.strategies.length).toBeGreaterThan(0);
  });
});

test.each([
  ['postgres://me:hunter2@host:5432/x?password=hunter2', 'postgres://[hidden]@host:5432/x'],
  ['postgres://host/x', 'postgres://host/x'],
])('what is printed of %s is %s', (url, printed) => {
  const config = parseConfig(`database: { url: "${url}" }`, 'a');
  expect(redact(config).database.url).toBe(printed);
  expect(JSON.stringify(redact(config))).not.toContain('hunter2');
});

test('an address of the market data is printed without its secrets', () => {
  const config = parseConfig(
    'marketData: { source: polymarket, url: "wss://me:hunter2@h/ws?token=hunter2", tokens: [{ marketId: m, tokenId: 1, outcome: YES }] }',
    'a',
  );
  expect(redact(config).marketData).toMatchObject({ url: 'wss://[hidden]@h/ws' });
});

describe('events', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const hook = (url: string, secretEnv = 'HOOK') =>
    `events: { webhooks: [{ url: "${url}", secretEnv: "${secretEnv}" }] }`;

  test('go nowhere, and are kept for 30 days, unless told otherwise', () => {
    expect(parseConfig('', 'a').events).toEqual({ keepDays: 30, webhooks: [] });
  });

  test.each(['https://h/hook', 'http://127.0.0.1:8080/hook', 'http://localhost/hook'])(
    '%s is an address for them',
    (url) => expect(problemsOf(hook(url))).toEqual([]),
  );

  test.each(['http://h/hook', 'ftp://h/hook', 'https://me:hunter2@h/hook', 'hunter2'])(
    '%s is none, and is not repeated',
    (url) => {
      expect(problemsOf(hook(url))).toEqual([
        'my.yaml:1: events.webhooks[0].url: got another text, expected an https:// address without a user (http:// only to this machine).',
      ]);
    },
  );

  test('a secret in place of the name of its variable is refused, and not repeated', () => {
    expect(problemsOf(hook('https://h/', SECRET))).toEqual([
      'my.yaml:1: events.webhooks[0].secretEnv: got another text, expected the name of an environment variable.',
    ]);
  });

  test('one address has one webhook, and types are those of the catalogue', () => {
    const twice = 'https://h/hook", secretEnv: HOOK }, { url: "https://h/hook';
    expect(problemsOf(hook(twice))).toEqual([
      'my.yaml:1: events.webhooks[1].url: got another text, expected every address once.',
    ]);
    const types =
      'events: { webhooks: [{ url: "https://h/", secretEnv: H, types: [order.eaten] }] }';
    expect(problemsOf(types)[0]).toMatch(
      /types\[0\]: got "order.eaten", expected order.submitted or/,
    );
  });

  test('what is printed of an address is its server', () => {
    const config = parseConfig(hook('https://h/services/hunter2?key=hunter2'), 'a');
    expect(redact(config).events.webhooks).toMatchObject([{ url: 'https://h/[hidden]' }]);
    expect(JSON.stringify(redact(config))).not.toContain('hunter2');
  });

  test('a secret comes from the environment, and is never said', () => {
    const config = parseConfig(hook('https://h/hunter2'), 'a');
    const clock = createSystemClock();
    const [sink] = openEventSinks(config, clock, { HOOK: SECRET });
    expect(sink?.name).toMatch(/^webhook:h:[0-9a-f]{12}$/);
    expect(JSON.stringify(sink)).not.toContain(SECRET.slice(6));
    const form = 'expected the secret of a webhook: whsec_ and 24 to 64 bytes as base64.';
    for (const [value, got] of [
      [undefined, 'nothing'],
      [SECRET.slice(6), 'another text'],
    ] as const) {
      expect(() => openEventSinks(config, clock, { HOOK: value })).toThrow(
        new FillwrightFault(
          'invalid_config',
          `The environment variable HOOK: got ${got}, ${form}`,
          { variable: 'HOOK' },
        ),
      );
    }
  });
});
