import { expect, test } from 'vitest';
import type { VenueEvent } from '../../../../src/actors/ports.ts';
import {
  brokenConnection,
  createEventStream,
} from '../../../../src/adapters/venues/paper/event-stream.ts';

const clock = { now: () => 5 };
const up: VenueEvent = { type: 'connection', state: 'up', atMs: 5 };

function orderEvent(number: number): VenueEvent {
  const report = { venueOrderId: `0x${number}`, status: 'live', rawStatus: 'live' } as const;
  return { type: 'order', report: { ...report, sizeMatched: '0', atMs: number } };
}

async function readToEnd(events: AsyncIterable<VenueEvent>): Promise<VenueEvent[]> {
  const read: VenueEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

test('the reader gets everything in order: what waited, what comes, and then the end', async () => {
  const stream = createEventStream(clock);
  stream.push(orderEvent(1));
  const reading = readToEnd(stream.read(new AbortController().signal));
  stream.push(orderEvent(2));
  await Promise.resolve();
  stream.push(orderEvent(3));
  stream.end();
  stream.push(orderEvent(4));
  expect(await reading).toEqual([up, orderEvent(1), orderEvent(2), orderEvent(3)]);
});

test('a reader that is too far behind learns that its connection was down', async () => {
  const stream = createEventStream(clock, 3);
  for (let number = 1; number <= 4; number += 1) stream.push(orderEvent(number));
  stream.push(orderEvent(5));
  stream.end();
  expect(await readToEnd(stream.read(new AbortController().signal))).toEqual([
    up,
    ...brokenConnection(5),
    orderEvent(5),
  ]);
});

test('there is one reader at a time, and after it the next one', async () => {
  const stream = createEventStream(clock);
  const first = new AbortController();
  const reading = readToEnd(stream.read(first.signal));
  expect(() => stream.read(first.signal)).toThrow('a reader already');
  first.abort();
  expect(await reading).toEqual([up]);
  stream.push(orderEvent(1));
  stream.end();
  expect(await readToEnd(stream.read(new AbortController().signal))).toEqual([up, orderEvent(1)]);
});
