/** docs/requirements.md names tests: each of them exists, and each test file of this folder is named. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'test');
const NOT_BUILT = /^not built\b/;

interface Row {
  readonly behaviour: string;
  readonly tests: string;
}

const rows: readonly Row[] = readFileSync(join(ROOT, 'docs/requirements.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => !/^-*$/.test(cells[1] ?? '') && !cells[1]?.startsWith('behaviour'))
  .map((cells) => ({ behaviour: cells[1] ?? '', tests: cells[2] ?? '' }));

/** `file` *name*, *name*, `file` …: the names that follow a file are of that file. */
function namedIn(cell: string): readonly (readonly [file: string, names: readonly string[]])[] {
  return [...cell.matchAll(/`([^`]+)`([^`]*)/g)].map(([, file = '', rest = '']) => [
    file,
    [...rest.matchAll(/\*([^*]+)\*/g)].map(([, name = '']) => name),
  ]);
}

/** Whatever is between quotation marks in a test file; `%s` and `$name` of a table stand for anything. */
function textsOf(source: string): readonly string[] {
  return [...source.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.)+)\1/g)].map(([, , text = '']) => text);
}

/** `…` stands for anything. */
function matches(name: string, text: string): boolean {
  const escaped = name.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`).test(text);
}

describe('a row of docs/requirements.md', () => {
  test('says what is asked for, once', () => {
    const behaviours = rows.map(({ behaviour }) => behaviour);
    expect(behaviours.length).toBeGreaterThan(60);
    expect(behaviours.filter((one, index) => behaviours.indexOf(one) !== index)).toEqual([]);
  });

  test.each(rows)('$behaviour', ({ tests }) => {
    if (NOT_BUILT.test(tests)) return;
    const named = namedIn(tests);
    expect(named.length, 'it names a test file').toBeGreaterThan(0);
    for (const [file, names] of named) {
      const path = join(FOLDER, file);
      expect(existsSync(path), `test/${file} exists`).toBe(true);
      const texts = textsOf(readFileSync(path, 'utf8'));
      for (const name of names) {
        expect(
          texts.some((text) => matches(name, text)),
          `test/${file} has "${name}"`,
        ).toBe(true);
      }
    }
  });
});

test('every test file of this folder is in the table', () => {
  const named = new Set(rows.flatMap(({ tests }) => namedIn(tests).map(([file]) => file)));
  const here = readdirSync(import.meta.dirname).filter((file) =>
    /^(?!table).*\.test\.ts$/.test(file),
  );
  expect(here.filter((file) => !named.has(`seeds/${file}`))).toEqual([]);
});

test('the check can fail: a name that no test has is found out', () => {
  expect(matches('a BUY of …', 'a SELL of 20')).toBe(false);
  expect(matches('a BUY of …', 'a BUY of 20 at 0.95 goes to the venue once')).toBe(true);
  expect(namedIn('`a.test.ts` *one*, *two*, `b.test.ts`')).toEqual([
    ['a.test.ts', ['one', 'two']],
    ['b.test.ts', []],
  ]);
});
