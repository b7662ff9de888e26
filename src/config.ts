/** The configuration of an engine: read from YAML, checked whole, with every default filled in. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { invalidConfig, readYaml } from './config/read-yaml.ts';
import { configSchema, isPostgresUrl } from './config/schema.ts';
import { show } from './domain/faults.ts';

type Checked = z.output<typeof configSchema>;

/** See `src/config/schema.ts` for the meaning of each key. Money and prices are decimal text. */
export type Config = Omit<Checked, 'database' | 'paper'> & {
  readonly database: {
    readonly url?: string;
    readonly schema: string;
    readonly leaseSeconds?: number;
  };
  readonly paper: Omit<Checked['paper'], 'cashUsd'> & { readonly cashUsd: string };
  /** Strategy modules are looked up from here: the folder of the configuration file. */
  readonly baseFolder: string;
};

/** The part of the environment that a configuration depends on. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Checks configuration text. `place` is the file name that errors begin with.
 *
 * @throws {FillwrightFault} `invalid_config`; its message has one line for every problem,
 * `place:line: path: got X, expected Y.`
 */
export function parseConfig(source: string, place: string): Config {
  const file = readYaml(source, place);
  const parsed = configSchema.safeParse(file.value);
  if (!parsed.success) {
    throw invalidConfig(
      parsed.error.issues.flatMap((issue) =>
        pathsOf(issue).map((path) => {
          const line = file.lineOf(path);
          const where = line === undefined ? place : `${place}:${line}`;
          const value = valueAt(file.value, path);
          const got = value === undefined ? 'nothing' : shown(path, value);
          return `${where}: ${pathText(path)}: got ${got}, expected ${issue.message}.`;
        }),
      ),
    );
  }
  const { database, paper, ...rest } = parsed.data;
  return {
    ...rest,
    database: {
      schema: database.schema,
      leaseSeconds: database.leaseSeconds,
      ...(database.url === undefined ? {} : { url: database.url }),
    },
    // One account, one purse: the venue's books open with what the account is given.
    paper: { ...paper, cashUsd: paper.cashUsd ?? rest.account.depositUsd },
    baseFolder: dirname(place),
  };
}

/**
 * Reads a configuration file. `DATABASE_URL` of the environment wins over `database.url`.
 *
 * @throws {FillwrightFault} `invalid_config`, also when the file cannot be read or `DATABASE_URL` is
 * no address of a database.
 */
export async function readConfig(
  path: string,
  environment: Environment = process.env,
): Promise<Config> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const expected =
      reason === 'ENOENT' ? 'a file that exists' : `a file that can be read (${reason})`;
    throw invalidConfig([`${path}: expected ${expected}.`], { cause });
  }
  return withEnvironment(parseConfig(source, path), environment);
}

function withEnvironment(config: Config, environment: Environment): Config {
  const url = environment.DATABASE_URL;
  if (url === undefined || url === '') return config;
  // It can hold a password, so it is not repeated.
  if (!isPostgresUrl(url)) {
    throw invalidConfig(['DATABASE_URL: got another text, expected a postgres:// address.']);
  }
  return { ...config, database: { ...config.database, url } };
}

/** The configuration as it may be printed: its addresses without user, password and query. */
export function redact(config: Config): Config {
  const { database, marketData, events } = config;
  return {
    ...config,
    database: withoutSecrets(database),
    marketData: withoutSecrets(marketData),
    events: { ...events, webhooks: events.webhooks.map(withoutPath) },
  };
}

function withoutSecrets<Part extends object>(part: Part): Part {
  if (!('url' in part) || typeof part.url !== 'string') return part;
  return { ...part, url: redactUrl(part.url) };
}

/** Many a server hides a key in the path of its webhooks. */
function withoutPath<Part extends { readonly url: string }>(part: Part): Part {
  return { ...part, url: `${new URL(part.url).origin}/[hidden]` };
}

/** An address without what may be secret in it. */
function redactUrl(url: string): string {
  if (!URL.canParse(url)) return '[hidden]';
  const { protocol, username, host, pathname } = new URL(url);
  const user = username === '' ? '' : '[hidden]@';
  return `${protocol}//${user}${host}${pathname}`;
}

/** An unknown key is a problem of its own; all of them are named. */
function pathsOf(issue: z.core.$ZodIssue): readonly (readonly PropertyKey[])[] {
  if (issue.code !== 'unrecognized_keys') return [issue.path];
  return issue.keys.map((key) => [...issue.path, key]);
}

/** An address can hold a password, so it is not repeated in an error. */
function shown(path: readonly PropertyKey[], value: unknown): string {
  const name = path.at(-1);
  // A secret may stand where its variable should be named.
  const mayBeSecret = name === 'url' || name === 'secretEnv';
  const isHidden = mayBeSecret || (path[0] === 'database' && path.length > 1);
  return isHidden ? 'another text' : show(value);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return at;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'configuration';
  return path
    .map((key, index) =>
      typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');
}
