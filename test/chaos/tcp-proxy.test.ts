/** The network of the chaos runs: what is cut does not pass, what waited arrives, and a reset is a reset. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
let heard: string;
let served: Socket[];

beforeEach(async () => {
  heard = '';
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += String(chunk);
      socket.write(`re:${chunk}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  proxy = await startTcpProxy({ host: '127.0.0.1', port });
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

interface Client {
  readonly socket: Socket;
  text: string;
  ended: string;
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1');
  const made: Client = { socket, text: '', ended: '' };
  socket.on('data', (chunk) => {
    made.text += String(chunk);
  });
  socket.on('error', (error) => {
    made.ended = 'code' in error ? String(error.code) : error.message;
  });
  await once(socket, 'connect');
  return made;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 6_000) throw new Error('It did not come about.');
    await sleep(5);
  }
}

test('both directions pass', async () => {
  const one = await client();
  one.socket.write('a');
  await until(() => one.text === 're:a');
  expect(heard).toBe('a');
});

test.each(['up', 'down'] as const)('a cut of %s holds back until it is healed', async (way) => {
  const one = await client();
  one.socket.write('a');
  await until(() => one.text === 're:a');
  proxy.cut({ directions: [way], newcomers: 'silent' });
  one.socket.write('b');
  if (way === 'down') await until(() => heard === 'ab');
  await sleep(50);
  expect([heard, one.text]).toEqual([way === 'up' ? 'a' : 'ab', 're:a']);
  proxy.heal('resume');
  await until(() => one.text === 're:are:b');
});

test('what waited is lost with a reset', async () => {
  const one = await client();
  one.socket.write('a');
  await until(() => one.text === 're:a');
  proxy.cut({ directions: ['up'], newcomers: 'silent' });
  one.socket.write('b');
  await sleep(20);
  proxy.heal('reset');
  await until(() => one.ended === 'ECONNRESET');
  expect(heard).toBe('a');
});

test('a client that dies behind a cut is still there for the server', async () => {
  const one = await client();
  one.socket.write('a');
  await until(() => one.text === 're:a');
  proxy.cut({ directions: ['up', 'down'], newcomers: 'refused' });
  one.socket.destroy();
  await sleep(50);
  expect(served[0]?.readableEnded).toBe(false);
  proxy.heal('resume');
  await until(() => served[0]?.readableEnded === true || served[0]?.destroyed === true);
});

test('newcomers are refused, or meet silence', async () => {
  proxy.cut({ directions: ['up', 'down'], newcomers: 'refused' });
  const refused = await client().catch(() => undefined);
  if (refused !== undefined) await until(() => refused.ended === 'ECONNRESET');
  proxy.cut({ directions: ['up', 'down'], newcomers: 'silent' });
  const silent = await client();
  silent.socket.write('c');
  await sleep(50);
  expect([heard, silent.ended]).toEqual(['', '']);
  proxy.heal('resume');
  await until(() => silent.text === 're:c');
});
