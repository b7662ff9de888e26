/**
 * What looks after the engine while it trades: fills until they are final, the venue's balance, limits
 * of the account, the emergency end, and whether everything is there and goes on. Made together over an
 * execution, started together once the books have been compared, stopped together.
 */
import { DEFAULT_RECONCILE } from '../domain/reconcile.ts';
import { DEFAULT_LIMITS } from '../domain/risk/limits.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import { type BalanceWatch, createBalanceWatch } from './balance-watch.ts';
import { type BootChecker, createBootChecker } from './boot-checker.ts';
import type { Execution } from './execution.ts';
import { createGuardian, type Guardian } from './guardian.ts';
import { createLiquidator, type Liquidator } from './liquidator.ts';
import type { Reconciler } from './reconciler.ts';
import { watchResolutions } from './resolution-parts.ts';
import type { ResolutionWatch } from './resolution-watch.ts';
import { createSettlementWatch, type SettlementWatch } from './settlement-watch.ts';
import type { Submits } from './submits.ts';
import type { Trading, TradingParts } from './trading-api.ts';
import type { VenueIntake } from './venue-intake.ts';

export interface Watchers {
  readonly settlements: SettlementWatch;
  readonly resolutions: ResolutionWatch;
  readonly boot: BootChecker;
  readonly liquidator: Liquidator;
  /** After every turn. */
  onTurn(input: EngineInput): void;
  start(): Promise<void>;
  /** Resolves when what was under way has ended. */
  stop(): Promise<void>;
}

export interface WatchersOptions extends Pick<Trading, 'cancel' | 'cancelAll'> {
  readonly parts: TradingParts;
  readonly execution: Execution;
  readonly intake: VenueIntake;
  readonly reconciler: Reconciler;
  readonly submitOwn: Submits['submitOwn'];
}

export function createWatchers(options: WatchersOptions): Watchers {
  const { parts, execution, intake, reconciler, cancel, cancelAll } = options;
  const { store, venue, clock, ids, log } = parts;
  const books = parts.books === undefined ? {} : { books: parts.books };
  const settlements = createSettlementWatch({
    ...{ clock, log, store, ...parts.settlement },
    ...{ registry: execution.registry, publisher: execution.publisher },
    takeTradesSince: (sinceMs) => intake.tradesSince(sinceMs),
  });
  const resolutions = watchResolutions({
    ...{ venue, clock, log, execution, intake, reconciler, ...parts.resolution },
    settings: { ...DEFAULT_RECONCILE, ...parts.reconcile },
  });
  const balance: BalanceWatch = createBalanceWatch({ venue, clock, log, execution });
  const skewMs = venue.clockSkewMs?.bind(venue);
  const guardian: Guardian = createGuardian({
    ...{ execution, clock, log, cancel, ...books },
    limits: { ...DEFAULT_LIMITS, ...parts.limits },
    ...(skewMs === undefined ? {} : { clockSkewMs: skewMs }),
  });
  const liquidator = createLiquidator({
    ...{ execution, store, clock, ids, log, cancelAll, submit: options.submitOwn, ...books },
    instrument: (id) => venue.instrument(id),
  });
  const boot = createBootChecker({
    ...{ venue, store, clock, log, intake, execution },
    takeListed: () => reconciler.takeListed(),
    comparesAtMs: () => reconciler.nextAtMs,
    settlesAtMs: () => settlements.wakesAtMs,
  });

  return {
    ...{ settlements, resolutions, boot, liquidator },
    onTurn(input) {
      settlements.onTurn(input);
      resolutions.onTurn(input);
      balance.onTurn(input);
      guardian.onTurn(input);
    },
    async start() {
      await settlements.start();
      resolutions.start();
      await boot.start();
      balance.start();
      guardian.start();
      liquidator.start();
    },
    async stop() {
      boot.stop();
      balance.stop();
      guardian.stop();
      liquidator.stop();
      await Promise.all([settlements.stop(), resolutions.stop()]);
    },
  };
}
