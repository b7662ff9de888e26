/**
 * Keeps the venue's stream and takes in what comes over it. After every connection the books are
 * compared (`reconciler.ts`): what the stream did not tell is fetched then.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue, VenueEvent } from './ports.ts';
import type { Reconciler } from './reconciler.ts';
import type { VenueIntake } from './venue-intake.ts';
import { waitFor } from './waits.ts';

/** A stream that has ended is opened again after this long. */
const RETRY_MS = 2_000;
/** A start waits this long for the stream to stand; after that entries are denied until it does. */
export const STREAM_LIMIT_MS = 15_000;
/** Stream events wait when this many inputs are not yet durable: memory stays bounded. */
const MAX_WAITING_INPUTS = 20_000;

export interface VenueLink {
  /**
   * Connects; what the stream tells waits for `start`. A venue that confirms no sign-in takes seconds
   * to say that it is up: an engine restores its orders meanwhile.
   */
  open(): void;
  /** Missed legs and orders are taken in before this resolves. After `open`. */
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
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
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
    else takeConnection(event.state);
  }

  function takeConnection(state: 'up' | 'down'): void {
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
    // What the stream tells meanwhile is taken in: it may be that it is lost again.
    void catchUp().then(onUp);
  }

  /** Reads the venue's stream, and takes it up again whenever it ends. */
  async function read(): Promise<void> {
    for (;;) {
      const error: unknown = await readStream().catch((failed: unknown) => failed);
      await begun;
      if (abort.signal.aborted || options.execution().failure !== undefined) return;
      log.error({ error, venue: venue.name }, 'The stream of the venue ended; it is opened again.');
      await lostStream().catch((error: unknown) =>
        log.error({ error }, 'The loss of the stream could not be noted.'),
      );
    }
  }

  async function lostStream(): Promise<void> {
    takeConnection('down');
    await waitFor(clock, RETRY_MS, abort.signal);
    // One that tells its connection says itself when it stands again.
    if (!abort.signal.aborted && venue.tellsConnection !== true) takeConnection('up');
  }

  async function readStream(): Promise<void> {
    for await (const event of venue.events(abort.signal)) {
      await begun;
      if (abort.signal.aborted) return;
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

  return {
    open() {
      reading = read();
    },
    async start() {
      const { dispatch } = options.execution();
      const up = new Promise<'up'>((resolve) => {
        onUp = () => resolve('up');
      });
      begin();
      // A stream that begins by saying that it is up has said so by then: one comparison serves both.
      await nextTick();
      if (venue.tellsConnection === true) {
        if ((await Promise.race([up, waitFor(clock, STREAM_LIMIT_MS, abort.signal)])) === 'up')
          return;
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
      begin();
      await reading;
    },
  };
}
