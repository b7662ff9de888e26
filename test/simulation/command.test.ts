import { afterEach, describe, expect, test, vi } from 'vitest';
import { readCommand } from './command.ts';
import { FAULT_KINDS } from './options.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('seeds are counted from the first one, and faults that are left out are left out', () => {
  const { runs } = readCommand(
    '--seeds 2 --seed 9 --hours 2 --without crashes,frames --crash-at 12:after'.split(' '),
  );
  expect(runs).toEqual(
    ['9', '10'].map((seed) => ({
      seed,
      minutes: 120,
      faults: FAULT_KINDS.filter((kind) => kind !== 'crashes' && kind !== 'frames'),
      crashAt: { step: 12, when: 'after' },
      keepTrace: false,
    })),
  );
});

describe('a command line that makes no sense ends with 2 and says what was expected', () => {
  test.each([
    ['budget', 'too many arguments'],
    ['--sed 3', 'Did you mean --seed?'],
    ['--seeds 0', "'0' is invalid. Expected a whole number from 1 to 1000000."],
    ['--seeds 2 --seed night', '--seed night: expected a whole number'],
    ['--hours 200', "'200' is invalid. Expected a number above 0, at most a week."],
    ['--without crashes,rain', "'crashes,rain' is invalid. Expected some of crashes, zombies"],
    ['--crash-at 3', "'3' is invalid. Expected a step and a moment, such as 120:before."],
  ])('%s', (line, said) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    expect(() => readCommand(line.split(' '))).toThrow('exit 2');
    expect(written.mock.calls.join('')).toContain(said);
  });
});
