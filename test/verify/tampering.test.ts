/** What somebody can do to a database beyond changing a value: each is found and named. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Anchor, Difference } from '../../src/verify/report.ts';
import type { FreshStore } from '../support/database.ts';
import { openFloor, tradeAWhile, verified } from './busy-desk.ts';
import { KEY, keep, restore, run, TABLES } from './tampering.ts';

let fresh: FreshStore;

beforeAll(async () => {
  const floor = await openFloor();
  fresh = floor.fresh;
  await tradeAWhile(floor);
  await keep(fresh);
}, 300_000);
afterEach(() => restore(fresh));
afterAll(() => fresh.dispose());

type Place = `${Difference['proof']} ${string}`;

async function found(): Promise<Place[]> {
  const { differences, ok } = await verified(fresh);
  expect(ok).toBe(differences.length === 0);
  return differences.map(
    ({ proof, table, key, column }): Place => `${proof} ${table} ${key} ${column}`,
  );
}

const without = (places: readonly Place[], ...proofs: readonly Difference['proof'][]) =>
  places.filter((place) => !proofs.some((proof) => place.startsWith(`${proof} `)));

/** `sql` ends in `returning … as key`; the keys of the rows that it touched. */
async function tamper(...sql: readonly string[]): Promise<readonly string[]> {
  return (await run(fresh, ...sql)).map(({ key }) => String(key));
}

const ROWS = TABLES.filter((table) => !['journal', 'system_metadata'].includes(table));

/** Another key for a row that is put in beside the one that it was copied from. */
const FORGED: Readonly<Record<string, string>> = {
  intents: `key = 'forged'`,
  prepared_submissions: `client_order_id = 'ord_forged', venue_order_id = '0xforged'`,
  actor_snapshots: `actor_id = 'order:ord_forged'`,
  orders: `client_order_id = 'ord_forged'`,
  order_events: `client_order_id = 'ord_forged'`,
  fill_legs: `leg_key = 'forged'`,
  positions: `instrument_id = 'forged'`,
  ledger_entries: `entry_id = 'forged'`,
  postings: 'seq = 7',
  exit_events: `exit_id = 'forged'`,
  findings: `finding_id = 'forged'`,
  budgets: `budget_id = 'forged', key = 'forged'`,
  outbox: 'outbox_id = 7',
  events: `event_id = 7, stream = 'forged'`,
};

describe('a row', () => {
  test('taken out of each table: these and no others are missed', async () => {
    const taken: Place[] = [];
    for (const table of ROWS) {
      const [key] = await tamper(
        `delete from ${table} where ctid = (select ctid from ${table} order by ${KEY[table]} limit 1)
         returning ${KEY[table]} as key`,
      );
      taken.push(`fold ${table} ${key} row`);
    }
    const places = await found();
    expect(without(places, 'books', 'steps', 'log').sort()).toEqual(taken.sort());
    // The batches of the intent and of the prepared order.
    expect(places.some((place) => /^log journal \d+ hash$/.test(place))).toBe(true);
  });

  test('put into each table: these and no others are too many', async () => {
    const forged: Place[] = [];
    for (const table of ROWS) {
      const [key] = await tamper(
        `create temp table forged as select * from ${table} order by ${KEY[table]} limit 1`,
        `update forged set ${FORGED[table]}`,
        `insert into ${table} overriding system value table forged returning ${KEY[table]} as key`,
      );
      forged.push(`fold ${table} ${key} row`);
    }
    const places = await found();
    expect(without(places, 'books', 'steps', 'log').sort()).toEqual(forged.sort());
  });

  test('positions and orders with another scale of the same amount are not the text that was written', async () => {
    const [key] = await tamper(
      `update positions set cost_basis = (cost_basis::text || case when cost_basis::text like '%.%'
         then '0' else '.0' end)::numeric where size <> 0 returning ${KEY.positions} as key`,
    );
    expect(await found()).toContain(`fold positions ${key} cost_basis`);
  });
});

describe('steps of an order', () => {
  const LONGEST = `(select client_order_id from order_events group by 1 order by count(*) desc, 1 limit 1)`;

  test('the last one taken out: the order knows how many there are', async () => {
    const [key] = await tamper(
      `delete from order_events where client_order_id = ${LONGEST} and number =
         (select max(number) from order_events where client_order_id = ${LONGEST})
       returning ${KEY.order_events} as key`,
    );
    const order = key?.split('/')[0];
    expect(await found()).toEqual([
      `fold order_events ${key} row`,
      `steps actor_snapshots order:${order} event_hash`,
    ]);
  });

  test('one in the middle taken out', async () => {
    const [key] = await tamper(
      `delete from order_events where client_order_id = ${LONGEST} and number = 3
       returning ${KEY.order_events} as key`,
    );
    expect(await found()).toEqual([
      `fold order_events ${key} row`,
      `steps order_events ${key} row`,
    ]);
  });

  test('two exchanged', async () => {
    const [first] = await tamper(
      `update order_events set number = case number when 2 then 1000002 else 1000003 end
         where client_order_id = ${LONGEST} and number in (2, 3)`,
      `update order_events set number = case number when 1000002 then 3 else 2 end
         where client_order_id = ${LONGEST} and number > 1000000 returning client_order_id as key`,
    );
    const places = await found();
    for (const number of [2, 3]) {
      expect(places).toContain(`fold order_events ${first}/${number} event`);
      expect(places).toContain(`steps order_events ${first}/${number} hash`);
    }
    const others = places.filter(
      (place) => !place.includes(` ${first}/2 `) && !place.includes(` ${first}/3 `),
    );
    // The step after them does not fit the one before it either.
    expect(others).toEqual([`steps order_events ${first}/4 hash`]);
  });

  test('a hash changed: this one, not the step that follows', async () => {
    const [key] = await tamper(
      `update order_events set hash = repeat('0', 64) where client_order_id = ${LONGEST} and number = 3
       returning ${KEY.order_events} as key`,
    );
    expect(await found()).toEqual([`steps order_events ${key} hash`]);
  });

  test('the newest hash changed: this one, not the order that names it', async () => {
    const [key] = await tamper(
      `update order_events set hash = repeat('0', 64) where client_order_id = ${LONGEST} and number =
         (select max(number) from order_events where client_order_id = ${LONGEST})
       returning ${KEY.order_events} as key`,
    );
    expect(await found()).toEqual([`steps order_events ${key} hash`]);
  });

  test('the hashes of an order taken away: its steps cannot pass for older ones', async () => {
    const keys = await tamper(
      `update actor_snapshots set event_hash = null where actor_id = 'order:' || ${LONGEST}`,
      `update order_events set hash = null where client_order_id = ${LONGEST}
       returning ${KEY.order_events} as key`,
    );
    expect((await found()).sort()).toEqual(
      keys.map((key) => `steps order_events ${key} hash`).sort(),
    );
  });

  test('a whole order told otherwise, with hashes that fit: the log does not say so', async () => {
    const [key] = await tamper(
      `update order_events set note = 'forged' where client_order_id = ${LONGEST} and number = 1
       returning client_order_id as key`,
      // From the first to the last, as the program itself makes them.
      `do $$ declare step record; before text := ''; begin
         for step in select ctid as at, * from order_events
           where client_order_id = ${LONGEST} order by number loop
           before := encode(sha256(convert_to(concat_ws(E'\\n', before, step.number, step.seq,
             step.at_ms, step.client_order_id, step.type, step.from_state, step.to_state,
             step.status, step.event, step.note), 'UTF8')), 'hex');
           update order_events set hash = before where ctid = step.at;
         end loop;
         update actor_snapshots set event_hash = before where actor_id = 'order:' || ${LONGEST};
       end $$`,
      `select ${LONGEST} as key`,
    );
    expect(await found()).toEqual([`fold order_events ${key}/1 note`]);
  });
});

describe('the log', () => {
  test('an input changed', async () => {
    const [key] = await tamper(
      `update journal set inputs = replace(inputs, '"size":"30"', '"size":"31"') where first_seq =
         (select min(first_seq) from journal where inputs like '%"size":"30"%')
       returning ${KEY.journal} as key`,
    );
    const places = await found();
    expect(places[0]).toBe(`log journal ${key} hash`);
    expect(without(places, 'log', 'books').length).toBeGreaterThan(0);
  });

  test('the text of an input changed and not its meaning', async () => {
    const [key] = await tamper(
      `update journal set inputs = replace(inputs, '[{', '[ {') where first_seq = 1
       returning ${KEY.journal} as key`,
    );
    expect(await found()).toEqual([`log journal ${key} hash`]);
  });

  test('a hash changed: this one, not the batch that follows', async () => {
    const [key] = await tamper(
      `update journal set hash = repeat('0', 64) where first_seq =
         (select first_seq from journal order by first_seq offset 5 limit 1)
       returning ${KEY.journal} as key`,
    );
    expect(await found()).toEqual([`log journal ${key} hash`]);
  });

  test('a hash taken away in the middle', async () => {
    const [key] = await tamper(
      `update journal set hash = null where first_seq =
         (select first_seq from journal order by first_seq offset 5 limit 1)
       returning ${KEY.journal} as key`,
    );
    expect(await found()).toEqual([`log journal ${key} hash`]);
  });

  test('the first hashes taken away', async () => {
    await tamper(`update journal set hash = null where first_seq <=
      (select first_seq from journal order by first_seq offset 5 limit 1) returning 1 as key`);
    const [next] = await tamper('select min(first_seq) as key from journal where hash is not null');
    expect(await found()).toEqual([`log journal ${next} hash`]);
  });

  test('a batch in the middle taken out', async () => {
    await tamper(`delete from journal where first_seq =
      (select first_seq from journal order by first_seq offset 5 limit 1) returning 1 as key`);
    const [next] = await tamper(
      'select first_seq as key from journal order by first_seq offset 5 limit 1',
    );
    const places = await found();
    expect(places).toContain(`log journal ${next} first_seq`);
    expect(places).toContain(`log journal ${next} hash`);
  });

  test('the last batch taken out', async () => {
    const [key] = await tamper(
      `delete from journal where first_seq = (select max(first_seq) from journal)
       returning ${KEY.journal} as key`,
    );
    expect(await found()).toContain(`log journal ${key} row`);
  });

  test('what is no input: nothing after it can be told', async () => {
    const [key] = await tamper(
      `update journal set inputs = 'nonsense' where first_seq = 1 returning ${KEY.journal} as key`,
    );
    expect(await found()).toEqual([`log journal ${key} hash`, `log journal ${key} inputs`]);
  });

  test('an intent of no batch', async () => {
    const [key] = await tamper(
      `insert into intents select 'forged', client_order_id, body, at_ms, 999999, 1
       from intents limit 1 returning key`,
    );
    expect(await found()).toEqual([`fold intents ${key} row`, `log intents ${key} batch_seq`]);
  });

  test('the bytes of a prepared order changed', async () => {
    const [key] = await tamper(
      `update prepared_submissions set body = body || ' ' where client_order_id =
         (select min(client_order_id) from prepared_submissions) returning batch_seq as key`,
    );
    expect(await found()).toEqual([`log journal ${key} hash`]);
  });

  test('how far the read tables are: outside of the log', async () => {
    await tamper(
      `update system_metadata set value = '999999' where key = 'rows_through' returning key`,
    );
    expect(await found()).toEqual(['log system_metadata rows_through value']);
  });

  test('how far the snapshots are: they are not as they were then', async () => {
    await tamper(
      `update system_metadata set value = '9' where key = 'projected_through' returning key`,
    );
    expect((await found()).some((place) => place.startsWith('fold actor_snapshots'))).toBe(true);
  });

  test('a log written anew to its end, hashes and all, is found by a head that was kept elsewhere', async () => {
    const { log } = await verified(fresh);
    const anchor: Anchor = { seq: log.head?.seq ?? 0, hash: log.head?.hash ?? '' };
    expect((await verified(fresh, { anchor })).ok).toBe(true);
    const hash = `${anchor.hash.slice(1)}0`;
    const { differences } = await verified(fresh, { anchor: { ...anchor, hash } });
    expect(differences).toMatchObject([{ table: 'journal', column: 'hash', expected: hash }]);
    const early = await verified(fresh, { anchor: { ...anchor, seq: anchor.seq + 1 } });
    expect(early.differences).toMatchObject([{ key: String(anchor.seq + 1), have: null }]);
  });
});

describe('the books', () => {
  test('a leg, its order and its position told otherwise in the same way: the ledger does not say so', async () => {
    const [key] = await tamper(
      `update fill_legs set size = size + 1 where leg_key = (select min(leg_key) from fill_legs
         where client_order_id is not null and settlement = 'confirmed') returning leg_key as key`,
    );
    const places = await found();
    expect(places).toContain(`fold fill_legs ${key} size`);
    expect(places).toContain(`books ledger_entries ${key} amount_usd`);
    expect(places.some((place) => /^books positions .* size$/.test(place))).toBe(true);
    expect(places.some((place) => /^books orders .* filled_size$/.test(place))).toBe(true);
  });

  test('an entry of the ledger changed: cash is not what the account says', async () => {
    await tamper(`update ledger_entries set amount_usd = amount_usd + 1 where kind = 'deposit'
      returning entry_id as key`);
    const places = await found();
    expect(places).toContain('books actor_snapshots account:main snapshot.context.cashUsd');
    expect(places).toContain('books actor_snapshots account:main snapshot.context.depositsUsd');
  });

  test('shares that nobody reserves, and an exit that did not happen', async () => {
    const [position] = await tamper(
      'update positions set reserved_shares = 1, sellable_size = 99 returning instrument_id as key',
    );
    const [exit] = await tamper(
      'update exit_events set voided = not voided returning exit_id as key',
    );
    const places = await found();
    expect(places).toContain(`books positions ${position} reserved_shares`);
    expect(places).toContain(`books positions ${position} sellable_size`);
    expect(places).toContain(`books exit_events ${exit} voided`);
  });
});
