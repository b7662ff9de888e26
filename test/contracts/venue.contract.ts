/** The rules that every venue keeps. The paper venue is held to them as the live ones are. */
import { afterEach, describe } from 'vitest';
import { asking, cancelling, refusing } from './venue-answers.ts';
import { conserving, restarting, settling } from './venue-durability.ts';
import type { MakeHarness, OpenHarness, VenueCapabilities, VenueHarness } from './venue-harness.ts';
import { preparing, resting, taking } from './venue-orders.ts';
import { resolving } from './venue-resolution.ts';

/** Runs the whole contract over the venue that `makeHarness` gives. */
export function venueContract(
  name: string,
  makeHarness: MakeHarness,
  capabilities: VenueCapabilities,
): void {
  describe(`the venue contract: ${name}`, () => {
    const opened: VenueHarness[] = [];
    const open: OpenHarness = async (options = {}) => {
      const harness = await makeHarness(options);
      opened.push(harness);
      return harness;
    };
    afterEach(async () => {
      for (const harness of opened.splice(0)) await harness.close();
    });
    preparing(open);
    taking(open, capabilities);
    resting(open, capabilities);
    refusing(open);
    cancelling(open, capabilities);
    settling(open, capabilities);
    asking(open);
    resolving(open);
    restarting(open, capabilities);
    conserving(makeHarness);
  });
}
