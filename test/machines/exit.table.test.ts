/** The exit machine's whole (state, event) table: the specification, cell by cell. */
import { describe, expect, test } from 'vitest';
import type { ExitChoice, ExitWay } from '../../src/domain/exits/exit-choice.ts';
import type { Holding } from '../../src/domain/exits/holding.ts';
import {
  EXIT_EVENT_TYPES,
  type ExitEvent,
  type ExitOrderReport,
} from '../../src/machines/exit.events.ts';
import {
  EXIT_STATES,
  type ExitState,
  type ExitUnderTest,
  exitContext,
  exitIn,
  holding,
  order,
  plan,
  prices,
} from '../support/exits.ts';
import { AT_MS, rain } from '../support/orders.ts';

const at = { atMs: AT_MS + 1 };
/** Of the first attempt. */
const KEY = `exit:${rain.id}:${AT_MS}:1`;

const held = holding();
const sold: Holding = holding({ size: '0', isFinal: false });
const gone: Holding = holding({ size: '0' });
const full = { phase: 'over', filledSize: '20', filledUsd: '16' } as const;

function progressed(over: Partial<ExitOrderReport>, after: Holding = held): ExitEvent {
  return { type: 'exit.orderProgressed', order: order(KEY, over), holding: after, ...at };
}

function chosen(kind: ExitChoice['kind']): ExitEvent {
  const sell: ExitWay = {
    ...{ kind: 'sell', isPossible: true, size: '20', limitPrice: '0.7', grossUsd: '14' },
    ...{ feesUsd: '0', valueUsd: '14', why: 'sells' },
  };
  return { type: 'exit.chosen', choice: { kind, ways: [sell], why: 'because' }, ...at };
}

/** A row of the table for each event; events that differ by what they carry have one each. */
const EVENTS: Record<string, ExitEvent> = {
  calm: { type: 'exit.priced', prices: prices('0.95'), ...at },
  low: { type: 'exit.priced', prices: prices('0.8'), ...at },
  held: { type: 'exit.holdingChanged', holding: held, ...at },
  sold: { type: 'exit.holdingChanged', holding: sold, ...at },
  gone: { type: 'exit.holdingChanged', holding: gone, ...at },
  works: progressed({}),
  part: progressed({ filledSize: '5', filledUsd: '4' }, holding({ size: '15', isFinal: false })),
  unfilled: progressed({ phase: 'over', reason: 'cancelled' }),
  matched: progressed(full, sold),
  confirmed: progressed({ ...full, confirmedSize: '20' }, gone),
  stray: { type: 'exit.orderProgressed', order: order('exit:other'), holding: held, ...at },
  refused: { type: 'exit.placingFailed', key: KEY, reason: 'r', ...at },
  refusedX: { type: 'exit.placingFailed', key: 'exit:other', reason: 'r', ...at },
  sale: chosen('sell'),
  merge: chosen('merge'),
  holdOn: chosen('hold'),
  merged: { type: 'exit.mergeEnded', mergedSize: '20', holding: gone, reason: 'merged', ...at },
  plan: { type: 'exit.planSet', plan: plan([]), by: 'Ann', ...at },
  ticks: { type: 'exit.instrumentChanged', instrument: { ...rain, tickSize: '0.001' }, ...at },
  suspend: { type: 'exit.suspended', by: 'Ann', reason: 'r', ...at },
  resume: { type: 'exit.resumed', by: 'Ann', ...at },
  deadline: { type: 'clock.deadlinePassed', prices: prices('0.95'), ...at },
};

/**
 * Column: the state before. Cell: the state after, `-` for the same; `!` adds a counted fault.
 * 20 shares are held, settled, with a stop at 0.9. In `susp+` an order of ours is working.
 */
const TABLE = `
event     | idle    place   wait    cancel  choose  merge   settle  done    susp    susp+
calm      | -       -       -       -       -       -       -       -       -       -
low       | place   -       -       -       -       -       -       -       -       -
held      | -       -       -       -       -       -       place   place   -       -
sold      | -       -       -       -       -       -       -       idle    -       -
gone      | done    -       -       -       -       -       done    -       -       -
works     | -!      wait    -       -       cancel  -       cancel  cancel  -!      -
part      | -!      wait    -       -       cancel  -       cancel  cancel  -!      -
unfilled  | -!      -       place   place   -       -       place   place   -!      -
matched   | -!      settle  settle  settle  -       -       -       idle    -!      -
confirmed | done!   done    done    done    -       -       done    -       -!      -
stray     | -!      -!      -!      -!      -!      -!      place!  place!  -!      -!
refused   | -!      -       -!      -!      -!      -!      -!      -!      -       -
refusedX  | -!      -!      -!      -!      -!      -!      -!      -!      -       -
sale      | -!      -!      -!      -!      place   -!      -!      -!      -       -
merge     | -!      -!      -!      -!      merge   -!      -!      -!      -       -
holdOn    | -!      -!      -!      -!      idle    -!      -!      -!      -       -
merged    | done!   -!      -!      -!      -!      done    -!      -!      -       -
plan      | -       -       -       -       -       -       -       -       -       -
ticks     | -       -       -       -       -       -       -       -       -       -
suspend   | susp    susp    susp    susp    susp    susp    susp    susp    -       -
resume    | -       -       -       -       -       -       -       -       idle    cancel
deadline  | -       -       cancel  -       -       -       idle    -       -       -
`;

const COLUMNS: Record<string, ExitState> = {
  idle: 'watching.idle',
  place: 'exiting.placing',
  wait: 'exiting.waiting',
  cancel: 'exiting.cancelling',
  choose: 'exiting.choosing',
  merge: 'exiting.merging',
  settle: 'exiting.settling',
  done: 'done',
  susp: 'suspended',
};

/** The ways by which an exit comes to stand there. */
const WAYS: Record<string, readonly string[]> = {
  idle: [],
  place: ['low'],
  wait: ['low', 'works'],
  cancel: ['low', 'works', 'deadline'],
  choose: ['low', 'works', 'noBid', 'unfilled'],
  merge: ['low', 'works', 'noBid', 'unfilled', 'merge'],
  settle: ['low', 'works', 'matched'],
  done: ['low', 'works', 'confirmed'],
  susp: ['suspend'],
  'susp+': ['low', 'works', 'suspend'],
};

const ON_THE_WAY: Record<string, ExitEvent> = {
  ...EVENTS,
  noBid: { type: 'exit.priced', prices: prices(null), ...at },
};

function before(column: string): ExitUnderTest {
  const exit = exitIn(undefined, exitContext());
  for (const name of WAYS[column] ?? []) exit.send(named(ON_THE_WAY, name));
  expect(exit.state()).toBe(stateOf(column));
  return exit;
}

function named(events: Record<string, ExitEvent>, name: string): ExitEvent {
  const event = events[name];
  if (event === undefined) throw new Error(`The table names an unknown event: ${name}`);
  return event;
}

function stateOf(code: string): ExitState {
  const state = COLUMNS[code.replace('+', '')];
  if (state === undefined) throw new Error(`The table names an unknown state: ${code}`);
  return state;
}

function readTable() {
  const [header = '', ...lines] = TABLE.trim().split('\n');
  const columns = words(header.split('|')[1] ?? '');
  return lines.flatMap((line) => {
    const [name = '', cells = ''] = line.split('|');
    return words(cells).map((cell, index) => {
      const column = columns[index] ?? '';
      const target = cell.replace('!', '');
      return {
        column,
        name: name.trim(),
        expected: stateOf(target === '-' ? column : target),
        faults: cell.endsWith('!') ? 1 : 0,
      };
    });
  });
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

describe('the exit machine', () => {
  const rows = readTable();

  test.each(rows)('$column on $name becomes $expected', ({ column, name, expected, faults }) => {
    const exit = before(column);
    const faultsBefore = exit.context().faults;

    exit.send(named(EVENTS, name));

    expect(exit.state()).toBe(expected);
    expect(exit.context().faults - faultsBefore).toBe(faults);
    expect(exit.actor().getSnapshot().status).toBe('active');
  });

  test('the table has a cell for every state and every type of event', () => {
    const types = new Set(Object.values(EVENTS).map((event) => event.type));
    expect([...types].sort()).toEqual([...EXIT_EVENT_TYPES].sort());
    expect(new Set(Object.values(COLUMNS))).toEqual(new Set(EXIT_STATES));
    const cells = new Set(rows.map((row) => `${row.column} ${row.name}`));
    expect(cells.size).toBe(Object.keys(WAYS).length * Object.keys(EVENTS).length);
  });
});
