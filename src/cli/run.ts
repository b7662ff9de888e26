/** `fillwright run`: trades until it is told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Log } from '../actors/execution.ts';
import type { AcquireOptions } from '../actors/store-port.ts';
import type { RunningInspector } from '../adapters/inspector.ts';
import type { Config } from '../config.ts';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { createEngine, type Engine, type StopSummary } from '../engine.ts';
import { parseDuration } from './duration.ts';
import { type GlobalOptions, printError, printResult, remark } from './io.ts';
import { leftOpenLines } from './left-open.ts';
import { progressFacts, type RunWatch, renderRun, watchRun } from './run-view.ts';
import { openScreen, type Screen } from './screen.ts';
import { commandLog, loadConfig } from './settings.ts';
import { onStopSignals } from './signals.ts';
import { type InstrumentNames, summaryLines } from './summary-lines.ts';

/** A log that is no terminal gets a line this often. */
const PROGRESS_EVERY_MS = 5_000;
/** A bug that ends trading is noticed within this time. */
const CHECK_EVERY_MS = 200;
/** An orderly stop waits for the database. One that has gone cannot keep the process for ever. */
const STOP_LIMIT_MS = 30_000;
const LEASE_LOST =
  'Trading has ended: another engine has taken the writer lease. Nothing was sent since.';

interface RunOptions extends GlobalOptions {
  readonly cancelOnStop?: true;
  readonly for?: string;
  readonly inspect?: string | true;
  readonly live?: true;
  readonly seed?: string;
  readonly takeOver?: true;
  readonly wait?: true;
}

export function addRun(program: Command): void {
  program
    .command('run')
    .description('Trade until Ctrl-C: restore everything, follow the market, run the strategies.')
    .option('--cancel-on-stop', 'cancel every open order before the end (stop.cancelOrders)')
    .option('--for <duration>', 'end by itself after 500ms, 30s, 5m or 1h')
    .option('--inspect [port]', 'show every actor to the Stately inspector on this machine')
    .option('--live', 'confirm that the configuration trades real money')
    .option('--seed <text>', 'another story of the market simulator, when it starts anew')
    .option('--take-over', 'take the writer lease from another engine, which can send nothing then')
    .option('--wait', 'wait while another engine has the writer lease')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fillwright run --config config/start.yaml\n  $ fillwright run --for 20s --json | jq .realizedPnl',
    )
    .action(async (_options, command: Command) => run(command.optsWithGlobals()));
}

async function run(options: RunOptions): Promise<void> {
  const forMs = options.for === undefined ? undefined : parseDuration(options.for, '--for');
  const config = withStop(withSeed(await loadConfig(options), options.seed), options);
  const port = inspectorPort(options.inspect, config);
  const whenBusy = whenBusyOf(options);
  const isLive = process.stdout.isTTY === true && !options.json && !options.quiet;

  const terminal = createTerminal();
  const log = commandLog(config, options, isLive ? (line) => terminal.line(line) : undefined);
  const stop = onStopSignals(() => {
    terminal.leave();
    const cancels = config.stop.cancelOrders ? ' Open orders are cancelled first.' : '';
    remark(options, `Stopping.${cancels} Press Ctrl-C again to leave at once.`);
  });
  let inspector: RunningInspector | undefined;
  try {
    if (port !== undefined) {
      // Only now: a start waits for every package that it loads.
      const { startInspector } = await import('../adapters/inspector.ts');
      inspector = await startInspector({ port, log });
      remark(options, `The inspector is at ${inspector.url}.`);
    }
    const engine = createEngine(config, {
      log,
      ...(options.live === true ? { confirmLive: true } : {}),
      writer: { whenBusy, signal: stop.signal },
      ...(inspector === undefined ? {} : { inspect: inspector.inspect }),
    });
    remark(options, 'Starting.');
    await engine.start();
    const { summary, names } = await live(engine, {
      signal: stop.signal,
      log,
      forMs,
      stopLimitMs:
        STOP_LIMIT_MS + (config.stop.cancelOrders ? config.stop.cancelSeconds * 1_000 : 0),
      title: `${config.mode}  ${config.venue.use === 'paper' ? config.marketData.source : config.venue.use}`,
      terminal: isLive ? terminal : undefined,
    });
    printResult(options, summary, () => [
      ...summaryLines(summary, process.stdout.columns),
      '',
      ...leftOpenLines(summary.left, names, process.stdout.columns),
      '',
      `Stopped. Everything is kept in ${place(config)}; starting again goes on from here.`,
    ]);
  } catch (error) {
    if (!(error instanceof StoppedWithoutStore)) throw error;
    // Whatever still waits for the database would keep the process for ever.
    process.exit(printError(error, options));
  } finally {
    stop.dispose();
    await inspector?.close();
  }
}

interface LiveOptions {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly forMs: number | undefined;
  readonly stopLimitMs: number;
  readonly title: string;
  /** Absent: lines of progress in place of the live table. */
  readonly terminal: LiveTerminal | undefined;
}

/** The terminal of a live table: the lines of the log go into the table while it is shown. */
interface LiveTerminal {
  line(line: string): void;
  show(watch: RunWatch): void;
  /** Gives the terminal back. */
  leave(): void;
}

function createTerminal(): LiveTerminal {
  let shown: { readonly watch: RunWatch; readonly screen: Screen } | undefined;
  return {
    line(line) {
      if (shown === undefined) process.stderr.write(line);
      else shown.watch.note(line);
    },
    show(watch) {
      const screen = openScreen(process.stdout, (size) => renderRun(watch.view(), size));
      shown = { watch, screen };
    },
    leave() {
      shown?.screen.close();
      shown = undefined;
    },
  };
}

interface Ended {
  readonly summary: StopSummary;
  /** Of the markets that were followed at the end. */
  readonly names: InstrumentNames;
}

/** Watches a started engine to its end and stops it, whatever happens on the way. */
async function live(engine: Engine, options: LiveOptions): Promise<Ended> {
  let summary: StopSummary | undefined;
  let names: InstrumentNames = new Map();
  try {
    const watch = await watchRun(engine, options.title);
    const closeDisplay = display(watch, options);
    try {
      await untilEnd(engine, options);
      names = watch.view().names;
    } finally {
      closeDisplay();
      watch.close();
    }
  } finally {
    summary = await inTime(engine.stop(), options.stopLimitMs);
  }
  if (summary !== undefined) return { summary, names };
  throw new FillwrightFault('broken_invariant', 'Trading has ended before it was told to stop.');
}

/** The live table on a terminal, lines of progress elsewhere. Answers the end of it. */
function display(watch: RunWatch, { terminal, log }: LiveOptions): () => void {
  if (terminal !== undefined) {
    terminal.show(watch);
    return () => terminal.leave();
  }
  const timer = setInterval(
    () => log.info(progressFacts(watch.view()), 'Running.'),
    PROGRESS_EVERY_MS,
  );
  return () => clearInterval(timer);
}

/**
 * Resolves at a signal, at the end of the time or of the market data.
 *
 * @throws what ended the market data; `lease_lost` when another engine has taken over;
 * `broken_invariant` when a bug has ended trading.
 */
async function untilEnd(engine: Engine, { signal, forMs }: LiveOptions): Promise<void> {
  const over = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const timed = async (milliseconds: number) => {
    await sleep(milliseconds, undefined, { signal: over.signal });
  };
  const watchFailure = async (): Promise<void> => {
    for (;;) {
      await timed(CHECK_EVERY_MS);
      const { failure, lease } = engine.health();
      if (lease === 'lost') throw new FillwrightFault('lease_lost', LEASE_LOST);
      if (failure !== null) {
        throw new FillwrightFault('broken_invariant', `Trading has ended: ${failure}`);
      }
    }
  };
  try {
    const ends = [stopped, engine.finished(), watchFailure()];
    await Promise.race(forMs === undefined ? ends : [...ends, timed(forMs)]);
  } finally {
    over.abort();
  }
}

class StoppedWithoutStore extends FillwrightFault {
  constructor() {
    super(
      'store_unavailable',
      `The database has not answered for ${STOP_LIMIT_MS / 1_000} s: stopped without it. Nothing that was answered is lost.`,
    );
  }
}

async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const over = new AbortController();
  const limit = async (): Promise<never> => {
    await sleep(limitMs, undefined, { signal: over.signal });
    throw new StoppedWithoutStore();
  };
  try {
    return await Promise.race([work, limit()]);
  } finally {
    over.abort();
  }
}

function whenBusyOf({ wait, takeOver }: RunOptions): NonNullable<AcquireOptions['whenBusy']> {
  if (wait && takeOver) throw new InvalidValue('--wait', '--take-over', 'one of the two');
  if (takeOver) return 'takeOver';
  return wait ? 'wait' : 'refuse';
}

function withStop(config: Config, { cancelOnStop }: RunOptions): Config {
  return cancelOnStop === true
    ? { ...config, stop: { ...config.stop, cancelOrders: true } }
    : config;
}

function withSeed(config: Config, seed: string | undefined): Config {
  if (seed === undefined) return config;
  const { marketData } = config;
  if (marketData.source !== 'simulator') {
    throw new InvalidValue('--seed', seed, 'a configuration with marketData.source: simulator');
  }
  return { ...config, marketData: { ...marketData, seed } };
}

/** The port to listen on, or undefined for no inspector. */
function inspectorPort(asked: string | true | undefined, config: Config): number | undefined {
  if (asked === undefined) return config.inspector.enabled ? config.inspector.port : undefined;
  if (asked === true) return config.inspector.port;
  const port = /^\d{1,5}$/.test(asked) ? Number(asked) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidValue('--inspect', asked, 'a port from 0 to 65535');
}

function place({ database, dataFolder }: Config): string {
  return database.url === undefined ? dataFolder : `schema ${database.schema} of the database`;
}
