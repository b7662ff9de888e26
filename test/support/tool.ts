/** Command lines of the tools beside the product: simulation, chaos, benchmarks. */
import { Command, type CommanderError, InvalidArgumentError } from 'commander';

/** Bad usage, as with `fillwright`; 1 means that the tool has found something. */
const USAGE = 2;

/** Says in one line what is wrong with a command line, and ends with 2. */
export function createTool(name: string, description: string): Command {
  return new Command(`npm run ${name} --`).description(description).exitOverride((error) => {
    process.exit(exitCodeOf(error));
  });
}

function exitCodeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : USAGE;
}

/** An option's value: a whole number from 1 to `most`. */
export const wholeNumber =
  (most = 1_000_000) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : 0;
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };

/** An option's value: some of these, with commas between them. */
export const someOf =
  <Name extends string>(names: readonly Name[]) =>
  (text: string): readonly Name[] =>
    text.split(',').map((part) => {
      const name = names.find((known) => known === part);
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`Expected some of ${names.join(', ')}.`);
    });
