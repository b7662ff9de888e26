/**
 * One row for each kind of actor and each state that an order can be in, written by the machines of
 * this release: inputs are told to the real system actor, and what stands then is what its
 * projection would write. No clock and no chance, so the same machines give the same rows.
 */
import { encodeSnapshot, VERSIONS } from '../src/actors/codec.ts';
import { createFacts } from '../src/actors/facts.ts';
import { createPublisher } from '../src/actors/publisher.ts';
import type { Entry } from '../src/actors/registry.ts';
import { isClosedOrder } from '../src/actors/rows.ts';
import type { ActorRow } from '../src/actors/store-port.ts';
import { createSystem } from '../src/actors/system.ts';
import type { LegReport, Settlement } from '../src/domain/fill-leg.ts';
import type { Instrument } from '../src/domain/instrument.ts';
import type { Intent } from '../src/domain/intent.ts';
import { accountMachine } from '../src/machines/account.machine.ts';
import { exitMachine } from '../src/machines/exit.machine.ts';
import type { OrderEvent } from '../src/machines/order.events.ts';
import { orderMachine } from '../src/machines/order.machine.ts';
import { positionMachine } from '../src/machines/position.machine.ts';
import { type EngineInput, systemMachine } from '../src/machines/system.machine.ts';
import { venueMachine } from '../src/machines/venue.machine.ts';

const AT_MS = 1_790_000_000_000;
const VENUE = 'paper';

export const YES: Instrument = {
  id: 'paper:rain:YES',
  venue: VENUE,
  marketId: 'rain',
  tokenId: '1001',
  outcome: 'YES',
  tickSize: '0.01',
  minimumOrderSize: '5',
  fees: { rate: '0.05', exponent: 1, takerOnly: true },
  takerDelayMs: 0,
  negRisk: false,
};
export const NO: Instrument = { ...YES, id: 'paper:rain:NO', tokenId: '1002', outcome: 'NO' };

type Step = (name: string, atMs: number) => OrderEvent;

interface Story {
  readonly intent?: Partial<Intent>;
  readonly steps: readonly Step[];
}

const plain =
  (event: { readonly type: OrderEvent['type'] } & Record<string, unknown>): Step =>
  (_name, atMs) =>
    ({ ...event, atMs }) as OrderEvent;

const prepared: Step = (name, atMs) => ({
  type: 'order.prepared',
  venueOrderId: `0x${name}`,
  atMs,
});
const acknowledged =
  (status: 'live' | 'matched' | 'delayed' = 'live'): Step =>
  (name, atMs) => ({ type: 'venue.orderAcknowledged', venueOrderId: `0x${name}`, status, atMs });
const doubt: Step = (_name, atMs) => ({
  type: 'venue.outcomeUnknown',
  reason: 'no answer within 10 s',
  retryAtMs: atMs + 1_000,
  atMs,
});
const notFound: Step = (_name, atMs) => ({
  type: 'venue.orderNotFound',
  retryAtMs: atMs + 2_000,
  atMs,
});
const lookupFailed: Step = (_name, atMs) => ({
  type: 'venue.lookupFailed',
  reason: 'connection refused',
  retryAtMs: atMs + 4_000,
  atMs,
});
const notAccepted: Step = (_name, atMs) => ({
  type: 'venue.orderNotAccepted',
  reason: 'the matching engine restarts',
  retryAtMs: atMs + 500,
  atMs,
});
const deadline = plain({ type: 'clock.deadlinePassed' });
const restored = plain({ type: 'system.restored' });
const cancel = plain({ type: 'order.cancel', reason: 'asked for' });
const cancelled = plain({ type: 'venue.cancelAcknowledged' });
const cancelUnknown: Step = (_name, atMs) => ({
  type: 'venue.cancelUnknown',
  reason: 'no answer',
  retryAtMs: atMs + 1_000,
  atMs,
});
const report = (status: string, sizeMatched = '0'): Step =>
  plain({ type: 'venue.orderReported', status, rawStatus: status.toUpperCase(), sizeMatched });

const fill =
  (size: string, settlement: Settlement, over: Partial<LegReport> = {}): Step =>
  (name, atMs) => ({
    type: 'venue.legReported',
    leg: {
      tradeId: `trade-${name}`,
      venueOrderId: `0x${name}`,
      role: 'taker',
      side: 'BUY',
      instrumentId: YES.id,
      price: '0.5',
      size,
      settlement,
      // The same in every report of one leg.
      matchedAtMs: AT_MS,
      ...(settlement === 'mined' || settlement === 'confirmed'
        ? { transactionHash: `0xhash-${name}` }
        : {}),
      ...over,
    },
    atMs,
  });

const sent = [prepared] as const;
const live = [prepared, acknowledged()] as const;
const other = { tradeId: 'trade-second', role: 'maker', price: '0.49' } as const;
const onNo = { instrumentId: NO.id } as const;

/** By name; each ends in the state that its name says. */
const STORIES: Readonly<Record<string, Story>> = {
  // -- money to sell from
  'stock-confirmed': { intent: { size: '200' }, steps: [...live, fill('200', 'confirmed')] },

  recording: { steps: [] },
  submitting: { steps: sent },
  'submitting-again': { steps: [...sent, notAccepted, deadline] },
  'submitting-cancel-wanted': { steps: [...sent, cancel] },
  holding: { steps: [...sent, notAccepted] },
  'holding-after-doubt': { steps: [...sent, doubt, deadline, notFound, notAccepted] },
  'unknown-waiting': { steps: [...sent, doubt] },
  'unknown-waiting-looked-up': { steps: [...sent, doubt, deadline, lookupFailed] },
  'unknown-waiting-cancel-wanted': { steps: [...sent, doubt, cancel] },
  'unknown-resolving': { steps: [...sent, doubt, deadline] },
  'unknown-resolving-restored': { steps: [...sent, restored] },
  'unknown-fok': {
    intent: { timeInForce: 'FOK' },
    steps: [...sent, doubt, deadline, lookupFailed, deadline, lookupFailed],
  },
  'unknown-after-fill': { steps: [...live, fill('4', 'mined'), report('unrecognised', '4')] },
  'working-open': { steps: live },
  'working-open-gtd': {
    intent: { timeInForce: 'GTD', expiresAtMs: AT_MS + 3_600_000 },
    steps: live,
  },
  'working-open-post-only': { intent: { postOnly: true, priority: 3 }, steps: live },
  'working-open-sell': { intent: { side: 'SELL', price: '0.7' }, steps: live },
  'working-delayed': { steps: [...sent, acknowledged('delayed')] },
  'working-partial-matched': { steps: [...live, fill('4', 'matched')] },
  'working-partial-retrying': { steps: [...live, fill('4', 'matched'), fill('4', 'retrying')] },
  'working-partial-mined': { steps: [...live, fill('4', 'mined')] },
  'working-partial-confirmed': { steps: [...live, fill('4', 'confirmed')] },
  'working-partial-failed': { steps: [...live, fill('4', 'matched'), fill('4', 'failed')] },
  'working-partial-failed-first': { steps: [...live, fill('4', 'failed')] },
  'working-partial-two-legs': {
    steps: [...live, fill('4', 'confirmed'), fill('2.5', 'matched', other)],
  },
  'working-partial-sell': {
    intent: { side: 'SELL', price: '0.6' },
    steps: [...live, fill('3', 'matched', { side: 'SELL', price: '0.6' })],
  },
  'working-reported-ahead': { steps: [...live, report('live', '3')] },
  'cancelling-requesting': { steps: [...live, cancel] },
  'cancelling-requesting-matched': { steps: [...live, fill('4', 'matched'), cancel] },
  'cancelling-waiting': { steps: [...live, cancel, cancelUnknown] },
  'cancelling-waiting-mined': { steps: [...live, fill('4', 'mined'), cancel, cancelUnknown] },
  'matched-none': { steps: [...live, report('matched', '10')] },
  'matched-matched': { steps: [...live, fill('10', 'matched')] },
  'matched-retrying': { steps: [...live, fill('10', 'matched'), fill('10', 'retrying')] },
  'matched-mined': { steps: [...live, fill('10', 'mined')] },
  'matched-confirmed': { steps: [...live, fill('10', 'confirmed')] },
  'matched-failed': { steps: [...live, fill('10', 'mined'), fill('10', 'failed')] },
  'matched-conflicted': { steps: [...live, fill('10', 'confirmed'), fill('10', 'failed')] },
  'matched-contradicted': {
    steps: [...live, fill('10', 'matched'), fill('10', 'mined', { price: '0.48' })],
  },
  'matched-failed-and-matched': {
    steps: [...live, fill('4', 'matched'), fill('6', 'matched', other), fill('4', 'failed')],
  },
  'matched-sell-confirmed': {
    intent: { side: 'SELL', price: '0.6' },
    steps: [...live, fill('10', 'confirmed', { side: 'SELL', price: '0.61', feeUsd: '0.1' })],
  },
  'matched-by-money': {
    intent: { type: 'market', amountUsd: '5', timeInForce: 'FAK', size: undefined } as never,
    steps: [...live, fill('10', 'mined')],
  },
  'matched-no-outcome': {
    intent: { instrumentId: NO.id, price: '0.4' },
    steps: [...live, fill('10', 'matched', { ...onNo, price: '0.39' })],
  },
  'cancelled-none': { steps: [...live, cancel, cancelled] },
  'cancelled-matched': { steps: [...live, fill('4', 'matched'), cancel, cancelled] },
  'cancelled-mined': { steps: [...live, fill('4', 'mined'), cancel, cancelled] },
  'cancelled-confirmed': { steps: [...live, fill('4', 'confirmed'), cancel, cancelled] },
  'cancelled-failed': {
    steps: [...live, fill('4', 'mined'), fill('4', 'failed'), report('cancelled', '4')],
  },
  'cancelled-legs-missing': { steps: [...live, report('cancelled', '6')] },
  'cancelled-killed': {
    intent: { timeInForce: 'FOK' },
    steps: [...sent, plain({ type: 'venue.orderKilled', reason: 'not enough on the book' })],
  },
  'expired-none': {
    intent: { timeInForce: 'GTD', expiresAtMs: AT_MS + 60_000 },
    steps: [...live, report('expired')],
  },
  'expired-retrying': { steps: [...live, fill('4', 'retrying'), report('expired', '4')] },
  'rejected-none': {
    steps: [...sent, plain({ type: 'venue.orderRejected', reason: 'not enough balance' })],
  },
  'rejected-by-a-person': {
    steps: [
      ...sent,
      doubt,
      plain({ type: 'operator.neverTaken', by: 'Ann', reason: 'the venue says so' }),
    ],
  },
  'denied-too-much': { intent: { size: '1000000' }, steps: [] },
  'denied-unprepared': {
    steps: [plain({ type: 'order.prepareFailed', reason: 'the price is off the grid' })],
  },
};

const ORPHAN: LegReport = {
  tradeId: 'trade-orphan',
  venueOrderId: '0xnobody',
  role: 'maker',
  side: 'BUY',
  instrumentId: YES.id,
  price: '0.44',
  size: '7',
  settlement: 'mined',
  matchedAtMs: AT_MS,
};

/** Rows of every actor, the system's first. */
export function goldenActors(): readonly ActorRow[] {
  const logics = {
    account: accountMachine,
    venue: venueMachine,
    order: orderMachine,
    position: positionMachine,
    exit: exitMachine,
  };
  const system = createSystem({
    logics,
    facts: createFacts(() => undefined),
    publisher: createPublisher(raise),
    onFault: ({ error }) => raise(error),
  });
  const { registry } = system;
  let seq = 0;
  const tell = (input: EngineInput) => {
    seq += 1;
    system.turn(seq, input);
  };
  const now = () => AT_MS + seq * 10;

  const limits = { minimumReserveUsd: '10', maxOpenOrders: 1_000 };
  tell({ type: 'engine.opened', accountId: 'main', venue: VENUE, ...limits, atMs: now() });
  tell({ type: 'account.deposited', depositId: 'opening', amountUsd: '10000', atMs: now() });
  tell({ type: 'venue.connected', venue: VENUE, atMs: now() });
  tell({ type: 'venue.caughtUp', venue: VENUE, atMs: now() });
  for (const [name, { intent, steps }] of Object.entries(STORIES)) {
    const clientOrderId = `ord_${name}`;
    const asked = intentOf(name, intent);
    const instrument = asked.instrumentId === NO.id ? NO : YES;
    tell({ type: 'intent.submitted', intent: asked, clientOrderId, instrument, atMs: now() });
    for (const step of steps) tell({ ...step(name, now()), clientOrderId });
  }
  tell({ type: 'venue.orphanReported', leg: ORPHAN, atMs: now() });
  tell({ type: 'trading.paused', by: 'Ann', reason: 'lunch', atMs: now() });

  const rowOf = (entry: Entry): ActorRow => ({
    actorId: entry.actorId,
    kind: entry.kind,
    version: VERSIONS[entry.kind],
    revision: entry.revision,
    eventHash: entry.eventHash,
    events: entry.events,
    live: entry.kind !== 'order' || !isClosedOrder(registry.snapshot(entry as Entry<'order'>)),
    snapshot: encodeSnapshot(
      entry.kind === 'system' ? systemMachine : logics[entry.kind],
      registry.snapshot(entry),
    ),
  });
  const entries: readonly Entry[] = [
    system.entry,
    registry.account(),
    registry.venue(),
    ...registry.positions.values(),
    ...registry.orders.values(),
  ];
  return entries.map(rowOf);
}

function intentOf(name: string, over: Partial<Intent> = {}): Intent {
  const intent: Intent = {
    key: `golden:${name}`,
    strategy: 'golden',
    instrumentId: YES.id,
    side: 'BUY',
    type: 'limit',
    price: '0.5',
    size: '10',
    timeInForce: 'GTC',
    postOnly: false,
    priority: 0,
    reason: `to be ${name}`,
    ...over,
  };
  return JSON.parse(JSON.stringify(intent));
}

function raise(error: unknown): never {
  throw error;
}
