/** What a run is made of. The same options give the same run. */

/** What can go wrong, each to be left out when the smallest failing run is looked for. */
export const FAULT_KINDS = [
  /** The engine's process dies at a call or a delivery. */
  'crashes',
  /** The engine's process stands still while another one starts, then goes on. */
  'zombies',
  /** Requests and answers that are lost, late, repeated or cut off. */
  'network',
  /** Connections of the stream that are cut or fall silent. */
  'streams',
  /** Writes and reads of the store that fail, or whose answers are lost. */
  'store',
  /** The store is away for seconds or minutes. */
  'outages',
  /** The machine's clock is set. */
  'clockJumps',
  /** What the venue itself gets wrong: its fault rules for requests. */
  'venue',
  /** The same for frames of its stream. */
  'frames',
  /** Trades that fail or are retried on chain. */
  'settlement',
  /** Tick sizes change and markets are resolved. */
  'markets',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface CrashAt {
  /** Number of the call or delivery, counted from 1 over the whole run. */
  readonly step: number;
  /** Before it has an effect, or right after. */
  readonly when: 'before' | 'after';
}

export interface SimulationOptions {
  readonly seed: string;
  /** Simulated minutes in which intents come and things go wrong. */
  readonly minutes: number;
  readonly faults: readonly FaultKind[];
  /** The one crash of the run, in place of seeded ones. */
  readonly crashAt?: CrashAt;
  /** At most so many intents and commands are given. */
  readonly maxActions?: number;
  /** Keeps the whole trace. */
  readonly keepTrace?: boolean;
}

export const DEFAULT_MINUTES = 5;

export function simulationOptions(
  seed: string,
  over: Partial<SimulationOptions> = {},
): SimulationOptions {
  return { seed, minutes: DEFAULT_MINUTES, faults: FAULT_KINDS, ...over };
}
