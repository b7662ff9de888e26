/** The order machine's whole (state, event) table: the specification, cell by cell. */
import { describe, expect, test } from 'vitest';
import { ORDER_EVENT_TYPES, type OrderEvent } from '../../src/machines/order.events.ts';
import { takeLeg } from '../../src/machines/order.reducers.ts';
import { EXECUTION_STATES, type ExecutionState } from '../../src/machines/order.status.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, leg, legEvent, orderContext, reported } from '../support/orders.ts';

const at = { atMs: AT_MS + 1 };
const later = { reason: 'r', retryAtMs: AT_MS + 500, ...at };

/** A row of the table for each event; events that differ by what they carry have one each. */
const EVENTS: Record<string, OrderEvent> = {
  denied: { type: 'order.denied', reason: 'r', ...at },
  prepared: { type: 'order.prepared', venueOrderId: '0xv1', ...at },
  prepareFailed: { type: 'order.prepareFailed', reason: 'r', ...at },
  cancel: { type: 'order.cancel', reason: 'r', ...at },
  ack: { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', ...at },
  ackDelayed: { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'delayed', ...at },
  rejected: { type: 'venue.orderRejected', reason: 'r', ...at },
  killed: { type: 'venue.orderKilled', reason: 'r', ...at },
  notAccepted: { type: 'venue.orderNotAccepted', ...later },
  outcomeUnknown: { type: 'venue.outcomeUnknown', ...later },
  live: reported('live'),
  delayed: reported('delayed'),
  matched: reported('matched', '10'),
  cancelled: reported('cancelled'),
  expired: reported('expired'),
  refused: reported('rejected'),
  nonsense: reported('unrecognised'),
  notFound: { type: 'venue.orderNotFound', retryAtMs: AT_MS + 500, ...at },
  lookupFailed: { type: 'venue.lookupFailed', ...later },
  legPart: legEvent('t1', '4'),
  legWhole: legEvent('t1', '10'),
  cancelAck: { type: 'venue.cancelAcknowledged', ...at },
  cancelRejected: { type: 'venue.cancelRejected', reason: 'r', ...at },
  cancelUnknown: { type: 'venue.cancelUnknown', ...later },
  deadline: { type: 'clock.deadlinePassed', ...at },
  restored: { type: 'system.restored', ...at },
  neverTaken: { type: 'operator.neverTaken', by: 'Ann', reason: 'r', ...at },
  saidOver: { type: 'operator.cancelled', by: 'Ann', reason: 'r', ...at },
  saidLive: { type: 'operator.live', by: 'Ann', reason: 'r', ...at },
};

/**
 * Column: the state before. Cell: the state after, `-` for the same; `!` adds a counted fault.
 * The order is for 10 shares; in `w.part` 2 of them are filled. No word of the venue came before.
 */
const TABLE = `
event          | rec      sub      hold     u.wait   u.res    w.open   w.delay  w.part   c.req    c.wait   MATCH    CANC     EXP      REJ      DENY
denied         | DENY     -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
prepared       | sub      -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
prepareFailed  | DENY     -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
cancel         | CANC     -        CANC     -        -        c.req    c.req    c.req    -        -        -        -        -        -        -
ack            | -        w.open   w.open   w.open   w.open   -        -        -        -        -        -        -        -        -        -
ackDelayed     | -        w.delay  w.delay  w.delay  w.delay  -        -        -        -        -        -        -        -        -        -
rejected       | -!       REJ      -!       REJ      REJ      -!       -!       -!       -!       -!       -!       -!       -!       -        -!
killed         | -!       CANC     -!       CANC     CANC     CANC     CANC     CANC     CANC     CANC     -!       -!       -!       -!       -!
notAccepted    | -!       hold     -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
outcomeUnknown | -        u.wait   -        -        -        -        -        -        -        -        -        -        -        -        -
live           | -        w.open   w.open   w.open   w.open   -        w.open   -        -        -        -        w.open!  w.open!  w.open!  -
delayed        | -        w.delay  w.delay  w.delay  w.delay  -        -        -        -        -        -        w.delay! w.delay! w.delay! -
matched        | -        MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    -        -        -        -        -
cancelled      | -        CANC     CANC     CANC     CANC     CANC     CANC     CANC     CANC     CANC     -        -        -        -        -
expired        | -        EXP      EXP      EXP      EXP      EXP      EXP      EXP      EXP      EXP      -        -        -        -        -
refused        | -        REJ      REJ      REJ      REJ      REJ      REJ      CANC     REJ      REJ      -        -        -        -        -
nonsense       | -        u.wait!  u.wait!  -!       u.wait!  u.wait!  u.wait!  u.wait!  -!       -!       -        -        -        -        -
notFound       | -        -        -        -        sub      -        -        -        -        -        -        -        -        -        -
lookupFailed   | -        -        -        -        u.wait   -        -        -        -        -        -        -        -        -        -
legPart        | w.part!  w.part   w.part   w.part   w.part   w.part   w.part   -        -        -        -        -        -        w.part!  -!
legWhole       | MATCH!   MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    MATCH    -        MATCH    MATCH    MATCH!   -!
cancelAck      | -        CANC     CANC     CANC     CANC     CANC     CANC     CANC     CANC     CANC     -        -        -        -        -
cancelRejected | -        -        -        -        -        -        -        -        w.open   w.open   -        -        -        -        -
cancelUnknown  | -        -        -        -        -        -        -        -        c.wait   -        -        -        -        -        -
deadline       | -        -        sub      u.res    -        u.res    u.res    u.res    -        c.req    -        -        -        -        -
restored       | -        u.res    -        -        -        -        -        -        -        -        -        -        -        -        -
neverTaken     | -!       -!       -!       REJ      REJ      -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
saidOver       | -!       -!       -!       CANC     CANC     -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
saidLive       | -!       -!       -!       w.open   w.open   -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
`;

/** The same for an order whose cancel is wanted (`+`) or of which an attempt is in doubt (`?`). */
const WANTED_OR_DOUBTED = `
event          | sub+     hold+    u.wait+  u.res+   MATCH+   CANC+    EXP+     REJ+     sub?     hold?    sub+?
denied         | -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
prepared       | -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
prepareFailed  | -!       -!       -!       -!       -!       -!       -!       -!       -!       -!       -!
cancel         | -        CANC     -        -        -        -        -        -        -        u.wait   -
ack            | c.req    c.req    c.req    c.req    -        -        -        -        w.open   w.open   c.req
ackDelayed     | c.req    c.req    c.req    c.req    -        -        -        -        w.delay  w.delay  c.req
rejected       | REJ      -!       REJ      REJ      -!       -!       -!       -        REJ      -!       REJ
killed         | CANC     -!       CANC     CANC     -!       -!       -!       -!       CANC     -!       CANC
notAccepted    | CANC     -!       -!       -!       -!       -!       -!       -!       hold     -!       u.wait
outcomeUnknown | u.wait   -        -        -        -        -        -        -        u.wait   -        u.wait
live           | c.req    c.req    c.req    c.req    -        c.req!   c.req!   c.req!   w.open   w.open   c.req
delayed        | c.req    c.req    c.req    c.req    -        c.req!   c.req!   c.req!   w.delay  w.delay  c.req
matched        | MATCH    MATCH    MATCH    MATCH    -        -        -        -        MATCH    MATCH    MATCH
cancelled      | CANC     CANC     CANC     CANC     -        -        -        -        CANC     CANC     CANC
expired        | EXP      EXP      EXP      EXP      -        -        -        -        EXP      EXP      EXP
refused        | REJ      REJ      REJ      REJ      -        -        -        -        REJ      REJ      REJ
nonsense       | u.wait!  u.wait!  -!       u.wait!  -        -        -        -        u.wait!  u.wait!  u.wait!
notFound       | -        -        -        u.wait   -        -        -        -        -        -        -
lookupFailed   | -        -        -        u.wait   -        -        -        -        -        -        -
legPart        | c.req    c.req    c.req    c.req    -        -        -        c.req!   w.part   w.part   c.req
legWhole       | MATCH    MATCH    MATCH    MATCH    -        MATCH    MATCH    MATCH!   MATCH    MATCH    MATCH
cancelAck      | CANC     CANC     CANC     CANC     -        -        -        -        CANC     CANC     CANC
cancelRejected | -        -        -        -        -        -        -        -        -        -        -
cancelUnknown  | -        -        -        -        -        -        -        -        -        -        -
deadline       | -        sub      u.res    -        -        -        -        -        -        sub      -
restored       | u.res    -        -        -        -        -        -        -        u.res    -        u.res
neverTaken     | -!       -!       REJ      REJ      -!       -!       -!       -!       -!       -!       -!
saidOver       | -!       -!       CANC     CANC     -!       -!       -!       -!       -!       -!       -!
saidLive       | -!       -!       c.req    c.req    -!       -!       -!       -!       -!       -!       -!
`;

const COLUMNS: Record<string, ExecutionState> = {
  rec: 'recording',
  sub: 'submitting',
  hold: 'holding',
  'u.wait': 'unknown.waiting',
  'u.res': 'unknown.resolving',
  'w.open': 'working.open',
  'w.delay': 'working.delayed',
  'w.part': 'working.partiallyFilled',
  'c.req': 'cancelling.requesting',
  'c.wait': 'cancelling.waiting',
  MATCH: 'matched',
  CANC: 'cancelled',
  EXP: 'expired',
  REJ: 'rejected',
  DENY: 'denied',
};

interface Row {
  readonly state: ExecutionState;
  /** With its marks. */
  readonly column: string;
  readonly name: string;
  readonly expected: ExecutionState;
  readonly faults: number;
}

function readTable(table: string): Row[] {
  const [header, ...lines] = table.trim().split('\n');
  const columns = words((header ?? '').split('|')[1] ?? '');
  return lines.flatMap((line) => {
    const [name = '', cells = ''] = line.split('|');
    return words(cells).map((cell, index) => {
      const column = columns[index] ?? '';
      const state = stateOf(column);
      const target = cell.replace('!', '');
      return {
        state,
        column,
        name: name.trim(),
        expected: target === '-' ? state : stateOf(target),
        faults: cell.endsWith('!') ? 1 : 0,
      };
    });
  });
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function stateOf(code: string): ExecutionState {
  const state = COLUMNS[code.replace(/[+?]/g, '')];
  if (state === undefined) throw new Error(`The table names an unknown state: ${code}`);
  return state;
}

function before(state: ExecutionState, column: string) {
  if (state !== 'working.partiallyFilled') {
    const cancelRequested = column.includes('+') || state.startsWith('cancelling');
    return orderIn(state, orderContext({ cancelRequested, doubted: column.includes('?') }));
  }
  const context = takeLeg(orderContext(), leg({ tradeId: 't0', size: '2' }), AT_MS).next;
  return orderIn(state, context, 'matched');
}

describe('the order machine', () => {
  const rows = readTable(TABLE);
  const marked = readTable(WANTED_OR_DOUBTED);

  test.each([...rows, ...marked])(
    '$column on $name becomes $expected',
    ({ state, column, name, expected, faults }) => {
      const event = EVENTS[name];
      if (event === undefined) throw new Error(`The table names an unknown event: ${name}`);
      const order = before(state, column);
      const faultsBefore = order.context().faults;

      order.send(event);

      expect(order.execution()).toBe(expected);
      expect(order.context().faults - faultsBefore).toBe(faults);
      expect(order.actor.getSnapshot().status).toBe('active');
    },
  );

  test('the table has a cell for every state and every type of event', () => {
    const types = new Set(Object.values(EVENTS).map((event) => event.type));
    expect([...types].sort()).toEqual([...ORDER_EVENT_TYPES].sort());
    const cells = new Set(rows.map((row) => `${row.state} ${row.name}`));
    expect(cells.size).toBe(EXECUTION_STATES.length * Object.keys(EVENTS).length);
    expect(marked.length).toBe(11 * Object.keys(EVENTS).length);
  });
});
