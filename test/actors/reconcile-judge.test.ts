/** Which differences become findings, which close, and which stay what they were. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Compared,
  findingId,
  type JudgeInput,
  judge,
  LASTING_MS,
  LASTING_PASSES,
  type Pending,
} from '../../src/actors/reconcile-judge.ts';
import {
  DEFAULT_RECONCILE,
  type Difference,
  FINDING_KINDS,
  type FindingKind,
} from '../../src/domain/reconcile.ts';
import {
  NOTHING_ON_THE_WAY,
  type OnTheWay,
  sizeDifference,
} from '../../src/domain/reconcile-books.ts';
import { externalOrder, orphanLeg } from '../../src/domain/reconcile-orders.ts';
import {
  type FindingEvent,
  type Findings,
  MAX_FINDINGS_OF_A_KIND,
  takeFinding,
} from '../../src/machines/system.findings.ts';
import { AT_MS, rain } from '../support/orders.ts';

const ALL = new Set(FINDING_KINDS);

function size(theirs: string, way: Partial<OnTheWay> = {}, instrumentId = rain.id): Compared {
  const sides = { instrumentId, ours: '10', theirs, way: { ...NOTHING_ON_THE_WAY, ...way } };
  return { difference: sizeDifference(sides, DEFAULT_RECONCILE), evidence: {} };
}

function external(venueOrderId: string, sizeMatched = '0'): Compared {
  const listed = { venueOrderId, rawStatus: 'LIVE', sizeMatched };
  return { difference: externalOrder(listed), evidence: {} };
}

/** Comparisons one after the other, as the reconciler has them. */
function series() {
  let pending: ReadonlyMap<string, Pending> = new Map();
  let findings: Findings = {};
  let atMs = AT_MS;
  const told: FindingEvent[] = [];
  return {
    get findings() {
      return findings;
    },
    told,
    wait(forMs: number) {
      atMs += forMs;
    },
    tell(event: FindingEvent) {
      findings = takeFinding(findings, event);
    },
    compare(compared: readonly Compared[], covered: JudgeInput['covered'] = ALL) {
      const judgement = judge({ compared, covered, findings, pending, atMs });
      pending = judgement.pending;
      for (const event of judgement.events) {
        told.push(event);
        findings = takeFinding(findings, event);
      }
      return judgement;
    },
    types: () => told.map((event) => event.type),
  };
}

const decided = (id: string, as: 'approved' | 'dismissed'): FindingEvent => ({
  ...{ type: 'finding.closed', findingId: id, as, by: 'ada', why: 'meant', atMs: AT_MS },
});

/** One finding of a size of 15 for 10, opened. */
function opened() {
  const one = series();
  one.compare([size('15')]);
  one.wait(LASTING_MS);
  one.compare([size('15')]);
  expect(one.types()).toEqual(['finding.opened']);
  return { one, id: findingId(size('15').difference) };
}

describe('a difference becomes a finding', () => {
  test('only after two comparisons and a stated time', () => {
    const quick = series();
    for (let pass = 0; pass < 5; pass += 1) quick.compare([size('15')]);
    expect(quick.told).toEqual([]);
    const once = series();
    once.wait(LASTING_MS * 10);
    expect(once.compare([size('15')]).ripeAtMs).toBe(AT_MS + LASTING_MS * 11);
    expect(once.told).toEqual([]);
    const both = series();
    both.compare([size('15')]);
    both.wait(LASTING_MS - 1);
    both.compare([size('15')]);
    expect(both.told).toEqual([]);
    both.wait(1);
    both.compare([size('15')]);
    expect(both.types()).toEqual(['finding.opened']);
    expect(LASTING_PASSES).toBe(2);
  });

  test('not when it was gone in between', () => {
    const one = series();
    one.compare([size('15')]);
    one.wait(LASTING_MS);
    one.compare([size('10')]);
    one.compare([size('15')]);
    expect(one.told).toEqual([]);
  });

  test('not when each comparison saw another one: fills that are told a moment later', () => {
    const one = series();
    for (const theirs of ['20', '17', '12', '20', '15']) {
      one.compare([size(theirs)]);
      one.wait(2 * LASTING_MS);
    }
    expect(one.told).toEqual([]);
    one.compare([size('15')]);
    expect(one.types()).toEqual(['finding.opened']);
  });

  test('by being there, whatever else changes of it', () => {
    const one = series();
    one.compare([external('0x1')]);
    one.wait(LASTING_MS);
    one.compare([external('0x1', '3')]);
    expect(one.types()).toEqual(['finding.opened']);
  });

  test('at once where the venue contradicts itself', () => {
    const one = series();
    one.compare([{ difference: orphanLeg('k', rain.id, 'no', {}), evidence: {} }]);
    expect(one.types()).toEqual(['finding.opened']);
  });

  test('once, and is the same however often it is seen', () => {
    const { one } = opened();
    for (let pass = 0; pass < 5; pass += 1) one.compare([size('15')]);
    expect(one.types()).toEqual(['finding.opened']);
  });

  test('told twice in one comparison it is one', () => {
    const one = series();
    for (const _ of [1, 2]) {
      one.compare([external('0x1'), external('0x1')]);
      one.wait(LASTING_MS);
    }
    expect(one.types()).toEqual(['finding.opened']);
  });

  test('up to a bound of its kind; the rest is counted', () => {
    const one = series();
    const many = Array.from({ length: MAX_FINDINGS_OF_A_KIND + 7 }, (_, n) => external(`0x${n}`));
    one.compare(many);
    one.wait(LASTING_MS);
    expect(one.compare([...many, size('15')]).notKept).toBe(7);
    expect(Object.keys(one.findings)).toHaveLength(MAX_FINDINGS_OF_A_KIND);
  });
});

describe('the bound of a kind', () => {
  /** Legs that cannot be booked do not go away by themselves. */
  const NEVER_GONE = new Set<FindingKind>();
  const orphan = (n: number): Compared => ({
    difference: orphanLeg(`leg-${n}`, rain.id, 'no', {}),
    evidence: {},
  });
  const full = () => {
    const one = series();
    const all = Array.from({ length: MAX_FINDINGS_OF_A_KIND }, (_, n) => orphan(n));
    one.compare(all);
    return { one, all, idOf: (n: number) => findingId(orphan(n).difference) };
  };

  test('gives way of what a person has decided and nobody tells of any more', () => {
    const { one, idOf } = full();
    one.tell(decided(idOf(3), 'dismissed'));
    one.tell(decided(idOf(5), 'dismissed'));
    const judgement = one.compare([orphan(900)], NEVER_GONE);
    expect(judgement.notKept).toBe(0);
    expect(one.findings[idOf(900)]?.state).toBe('open');
    expect(one.findings[idOf(3)]).toBeUndefined();
    expect(one.findings[idOf(5)]).toBeDefined();
    expect(Object.keys(one.findings)).toHaveLength(MAX_FINDINGS_OF_A_KIND);
  });

  test('keeps what is open, and what is still told of', () => {
    const { one, idOf } = full();
    one.tell(decided(idOf(3), 'dismissed'));
    expect(one.compare([orphan(900), orphan(3)], NEVER_GONE).notKept).toBe(1);
    expect(one.findings[idOf(3)]).toBeDefined();
    expect(one.findings[idOf(900)]).toBeUndefined();
  });

  test('counts nothing that goes in the same comparison', () => {
    const one = series();
    const many = Array.from({ length: MAX_FINDINGS_OF_A_KIND }, (_, n) => external(`0x${n}`));
    one.compare(many);
    one.wait(LASTING_MS);
    one.compare(many);
    one.compare([...many, external('0xnew')]);
    one.wait(LASTING_MS);
    expect(one.compare([external('0xnew')]).notKept).toBe(0);
    expect(Object.keys(one.findings)).toEqual([findingId(external('0xnew').difference)]);
  });
});

describe('a finding', () => {
  test('closes by itself when the difference is gone', () => {
    const { one, id } = opened();
    one.compare([size('10')]);
    expect(one.told.at(-1)).toMatchObject({
      ...{ type: 'finding.closed', findingId: id, as: 'applied', by: 'reconciler' },
    });
    expect(one.findings).toEqual({});
  });

  test('closes when what it is about is no longer told, where that was asked for', () => {
    const { one, id } = opened();
    one.compare([], new Set());
    expect(one.findings[id]).toBeDefined();
    one.compare([]);
    expect(one.findings).toEqual({});
  });

  test('says when it has changed for good', () => {
    const { one } = opened();
    const { differences } = one.compare([size('30')]);
    expect(differences).toMatchObject([{ theirs: { size: '30' }, pending: true }]);
    expect(one.types()).toEqual(['finding.opened']);
    one.wait(LASTING_MS);
    one.compare([size('30')]);
    expect(one.types()).toEqual(['finding.opened', 'finding.seen']);
    expect(Object.values(one.findings)[0]?.theirs).toEqual({ size: '30' });
  });

  test('keeps its figures when one comparison came between a fill and its leg', () => {
    const { one, id } = opened();
    one.compare([size('17')]);
    one.wait(LASTING_MS);
    one.compare([size('15')]);
    one.compare([size('12')]);
    expect(one.types()).toEqual(['finding.opened']);
    expect(one.findings[id]?.theirs).toEqual({ size: '15' });
  });

  test('stays the same while trades on the way could be all of the change', () => {
    const { one } = opened();
    // Ten more were bought, and the venue does not show them yet.
    one.compare([size('5', { notYetThere: '10' })]);
    // It would agree now, if all of what is on the way were missing there; or still differ by five.
    one.compare([size('10', { notYetThere: '5' })]);
    expect(one.types()).toEqual(['finding.opened']);
    expect(Object.keys(one.findings)).toHaveLength(1);
  });

  test('that was found while trades settled is said again once it is exact', () => {
    const one = series();
    one.compare([size('20', { notYetThere: '4' })]);
    one.wait(LASTING_MS);
    one.compare([size('20', { notYetThere: '4' })]);
    one.compare([size('20')]);
    expect(one.types()).toEqual(['finding.opened', 'finding.seen']);
    expect(Object.values(one.findings)[0]?.range).toEqual({ low: '10', high: '10' });
  });

  test('gets graver when the same shares become a larger part of what is held', () => {
    const one = series();
    const of = (ours: string, theirs: string): Compared => ({
      difference: sizeDifference(
        { instrumentId: rain.id, ours, theirs, way: NOTHING_ON_THE_WAY },
        DEFAULT_RECONCILE,
      ),
      evidence: {},
    });
    one.compare([of('1000', '1005')]);
    one.wait(LASTING_MS);
    one.compare([of('1000', '1005')]);
    one.compare([of('20', '25')]);
    expect(one.types()).toEqual(['finding.opened', 'finding.seen']);
    expect(Object.values(one.findings)[0]?.severity).toBe('critical');
  });

  test('that a person decided stays decided while it is the same', () => {
    for (const as of ['approved', 'dismissed'] as const) {
      const { one, id } = opened();
      one.tell(decided(id, as));
      for (let pass = 0; pass < 5; pass += 1) {
        one.wait(LASTING_MS);
        one.compare([size('15')]);
      }
      expect(one.types()).toEqual(['finding.opened']);
      expect(one.findings[id]).toMatchObject({ state: as, decidedBy: 'ada' });
    }
  });

  test('that a person decided opens anew when it has lastingly become another one', () => {
    const { one, id } = opened();
    one.tell(decided(id, 'dismissed'));
    one.compare([size('40')]);
    expect(one.findings[id]?.state).toBe('dismissed');
    one.wait(LASTING_MS);
    one.compare([size('40')]);
    expect(one.types()).toEqual(['finding.opened', 'finding.closed', 'finding.opened']);
    expect(one.findings[id]).toMatchObject({ state: 'open', theirs: { size: '40' } });
  });

  test('a second word of a person changes nothing', () => {
    const { one, id } = opened();
    one.tell(decided(id, 'dismissed'));
    const before = one.findings;
    one.tell(decided(id, 'approved'));
    expect(one.findings).toBe(before);
  });
});

test('an id follows from kind and subject alone', () => {
  const one = size('15').difference;
  const other: Difference = { ...one, theirs: {}, severity: 'info' };
  expect(findingId(one)).toBe(findingId(other));
  expect(findingId(one)).toMatch(/^f_[0-9a-f]{12}$/);
  expect(findingId({ ...one, kind: 'position.price' })).not.toBe(findingId(one));
});

test('whatever is seen, a finding is open only for what lasted, and none for what agrees', () => {
  const figure = fc.constantFrom('10', '10.005', '10.02', '15', '0', '-3');
  fc.assert(
    fc.property(fc.array(fc.tuple(figure, fc.constantFrom(1, 20_000, 60_000))), (steps) => {
      const one = series();
      let since: { readonly theirs: string; readonly atMs: number } | undefined;
      let isOpen = false;
      let now = 0;
      for (const [theirs, forMs] of steps) {
        one.wait(forMs);
        now += forMs;
        one.compare([size(theirs)]);
        const agrees = theirs === '10' || theirs === '10.005';
        if (agrees) {
          since = undefined;
          isOpen = false;
          expect(one.findings).toEqual({});
          continue;
        }
        if (since?.theirs !== theirs) since = { theirs, atMs: now };
        isOpen ||= now - since.atMs >= LASTING_MS;
        expect(Object.keys(one.findings)).toHaveLength(isOpen ? 1 : 0);
      }
    }),
    { numRuns: 300 },
  );
});
