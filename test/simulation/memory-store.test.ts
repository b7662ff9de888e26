/** The simulated store keeps the promises of the real one: the same suites run over both. */
import {
  type ProjectionHarness,
  projectionContract,
} from '../adapters/store/projection.contract.ts';
import { storeContract } from '../adapters/store/store.contract.ts';
import { createMemoryDatabase } from './memory-database.ts';
import { createMemoryStore } from './memory-store.ts';

async function openMemory(): Promise<ProjectionHarness> {
  const database = createMemoryDatabase();
  const store = createMemoryStore({ database });
  return {
    store,
    clear: async () => database.clear(),
    dispose: () => store.close(),
    rowsOf: async (list) => {
      const { outbox, exits, ledger } = database.tables;
      const rows = { outbox, exits, ledger }[list];
      return [...rows.values()];
    },
  };
}

storeContract('In memory', openMemory);
projectionContract('In memory', openMemory);
