/**
 * Polymarket's contracts and the EIP-712 domains that orders are signed for.
 * Sources: Polymarket docs, "Contracts"; `@polymarket/clob-client-v2` 1.1.0, its contract table.
 */
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Address, OrderDomain } from './order-types.ts';

export interface Contracts {
  /** Domain version 2, for markets without neg-risk. */
  readonly exchangeV2: Address;
  readonly negRiskExchangeV2: Address;
  /** Domain version 3, for binary and neg-risk markets alike. */
  readonly exchangeV3: Address;
  /** Collateral, 6 decimals. */
  readonly pUsd: Address;
  /** Holds the shares of `v1` markets. */
  readonly conditionalTokens: Address;
  /** Needs its own approvals. Source: orders without it were refused as `not enough balance / allowance`. */
  readonly negRiskAdapter: Address;
  /** Holds the shares of `v2` markets. Absent where no source names it. */
  readonly positionManager?: Address;
}

/** As `EIP712Domain` lists it. */
export interface ExchangeDomain {
  readonly name: string;
  readonly version: '2' | '3';
  readonly chainId: number;
  readonly verifyingContract: Address;
}

const EXCHANGE_NAME = 'Polymarket CTF Exchange';

const POLYGON: Contracts = {
  exchangeV2: '0xE111180000d2663C0091e4f400237545B87B996B',
  negRiskExchangeV2: '0xe2222d279d744050d28e00520010520000310F59',
  exchangeV3: '0xe3333700cA9d93003F00f0F71f8515005F6c00Aa',
  pUsd: '0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB',
  conditionalTokens: '0x4D97DCd97eC945f40cF65F87097ACe5EA0476045',
  negRiskAdapter: '0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296',
  positionManager: '0x006F54F7f9A22e0000CC2AB60031000000ae9fEF',
};

const AMOY: Contracts = {
  exchangeV2: '0xE111180000d2663C0091e4f400237545B87B996B',
  negRiskExchangeV2: '0xe2222d279d744050d28e00520010520000310F59',
  exchangeV3: '0x9fE6e61422AdB6F610d8597F9684b16912D50C3D',
  pUsd: '0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB',
  conditionalTokens: '0x69308FB512518e39F9b16112fA8d994F4e2Bf8bB',
  negRiskAdapter: '0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296',
};

/**
 * The contracts of Polygon (137) or of its test net Amoy (80002).
 * @throws {InvalidValue} for any other chain.
 */
export function contractsOf(chainId: number): Contracts {
  if (chainId === 137) return POLYGON;
  if (chainId === 80_002) return AMOY;
  throw new InvalidValue('chainId', chainId, '137 (Polygon) or 80002 (Amoy)');
}

/**
 * The domain that an order is signed for.
 * @throws {InvalidValue} for an unknown chain.
 */
export function exchangeDomain({ chainId, version, negRisk }: OrderDomain): ExchangeDomain {
  const contracts = contractsOf(chainId);
  const v2 = negRisk ? contracts.negRiskExchangeV2 : contracts.exchangeV2;
  return {
    name: EXCHANGE_NAME,
    version: `${version}`,
    chainId,
    verifyingContract: version === 3 ? contracts.exchangeV3 : v2,
  };
}
