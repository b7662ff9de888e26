/** Events as a test looks at them: all that are kept, held against the catalogue. */
import { type EventStore, eventOf } from '../../src/actors/event-port.ts';
import {
  CATALOGUE,
  type CatalogueEvent,
  type CatalogueEventOf,
  type CatalogueType,
} from '../../src/domain/events/catalogue.ts';

/** Everything that is kept, in order. */
export async function allEvents(store: EventStore): Promise<readonly CatalogueEvent[]> {
  return (await store.after(0, 1_000_000)).map(eventOf);
}

/** What is not as the catalogue or the numbers of the streams say; empty: all is well. */
export function problemsOf(events: readonly CatalogueEvent[]): readonly string[] {
  const numbers = new Map<string, number>();
  return events.flatMap((event) => {
    const problems: string[] = [];
    const entry = CATALOGUE[event.type];
    const parsed = entry.payload.safeParse(event.payload);
    if (!parsed.success) problems.push(`${event.eventId} ${event.type}: ${parsed.error.message}`);
    if (event.priority !== entry.priority) problems.push(`${event.eventId}: ${event.priority}`);
    if (!event.stream.startsWith(`${entry.stream}:`))
      problems.push(`${event.stream} ${event.type}`);
    const expected = (numbers.get(event.stream) ?? 0) + 1;
    if (event.number !== expected) {
      problems.push(`${event.stream}: ${event.number}, expected ${expected}`);
    }
    numbers.set(event.stream, expected);
    return problems;
  });
}

let made = 0;

/** An event by hand. */
export function event<T extends CatalogueType = 'system.released'>(
  over: Partial<CatalogueEventOf<T>> = {},
): CatalogueEvent {
  made += 1;
  return {
    eventId: `evt_${made}`,
    type: 'system.released',
    priority: 9,
    atMs: 1_800_000_000_000 + made,
    accountId: 'main',
    correlationId: 'system',
    causationId: `input_${made}`,
    stream: 'system:main',
    number: made,
    payload: { scope: 'all', by: 'ada', reason: 'over' },
    ...over,
  } as CatalogueEvent;
}
