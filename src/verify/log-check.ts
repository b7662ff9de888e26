/** The log held against itself: its numbers, its JSON and its hash chain, batch by batch. */
import { batchHash } from '../actors/chain.ts';
import type { JournalBatch } from '../actors/store-port.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import type { Anchor, Difference } from './report.ts';

export interface LogCheck {
  /** The inputs of the next batch; undefined when they cannot be read. */
  take(batch: JournalBatch): readonly EngineInput[] | undefined;
  readonly batches: number;
  readonly unchained: number;
  /** The first input of the first batch that has a hash; undefined while there is none. */
  readonly chainedFrom: number | undefined;
  readonly head: Anchor | null;
  /** An anchor that no batch was found for. */
  readonly missedAnchor: Anchor | undefined;
}

/** `found` is told of each difference. */
export function createLogCheck(found: (difference: Difference) => void, anchor?: Anchor): LogCheck {
  let batches = 0;
  let unchained = 0;
  let nextSeq = 1;
  let chainedFrom: number | undefined;
  let head: Anchor | null = null;
  let missedAnchor = anchor;
  /** The hash of the batch before: as stored, and as its content gives it. Either may be the wrong one. */
  let before: readonly (string | null)[] = [null];

  function differs(batch: JournalBatch, column: string, expected: string | null, note?: string) {
    const have = { hash: batch.hash, inputs: batch.inputs }[column] ?? String(batch.firstSeq);
    found({
      ...{ proof: 'log', table: 'journal', key: String(batch.firstSeq), column, have, expected },
      ...(note === undefined ? {} : { note }),
    });
  }

  function checkPlace(batch: JournalBatch): void {
    if (batch.firstSeq !== nextSeq) {
      differs(batch, 'first_seq', String(nextSeq), `inputs ${nextSeq} to ${batch.firstSeq - 1}`);
    }
    nextSeq = batch.lastSeq + 1;
  }

  function checkHash(batch: JournalBatch): void {
    if (batch.hash === null && chainedFrom === undefined) {
      unchained += 1;
      return;
    }
    chainedFrom ??= batch.firstSeq;
    const made = before.map((previous) => batchHash(previous, batch));
    if (batch.hash === null || !made.includes(batch.hash)) {
      differs(batch, 'hash', made[0] ?? null, coveredBy(batch));
    }
    before = [...new Set([batch.hash, ...made])];
    if (batch.hash === null) return;
    head = { seq: batch.lastSeq, hash: batch.hash };
    if (missedAnchor?.seq !== batch.lastSeq) return;
    const { hash } = missedAnchor;
    missedAnchor = undefined;
    if (hash !== batch.hash) differs(batch, 'hash', hash, 'the hash that was kept elsewhere');
  }

  function inputsOf(batch: JournalBatch): readonly EngineInput[] | undefined {
    const count = batch.lastSeq - batch.firstSeq + 1;
    let inputs: unknown;
    try {
      inputs = JSON.parse(batch.inputs);
    } catch {
      // Said below.
    }
    if (Array.isArray(inputs) && inputs.length === count) return inputs as EngineInput[];
    differs(batch, 'inputs', `a JSON array of ${count} inputs`);
    return undefined;
  }

  return {
    take(batch) {
      batches += 1;
      checkPlace(batch);
      checkHash(batch);
      return inputsOf(batch);
    },
    get batches() {
      return batches;
    },
    get unchained() {
      return unchained;
    },
    get chainedFrom() {
      return chainedFrom;
    },
    get head() {
      return head;
    },
    get missedAnchor() {
      return missedAnchor;
    },
  };
}

/** What else than the inputs may have been changed, for a person who looks for it. */
function coveredBy({ firstSeq, lastSeq, intents, prepared }: JournalBatch): string {
  const bodies = prepared.map(({ clientOrderId }) => clientOrderId).join(', ');
  return [
    `covers inputs ${firstSeq} to ${lastSeq}`,
    ...(intents.length === 0 ? [] : [`${intents.length} of intents`]),
    ...(prepared.length === 0 ? [] : [`prepared_submissions of ${bodies}`]),
  ].join(', ');
}
