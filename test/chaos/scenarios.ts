/** The exchanges that chaos runs trade on: docs/sandbox.md says what each key means. */

const fixed = {
  kind: 'fixed',
  bids: [
    { price: '0.48', size: '1000000' },
    { price: '0.46', size: '1000000' },
  ],
  asks: [
    { price: '0.52', size: '1000000' },
    { price: '0.54', size: '1000000' },
  ],
};

/** Books that stand and books that move, with fees, of both kinds of contracts and both versions. */
export const KILL_MARKETS = {
  accounts: [{ name: 'trader', signatureType: 2, dollars: '1000000' }],
  markets: Array.from({ length: 12 }, (_, index) => ({
    slug: `market-${index}`,
    fees: { rate: index % 4 === 0 ? '0' : '0.05' },
    negRisk: index % 3 === 0,
    version: index % 4 === 3 ? 'v2' : 'v1',
    tickSize: index % 6 === 5 ? '0.001' : '0.01',
    makers: index % 2 === 0 ? fixed : { kind: 'simulated', intervalMs: 400 },
  })),
  settlement: { minedAfterMs: 150, confirmedAfterMs: 300, failedShare: 0.03, retryingShare: 0.05 },
};

/** Many books, whose bids at the bottom nobody ever meets. */
export const RECOVERY_MARKETS = {
  accounts: [{ name: 'trader', signatureType: 2, dollars: '10000000' }],
  markets: Array.from({ length: 100 }, (_, index) => ({ slug: `market-${index}`, makers: fixed })),
};
