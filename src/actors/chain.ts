/**
 * Hash chains over the log and over each order's steps: each hash covers the one before it, so that a
 * row that was changed, taken out or put in does not fit any more. A hash follows from the log alone:
 * said again after a crash, it is the same.
 */
import { createHash, hash } from 'node:crypto';
import type { JournalBatch, OrderEventRow } from './store-port.ts';

/**
 * Hash of a step: SHA-256, as 64 hexadecimal digits, over lines of UTF-8. The note is the last line
 * and the only one that may hold line breaks, so that no two rows have the same lines.
 * `previous`: the hash of the step before; null for an order's first one that has a hash.
 */
export function eventHash(previous: string | null, row: Omit<OrderEventRow, 'hash'>): string {
  const { clientOrderId, number, seq, atMs, type, fromState, toState, status, event, note } = row;
  const numbers = `${previous ?? ''}\n${number}\n${seq}\n${atMs}\n${clientOrderId}\n${type}`;
  return hash(
    'sha256',
    `${numbers}\n${fromState}\n${toState}\n${status}\n${event}\n${note}`,
    'hex',
  );
}

/**
 * Hash of a batch: the same over its place, its inputs, and a line of JSON for each intent and each
 * prepared order that was committed with it. `previous`: the hash of the batch before; null for the
 * first one that has a hash.
 */
export function batchHash(previous: string | null, batch: Omit<JournalBatch, 'hash'>): string {
  const { batchId, firstSeq, lastSeq, inputs, intents, prepared } = batch;
  const made = createHash('sha256');
  made.update(`${previous ?? ''}\n${batchId}\n${firstSeq}\n${lastSeq}\n`);
  made.update(inputs);
  for (const { key, clientOrderId, body, atMs } of intents) {
    made.update(`\nintent ${JSON.stringify([key, clientOrderId, body, atMs])}`);
  }
  for (const { clientOrderId, venue, venueOrderId, body, atMs } of prepared) {
    made.update(`\nprepared ${JSON.stringify([clientOrderId, venue, venueOrderId, body, atMs])}`);
  }
  return made.digest('hex');
}
