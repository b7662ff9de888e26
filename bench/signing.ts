/** How many orders one core signs in a second, beside viem and the venue's own client. */
import { Chain, OrderBuilder, Side } from '@polymarket/clob-client-v2';
import { createWalletClient, custom } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { exchangeDomain } from '../src/adapters/venues/polymarket/protocol/contracts.ts';
import type { OrderStruct } from '../src/adapters/venues/polymarket/protocol/order-types.ts';
import {
  type OrderRequest,
  orderStruct,
  prepareOrder,
  signOrder,
} from '../src/adapters/venues/polymarket/protocol/prepare-order.ts';
import { openCurve } from '../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../src/adapters/venues/polymarket/protocol/signer.ts';
import { median, round } from './measure.ts';
import { instrumentAt } from './world.ts';

const ROUND_MS = 500;
/** The median of these, taken in turns, so that a busy moment of the machine meets all alike. */
const ROUNDS = 3;
const KEY = `0x${'5e1fc4ec'.repeat(8)}` as const;
const TOKEN_ID = '71321045679252212594626385532706912750332728571942532289631379312455583992563';
const DOMAIN = { chainId: 137, version: 2, negRisk: false } as const;

export interface Signing {
  readonly implementation: 'native' | 'portable';
  /** Orders per second on one core: amounts, hashes, signature and body. */
  readonly prepared: number;
  /** Hashes and signature only. */
  readonly signed: number;
  /** `signTypedData` of the same order. */
  readonly viem: number;
  /** The order builder of `@polymarket/clob-client-v2`: amounts, hash and signature, no body. */
  readonly packaged: number;
  /** `prepared / packaged`. */
  readonly timesPackage: number;
  /** `signed / viem`. */
  readonly timesViem: number;
}

export async function benchSigning(): Promise<Signing> {
  const curve = openCurve();
  const signer = createLocalSigner(KEY, curve);
  const request = requestOf(signer);
  const struct = orderStruct(request);
  const account = privateKeyToAccount(KEY);
  const typedData = typedDataOf(struct);
  const wallet = createWalletClient({
    account,
    transport: custom({ request: () => Promise.reject(new Error('Signing needs no network.')) }),
  });
  const builder = new OrderBuilder(wallet, Chain.POLYGON);
  const wish = { tokenID: TOKEN_ID, price: 0.57, size: 12.34, side: Side.BUY };
  const options = { tickSize: '0.01', negRisk: false } as const;
  let count = 0;
  const [prepared = 0, signed = 0, viem = 0, packaged = 0] = await ratesOf([
    () => {
      count += 1;
      const order = { ...request.order, clientOrderId: `order-${count}` };
      return prepareOrder({ ...request, order });
    },
    () => {
      count += 1;
      return signOrder({ ...struct, salt: `${count}` }, DOMAIN, signer);
    },
    () => {
      count += 1;
      const message = { ...typedData.message, salt: BigInt(count) };
      return account.signTypedData({ ...typedData, message });
    },
    () => builder.buildOrder(wish, options, 2),
  ]);
  return {
    implementation: curve.implementation,
    prepared,
    signed,
    viem,
    packaged,
    timesPackage: round(prepared / packaged),
    timesViem: round(signed / viem),
  };
}

type Work = () => Promise<unknown>;

interface Sample {
  readonly work: Work;
  readonly rates: number[];
}

/** Calls per second of each. */
async function ratesOf(contenders: readonly Work[]): Promise<readonly number[]> {
  const samples = contenders.map((work): Sample => ({ work, rates: [] }));
  // One round more, thrown away: the compiler warms up.
  for (let index = 0; index <= ROUNDS; index += 1) {
    for (const { work, rates } of samples) {
      const rate = await rateOf(work);
      if (index > 0) rates.push(rate);
    }
  }
  return samples.map(({ rates }) => Math.round(median(rates)));
}

async function rateOf(work: Work): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  let now = startedAt;
  while (now < startedAt + ROUND_MS) {
    await work();
    done += 1;
    now = performance.now();
  }
  return (done * 1_000) / (now - startedAt);
}

function requestOf(signer: OrderRequest['signer']): OrderRequest {
  return {
    order: {
      clientOrderId: 'order',
      instrument: instrumentAt(0),
      side: 'BUY',
      type: 'limit',
      price: '0.57',
      size: '12.34',
      timeInForce: 'GTC',
      postOnly: false,
    },
    market: { tokenId: TOKEN_ID, tickSize: '0.01', negRisk: false, version: 2 },
    account: { chainId: 137, funder: signer.address, signatureType: 0, apiKey: 'bench' },
    signer,
    timestampMs: 1_790_000_000_000,
  };
}

function typedDataOf(order: OrderStruct) {
  return {
    domain: exchangeDomain(DOMAIN),
    types: {
      Order: [
        { name: 'salt', type: 'uint256' },
        { name: 'maker', type: 'address' },
        { name: 'signer', type: 'address' },
        { name: 'tokenId', type: 'uint256' },
        { name: 'makerAmount', type: 'uint256' },
        { name: 'takerAmount', type: 'uint256' },
        { name: 'side', type: 'uint8' },
        { name: 'signatureType', type: 'uint8' },
        { name: 'timestamp', type: 'uint256' },
        { name: 'metadata', type: 'bytes32' },
        { name: 'builder', type: 'bytes32' },
      ],
    },
    primaryType: 'Order',
    message: {
      ...order,
      salt: BigInt(order.salt),
      tokenId: BigInt(order.tokenId),
      makerAmount: BigInt(order.makerAmount),
      takerAmount: BigInt(order.takerAmount),
      side: order.side === 'BUY' ? 0 : 1,
      timestamp: BigInt(order.timestamp),
    },
  } as const;
}
