/**
 * One comparison of our books with the venue's. What is missing here and proven there is handed to
 * `take`; everything else is only stated. It asks, looks, and concludes nothing from no answer.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { messageOf } from '../domain/faults.ts';
import { type LegReport, legKey } from '../domain/fill-leg.ts';
import type { FindingFacts, FindingKind, Tolerances } from '../domain/reconcile.ts';
import {
  cashDifference,
  NOTHING_ON_THE_WAY,
  priceDifference,
  sizeDifference,
} from '../domain/reconcile-books.ts';
import {
  conflictedLeg,
  externalOrder,
  externalTrades,
  missingOrder,
  openOrder,
  orphanLeg,
} from '../domain/reconcile-orders.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { canonicalReport } from './outside.ts';
import type { Clock, Venue, VenueOrderReport } from './ports.ts';
import type { Compared } from './reconcile-judge.ts';
import {
  cashOnTheWay,
  heldOrder,
  isAlive,
  type OurBooks,
  type OurOrder,
  onTheWay,
  resolvedSides,
} from './reconcile-ours.ts';
import type { Applied, ListedIds, PassCounts, PassResult } from './reconcile-result.ts';
import { factsOf, text } from './reconcile-words.ts';
import type { LegRow } from './store-port.ts';
import type { LegOutcome, RefusedLeg } from './venue-intake.ts';

/** Orders asked about one by one in a comparison; the rest in the next, which follows at once. */
export const MAX_ASKED = 500;
/** Of those at the same time: a start waits for them, and the venue has other things to answer. */
export const ASKED_AT_ONCE = 8;
/** Listed orders that are not among our live ones; more are counted and compared the next time. */
const MAX_UNMATCHED = 500;
/** Things that were taken in are named in the document up to this many. */
const MAX_NAMED = 200;
/** Legs looked at before other work gets the thread. */
const LEGS_AT_ONCE = 200;

/** What is done about that which is missing here; each is an input of the engine, or nothing at all. */
export interface Take {
  leg(leg: LegReport): Promise<LegOutcome>;
  /** The venue's word on an order of ours. True: it told the order something. */
  report(report: VenueOrderReport): Promise<boolean>;
  /** The venue does not know an order that we hold to be alive: it becomes a question. */
  unknown(order: OurOrder): void;
}

export interface PassOptions {
  readonly venue: Venue;
  readonly clock: Pick<Clock, 'now'>;
  readonly books: OurBooks;
  readonly take: Take;
  readonly tolerances: Tolerances;
  readonly sinceMs: number;
  /**
   * Orders that a list left out and the venue showed by their ids, kept from one comparison to the next
   * until all were asked about: else the same ones would be asked about for ever.
   */
  readonly shownById: Set<string>;
  /** Legs that were refused since the last comparison. */
  readonly refused: () => ReadonlyMap<string, RefusedLeg>;
  readonly conflicted: () => Promise<readonly LegRow[]>;
  /** Asked between two questions. @throws to end the comparison. */
  readonly goOn: () => void;
}

/** @throws what the venue or the store answered when trades or orders could not be compared. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { venue, clock, books, take, tolerances, goOn } = options;
  const compared: Compared[] = [];
  const covered = new Set<FindingKind>();
  const applied: Applied[] = [];
  const errors: { part: string; message: string }[] = [];
  let balance: PassResult['balance'];
  const counts: PassCounts = {
    ...{ legs: 0, newLegs: 0, orphanLegs: 0, refusedLegs: 0, listedOrders: 0, liveOrders: 0 },
    ...{ askedOrders: 0, leftOrders: 0, reports: 0, positions: 0 },
  };

  await compareTrades();
  goOn();
  const listedIds = await compareOrders();
  goOn();
  await part('positions', comparePositions);
  goOn();
  await part('collateral', compareCash);
  goOn();
  await part('conflicted legs', compareConflicts);
  goOn();
  compareExternalTrades();
  return { compared, covered, counts, applied, listed: listedIds, balance, errors };

  function note(what: Applied['what'], id: string, text: string): void {
    if (applied.length < MAX_NAMED) applied.push({ what, id, note: text });
  }

  /** A part that is not answered leaves the others as they are. */
  async function part(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      goOn();
      errors.push({ part: name, message: messageOf(error) });
    }
  }

  async function compareTrades(): Promise<void> {
    const askedAtMs = clock.now();
    const legs = await venue.fetchTrades(options.sinceMs);
    for (const [index, leg] of legs.entries()) {
      const outcome = await take.leg(leg);
      counts.legs += 1;
      if (outcome === 'applied') {
        counts.newLegs += 1;
        const { side, size, price, settlement } = leg;
        note('leg', legKey(venue.name, leg), `${side} ${size} at ${price}: ${settlement}`);
      } else if (outcome === 'orphan') counts.orphanLegs += 1;
      else if (outcome === 'refused') counts.refusedLegs += 1;
      if ((index + 1) % LEGS_AT_ONCE === 0) {
        goOn();
        await nextTick();
      }
    }
    for (const [key, { leg, problem }] of options.refused()) {
      const { instrumentId } = leg;
      const known = typeof instrumentId === 'string' && venue.instrument(instrumentId);
      const difference = orphanLeg(
        text(key),
        known ? instrumentId : null,
        text(problem),
        factsOf(leg),
      );
      compared.push({ difference, evidence: { ...asked('trades', askedAtMs), answered: 1 } });
    }
  }

  async function compareOrders(): Promise<ListedIds> {
    const askedAtMs = clock.now();
    const told = await venue.fetchOpenOrders();
    const toldAtMs = clock.now();
    const listed = new Map(told.map((one) => [one.venueOrderId, canonicalReport(one)]));
    counts.listedOrders = listed.size;
    const evidence = { ...asked('open orders', askedAtMs), answered: listed.size };
    const live = new Set<string>();
    const unlisted: OurOrder[] = [];
    for (const one of [...books.orders()]) {
      // While others were asked about, it may have come to its end, and have left memory.
      const order = books.now(one);
      if (order === undefined || !isAlive(order)) continue;
      const { venueOrderId, sentAtMs } = order.context;
      if (venueOrderId === null) continue;
      live.add(venueOrderId);
      const report = listed.get(venueOrderId);
      if (report !== undefined) await takeReport(order, report);
      // One that was sent since cannot be in the list.
      else if ((sentAtMs ?? 0) <= askedAtMs) unlisted.push(order);
    }
    counts.liveOrders = live.size;
    counts.leftOrders = await compareUnlisted(unlisted, evidence);
    // Of those that were not asked about, nothing is known: no finding of theirs is gone.
    if (counts.leftOrders === 0) covered.add('order.missing');
    const others = [...listed.values()].filter(({ venueOrderId }) => !live.has(venueOrderId));
    for (const report of others.slice(0, MAX_UNMATCHED)) {
      goOn();
      await compareListed(report, evidence);
    }
    if (others.length <= MAX_UNMATCHED) {
      covered.add('order.external');
      covered.add('order.open');
    } else {
      errors.push({
        part: 'orders',
        message: `${others.length - MAX_UNMATCHED} listed orders were not compared`,
      });
    }
    return { ids: [...listed.keys()], atMs: toldAtMs };
  }

  /** Live here and not listed there: asked about by their ids. Answers how many are left to ask about. */
  async function compareUnlisted(
    orders: readonly OurOrder[],
    evidence: FindingFacts,
  ): Promise<number> {
    const toAsk: OurOrder[] = [];
    for (const order of orders) {
      // It is being looked for already.
      if (order.execution.startsWith('unknown')) pushMissing(order, evidence);
      else if (!options.shownById.has(idOf(order))) toAsk.push(order);
    }
    const asked = toAsk.slice(0, MAX_ASKED).reverse();
    const worker = async () => {
      for (let order = asked.pop(); order !== undefined; order = asked.pop()) {
        await askAbout(order, evidence).catch((error: unknown) => {
          // The comparison has failed: the others ask no more.
          asked.length = 0;
          throw error;
        });
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker));
    const left = Math.max(0, toAsk.length - MAX_ASKED);
    if (left === 0) options.shownById.clear();
    return left;
  }

  /** It may have been filled or ended, or never have been there. */
  async function askAbout(order: OurOrder, evidence: FindingFacts): Promise<void> {
    goOn();
    counts.askedOrders += 1;
    const askedAtMs = clock.now();
    const told = await venue.fetchOrder(idOf(order));
    if (told !== undefined) {
      options.shownById.add(idOf(order));
      await takeReport(order, canonicalReport(told));
      return;
    }
    const now = books.now(order);
    if (now === undefined || !isAlive(now)) return;
    take.unknown(now);
    pushMissing(order, { ...evidence, askedForItAtMs: askedAtMs, answeredOfIt: 'not known' });
  }

  function pushMissing(order: OurOrder, evidence: FindingFacts): void {
    compared.push({ difference: missingOrder(heldOrder(order, idOf(order))), evidence });
  }

  async function takeReport(order: OurOrder, report: VenueOrderReport): Promise<void> {
    if (!(await take.report(report))) return;
    counts.reports += 1;
    note('order', order.clientOrderId, `${report.rawStatus}, ${report.sizeMatched} matched`);
  }

  /** Listed there and not live here: not ours, over here, or still on its way. */
  async function compareListed(report: VenueOrderReport, evidence: FindingFacts): Promise<void> {
    const { venueOrderId, rawStatus, sizeMatched, terms = {} } = report;
    const words = { rawStatus: text(rawStatus), sizeMatched: text(sizeMatched) };
    const listed = { ...terms, venueOrderId: text(venueOrderId), ...words };
    const order = await books.find(venueOrderId);
    if (order === undefined) {
      compared.push({ difference: externalOrder(listed), evidence });
      return;
    }
    await takeReport(order, report);
    const now = books.now(order) ?? order;
    // One that is complete can fill no more, whatever dust the venue lists of it.
    if (!isExecutionOver(now.execution) || now.execution === 'matched') return;
    compared.push({ difference: openOrder(heldOrder(now, venueOrderId), listed), evidence });
  }

  async function comparePositions(): Promise<void> {
    const askedAtMs = clock.now();
    const known = instrumentsInQuestion();
    const theirs = new Map(
      (await venue.fetchPositions(known)).map(({ instrumentId, size }) => [instrumentId, size]),
    );
    const averages = await averagesOf();
    goOn();
    if (averages !== undefined) covered.add('position.price');
    counts.positions = theirs.size;
    const evidence = { ...asked('positions', askedAtMs), answered: theirs.size };
    const ours = new Map([...books.positions()].map((one) => [one.instrumentId, one]));
    const ways = onTheWay(books.orders()).shares;
    // What is held only since then was not asked about: the next comparison does that.
    for (const instrumentId of new Set([...known, ...theirs.keys()])) {
      const position = ours.get(instrumentId);
      const totals = position?.fold.totals;
      if (position !== undefined && position.resolution !== null) {
        const sides = resolvedSides(position, theirs.get(instrumentId) ?? '0', ways);
        compared.push({ difference: sizeDifference(sides, tolerances), evidence });
        continue;
      }
      const sides = {
        instrumentId,
        ours: totals?.size ?? '0',
        theirs: theirs.get(instrumentId) ?? '0',
        way: ways.get(instrumentId) ?? NOTHING_ON_THE_WAY,
      };
      compared.push({ difference: sizeDifference(sides, tolerances), evidence });
      const average = averages?.get(instrumentId);
      if (average === undefined || totals === undefined || totals.size === '0') continue;
      if (ways.has(instrumentId)) continue;
      const prices = { instrumentId, ours: totals.averageEntry, theirs: average };
      compared.push({ difference: priceDifference(prices, tolerances), evidence });
    }
    covered.add('position.size');
  }

  /** Held once, perhaps on the way, or found to differ: what the venue alone holds it shows itself. */
  function instrumentsInQuestion(): readonly string[] {
    const held = [...books.positions()].map(({ instrumentId }) => instrumentId);
    const findings = Object.values(books.system().findings);
    const differing = findings.filter(({ kind }) => kind === 'position.size');
    const onWay = onTheWay(books.orders()).shares.keys();
    return [...new Set([...held, ...onWay, ...differing.map(({ subject }) => subject)])];
  }

  /** What a venue says of averages is late and for people: without it sizes are compared all the same. */
  async function averagesOf(): Promise<ReadonlyMap<string, string> | undefined> {
    let found: ReadonlyMap<string, string> | undefined;
    await part('average prices', async () => {
      const told = (await venue.fetchAverages?.()) ?? [];
      found = new Map(told.map(({ instrumentId, averageEntry }) => [instrumentId, averageEntry]));
    });
    return found;
  }

  async function compareCash(): Promise<void> {
    const askedAtMs = clock.now();
    const { cashUsd } = await venue.fetchBalances();
    goOn();
    const { accountId, cashUsd: ours, depositsUsd, feesUsd } = books.account();
    const way = cashOnTheWay(books);
    const sides = { accountId, ours, theirs: cashUsd, depositsUsd, feesUsd, way };
    compared.push({
      difference: cashDifference(sides, tolerances),
      evidence: { ...asked('balance', askedAtMs), answered: cashUsd },
    });
    covered.add('collateral');
    balance = { cashUsd, askedAtMs };
  }

  async function compareConflicts(): Promise<void> {
    for (const row of await options.conflicted()) {
      const evidence = { transactionHash: row.transactionHash, matchedAtMs: row.matchedAtMs };
      compared.push({ difference: conflictedLeg(row), evidence });
    }
  }

  /** What nobody claimed, by whichever way it was told. */
  function compareExternalTrades(): void {
    for (const [venueOrderId, legs] of Object.entries(books.system().orphans)) {
      const difference = externalTrades(venueOrderId, legs);
      const [first] = legs;
      if (difference === undefined || first === undefined) continue;
      const evidence = {
        matchedAtMs: first.matchedAtMs,
        transactionHash: first.transactionHash ?? null,
      };
      compared.push({ difference, evidence });
    }
    covered.add('trade.external');
  }
}

function asked(what: string, askedAtMs: number): FindingFacts {
  return { asked: what, askedAtMs };
}

/** Of an order that the venue has taken. */
function idOf({ context }: OurOrder): string {
  return context.venueOrderId ?? '';
}
