/** The way in: REST of the CLOB, of Gamma and of the Data API, the venue's clock, and the keys. */
import type { Clock } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import { waitUntil } from '../../marketdata/wait.ts';
import { type ClockSkew, createClockSkew } from './clock-skew.ts';
import { createHttp, type HttpOptions } from './http.ts';
import { POLYMARKET_DATA } from './polymarket-venue-options.ts';
import { createL2Signer, type L2Signer, l1Headers } from './protocol/auth.ts';
import type { SignatureType, Signer } from './protocol/order-types.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import type { TierName } from './rate-limiter-budgets.ts';
import { type ApiKeys, createRest, type Rest } from './rest.ts';

/** New keys may be refused for some two minutes: clob-client #311. */
const NEW_KEYS_TRIES = 30;
const NEW_KEYS_RETRY_MS = 5_000;
/** The generation of orders that the exchange has taken since 2026-04. Source: `GET /version`. */
const KNOWN_VERSION = 2;

export interface AccessOptions {
  readonly restUrl: string;
  readonly gammaUrl: string;
  /** Absent: the venue's own. */
  readonly dataUrl?: string;
  readonly chainId: number;
  readonly signatureType: SignatureType;
  readonly signer: Signer;
  /** Absent: derived from the signer's key at the start. */
  readonly apiKeys?: ApiKeys | undefined;
  readonly rateLimitTier?: TierName | undefined;
  readonly clock: Clock;
  readonly log: FeedLog;
  readonly mayWrite?: (() => boolean) | undefined;
  readonly http?: Omit<HttpOptions, 'url' | 'clock'> | undefined;
}

export interface Access {
  readonly rest: Rest;
  readonly gamma: Pick<Rest, 'call'>;
  readonly data: Pick<Rest, 'read'>;
  readonly limiter: RateLimiter;
  readonly skew: ClockSkew;
  /** @throws {FillwrightFault} `not_running` before the start. */
  keys(): ApiKeys;
  /** True: the account may only close what it holds. Undefined before the start. */
  readonly closedOnly: boolean | undefined;
  /**
   * Reads the clock, checks the version, gets keys and proves them.
   * @throws {FillwrightFault} `venue_unknown` when the venue does not answer, `venue_rejected` when
   * it takes other orders than we sign.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createAccess(options: AccessOptions): Access {
  const { clock, log, signatureType, mayWrite, dataUrl = POLYMARKET_DATA } = options;
  const http = createHttp({ ...options.http, url: options.restUrl, clock, mayWrite });
  const gammaHttp = createHttp({ ...options.http, url: options.gammaUrl, clock });
  const dataHttp = createHttp({ ...options.http, url: dataUrl, clock });
  const limiter = createRateLimiter(clock, options.rateLimitTier);
  const stopped = new AbortController();
  let apiKeys = options.apiKeys;
  let l2: L2Signer | undefined;
  let closedOnly: boolean | undefined;

  const shared = { limiter, signatureType, skew: () => skew, signer: () => l2 };
  const rest = createRest({ ...shared, http });
  const skew = createClockSkew(clock, () => rest.time());

  function useKeys(keys: ApiKeys): void {
    apiKeys = keys;
    l2 = createL2Signer({ ...keys, address: options.signer.address });
  }

  async function proveKeys(tries: number): Promise<void> {
    for (let left = tries - 1; ; left -= 1) {
      try {
        closedOnly = await rest.closedOnly();
        return;
      } catch (error) {
        if (left <= 0 || stopped.signal.aborted) throw error;
        log('warn', 'The new API keys are not taken yet.', { error });
        await waitUntil(clock, clock.now() + NEW_KEYS_RETRY_MS, stopped.signal);
      }
    }
  }

  return {
    rest,
    // What anyone may ask is never signed.
    gamma: createRest({ ...shared, http: gammaHttp, signer: () => undefined }),
    data: createRest({ ...shared, http: dataHttp, signer: () => undefined }),
    limiter,
    skew,
    keys() {
      if (apiKeys !== undefined) return apiKeys;
      throw new FillwrightFault('not_running', 'There are no API keys before the start.');
    },
    get closedOnly() {
      return closedOnly;
    },
    async start() {
      await skew.read();
      const version = await rest.version();
      if (version < KNOWN_VERSION) {
        const message = `The venue takes orders of version ${version}, not ${KNOWN_VERSION}.`;
        throw new FillwrightFault('venue_rejected', message, { version });
      }
      if (version > KNOWN_VERSION) log('warn', 'The venue names a new version.', { version });
      const isNew = apiKeys === undefined;
      const l1 = () => l1Headers(options.signer, options.chainId, skew.nowS());
      useKeys(apiKeys ?? (await rest.apiKeys(await l1())));
      await proveKeys(isNew ? NEW_KEYS_TRIES : 1);
    },
    async stop() {
      stopped.abort();
      await Promise.all([http.close(), gammaHttp.close(), dataHttp.close()]);
    },
  };
}
