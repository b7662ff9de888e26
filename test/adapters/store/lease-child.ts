/**
 * A process that holds a writer lease, for suites that kill or stop it. Compiled by them and run with
 * the URL of the server, the schema and the milliseconds of the lease. Says `held` when it has it, and
 * for each line that it hears whether it may still act and what a write comes to.
 */
import { createInterface } from 'node:readline';
import { createPostgresStore } from '../../../src/adapters/store/postgres-store.ts';

/** The word for its lease, then whether it may act and the code of what its write came to. */
export type ChildAnswer = 'held' | `${boolean} ${string}`;

function say(answer: ChildAnswer): void {
  process.stdout.write(`${answer}\n`);
}

const [, , url = '', schema = '', leaseMs = ''] = process.argv;
const store = createPostgresStore({ url, schema, leaseMs: Number(leaseMs) });
await store.acquireWriter();
say('held');
for await (const _line of createInterface({ input: process.stdin })) {
  const mayAct = store.lease.mayAct();
  const written = await store.setMetadata('child', 'was here').then(
    () => 'written',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'failed'),
  );
  say(`${mayAct} ${written}`);
}
