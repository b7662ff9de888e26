/** The venue's events on their way to their one reader. */
import type { Clock, VenueEvent } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';

/**
 * About a minute of the busiest market, some 50 MB. A reader that is further behind is better served
 * by asking again: the queue is dropped and the stream says that it was down.
 */
export const MAX_WAITING_EVENTS = 100_000;

export interface EventStream {
  push(event: VenueEvent): void;
  /**
   * Starts with `connection up`, then everything pushed since the last reader stopped.
   * @throws {FillwrightFault} `overloaded` while another reader is active.
   */
  read(signal: AbortSignal): AsyncIterable<VenueEvent>;
  /** The reader gets what waits, then its loop ends. */
  end(): void;
}

/** What stands in for dropped events: whoever reads it must fetch what it missed. */
export function brokenConnection(atMs: number): VenueEvent[] {
  return [
    { type: 'connection', state: 'down', atMs },
    { type: 'connection', state: 'up', atMs },
  ];
}

export function createEventStream(
  clock: Pick<Clock, 'now'>,
  limit = MAX_WAITING_EVENTS,
): EventStream {
  let waiting: VenueEvent[] = [];
  let next = 0;
  let ended = false;
  let reading = false;
  let wake: (() => void) | undefined;

  function take(): VenueEvent | undefined {
    const event = waiting[next];
    if (event === undefined) {
      waiting = [];
      next = 0;
      return undefined;
    }
    next += 1;
    return event;
  }

  async function* drain(signal: AbortSignal): AsyncGenerator<VenueEvent> {
    const onAbort = (): void => wake?.();
    signal.addEventListener('abort', onAbort);
    try {
      yield { type: 'connection', state: 'up', atMs: clock.now() };
      while (!signal.aborted) {
        const event = take();
        if (event !== undefined) {
          yield event;
        } else if (ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      reading = false;
    }
  }

  return {
    push(event) {
      if (ended) return;
      waiting.push(event);
      if (waiting.length - next > limit) {
        waiting = brokenConnection(clock.now());
        next = 0;
      }
      wake?.();
    },
    read(signal) {
      if (reading) {
        throw new FillwrightFault('overloaded', 'The venue events have a reader already.');
      }
      reading = true;
      return drain(signal);
    },
    end() {
      ended = true;
      wake?.();
    },
  };
}
