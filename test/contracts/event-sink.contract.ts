/** What every sink of events promises its courier. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EventSink, SinkFault } from '../../src/actors/event-port.ts';
import type { CatalogueEvent } from '../../src/domain/events/catalogue.ts';
import { event } from '../support/events.ts';

export interface SinkHarness {
  /** The same place each time, as a start of the engine finds it. */
  open(): EventSink;
  /** What is safe at the other side, in the order in which it came. */
  received(): Promise<readonly CatalogueEvent[]>;
  /** Takes nothing until `mend`. */
  breakIt(): Promise<void>;
  mend(): Promise<void>;
  dispose(): Promise<void>;
}

const NEVER = new AbortController().signal;

export function sinkContract(name: string, make: () => Promise<SinkHarness>): void {
  describe(`${name} as a sink`, () => {
    let harness: SinkHarness;
    let sink: EventSink;
    beforeEach(async () => {
      harness = await make();
      sink = harness.open();
    });
    afterEach(async () => {
      await sink.close();
      await harness.dispose();
    });

    async function takeAll(events: readonly CatalogueEvent[]): Promise<void> {
      for (let start = 0; start < events.length; start += sink.batch) {
        await sink.take(events.slice(start, start + sink.batch), NEVER);
      }
    }

    test('what it has taken is there, whole and in order', async () => {
      const events = Array.from({ length: 7 }, () => event());
      await takeAll(events);
      expect(await harness.received()).toEqual(events);
    });

    test('text that a careless writer breaks comes through', async () => {
      const by = 'it\'s "quoted" \\ \n\r\t \u2028 äß 漢字 😀 \u0000';
      const awkward = event({ payload: { scope: 'all', by, reason: 'x' } });
      await takeAll([awkward]);
      expect(await harness.received()).toEqual([awkward]);
    });

    test('opened again, it goes on behind what is there', async () => {
      const [first, second] = [event(), event()];
      await takeAll([first]);
      await sink.close();
      sink = harness.open();
      await takeAll([second]);
      expect(await harness.received()).toEqual([first, second]);
    });

    test('what it cannot take it says, and takes it when it comes again', async () => {
      const [first, second] = [event(), event()];
      await takeAll([first]);
      await harness.breakIt();
      await expect(takeAll([second])).rejects.toBeInstanceOf(SinkFault);
      await expect(takeAll([second])).rejects.toBeInstanceOf(SinkFault);
      await harness.mend();
      await takeAll([second]);
      expect(await harness.received()).toEqual([first, second]);
    });

    test('closed twice is closed', async () => {
      await sink.close();
      await sink.close();
    });
  });
}
