import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import {
  MAX_ORDER_CHARACTERS,
  parsePostedOrder,
  readPostedOrder,
} from '../../../../../src/adapters/venues/polymarket/protocol/parse-order.ts';
import {
  prepareOrder,
  serialiseOrder,
} from '../../../../../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { InvalidValue } from '../../../../../src/domain/faults.ts';
import { API_KEY, ORDER, signer, TOKEN_ID, WALLET } from './fixtures.ts';

let body: string;
beforeAll(async () => {
  ({ body } = await prepareOrder({
    order: ORDER,
    market: { tokenId: TOKEN_ID, tickSize: '0.01', negRisk: false, version: 2 },
    account: { chainId: 137, funder: WALLET, signatureType: 3, apiKey: API_KEY },
    signer,
    timestampMs: 1_790_000_000_000,
  }));
});

test('what was read from a body writes the same body, also where more stands in it', () => {
  expect(serialiseOrder(parsePostedOrder(body))).toBe(body);
  const more = body
    .replace('{"deferExec"', '{"new":1,"deferExec"')
    .replace('"salt"', '"taker":"0x0","salt"');
  expect(serialiseOrder(parsePostedOrder(more))).toBe(body);
});

/** The body with the value at a path exchanged. */
function changed(path: string, value: unknown): string {
  const [first = '', second] = path.split('.');
  const parsed: Record<string, unknown> = JSON.parse(body);
  if (second === undefined) return JSON.stringify({ ...parsed, [first]: value });
  return JSON.stringify({ ...parsed, [first]: { ...(parsed[first] as object), [second]: value } });
}

test.each([
  ['order', undefined],
  ['order.salt', '123'],
  ['order.salt', 2 ** 53],
  ['order.salt', -1],
  ['order.maker', '0x12'],
  ['order.signer', `${WALLET}0`],
  ['order.tokenId', 12],
  ['order.tokenId', `${2n ** 256n}`],
  ['order.makerAmount', '1.5'],
  ['order.takerAmount', '-1'],
  ['order.side', 0],
  ['order.signatureType', 4],
  ['order.timestamp', 1_790_000_000_000],
  ['order.expiration', null],
  ['order.metadata', '0x'],
  ['order.builder', undefined],
  ['order.signature', '0x1b'],
  ['owner', ''],
  ['orderType', 'IOC'],
  ['postOnly', 'yes'],
  ['deferExec', 1],
])('a body with the %s %j is refused by name', (path, value) => {
  expect(() => parsePostedOrder(changed(path, value))).toThrow(InvalidValue);
  expect(() => parsePostedOrder(changed(path, value))).toThrow(`body.${path}: got `);
});

test('an address with a letter changed is refused', () => {
  const text = changed('order.maker', '0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266');
  expect(() => parsePostedOrder(text)).toThrow('body.order.maker: got ');
});

test('a leg of a batch is refused by its own place', () => {
  expect(() => readPostedOrder({}, 'body[3]')).toThrow('body[3].order: got undefined');
});

test('what may be left out has the venue’s default', () => {
  const short = changed('deferExec', undefined).replace('"postOnly":false,', '');
  expect(parsePostedOrder(short)).toMatchObject({ deferExec: false, postOnly: false });
});

test('no text and no JSON is anything but an order or an InvalidValue', () => {
  const attempt = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidValue);
    }
  };
  fc.assert(fc.property(fc.string(), (text) => attempt(() => parsePostedOrder(text))));
  fc.assert(fc.property(fc.jsonValue(), (value) => attempt(() => readPostedOrder(value))));
  fc.assert(
    fc.property(fc.nat(body.length), fc.string({ maxLength: 5 }), (at, text) =>
      attempt(() => parsePostedOrder(body.slice(0, at) + text + body.slice(at + text.length))),
    ),
    { numRuns: 500 },
  );
});

test('a body that is far too long is not even read', () => {
  const long = `${body}${' '.repeat(MAX_ORDER_CHARACTERS)}`;
  expect(() => parsePostedOrder(long)).toThrow(
    /^body: got "\d+ characters", expected an order of at most/,
  );
});
