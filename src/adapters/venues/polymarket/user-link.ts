/**
 * A signed-in connection to Polymarket's user channel, kept alive, and the word on whether it
 * stands. Source: Polymarket docs, "User channel": the first frame signs in, nothing confirms it,
 * and a bad sign-in is answered by closing.
 */
import type { Clock, Random } from '../../../actors/ports.ts';
import { ChannelLink, type OpenSocket } from '../../marketdata/channel-link.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import { isKeepAlive } from './user-wire.ts';

/** A connection that still stands after this long counts as signed in. */
export const SIGN_IN_GRACE_MS = 2_000;
/** Connections closed in a row before they stood: a bad key, rather than a bad day. */
const REFUSED_SIGN_INS = 3;

/** What signs in, as the venue names its parts. */
export interface UserAuth {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
}

export interface UserLinkOptions {
  readonly url: string;
  readonly openSocket?: OpenSocket | undefined;
  /** Asked for every connection. */
  readonly auth: () => UserAuth;
  /** Condition ids. Absent: all markets, which also brings what no list foresaw. */
  readonly markets?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: FeedLog;
  /** Every text frame, PONG included, with the number of its connection. */
  readonly onFrame: (text: string, connection: number) => void;
  /** `up` before the first frame of a connection that proves it; `down` at once when it is lost. */
  readonly onChange: (state: 'up' | 'down') => void;
  /** A connection ended or could not be made; another follows. */
  readonly onLost: () => void;
}

export interface UserLink {
  start(): void;
  /** Makes the connection anew. */
  restart(reason: string): void;
  /** Ends for good. No callback comes after this. */
  stop(): void;
}

/** Connects when started, and again after every loss, until it is stopped. */
export function createUserLink(options: UserLinkOptions): UserLink {
  const { url, openSocket, auth, markets, clock, random, log } = options;
  let told: 'up' | 'down' | undefined;
  let newest = 0;
  let refused = 0;
  let cancelGrace = (): void => undefined;

  function tell(state: 'up' | 'down'): void {
    if (told === state) return;
    told = state;
    options.onChange(state);
  }

  function lost(): void {
    cancelGrace();
    refused = told === 'up' ? 0 : refused + 1;
    if (refused === REFUSED_SIGN_INS) {
      const message = 'The user channel is closed before it stands: is the API key right?';
      log('warn', message, { times: refused });
    }
    options.onLost();
    tell('down');
  }

  const link = new ChannelLink({
    name: 'User channel',
    url,
    ...(openSocket === undefined ? {} : { openSocket }),
    clock,
    random,
    log,
    subscription: () => {
      const { apiKey, secret, passphrase } = auth();
      const filter = markets === undefined ? {} : { markets };
      return JSON.stringify({ auth: { apiKey, secret, passphrase }, type: 'user', ...filter });
    },
    onOpen(connection) {
      newest = connection;
      cancelGrace = clock.at(clock.now() + SIGN_IN_GRACE_MS, () => tell('up'));
    },
    onFrame(text, connection) {
      // A PONG or a complaint proves nothing; what concerns our account does.
      if (told !== 'up' && !isKeepAlive(text) && text.includes('"event_type"')) {
        cancelGrace();
        tell('up');
      }
      options.onFrame(text, connection);
    },
    onLost: lost,
  });

  return {
    start: () => link.start(),
    restart: (reason) => link.restart(newest, reason),
    stop() {
      cancelGrace();
      link.stop();
    },
  };
}
