/** `npm run bench -- [--json] [--only fills,venue,…]`, some of the names below. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
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

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: {
      type: 'string',
      default:
        'open,fills,create,restore,intents,preTrade,blockEntries,liquidation,sign,sandbox,venue,marketData',
    },
  },
});

const say = (text: string) => {
  if (!values.json) console.log(text);
};

const BENCHES: Record<string, (world: World) => Promise<unknown>> = {
  fills: (world) => benchFills(world, say),
  open: benchOpenLoop,
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

const world = await openWorld();
try {
  const results: Record<string, unknown> = {
    node: process.version,
    cores: cpus().length,
    server: world.server,
  };
  for (const name of values.only.split(',')) {
    const bench = BENCHES[name];
    if (bench === undefined) {
      throw new Error(`--only ${name}: expected some of ${Object.keys(BENCHES).join(', ')}`);
    }
    results[name] = await bench(world);
    if (name !== 'fills') say(`${name}: ${JSON.stringify(results[name])}`);
  }
  if (values.json) console.log(JSON.stringify(results, null, 2));
} finally {
  await world.end();
}
