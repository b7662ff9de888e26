import { expect, test } from 'vitest';
import { BREAKDOWNS } from '../../src/report/breakdown.ts';
import { reportCsv } from '../../src/report/csv.ts';
import { legOn, sampleReport } from './sample.ts';

const lines = (csv: string) => csv.split('\r\n').map((line) => line.split(','));

test('every row has as many cells as there are titles, with exact figures', async () => {
  const legs = [
    legOn(0, { size: '12345.678901', feeUsd: '0.000001' }),
    legOn(1, { side: 'SELL', price: '0.6', size: '3' }),
  ];
  const report = await sampleReport({ legs });
  for (const by of BREAKDOWNS) {
    const [titles = [], ...rows] = lines(reportCsv(report, by)).slice(0, -1);
    expect(titles.slice(0, 3)).toEqual([by, 'fills', 'volumeUsd']);
    expect(rows.length).toBe(by === 'day' ? 2 : 1);
    for (const row of rows) expect(row.length).toBe(titles.length);
  }
  const [titles = [], [...row] = []] = lines(reportCsv(report, 'strategy'));
  const cell = (title: string) => row[titles.indexOf(title)];
  expect([cell('volumeUsd'), cell('feesUsd'), cell('realizedPnl')]).toEqual([
    ...['6174.6394505', '0.000001', '0.3'],
  ]);
});

test.each([
  ['plain', 'plain'],
  ['with, comma', '"with, comma"'],
  ['"quoted"', '"""quoted"""'],
  ['two\r\nlines', '"two\r\nlines"'],
  ['=1+1', "'=1+1"],
  ['@sum,', `"'@sum,"`],
])('a name %j is %s', async (strategy, cell) => {
  const csv = reportCsv(await sampleReport({ legs: [legOn(0, { strategy })] }), 'strategy');
  expect(csv.slice(csv.indexOf('\r\n') + 2).startsWith(`${cell},1,5,`)).toBe(true);
});
