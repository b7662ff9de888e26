/** `fillwright sandbox`: a Polymarket-compatible venue on this machine, for any client. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Clock } from '../actors/ports.ts';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { createLog } from '../adapters/log.ts';
import { createRandom } from '../adapters/random.ts';
import { InvalidValue } from '../domain/faults.ts';
import { createSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { readScenario, type Scenario, scenarioOf } from '../sandbox/scenario.ts';
import { type GlobalOptions, printError, printResult, remark } from './io.ts';
import { onStopSignals, type StopRequest } from './signals.ts';
import { tableLines } from './table.ts';

interface SandboxCommandOptions extends GlobalOptions {
  readonly port: string;
  readonly wsPort?: string;
  readonly scenario?: string;
  readonly seed?: string;
  readonly state?: string;
  readonly endWithInput?: true;
}

export function addSandbox(program: Command): void {
  program
    .command('sandbox')
    .description('Run a Polymarket-compatible venue on this machine until Ctrl-C.')
    .option('--port <number>', 'where REST and websockets listen; 0 for a free one', '0')
    .option('--ws-port <number>', 'a port of their own for the websockets')
    .option('--scenario <file>', 'accounts, markets, makers and faults, as YAML')
    .option('--seed <text>', 'other keys, prices and chances; wins over the scenario')
    .option('--state <file>', 'keep everything in this file and go on from it')
    .option(
      '--end-with-input',
      'end when standard input ends, and not at Ctrl-C: for a parent process',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fillwright sandbox --port 8080\n  $ fillwright sandbox --scenario game.yaml --state game.json --json',
    )
    .action(async (_options, command: Command) => runSandbox(command.optsWithGlobals()));
}

async function runSandbox(options: SandboxCommandOptions): Promise<void> {
  const port = readPort(options.port, '--port');
  const wsPort = options.wsPort === undefined ? undefined : readPort(options.wsPort, '--ws-port');
  const scenario = withSeed(
    options.scenario === undefined ? scenarioOf() : await readScenario(options.scenario),
    options.seed,
  );
  const clock = createSystemClock();
  const sandbox = createSandbox({
    clock,
    random: createRandom(chanceSeed(scenario, options.state, clock)).next,
    scenario,
    port,
    log: createLog({ level: options.debug ? 'debug' : 'warn', pretty: 'auto' }),
    ...(wsPort === undefined ? {} : { wsPort }),
    ...(options.state === undefined ? {} : { stateFile: options.state }),
  });
  const stop = options.endWithInput
    ? onEndOfInput()
    : onStopSignals(() => remark(options, 'Stopping.'));
  await startOrLeave(sandbox, options);
  try {
    printResult(options, sandboxView(sandbox), () => sandboxLines(sandbox));
    await aborted(stop.signal);
  } finally {
    await sandbox.stop();
    stop.dispose();
  }
}

/** Chance that began anew beside a state would give new trades the ids of those in it. */
function chanceSeed({ seed }: Scenario, stateFile: string | undefined, clock: Clock): string {
  const goesOn = stateFile !== undefined && existsSync(stateFile);
  return goesOn ? `${seed} ${clock.now()}` : seed;
}

/** An orderly stop would save over the state that could not be taken up. */
async function startOrLeave(sandbox: Sandbox, options: GlobalOptions): Promise<void> {
  try {
    await sandbox.start();
  } catch (error) {
    process.exit(printError(error, options));
  }
}

/** The parent decides, however it ends: a Ctrl-C in its terminal reaches this process as well. */
function onEndOfInput(): StopRequest {
  const abort = new AbortController();
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  process.once('SIGTERM', () => abort.abort());
  process.stdin.once('end', () => abort.abort()).once('error', () => abort.abort());
  process.stdin.resume();
  return {
    signal: abort.signal,
    dispose() {
      process.off('SIGINT', ignore);
      process.stdin.destroy();
    },
  };
}

function readPort(text: string, place: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidValue(place, text, 'a port from 0 to 65535');
}

function withSeed(scenario: Scenario, seed: string | undefined): Scenario {
  return seed === undefined ? scenario : { ...scenario, seed };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Everything that a client needs. The private keys are worth nothing elsewhere. */
function sandboxView({ rest, ws, chainId, accounts, markets }: Sandbox) {
  return {
    rest,
    ws,
    chainId,
    accounts,
    markets: markets.map(({ conditionId, slug, question, tokens, ...rules }) => ({
      conditionId,
      slug,
      question,
      tokens,
      tickSize: rules.tickSize,
      minimumOrderSize: rules.minimumOrderSize,
      negRisk: rules.negRisk,
      version: rules.version,
      fees: rules.fees,
      takerDelayMs: rules.takerDelayMs,
    })),
  };
}

function sandboxLines({ rest, ws, chainId, accounts, markets }: Sandbox): readonly string[] {
  return [
    `REST       ${rest}`,
    `websockets ${ws}/market  ${ws}/user`,
    `chain      ${chainId}`,
    '',
    ...tableLines(
      [
        { title: 'account' },
        { title: 'type', align: 'right' },
        { title: 'funder' },
        { title: 'private key' },
      ],
      accounts.map((account) => [
        account.name,
        String(account.signatureType),
        account.funder,
        account.privateKey ?? '',
      ]),
    ),
    '',
    ...tableLines(
      [{ title: 'market' }, { title: 'version' }, { title: 'tick' }, { title: 'condition id' }],
      markets.map((market) => [
        market.slug,
        `${market.version}${market.negRisk ? ' neg-risk' : ''}`,
        market.tickSize,
        market.conditionId,
      ]),
    ),
    '',
    'API keys and token ids: the same command with --json. Ctrl-C ends it.',
  ];
}
