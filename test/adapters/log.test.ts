import { expect, test } from 'vitest';
import { createLog, type LogOptions } from '../../src/adapters/log.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';

function logged(
  facts: object,
  message = 'It happened.',
  options: Partial<LogOptions> = {},
): string {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    pretty: false,
    write: (line) => lines.push(line),
    ...options,
  });
  log.info(facts, message);
  return lines.join('');
}

test('a line is JSON with level, time, facts and message', () => {
  expect(JSON.parse(logged({ orderId: 'ord_1' }))).toMatchObject({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    orderId: 'ord_1',
    msg: 'It happened.',
  });
});

test.each([
  'apiKey',
  'api_key',
  'secret',
  'apiSecret',
  'passphrase',
  'password',
  'privateKey',
  'PRIVATE_KEY',
  'authorization',
  'Authorization',
  'signature',
  'accessToken',
  'token',
])('what is named %s is hidden at any depth', (name) => {
  expect(logged({ a: [{ headers: { [name]: 'hunter2' } }] })).not.toContain('hunter2');
});

test.each(['key', 'tokenId', 'intentKey', 'legKey', 'seed'])('what is named %s is not', (name) => {
  expect(logged({ [name]: 'visible' })).toContain('visible');
});

test.each([
  'postgres://me:hunter2@host/x',
  'https://host/x?apiKey=hunter2&b=1',
  'Authorization: Bearer hunter2hunter2',
])('the secret in %s is hidden, in facts and in the message', (text) => {
  expect(logged({ url: text }, text)).not.toContain('hunter2');
});

test('an error keeps code, facts, stack and cause', () => {
  const cause = new Error('the disk is full at postgres://me:hunter2@host');
  const fault = new FillwrightFault(
    'store_unavailable',
    'Lost.',
    { operation: 'commit' },
    { cause },
  );
  const line = logged({ error: fault });
  expect(JSON.parse(line).error).toMatchObject({
    name: 'FillwrightFault',
    code: 'store_unavailable',
    message: 'Lost.',
    facts: { operation: 'commit' },
    stack: expect.stringContaining('log.test'),
    cause: { message: expect.stringContaining('the disk is full') },
  });
  expect(line).not.toContain('hunter2');
});

test('odd facts never make the log throw', () => {
  const circle: { self?: object } = {};
  circle.self = circle;
  const throwing = Object.defineProperty({}, 'bad', {
    enumerable: true,
    get() {
      throw new Error('no');
    },
  });
  const odd = { circle, throwing, big: 5n, list: Array.from({ length: 1000 }, () => 'x'), f: fail };
  expect(JSON.parse(logged(odd))).toMatchObject({ big: '5', throwing: '[unreadable]' });
});

function fail(): never {
  throw new Error('never called');
}

test('a level below the chosen one is not written', () => {
  expect(logged({}, 'quiet', { level: 'warn' })).toBe('');
});

test('pretty lines are for people', () => {
  const line = logged({ orderId: 'ord_1' }, 'It happened.', { pretty: true });
  expect(line).toMatch(/INFO.*: It happened\..*ord_1/);
});
