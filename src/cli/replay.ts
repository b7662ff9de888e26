/** `fillwright replay`: plays a recording through the whole engine, on virtual time. */
import type { Command } from 'commander';
import { type ReplayProgress, replay } from '../replay.ts';
import { formatDuration } from './duration.ts';
import { EXIT, type GlobalOptions, printResult, remark } from './io.ts';
import { commandLog, loadConfig } from './settings.ts';
import { onStopSignals } from './signals.ts';
import { summaryLines } from './summary-lines.ts';

const PROGRESS_EVERY_MS = 250;

interface ReplayCommandOptions extends GlobalOptions {
  readonly recording: string;
  readonly seed?: string;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('Play a recording through the whole engine and print the result.')
    .requiredOption('--recording <file>', 'a .jsonl or .jsonl.gz file of the market channel')
    .option('--seed <text>', 'chances of the paper venue; wins over replay.seed')
    .addHelpText(
      'after',
      '\nExample:\n  $ fillwright replay --recording game.jsonl.gz --config config/replay.yaml --json',
    )
    .action(async (_options, command: Command) => replayFile(command.optsWithGlobals()));
}

async function replayFile(options: ReplayCommandOptions): Promise<void> {
  const config = await loadConfig(options, 'replay.yaml');
  const stop = onStopSignals(() => remark(options, 'Stopping.'));
  const progress = showProgress(options);
  try {
    const summary = await replay(config, options.recording, {
      log: commandLog(config, options),
      onProgress: progress.take,
      signal: stop.signal,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    });
    progress.close();
    printResult(options, summary, () => summaryLines(summary, process.stdout.columns));
  } catch (error) {
    progress.close();
    if (!stop.signal.aborted) throw error;
    remark(options, 'The replay was cut short; it leaves nothing behind.');
    process.exitCode = EXIT.interrupted;
  } finally {
    stop.dispose();
  }
}

/** One line that changes, on a terminal only. */
function showProgress({ json, quiet }: GlobalOptions) {
  let latest: ReplayProgress | undefined;
  let firstAtMs: number | undefined;
  const isShown = process.stderr.isTTY === true && !json && !quiet;
  const draw = () => {
    if (latest === undefined || firstAtMs === undefined) return;
    const played = formatDuration(latest.atMs - firstAtMs);
    process.stderr.write(`\r${latest.groups} moments, ${played} of the recording\x1b[K`);
  };
  const timer = isShown ? setInterval(draw, PROGRESS_EVERY_MS) : undefined;
  return {
    take(progress: ReplayProgress): void {
      firstAtMs ??= progress.atMs;
      latest = progress;
    },
    close(): void {
      clearInterval(timer);
      if (isShown) process.stderr.write('\r\x1b[K');
    },
  };
}
