import { getContractConfig } from '@polymarket/clob-client-v2';
import { expect, test } from 'vitest';
import {
  contractsOf,
  exchangeDomain,
} from '../../../../../src/adapters/venues/polymarket/protocol/contracts.ts';
import { checksumAddress } from '../../../../../src/adapters/venues/polymarket/protocol/words.ts';

test.each([137, 80_002])(
  'the contracts of chain %i are those of the venue’s own client',
  (chain) => {
    const theirs = getContractConfig(chain);
    expect(contractsOf(chain)).toMatchObject({
      exchangeV2: theirs.exchangeV2,
      negRiskExchangeV2: theirs.negRiskExchangeV2,
      exchangeV3: theirs.exchangeV3,
      pUsd: theirs.collateral,
      conditionalTokens: theirs.conditionalTokens,
      negRiskAdapter: theirs.negRiskAdapter,
    });
    for (const address of Object.values(contractsOf(chain))) {
      expect(checksumAddress(address)).toBe(address);
    }
  },
);

test('an unknown chain is refused by name', () => {
  expect(() => contractsOf(1)).toThrow('chainId: got 1, expected 137 (Polygon) or 80002 (Amoy).');
});

test('version 3 has one exchange for markets with and without neg-risk, version 2 has two', () => {
  const exchange = (version: 2 | 3, negRisk: boolean) =>
    exchangeDomain({ chainId: 137, version, negRisk }).verifyingContract;
  expect(exchange(3, true)).toBe(exchange(3, false));
  expect(exchange(2, true)).not.toBe(exchange(2, false));
});
