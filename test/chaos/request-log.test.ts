/** What passes to the venue as it is read off the wire, and how long it was waited for. */
import { afterEach, expect, test, vi } from 'vitest';
import { createRequestLog, waitedMs } from './request-log.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function tapAt(clock: { nowMs: number }) {
  vi.spyOn(Date, 'now').mockImplementation(() => clock.nowMs);
  const log = createRequestLog();
  const tap = log.tapOf('engine')();
  const pass = (atMs: number, direction: 'up' | 'down', text: string) => {
    clock.nowMs = atMs;
    tap.passed(direction, Buffer.from(text));
  };
  return { log, pass };
}

test('a request waits until the last byte of its answer', () => {
  const { log, pass } = tapAt({ nowMs: 0 });
  pass(10, 'up', 'GET /time HTTP/1.1\r\n\r\n');
  pass(15, 'down', 'HTTP/1.1 200 OK\r\n');
  pass(20, 'down', '\r\n1');
  pass(50, 'up', 'POST /order HTTP/1.1\r\n\r\n');
  expect(log.requests).toMatchObject([
    { by: 'engine', method: 'GET', path: '/time', atMs: 10, answeredAtMs: 20 },
    { method: 'POST', path: '/order', atMs: 50 },
  ]);
  expect(waitedMs(log.requests, 0, 60)).toBe(20);
});

test('a stream waits until it is opened, whatever passes then', () => {
  const { log, pass } = tapAt({ nowMs: 0 });
  pass(10, 'up', 'GET /ws/user HTTP/1.1\r\n\r\n');
  pass(12, 'down', 'HTTP/1.1 101 Switching Protocols\r\n\r\n');
  pass(400, 'up', 'PING');
  pass(900, 'down', 'PONG');
  expect(log.requests).toHaveLength(1);
  expect(waitedMs(log.requests, 0, 1_000)).toBe(2);
});
