/** The command line: commands, help and exit codes. */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addConfig } from './config.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { EXIT, ignoreClosedPipes, printError, UsageFault } from './io.ts';
import { addMigrate } from './migrate.ts';
import { addOrders } from './orders.ts';
import { addPositions } from './positions.ts';
import { addReplay } from './replay.ts';
import { addRun } from './run.ts';
import { addSandbox } from './sandbox.ts';
import { addStatus } from './status.ts';

const EXIT_CODES = `
Exit codes:
  0    fine
  1    the engine found a fault, or a run failed
  2    bad usage, bad configuration or bad input
  3    the store cannot be reached, or another engine holds it
  130  a second Ctrl-C, or a replay that was cut short`;

/**
 * Runs one command.
 *
 * @returns the exit code. Results go to standard output, everything else to standard error.
 */
export async function main(argv: readonly string[]): Promise<number> {
  ignoreClosedPipes();
  let refused = '';
  const program = createProgram((text) => {
    refused += text;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Before the command line is understood, its options can only be looked for.
    const options = { json: argv.includes('--json'), debug: argv.includes('--debug') };
    if (!(error instanceof CommanderError)) return printError(error, options);
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code !== 'commander.help') return printError(usageFault(error), options);
    process.stderr.write(refused);
    return EXIT.usage;
  }
}

function createProgram(onRefused: (text: string) => void): Command {
  const program = new Command('fillwright')
    .description(
      'Crash-safe order execution for prediction markets: every intent becomes at most one order, every fill counts exactly once.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .option('--config <file>', "a YAML configuration; the package's own unless given")
    .option('--json', 'print one JSON value and nothing else on standard output', false)
    .option('--quiet', 'print the result and errors only', false)
    .option('--debug', 'print everything that is logged, and where an error comes from', false)
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: onRefused })
    .exitOverride();
  for (const add of [
    addRun,
    addReplay,
    addStatus,
    addOrders,
    addPositions,
    addExplain,
    addMigrate,
    addSandbox,
    addConfig,
    addDoctor,
  ]) {
    add(program);
  }
  return program;
}

/** Commander's message is `error: …`, sometimes with a suggestion on a second line. */
function usageFault(error: CommanderError): UsageFault {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return new UsageFault(`${message} (see fillwright --help)`, { cause: error });
}

function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../../package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
