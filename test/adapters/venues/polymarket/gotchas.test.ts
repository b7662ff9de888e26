/** docs/polymarket.md says only what is so: its tables against the code and the tests. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../../src/adapters/venues/polymarket/http.ts';
import { SUBMIT_ROWS } from '../../../../src/adapters/venues/polymarket/outcomes.ts';
import { classifySubmit } from '../../../../src/adapters/venues/polymarket/outcomes-submit.ts';

const ROOT = new URL('../../../../', import.meta.url);
const ORDER_ID = `0x${'ab'.repeat(32)}`;

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Cells of every table row below a heading, the head of the table left out. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = read('docs/polymarket.md').split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

describe('what went wrong for others', () => {
  const rows = rowsBelow('Fifty things that went wrong for others');
  const tests = rows.flatMap(([number = '', , , cell = '']) =>
    quoted(cell).map((named): [string, string] => [number, named]),
  );

  test('is fifty things, each with tests or with the reason why there are none', () => {
    expect(rows.map(([number]) => Number(number))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    const untested = rows.filter(([, , how = '', cell = '']) => {
      return quoted(cell).length === 0 && !how.startsWith('none: ');
    });
    expect(untested).toEqual([]);
  });

  test.each(tests)('%s is shown by %s', (_number, named) => {
    const [file = '', ...rest] = named.split(': ');
    const name = rest.join(': ');
    const path = `test/${file.replace(/^pm\//, 'adapters/venues/polymarket/')}`;
    expect(existsSync(new URL(path, ROOT)), path).toBe(true);
    const text = read(path);
    const isThere = ["'", '"', '`'].some((mark) => text.includes(`${mark}${name}${mark}`));
    expect(isThere, `a test of that name in ${path}`).toBe(true);
  });
});

describe('the table of answers', () => {
  const told = rowsBelow('What an answer means').flatMap(([status, texts = '', meaning = '']) =>
    (quoted(texts).length === 0 ? ['anything'] : quoted(texts)).map((text) => {
      return { status: Number(status), text, meaning };
    }),
  );

  test.each(told)('$status $text is $meaning', ({ status, text, meaning }) => {
    const body = JSON.stringify({ error: text });
    const answer: HttpAnswer = { kind: 'answer', status, headers: {}, text: body };
    const { outcome } = classifySubmit(answer, ORDER_ID);
    expect(outcome.kind).toBe(meaning === 'not accepted' ? 'notAccepted' : meaning);
  });

  test('has every row of the code', () => {
    const untold = SUBMIT_ROWS.filter(
      (row) =>
        !told.some(({ status, text }) => row.status === status && (row.text?.test(text) ?? true)),
    );
    expect(untold).toEqual([]);
  });
});
