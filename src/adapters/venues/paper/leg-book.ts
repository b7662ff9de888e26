/** The legs of our orders, from the match to the end of their settlement. */
import { createHash } from 'node:crypto';
import type { Clock, Ids, Random } from '../../../actors/ports.ts';
import { feeUsd } from '../../../domain/fees.ts';
import { isFinalSettlement, type Role } from '../../../domain/fill-leg.ts';
import { CASH, isUnsettled, type PaperAccount } from './account.ts';
import { legReport, type PaperOrder, type PaperTrade, type Take } from './records.ts';
import type { Schedule } from './schedule.ts';
import type { CheckedSettings } from './settings.ts';
import { settlementSteps } from './settlement.ts';
import type { WriteQueue } from './write-queue.ts';

interface LegBookOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly settings: CheckedSettings;
  readonly schedule: Schedule;
  readonly changes: WriteQueue;
}

export class LegBook {
  readonly #options: LegBookOptions;
  readonly #account: PaperAccount;

  constructor(options: LegBookOptions, account: PaperAccount) {
    this.#options = options;
    this.#account = account;
  }

  /** Takes up legs that an earlier run left unfinished; overdue steps happen at once. */
  restore(trades: readonly PaperTrade[]): void {
    for (const trade of trades) this.#armNext(trade);
  }

  /** Books one leg of `order`: a trade of its own, with its fee and its settlement to come. */
  add(order: PaperOrder, role: Role, { price, size }: Take): void {
    const { clock, ids, random, settings } = this.#options;
    const nowMs = clock.now();
    const trade: PaperTrade = {
      id: ids.next('trade'),
      orderId: order.id,
      instrumentId: order.instrumentId,
      side: order.side,
      role,
      price,
      size,
      feeUsd: feeUsd(order.fees, role, price, size),
      settlement: 'matched',
      matchedAtMs: nowMs,
      changedAtMs: nowMs,
      steps: settlementSteps(settings, random, nowMs),
    };
    order.matchedSize = order.matchedSize.plus(size);
    order.spentUsd = order.spentUsd.plus(price.times(size));
    this.#account.book(trade);
    this.#changed(trade);
    this.#armNext(trade);
  }

  #armNext(trade: PaperTrade): void {
    const [step] = trade.steps;
    if (step !== undefined) this.#options.schedule.at(step.atMs, () => this.#advance(trade));
  }

  #advance(trade: PaperTrade): void {
    const step = trade.steps.shift();
    if (step === undefined) return;
    const wasUnsettled = isUnsettled(trade);
    trade.settlement = step.settlement;
    trade.changedAtMs = this.#options.clock.now();
    if (step.settlement === 'failed') this.#account.void(trade);
    else if (wasUnsettled && !isUnsettled(trade)) this.#account.settle(trade);
    if (step.settlement === 'mined') trade.transactionHash = transactionHash(trade.id);
    this.#changed(trade);
    if (!isFinalSettlement(trade.settlement)) this.#armNext(trade);
  }

  #changed(trade: PaperTrade): void {
    const { changes } = this.#options;
    changes.trade(trade);
    changes.balance(CASH);
    changes.balance(trade.instrumentId);
    changes.event({ type: 'leg', leg: legReport(trade) });
  }
}

function transactionHash(tradeId: string): string {
  return `0x${createHash('sha256').update(`transaction ${tradeId}`).digest('hex')}`;
}
