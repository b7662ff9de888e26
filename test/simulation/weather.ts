/** What goes wrong and when: of each kind nothing, little or much in one run. */
import type { FaultInput } from '../../src/sandbox/faults/rules.ts';
import { type Chance, createChance } from './chances.ts';
import type { NetworkWeather } from './http-line.ts';
import type { MachineClock } from './machine-clock.ts';
import type { FaultKind } from './options.ts';
import type { StoreWeather } from './store-line.ts';
import type { Timeline } from './timeline.ts';
import type { VenueSide } from './venue-side.ts';

export interface Weather {
  readonly network: NetworkWeather;
  readonly store: StoreWeather;
  readonly machine: MachineClock;
  /** Steps that a life of the engine has left when it begins; undefined: it is not killed. */
  stepsToLive(): number | undefined;
  /** Whether the process stands still instead of dying. */
  standsStill(): boolean;
  start(): void;
  /** Everything works from now on. */
  heal(): void;
}

export interface WeatherOptions {
  readonly seed: string;
  readonly faults: ReadonlySet<FaultKind>;
  readonly timeline: Timeline;
  readonly venue: VenueSide;
  readonly cutSockets: (silently: boolean) => void;
  readonly count: (kind: string) => void;
}

export function createWeather(options: WeatherOptions): Weather {
  const { seed, faults, timeline, venue, count } = options;
  const chance = createChance(seed, 'weather');
  const strength = strengths(chance, faults);
  const network: NetworkWeather = {
    isCut: false,
    refused: 0.02 * strength.network,
    requestLost: 0.015 * strength.network,
    answerLost: 0.02 * strength.network,
    resetBefore: 0.015 * strength.network,
    resetAfter: 0.02 * strength.network,
    repeated: 0.02 * strength.network,
    slow: 0.03 * strength.network,
  };
  const store: StoreWeather = {
    isAway: false,
    failsBefore: 0.015 * strength.store,
    failsAfter: 0.015 * strength.store,
    slow: 0.02 * strength.store,
  };
  const machine: MachineClock = { offsetMs: 0 };
  let isHealed = false;

  /** Happens again and again until all is healed, so many minutes apart. */
  function often(everyMinutes: number, kind: FaultKind, act: () => void): void {
    const own = createChance(seed, `weather/${kind}/${everyMinutes}`);
    if (strength[kind] === 0) return;
    const meanMs = (everyMinutes * 60_000) / strength[kind];
    const wait = (): void => {
      timeline.after(own.between(1_000, Math.round(2 * meanMs)), () => {
        if (isHealed) return;
        act();
        wait();
      });
    };
    wait();
  }

  function forAWhile(begin: () => void, end: () => void, longestMs: number): void {
    begin();
    timeline.after(chance.between(200, longestMs), end);
  }

  function jumpClock(): void {
    const farMs = chance.hits(0.2) ? 90_000 : 4_000;
    machine.offsetMs = chance.between(-farMs, farMs);
    count('clock set');
  }

  return {
    network,
    store,
    machine,
    stepsToLive() {
      if (isHealed || strength.crashes === 0) return undefined;
      // Close to its start, somewhere in it, or never.
      const kind = chance.weighed({ soon: 1, later: 5, never: 2 });
      if (kind === 'never') return undefined;
      return chance.between(1, kind === 'soon' ? 60 : Math.round(3_000 / strength.crashes));
    },
    standsStill: () => strength.zombies > 0 && chance.hits(0.3),
    start() {
      often(4, 'network', () => {
        count('network cut');
        forAWhile(
          () => {
            network.isCut = true;
          },
          () => {
            network.isCut = false;
          },
          40_000,
        );
      });
      often(2, 'streams', () => {
        const silently = chance.hits(0.4);
        count(silently ? 'stream silent' : 'stream cut');
        options.cutSockets(silently);
      });
      often(5, 'outages', () => {
        count('outage');
        forAWhile(
          () => {
            store.isAway = true;
          },
          () => {
            store.isAway = false;
          },
          60_000,
        );
      });
      often(4, 'clockJumps', jumpClock);
      often(0.7, 'venue', () => addRule(venue, requestRule(chance), count));
      often(0.7, 'frames', () => addRule(venue, frameRule(chance), count));
    },
    heal() {
      isHealed = true;
      for (const rate of Object.keys(network) as (keyof NetworkWeather)[]) {
        if (rate !== 'isCut') network[rate] = 0;
      }
      network.isCut = false;
      store.isAway = false;
      store.failsBefore = 0;
      store.failsAfter = 0;
      store.slow = 0;
      venue.sandbox.floor.faults.clear();
    },
  };
}

/** 0: not in this run. Not every kind at once: each hides others. */
function strengths(
  chance: Chance,
  faults: ReadonlySet<FaultKind>,
): Readonly<Record<FaultKind, number>> {
  const draw = (kind: FaultKind): number => {
    const drawn = chance.pick([0, 0.5, 1, 2]);
    return faults.has(kind) ? drawn : 0;
  };
  return {
    crashes: draw('crashes'),
    zombies: draw('zombies'),
    network: draw('network'),
    streams: draw('streams'),
    store: draw('store'),
    outages: draw('outages'),
    clockJumps: draw('clockJumps'),
    venue: draw('venue'),
    frames: draw('frames'),
    settlement: draw('settlement'),
    markets: draw('markets'),
  };
}

function addRule(venue: VenueSide, rule: FaultInput, count: (kind: string) => void): void {
  venue.sandbox.floor.faults.add(rule);
  count(`venue ${rule.kind}`);
}

function requestRule(chance: Chance): FaultInput {
  const route = chance.pick(['orders', 'cancels', 'reads', 'any', 'POST /order']);
  const often = { route, count: chance.between(1, 3), probability: chance.pick([0.3, 1]) };
  const carriedOut = chance.hits(0.5);
  const while_ = { forMs: chance.between(1_000, 20_000) };
  switch (
    chance.weighed({
      acceptThenTimeout: 4,
      rejectThenTimeout: 3,
      slow: 3,
      tooManyRequests: 2,
      error: 3,
      html: 2,
      truncate: 2,
      restart: 1,
      modes: 1,
      cancelRace: 2,
      staleBalances: 1,
      settlement: 1,
    })
  ) {
    case 'acceptThenTimeout':
      return { kind: 'acceptThenTimeout', ...often, closeAfterMs: chance.between(0, 30_000) };
    case 'rejectThenTimeout':
      return { kind: 'rejectThenTimeout', ...often, closeAfterMs: chance.between(0, 30_000) };
    case 'slow':
      return {
        kind: 'slow',
        ...often,
        delayMs: chance.between(100, 20_000),
        carriedOut: carriedOut ? 'before' : 'after',
      };
    case 'tooManyRequests':
      return { kind: 'tooManyRequests', ...often, retryAfterS: chance.between(0, 5) };
    case 'error':
      return { kind: 'error', ...often, status: chance.pick([500, 502, 503, 504]), carriedOut };
    case 'html':
      return { kind: 'html', ...often, carriedOut };
    case 'truncate':
      return { kind: 'truncate', ...often };
    case 'restart':
      return {
        kind: 'restart',
        downForMs: chance.between(500, 10_000),
        postOnlyForMs: chance.between(0, 30_000),
      };
    case 'modes':
      return { kind: chance.pick(['postOnly', 'cancelOnly', 'disabled'] as const), ...while_ };
    case 'cancelRace':
      return { kind: 'cancelRace', count: 2, share: chance.pick([0.3, 1]) };
    case 'staleBalances':
      return { kind: 'staleBalances', ...while_, ignoresUpdates: chance.hits(0.5) };
    case 'settlement':
      return { kind: 'settlement', count: 1, fate: chance.pick(['FAILED', 'RETRYING'] as const) };
  }
}

function frameRule(chance: Chance): FaultInput {
  const frame = chance.pick(['user.any', 'user.trade', 'user.order']);
  const often = { frame, count: chance.between(1, 4), probability: chance.pick([0.3, 1]) };
  const kind = chance.weighed({
    duplicateFrame: 3,
    delayFrame: 3,
    reorderFrames: 3,
    dropFrame: 3,
    freeze: 1,
    disconnect: 2,
  });
  switch (kind) {
    case 'delayFrame':
      return { kind, ...often, delayMs: chance.between(100, 30_000) };
    case 'reorderFrames':
      return { kind, ...often, withinMs: chance.between(100, 10_000) };
    case 'freeze':
      return { kind, ...often, count: 1, answersPing: chance.hits(0.5) };
    default:
      return { kind, ...often };
  }
}
