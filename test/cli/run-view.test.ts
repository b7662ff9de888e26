import { expect, test } from 'vitest';
import { NOTHING_RESOLVED } from '../../src/actors/resolution-watch.ts';
import { NOTHING_UNSETTLED } from '../../src/actors/settlement-watch.ts';
import { type RunView, renderRun } from '../../src/cli/run-view.ts';
import { frame, openScreen } from '../../src/cli/screen.ts';
import { orderView } from '../examples/strategy-desk.ts';
import { AT_MS, rain } from '../support/orders.ts';

function view(over: Partial<RunView> = {}): RunView {
  return {
    title: 'paper  simulator',
    uptimeMs: 65_000,
    health: {
      running: true,
      store: 'ok',
      venue: 'live',
      openOrders: 1,
      waiting: 0,
      lag: 2,
      actorFaults: 0,
      orphans: 0,
      refusedLegs: 0,
      reconciliation: { openFindings: 0, criticalFindings: 0, comparedAtMs: null, errors: 0 },
      eventSinks: [],
      quarantine: [],
      holds: [],
      liquidation: null,
      settlement: NOTHING_UNSETTLED,
      resolution: NOTHING_RESOLVED,
      boot: null,
      lease: 'held' as const,
      failure: null,
    },
    cashUsd: '990',
    reservedUsd: '5.125',
    feesUsd: '0.1',
    names: new Map(),
    markets: [{ instrument: rain.id, bid: '0.49 x 100', ask: '0.51 x 20' }],
    orders: [orderView(rain, 'BUY', 'test', { clientOrderId: 'ord_newest', status: 'PLACED' })],
    fills: [
      {
        atMs: AT_MS,
        instrument: rain.id,
        side: 'BUY',
        price: '0.5',
        size: '20',
        feeUsd: '0.1',
        settlement: 'mined',
      },
    ],
    positions: [
      {
        instrument: rain.id,
        size: '20',
        averageEntry: '0.5',
        mark: '0.55',
        realizedPnl: '0',
        unrealizedPnl: '1',
        returnOnCostPct: '10',
        fees: '0.1',
      },
    ],
    notes: ['WARN: something'],
    ...over,
  };
}

const wide = { columns: 120, rows: 50 };

test('markets go by the name that people call them, hashes by their ends', () => {
  const id = `polymarket:0x${'ab'.repeat(32)}:YES`;
  const markets = [{ instrument: id, bid: '0.49 x 100', ask: '0.51 x 20' }];
  const drawn = (names: RunView['names']) =>
    renderRun(view({ markets, names }), { columns: 100, rows: 40 }).join('\n');
  expect(drawn(new Map([[id, 'rain-tomorrow:YES']]))).toContain('rain-tomorrow:YES  0.49 x 100');
  expect(drawn(new Map())).toContain('0xabababab…abab:YES  0.49 x 100');
});

test('a pause is in the heading, with its reason', () => {
  const hold = { level: 'paused', scope: 'all', reason: 'lunch', by: 'Ann' } as const;
  const holds = [{ ...hold, sinceMs: AT_MS, untilMs: null }];
  const health = { ...view().health, holds };
  expect(renderRun(view({ health }), wide)[0]).toContain('TRADING IS paused: lunch (by Ann)');
});

test('the table shows state, money, markets, orders, fills, positions and the log', () => {
  const text = renderRun(view(), wide).join('\n');
  for (const shown of [
    'up 1 m 05 s  running',
    'store ok  venue live  live orders 1  waiting 0  lag 2',
    'cash 990.00  reserved 5.125  equity 1001.00',
    '0.49 x 100',
    'ord_newest',
    'mined',
    '0.55',
    'WARN: something',
  ]) {
    expect(text).toContain(shown);
  }
});

test('a position without a price counts at its cost', () => {
  const [position] = view().positions;
  const text = renderRun(
    view({ positions: position === undefined ? [] : [{ ...position, mark: null }] }),
    wide,
  ).join('\n');
  expect(text).toContain('equity 1000.00');
});

test('an engine that does not trade says so first', () => {
  const { health } = view();
  const lost = view({ health: { ...health, running: false, store: 'lost' } });
  expect(renderRun(lost, wide)[0]).toContain('NOT TRADING: store lost');
});

test('markets in quarantine are named', () => {
  const { health } = view();
  const order = { orderId: 'ord_1', venueOrderId: '0x1', sinceMs: 1, lookups: 0, evidence: '' };
  const quarantine = [{ marketId: 'rain', orders: [{ ...order, escalated: false }] }];
  const wider = { ...wide, columns: 200 };
  expect(renderRun(view({ health: { ...health, quarantine } }), wider)[1]).toMatch(
    /in quarantine rain$/,
  );
  expect(renderRun(view(), wider)[1]).not.toContain('quarantine');
});

test.each([
  { columns: 40, rows: 10 },
  { columns: 80, rows: 24 },
  { columns: 10, rows: 3 },
])('the table keeps inside a terminal of %j', (size) => {
  const lines = renderRun(view({ notes: ['x'.repeat(500)] }), size);
  expect(lines.length).toBeLessThanOrEqual(size.rows);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(size.columns);
});

test('a frame overwrites in place and clears what is left of the last one', () => {
  expect(frame(['a', 'b'])).toBe('\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J');
});

test('the terminal is given back exactly once', () => {
  const written: string[] = [];
  const screen = openScreen({ columns: 80, rows: 24, write: (text) => written.push(text) }, () => [
    'hello',
  ]);
  screen.close();
  screen.close();
  expect(written[0]).toBe('\x1b[?1049h\x1b[?25l');
  expect(written[1]).toContain('hello');
  expect(written.slice(2)).toEqual(['\x1b[?25h\x1b[?1049l']);
});
