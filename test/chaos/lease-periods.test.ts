/** What the proof of one writer finds, and how the waiting for a venue is measured. */
import { describe, expect, test } from 'vitest';
import { type LeaseProof, leaseViolations } from './lease-periods.ts';
import { createRequestLog, type VenueRequest, waitedMs } from './request-log.ts';

const write = (by: string, atMs: number, more: Partial<VenueRequest> = {}): VenueRequest => ({
  ...{ by, atMs, method: 'POST', path: '/order', answeredAtMs: atMs + 1, orderIds: [] },
  ...more,
});

const PIDS: Readonly<Record<string, number>> = { one: 101, two: 102 };
const proof = (requests: readonly VenueRequest[], ids: readonly string[] = []): LeaseProof => ({
  requests,
  leases: [
    { epoch: 1, pid: 101, acquiredAtMs: 1_000, expiresAtMs: 5_000 },
    { epoch: 2, pid: 102, acquiredAtMs: 4_000, expiresAtMs: 9_000 },
  ],
  writerOf: (by) => PIDS[by],
  slackMs: 50,
  ledger: {
    orders: ids.map((id) => ({
      ...{ id, status: 'CANCELED', asset_id: '1', side: 'BUY', price: '0.5' },
      ...{ original_size: '5', size_matched: '0', order_type: 'GTC' },
    })),
    ...{ trades: [], dollars: '0', shares: {} },
  },
});

describe('one writer', () => {
  test('is what two engines are that write one after the other', () => {
    const requests = [write('one', 2_000, { orderIds: ['0x1'] }), write('two', 5_100)];
    expect(leaseViolations(proof(requests, ['0x1']))).toEqual({ writes: 2, violations: [] });
  });

  test.each<[string, readonly VenueRequest[], readonly string[]]>([
    ['nobody writes after the next one has', [write('two', 4_500), write('one', 4_600)], []],
    ['nobody writes outside its lease', [write('one', 5_100)], []],
    ['nobody writes outside its lease', [write('one', 900)], []],
    ['who writes has a lease', [write('three', 2_000)], []],
    ['who writes has a lease', [write('three', 2_000, { path: '/v1/heartbeats' })], []],
    ['an order of the exchange came by a request that was seen', [write('one', 2_000)], ['0x2']],
  ])('%s', (rule, requests, ids) => {
    const { violations } = leaseViolations(proof(requests, ids));
    expect(violations.map((violation) => violation.rule)).toContain(rule);
  });

  test('reading and signing in need no lease', () => {
    const reads = [
      write('three', 1, { method: 'GET', path: '/data/orders' }),
      write('three', 2, { path: '/auth/api-key' }),
    ];
    expect(leaseViolations(proof(reads)).violations).toEqual([]);
  });
});

describe('the log of requests', () => {
  test('reads requests and the orders that their answers name off the wire', () => {
    const log = createRequestLog();
    const tap = log.tapOf('one')();
    const id = `0x${'ab'.repeat(32)}`;
    tap.passed('up', Buffer.from('POST /orders HTTP/1.1\r\nhost: x\r\n\r\n'));
    tap.passed('up', Buffer.from('GET /not-a-request HTTP/1.1\r\n'));
    tap.passed('down', Buffer.from(`HTTP/1.1 200 OK\r\n\r\n[{"orderID":"${id.slice(0, 20)}`));
    tap.passed('down', Buffer.from(`${id.slice(20)}"}]`));
    tap.passed('up', Buffer.from('GET /data/orders?next=1 HTTP/1.1\r\n\r\n'));
    tap.passed('up', Buffer.from('GET /ws/user HTTP/1.1\r\n\r\n'));
    expect(log.requests.map(({ method, path, orderIds }) => [method, path, orderIds])).toEqual([
      ['POST', '/orders', [id]],
      ['GET', '/data/orders', []],
    ]);
    expect(log.requests[0]?.answeredAtMs).toBeDefined();
    expect(log.requests[1]?.answeredAtMs).toBeUndefined();
  });

  test('time in which several answers are waited for counts once', () => {
    const requests = [
      write('one', 100, { answeredAtMs: 200 }),
      write('one', 150, { answeredAtMs: 250 }),
      write('one', 400, { answeredAtMs: 900 }),
    ];
    expect(waitedMs(requests, 120, 500)).toBe(130 + 100);
  });
});
