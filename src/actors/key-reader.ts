/** Looks intent keys up in the store, all that are asked for at the same moment in one query. */
import { setImmediate } from 'node:timers';
import type { IntentRow, Store } from './store-port.ts';

/** Keys of one query. */
const MAX_KEYS = 1_000;

export interface KeyReader {
  find(key: string): Promise<IntentRow | undefined>;
}

interface Waiting {
  readonly key: string;
  resolve(row: IntentRow | undefined): void;
  reject(error: unknown): void;
}

export function createKeyReader(store: Pick<Store, 'intentsByKeys'>): KeyReader {
  let waiting: Waiting[] = [];

  async function read(asked: readonly Waiting[]): Promise<void> {
    try {
      const rows = await store.intentsByKeys(asked.map(({ key }) => key));
      const byKey = new Map(rows.map((row) => [row.key, row]));
      for (const { key, resolve } of asked) resolve(byKey.get(key));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  function readAll(): void {
    const asked = waiting;
    waiting = [];
    for (let start = 0; start < asked.length; start += MAX_KEYS) {
      void read(asked.slice(start, start + MAX_KEYS));
    }
  }

  return {
    find(key) {
      if (waiting.length === 0) setImmediate(readAll);
      return new Promise((resolve, reject) => waiting.push({ key, resolve, reject }));
    },
  };
}
