/** Databases of released versions, traded on by this one: what was written then follows from the log too. */
import { expect, test } from 'vitest';
import { goldenStore, RELEASES } from '../golden/releases.ts';
import { openDesk, until } from '../support/desk.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { createPaperMarket } from '../support/paper-desk.ts';
import { verified } from './busy-desk.ts';

test.each(RELEASES)(
  '%s: killed while trading, taken up by this version, all of it is proven',
  async (release) => {
    const fresh = await goldenStore(release);
    try {
      // Its tables are ahead of its snapshots, and nothing says how far.
      await expect(verified(fresh)).rejects.toMatchObject({ code: 'corrupt_row' });
      const account = { id: 'golden', depositUsd: '1000', minimumReserveUsd: '5' };
      const desk = await openDesk(fresh, { venue: createPaperMarket().venue, account });
      await desk.trading.cancelAll();
      await until(async () => (await desk.trading.orders({ closed: false })).length === 0);
      await desk.stop();
      const found = await verified(fresh);
      expect(found.differences).toEqual([]);
      expect(found).toMatchObject({ ok: true, unnamed: {} });
      expect(found.log.unchained).toBeGreaterThan(0);
      expect(found.sameValues).toBeGreaterThan(0);
      // Inputs of a program without a catalogue make no events: they begin with this one's first start.
      const events = await allEvents(fresh.store.events);
      expect(events[0]).toMatchObject({ type: 'system.started', payload: { restarted: true } });
      expect(problemsOf(events)).toEqual([]);
    } finally {
      await fresh.dispose();
    }
  },
);
