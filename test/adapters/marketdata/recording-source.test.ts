import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import {
  openRecording,
  type RecordingOptions,
  type RecordingSource,
} from '../../../src/adapters/marketdata/recording-source.ts';
import { FillwrightFault, InvalidValue } from '../../../src/domain/faults.ts';
import {
  bookMessage,
  brief,
  changeMessage,
  instrument,
  MARKET,
  NO,
  openingBooks,
  openingFrame,
  recordingFile,
  START,
  temporaryDirectory,
  tradeMessage,
  YES,
} from './fixtures.ts';

const { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk } = instrument('YES');
const DEFAULTS = { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk };

function open(path: string, more: Partial<RecordingOptions> = {}): Promise<RecordingSource> {
  return openRecording({ path, venue: 'paper', defaults: DEFAULTS, ...more });
}

async function groups(source: RecordingSource): Promise<[number, string[]][]> {
  const all: [number, string[]][] = [];
  for await (const { atMs, events } of source.events()) all.push([atMs - START, events.map(brief)]);
  return all;
}

const change = (at: number, size: string): string =>
  JSON.stringify(changeMessage(at, [{ token: YES, side: 'BUY', price: '0.48', size }]));
const YES_BOOK = `book paper:${MARKET}:YES 0.48/0.52`;
const NO_BOOK = `book paper:${MARKET}:NO 0.48/0.52`;
const TRADE = JSON.stringify(
  tradeMessage(START + 9, { token: NO, price: '0.52', size: '2', side: 'BUY' }),
);

describe('reading', () => {
  test.each(['recording.jsonl.gz', 'recording.jsonl', 'gzip-by-content.txt.gz'])(
    '%s is read in groups of one timestamp',
    async (name) => {
      const lines = [openingFrame(), '', change(START + 5, '1'), change(START + 5, '2'), TRADE];
      const source = await open(recordingFile(lines, name));
      expect(await groups(source)).toEqual([
        [0, [YES_BOOK, NO_BOOK]],
        [5, [YES_BOOK, YES_BOOK]],
        [9, [`trade paper:${MARKET}:NO BUY 2@0.52`]],
      ]);
      expect(source.counts).toMatchObject({ messages: 6, books: 4, trades: 1, ignored: {} });
    },
  );

  test('a second reading says the same and counts afresh', async () => {
    const source = await open(recordingFile([openingFrame(), TRADE]));
    const first = await groups(source);
    expect(await groups(source)).toEqual(first);
    expect(source.counts.messages).toBe(3);
  });

  test('time never runs backwards', async () => {
    const late = JSON.stringify(
      tradeMessage(START + 3, { token: YES, price: '0.5', size: '1', side: 'BUY' }),
    );
    const source = await open(recordingFile([openingFrame(), change(START + 5, '1'), late]));
    expect((await groups(source)).map(([at, events]) => [at, events.length])).toEqual([
      [0, 2],
      [5, 2],
    ]);
    expect(source.counts.ignored).toEqual({ timestamp_backwards: 1 });
  });

  test('the last line needs no end, and CRLF is an end', async () => {
    const path = join(temporaryDirectory(), 'windows.jsonl');
    writeFileSync(path, `${openingFrame()}\r\n\r\n${TRADE}`);
    expect((await groups(await open(path))).map(([at]) => at)).toEqual([0, 9]);
  });
});

describe('instruments', () => {
  test('the first token is YES and the second NO, with the rules that were given', async () => {
    const source = await open(recordingFile([openingFrame()]));
    expect(source.instruments()).toEqual([instrument('YES'), instrument('NO')]);
  });

  test.each([[{ [YES]: 'NO', [NO]: 'YES' }], [{ [YES]: 'NO' }], [{ [NO]: 'YES' }]] as const)(
    'told %j, the outcomes are swapped',
    async (outcomes) => {
      const source = await open(recordingFile([openingFrame()]), { outcomes });
      expect(source.instruments().map(({ tokenId, outcome }) => [tokenId, outcome])).toEqual([
        [YES, 'NO'],
        [NO, 'YES'],
      ]);
    },
  );

  test('one outcome for both tokens is refused', async () => {
    const path = recordingFile([openingFrame()]);
    await expect(open(path, { outcomes: { [YES]: 'YES', [NO]: 'YES' } })).rejects.toThrow(
      InvalidValue,
    );
  });

  test('a recording of 2025 names no market: its tokens do, in either order', async () => {
    const nameless = openingBooks().map((book) =>
      JSON.stringify({ ...bookMessage(book, false), market: '' }),
    );
    const names = [];
    for (const lines of [nameless, [...nameless].reverse()]) {
      const source = await open(recordingFile(lines));
      expect(await groups(source)).toHaveLength(1);
      names.push(source.instruments().map(({ marketId }) => marketId));
    }
    expect(names[0]?.[0]).toMatch(/^recording-[0-9a-f]{12}$/);
    expect(new Set(names.flat()).size).toBe(1);
  });

  test('a market that appears later is learned; a third token of a market is not', async () => {
    const unhashed = { market: '0xother', hash: undefined };
    const other = { ...bookMessage({ ...openingBooks()[0], token: '333' }), ...unhashed };
    const third = bookMessage({ ...openingBooks()[0], token: '444' });
    const filler = Array.from({ length: 250 }, () => '');
    const lines = [openingFrame(), ...filler, JSON.stringify(other), JSON.stringify(third)];
    const source = await open(recordingFile(lines));
    expect(source.instruments()).toHaveLength(2);
    await groups(source);
    expect(source.instruments().map(({ id }) => id)).toContain('paper:0xother:YES');
    expect(source.instruments()).toHaveLength(3);
    expect(source.counts.ignored).toEqual({ unknown_token: 1 });
  });

  test('a file without a market is refused', async () => {
    await expect(open(recordingFile(['', '[]']))).rejects.toThrow(InvalidValue);
  });

  test('a file that is not there is refused by name', async () => {
    await expect(open('/nowhere/at-all.jsonl')).rejects.toThrow('/nowhere/at-all.jsonl');
  });
});

describe('corrupt recordings', () => {
  const BAD = [
    ['no JSON', '{"market":'],
    ['a wrong shape', JSON.stringify({ ...changeMessage(START, []), price_changes: 7 })],
    ['a bad price', change(START + 1, '-3')],
  ] as const;

  test.each(BAD)('%s stops the reading and names file and line', async (_, line) => {
    const path = recordingFile([openingFrame(), '', line, TRADE]);
    const fault = await groups(await open(path)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(FillwrightFault);
    expect(fault).toMatchObject({ code: 'corrupt_recording', facts: { path, line: 3 } });
  });

  test.each(BAD)('%s is skipped and counted when told so', async (_, line) => {
    const path = recordingFile([openingFrame(), '', line, TRADE]);
    const source = await open(path, { onCorrupt: 'skip' });
    expect((await groups(source)).map(([at]) => at)).toEqual([0, 9]);
    expect(source.counts.ignored).toEqual({ corrupt_line: 1 });
  });

  test('a bad first line is found when the file is opened', async () => {
    await expect(open(recordingFile(['nonsense']))).rejects.toMatchObject({ facts: { line: 1 } });
  });

  /** The end is cut off after the first member, which holds the opening frame. */
  function truncated(): string {
    const path = recordingFile([openingFrame()]);
    const rest = Array.from({ length: 2000 }, (_, index) =>
      change(START + index, String(index + 1)),
    );
    appendFileSync(path, gzipSync(`${rest.join('\n')}\n`).subarray(0, -2000));
    return path;
  }

  test('a truncated gzip file is a fault', async () => {
    await expect(groups(await open(truncated()))).rejects.toMatchObject({
      code: 'corrupt_recording',
    });
  });

  test('a truncated gzip file can be read up to its break', async () => {
    const source = await open(truncated(), { onCorrupt: 'skip' });
    await groups(source);
    expect(source.counts.ignored).toMatchObject({ broken_off: 1 });
  });

  test('damaged bytes inside a gzip file are a fault', async () => {
    const rest = Array.from({ length: 500 }, (_, index) =>
      change(START + index, String(index + 1)),
    );
    const path = recordingFile([openingFrame(), ...rest]);
    const bytes = readFileSync(path);
    bytes.fill(0xff, bytes.length - 400, bytes.length - 200);
    writeFileSync(path, bytes);
    const reading = open(path).then(groups);
    await expect(reading).rejects.toMatchObject({ code: 'corrupt_recording' });
  });
});

describe('run', () => {
  const LINES = [openingFrame(), change(START + 1000, '1'), change(START + 3000, '2')];

  test('without a speed everything is delivered in order, each event awaited', async () => {
    const source = await open(recordingFile(LINES));
    const seen: string[] = [];
    let busy = false;
    await source.run(async (event) => {
      expect(busy).toBe(false);
      busy = true;
      await Promise.resolve();
      busy = false;
      seen.push(brief(event));
    }, new AbortController().signal);
    expect(seen).toEqual([YES_BOOK, NO_BOOK, YES_BOOK, YES_BOOK]);
  });

  test('with a speed the clock paces the groups', async () => {
    const clock = createVirtualClock(50);
    const source = await open(recordingFile(LINES), { clock, speed: 2 });
    const seen: number[] = [];
    let over = false;
    const running = source
      .run(() => {
        seen.push(clock.now());
      }, new AbortController().signal)
      .then(() => {
        over = true;
      });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = clock.nextAt();
      if (next !== undefined) await clock.advanceTo(next);
    }
    await running;
    expect(seen).toEqual([50, 50, 550, 1550]);
  });

  test('an abort ends it, in the middle of a wait too', async () => {
    const clock = createVirtualClock(0);
    const source = await open(recordingFile(LINES), { clock, speed: 1 });
    const stop = new AbortController();
    let seen = 0;
    const running = source.run(() => {
      seen += 1;
    }, stop.signal);
    while (clock.pending() === 0 || seen === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (seen === 0) await clock.advanceTo(clock.now());
    }
    stop.abort();
    await running;
    expect(seen).toBe(2);
    expect(clock.pending()).toBe(0);
  });

  test('a speed needs a clock', async () => {
    await expect(open(recordingFile(LINES), { speed: 1 })).rejects.toThrow(InvalidValue);
  });
});
