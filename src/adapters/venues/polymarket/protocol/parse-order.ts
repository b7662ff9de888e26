/** Reads the body of `POST /order`, for whoever receives such bodies. */
import { z } from 'zod';
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Hex, PostedOrder } from './order-types.ts';
import { checksumAddress, readUint256 } from './words.ts';

/** A body is about 1,500 characters with the longest signature. */
export const MAX_ORDER_CHARACTERS = 4_000;

const integer = z.string().regex(/^(?:0|[1-9]\d{0,77})$/, 'an integer as decimal text');
const address = z.string().regex(/^0x[\da-fA-F]{40}$/, 'an address');
const bytes32 = z.string().regex(/^0x[\da-fA-F]{64}$/, '0x and 64 hex digits');

const postedOrder = z.object({
  deferExec: z.boolean('true or false').default(false),
  postOnly: z.boolean('true or false').default(false),
  order: z.object({
    salt: z.int('a whole number up to 2^53 - 1').min(0, 'a whole number up to 2^53 - 1'),
    maker: address,
    signer: address,
    tokenId: integer,
    makerAmount: integer,
    takerAmount: integer,
    side: z.enum(['BUY', 'SELL'], 'BUY or SELL'),
    signatureType: z.literal([0, 1, 2, 3], 'a signature type: 0, 1, 2 or 3'),
    timestamp: integer,
    expiration: integer,
    metadata: bytes32,
    builder: bytes32,
    signature: z.string().regex(/^0x(?:[\da-fA-F]{2}){65,400}$/, 'a signature of 65 bytes or more'),
  }),
  owner: z.string().min(1, 'an API key').max(100, 'an API key'),
  orderType: z.enum(['GTC', 'GTD', 'FOK', 'FAK'], 'GTC, GTD, FOK or FAK'),
});

/**
 * The parts of the body of `POST /order`. Checks the form alone: neither the signature (see
 * `verifyOrder`) nor the venue's rules. Unknown fields are ignored.
 *
 * @throws {InvalidValue} naming the place, for example `body.order.maker`.
 */
export function parsePostedOrder(body: string): PostedOrder {
  if (body.length > MAX_ORDER_CHARACTERS) {
    const expected = `an order of at most ${MAX_ORDER_CHARACTERS}`;
    throw new InvalidValue('body', `${body.length} characters`, expected);
  }
  return readPostedOrder(parseJson(body));
}

/**
 * The same for JSON that is parsed already: one element of `POST /orders`.
 * @throws {InvalidValue} naming the place under `place`, for example `body[3].order.maker`.
 */
export function readPostedOrder(input: unknown, place = 'body'): PostedOrder {
  const parsed = postedOrder.safeParse(input);
  if (!parsed.success) throw faultOf(input, place, parsed.error);
  const { order, ...rest } = parsed.data;
  for (const name of ['tokenId', 'makerAmount', 'takerAmount', 'timestamp'] as const) {
    readUint256(order[name], `${place}.order.${name}`);
  }
  return {
    ...rest,
    order: {
      ...order,
      salt: `${order.salt}`,
      maker: checksumAddress(order.maker, `${place}.order.maker`),
      signer: checksumAddress(order.signer, `${place}.order.signer`),
      metadata: hex(order.metadata),
      builder: hex(order.builder),
      signature: hex(order.signature),
    },
  };
}

/** Checked above: `0x` and hex digits. */
function hex(text: string): Hex {
  return `0x${text.slice(2).toLowerCase()}`;
}

function faultOf(input: unknown, place: string, error: z.ZodError): InvalidValue {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
    input,
  );
  return new InvalidValue(
    [place, ...path.map(String)].join('.'),
    value,
    issue?.message ?? 'an order',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
