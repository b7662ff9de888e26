/** Intents taken in: each key names one order for ever, and the answer comes after its commit. */
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { type Intent, OWN_STRATEGIES } from '../domain/intent.ts';
import { canonicalIntent, parseIntent, parseIntents } from '../domain/parse-intent.ts';
import { type Quote, quoteOf } from '../domain/risk/quote.ts';
import { checkSameBody, unknownInstrument } from './checks.ts';
import type { Execution } from './execution.ts';
import type { KeyReader } from './key-reader.ts';
import { type OrderView, orderRow } from './rows.ts';
import type { SubmitResult, TradingParts } from './trading-api.ts';

/** Intents taken in and not yet durable; beyond it a strategy is told to wait. */
export const MAX_SUBMITS_IN_FLIGHT = 10_000;

export interface Submits {
  /** @throws as `Trading.submit`. */
  submit(input: unknown): Promise<SubmitResult>;
  submitAll(input: unknown): Promise<readonly SubmitResult[]>;
  /** For the engine's own strategies, whose names nobody else may use. */
  submitOwn(input: unknown): Promise<SubmitResult>;
  /** From now on none is taken. */
  drain(): void;
  /** Resolves when those that were taken are durable. */
  drained(): Promise<void>;
}

export interface SubmitsOptions extends Pick<TradingParts, 'books' | 'clock' | 'ids' | 'venue'> {
  readonly keys: KeyReader;
  /** @throws what keeps the engine from promising anything now. */
  readonly working: () => Execution;
  /** An order that may have left memory. */
  readonly present: (orderId: string) => Promise<{ orderId: string; order: OrderView }>;
}

export function createSubmits(options: SubmitsOptions): Submits {
  const { clock, ids, keys, venue, working, present } = options;
  /** Submits whose intents are not yet durable, by key. */
  const inFlight = new Map<string, { body: string; done: Promise<SubmitResult> }>();
  let draining = false;

  async function take(intent: Intent): Promise<SubmitResult> {
    const body = canonicalIntent(intent);
    for (;;) {
      working();
      if (draining) throw new FillwrightFault('not_running', 'The engine is being stopped.');
      const earlier = inFlight.get(intent.key);
      if (earlier === undefined) break;
      if (earlier.body === body) return { ...(await earlier.done), deduplicated: true };
      // The key may not be that one's, which is then refused: only what is kept of the key tells.
      await earlier.done.catch(() => undefined);
    }
    if (inFlight.size >= MAX_SUBMITS_IN_FLIGHT) {
      throw new FillwrightFault('overloaded', `${MAX_SUBMITS_IN_FLIGHT} intents are under way.`);
    }
    const done = place(intent, body).finally(() => inFlight.delete(intent.key));
    inFlight.set(intent.key, { body, done });
    return done;
  }

  async function place(intent: Intent, body: string): Promise<SubmitResult> {
    const known = await keys.find(intent.key);
    if (known !== undefined) {
      checkSameBody(intent.key, known.body, body);
      return { ...(await present(known.clientOrderId)), deduplicated: true };
    }
    const { dispatch, journal, registry } = working();
    const instrument = venue.instrument(intent.instrumentId);
    if (instrument === undefined) throw unknownInstrument(intent.instrumentId);
    const clientOrderId = ids.next('order');
    const atMs = clock.now();
    const quote = quoted(intent, atMs);
    dispatch(
      { type: 'intent.submitted', intent, clientOrderId, instrument, ...quote, atMs },
      { intent: { key: intent.key, clientOrderId, body, atMs } },
    );
    await journal.durable();
    const entry = registry.orders.get(clientOrderId);
    if (entry === undefined) return { ...(await present(clientOrderId)), deduplicated: false };
    const order = orderRow(registry.snapshot(entry));
    return { orderId: clientOrderId, order, deduplicated: false };
  }

  function quoted(intent: Intent, atMs: number): { readonly quote?: Quote } {
    const { books } = options;
    if (books === undefined) return {};
    const { seenAtMs } = books;
    const age = seenAtMs === undefined ? null : Math.max(0, atMs - seenAtMs);
    return { quote: quoteOf(intent, books.book(intent.instrumentId), age) };
  }

  return {
    async submit(input) {
      const intent = parseIntent(input, (id) => venue.instrument(id));
      checkStrategy('intent.strategy', intent);
      return take(intent);
    },
    submitOwn: async (input) => take(parseIntent(input, (id) => venue.instrument(id))),
    async submitAll(input) {
      const intents = parseIntents(input, (id) => venue.instrument(id));
      for (const [index, intent] of intents.entries()) {
        checkStrategy(`intents[${index}].strategy`, intent);
      }
      return Promise.all(intents.map(take));
    },
    drain() {
      draining = true;
    },
    async drained() {
      await Promise.allSettled([...inFlight.values()].map(({ done }) => done));
    },
  };
}

function checkStrategy(place: string, { strategy }: Intent): void {
  if (!strategy.startsWith(OWN_STRATEGIES)) return;
  const expected = `another name: those that begin with ${OWN_STRATEGIES} are the engine's own`;
  throw new InvalidValue(place, strategy, expected);
}
