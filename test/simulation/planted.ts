/** Proves the suite: each wrong engine must be caught within a bounded number of seeds. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulationOptions } from './options.ts';
import { PLANTS, type Plant } from './plants.ts';
import { createPool, type Pool } from './pool.ts';

/** A wrong engine that so many runs do not show is not caught. */
const MOST_SEEDS = 60;
/** Short: the longer a run goes on, the more of what a wrong engine left behind is filled or expires. */
const MINUTES = 2;

const BUILT = fileURLToPath(new URL('../../', import.meta.url));

export interface PlantResult {
  readonly name: string;
  /** Undefined: it was not caught. */
  readonly seed: string | undefined;
  readonly rule: string | undefined;
  readonly runs: number;
}

/** Tries the recorded seed of each first, then others; several wrong engines side by side. */
export async function plantAll(
  workers: number,
  say: (line: string) => void,
  only = '',
): Promise<readonly PlantResult[]> {
  const plants = PLANTS.filter(({ name }) => name.includes(only));
  // All of them first: one that fits no more is said at once.
  const texts = await Promise.all(plants.map(changedTexts));
  const results: PlantResult[] = [];
  const left = plants.entries();
  async function lane(): Promise<void> {
    for (const [index, plant] of left) {
      const result = await tryPlant(plant, texts[index] ?? new Map());
      const { name, seed, rule } = result;
      say(`${name}: ${seed === undefined ? 'NOT CAUGHT' : `seed ${seed}, ${rule}`}`);
      results[index] = result;
    }
  }
  await Promise.all(Array.from({ length: workers }, lane));
  return results;
}

async function tryPlant(plant: Plant, texts: Texts): Promise<PlantResult> {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-planted-'));
  const pool = createPool(1, join(folder, 'test/simulation/worker.js'));
  try {
    await build(texts, folder);
    return await search(plant, pool);
  } finally {
    pool.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function search({ name, seed }: Plant, pool: Pool): Promise<PlantResult> {
  const others = Array.from({ length: MOST_SEEDS }, (_, index) => String(index + 1));
  const seeds = [seed, ...others.filter((other) => other !== seed)];
  for (const [index, tried] of seeds.entries()) {
    const { violation } = await pool.run(simulationOptions(tried, { minutes: MINUTES }));
    if (violation === undefined) continue;
    return { name, seed: tried, rule: violation.rule, runs: index + 1 };
  }
  return { name, seed: undefined, rule: undefined, runs: seeds.length };
}

/** Files of the built `src` with their texts. */
type Texts = ReadonlyMap<string, string>;

/** @throws when a text to change is not there once. */
async function changedTexts({ name, changes }: Plant): Promise<Texts> {
  const texts = new Map<string, string>();
  for (const { file, find, put } of changes) {
    const text = texts.get(file) ?? (await readFile(join(BUILT, 'src', file), 'utf8'));
    const times = text.split(find).length - 1;
    if (times !== 1) {
      throw new Error(`${name}: expected once in ${file}, found ${times} times:\n${find}`);
    }
    texts.set(
      file,
      text.replace(find, () => put),
    );
  }
  return texts;
}

/** A copy of the built code with the changes in it. */
async function build(texts: Texts, folder: string): Promise<void> {
  for (const part of ['src', 'migrations', 'test/simulation']) {
    await cp(join(BUILT, part), join(folder, part), {
      recursive: true,
      filter: (path) => !/\.(?:d\.ts|map)$/.test(path),
    });
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(
    fileURLToPath(import.meta.resolve('xstate/package.json')).replace(/xstate\/package\.json$/, ''),
    join(folder, 'node_modules'),
  );
  for (const [file, text] of texts) await writeFile(join(folder, 'src', file), text);
}

export function plantedText(results: readonly PlantResult[]): string {
  const lines = results.map(
    ({ name, seed, rule, runs }) =>
      `${name.padEnd(50)} ${(seed ?? 'NOT CAUGHT').padEnd(8)} ${String(runs).padStart(3)}  ${rule ?? ''}`,
  );
  const caught = results.filter(({ seed }) => seed !== undefined).length;
  return [
    `${'wrong engine'.padEnd(50)} seed    runs  broken rule`,
    ...lines,
    `${caught} of ${results.length} caught`,
  ].join('\n');
}
