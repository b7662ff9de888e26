/** The house rules that a program can hold: which way imports point, and what is pure. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') && statSync(join(ROOT, path)).isFile());
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Files of the project that a file imports, from the root. */
function importsOf(path: string): string[] {
  const found = textOf(path).matchAll(/from '(\.[^']+)'/g);
  return [...found].map(([, target = '']) => relative(ROOT, resolve(ROOT, dirname(path), target)));
}

/** What each part may import of `src`; packages are another matter. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/domain': ['src/domain'],
  'src/machines': ['src/domain', 'src/machines'],
  'src/actors': ['src/domain', 'src/machines', 'src/actors'],
  'src/adapters': [
    'src/domain',
    'src/adapters',
    'src/actors/ports.ts',
    'src/actors/store-port.ts',
    'src/actors/venue-store-port.ts',
    'src/actors/command-port.ts',
    'src/actors/event-port.ts',
    'src/actors/execution.ts',
    'migrations',
  ],
  // It shares the protocol's arithmetic with the adapter, and the wire's hash of a book.
  'src/sandbox': [
    'src/domain',
    'src/sandbox',
    'src/config',
    'src/actors/ports.ts',
    'src/actors/execution.ts',
    'src/adapters/clock/timer-heap.ts',
    'src/adapters/marketdata',
    'src/adapters/random.ts',
    'src/adapters/venues/polymarket/protocol',
  ],
};

describe('imports', () => {
  test.each(Object.entries(MAY_IMPORT))('%s imports only what is before it', (part, allowed) => {
    const wrong = filesIn(part).flatMap((path) =>
      importsOf(path)
        .filter((target) => !allowed.some((prefix) => target.startsWith(prefix)))
        .map((target) => `${path} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('domain and machines import no I/O', () => {
    const wrong = [...filesIn('src/domain'), ...filesIn('src/machines')].filter((path) =>
      /from '(node:|pg|kysely|ws|pino|yaml)/.test(textOf(path)),
    );
    expect(wrong).toEqual([]);
  });
});

/** Code without comments: a rule may be talked about. */
function codeOf(path: string): string {
  return textOf(path)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '');
}

interface Ban {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly folders: readonly string[];
}

const BANS: readonly Ban[] = [
  {
    rule: 'no clock, randomness or waiting in domain and machines',
    pattern:
      /Date\.now|Math\.random|new Date\b|setTimeout|setInterval|setImmediate|randomUUID|\bawait\b/,
    folders: ['src/domain', 'src/machines'],
  },
  {
    rule: 'no clock, randomness or timers in actors',
    pattern: /Date\.now|Math\.random|new Date\b|setTimeout|setInterval|randomUUID/,
    folders: ['src/actors'],
  },
  {
    rule: 'no catch-all transition, no XState timer, no spawn into a context',
    pattern: /'\*'\s*:|\bafter:\s*\{|\bspawn\(/,
    folders: ['src/machines', 'src/actors'],
  },
  {
    rule: 'no float arithmetic on money in the domain',
    pattern: /parseFloat|\bNumber\(/,
    folders: ['src/domain', 'src/machines'],
  },
  {
    rule: 'no way around the types',
    pattern: /\bas any\b|: any\b|@ts-ignore|@ts-expect-error|as unknown as/,
    folders: ['src', 'migrations', 'examples'],
  },
];

describe('code', () => {
  test.each(BANS)('$rule', ({ pattern, folders }) => {
    const wrong = folders.flatMap(filesIn).filter((path) => pattern.test(codeOf(path)));
    expect(wrong).toEqual([]);
  });

  test('a file stays within 400 lines', () => {
    const long = ['src', 'migrations', 'examples', 'bench']
      .flatMap(filesIn)
      .filter((path) => textOf(path).split('\n').length > 400);
    expect(long).toEqual([]);
  });
});
