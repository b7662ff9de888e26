/** `npm run bench -- [--json] [--only fills,venue,…]`, some of the names below. */
import { cpus } from 'node:os';
import { createTool, someOf } from '../test/support/tool.ts';
import { benchCreation, benchRestoration } from './actors.ts';
import { benchBlockEntries, benchLiquidation } from './closing.ts';
import { benchFills } from './fills.ts';
import { benchIntents, benchOpenLoop } from './latency.ts';
import { benchMarketData } from './market-data.ts';
import { benchPreTrade } from './pre-trade.ts';
import { benchSandbox } from './sandbox.ts';
import { benchSigning } from './signing.ts';
import { benchVenue } from './venue.ts';
import { openWorld, type World } from './world.ts';

const BENCHES: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  open: benchOpenLoop,
  fills: (world) => benchFills(world, say),
  create: benchCreation,
  restore: benchRestoration,
  intents: benchIntents,
  preTrade: benchPreTrade,
  blockEntries: benchBlockEntries,
  liquidation: benchLiquidation,
  sign: benchSigning,
  sandbox: benchSandbox,
  venue: benchVenue,
  marketData: benchMarketData,
};

interface Options {
  readonly only?: readonly string[];
  readonly json: boolean;
}

const NAMES = Object.keys(BENCHES);
const { only = NAMES, json } = createTool(
  'bench',
  'Measures, each figure with the limit of the same run.',
)
  .option('--only <names>', `of these: ${NAMES.join(',')}`, someOf(NAMES))
  .option('--json', 'print the figures as one JSON object', false)
  .parse()
  .opts<Options>();

function say(text: string): void {
  if (!json) console.log(text);
}

const world = await openWorld();
try {
  const results: Record<string, unknown> = {
    node: process.version,
    cores: cpus().length,
    server: world.server,
  };
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!only.includes(name)) continue;
    results[name] = await bench(world);
    if (name !== 'fills') say(`${name}: ${JSON.stringify(results[name])}`);
  }
  if (json) console.log(JSON.stringify(results, null, 2));
} finally {
  await world.end();
}
