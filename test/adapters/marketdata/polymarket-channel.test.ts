import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PING_INTERVAL_MS } from '../../../src/adapters/marketdata/channel-link.ts';
import { openRecording } from '../../../src/adapters/marketdata/recording-source.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';
import { change, listen, NO_BOOK, until, venue, YES_BOOK } from './channel-harness.ts';
import {
  brief,
  instrument,
  MARKET,
  NO,
  openingFrame,
  START,
  temporaryDirectory,
  tradeMessage,
  YES,
} from './fixtures.ts';

describe('a good connection', () => {
  test('subscribes to every token and publishes books, changes and trades', async () => {
    const server = await venue((socket) => {
      socket.send(openingFrame());
      socket.send('');
      socket.send(change(START + 1, '7'));
      const trade = { token: NO, price: '0.52', size: '2', side: 'BUY' } as const;
      socket.send(JSON.stringify(tradeMessage(START + 2, trade)));
    });
    const { channel, events, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 4);
    await end(running);
    expect(JSON.parse(server.received[0] ?? '')).toMatchObject({
      assets_ids: [YES, NO],
      type: 'market',
    });
    expect(events.map(brief)).toEqual([
      YES_BOOK,
      NO_BOOK,
      YES_BOOK,
      `trade paper:${MARKET}:NO BUY 2@0.52`,
    ]);
    expect(channel.counts).toMatchObject({ messages: 5, books: 3, trades: 1, reconnects: 0 });
  });

  test('PING goes out every interval, and PONG alone keeps it alive', async () => {
    const server = await venue((socket) => {
      socket.send(openingFrame());
      socket.on('message', (data) => {
        if (data.toString() === 'PING') socket.send('PONG');
      });
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    for (let pings = 1; pings <= 6; pings += 1) {
      await clock.advanceTo(START + pings * PING_INTERVAL_MS);
      // One opening book a token, then one PONG for every PING.
      await until(() => channel.counts.messages === 2 + pings);
    }
    await end(running);
    expect(server.received.slice(1)).toEqual(new Array(6).fill('PING'));
    expect(channel.counts.reconnects).toBe(0);
    // The quiet interval ended the first batch: both books are proven.
    expect(channel.counts.hashChecks).toBe(2);
  });

  test('an abort before the start, in the middle and while connecting ends the run', async () => {
    const server = await venue((socket) => socket.send(openingFrame()));
    const early = listen(server.url);
    early.stop.abort();
    await early.run();
    const connecting = listen(server.url);
    await connecting.end(connecting.run());
    const middle = listen(server.url);
    await middle.run(() => middle.stop.abort());
    expect(middle.clock.pending()).toBe(0);
    expect([early, connecting, middle].map(({ events }) => events.length)).toEqual([0, 0, 1]);
  });

  test('a consumer that throws ends the run with its error and leaves nothing behind', async () => {
    const server = await venue((socket) => socket.send(openingFrame()));
    const { clock, run } = listen(server.url);
    const running = run(() => {
      throw new Error('consumer');
    });
    await expect(running).rejects.toThrow('consumer');
    expect(clock.pending()).toBe(0);
  });

  test.each([
    ['no instruments', { instruments: [] }],
    ['no WebSocket URL', { url: 'https://example.org' }],
    ['no URL at all', { url: 'ws//x' }],
  ])('%s are refused', (_, options) => {
    expect(() => listen('ws://127.0.0.1:1', options)).toThrow(InvalidValue);
  });
});

describe('recording', () => {
  const { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk } = instrument('YES');
  const defaults = { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk };

  test('what was received can be read back, over several runs into one file', async () => {
    const server = await venue((socket, nth) => {
      socket.send(openingFrame(START + 10 * nth));
      socket.send('');
      socket.send(JSON.stringify(JSON.parse(change(START + 10 * nth + 1, '7')), null, 2));
    });
    const recordTo = join(temporaryDirectory(), 'frames.jsonl.gz');
    const live: string[] = [];
    for (let runs = 0; runs < 2; runs += 1) {
      const { events, run, end } = listen(server.url, { recordTo });
      const running = run();
      await until(() => events.length === 3);
      await end(running);
      live.push(...events.map(brief));
    }
    const source = await openRecording({ path: recordTo, venue: 'paper', defaults });
    const replayed: string[] = [];
    for await (const group of source.events()) replayed.push(...group.events.map(brief));
    expect(replayed).toEqual(live);
    expect(source.counts.messages).toBe(8);
  });

  test('a file that breaks off is not written on', async () => {
    const recordTo = join(temporaryDirectory(), 'broken.jsonl.gz');
    writeFileSync(recordTo, gzipSync('x'.repeat(1000)).subarray(0, -9));
    const { run, clock } = listen('ws://127.0.0.1:1', { recordTo });
    await expect(run()).rejects.toMatchObject({ code: 'corrupt_recording' });
    expect(clock.pending()).toBe(0);
  });

  test('a disk that cannot be written stops the recording and not the feed', async () => {
    const server = await venue((socket) => {
      socket.send(openingFrame());
      setImmediate(() => socket.send(change(START + 1, '7')));
    });
    const recordTo = join(temporaryDirectory(), 'missing', 'frames.jsonl.gz');
    const { events, log, run, end } = listen(server.url, { recordTo });
    const running = run();
    await until(
      () => events.length === 3 && log.some((line) => line.includes('Recording stopped')),
    );
    await end(running);
  });
});
