/** What a step of an exit says to the world: that a rule has fired, that it has ended, that all is sold. */
import type { CurrentExit, ExitContext } from '../machines/exit.context.ts';
import { leftSize } from '../machines/exit.reducers.ts';
import { exitSummaries } from '../machines/exit.summary.ts';
import { type Draft, draft } from './happenings.ts';
import type { SnapshotOf } from './registry.ts';

/** `before` undefined: it was made by this step. */
export function draftsOfExit(
  before: SnapshotOf['exit'] | undefined,
  after: SnapshotOf['exit'],
): readonly Draft[] {
  const [was, is] = [before?.context, after.context];
  const drafts: Draft[] = [];
  const ended = was?.exit ?? null;
  if (ended !== null && ended.number !== is.exit?.number) drafts.push(draftOfEnd(is, ended));
  if (is.exit !== null && is.exit.number !== ended?.number) drafts.push(draftOfBegin(is, is.exit));
  if (before !== undefined && before.value !== 'done' && after.value === 'done') {
    const { instrument, exits } = is;
    const payload = { instrumentId: instrument.id, exits };
    drafts.push(draft('exit.completed', idOf(is), payload));
  }
  return drafts;
}

/** The exit orders of a position carry keys that begin with it. */
function idOf({ instrument, createdAtMs }: ExitContext): string {
  return `exit:${instrument.id}:${createdAtMs}`;
}

function factsOf({ instrument }: ExitContext, exit: CurrentExit) {
  const { number, ruleId, reason, why } = exit;
  return { instrumentId: instrument.id, exitNumber: number, ruleId, reason, why };
}

function draftOfBegin(context: ExitContext, exit: CurrentExit): Draft {
  return draft('exit.triggered', idOf(context), {
    ...factsOf(context, exit),
    targetSize: exit.targetSize,
    entryPrice: exit.averageEntry,
    worstPrice: exit.worstPrice,
    bid: context.prices?.bid ?? null,
  });
}

function draftOfEnd(context: ExitContext, exit: CurrentExit): Draft {
  const sold = exitSummaries(context).find(({ number }) => number === exit.number);
  return draft('exit.ended', idOf(context), {
    ...factsOf(context, exit),
    entryPrice: exit.averageEntry,
    exitPrice: sold?.exitPrice ?? null,
    size: sold?.size ?? '0',
    leftSize: leftSize(context, exit),
    feesUsd: sold?.feesUsd ?? '0',
    realizedPnl: sold?.realizedPnl ?? '0',
    isFinal: sold?.isFinal ?? true,
    startedAtMs: exit.startedAtMs,
  });
}
