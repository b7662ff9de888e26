/**
 * A venue that answers as its test says. It outlives the engine as a real one would: after a crash a
 * new connection (`connect`) finds what was placed before. By default it takes every order, rests it
 * and cancels when asked.
 */
import type {
  CancelOutcome,
  PreparedOrder,
  SubmitOutcome,
  Venue,
  VenueAverage,
  VenueBalances,
  VenueEvent,
  VenueOrder,
  VenueOrderReport,
  VenuePosition,
  VenueResolution,
} from '../../src/actors/ports.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { minus, plus, times } from '../../src/domain/exact.ts';
import { feeUsd } from '../../src/domain/fees.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import { leg as anyLeg, noRain, rain } from './orders.ts';

type Answer<T> = T | Promise<T>;

export interface ScriptedVenue {
  /** A connection for one life of the engine. The one before it hears nothing more. */
  connect(): Venue;
  /** Everything that was handed over, in order. Each entry is one request. */
  readonly submits: readonly PreparedOrder[];
  readonly cancels: readonly string[];
  readonly lookups: readonly string[];
  readonly prepares: readonly string[];
  /** Start of each request for trades. */
  readonly tradeRequests: readonly number[];
  submitsOf(venueOrderId: string): number;
  // -- the script; `attempt` counts from 1 for each order
  onPrepare: (order: VenueOrder) => Answer<void>;
  onSubmit: (sent: PreparedOrder, attempt: number) => Answer<SubmitOutcome>;
  onCancel: (venueOrderId: string, attempt: number) => Answer<CancelOutcome>;
  onLookup: (venueOrderId: string, attempt: number) => Answer<VenueOrderReport | undefined>;
  onTrades: (sinceMs: number) => Answer<readonly LegReport[]>;
  /** By default what the trades add up to, on top of `cashUsd`. */
  onPositions: () => Answer<readonly VenuePosition[]>;
  onBalances: () => Answer<VenueBalances>;
  /** What a holding cost, by the venue; nothing by default. */
  onAverages: () => Answer<readonly VenueAverage[]>;
  /** How markets ended; nothing by default. */
  onResolutions: (marketIds: readonly string[]) => Answer<readonly VenueResolution[]>;
  /** What the account was opened with. */
  cashUsd: string;
  onOpenOrders: () => Answer<readonly VenueOrderReport[]>;
  // -- the venue's own books
  readonly orders: Map<string, VenueOrderReport>;
  readonly trades: LegReport[];
  take(sent: PreparedOrder): SubmitOutcome;
  report(venueOrderId: string, over: Partial<VenueOrderReport>): VenueOrderReport;
  emit(event: VenueEvent): void;
  /** Books a leg at the venue and tells of it, unless it is `silent`. */
  fill(leg: Partial<LegReport> & { readonly venueOrderId: string }, how?: 'silent'): LegReport;
}

export interface ScriptedVenueOptions {
  readonly instruments?: readonly Instrument[];
  readonly now: () => number;
}

export function createScriptedVenue(options: ScriptedVenueOptions): ScriptedVenue {
  const { instruments = [rain, noRain], now } = options;
  const submits: PreparedOrder[] = [];
  const cancels: string[] = [];
  const lookups: string[] = [];
  const prepares: string[] = [];
  const tradeRequests: number[] = [];
  const orders = new Map<string, VenueOrderReport>();
  const trades: LegReport[] = [];
  let emit: (event: VenueEvent) => void = () => undefined;

  const count = (list: readonly string[], id: string) => list.filter((one) => one === id).length;

  function report(venueOrderId: string, over: Partial<VenueOrderReport>): VenueOrderReport {
    const known = orders.get(venueOrderId);
    const status = over.status ?? known?.status ?? 'live';
    const next: VenueOrderReport = {
      venueOrderId,
      sizeMatched: known?.sizeMatched ?? '0',
      ...over,
      status,
      rawStatus: over.rawStatus ?? status.toUpperCase(),
      atMs: now(),
    };
    orders.set(venueOrderId, next);
    return next;
  }

  const venue: ScriptedVenue = {
    submits,
    cancels,
    lookups,
    prepares,
    tradeRequests,
    orders,
    trades,
    submitsOf: (id) => submits.filter((sent) => sent.venueOrderId === id).length,
    onPrepare: () => undefined,
    onSubmit: (sent) => venue.take(sent),
    onCancel: (id) => {
      report(id, { status: 'cancelled' });
      return { kind: 'cancelled' };
    },
    onLookup: (id) => orders.get(id),
    onTrades: () => [...trades],
    onPositions: () => positionsOf(trades),
    onBalances: () => ({ cashUsd: cashOf(venue.cashUsd, trades, instruments) }),
    onAverages: () => [],
    onResolutions: () => [],
    cashUsd: '1000',
    onOpenOrders: () =>
      [...orders.values()].filter(({ status }) => status === 'live' || status === 'delayed'),
    take(sent) {
      report(sent.venueOrderId, {});
      return { kind: 'acknowledged', venueOrderId: sent.venueOrderId, status: 'live' };
    },
    report,
    emit: (event) => emit(event),
    fill(over, how) {
      const made = anyLeg({ matchedAtMs: now(), ...over });
      trades.push(made);
      if (how !== 'silent') venue.emit({ type: 'leg', leg: made });
      return made;
    },
    connect() {
      const stream = createStream();
      emit = stream.push;
      return {
        name: 'paper',
        start: () => Promise.resolve(),
        async stop() {
          stream.end();
        },
        instrument: (id) => instruments.find((known) => known.id === id),
        instruments: () => instruments,
        async prepare(order) {
          prepares.push(order.clientOrderId);
          await venue.onPrepare(order);
          // Made twice, the bytes would differ: a test that compares them sees a second signature.
          const made = count(prepares, order.clientOrderId);
          return {
            clientOrderId: order.clientOrderId,
            venueOrderId: `0x${order.clientOrderId}`,
            body: JSON.stringify({ signature: made, order }),
          };
        },
        async submit(prepared) {
          submits.push(prepared);
          return venue.onSubmit(prepared, venue.submitsOf(prepared.venueOrderId));
        },
        async cancel(id) {
          cancels.push(id);
          return venue.onCancel(id, count(cancels, id));
        },
        async fetchOrder(id) {
          lookups.push(id);
          return venue.onLookup(id, count(lookups, id));
        },
        fetchOpenOrders: async () => venue.onOpenOrders(),
        async fetchTrades(sinceMs) {
          tradeRequests.push(sinceMs);
          return venue.onTrades(sinceMs);
        },
        fetchPositions: async () => venue.onPositions(),
        fetchBalances: async () => venue.onBalances(),
        fetchAverages: async () => venue.onAverages(),
        fetchResolutions: async (marketIds) => venue.onResolutions(marketIds),
        events: (signal) => stream.read(signal),
      };
    },
  };
  return venue;
}

/** Each leg once, as it was told last, without those that failed. */
function standing(trades: readonly LegReport[]): readonly LegReport[] {
  const byKey = new Map(
    trades.map((leg) => [JSON.stringify([leg.tradeId, leg.venueOrderId, leg.role]), leg]),
  );
  return [...byKey.values()].filter(({ settlement }) => settlement !== 'failed');
}

function positionsOf(trades: readonly LegReport[]): readonly VenuePosition[] {
  const sizes = new Map<string, string>();
  for (const { instrumentId, side, size } of standing(trades)) {
    const held = sizes.get(instrumentId) ?? '0';
    sizes.set(instrumentId, side === 'BUY' ? plus(held, size) : minus(held, size));
  }
  return [...sizes].map(([instrumentId, size]) => ({ instrumentId, size }));
}

function cashOf(
  openedWith: string,
  trades: readonly LegReport[],
  instruments: readonly Instrument[],
): string {
  let cash = openedWith;
  for (const { instrumentId, side, size, price, role, feeUsd: stated } of standing(trades)) {
    const gross = times(price, size);
    cash = side === 'BUY' ? minus(cash, gross) : plus(cash, gross);
    const fees = instruments.find(({ id }) => id === instrumentId)?.fees;
    const isFree = fees === undefined || (role === 'maker' && fees.takerOnly);
    const computed = isFree ? '0' : toText(feeUsd(fees, role, decimal(price), decimal(size)));
    cash = minus(cash, stated ?? computed);
  }
  return cash;
}

interface Stream {
  push(event: VenueEvent): void;
  end(): void;
  read(signal: AbortSignal): AsyncIterable<VenueEvent>;
}

function createStream(): Stream {
  const waiting: VenueEvent[] = [];
  let ended = false;
  let wake: () => void = () => undefined;

  async function* read(signal: AbortSignal): AsyncGenerator<VenueEvent> {
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const event = waiting.shift();
      if (event !== undefined) yield event;
      else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    push(event) {
      waiting.push(event);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    read,
  };
}
