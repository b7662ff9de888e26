/** The command line: commands, help and exit codes. */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { EXIT, ignoreClosedPipes, printError, UsageFault } from './io.ts';

type AddCommand = (program: Command) => unknown;

/** In the order of the help. Loaded only when asked for: most of a short command's time is loading. */
const COMMANDS = new Map<string, () => Promise<AddCommand>>([
  ['run', async () => (await import('./run.ts')).addRun],
  ['replay', async () => (await import('./replay.ts')).addReplay],
  ['status', async () => (await import('./status.ts')).addStatus],
  ['orders', async () => (await import('./orders.ts')).addOrders],
  ['positions', async () => (await import('./positions.ts')).addPositions],
  ['explain', async () => (await import('./explain.ts')).addExplain],
  ['reconcile', async () => (await import('./reconcile.ts')).addReconcile],
  ['findings', async () => (await import('./findings.ts')).addFindings],
  ['resolve', async () => (await import('./resolve.ts')).addResolve],
  ['cancel', async () => (await import('./cancel.ts')).addCancel],
  ['cancel-all', async () => (await import('./cancel.ts')).addCancelAll],
  ['pause', async () => (await import('./hold.ts')).addPause],
  ['reduce', async () => (await import('./hold.ts')).addReduce],
  ['halt', async () => (await import('./hold.ts')).addHalt],
  ['flatten', async () => (await import('./hold.ts')).addFlatten],
  ['resume', async () => (await import('./hold.ts')).addResume],
  ['override', async () => (await import('./override.ts')).addOverride],
  ['exits', async () => (await import('./exits.ts')).addExits],
  ['budget', async () => (await import('./budget.ts')).addBudget],
  ['resolved', async () => (await import('./resolution.ts')).addResolved],
  ['redeemed', async () => (await import('./resolution.ts')).addRedeemed],
  ['migrate', async () => (await import('./migrate.ts')).addMigrate],
  ['report', async () => (await import('./report.ts')).addReport],
  ['verify', async () => (await import('./verify.ts')).addVerify],
  ['sandbox', async () => (await import('./sandbox.ts')).addSandbox],
  ['config', async () => (await import('./config.ts')).addConfig],
  ['doctor', async () => (await import('./doctor.ts')).addDoctor],
]);

const EXIT_CODES = `
Exit codes:
  0    fine
  1    the engine found a fault, or a run failed
  2    bad usage, bad configuration or bad input
  3    the store cannot be reached, or another engine holds it
  4    the command is kept for the engine, and no engine has answered yet
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
  for (const load of asked(argv)) (await load())(program);
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
  return program;
}

/** The commands that are named; all of them where none is, for the help and for suggestions. */
function asked(argv: readonly string[]): readonly (() => Promise<AddCommand>)[] {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return [];
  const named = argv.flatMap((arg) => COMMANDS.get(arg) ?? []);
  return named.length > 0 ? [...new Set(named)] : [...COMMANDS.values()];
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
