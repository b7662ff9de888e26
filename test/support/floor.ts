/** For each test of a file a database and a scripted venue of its own, and desks that end with it. */
import { afterEach, beforeEach } from 'vitest';
import { type FreshStore, freshStore } from './database.ts';
import { type DeskOptions, openDesk, type TestDesk, untilState } from './desk.ts';
import { createScriptedVenue, type ScriptedVenue } from './scripted-venue.ts';

export interface Floor {
  readonly fresh: FreshStore;
  readonly venue: ScriptedVenue;
  /** Starts the engine over this floor; the venue goes by its clock. It crashes when the test is over. */
  start(options?: Partial<DeskOptions>): Promise<TestDesk>;
}

export function useFloor(): Floor {
  let current: Pick<Floor, 'fresh' | 'venue'> | undefined;
  let now: () => number = Date.now;
  const open: TestDesk[] = [];
  const opened = () => {
    if (current === undefined) throw new Error('The floor is there only inside a test.');
    return current;
  };
  beforeEach(async () => {
    now = Date.now;
    const venue = createScriptedVenue({ now: () => now() });
    current = { fresh: await freshStore(), venue };
  });
  afterEach(async () => {
    for (const desk of open.splice(0)) await desk.crash();
    await current?.fresh.dispose();
  });
  return {
    get fresh() {
      return opened().fresh;
    },
    get venue() {
      return opened().venue;
    },
    async start(options = {}) {
      const { fresh, venue } = opened();
      const { clock } = options;
      if (clock !== undefined) now = () => clock.now();
      const desk = await openDesk(fresh, { venue: () => venue.connect(), ...options });
      open.push(desk);
      return desk;
    },
  };
}

/** Submits an intent and waits until its order works at the venue; its id. */
export async function place({ trading, submit }: TestDesk, over: object = {}): Promise<string> {
  const { orderId } = await submit(over);
  await untilState(trading, orderId, 'working.open');
  return orderId;
}
