import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  CONNECT_LIMIT_MS,
  PING_INTERVAL_MS,
  SILENCE_LIMIT_MS,
} from '../../../../src/adapters/marketdata/channel-link.ts';
import { MAX_WAITING_FRAMES } from '../../../../src/adapters/venues/polymarket/inbox.ts';
import { SIGN_IN_GRACE_MS } from '../../../../src/adapters/venues/polymarket/user-link.ts';
import { InvalidValue } from '../../../../src/domain/faults.ts';
import { portOf, until, venue } from '../../marketdata/channel-harness.ts';
import { MARKET, orderMessage, tradeMessage } from './user-fixtures.ts';
import { AUTH, listen, START } from './user-harness.ts';

const order = (change: object = {}): string => JSON.stringify(orderMessage(change));
const trade = (change: object = {}): string => JSON.stringify(tradeMessage({ id: 't', ...change }));

describe('a good connection', () => {
  test('signs in with the first frame, for all markets', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { events, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    await end(running);
    expect(JSON.parse(server.received[0] ?? '')).toEqual({ auth: AUTH, type: 'user' });
  });

  test('may be limited to some markets', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { events, run, end } = listen(server.url, { markets: [MARKET] });
    const running = run();
    await until(() => events.length === 2);
    await end(running);
    expect(JSON.parse(server.received[0] ?? '')).toMatchObject({ markets: [MARKET] });
  });

  test('tells of orders and legs in the order of the venue, lists too', async () => {
    const server = await venue((socket) => {
      socket.send(order());
      socket.send(`[${trade()},${order({ type: 'UPDATE', size_matched: '10' })}]`);
      socket.send(trade({ status: 'CONFIRMED' }));
    });
    const { channel, events, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 7);
    await end(running);
    expect(events).toEqual([
      'up',
      'order live 0',
      'leg taker matched t',
      'leg maker matched t',
      'order matched 10',
      'leg taker confirmed t',
      'leg maker confirmed t',
    ]);
    expect(channel.counts).toMatchObject({ frames: 3, messages: 4, malformed: 0, duplicates: 0 });
  });

  test('stands once the grace is over, without a word', async () => {
    const server = await venue(() => undefined);
    const { clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => server.received.length === 1);
    await clock.advanceTo(START + SIGN_IN_GRACE_MS - 1);
    expect(events).toEqual([]);
    await clock.advanceTo(START + SIGN_IN_GRACE_MS);
    await until(() => events.length === 1);
    expect(events).toEqual(['up']);
    await end(running);
  });

  test('stands for weeks on PONG alone', async () => {
    const server = await venue((socket) => {
      socket.on('message', (data) => {
        if (data.toString() === 'PING') socket.send('PONG');
      });
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => server.received.length === 1);
    for (let pings = 1; pings <= 60; pings += 1) {
      await clock.advanceTo(START + pings * PING_INTERVAL_MS);
      await until(() => channel.counts.frames === pings);
    }
    await end(running);
    expect(server.received.slice(1)).toEqual(new Array(60).fill('PING'));
    expect(events).toEqual(['up']);
    expect(channel.counts.reconnects).toBe(0);
  });
});

describe('a bad connection', () => {
  test('is told at once, and again only when the next one stands', async () => {
    const server = await venue((socket, nth) => {
      if (nth === 1) socket.send(order());
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    server.sockets[0]?.close(1001);
    await until(() => events.length === 3);
    expect(events.at(-1)).toBe('down');
    await clock.advanceTo(START + 1000);
    await until(() => server.received.length === 2);
    await clock.advanceTo(START + 1000 + SIGN_IN_GRACE_MS);
    await until(() => events.length === 4);
    await end(running);
    expect(events).toEqual(['up', 'order live 0', 'down', 'up']);
    expect(channel.counts.reconnects).toBe(1);
  });

  test('that freezes is given up after the silence limit', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { clock, events, log, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    await clock.advanceTo(START + SILENCE_LIMIT_MS - 1);
    expect(events).not.toContain('down');
    await clock.advanceTo(START + SILENCE_LIMIT_MS);
    await until(() => events.length === 3);
    expect(events.at(-1)).toBe('down');
    expect(log.at(-1)).toContain('silent');
    await end(running);
  });

  test('a bad sign-in is never up, and after three a person is asked', async () => {
    const server = await venue((socket) => {
      socket.send('{"error":"Unauthorized"}');
      socket.send('INVALID');
      socket.close(4001);
    });
    const { channel, clock, events, log, run, end } = listen(server.url);
    const running = run();
    for (const [index, waitMs] of [1000, 2000, 4000].entries()) {
      await until(() => channel.counts.reconnects === index + 1);
      expect(log.some((line) => line.includes('is the API key right?'))).toBe(index === 2);
      await clock.advanceTo(clock.now() + waitMs);
    }
    await end(running);
    expect(events).toEqual(['down']);
  });

  test('a sign-in that cannot be made is tried again, and nothing is thrown', async () => {
    const server = await venue((socket) => socket.send(order()));
    let calls = 0;
    const { channel, clock, events, run, end } = listen(server.url, {
      auth() {
        calls += 1;
        if (calls === 1) throw new Error(`no key: ${AUTH.secret}`);
        return AUTH;
      },
    });
    const running = run();
    await until(() => channel.counts.reconnects === 1);
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 3);
    await end(running);
    expect(events).toEqual(['down', 'up', 'order live 0']);
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
    const { channel, clock, events, run, end } = listen(
      `ws://127.0.0.1:${portOf(server.address())}`,
    );
    const running = run();
    await until(() => held.length === 1);
    await clock.advanceTo(START + CONNECT_LIMIT_MS);
    expect(channel.counts.reconnects).toBe(1);
    await until(() => events.length === 1);
    await end(running);
    expect(events).toEqual(['down']);
  });

  test('half of a frame is not a frame', async () => {
    const server = await venue((socket, nth) => {
      if (nth > 1) return socket.send(order());
      socket.send(order().slice(0, 50), { fin: false });
      setImmediate(() => socket.terminate());
    });
    const { channel, clock, events, run, end } = listen(server.url);
    const running = run();
    await until(() => channel.counts.reconnects === 1);
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 3);
    await end(running);
    expect(events).toEqual(['down', 'up', 'order live 0']);
    expect(channel.counts).toMatchObject({ frames: 1, malformed: 0 });
  });

  test('who knows that it is frozen can have it made anew', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { channel, clock, events, log, run, end } = listen(server.url);
    channel.restart('before anything');
    const running = run();
    await until(() => events.length === 2);
    channel.restart('REST knows of a trade that the stream never told');
    await until(() => events.length === 3);
    expect(log.at(-1)).toContain('REST knows');
    await clock.advanceTo(START + 1000);
    await until(() => events.length === 5);
    await end(running);
    expect(events.slice(2)).toEqual(['down', 'up', 'order live 0']);
  });
});

describe('bad frames', () => {
  test('garbage is counted, told once a connection, and never fatal', async () => {
    const server = await venue((socket) => {
      socket.send('INVALID OPERATION');
      socket.send(order().slice(0, 100));
      socket.send(Buffer.from([0xff, 0xfe, 0x00]));
      socket.send(`[${order({ id: '' })},${order()},7]`);
      socket.send('{"event_type":"riddle"}');
      socket.send('{"a":1}');
      socket.send(order({ type: 'UPDATE', status: 'PAUSED' }));
      socket.send(trade({ status: 'BURIED' }));
      socket.send(trade({ asset_id: '7', maker_orders: [] }));
      socket.send(order());
    });
    const { channel, events, log, run, end } = listen(server.url);
    const running = run();
    await until(() => channel.counts.frames === 10 && events.length === 6);
    await end(running);
    expect(events).toEqual([
      'up',
      'order live 0',
      'order unrecognised 0',
      'leg taker matched t',
      'leg maker matched t',
      'order live 0',
    ]);
    expect(channel.counts).toEqual({
      frames: 10,
      messages: 5,
      malformed: 5,
      duplicates: 1,
      ignored: { riddle: 1, no_event_type: 1 },
      unknownStatuses: { PAUSED: 1, BURIED: 1 },
      findings: { unknown_token: 1, not_conserved: 1 },
      reconnects: 0,
      dropped: 0,
      notKept: 0,
    });
    expect(log.filter((line) => line.includes('makes no sense'))).toHaveLength(1);
  });

  test('names from outside have a bound', async () => {
    const server = await venue((socket) => {
      for (let index = 0; index < 200; index += 1) socket.send(`{"event_type":"t${index}"}`);
    });
    const { channel, run, end } = listen(server.url);
    const running = run();
    await until(() => channel.counts.ignored.other === 150);
    await end(running);
    expect(Object.keys(channel.counts.ignored)).toHaveLength(51);
  });

  test('an event that cannot be made of a message is counted', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { channel, run, end } = listen(server.url, {
      toEvents() {
        throw new InvalidValue('order', 1, 'another');
      },
    });
    const running = run();
    await until(() => channel.counts.malformed === 1);
    await end(running);
  });

  test('a bug of ours ends the reading with its error and leaves nothing behind', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { clock, run } = listen(server.url, {
      toEvents() {
        throw new Error('a bug');
      },
    });
    await expect(run()).rejects.toThrow('a bug');
    expect(clock.pending()).toBe(0);
  });
});

describe('the reader', () => {
  test('that is too slow loses the backlog and the connection, and is told so', async () => {
    const server = await venue((socket, nth) => {
      if (nth > 1) return socket.send(order({ type: 'CANCELLATION' }));
      for (let sent = 0; sent <= MAX_WAITING_FRAMES + 1; sent += 1) socket.send(order());
    });
    const { channel, clock, events, run, end } = listen(server.url);
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = run(() => blocked);
    await until(() => channel.counts.reconnects === 1);
    expect(channel.counts.dropped).toBe(MAX_WAITING_FRAMES + 1);
    release();
    await clock.advanceTo(START + 1000);
    await until(() => events.at(-1) === 'order cancelled 0');
    await end(running);
    expect(events).toEqual(['up', 'down', 'up', 'order cancelled 0']);
  });

  test('is one at a time, and another may follow', async () => {
    const server = await venue((socket) => socket.send(order()));
    const { channel, events, stop, run, end } = listen(server.url);
    const running = run();
    await until(() => events.length === 2);
    const second = channel.events(stop.signal)[Symbol.asyncIterator]();
    await expect(second.next()).rejects.toMatchObject({ code: 'overloaded' });
    await end(running);
    const again = new AbortController();
    for await (const event of channel.events(again.signal)) {
      expect(event).toMatchObject({ type: 'connection', state: 'up' });
      break;
    }
    await until(() => server.sockets.at(-1)?.readyState === 3);
    expect(server.sockets).toHaveLength(2);
  });

  test('that aborts before the start, while connecting or in the middle leaves nothing', async () => {
    const server = await venue((socket) => socket.send(order()));
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

  test.each(['https://example.org', 'ws//x'])('the URL %s is refused', (url) => {
    expect(() => listen(url)).toThrow(InvalidValue);
  });
});
