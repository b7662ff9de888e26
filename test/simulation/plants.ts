/** Engines that are wrong on purpose: what is changed in the built code, and the seed that shows it. */

export interface Change {
  /** In the built `src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

export interface Plant {
  readonly name: string;
  readonly changes: readonly Change[];
  /** The first that was found to catch it. */
  readonly seed: string;
}

const change = (file: string, find: string, put: string): Change => ({ file, find, put });

export const PLANTS: readonly Plant[] = [
  {
    name: 'signs again before each sending',
    seed: '1',
    changes: [
      change(
        'actors/effects.js',
        'bytes = prepared.get(id) ?? (await loadPrepared(id));',
        'bytes = await venue.prepare({ ...toVenueOrder(order), clientOrderId: id + clock.now() });',
      ),
    ],
  },
  {
    name: 'makes the bytes again after doubt',
    seed: '4',
    changes: [
      change(
        'machines/order.machine.js',
        "guard: 'mayResendAfterDoubt',\n                                        target: '#order.execution.submitting',",
        "guard: 'mayResendAfterDoubt',\n                                        target: '#order.execution.recording',",
      ),
    ],
  },
  {
    name: 'a timeout sends again without asking',
    seed: '2',
    changes: [
      change(
        'actors/effects.js',
        "type: 'venue.outcomeUnknown',\n                reason: messageOf(error),",
        "type: 'venue.orderNotAccepted',\n                reason: messageOf(error),",
      ),
    ],
  },
  {
    name: 'a timeout rejects the order',
    seed: '2',
    changes: [
      change(
        'actors/effects.js',
        "type: 'venue.outcomeUnknown',\n                reason: messageOf(error),",
        "type: 'venue.orderRejected',\n                reason: messageOf(error),",
      ),
    ],
  },
  {
    name: 'not found is cancelled, for good',
    seed: '371',
    changes: [
      change(
        'machines/order.machine.js',
        "'venue.orderNotFound': [\n",
        "'venue.orderNotFound': [{ target: '#order.execution.cancelled', actions: 'touch' },\n",
      ),
      change(
        'machines/order.transitions.js',
        "'venue.orderReported': REPORT_AFTER_THE_END,",
        "'venue.orderReported': { actions: ['takeReport', 'release'] },",
      ),
    ],
  },
  {
    name: 'a leg has the key of another order',
    seed: '2',
    changes: [change('domain/fill-leg.js', 'leg.venueOrderId', "'any'")],
  },
  {
    name: 'a leg told twice counts twice',
    seed: '1',
    changes: [
      change(
        'machines/order.reducers.js',
        'const known = context.legs.find((leg) => leg.key === key);',
        'const known = context.legs.find((leg) => leg.key === key && leg.settlement !== report.settlement);',
      ),
    ],
  },
  {
    name: 'a failed leg is not undone',
    seed: '5',
    changes: [change('machines/order.changes.js', "'voided'", "'none'")],
  },
  {
    name: 'legs after the end are ignored',
    seed: '5',
    changes: [
      change(
        'machines/order.transitions.js',
        "{ guard: 'completes', target: 'matched', actions: ['takeLeg', 'release'] },\n        { actions: ['takeLeg', 'release'] },",
        '{},',
      ),
    ],
  },
  {
    name: 'a reservation is released twice',
    seed: '1',
    changes: [change('actors/ledgers.js', "            reservedUsdChange = '0';\n", '')],
  },
  {
    name: 'the fee is forgotten',
    seed: '1',
    changes: [
      change(
        'machines/order.reducers.js',
        'return toText(feeUsd(fees, report.role, decimal(report.price), decimal(report.size)));',
        "return '0';",
      ),
    ],
  },
  {
    name: 'answers before the commit',
    seed: '1',
    changes: [
      change(
        'actors/submits.js',
        'await journal.durable();\n        const entry = registry.orders.get(clientOrderId);',
        'const entry = registry.orders.get(clientOrderId);',
      ),
    ],
  },
  {
    name: 'sends before the commit',
    seed: '1',
    changes: [
      change(
        'actors/execution.js',
        'await journal.durable();\n        await store.lease.untilActive();',
        'await store.lease.untilActive();',
      ),
    ],
  },
  {
    name: 'a lost answer of the store counts as done',
    seed: '1',
    changes: [change('actors/journal.js', "setHealth({ state: 'lost', error });", 'return;')],
  },
  {
    name: 'a batch has another name at each try',
    seed: '1',
    changes: [
      change(
        'actors/journal.js',
        'await store.commit(batch);',
        "await store.commit({ ...batch, batchId: ids.next('batch') });",
      ),
    ],
  },
  {
    name: 'a key that was used is taken again',
    seed: '1',
    changes: [
      change(
        'actors/submits.js',
        'const known = await keys.find(intent.key);',
        'const known = await keys.find(intent.key).then(() => undefined);',
      ),
    ],
  },
  {
    name: 'a key is taken for another body',
    seed: '3',
    changes: [change('actors/checks.js', 'if (first === again)\n        return;', 'return;')],
  },
  {
    name: 'a restart forgets orders',
    seed: '4',
    changes: [
      change(
        'actors/restore.js',
        '                loader.fromRow(row);',
        "                if (row.kind !== 'order') loader.fromRow(row);",
      ),
    ],
  },
  {
    name: 'snapshots claim to know more than they do',
    seed: '4',
    changes: [
      change(
        'actors/projector.js',
        'snapshots: save ? throughSeq : through,',
        'snapshots: throughSeq,',
      ),
    ],
  },
  {
    name: 'the watermark is ahead, and nothing else asks for trades',
    seed: '3',
    changes: [
      change(
        'actors/reconciler.js',
        'sinceMs: askFromMs(seenAtMs, startedAtMs),',
        'sinceMs: startedAtMs + OVERLAP_MS,',
      ),
      change(
        'actors/venue-intake.js',
        'const legs = await venue.fetchTrades(sinceMs);',
        'const legs = [];',
      ),
    ],
  },
  {
    name: 'after the start nothing is compared or asked for',
    seed: '1',
    changes: [
      change(
        'actors/reconciler.js',
        'for (let attempts = 1; !abort.signal.aborted; attempts += 1) {',
        "if (reason !== 'start')\n            return;\n        for (let attempts = 1; !abort.signal.aborted; attempts += 1) {",
      ),
      change(
        'actors/venue-intake.js',
        'const legs = await venue.fetchTrades(sinceMs);',
        'const legs = [];',
      ),
    ],
  },
  {
    name: 'a zombie sends',
    seed: '25',
    changes: [
      change('actors/execution.js', 'await store.lease.untilActive();', ''),
      change(
        'adapters/venues/polymarket/http.js',
        'new Exchange(resolve, isWrite ? options.mayWrite : undefined)',
        'new Exchange(resolve, undefined)',
      ),
      change(
        'actors/execution.js',
        "store.lease.onLost((fault) => fail(fault, { part: 'writer lease' }))",
        '() => undefined',
      ),
    ],
  },
  {
    name: 'a fill costs its budget nothing',
    seed: '16',
    changes: [
      change('machines/account.machine.js', '...budgetsAfter(context, event, change),', ''),
    ],
  },
  {
    name: 'a restart forgets when a budget ends',
    seed: '6',
    changes: [change('actors/guardian.js', 'budgets.start();', '')],
  },
  {
    name: 'a key of a budget is forgotten once it has ended',
    seed: '8',
    changes: [
      change(
        'actors/budget-commands.js',
        'inMemory ? budgetRow(accountId, inMemory) : await rowOf({ key });',
        'inMemory ? budgetRow(accountId, inMemory) : undefined;',
      ),
    ],
  },
  {
    name: 'the price is that of the worst level',
    seed: '1',
    changes: [
      change(
        'adapters/venues/polymarket/attribution.js',
        'const price = isConserved ? takerPrice(trade) : trade.price;',
        'const price = trade.price;',
      ),
    ],
  },
  {
    name: 'what was redeemed is owed again',
    seed: '19',
    changes: [
      change(
        'domain/resolution.js',
        'const left = minus(totals.size, redeemedSize);',
        'const left = totals.size;',
      ),
    ],
  },
  {
    name: 'a payout is cash when the market is resolved',
    seed: '19',
    changes: [
      change(
        'actors/resolutions.js',
        'const amountUsd = minus(after.redeemedUsd, before.redeemedUsd);',
        'const amountUsd = minus(after.redeemableUsd, before.redeemableUsd);',
      ),
    ],
  },
];
