/** What a finding does in the turn that tells of it: once, and only on the step that means it. */
import { expect, test } from 'vitest';
import { DEFAULT_RECONCILE, type Difference } from '../../src/domain/reconcile.ts';
import { cashDifference, NOTHING_ON_THE_WAY } from '../../src/domain/reconcile-books.ts';
import { orphanLeg } from '../../src/domain/reconcile-orders.ts';
import type { FindingBody, FindingEvent } from '../../src/machines/system.findings.ts';
import type { TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';

const floor = useFloor();

const money = cashDifference(
  {
    ...{ accountId: 'main', ours: '1000', theirs: '1250', depositsUsd: '1000', feesUsd: '0' },
    way: NOTHING_ON_THE_WAY,
  },
  DEFAULT_RECONCILE,
);

const body = (difference: Difference): FindingBody => ({
  ...difference,
  findingId: 'f_1',
  evidence: {},
});
const opened = (difference: Difference): FindingEvent => ({
  ...{ type: 'finding.opened', finding: body(difference), atMs: AT_MS },
});
const seen = (difference: Difference): FindingEvent => ({
  ...{ type: 'finding.seen', finding: body(difference), atMs: AT_MS + 2 },
});
const closed = (as: 'applied' | 'approved' | 'dismissed'): FindingEvent => ({
  ...{ type: 'finding.closed', findingId: 'f_1', as, by: 'ada', why: 'meant', atMs: AT_MS + 1 },
});

async function tell(...events: FindingEvent[]): Promise<TestDesk> {
  const desk = await floor.start();
  for (const event of events) desk.trading.execution.dispatch(event);
  await desk.trading.settled();
  return desk;
}

test.each<[string, FindingEvent[], string]>([
  ['approved, it is booked', [opened(money), closed('approved')], '1250'],
  ['approved twice, once', [opened(money), closed('approved'), closed('approved')], '1250'],
  [
    'seen again once it is approved, once',
    [opened(money), closed('approved'), seen(money)],
    '1250',
  ],
  [
    'approved after it was dismissed, not',
    [opened(money), closed('dismissed'), closed('approved')],
    '1000',
  ],
  [
    'seen again after it was dismissed, not',
    [opened(money), closed('dismissed'), seen(money)],
    '1000',
  ],
  ['gone by itself, not', [opened(money), closed('applied')], '1000'],
  ['approved without having been found, not', [closed('approved')], '1000'],
])('money: %s', async (_what, events, cashUsd) => {
  const desk = await tell(...events);
  expect(await desk.trading.account()).toMatchObject({ cashUsd, depositsUsd: cashUsd });
  expect(await floor.fresh.store.ledgerTotal('main')).toBe(cashUsd);
});

const orphan = (instrumentId: string | null) => orphanLeg('leg', instrumentId, 'no', {});
const flags = ({ trading }: TestDesk) =>
  [rain, noRain].map(({ id }) => trading.position(id)?.reconciliationRequired ?? false);

test.each<[string, FindingEvent[], boolean[]]>([
  ['while a finding of it is open', [opened(orphan(rain.id))], [true, false]],
  [
    'once, however often it is seen',
    [opened(orphan(rain.id)), seen(orphan(rain.id)), closed('dismissed')],
    [false, false],
  ],
  ['not for a finding that names no instrument', [opened(orphan(null))], [false, false]],
  [
    'not for one that is decided and seen again',
    [opened(orphan(rain.id)), closed('approved'), seen(orphan(rain.id))],
    [false, false],
  ],
  [
    'of the instrument that it is about now',
    [opened(orphan(rain.id)), seen(orphan(noRain.id))],
    [false, true],
  ],
  [
    'of none once that is closed',
    [opened(orphan(rain.id)), seen(orphan(noRain.id)), closed('applied')],
    [false, false],
  ],
  ['of one that was told of later', [opened(orphan(null)), seen(orphan(rain.id))], [true, false]],
])('a position asks for reconciliation: %s', async (_what, events, expected) => {
  expect(flags(await tell(...events))).toEqual(expected);
});
