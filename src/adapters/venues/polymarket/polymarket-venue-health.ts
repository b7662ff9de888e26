/** Everything about the venue that a person or an alarm should look at. */
import type { HeartbeatState } from './heartbeat.ts';
import type { ModeState } from './modes.ts';
import type { VenueParts } from './polymarket-venue-parts.ts';
import type { SubmitCounts } from './polymarket-venue-submit.ts';
import type { LimiterState } from './rate-limiter.ts';
import type { UserChannelCounts } from './user-channel-counts.ts';

export interface PolymarketHealth {
  readonly mode: ModeState;
  /** The channel stands, and the dead-man switch is not late. */
  readonly connected: boolean;
  /** The venue's clock less ours. */
  readonly skewMs: number;
  readonly closedOnly: boolean | undefined;
  /** Why the account sends no more orders; absent while it does. */
  readonly accountHalt?: string;
  /** Why, by condition id. */
  readonly haltedMarkets: Readonly<Record<string, string>>;
  readonly limiter: LimiterState;
  readonly heartbeat: HeartbeatState | undefined;
  readonly submits: Readonly<SubmitCounts>;
  readonly ordersWaiting: number;
  readonly requestsUnderWay: number;
  readonly channel: Readonly<UserChannelCounts>;
  /** Trades that REST showed and the channel never told. */
  readonly missedByChannel: number;
  readonly legsUnsettled: number;
  readonly legsForgotten: number;
  /** Rows of REST lists that could not be read. */
  readonly malformedRows: number;
  /** Oddities in trades read by REST, by kind. */
  readonly findings: Readonly<Record<string, number>>;
  readonly failedReads: number;
}

/** The present state of all parts, copied. */
export function healthOf(parts: VenueParts): PolymarketHealth {
  const { access, markets, submitter, queue, trades, oddities, events } = parts;
  const { accountHalt } = submitter;
  return {
    mode: parts.modes.state,
    connected: events.isUp,
    skewMs: access.skew.skewMs,
    closedOnly: access.closedOnly,
    ...(accountHalt === undefined ? {} : { accountHalt }),
    haltedMarkets: markets.halted,
    limiter: access.limiter.state,
    heartbeat: parts.heartbeat?.state,
    submits: { ...submitter.counts },
    ordersWaiting: queue.waiting,
    requestsUnderWay: queue.underWay,
    channel: { ...parts.channel.counts },
    missedByChannel: events.missed,
    legsUnsettled: trades.unsettled,
    legsForgotten: trades.forgotten,
    malformedRows: oddities.malformedRows,
    findings: { ...oddities.findings },
    failedReads: markets.failedReads + parts.balances.failedRefreshes,
  };
}
