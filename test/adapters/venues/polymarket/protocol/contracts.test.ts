import { getContractConfig } from '@polymarket/clob-client-v2';
import { expect, test } from 'vitest';
import {
  contractsOf,
  exchangeDomain,
  tokenKind,
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

const POSITION = '1356938545749799165119972480570561420155507632800475359837393562592731987968';

test.each([
  [
    'a CTF id',
    '71321045679252212594626385532706912750332728571942532289631379312455583992563',
    'ctf',
  ],
  ['a position id', POSITION, 'position'],
])('%s is told apart by its reserved bits', (_name, tokenId, kind) => {
  expect(tokenKind(tokenId)).toBe(kind);
});

test('any reserved bit makes an id a CTF id, any other bit does not', () => {
  for (let bit = 0; bit < 256; bit += 1) {
    const isReserved = bit >= 40 && bit < 104;
    expect(tokenKind(`${1n << BigInt(bit)}`)).toBe(isReserved ? 'ctf' : 'position');
  }
});

test.each(['', '0x10', '-1', '1.0', '01', `${2n ** 256n}`])(
  'the token id %j is refused',
  (tokenId) => {
    expect(() => tokenKind(tokenId)).toThrow(/^tokenId: got .* expected a uint256 as decimal text/);
  },
);
