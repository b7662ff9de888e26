/** The hashes themselves: what they cover, and that saying it again gives the same. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { batchHash, eventHash } from '../../src/actors/chain.ts';
import type { JournalBatch, OrderEventRow } from '../../src/actors/store-port.ts';

const step: Omit<OrderEventRow, 'hash'> = {
  clientOrderId: 'ord_1',
  number: 2,
  seq: 7,
  atMs: 1_800_000_000_000,
  type: 'order.prepared',
  fromState: 'recording/none',
  toState: 'submitting/none',
  status: 'PENDING',
  note: 'Two lines:\nä 漢 😀',
  event: '{"type":"order.prepared"}',
};

const batch: Omit<JournalBatch, 'hash'> = {
  batchId: 'batch_1',
  firstSeq: 3,
  lastSeq: 4,
  inputs: '[{"type":"a"},{"type":"ä"}]',
  intents: [{ key: 'k', clientOrderId: 'ord_1', body: '{}', atMs: 1 }],
  prepared: [
    { clientOrderId: 'ord_1', venue: 'paper', venueOrderId: '0x1', body: 'bytes', atMs: 2 },
  ],
};

/** By another implementation than the engine's. */
function sha256(text: string): string {
  return bytesToHex(nobleSha256(new TextEncoder().encode(text)));
}

describe('a step', () => {
  test('its hash is SHA-256 over the hash before and its lines, as any other program makes it', () => {
    const lines = `2\n7\n1800000000000\nord_1\norder.prepared\nrecording/none\nsubmitting/none\nPENDING\n{"type":"order.prepared"}\n${step.note}`;
    expect(eventHash(null, step)).toBe(sha256(`\n${lines}`));
    expect(eventHash('abc', step)).toBe(sha256(`abc\n${lines}`));
  });

  test.each(Object.keys(step) as (keyof typeof step)[])('another %s is another hash', (field) => {
    const value = step[field];
    const changed = { ...step, [field]: typeof value === 'number' ? value + 1 : `${value}.` };
    expect(eventHash(null, changed)).not.toBe(eventHash(null, step));
  });
});

describe('a batch', () => {
  test('its hash is SHA-256 over the hash before, its inputs, and a line for each row with it', () => {
    const lines = `batch_1\n3\n4\n${batch.inputs}\nintent ["k","ord_1","{}",1]\nprepared ["ord_1","paper","0x1","bytes",2]`;
    expect(batchHash(null, batch)).toBe(sha256(`\n${lines}`));
    expect(batchHash('abc', batch)).toBe(sha256(`abc\n${lines}`));
  });

  test.each([
    { batchId: 'batch_2' },
    { firstSeq: 2 },
    { lastSeq: 5 },
    { inputs: '[{"type":"a"}, {"type":"ä"}]' },
    { intents: [] },
    { intents: [{ key: 'k', clientOrderId: 'ord_1', body: '{ }', atMs: 1 }] },
    { prepared: [] },
    { prepared: batch.prepared.map((row) => ({ ...row, body: 'other bytes' })) },
  ])('another %j is another hash', (change) => {
    expect(batchHash(null, { ...batch, ...change })).not.toBe(batchHash(null, batch));
  });
});
