/** Strategies by name: the built-in ones, and modules that a configuration points to. */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buyHighProbability } from '../examples/buy-high-probability.ts';
import { syntheticArbitrage } from '../examples/synthetic-arbitrage.ts';
import type { Strategy, StrategyFactory } from './actors/strategy.ts';
import { InvalidOptions } from './config/options.ts';
import { invalidConfig } from './config/read-yaml.ts';
import type { Config } from './config.ts';
import { InvalidValue, show } from './domain/faults.ts';

const BUILT_IN: ReadonlyMap<string, StrategyFactory> = new Map([
  ['buy-high-probability', buyHighProbability],
  ['synthetic-arbitrage', syntheticArbitrage],
]);

/**
 * Makes the strategies of a configuration. Module paths begin with `./`, `../` or `/` and are looked
 * up from `baseFolder`; such a module exports `createStrategy: StrategyFactory`.
 *
 * @throws {FillwrightFault} `invalid_config` with every problem of every entry, a line each: an
 * unknown name, a module that cannot be loaded or exports something else, options that the strategy
 * refuses, a name used twice.
 */
export async function loadStrategies(
  config: Pick<Config, 'strategies' | 'baseFolder'>,
  baseFolder: string = config.baseFolder,
): Promise<Strategy[]> {
  const loaded: Strategy[] = [];
  const refused: InvalidEntry[] = [];
  for (const [index, entry] of config.strategies.entries()) {
    const place = `strategies[${index}]`;
    try {
      const strategy = await load(entry, baseFolder, place);
      if (loaded.some((other) => other.name === strategy.name)) {
        throw invalid(`${place}.name`, strategy.name, 'a name that no other strategy has');
      }
      loaded.push(strategy);
    } catch (error) {
      if (!(error instanceof InvalidEntry)) throw error;
      refused.push(error);
    }
  }
  const [first] = refused;
  if (first === undefined) return loaded;
  const problems = refused.flatMap((entry) => entry.problems);
  throw invalidConfig(problems, { cause: first.cause });
}

async function load(
  { use, name, options }: Config['strategies'][number],
  baseFolder: string,
  place: string,
): Promise<Strategy> {
  const factory = BUILT_IN.get(use) ?? (await loadModule(use, baseFolder, place));
  const made = make(factory, options, place);
  return name === undefined ? made : renamed(made, name);
}

/** What is wrong with one entry. The others are looked at all the same. */
class InvalidEntry extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], cause: unknown) {
    super(problems.join('\n'), { cause });
    this.problems = problems;
  }
}

async function loadModule(
  use: string,
  baseFolder: string,
  place: string,
): Promise<StrategyFactory> {
  if (!/^\.{0,2}\//.test(use) && !isAbsolute(use)) {
    const names = [...BUILT_IN.keys()].join(', ');
    throw invalid(`${place}.use`, use, `${names}, or a path such as ./my-strategy.js`);
  }
  const path = resolve(baseFolder, use);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason = messageOf(cause);
    throw invalid(`${place}.use`, path, `a module that can be loaded (${reason})`, cause);
  }
  const { createStrategy } = module;
  if (!isFactory(createStrategy)) {
    throw invalid(`${place}.use`, path, 'a module that exports a function createStrategy');
  }
  return createStrategy;
}

function make(factory: StrategyFactory, options: unknown, place: string): Strategy {
  let strategy: unknown;
  try {
    strategy = factory(options);
  } catch (cause) {
    if (cause instanceof InvalidValue) {
      const values = cause instanceof InvalidOptions ? cause.problems : [cause];
      throw new InvalidEntry(
        values.map(({ message }) => `${place}.${message}`),
        cause,
      );
    }
    throw invalid(`${place}.options`, options, `options that fit (${messageOf(cause)})`, cause);
  }
  if (!isStrategy(strategy)) {
    throw invalid(`${place}.use`, strategy, 'createStrategy to return an object with a name');
  }
  return strategy;
}

/** The same strategy under another name. Its own object stays untouched, private fields included. */
function renamed(strategy: Strategy, name: string): Strategy {
  return new Proxy(strategy, {
    get(target, key) {
      if (key === 'name') return name;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function isFactory(value: unknown): value is StrategyFactory {
  return typeof value === 'function';
}

function isStrategy(value: unknown): value is Strategy {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    value.name !== ''
  );
}

function invalid(place: string, value: unknown, expected: string, cause?: unknown): InvalidEntry {
  return new InvalidEntry([`${place}: got ${show(value)}, expected ${expected}.`], cause);
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}
