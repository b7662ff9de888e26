/** The parts of the venue and who hears of what. None of them is started here. */
import { InvalidValue } from '../../../domain/faults.ts';
import { silentLog } from '../../marketdata/counts.ts';
import { type Finding, type Ours, userEventsOf } from './attribution.ts';
import { createCancelQueue } from './cancel-queue.ts';
import { createDataApi } from './data-api.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createKeepWarm } from './keep-warm.ts';
import { createMarkets } from './markets.ts';
import { createVenueModes } from './modes.ts';
import { type Access, createAccess } from './polymarket-venue-access.ts';
import { createBalances } from './polymarket-venue-balances.ts';
import { createMassCancels } from './polymarket-venue-cancels.ts';
import { createVenueEvents } from './polymarket-venue-events.ts';
import {
  POLYMARKET_DATA,
  POLYMARKET_GAMMA,
  POLYMARKET_REST,
  type PolymarketVenueOptions,
} from './polymarket-venue-options.ts';
import { createPreparedOrders } from './polymarket-venue-prepared.ts';
import { createSubmitter } from './polymarket-venue-submit.ts';
import { createOrderReader } from './rest-orders.ts';
import { createTradeReader } from './rest-trades.ts';
import { createSubmitQueue } from './submit-queue.ts';
import { createUserChannel } from './user-channel.ts';
import { countName } from './user-channel-counts.ts';

export type VenueParts = ReturnType<typeof createVenueParts>;

/** @throws {InvalidValue} for a URL or a condition id that is none. */
export function createVenueParts(options: PolymarketVenueOptions, name: string) {
  const { clock, log = silentLog, urls = {} } = options;
  const oddities = createOddities(options);
  const { onMalformed } = oddities;
  const { rest: restUrl = POLYMARKET_REST, gamma: gammaUrl = POLYMARKET_GAMMA } = urls;
  const { data: dataUrl = POLYMARKET_DATA } = urls;
  for (const url of [restUrl, gammaUrl, dataUrl]) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new InvalidValue('urls', url, 'an http:// or https:// URL');
    }
  }
  const access = createAccess({ ...options, log, restUrl, gammaUrl, dataUrl });
  const { rest, gamma, limiter } = access;
  const conditionIds = options.markets;
  const markets = createMarkets({
    ...{ rest, gamma, clock, log, venue: name, conditionIds },
    protocolV2: options.protocolV2,
  });
  const prepared = createPreparedOrders();
  const orders = createOrderReader(rest, clock, onMalformed, markets.instrumentOf);
  const modes = createVenueModes(clock, (state, before) => {
    log('warn', `The venue's mode is ${state.mode}.`, { ...state, before });
  });
  const queue = createSubmitQueue(rest);
  const data = createDataApi(access.data, onMalformed);
  const balances = createBalances({
    ...{ rest, markets, clock, log },
    listed: async () => (await data.positions(options.funder)).map(({ tokenId }) => tokenId),
  });
  const submitter = createSubmitter({
    ...{ clock, queue, modes, markets, orders, prepared, log },
    onStaleBalance: balances.refreshSoon,
  });
  const ours = whatIsOurs(options, access, prepared.has);
  const stream = createStream(options, { access, ours, markets, balances, oddities });
  const cancels = createCancelQueue({
    ...{ rest, orders, clock },
    onReport: (report) => stream.events.push({ type: 'order', report }),
  });
  const heartbeat = options.heartbeat
    ? createHeartbeat({
        ...{ rest, clock, log, mayBeat: options.mayWrite },
        onChange: (state) => stream.events.setHeartbeat(state === 'late'),
      })
    : undefined;
  const keepWarm = options.keepWarm === false ? undefined : createKeepWarm(rest, clock);
  const massCancels = createMassCancels({ rest, orders, limiter, clock, log });
  return {
    ...{ access, markets, prepared, orders, modes, queue, balances, submitter },
    ...{ ...stream, cancels, heartbeat, keepWarm, massCancels, data, oddities },
  };
}

/** By the ids that we made, by our key, and by our account. */
function whatIsOurs(
  { funder }: PolymarketVenueOptions,
  access: Access,
  isOurs: Ours['isOurs'],
): Ours {
  return {
    isOurs,
    makerAddress: funder,
    get owner() {
      return access.keys().apiKey;
    },
  };
}

type Oddities = ReturnType<typeof createOddities>;

/** What REST told that could not be read or makes no sense: said and counted. */
function createOddities({ log = silentLog }: PolymarketVenueOptions) {
  const findings: Record<string, number> = Object.create(null);
  let malformedRows = 0;
  return {
    findings,
    get malformedRows() {
      return malformedRows;
    },
    onMalformed(fault: InvalidValue): void {
      malformedRows += 1;
      log('warn', 'A row of the venue makes no sense.', fault.facts);
    },
    note({ kind, facts }: Finding): void {
      countName(findings, kind);
      log('warn', `A trade is odd: ${kind}.`, facts);
    },
  };
}

interface StreamParts {
  readonly access: Access;
  readonly ours: Ours;
  readonly markets: ReturnType<typeof createMarkets>;
  readonly balances: ReturnType<typeof createBalances>;
  readonly oddities: Oddities;
}

/** Legs by both ways: the channel as they happen, REST for whatever the channel did not tell. */
function createStream(options: PolymarketVenueOptions, parts: StreamParts) {
  const { clock, random, log = silentLog, urls = {}, inbox, openSocket } = options;
  const { access, ours, markets, balances, oddities } = parts;
  const { instrumentOf } = markets;
  const trades = createTradeReader({
    ...{ rest: access.rest, clock, ours, instrumentOf },
    venueTimeMs: access.skew.earliestMs,
    ...{ note: oddities.note, onMalformed: oddities.onMalformed },
    makerAddress: options.funder,
    historySinceMs: options.historySinceMs ?? 0,
  });
  const channel = createUserChannel({
    ...(urls.userChannel === undefined ? {} : { url: urls.userChannel }),
    ...(inbox === undefined ? {} : { inbox }),
    ...{ openSocket, clock, random, log, auth: access.keys },
    toEvents: (message, receivedAtMs, note) =>
      userEventsOf(message, { ours, instrumentOf }, receivedAtMs, note),
  });
  const events = createVenueEvents({
    ...{ channel, clock },
    onLeg(leg) {
      trades.see(leg);
      const tokenId = markets.instrument(leg.instrumentId)?.tokenId;
      if (tokenId !== undefined) balances.refreshSoon(tokenId);
    },
  });
  return { trades, channel, events };
}
