import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  CONNECT_LIMIT_MS,
  LONGEST_WAIT_MS,
  PING_INTERVAL_MS,
  reconnectWaitMs,
  SILENCE_LIMIT_MS,
} from '../../../src/adapters/marketdata/channel-link.ts';
import {
  MAX_WAITING_FRAMES,
  NEWS_LIMIT_MS,
} from '../../../src/adapters/marketdata/polymarket-channel.ts';
import { change, listen, NO_BOOK, portOf, until, venue, YES_BOOK } from './channel-harness.ts';
import { brief, openingFrame, START } from './fixtures.ts';

describe('a bad connection', () => {
  test('after a close it waits, connects again, and only new books count', async () => {
    const server = await venue((socket, nth) => {
      if (nth === 1) {
        socket.send(openingFrame());
        socket.close(1001);
      } else {
        socket.send(change(START + 9, '7'));
        socket.send(openingFrame(START - 50));
      }
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => channel.counts.reconnects === 1);
    await clock.advanceTo(START + 999);
    expect(server.sockets).toHaveLength(1);
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 4);
    await end(running);
    expect(channel.counts.ignored).toEqual({ price_change_before_book: 1 });
    const last = events.at(-1);
    expect(last?.type === 'market.bookChanged' && last.book.atMs).toBe(START - 50);
  });

  test('silence without any frame is a dead socket', async () => {
    const server = await venue((socket) => socket.send(openingFrame()));
    const { channel, clock, events, log, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    await clock.advanceTo(START + SILENCE_LIMIT_MS - 1);
    expect(channel.counts.reconnects).toBe(0);
    await clock.advanceTo(START + SILENCE_LIMIT_MS);
    expect(channel.counts.reconnects).toBe(1);
    expect(log.at(-1)).toContain('silent');
    await clock.advanceTo(START + SILENCE_LIMIT_MS + 1000);
    await until(() => events.length === 4);
    await end(running);
  });

  test('answers to PING without any news are a frozen stream', async () => {
    const server = await venue((socket) => {
      socket.send(openingFrame());
      socket.on('message', (data) => {
        if (data.toString() === 'PING') socket.send('PONG');
      });
    });
    const { channel, clock, events, log, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    let pongs = 0;
    for (let at = PING_INTERVAL_MS; at < NEWS_LIMIT_MS; at += PING_INTERVAL_MS) {
      await clock.advanceTo(START + at);
      pongs += 1;
      await until(() => channel.counts.messages === 2 + pongs);
    }
    expect(channel.counts.reconnects).toBe(0);
    await clock.advanceTo(START + NEWS_LIMIT_MS);
    expect(channel.counts.reconnects).toBe(1);
    expect(log.at(-1)).toContain('no news');
    await end(running);
  });

  test('a port that accepts and never answers is given up', async () => {
    const held: Socket[] = [];
    const server = createServer((socket) => {
      held.push(socket);
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of held) socket.destroy();
      server.close();
    });
    const { channel, clock, log, run, end } = listen(`ws://127.0.0.1:${portOf(server.address())}`);
    const running = run();
    await until(() => held.length === 1);
    await clock.advanceTo(START + CONNECT_LIMIT_MS);
    expect(channel.counts.reconnects).toBe(1);
    expect(log.at(-1)).toContain('handshake');
    await clock.advanceTo(START + CONNECT_LIMIT_MS + 1000);
    await until(() => held.length === 2);
    await end(running);
  });

  test('refused connections are tried again with growing waits', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const url = `ws://127.0.0.1:${portOf(closed.address())}`;
    await new Promise((resolve) => closed.close(resolve));
    const { channel, clock, run, end } = listen(url);
    const running = run();
    const waits: number[] = [];
    for (let losses = 1; losses <= 7; losses += 1) {
      await until(() => channel.counts.reconnects === losses);
      const next = clock.nextAt() ?? Number.NaN;
      waits.push(next - clock.now());
      await clock.advanceTo(next);
    }
    await end(running);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test('a connection that lasted makes the next wait short again', async () => {
    const server = await venue((socket, nth) => {
      if (nth < 3) socket.close(1001);
      else socket.on('message', () => socket.send('PONG'));
    });
    const { channel, clock, run, end } = listen(server.url);
    const running = run();
    for (const [index, wait] of [1000, 2000].entries()) {
      await until(() => channel.counts.reconnects === index + 1);
      expect((clock.nextAt() ?? 0) - clock.now()).toBe(wait);
      await clock.advanceTo(clock.now() + wait);
    }
    await until(() => server.received.length === 3);
    for (let pings = 1; pings <= 3; pings += 1) {
      await clock.advanceTo(clock.now() + PING_INTERVAL_MS);
      await until(() => channel.counts.messages === pings);
    }
    server.sockets[2]?.close(1001);
    await until(() => channel.counts.reconnects === 3);
    expect((clock.nextAt() ?? 0) - clock.now()).toBe(1000);
    await end(running);
  });

  test('garbage is counted, told once a connection, and never fatal', async () => {
    const server = await venue((socket) => {
      socket.send('INVALID OPERATION');
      socket.send('{"event_type":"book","asset_id":5}');
      socket.send(Buffer.from([0xff, 0xfe, 0x00]));
      socket.send(openingFrame());
    });
    const { channel, events, log, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    await end(running);
    expect(channel.counts.ignored).toEqual({ malformed: 3 });
    expect(log.filter((line) => line.includes('makes no sense'))).toHaveLength(1);
  });

  test('a book that stops matching its hash is asked for again', async () => {
    const server = await venue((socket, nth) => {
      socket.send(openingFrame());
      if (nth > 1) return;
      socket.send(change(START + 1, '7', 'not what the book is'));
      socket.send(change(START + 2, '8'));
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => channel.counts.reconnects === 1);
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 6);
    await end(running);
    expect(channel.counts).toMatchObject({ hashMismatches: 1, reconnects: 1 });
    expect(server.sockets).toHaveLength(2);
  });

  test('a consumer too far behind gets fresh books in place of the backlog', async () => {
    const server = await venue((socket, nth) => {
      socket.send(openingFrame());
      if (nth > 1) return;
      for (let at = 1; at <= MAX_WAITING_FRAMES + 1; at += 1) socket.send(change(START + at, '7'));
    });
    const { channel, clock, events, run, end } = listen(server.url);
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = run(() => blocked);
    await until(() => channel.counts.reconnects === 1);
    expect(channel.counts.ignored).toEqual({ dropped_by_slow_consumer: MAX_WAITING_FRAMES + 1 });
    release();
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 4);
    await end(running);
    expect(events.map(brief)).toEqual([YES_BOOK, NO_BOOK, YES_BOOK, NO_BOOK]);
  });
});

test.each([
  [0, 0, 1000],
  [0, 0.5, 750],
  [3, 0, 8000],
  [3, 0.999999, 4000],
  [50, 0, LONGEST_WAIT_MS],
  [50, 0.5, 22_500],
])('after %d failures and a draw of %d the wait is %d ms', (failures, random, waitMs) => {
  expect(reconnectWaitMs(failures, random)).toBe(waitMs);
});
