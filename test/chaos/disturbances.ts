/** What is done to the world while the engine trades. Each ends by itself and leaves the world whole. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Direction } from './tcp-proxy.ts';
import type { World } from './world.ts';

export type Chance = () => number;

export interface Disturbance {
  readonly name: string;
  /** Of all cycles, in parts. */
  readonly weight: number;
  isPossible?(world: World): boolean;
  run(world: World, chance: Chance): Promise<void>;
}

const between = (chance: Chance, from: number, to: number) => from + chance() * (to - from);

/** One of the list, by its weight. */
export function choose(world: World, chance: Chance, list = DISTURBANCES): Disturbance {
  const possible = list.filter(({ isPossible }) => isPossible?.(world) !== false);
  let left = chance() * possible.reduce((sum, { weight }) => sum + weight, 0);
  for (const entry of possible) {
    left -= entry.weight;
    if (left < 0) return entry;
  }
  throw new Error('There is nothing to choose from.');
}

async function cutVenue(
  { venueNet }: World,
  chance: Chance,
  directions: readonly Direction[],
): Promise<void> {
  venueNet.cut({ directions, newcomers: chance() < 0.5 ? 'refused' : 'silent' });
  await sleep(between(chance, 200, 2_500));
  venueNet.heal(chance() < 0.5 ? 'resume' : 'reset');
}

/** For these routes; not for those by which the harness itself asks. */
const ROUTES = ['orders', 'cancels', 'reads'];

async function sandboxFault(
  { sandbox }: World,
  chance: Chance,
  ...rules: readonly object[]
): Promise<void> {
  for (const rule of rules) await sandbox.addFault(rule);
  await sleep(between(chance, 500, 1_500));
}

export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'nothing else', weight: 4, run: async () => undefined },
  {
    name: 'database killed',
    weight: 2,
    async run({ database }, chance) {
      database.kill();
      await sleep(between(chance, 0, 800));
      await database.start();
    },
  },
  {
    name: 'database paused',
    weight: 2,
    async run({ database }, chance) {
      database.pause();
      // Mostly short: one of ten seconds is worth many of one.
      await sleep(1_000 * 10 ** (chance() ** 2));
      database.resume();
    },
  },
  {
    name: 'database network cut',
    weight: 2,
    async run({ databaseNet }, chance) {
      const directions: Direction[][] = [['up'], ['down'], ['up', 'down']];
      const chosen = directions[Math.floor(chance() * directions.length)] ?? ['up', 'down'];
      databaseNet.cut({
        directions: chosen,
        newcomers: chance() < 0.5 ? 'refused' : 'silent',
      });
      await sleep(between(chance, 200, 2_500));
      databaseNet.heal(chance() < 0.5 ? 'resume' : 'reset');
    },
  },
  {
    name: 'database network slow',
    weight: 1,
    async run({ databaseNet }, chance) {
      databaseNet.delay(between(chance, 10, 100));
      await sleep(between(chance, 500, 1_500));
      databaseNet.delay(0);
    },
  },
  {
    name: 'disk full',
    weight: 1,
    isPossible: ({ database }) => database.hasOwnDisk,
    async run({ database }, chance) {
      database.fillDisk();
      await sleep(between(chance, 500, 2_500));
      database.makeRoom();
      // A server that could not write its log has ended itself.
      await database.start();
    },
  },
  {
    name: 'venue network cut before requests arrive',
    weight: 2,
    run: (world, chance) => cutVenue(world, chance, ['up']),
  },
  {
    name: 'venue network cut before answers arrive',
    weight: 2,
    run: (world, chance) => cutVenue(world, chance, ['down']),
  },
  {
    name: 'venue network cut both ways',
    weight: 2,
    run: (world, chance) => cutVenue(world, chance, ['up', 'down']),
  },
  {
    name: 'venue connections reset',
    weight: 1,
    run: async ({ venueNet }) => venueNet.reset(),
  },
  {
    name: 'venue network slow',
    weight: 1,
    async run({ venueNet }, chance) {
      venueNet.delay(between(chance, 50, 400));
      await sleep(between(chance, 500, 1_500));
      venueNet.delay(0);
    },
  },
  {
    name: 'orders taken, never answered',
    weight: 2,
    run: (world, chance) =>
      sandboxFault(world, chance, {
        ...{ kind: 'acceptThenTimeout', route: 'orders', count: 6, closeAfterMs: 700 },
      }),
  },
  {
    name: 'orders lost, never answered',
    weight: 1,
    run: (world, chance) =>
      sandboxFault(world, chance, {
        ...{ kind: 'rejectThenTimeout', route: 'orders', count: 6, closeAfterMs: 700 },
      }),
  },
  {
    name: 'answers broken',
    weight: 1,
    run: (world, chance) =>
      sandboxFault(
        world,
        chance,
        ...ROUTES.map((route) => ({ kind: 'truncate', route, probability: 0.3, count: 4 })),
      ),
  },
  {
    name: 'server errors, carried out',
    weight: 1,
    run: (world, chance) =>
      sandboxFault(
        world,
        chance,
        ...ROUTES.map((route) => ({ kind: 'error', route, carriedOut: true, count: 3 })),
      ),
  },
  {
    name: 'cancels raced by fills',
    weight: 1,
    run: (world, chance) => sandboxFault(world, chance, { kind: 'cancelRace', count: 4 }),
  },
  {
    name: 'frames dropped, doubled and out of order',
    weight: 3,
    async run(world, chance) {
      for (const kind of ['dropFrame', 'duplicateFrame', 'reorderFrames', 'delayFrame']) {
        await world.sandbox.addFault({ kind, frame: 'user.any', probability: 0.3, count: 12 });
      }
      await sleep(between(chance, 500, 1_500));
    },
  },
  {
    name: 'settlements fail',
    weight: 2,
    run: (world, chance) =>
      sandboxFault(world, chance, { kind: 'settlement', fate: 'FAILED', count: 5 }),
  },
];
