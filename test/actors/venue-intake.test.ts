/** The door for what the venue says: what it repeats is no news, and costs next to nothing. */
import { expect, test } from 'vitest';
import type { Execution } from '../../src/actors/execution.ts';
import { createVenueIntake } from '../../src/actors/venue-intake.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import { createListLog } from '../support/desk.ts';
import { AT_MS, leg } from '../support/orders.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

/** An engine that has none of the orders; `keeps`: legs without an order wait in its memory. */
function open({ keeps }: { readonly keeps: boolean }) {
  const inputs: EngineInput[] = [];
  const orphans: Record<string, LegReport[]> = {};
  let lookups = 0;
  const execution = {
    registry: { clientOrderIdOf: () => undefined, orders: new Map() },
    context: () => ({ orphans }),
    dispatch(input: EngineInput) {
      inputs.push(input);
      if (keeps && input.type === 'venue.orphanReported') {
        orphans[input.leg.venueOrderId] = [input.leg];
      }
    },
  } as unknown as Execution;
  const intake = createVenueIntake({
    venue: createScriptedVenue({ now: () => AT_MS }).connect(),
    store: {
      async preparedByVenueOrderIds() {
        lookups += 1;
        return [];
      },
      actor: async () => undefined,
    },
    clock: { now: () => AT_MS, at: () => () => undefined },
    log: createListLog(),
    execution: () => execution,
  });
  return { intake, inputs, lookups: () => lookups };
}

test('a leg of nobody that is told again is no input again, and is not looked up', async () => {
  const { intake, inputs, lookups } = open({ keeps: true });
  expect(await intake.leg(leg(), 'newsOnly')).toBe('orphan');
  const before = lookups();
  for (let pass = 0; pass < 3; pass += 1) {
    expect(await intake.leg(leg(), 'newsOnly')).toBe('orphan');
  }
  expect(inputs).toHaveLength(1);
  expect(lookups()).toBe(before);
  expect(await intake.leg(leg({ settlement: 'confirmed' }), 'newsOnly')).toBe('orphan');
  expect(inputs).toHaveLength(2);
});

test('one beyond those that are kept is no input again either, but is looked up: its order may be there', async () => {
  const { intake, inputs, lookups } = open({ keeps: false });
  await intake.leg(leg(), 'newsOnly');
  const before = lookups();
  for (let pass = 0; pass < 3; pass += 1) await intake.leg(leg(), 'newsOnly');
  expect(inputs).toHaveLength(1);
  expect(lookups()).toBeGreaterThan(before);
});
