/** Command lines of the tools beside the product: simulation, chaos, benchmarks. */
import { Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../src/cli/io.ts';

/** Says in one line what is wrong with a command line, and ends with 2, as `fillwright` does: 1 is for what a tool finds. */
export function createTool(name: string, description: string): Command {
  return new Command(`npm run ${name} --`).description(description).exitOverride(({ exitCode }) => {
    process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage);
  });
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
