/** What a paper venue can be told. */
import { type Decimal, type DecimalText, parseDecimal } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';

/** Every field may be left out; the defaults are those of `DEFAULTS`. */
export interface PaperSettings {
  /** Travel time of a request; one number for both. 0: the next macrotask, without a timer. */
  readonly latencyMs?: number | { readonly submit?: number; readonly cancel?: number };
  /** Dollars deposited when the venue's books are first opened. Later changes have no effect. */
  readonly cashUsd?: DecimalText;
  readonly settlement?: {
    /** From the match to the block that holds it. */
    readonly minedAfterMs?: number;
    /** From that block to finality. */
    readonly confirmedAfterMs?: number;
    /** Share of legs, 0 to 1, whose transaction reverts: they end `failed` instead of `mined`. */
    readonly failedShare?: number;
    /** Share of legs, 0 to 1, that need a second attempt and take `minedAfterMs` once more. */
    readonly retryingShare?: number;
  };
  readonly partialFills?: {
    /** Share of taking orders, 0 to 1, that are filled in two parts. */
    readonly share?: number;
    /** The part that is filled at once, as a ratio between 0 and 1 in decimal text. */
    readonly firstPart?: DecimalText;
    /** When the rest is filled, at the same prices. */
    readonly delayMs?: number;
  };
  /**
   * Where our resting order stands among the shares shown at its price: `back` waits for all of
   * them (the honest assumption), `front` for none.
   */
  readonly queuePosition?: 'back' | 'front';
}

/** The settings as the venue uses them: complete and checked. */
export interface CheckedSettings {
  readonly submitLatencyMs: number;
  readonly cancelLatencyMs: number;
  readonly cashUsd: Decimal;
  readonly minedAfterMs: number;
  readonly confirmedAfterMs: number;
  readonly failedShare: number;
  readonly retryingShare: number;
  readonly partialShare: number;
  readonly partialFirst: Decimal;
  readonly partialDelayMs: number;
  readonly queuePosition: 'back' | 'front';
}

/** Polygon mines a block in about 2 s; the venue calls it final a few blocks later. */
const DEFAULTS = {
  latencyMs: 50,
  cashUsd: '1000',
  minedAfterMs: 2_000,
  confirmedAfterMs: 4_000,
  failedShare: 0,
  retryingShare: 0,
  partialShare: 0,
  partialFirst: '0.3',
  partialDelayMs: 500,
  queuePosition: 'back',
} as const;

/** A wait of more than a day is a slip of the unit. */
const LONGEST_MS = 86_400_000;

/** @throws {InvalidValue} that names the setting, for example `paper.settlement.failedShare`. */
export function checkSettings(settings: PaperSettings = {}): CheckedSettings {
  const { latencyMs = DEFAULTS.latencyMs, settlement = {}, partialFills = {} } = settings;
  const latency =
    typeof latencyMs === 'number' ? { submit: latencyMs, cancel: latencyMs } : latencyMs;
  return {
    submitLatencyMs: waitMs('latencyMs.submit', latency.submit ?? DEFAULTS.latencyMs),
    cancelLatencyMs: waitMs('latencyMs.cancel', latency.cancel ?? DEFAULTS.latencyMs),
    cashUsd: startCash(settings.cashUsd ?? DEFAULTS.cashUsd),
    minedAfterMs: waitMs(
      'settlement.minedAfterMs',
      settlement.minedAfterMs ?? DEFAULTS.minedAfterMs,
    ),
    confirmedAfterMs: waitMs(
      'settlement.confirmedAfterMs',
      settlement.confirmedAfterMs ?? DEFAULTS.confirmedAfterMs,
    ),
    failedShare: share('settlement.failedShare', settlement.failedShare ?? DEFAULTS.failedShare),
    retryingShare: share(
      'settlement.retryingShare',
      settlement.retryingShare ?? DEFAULTS.retryingShare,
    ),
    partialShare: share('partialFills.share', partialFills.share ?? DEFAULTS.partialShare),
    partialFirst: ratio(partialFills.firstPart ?? DEFAULTS.partialFirst),
    partialDelayMs: waitMs('partialFills.delayMs', partialFills.delayMs ?? DEFAULTS.partialDelayMs),
    queuePosition: position(settings.queuePosition ?? DEFAULTS.queuePosition),
  };
}

function waitMs(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > LONGEST_MS) {
    throw new InvalidValue(`paper.${name}`, value, `whole milliseconds, 0 to ${LONGEST_MS}`);
  }
  return value;
}

function share(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) {
    throw new InvalidValue(`paper.${name}`, value, 'a share between 0 and 1');
  }
  return value;
}

function startCash(value: DecimalText): Decimal {
  const expected = 'dollars, zero or more';
  const parsed = parseDecimal(value, 'paper.cashUsd', expected);
  if (parsed.lt(0)) throw new InvalidValue('paper.cashUsd', value, expected);
  return parsed;
}

function ratio(value: DecimalText): Decimal {
  const expected = 'a ratio strictly between 0 and 1';
  const parsed = parseDecimal(value, 'paper.partialFills.firstPart', expected);
  if (parsed.lte(0) || parsed.gte(1)) {
    throw new InvalidValue('paper.partialFills.firstPart', value, expected);
  }
  return parsed;
}

function position(value: 'back' | 'front'): 'back' | 'front' {
  if (value !== 'back' && value !== 'front') {
    throw new InvalidValue('paper.queuePosition', value, "'back' or 'front'");
  }
  return value;
}
