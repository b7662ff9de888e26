/** Kill -9 of the engine in the middle of trading on a sandbox, again and again: the books still agree. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/adapters/random.ts';
import { isBuilt } from '../cli/cli-process.ts';
import { expectSameBooks, openSandboxDesk } from './sandbox-desk.ts';

if (!isBuilt) console.warn('test/e2e/sandbox-crash: not built (npm run build): it does not run.');

const SCENARIO = {
  accounts: [{ name: 'trader', signatureType: 2, dollars: '50000' }],
  markets: Array.from({ length: 12 }, (_, index) => ({
    slug: `market-${index}`,
    fees: { rate: '0.05' },
    negRisk: index % 3 === 0,
    version: index % 4 === 3 ? 'v2' : 'v1',
    makers: {
      kind: 'fixed',
      bids: [{ price: '0.48', size: '100000' }],
      asks: [{ price: '0.52', size: '100000' }],
    },
  })),
  settlement: { minedAfterMs: 20, confirmedAfterMs: 40 },
};

/**
 * Takes, rests, cancels and sells all the time. Some of its bids stand before the makers', so that its
 * own sales meet them. All fills are of whole shares: the venue's rounding to a micro has no part.
 */
const CHURN = `
const KINDS = [
  ['BUY', '0.52', 'GTC'], ['BUY', '0.45', 'GTC'], ['BUY', '0.52', 'FOK'], ['SELL', '0.48', 'FAK'],
  ['BUY', '0.52', 'FAK'], ['SELL', '0.48', 'GTC'], ['BUY', '0.49', 'GTC'],
];
export function createStrategy() {
  let placed = 0;
  const ignore = () => undefined;
  return {
    name: 'churn',
    timerMs: 10,
    onTimer(context) {
      for (const order of context.workingOrders()) {
        if (context.now() - order.createdAtMs > 100) context.cancel(order.clientOrderId).catch(ignore);
      }
      placed += 1;
      const instruments = context.instruments().filter(({ outcome }) => outcome === 'YES');
      const { id } = instruments[placed % instruments.length];
      const [side, price, timeInForce] = KINDS[Math.floor(placed / 2) % KINDS.length];
      const position = context.position(id);
      const free = Math.floor(Number(position?.sellableSize ?? 0) - Number(position?.reservedShares ?? 0));
      const size = 5 + (placed % 8);
      if (side === 'SELL' && free < size) return undefined;
      context.submit({ instrument: id, side, price, size: String(size), timeInForce }).catch(ignore);
      return undefined;
    },
  };
}
`;

const KILLS = 5;
/** The most that an engine trades before it is killed. */
const LONGEST_LIFE_MS = 2_000;
const seed = process.env.FILLWRIGHT_SEED ?? randomBytes(4).toString('hex');

describe.runIf(isBuilt)('kill -9 of an engine on a sandbox', () => {
  test(`at ${KILLS} random moments (seed ${seed}) loses, doubles and makes up nothing`, async () => {
    const { next } = createRandom(seed);
    const desk = openSandboxDesk(SCENARIO);
    writeFileSync(join(desk.folder, 'churn.mjs'), CHURN);
    const placed = 'venue_order_id is not null';
    for (let kill = 0, known = 0; kill < KILLS; kill += 1) {
      const running = desk.run([{ use: './churn.mjs' }]);
      // The second is killed while it takes up what the first left.
      if (kill !== 1) await desk.untilOrders(known + 10, placed);
      await sleep(next() * LONGEST_LIFE_MS);
      running.child.kill('SIGKILL');
      const { stderr } = await running.ended;
      expect(stderr).not.toMatch(/invariant|Turn \d+|bug/i);
      known = (await desk.rows(`select 1 from orders where ${placed}`)).length;
    }
    // Nobody trades: what was on its way is looked up.
    const summary = await desk.finish(desk.run([], '--for', '20s'));
    const { orders, legs } = await expectSameBooks(desk, summary);
    expect(orders).toBeGreaterThan(30);
    expect(legs).toBeGreaterThan(15);
    await desk.dispose();
  }, 180_000);
});
