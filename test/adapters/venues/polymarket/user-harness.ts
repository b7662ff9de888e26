/** A user channel that listens to a venue on a real port, by a virtual clock. */
import { expect } from 'vitest';
import type { VenueEvent } from '../../../../src/actors/ports.ts';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { userEventsOf } from '../../../../src/adapters/venues/polymarket/attribution.ts';
import {
  createUserChannel,
  type UserChannelOptions,
} from '../../../../src/adapters/venues/polymarket/user-channel.ts';
import { instrumentOf, OUR_KEY } from './user-fixtures.ts';

export const START = 1_790_000_000_000;
export const AUTH = { apiKey: OUR_KEY, secret: 'c2VjcmV0IHRleHQ=', passphrase: 'open sesame' };

/** An event in one line. */
export function brief(event: VenueEvent): string {
  if (event.type === 'connection') return event.state;
  if (event.type === 'order') return `order ${event.report.status} ${event.report.sizeMatched}`;
  return `leg ${event.leg.role} ${event.leg.settlement} ${event.leg.tradeId}`;
}

export function listen(url: string, more: Partial<UserChannelOptions> = {}) {
  const clock = createVirtualClock(START);
  const log: string[] = [];
  const channel = createUserChannel({
    url,
    auth: () => AUTH,
    clock,
    random: () => 0,
    log: (_level, message, facts) => log.push(`${message} ${JSON.stringify(facts)}`),
    toEvents: (message, receivedAtMs, note) =>
      userEventsOf(message, { ours: { isOurs: () => true }, instrumentOf }, receivedAtMs, note),
    ...more,
  });
  const stop = new AbortController();
  const events: string[] = [];
  /** Reads to the end; `take` may hold the reader up. */
  const run = async (take: (event: VenueEvent) => void | Promise<void> = () => undefined) => {
    for await (const event of channel.events(stop.signal)) {
      events.push(brief(event));
      await take(event);
    }
  };
  const end = async (running: Promise<void>): Promise<void> => {
    stop.abort();
    await running;
    expect(clock.pending()).toBe(0);
    expect(log.join('\n')).not.toMatch(/c2VjcmV0|sesame/);
  };
  return { channel, clock, log, stop, events, run, end };
}
