/** What the runs came to, for people and for programs. */
import { DEFAULT_MINUTES, FAULT_KINDS, type SimulationOptions } from './options.ts';
import type { Figures, Outcome } from './simulation.ts';

const HOUR_MS = 3_600_000;

export interface Totals {
  readonly runs: number;
  readonly violations: number;
  readonly simulatedHours: number;
  readonly steps: number;
  readonly intents: number;
  readonly ordersAtVenue: number;
  readonly legs: number;
  readonly lives: number;
  readonly faults: Readonly<Record<string, number>>;
}

export function totalsOf(outcomes: readonly Outcome[]): Totals {
  const sum = (of: (figures: Figures) => number): number =>
    outcomes.reduce((total, { figures }) => total + of(figures), 0);
  const faults: Record<string, number> = {};
  for (const { figures } of outcomes) {
    for (const [kind, times] of Object.entries(figures.faults)) {
      faults[kind] = (faults[kind] ?? 0) + times;
    }
  }
  return {
    runs: outcomes.length,
    violations: outcomes.filter(({ violation }) => violation !== undefined).length,
    simulatedHours: Math.round(sum(({ simulatedMs }) => simulatedMs) / (HOUR_MS / 10)) / 10,
    steps: sum(({ steps }) => steps),
    intents: sum(({ intents }) => intents),
    ordersAtVenue: sum(({ ordersAtVenue }) => ordersAtVenue),
    legs: sum(({ legs }) => legs),
    lives: sum(({ lives }) => lives),
    faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

export function totalsText(totals: Totals): string {
  const { runs, violations, faults, ...figures } = totals;
  const lines = Object.entries({ runs, violations, ...figures }).map(
    ([name, value]) => `${name.padEnd(16)} ${value}`,
  );
  const kinds = Object.entries(faults).map(([kind, times]) => `  ${kind.padEnd(26)} ${times}`);
  return [...lines, 'faults', ...kinds].join('\n');
}

/** The command that repeats a run. */
export function commandOf({
  seed,
  minutes,
  faults,
  maxActions,
  crashAt,
}: SimulationOptions): string {
  const without = FAULT_KINDS.filter((kind) => !faults.includes(kind));
  const parts = [
    `npm run simulate -- --seed ${seed}`,
    ...(minutes === DEFAULT_MINUTES ? [] : [`--minutes ${minutes}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
    ...(maxActions === undefined ? [] : [`--actions ${maxActions}`]),
    ...(crashAt === undefined ? [] : [`--crash-at ${crashAt.step}:${crashAt.when}`]),
  ];
  return parts.join(' ');
}

export function failureText(outcome: Outcome, whole: Outcome): string {
  const { violation, trace, options } = outcome;
  const smaller = commandOf(options);
  const first = commandOf(whole.options);
  return [
    `Seed ${options.seed}: ${violation?.rule}`,
    violation?.message ?? '',
    '',
    'The end of the smallest trace found:',
    ...trace.slice(-60).map((line) => `  ${line}`),
    '',
    `Repeat it:       ${smaller} --trace`,
    ...(smaller === first ? [] : [`The run it is of: ${first}`]),
  ].join('\n');
}
