import { expect, test } from 'vitest';
import {
  checkSettings,
  type PaperSettings,
} from '../../../../src/adapters/venues/paper/settings.ts';
import { InvalidValue } from '../../../../src/domain/faults.ts';

test('one latency stands for both ways', () => {
  expect(checkSettings({ latencyMs: 7 })).toMatchObject({ submitLatencyMs: 7, cancelLatencyMs: 7 });
  expect(checkSettings({ latencyMs: { submit: 7 } })).toMatchObject({
    submitLatencyMs: 7,
    cancelLatencyMs: 50,
  });
});

const wrong: readonly (readonly [string, PaperSettings])[] = [
  ['paper.latencyMs.submit', { latencyMs: -1 }],
  ['paper.latencyMs.cancel', { latencyMs: { cancel: 0.5 } }],
  ['paper.cashUsd', { cashUsd: '-1' }],
  ['paper.cashUsd', { cashUsd: 'plenty' }],
  ['paper.settlement.minedAfterMs', { settlement: { minedAfterMs: Number.NaN } }],
  ['paper.settlement.confirmedAfterMs', { settlement: { confirmedAfterMs: 1e12 } }],
  ['paper.settlement.failedShare', { settlement: { failedShare: 1.1 } }],
  ['paper.settlement.retryingShare', { settlement: { retryingShare: Number.NaN } }],
  ['paper.partialFills.share', { partialFills: { share: -0.1 } }],
  ['paper.partialFills.firstPart', { partialFills: { firstPart: '1' } }],
  ['paper.partialFills.delayMs', { partialFills: { delayMs: -1 } }],
];
test.each(wrong)('%s out of range is refused by its name', (place, settings) => {
  expect(() => checkSettings(settings)).toThrow(InvalidValue);
  expect(() => checkSettings(settings)).toThrow(place);
});
