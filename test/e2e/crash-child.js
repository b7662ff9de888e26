/**
 * A whole engine that trades hard on a fast simulated market until it is killed. It says on stdout,
 * one JSON value a line, what it restored and everything that it was told is durable.
 * Arguments: database URL, schema, run number, more of the configuration.
 */
import { createEngine, parseConfig } from '../../dist/src/engine.js';

const [url, schema, run, more = ''] = process.argv.slice(2);

const config = parseConfig(
  `
account: { depositUsd: "100000" }
database: { url: "${url}", schema: "${schema}" }
maxOpenOrders: 5000
checkIdentities: true
marketData: { source: simulator, seed: crash, markets: 3, intervalMs: 10 }
paper:
  latencyMs: { submit: 3, cancel: 2 }
  settlement: { minedAfterMs: 25, confirmedAfterMs: 25, failedShare: 0.15, retryingShare: 0.15 }
  partialFills: { share: 0.3, firstPart: "0.3", delayMs: 15 }
${more}
`,
  'crash-child',
);

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const quiet = () => undefined;
const warn = (facts, message) => process.stderr.write(`${message} ${facts.error ?? ''}\n`);
const log = { debug: quiet, info: quiet, warn, error: warn };

let placed = 0;
const isLast = run === 'last';
const churn = {
  name: 'churn',
  timerMs: 5,
  onTimer(context) {
    if (isLast) return undefined;
    for (const instrument of context.instruments()) {
      const best = context.book(instrument.id);
      const ask = best?.asks[0]?.price;
      const bid = best?.bids[0]?.price;
      if (ask === undefined || bid === undefined) continue;
      placed += 1;
      const sells = placed % 3 === 0;
      const crosses = placed % 2 === 0;
      context
        .submit({
          key: `run-${run}/${placed}`,
          instrument: instrument.id,
          side: sells ? 'SELL' : 'BUY',
          price: sells === crosses ? bid : ask,
          size: String(5 + (placed % 7)),
          timeInForce: placed % 5 === 0 ? 'FAK' : 'GTC',
        })
        .then((result) => {
          if (result !== undefined) say({ acked: result.orderId, key: `run-${run}/${placed}` });
        })
        .catch((error) => warn({ error }, 'refused'));
    }
    for (const order of context.workingOrders()) {
      if (context.now() - order.createdAtMs > 60) {
        context.cancel(order.clientOrderId).catch((error) => warn({ error }, 'cancel refused'));
      }
    }
    return undefined;
  },
};

const engine = createEngine(config, { log, strategies: [churn] });
await engine.start();
engine.on('fill', ({ leg, effect }) => say({ fill: leg.key, effect }));
engine.on('fault', ({ message }) => say({ fault: message }));
say({ started: true, health: engine.health() });
if (isLast) {
  await engine.cancelAll({}, 'the last run ends everything');
  const until = Date.now() + 15_000;
  // A leg may come after its order has ended: quiet means that nothing was open for a while.
  for (let quiet = 0; quiet < 12 && Date.now() < until; quiet += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if ((await engine.orders({ closed: false })).length > 0) quiet = 0;
  }
  const account = await engine.account();
  say({ account, positions: await engine.positions(), health: engine.health() });
  await engine.stop();
}
