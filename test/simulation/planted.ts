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

export interface PlantResult {
  readonly name: string;
  /** Undefined: it was not caught. */
  readonly seed: string | undefined;
  readonly rule: string | undefined;
  readonly runs: number;
}

/** Tries the recorded seed of each first, then others. */
export async function plantAll(
  workers: number,
  say: (line: string) => void,
  only = '',
): Promise<readonly PlantResult[]> {
  const results: PlantResult[] = [];
  for (const plant of PLANTS.filter(({ name }) => name.includes(only))) {
    const result = await tryPlant(plant, workers);
    say(
      `${result.name}: ${result.seed === undefined ? 'NOT CAUGHT' : `seed ${result.seed}, ${result.rule}`}`,
    );
    results.push(result);
  }
  return results;
}

async function tryPlant(plant: Plant, workers: number): Promise<PlantResult> {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-planted-'));
  const pool = createPool(workers, join(folder, 'test/simulation/worker.js'));
  try {
    await build(plant, folder);
    return await search(plant, pool, workers);
  } finally {
    pool.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function search({ name, seed }: Plant, pool: Pool, workers: number): Promise<PlantResult> {
  const others = Array.from({ length: MOST_SEEDS }, (_, index) => String(index + 1));
  const seeds = [seed, ...others.filter((other) => other !== seed)];
  let runs = 0;
  while (runs < MOST_SEEDS) {
    const batch = seeds.slice(runs, runs === 0 ? 1 : runs + workers);
    runs += batch.length;
    const outcomes = await Promise.all(batch.map((one) => pool.run(simulationOptions(one))));
    const caught = outcomes.find(({ violation }) => violation !== undefined);
    if (caught !== undefined) {
      return { name, seed: caught.options.seed, rule: caught.violation?.rule, runs };
    }
  }
  return { name, seed: undefined, rule: undefined, runs };
}

/** A copy of the built code with the changes in it. @throws when a text to change is not there once. */
async function build({ name, changes }: Plant, folder: string): Promise<void> {
  const built = fileURLToPath(new URL('../../', import.meta.url));
  for (const part of ['src', 'migrations', 'test/simulation']) {
    await cp(join(built, part), join(folder, part), { recursive: true });
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(
    fileURLToPath(import.meta.resolve('xstate/package.json')).replace(/xstate\/package\.json$/, ''),
    join(folder, 'node_modules'),
  );
  for (const { file, find, put } of changes) {
    const path = join(folder, 'src', file);
    const text = await readFile(path, 'utf8');
    const times = text.split(find).length - 1;
    if (times !== 1) {
      throw new Error(`${name}: expected once in ${file}, found ${times} times:\n${find}`);
    }
    await writeFile(
      path,
      text.replace(find, () => put),
    );
  }
}

export function plantedText(results: readonly PlantResult[]): string {
  const lines = results.map(
    ({ name, seed, rule, runs }) =>
      `${name.padEnd(46)} ${(seed ?? 'NOT CAUGHT').padEnd(8)} ${String(runs).padStart(3)}  ${rule ?? ''}`,
  );
  const caught = results.filter(({ seed }) => seed !== undefined).length;
  return [
    `${'wrong engine'.padEnd(46)} seed    runs  broken rule`,
    ...lines,
    `${caught} of ${results.length} caught`,
  ].join('\n');
}
