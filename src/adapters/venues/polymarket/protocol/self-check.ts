/** Holds our signing against the venue's own client, before any money depends on it. */
import { Chain, OrderBuilder, Side, SignatureTypeV2 } from '@polymarket/clob-client-v2';
import { createWalletClient, custom } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { VenueOrder } from '../../../../actors/ports.ts';
import { BrokenInvariant } from '../../../../domain/faults.ts';
import type { OrderVersion } from './order-types.ts';
import { type OrderRequest, orderStruct, signOrder } from './prepare-order.ts';
import type { Curve } from './secp256k1.ts';
import { createLocalSigner } from './signer.ts';

/** Signs these orders only: nobody's money is behind it. */
const KEY = `0x${'5e1fc4ec'.repeat(8)}` as const;
const DEPOSIT_WALLET = '0x1111111111111111111111111111111111111111';
const TOKEN_ID = '71321045679252212594626385532706912750332728571942532289631379312455583992563';

const ORDER: VenueOrder = {
  clientOrderId: 'self-check',
  instrument: {
    id: 'polymarket:self-check:YES',
    venue: 'polymarket',
    marketId: 'self-check',
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

const CASES: readonly { readonly version: OrderVersion; readonly negRisk: boolean }[] = [
  { version: 2, negRisk: false },
  { version: 2, negRisk: true },
  { version: 3, negRisk: false },
];

/**
 * Signs one order of each exchange, as a key for itself (type 0) and for a deposit wallet (type 3),
 * through our code and through the package; nothing is sent anywhere.
 *
 * @throws {BrokenInvariant} when a signed field or a byte of a signature differs: an update of the
 *   package or of ours changed what is signed, and live trading must not start.
 */
export async function checkAgainstPackage(curve: Curve): Promise<void> {
  for (const chainId of [Chain.POLYGON, Chain.AMOY]) {
    for (const market of CASES) {
      await checkOrder(curve, chainId, market, 0);
      await checkOrder(curve, chainId, market, 3);
    }
  }
}

async function checkOrder(
  curve: Curve,
  chainId: Chain,
  market: (typeof CASES)[number],
  signatureType: 0 | 3,
): Promise<void> {
  const signer = createLocalSigner(KEY, curve);
  const funder = signatureType === 3 ? DEPOSIT_WALLET : signer.address;
  const theirs = await packageOrder(chainId, market, signatureType, funder);
  const request: OrderRequest = {
    order: ORDER,
    market: { tokenId: TOKEN_ID, tickSize: '0.01', ...market },
    account: { chainId, funder, signatureType, apiKey: 'self-check' },
    signer,
    // What the package chose by its own clock and chance.
    timestampMs: Number(theirs.get('timestamp')),
  };
  const order = { ...orderStruct(request), salt: String(theirs.get('salt')) };
  const { signed } = await signOrder(order, { chainId, ...market }, signer);
  for (const [field, value] of Object.entries(signed)) {
    if (theirs.get(field) === value) continue;
    throw new BrokenInvariant(
      `We sign orders otherwise than @polymarket/clob-client-v2: ${field} differs.`,
      { ...market, chainId, signatureType, field, ours: value, theirs: theirs.get(field) },
    );
  }
}

async function packageOrder(
  chainId: Chain,
  { version, negRisk }: (typeof CASES)[number],
  signatureType: 0 | 3,
  funder: string,
): Promise<ReadonlyMap<string, unknown>> {
  const wallet = createWalletClient({
    account: privateKeyToAccount(KEY),
    transport: custom({ request: () => Promise.reject(new Error('Signing needs no network.')) }),
  });
  const type = signatureType === 3 ? SignatureTypeV2.POLY_1271 : SignatureTypeV2.EOA;
  const builder = new OrderBuilder(wallet, chainId, type, funder);
  const wish = { tokenID: TOKEN_ID, price: 0.57, size: 12.34, side: Side.BUY };
  const order = await builder.buildOrder(wish, { tickSize: '0.01', negRisk }, version);
  return new Map(Object.entries(order));
}
