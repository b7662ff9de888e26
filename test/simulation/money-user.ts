/**
 * A person at the desk who looks after the money: positions leave by a plan, exposure is capped, markets
 * and strategies are held now and then, and sometimes everything is closed.
 */
import type { TradingParts } from '../../src/actors/trading-api.ts';
import { compare } from '../../src/domain/exact.ts';
import { parseExitPlan } from '../../src/domain/exits/parse-exit-plan.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { type Chance, createChance } from './chances.ts';
import type { Engine } from './engine.ts';
import type { Oracle } from './oracle.ts';

/** Runs whose seeds end so: those of older findings and plants go on as they were. */
const SEEDS = /[349]$/;

/** Said of what cannot be any more, or not now. */
const EXPECTED = new Set([
  ...['store_unavailable', 'not_running', 'overloaded', 'lease_lost'],
  // Ended while everything is being closed.
  'invalid_value',
]);

/** Less than this the venue sells to nobody. */
const DUST = '0.01';

const PLANS = ['0.04', '0.12'].map((step) =>
  parseExitPlan({
    name: `within ${step}`,
    rules: [
      { id: 'target', kind: 'profitTarget', gainUsd: step },
      { id: 'stop', kind: 'stopLoss', lossUsd: step, percent: '50' },
      { id: 'trail', kind: 'trailingStop', trailUsd: step },
      { id: 'time', kind: 'timeExit', fromAgeMs: 90_000 },
    ],
  }),
);
const [PLAN] = PLANS;

/** Smaller than what the client would buy, so that caps make orders smaller and deny some. */
const LIMITS = { maxOrderUsd: '9', maxMarketUsd: '25', maxTotalUsd: '60', slippageDenyBps: '2000' };

/** What the engine of such a run is started with. */
export function moneyParts(seed: string): Pick<TradingParts, 'exitPlan' | 'limits'> {
  if (!SEEDS.test(seed) || PLAN === undefined) return {};
  return { exitPlan: PLAN, limits: { selfTrade: 'allow', ...LIMITS } };
}

/** Whether the engine of such a run sees the books. */
export function seesBooks(seed: string): boolean {
  return SEEDS.test(seed);
}

export interface MoneyUser {
  /** Says one thing now and then. */
  act(engine: Engine): void;
  /** Lets everything trade again, until it was halted for good. */
  resume(engine: Engine): void;
  /** For good. False: no plan sells by itself in this run. */
  halt(engine: Engine): boolean;
  readonly isHalted: boolean;
}

export interface MoneyUserOptions {
  readonly seed: string;
  readonly oracle: Pick<Oracle, 'broken'>;
  readonly note: (line: string) => void;
}

export function createMoneyUser({ seed, oracle, note }: MoneyUserOptions): MoneyUser {
  const isUsed = SEEDS.test(seed);
  const chance = createChance(seed, 'money');
  const said = { by: 'desk', reason: 'simulated' };
  let isHalted = false;

  function refused(what: string, fault: unknown): void {
    note(`desk is refused ${what}: ${fault instanceof FillwrightFault ? fault.code : fault}`);
    if (fault instanceof FillwrightFault && EXPECTED.has(fault.code)) return;
    oracle.broken('no odd refusals', `${what}: ${String(fault)}`);
  }

  function send(engine: Engine, command: Parameters<Engine['trading']['send']>[0]): void {
    note(`desk sends ${command.type} ${'scope' in command ? command.scope : ''}`);
    engine.trading.send(command).catch((fault: unknown) => refused(command.type, fault));
  }

  function flatten(engine: Engine): void {
    note('desk closes everything');
    engine.trading.flatten(said.by, said.reason).then(
      ({ left, unproven }) => {
        note(`everything is closed but ${left.length} position(s), ${unproven.length} order(s)`);
        const named = new Set(left.map(({ instrumentId }) => instrumentId));
        if (left.some(({ why }) => why === '')) oracle.broken('what is left has a reason', '');
        // What nobody could prove to be over may still fill.
        if (unproven.length > 0) return;
        for (const { id } of engine.trading.instruments()) {
          const { size = '0', state } = engine.trading.position(id) ?? {};
          if (state !== 'open' || compare(size, DUST) < 0 || named.has(id)) continue;
          oracle.broken('closed, or left and named', `${size} of ${id}`);
        }
      },
      (fault: unknown) => refused('flatten', fault),
    );
  }

  function scope(engine: Engine): string {
    const markets = engine.trading.instruments().map(({ marketId }) => `market:${marketId}`);
    return chance.pick(['all', 'strategy:quoter', 'strategy:manual', ...markets]);
  }

  function plan(engine: Engine, own: Chance): void {
    const instruments = engine.trading.instruments();
    if (instruments.length === 0) return;
    const { id: instrumentId } = own.pick(instruments);
    send(engine, { type: 'exit.plan', instrumentId, plan: own.pick(PLANS), by: said.by });
  }

  return {
    act(engine) {
      if (!isUsed || chance.hits(0.7)) return;
      switch (chance.weighed({ hold: 8, resume: 8, plan: 4, flatten: 2 })) {
        case 'hold': {
          const level = chance.pick(['paused', 'reducing', 'halted'] as const);
          return send(engine, { type: 'trading.pause', level, scope: scope(engine), ...said });
        }
        case 'resume':
          return this.resume(engine);
        case 'plan':
          return plan(engine, chance);
        case 'flatten':
          return flatten(engine);
      }
    },
    get isHalted() {
      return isHalted;
    },
    halt(engine) {
      if (!isUsed) return false;
      isHalted = true;
      send(engine, { type: 'trading.pause', level: 'halted', ...said });
      return true;
    },
    resume(engine) {
      if (!isUsed || isHalted) return;
      for (const { scope } of engine.trading.health().holds) {
        send(engine, { type: 'trading.resume', scope, ...said });
      }
    },
  };
}
