/** The chaos harness itself: real processes, a few kills, and a comparison that finds what is wrong. */
import { describe, expect, test } from 'vitest';
import { compareWorld } from './finish.ts';
import { runKills } from './kill-scenario.ts';
import { isBuilt } from './processes.ts';
import type { World } from './world.ts';

if (!isBuilt) console.warn('test/chaos: not built (npm run build): it does not run.');

/** The database is killed with the engine; a start is killed; so is an engine whose answers do not arrive. */
const SEED = 'ci 2677';
const CYCLES = 3;
const LEAST_FILLS = 5;
/** Longer than any cut of the network lasts. */
const SETTLE_AGE_MS = 5_000;

/** What somebody does to the books, and the rule that must be heard of. */
const TAMPERING: readonly (readonly [rule: string, sql: string, undo: string])[] = [
  [
    'a position is the balance',
    'update positions set size = size + 0.000001 where size > 0',
    'update positions set size = size - 0.000001 where size > 0',
  ],
  [
    'a trade of the venue is a leg of ours',
    `create table kept_leg as select * from fill_legs order by leg_key limit 1;
     delete from fill_legs where leg_key = (select leg_key from kept_leg)`,
    'insert into fill_legs select * from kept_leg',
  ],
  [
    'an answered order is kept',
    `create table kept_order as select * from orders order by client_order_id limit 1;
     delete from orders where client_order_id = (select client_order_id from kept_order)`,
    'insert into orders select * from kept_order',
  ],
  [
    'cash is the balance',
    `update ledger_entries set amount_usd = amount_usd + 0.01
     where entry_id = (select min(entry_id) from ledger_entries)`,
    `update ledger_entries set amount_usd = amount_usd - 0.01
     where entry_id = (select min(entry_id) from ledger_entries)`,
  ],
  [
    'nothing is reserved',
    `update orders set reserved_usd = 1
     where client_order_id = (select min(client_order_id) from orders)`,
    `update orders set reserved_usd = 0
     where client_order_id = (select min(client_order_id) from orders)`,
  ],
];

describe.runIf(isBuilt)('chaos', () => {
  test(`${CYCLES} kills lose and double nothing; what is changed in the books is found`, async () => {
    const found: (readonly [string, boolean])[] = [];
    const afterwards = async (world: World) => {
      for (const [rule, sql, undo] of TAMPERING) {
        await world.database.rows(sql);
        const { violations } = await compareWorld(world);
        found.push([rule, violations.some((violation) => violation.rule === rule)]);
        await world.database.rows(undo);
      }
      expect((await compareWorld(world)).violations).toEqual([]);
    };
    const say = () => undefined;
    const result = await runKills({
      ...{ seed: SEED, cycles: CYCLES, leastFills: LEAST_FILLS },
      ...{ settleAgeMs: SETTLE_AGE_MS, say, afterwards },
    });
    expect(result.violations).toEqual([]);
    expect(result.kills.trading + result.kills.starting).toBeGreaterThanOrEqual(CYCLES);
    expect(result.kills.starting).toBeGreaterThan(0);
    expect(Object.keys(result.cycles).sort()).toEqual([
      'database killed',
      'nothing else',
      'venue network cut before answers arrive',
    ]);
    expect(Number(result.compared.venueLegs)).toBeGreaterThanOrEqual(LEAST_FILLS);
    expect(found).toEqual(TAMPERING.map(([rule]) => [rule, true]));
  }, 600_000);
});
