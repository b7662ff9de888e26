import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, printable, tableLines } from '../../src/cli/table.ts';

const columns = [
  { title: 'name', shrinks: true },
  { title: 'size', align: 'right' },
] as const;

test('numbers stand right, texts left, no blanks at the end', () => {
  expect(
    tableLines(columns, [
      ['rain', '5'],
      ['sunshine', '1000'],
    ]),
  ).toEqual(['name      size', 'rain         5', 'sunshine  1000']);
});

test('a line is never wider than the terminal', () => {
  const cells = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 });
  fc.assert(
    fc.property(cells, fc.integer({ min: 1, max: 60 }), (rows, width) => {
      for (const line of tableLines(columns, rows, width)) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }),
  );
});

test('the columns that may shrink go first, the others keep their text', () => {
  const [, line] = tableLines(columns, [['a-very-long-market-name', '1000']], 18);
  expect(line).toMatch(/^\S+…\S+ +1000$/);
});

test.each([
  ['abcdefghij', 10, 'abcdefghij'],
  ['abcdefghij', 7, 'abcd…ij'],
  ['abcdefghij', 1, 'a'],
  ['abcdefghij', 0, ''],
])('%s in %i characters is %s', (text, width, expected) => {
  expect(cut(text, width)).toBe(expected);
});

test('nothing that a terminal obeys comes through', () => {
  expect(printable('a\x1b[2Jb\r\nc\u202Ed')).toBe('a [2Jb  c d');
});
