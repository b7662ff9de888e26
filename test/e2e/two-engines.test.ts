/**
 * Engines in processes of their own, one after another on one account: by force, by waiting, after a
 * stop in mid-air and after kill -9. Each reaches the exchange by a door of its own, so that every
 * order, cancel and heartbeat is known by its sender.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { createSandbox, type OpenedAccount, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { isBuilt, type RunningCli, startCli } from '../cli/cli-process.ts';
import { linesOf } from '../doctor/doctor-harness.ts';
import { openProxy, type VenueProxy } from '../doctor/venue-proxy.ts';
import { databaseUrl, withClient } from '../support/database.ts';
import { until } from '../support/until.ts';

if (!isBuilt) console.warn('test/e2e/two-engines: not built (npm run build): it does not run.');

/** Places and cancels all the time. */
const CHURN = `
export function createStrategy() {
  let placed = 0;
  const ignore = () => undefined;
  return {
    name: 'churn',
    timerMs: 20,
    onTimer(context) {
      for (const order of context.workingOrders()) {
        if (context.now() - order.createdAtMs > 200) context.cancel(order.clientOrderId).catch(ignore);
      }
      placed += 1;
      const [instrument] = context.instruments();
      const price = placed % 5 === 0 ? '0.52' : '0.4';
      const intent = { instrument: instrument.id, side: 'BUY', price, size: '5', timeInForce: 'GTC' };
      context.submit(intent).catch(ignore);
      return undefined;
    },
  };
}
`;
/** Short, so that waiting for another's time does not take long. */
const LEASE_SECONDS = 3;
/** Far above what a start takes, also on a busy machine. */
const LIMIT_MS = 120_000;
/** Requests that show that an engine trades. */
const ENOUGH = 10;

interface Engine extends RunningCli {
  readonly name: string;
  /** Waits until it has sent more than before. */
  trades(): Promise<void>;
}

describe.runIf(isBuilt)('engines on one account', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-two-'));
  const schema = `test_two_${randomBytes(6).toString('hex')}`;
  /** Who sent each request that changes something, in the order of their arrival. */
  const senders: string[] = [];
  const proxies: VenueProxy[] = [];
  const running: RunningCli[] = [];
  let sandbox: Sandbox;
  let account: OpenedAccount;

  beforeAll(async () => {
    sandbox = createSandbox({
      clock: createSystemClock(),
      random: createRandom('two engines').next,
      scenario: scenarioOf({
        accounts: [{ name: 'trader', signatureType: 2, dollars: '100000' }],
        markets: [
          {
            slug: 'rain',
            makers: {
              kind: 'fixed',
              bids: [{ price: '0.48', size: '100000' }],
              asks: [{ price: '0.52', size: '100000' }],
            },
          },
        ],
        settlement: { minedAfterMs: 20, confirmedAfterMs: 40 },
      }),
    });
    await sandbox.start();
    const [first] = sandbox.accounts;
    if (first === undefined) throw new Error('The scenario has no account.');
    account = first;
    writeFileSync(join(folder, 'keys.json'), JSON.stringify(linesOf(account)));
    chmodSync(join(folder, 'keys.json'), 0o600);
    writeFileSync(join(folder, 'churn.mjs'), CHURN);
  });
  afterAll(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    for (const proxy of proxies) await proxy.close();
    await sandbox.stop();
    rmSync(folder, { recursive: true });
    const store = createPostgresStore({ url: databaseUrl(), schema, poolSize: 1 });
    await store.dropSchema();
    await store.close();
  });

  async function run(name: string, strategies: object[], ...options: string[]): Promise<Engine> {
    const proxy = await openProxy(
      sandbox.rest,
      () => undefined,
      ({ method }) => {
        if (method !== 'GET') senders.push(name);
      },
    );
    proxies.push(proxy);
    const path = join(folder, `${name}.yaml`);
    const hosts = {
      ...{ clob: proxy.url, gamma: sandbox.rest, data: sandbox.rest, geoblock: sandbox.rest },
      stream: sandbox.ws.replace(/\/ws$/, ''),
    };
    const markets = sandbox.markets.map(({ conditionId }) => conditionId);
    const credentials = join(folder, 'keys.json');
    writeFileSync(
      path,
      JSON.stringify({
        venue: { use: 'polymarket', credentials, heartbeat: true, markets, hosts },
        dataFolder: join(folder, 'data'),
        database: { schema, leaseSeconds: LEASE_SECONDS },
        ...{ strategies, checkIdentities: true, log: { level: 'warn' } },
      }),
    );
    const cli = startCli(['run', '--config', path, '--json', ...options], {
      env: { DATABASE_URL: databaseUrl() },
    });
    running.push(cli);
    const sent = () => senders.filter((sender) => sender === name).length;
    let isOver = false;
    void cli.ended.then(() => {
      isOver = true;
    });
    return {
      ...cli,
      name,
      async trades() {
        const before = sent();
        await until(() => isOver || sent() >= before + ENOUGH, `${name} to trade`, LIMIT_MS);
        if (sent() < before + ENOUGH) throw new Error((await cli.ended).stderr);
      },
    };
  }

  const churn = [{ use: './churn.mjs' }];
  const lastLine = async ({ ended }: RunningCli): Promise<unknown> =>
    JSON.parse((await ended).stderr.trimEnd().split('\n').at(-1) ?? '');

  async function expectLost(engine: Engine): Promise<void> {
    expect(await lastLine(engine)).toMatchObject({ error: { code: 'lease_lost' } });
    expect((await engine.ended).code).toBe(3);
  }

  test('never write or send at the same time, whoever takes over from whom and how', async () => {
    const a = await run('a', churn);
    await a.trades();

    const b = await run('b', churn, '--take-over');
    await expectLost(a);
    await b.trades();
    await b.said('by force');
    const c = await run('c', churn, '--take-over');
    await expectLost(b);
    await c.trades();

    // It wakes up when its time is long over and another trades.
    c.child.kill('SIGSTOP');
    const d = await run('d', churn, '--wait');
    await d.trades();
    c.child.kill('SIGCONT');
    await expectLost(c);
    await d.trades();

    d.child.kill('SIGKILL');
    const e = await run('e', churn);
    await e.trades();
    e.child.kill('SIGINT');
    expect(await e.ended).toMatchObject({ code: 0 });
    // Nobody trades: what was on its way is looked up.
    const f = await run('f', [], '--for', '4s');
    expect(await f.ended).toMatchObject({ code: 0 });

    const reigns = senders.filter((sender, index) => sender !== senders[index - 1]);
    expect(reigns.slice(0, 5)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(reigns.slice(5)).toEqual(reigns.includes('f') ? ['f'] : []);
    await expectSameOrders();
  }, 400_000);

  /** Every order of the exchange is one of ours, once, and filled as far. */
  async function expectSameOrders(): Promise<void> {
    const answer = await fetch(`${sandbox.rest}/sandbox/ledger?owner=${account.apiKey}`);
    const { orders } = (await answer.json()) as {
      orders: { id: string; size_matched: string }[];
    };
    const rows = await withClient({ url: databaseUrl(), schema }, async (client) => {
      const found = await client.query<{ id: string; filled_size: string }>(
        `select venue_order_id as id, filled_size from orders
         where status not in ('DENIED', 'REJECTED', 'FAILED')`,
      );
      return found.rows;
    });
    const theirs = orders.map(({ id, size_matched }) => `${id} ${Number(size_matched)}`);
    const ours = rows.map(({ id, filled_size }) => `${id} ${Number(filled_size)}`);
    expect(ours.sort()).toEqual(theirs.sort());
    // Not each order that is sent is taken: some are refused.
    expect(theirs.length).toBeGreaterThan(2 * ENOUGH);
  }
});
