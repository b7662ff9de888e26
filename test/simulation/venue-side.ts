/**
 * The exchange of a simulation: the sandbox without ports, and those who trade against us. It lives
 * through every crash of the engine.
 */
import { createRandom } from '../../src/adapters/random.ts';
import type { SandboxMarket } from '../../src/sandbox/exchange/types.ts';
import {
  createInProcessSandbox,
  type InProcessSandbox,
  type OpenedAccount,
} from '../../src/sandbox/in-process.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { type Chance, createChance } from './chances.ts';
import type { FaultKind } from './options.ts';
import type { Timeline } from './timeline.ts';

const MICROS = 1_000_000n;
const FIRST_DOLLARS = '500';

export interface VenueSide {
  readonly sandbox: InProcessSandbox;
  /** The account that the engine trades with. */
  readonly account: OpenedAccount;
  readonly markets: readonly SandboxMarket[];
  start(): Promise<void>;
  /** Those who trade against us stop. */
  calm(): void;
}

export interface VenueSideOptions {
  readonly seed: string;
  readonly timeline: Timeline;
  readonly faults: ReadonlySet<FaultKind>;
  readonly onTickSize: (market: SandboxMarket) => void;
  readonly count: (kind: string) => void;
}

export function createVenueSide(options: VenueSideOptions): VenueSide {
  const { seed, timeline, faults, count } = options;
  const chance = createChance(seed, 'venue');
  const sandbox = createInProcessSandbox({
    clock: timeline.clock,
    random: createRandom(`${seed}/exchange`).next,
    scenario: scenarioOf(scenarioFor(seed, chance, faults)),
    log: { warn: () => undefined, error: fail },
  });
  const { exchange } = sandbox.floor;
  const [account] = sandbox.accounts;
  if (account === undefined) throw new Error('The scenario has an account.');
  const markets = [...exchange.markets.values()];
  const mids = new Map(markets.map(({ conditionId }) => [conditionId, chance.between(20, 80)]));
  let isCalm = false;

  /** A book around a price that wanders, and now and then somebody who takes. */
  async function trade(market: SandboxMarket): Promise<void> {
    if (isCalm || market.payout !== undefined) return;
    const { maker, taker } = sandbox.floor;
    const [{ tokenId }] = market.tokens;
    const mid = clamp((mids.get(market.conditionId) ?? 50) + chance.between(-2, 2), 6, 94);
    mids.set(market.conditionId, mid);
    const level = (hundredths: number) => ({
      price: (BigInt(hundredths) * MICROS) / 100n,
      size: BigInt(chance.between(5, 60)) * MICROS,
    });
    const spread = chance.between(1, 3);
    const bids = [level(mid - spread), level(mid - spread - 2)];
    const asks = [level(mid + spread), level(mid + spread + 2)];
    await maker.setBook(tokenId, { bids, asks });
    if (!chance.hits(0.6)) return;
    const token = chance.pick(market.tokens);
    const side = chance.pick(['BUY', 'SELL'] as const);
    const size = BigInt(chance.between(1, 40)) * MICROS;
    const price = side === 'BUY' ? MICROS - 10_000n : 10_000n;
    // A taker delay may have made one of the last a resting order: takers leave none behind.
    if (market.takerDelayMs > 0) for (const one of market.tokens) taker.clear(one.tokenId);
    await taker.take({ tokenId: token.tokenId, side, price, size });
  }

  function again(market: SandboxMarket): void {
    timeline.after(chance.between(1_500, 9_000), () => {
      void trade(market).then(() => {
        if (!isCalm) again(market);
      });
    });
  }

  function changeMarkets(): void {
    timeline.after(chance.between(60_000, 400_000), () => {
      if (isCalm) return;
      const open = markets.filter(({ payout }) => payout === undefined);
      if (open.length > 1 && chance.hits(0.3)) {
        const payouts = [
          [MICROS, 0n],
          [0n, MICROS],
          [MICROS / 2n, MICROS / 2n],
        ] as const;
        exchange.resolve(chance.pick(open).conditionId, chance.pick(payouts));
        count('market resolved');
      } else if (open.length > 0) {
        const market = chance.pick(open);
        exchange.setTickSize(market.conditionId, chance.pick(['0.01', '0.001', '0.005']));
        count('tick size changed');
        // The market channel tells of it, soon or late.
        if (chance.hits(0.7)) options.onTickSize(market);
      }
      changeMarkets();
    });
  }

  return {
    sandbox,
    account,
    markets,
    async start() {
      await sandbox.start();
      for (const market of markets) {
        // A market that answers late does so only when time passes.
        void trade(market).then(() => again(market));
      }
      if (faults.has('markets')) changeMarkets();
    },
    calm() {
      isCalm = true;
    },
  };
}

function scenarioFor(seed: string, chance: Chance, faults: ReadonlySet<FaultKind>): object {
  const doesFail = faults.has('settlement');
  const market = (slug: string, isDelayed: boolean) => ({
    slug,
    tickSize: chance.pick(['0.01', '0.01', '0.001']),
    negRisk: chance.hits(0.3),
    version: chance.pick(['v1', 'v1', 'v2']),
    fees: { rate: chance.pick(['0', '0.05', '0.02']) },
    takerDelayMs: isDelayed ? chance.between(300, 3_000) : 0,
    blockingDelay: chance.hits(0.5),
  });
  return {
    seed,
    accounts: [{ name: 'desk', signatureType: chance.pick([0, 1, 2, 3]), dollars: FIRST_DOLLARS }],
    markets: [market('rain', false), market('game', chance.hits(0.6)), market('vote', false)],
    settlement: {
      minedAfterMs: chance.between(500, 20_000),
      confirmedAfterMs: chance.between(500, 60_000),
      failedShare: doesFail ? chance.pick([0, 0.05, 0.25]) : 0,
      retryingShare: doesFail ? chance.pick([0, 0.1, 0.3]) : 0,
    },
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function fail(facts: object, message: string): never {
  throw new Error(`The sandbox failed: ${message} ${JSON.stringify(facts)}`);
}
