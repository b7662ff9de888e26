/**
 * Keeps the venue's stream and takes in what comes over it. After every connection the books are
 * compared (`reconciler.ts`): what the stream did not tell is fetched then.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue, VenueEvent } from './ports.ts';
import type { Reconciler } from './reconciler.ts';
import type { VenueIntake } from './venue-intake.ts';

/** A stream that has ended is opened again after this long. */
const RETRY_MS = 2_000;
/** A start waits this long for the stream to stand; after that entries are denied until it does. */
export const STREAM_LIMIT_MS = 15_000;
/** Stream events wait when this many inputs are not yet durable: memory stays bounded. */
const MAX_WAITING_INPUTS = 20_000;

export interface VenueLink {
  /** Connects: missed legs and orders are taken in before this resolves. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface VenueLinkOptions {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: () => Execution;
  readonly intake: VenueIntake;
  readonly reconciler: Reconciler;
}

export function createVenueLink(options: VenueLinkOptions): VenueLink {
  const { venue, clock, log, intake, reconciler } = options;
  const abort = new AbortController();
  let reading: Promise<void> | undefined;
  /** The first comparison of this life is its start, whoever asks for it. */
  let started = false;
  /** Ends the wait of a start. */
  let onUp: () => void = () => undefined;

  async function catchUp(): Promise<void> {
    const reason = started ? 'reconnect' : 'start';
    started = true;
    await reconciler.catchUp(reason);
  }

  async function take(event: VenueEvent): Promise<void> {
    if (event.type === 'leg') await intake.leg(event.leg);
    else if (event.type === 'order') await intake.report(event.report);
    else await takeConnection(event.state);
  }

  async function takeConnection(state: 'up' | 'down'): Promise<void> {
    const { dispatch, publisher } = options.execution();
    const message = `The venue ${venue.name} is ${state}.`;
    log[state === 'up' ? 'info' : 'warn']({ venue: venue.name }, message);
    publisher.now({ type: 'health', part: 'venue', state, message });
    reconciler.connectionChanged();
    if (state === 'down') {
      dispatch({ type: 'venue.disconnected', venue: venue.name, atMs: clock.now() });
      return;
    }
    dispatch({ type: 'venue.connected', venue: venue.name, atMs: clock.now() });
    await catchUp();
    onUp();
  }

  /** Reads the venue's stream, and takes it up again whenever it ends. */
  async function read(): Promise<void> {
    for (;;) {
      const error: unknown = await readStream().catch((failed: unknown) => failed);
      if (abort.signal.aborted || options.execution().failure !== undefined) return;
      log.error({ error, venue: venue.name }, 'The stream of the venue ended; it is opened again.');
      await lostStream().catch((error: unknown) =>
        log.error({ error }, 'The loss of the stream could not be noted.'),
      );
    }
  }

  async function lostStream(): Promise<void> {
    await takeConnection('down');
    await waitFor(RETRY_MS);
    if (!abort.signal.aborted) void takeConnection('up').catch(() => undefined);
  }

  async function readStream(): Promise<void> {
    for await (const event of venue.events(abort.signal)) {
      const execution = options.execution();
      try {
        await take(event);
        if (execution.journal.waiting > MAX_WAITING_INPUTS) await execution.journal.durable();
      } catch (error) {
        if (abort.signal.aborted || execution.failure !== undefined) return;
        log.error({ error, event }, 'A venue event could not be taken in.');
        // What it told is asked for again, as often as it takes.
        void catchUp();
      }
    }
  }

  /** Ends early when the link is stopped. */
  function waitFor(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        abort.signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.at(clock.now() + forMs, end);
      abort.signal.addEventListener('abort', end);
    });
  }

  return {
    async start() {
      const { dispatch } = options.execution();
      const up = new Promise<'up'>((resolve) => {
        onUp = () => resolve('up');
      });
      reading = read();
      // A stream that begins by saying that it is up has said so by then: one comparison serves both.
      await nextTick();
      if (venue.tellsConnection === true) {
        if ((await Promise.race([up, waitFor(STREAM_LIMIT_MS)])) === 'up') return;
        log.warn(
          { venue: venue.name },
          'The stream does not stand yet; entries are denied until it does.',
        );
        await catchUp();
        return;
      }
      dispatch({ type: 'venue.connected', venue: venue.name, atMs: clock.now() });
      await catchUp();
    },
    async stop() {
      reconciler.stop();
      abort.abort();
      await reading;
    },
  };
}
