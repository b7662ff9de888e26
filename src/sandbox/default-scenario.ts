/** The sandbox without a scenario file: an account of each signature type, a market of each kind. */

export const DEFAULT_ACCOUNTS = [
  { name: 'eoa', signatureType: 0 },
  { name: 'proxy', signatureType: 1 },
  { name: 'safe', signatureType: 2 },
  { name: 'deposit', signatureType: 3 },
] as const;

/** The first three are named and behave like those of the market simulator. */
export const DEFAULT_MARKETS = [
  {
    slug: 'sim-rain-tomorrow',
    question: 'Will it rain tomorrow?',
    fees: { rate: '0.05' },
    makers: { kind: 'simulated' },
  },
  {
    slug: 'sim-launch-on-time',
    question: 'Will the launch be on time?',
    fees: { rate: '0.05' },
    negRisk: true,
    makers: { kind: 'simulated' },
  },
  {
    slug: 'sim-home-team-wins',
    question: 'Will the home team win?',
    fees: { rate: '0.05' },
    makers: { kind: 'simulated', climbs: true },
  },
  {
    slug: 'sim-rate-cut',
    question: 'Will rates be cut at the next meeting?',
    version: 'v2',
    fees: { rate: '0.04' },
    makers: { kind: 'simulated' },
  },
  {
    slug: 'sim-fine-tick',
    question: 'Will the long shot come in?',
    tickSize: '0.001',
    makers: { kind: 'simulated' },
  },
  {
    slug: 'sim-live-game',
    question: 'Will the visitors win?',
    fees: { rate: '0.05' },
    takerDelayMs: 3_000,
    makers: { kind: 'simulated' },
  },
] as const;
