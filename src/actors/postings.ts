/**
 * Double entry: what a turn moves between the accounts of the ledger, gathered while it runs and
 * written as one balanced row. It stands beside the actors' own sums: where the two disagree,
 * something has been moved that nobody booked.
 */
import { minus, negated, plus } from '../domain/exact.ts';
import { assertInvariant } from '../domain/faults.ts';
import type { Facts } from './facts.ts';
import type { Registry } from './registry.ts';
import { standing } from './rows.ts';
import type { PostingRow } from './store-port.ts';
import type { Turn } from './system.ts';

const ACCOUNTS = [
  'cashUsd',
  'reservedUsd',
  'budgetsUsd',
  'sharesUsd',
  'feesUsd',
  'pnlUsd',
  'externalUsd',
  'redeemableUsd',
] as const;
type LedgerAccount = (typeof ACCOUNTS)[number];
export type Movement = Readonly<Partial<Record<LedgerAccount, string>>>;

export interface Postings {
  move(movement: Movement): void;
  /**
   * Ends a turn. `before` and `after`: whether the program that told the log kept postings before and
   * after it; where it begins to, everything that is there is brought forward.
   * @throws {BrokenInvariant} for a turn that does not balance.
   */
  endTurn(before: boolean, after: boolean): void;
}

export interface PostingsOptions {
  readonly facts: Pick<Facts, 'posting'>;
  readonly registry: Registry;
  readonly now: Readonly<Turn>;
}

export function createPostings({ facts, registry, now }: PostingsOptions): Postings {
  let moved: Partial<Record<LedgerAccount, string>> = {};

  function book(kind: PostingRow['kind'], amounts: Movement): void {
    let sum = '0';
    let isMoved = false;
    const row = {
      ...{ seq: now.seq, accountId: registry.account().name, kind, atMs: now.atMs },
      ...{ cashUsd: '0', reservedUsd: '0', budgetsUsd: '0', sharesUsd: '0' },
      ...{ feesUsd: '0', pnlUsd: '0', externalUsd: '0', redeemableUsd: '0' },
    };
    for (const account of ACCOUNTS) {
      const amount = amounts[account] ?? '0';
      row[account] = amount;
      sum = plus(sum, amount);
      isMoved ||= amount !== '0';
    }
    assertInvariant(sum === '0', 'The ledger does not balance after a turn.', { ...row, sum });
    if (isMoved) facts.posting(row);
  }

  /** Everything as it stands now. */
  function everything(): Movement {
    const account = registry.snapshot(registry.account()).context;
    let sharesUsd = '0';
    let realizedUsd = '0';
    let redeemableUsd = '0';
    for (const entry of registry.positions.values()) {
      const now = standing(registry.snapshot(entry).context);
      sharesUsd = plus(sharesUsd, now.costBasis);
      realizedUsd = plus(realizedUsd, now.realizedPnl);
      redeemableUsd = plus(redeemableUsd, now.redeemableUsd);
    }
    const { cashUsd, reservedUsd, budgetsUsd, feesUsd, depositsUsd } = account;
    const freeUsd = minus(minus(cashUsd, reservedUsd), budgetsUsd);
    return {
      ...{ cashUsd: freeUsd, reservedUsd, budgetsUsd, sharesUsd, feesUsd },
      ...{ pnlUsd: negated(realizedUsd), externalUsd: negated(depositsUsd), redeemableUsd },
    };
  }

  return {
    move(movement) {
      for (const account of ACCOUNTS) {
        const amount = movement[account];
        if (amount !== undefined) moved[account] = plus(moved[account] ?? '0', amount);
      }
    },
    endTurn(before, after) {
      const amounts = moved;
      moved = {};
      if (!after) return;
      if (before) book('turn', amounts);
      else book('opening', everything());
    },
  };
}
