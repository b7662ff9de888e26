/** What the tests of the protocol share: a key, random orders, and the venue's client as oracle. */
import { Chain, ClobClient, SignatureTypeV2 } from '@polymarket/clob-client-v2';
import fc from 'fast-check';
import { createWalletClient, custom, getAddress, type WalletClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { VenueOrder } from '../../../../../src/actors/ports.ts';
import { exchangeDomain } from '../../../../../src/adapters/venues/polymarket/protocol/contracts.ts';
import type {
  Hex,
  OrderDomain,
  OrderStruct,
} from '../../../../../src/adapters/venues/polymarket/protocol/order-types.ts';
import { openCurve } from '../../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../../src/adapters/venues/polymarket/protocol/signer.ts';

/** The first key of every Hardhat node: known to everybody. */
export const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
export const account = privateKeyToAccount(KEY);
export const curve = openCurve();
export const signer = createLocalSigner(KEY, curve);

export const WALLET = '0x1111111111111111111111111111111111111111';
export const TOKEN_ID =
  '71321045679252212594626385532706912750332728571942532289631379312455583992563';
export const API_KEY = '8a4e3b9c-0000-4000-8000-1234567890ab';
export const CREDENTIALS = {
  address: signer.address,
  apiKey: API_KEY,
  secret: 'c2VjcmV0LWJ5dGVzLT8_Pz4-Pi1vZi0zMi1ieXRlcyE=',
  passphrase: 'open sesame',
};

/** A wallet that signs in this process and can reach no network. */
export function localWallet(): WalletClient {
  return createWalletClient({
    account,
    transport: custom({ request: () => Promise.reject(new Error('no network in this test')) }),
  });
}

const PACKAGE_TYPES = [
  SignatureTypeV2.EOA,
  SignatureTypeV2.POLY_PROXY,
  SignatureTypeV2.POLY_GNOSIS_SAFE,
  SignatureTypeV2.POLY_1271,
];

/** The venue's client, told beforehand what it would ask the venue about `TOKEN_ID`. */
export function packageClient(options: {
  readonly tickSize: '0.1' | '0.01' | '0.005' | '0.0025' | '0.001' | '0.0001';
  readonly chainId?: number;
  readonly signatureType?: number;
  readonly host?: string;
}): ClobClient {
  const { signatureType = 0 } = options;
  const client = new ClobClient({
    host: options.host ?? 'http://127.0.0.1:9',
    chain: options.chainId === 80_002 ? Chain.AMOY : Chain.POLYGON,
    signer: localWallet(),
    creds: { key: API_KEY, secret: CREDENTIALS.secret, passphrase: CREDENTIALS.passphrase },
    signatureType: PACKAGE_TYPES[signatureType] ?? SignatureTypeV2.EOA,
    funderAddress: signatureType === 0 ? account.address : WALLET,
  });
  client.tickSizes[TOKEN_ID] = options.tickSize;
  client.feeInfos[TOKEN_ID] = { rate: 0, exponent: 1 };
  return client;
}

export const ORDER: VenueOrder = {
  clientOrderId: 'order-1',
  instrument: {
    id: 'polymarket:m:YES',
    venue: 'polymarket',
    marketId: 'm',
    tokenId: TOKEN_ID,
    outcome: 'YES',
    tickSize: '0.01',
    minimumOrderSize: '5',
    fees: { rate: '0', exponent: 1, takerOnly: true },
    takerDelayMs: 0,
    negRisk: false,
  },
  side: 'BUY',
  type: 'limit',
  price: '0.57',
  size: '12.34',
  timeInForce: 'GTC',
  postOnly: false,
};

const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((value): Hex => `0x${Buffer.from(value).toString('hex')}`);
const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(String);
const address = bytes(20).map((text) => getAddress(text));

/** Every exchange of every chain. */
export const domains: fc.Arbitrary<OrderDomain> = fc.record({
  chainId: fc.constantFrom(137, 80_002),
  version: fc.constantFrom(2 as const, 3 as const),
  negRisk: fc.boolean(),
});

/** Orders with anything in their fields that fits. */
export const orders: fc.Arbitrary<OrderStruct> = fc.record({
  salt: fc.maxSafeNat().map(String),
  maker: address,
  signer: address,
  tokenId: uint256,
  makerAmount: uint256,
  takerAmount: uint256,
  side: fc.constantFrom('BUY' as const, 'SELL' as const),
  signatureType: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  timestamp: uint256,
  metadata: bytes(32),
  builder: bytes(32),
});

const FIELDS = [
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
] as const;

/** An order as viem takes it. */
export function orderTypedData(order: OrderStruct, domain: OrderDomain) {
  return {
    domain: exchangeDomain(domain),
    types: { Order: FIELDS },
    primaryType: 'Order' as const,
    message: message(order),
  };
}

/** What a deposit wallet's owner signs, as viem takes it. */
export function walletTypedData(order: OrderStruct, domain: OrderDomain) {
  return {
    domain: exchangeDomain(domain),
    types: {
      Order: FIELDS,
      TypedDataSign: [
        { name: 'contents', type: 'Order' },
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
        { name: 'verifyingContract', type: 'address' },
        { name: 'salt', type: 'bytes32' },
      ],
    } as const,
    primaryType: 'TypedDataSign' as const,
    message: {
      contents: message(order),
      name: 'DepositWallet',
      version: '1',
      chainId: BigInt(domain.chainId),
      verifyingContract: order.signer,
      salt: `0x${'00'.repeat(32)}` as const,
    },
  };
}

function message(order: OrderStruct) {
  return {
    ...order,
    salt: BigInt(order.salt),
    tokenId: BigInt(order.tokenId),
    makerAmount: BigInt(order.makerAmount),
    takerAmount: BigInt(order.takerAmount),
    side: order.side === 'BUY' ? 0 : 1,
    timestamp: BigInt(order.timestamp),
  };
}
