/** What every store promises, whatever server is behind it. */
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { JournalBatch, Store } from '../../../src/actors/store-port.ts';
import {
  AWKWARD_JSON,
  AWKWARD_TEXT,
  actorRow,
  batch,
  intent,
  journal,
  liveActors,
  preparedRow,
  projection,
} from './rows.ts';

export interface StoreHarness {
  readonly store: Store;
  /** Removes every row, as if the store were new. */
  clear(): Promise<void>;
  dispose(): Promise<void>;
}

export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name}: the log`, () => {
    const { store, clear } = harness(open);
    journalRules(store);
    retryRules(store, clear);
    lookUpRules(store);
  });
  describe(`${name}: restore`, () => {
    const { store } = harness(open);
    restoreRules(store);
  });
}

/** One store for a group of tests, emptied before each. */
export function harness(open: () => Promise<StoreHarness>) {
  let opened: StoreHarness | undefined;
  beforeEach(async () => {
    opened ??= await open();
    await opened.clear();
  });
  afterAll(async () => {
    await opened?.dispose();
  });
  return {
    store(): Store {
      if (opened === undefined) throw new Error('The store is opened before each test.');
      return opened.store;
    },
    async clear(): Promise<void> {
      await opened?.clear();
    },
  };
}

type Current = () => Store;

function journalRules(store: Current): void {
  test('an empty store has come nowhere', async () => {
    expect(await store().lastSeq()).toBe(0);
    expect(await store().projectedThrough()).toBe(0);
    expect(await journal(store())).toEqual([]);
    expect(await liveActors(store())).toEqual([]);
  });

  test('a batch comes back as it went in, with its intents and prepared orders in order', async () => {
    const first = batch(1, {
      lastSeq: 3,
      inputs: AWKWARD_JSON,
      intents: [intent(`z ${AWKWARD_TEXT}`, { body: AWKWARD_JSON }), intent('a', { atMs: 0 })],
      prepared: [preparedRow('z', { body: AWKWARD_TEXT }), preparedRow('a')],
    });
    const second = batch(4);
    await store().commit(first);
    await store().commit(second);
    expect(await journal(store())).toEqual([first, second]);
    expect(await store().lastSeq()).toBe(4);
  });

  test('a batch of megabytes is taken whole', async () => {
    const big = batch(1, { inputs: JSON.stringify(['😀x'.repeat(1_000_000)]) });
    await store().commit(big);
    expect((await journal(store()))[0]?.inputs === big.inputs).toBe(true);
  });

  test.each([
    { after: 0, seqs: [1, 2, 4, 6] },
    { after: 1, seqs: [2, 4, 6] },
    { after: 2, seqs: [2, 4, 6] },
    { after: 3, seqs: [4, 6] },
    { after: 5, seqs: [6] },
    { after: 6, seqs: [] },
  ])('the tail after $after is every batch with an input above it', async ({ after, seqs }) => {
    await store().commit(batch(1));
    await store().commit(batch(2, { lastSeq: 3 }));
    await store().commit(batch(4, { lastSeq: 5 }));
    await store().commit(batch(6));
    expect((await journal(store(), after)).map((found) => found.firstSeq)).toEqual(seqs);
  });

  test('a long journal is read in pages without a gap or a repetition', async () => {
    const batches = Array.from({ length: 450 }, (_, index) =>
      batch(index + 1, { intents: index % 100 === 0 ? [intent(`key-${index}`)] : [] }),
    );
    for (const one of batches) await store().commit(one);
    expect(await journal(store())).toEqual(batches);
  });
}

function retryRules(store: Current, clear: () => Promise<void>): void {
  const full = batch(1, { lastSeq: 2, intents: [intent('a')], prepared: [preparedRow('a')] });

  test('the same batch again changes nothing', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await store().commit(full);
    await store().commit(batch(3));
    await store().commit(full);
    expect(await journal(store())).toEqual([full, batch(3)]);
  });

  test.each([
    { rule: 'other inputs at the same numbers', next: batch(1, { batchId: 'other' }) },
    { rule: 'the same name with another end', next: { ...full, lastSeq: 3 } },
    { rule: 'numbers inside another batch', next: batch(2) },
    { rule: 'a gap', next: batch(4) },
    { rule: 'an end before the beginning', next: batch(3, { lastSeq: 2 }) },
    { rule: 'a used intent key', next: batch(3, { intents: [intent('b'), intent('a')] }) },
    { rule: 'one key twice', next: batch(3, { intents: [intent('b'), intent('b')] }) },
    { rule: 'an order prepared again', next: batch(3, { prepared: [preparedRow('a')] }) },
    {
      rule: 'a used venue order id',
      next: batch(3, { prepared: [preparedRow('b'), preparedRow('c', { venueOrderId: '0xa' })] }),
    },
  ])('$rule: refused for good, with nothing written', async ({ next }) => {
    await store().commit(full);
    const before = store().transactions;
    await expect(store().commit(next)).rejects.toMatchObject({ code: 'broken_invariant' });
    expect(await journal(store())).toEqual([full]);
    expect(await store().intentsByKeys(['b'])).toEqual([]);
    expect(await store().preparedByClientOrderIds(['b', 'c'])).toEqual([]);
    expect(store().transactions).toBe(before);
  });

  test.each([
    { what: 'an intent key', next: batch(1, { intents: [intent('a\0b')] }) },
    { what: 'a prepared body', next: batch(1, { prepared: [preparedRow('a', { body: '\0' })] }) },
    { what: 'the inputs', next: batch(1, { inputs: '"\0"' }) },
    { what: 'half a character in a key', next: batch(1, { intents: [intent('\ud800')] }) },
  ])('a NUL or half a character is refused as a bad value: $what', async ({ next }) => {
    await expect(store().commit(next)).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await journal(store())).toEqual([]);
  });

  test('any sequence of new batches, retries and strangers leaves the journal gapless', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        await clear();
        const written = await play(store(), steps);
        const found = await journal(store());
        expect(found).toEqual(written);
        for (const [index, one] of found.entries()) {
          expect(one.firstSeq).toBe((found[index - 1]?.lastSeq ?? 0) + 1);
        }
      }),
      { numRuns: 25 },
    );
  });
}

const step = fc.record({
  kind: fc.constantFrom('new' as const, 'retry' as const, 'gap' as const, 'stranger' as const),
  pick: fc.nat({ max: 20 }),
  length: fc.integer({ min: 1, max: 5 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays the steps and answers the batches that must be in the journal now. */
async function play(store: Store, steps: readonly Step[]): Promise<JournalBatch[]> {
  const written: JournalBatch[] = [];
  for (const { kind, pick, length } of steps) {
    const firstSeq = (written.at(-1)?.lastSeq ?? 0) + 1;
    const next = batch(firstSeq, {
      lastSeq: firstSeq + length - 1,
      intents: pick % 2 === 0 ? [intent(`key-${firstSeq}`)] : [],
    });
    const earlier = written[pick % Math.max(1, written.length)];
    if (kind === 'new') {
      await store.commit(next);
      written.push(next);
    } else if (kind === 'retry' && earlier !== undefined) {
      await store.commit(earlier);
    } else if (kind === 'gap' && firstSeq > 1) {
      await refused(store, { ...next, firstSeq: firstSeq + length, lastSeq: firstSeq + length });
    } else if (kind === 'stranger' && earlier !== undefined) {
      await refused(store, { ...earlier, batchId: 'stranger' });
    }
  }
  return written;
}

async function refused(store: Store, next: JournalBatch): Promise<void> {
  await expect(store.commit(next)).rejects.toMatchObject({ code: 'broken_invariant' });
}

function lookUpRules(store: Current): void {
  test('an intent and a prepared order are found by each of their names', async () => {
    const rows = [preparedRow('a'), preparedRow('b', { venue: 'other', venueOrderId: '0xa' })];
    const intents = [intent('k1'), intent(`k2 ${AWKWARD_TEXT}`)];
    await store().commit(batch(1, { intents, prepared: rows }));
    const keys = ['absent', ...intents.map((row) => row.key)];
    expect(await store().intentsByKeys(keys)).toEqual(intents);
    expect(await store().preparedByClientOrderIds(['b', 'x'])).toEqual([rows[1]]);
    expect(await store().preparedByVenueOrderIds(['0xa'])).toEqual([rows[1], rows[0]]);
  });

  test('looking for nothing finds nothing', async () => {
    await store().commit(batch(1, { intents: [intent('a')], prepared: [preparedRow('a')] }));
    expect(await store().intentsByKeys([])).toEqual([]);
    expect(await store().preparedByVenueOrderIds([])).toEqual([]);
    expect(await store().preparedByClientOrderIds([])).toEqual([]);
  });
}

function restoreRules(store: Current): void {
  test('live actors come in the order of their first writes, in pages', async () => {
    const actors = Array.from({ length: 10_500 }, (_, index) => actorRow(`actor-${-index}`));
    await store().project(projection(1, { actors }));
    await store().project(
      projection(2, {
        actors: [
          actorRow('actor--3', { revision: 2, live: false }),
          actorRow('actor--7', { revision: 2, snapshot: AWKWARD_JSON }),
        ],
      }),
    );
    const found = await liveActors(store());
    expect(found.length).toBe(10_499);
    expect(found.slice(0, 8).map((row) => row.actorId)).toEqual(
      [0, 1, 2, 4, 5, 6, 7, 8].map((index) => `actor-${-index}`),
    );
    expect(found[6]).toEqual(actorRow('actor--7', { revision: 2, snapshot: AWKWARD_JSON }));
    expect(new Set(found.map((row) => row.actorId)).size).toBe(10_499);
  });

  test('an actor that is not live is still found by its id', async () => {
    const closed = actorRow('closed', { live: false });
    await store().project(projection(1, { actors: [closed] }));
    expect(await liveActors(store())).toEqual([]);
    expect(await store().actor('closed')).toEqual(closed);
    expect(await store().actor('absent')).toBeUndefined();
  });

  test.each([
    { known: 5, written: 4, kept: 5 },
    { known: 5, written: 5, kept: 5 },
    { known: 5, written: 6, kept: 6 },
  ])('revision $written after $known leaves $kept', async ({ known, written, kept }) => {
    await store().project(projection(1, { actors: [actorRow('a', { revision: known })] }));
    await store().project(projection(2, { actors: [actorRow('a', { revision: written })] }));
    expect((await store().actor('a'))?.revision).toBe(kept);
    expect(await store().projectedThrough()).toBe(2);
  });
}
