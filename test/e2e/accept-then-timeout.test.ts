/** The failure that doubles orders elsewhere: the venue takes the order and never answers. */
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createPolymarketVenue } from '../../src/adapters/venues/polymarket/polymarket-venue.ts';
import { openCurve } from '../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../src/adapters/venues/polymarket/protocol/signer.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { until } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const INTENTS = 1_000;
const WAVE = 200;
/** How long the adapter waits for an answer: far above what a loopback needs. */
const ANSWER_TIMEOUT_MS = 1_000;

const floor = useFloor();

/** Orders are taken without an answer, lost without one, and refused for the moment, at random. */
async function openTroubledSandbox(): Promise<Sandbox> {
  const sandbox = createSandbox({
    clock: createSystemClock(),
    random: createRandom('accept-then-timeout').next,
    scenario: scenarioOf({
      accounts: [{ name: 'trader', signatureType: 2, dollars: '1000000' }],
      markets: [{ slug: 'rain-tomorrow' }],
    }),
  });
  await sandbox.start();
  const closeAfterMs = 10 * ANSWER_TIMEOUT_MS;
  sandbox.faults.add({ kind: 'acceptThenTimeout', probability: 0.2, closeAfterMs });
  sandbox.faults.add({ kind: 'rejectThenTimeout', probability: 0.1, closeAfterMs });
  sandbox.faults.add({ kind: 'html', probability: 0.05, carriedOut: true });
  sandbox.faults.add({ kind: 'html', probability: 0.05, carriedOut: false });
  sandbox.faults.add({ kind: 'truncate', probability: 0.05 });
  return sandbox;
}

function venueOn(sandbox: Sandbox) {
  const [account] = sandbox.accounts;
  if (account?.privateKey === undefined) throw new Error('The scenario has no account.');
  const { privateKey, funder, signatureType, apiKey, secret, passphrase } = account;
  return createPolymarketVenue({
    urls: { rest: sandbox.rest, gamma: sandbox.rest, userChannel: `${sandbox.ws}/user` },
    chainId: sandbox.chainId,
    ...{ funder, signatureType, apiKeys: { apiKey, secret, passphrase } },
    signer: createLocalSigner(privateKey, openCurve()),
    markets: sandbox.markets.map(({ conditionId }) => conditionId),
    clock: createSystemClock(),
    random: createRandom('adapter').next,
    http: { socketTimeoutMs: ANSWER_TIMEOUT_MS },
    // An order that waits a minute in our own queue is not sent again after a doubt.
    rateLimitTier: 'elite',
  });
}

test('1,000 intents through lost answers are 1,000 orders: none twice, none lost', async () => {
  const sandbox = await openTroubledSandbox();
  const account = { id: 'main', depositUsd: '1000000', minimumReserveUsd: '0' };
  const desk = await floor.start({ venue: () => venueOn(sandbox), account });
  try {
    const [instrument] = desk.trading.instruments();
    const intents = Array.from({ length: INTENTS }, (_, index) => ({
      key: `intent-${index}`,
      instrument: instrument?.id,
      side: 'BUY',
      // Every one can be told apart at the venue.
      price: '0.1',
      size: (5 + index / 100).toFixed(2),
      timeInForce: 'GTC',
    }));
    // Told by events: to ask for a thousand rows again and again would be most of the work.
    const placed = new Set<string>();
    desk.trading.on('order', ({ order }) => {
      if (order.status === 'PLACED') placed.add(order.clientOrderId);
      else placed.delete(order.clientOrderId);
    });
    // In waves: a doubt closes the market to what comes after, and old orders are not sent again.
    for (let sent = 0; sent < INTENTS; sent += WAVE) {
      const wave = intents.slice(sent, sent + WAVE);
      await Promise.all(wave.map((intent) => desk.trading.submit(intent)));
      await until(() => placed.size === sent + WAVE, 'every order to be placed');
    }

    const atVenue = [...sandbox.exchange.orders()];
    expect(atVenue).toHaveLength(INTENTS);
    const sizes = atVenue.map((order) => order.originalSize);
    expect(new Set(sizes).size).toBe(INTENTS);
    const ours = await desk.trading.orders({ closed: false, limit: 2 * INTENTS });
    expect(new Set(ours.map(({ venueOrderId }) => venueOrderId))).toEqual(
      new Set(atVenue.map(({ id }) => id)),
    );
    const hits = sandbox.faults.list().map((fault) => fault.hits);
    expect(Math.min(...hits)).toBeGreaterThan(0);
  } finally {
    await sandbox.stop();
  }
}, 300_000);
