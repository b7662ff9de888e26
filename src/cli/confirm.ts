/** Asking a person whether something is meant that cannot be taken back. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { UsageFault } from './io.ts';

export interface YesOptions {
  readonly yes?: true;
}

export function withYes(command: Command): Command {
  return command.option('--yes', 'do not ask whether it is meant');
}

/** @throws {UsageFault} where it is not meant, or where nobody sits who could be asked. */
export async function checkMeant(what: string, { yes }: YesOptions): Promise<void> {
  if (yes === true) return;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UsageFault('--yes: needed where nobody can be asked whether it is meant.');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${what}\nIs it meant? (yes/no) `);
    if (answer.trim().toLowerCase() !== 'yes') throw new UsageFault('Nothing was done.');
  } finally {
    terminal.close();
  }
}
