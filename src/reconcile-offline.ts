/**
 * Compares our books with the venue's where no engine runs: opens the venue, asks, looks at the rows,
 * and changes nothing. The right to write is held meanwhile, so that no engine starts in between.
 */
import type { Log } from './actors/execution.ts';
import { documentOf, type Reconciliation } from './actors/reconcile-document.ts';
import { judge } from './actors/reconcile-judge.ts';
import { lookOnly } from './actors/reconcile-look.ts';
import { runPass } from './actors/reconcile-pass.ts';
import { readBooks } from './actors/reconcile-rows.ts';
import { OVERLAP_MS } from './actors/reconciler.ts';
import { createSystemClock } from './adapters/clock/system-clock.ts';
import { createIds } from './adapters/ids.ts';
import { createRandom } from './adapters/random.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import type { Config } from './config.ts';
import { openVenue, venueName } from './venue.ts';

/**
 * @throws {FillwrightFault} `store_busy` while an engine runs, `invalid_config` where nothing was ever
 * traded, and what the venue answered when trades or orders could not be compared.
 */
export async function compareWithoutEngine(
  config: Config,
  store: PostgresStore,
  log: Log,
): Promise<Reconciliation> {
  await store.acquireWriter();
  // Before the venue is opened: the first meeting with it is for an engine to note.
  const books = await readBooks(store, venueName(config));
  const clock = createSystemClock();
  const open = await openVenue(withoutHeartbeat(config), {
    ...{ store, clock, log, ids: createIds({ clock }) },
    random: createRandom(`${process.pid}-${clock.now()}`).next,
    instruments: () => [],
  });
  const { venue } = open;
  try {
    await venue.start();
    const startedAtMs = clock.now();
    const looking = lookOnly(books, venue.name);
    const result = await runPass({
      ...{ venue, clock, books, take: looking.take, refused: looking.refused },
      tolerances: config.reconcile,
      sinceMs: Math.max(0, books.seenAtMs - OVERLAP_MS),
      shownById: new Set(),
      conflicted: () => store.conflictedLegs(),
      goOn: () => undefined,
    });
    const endedAtMs = clock.now();
    const { findings } = books.system();
    const judgement = judge({ ...result, findings, pending: new Map(), atMs: endedAtMs });
    return documentOf({
      ...{ startedAtMs, endedAtMs, reason: 'asked', applies: false, attempts: 1 },
      ...{ result, judgement, findings },
    });
  } finally {
    await venue.stop().catch(() => undefined);
    await open.close();
  }
}

/** The venue cancels every order soon after the last heartbeat: a look must not send a first one. */
function withoutHeartbeat(config: Config): Config {
  const { venue } = config;
  if (venue.use !== 'polymarket') return config;
  return { ...config, venue: { ...venue, heartbeat: false } };
}
