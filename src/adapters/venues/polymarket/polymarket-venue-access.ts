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
/** One lost answer must not keep an engine with open orders from coming back. */
const TRIES = 5;
const RETRY_MS = 1_000;
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
   * Reads the clock, checks the version, gets keys and proves them. What was not answered is asked again.
   * @throws {FillwrightFault} `venue_unknown` when the venue still does not answer, `venue_rejected` when
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

  async function patiently<T>(
    ask: () => Promise<T>,
    { tries = TRIES, retryMs = RETRY_MS, mayPass = isPassing } = {},
  ): Promise<T> {
    for (let left = tries - 1; ; left -= 1) {
      try {
        return await ask();
      } catch (error) {
        if (left <= 0 || stopped.signal.aborted || !mayPass(error)) throw error;
        log('warn', 'The venue is asked again.', { error });
        await waitUntil(clock, clock.now() + retryMs, stopped.signal);
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
      const version = await patiently(() => rest.version());
      if (version < KNOWN_VERSION) {
        const message = `The venue takes orders of version ${version}, not ${KNOWN_VERSION}.`;
        throw new FillwrightFault('venue_rejected', message, { version });
      }
      if (version > KNOWN_VERSION) log('warn', 'The venue names a new version.', { version });
      const isNew = apiKeys === undefined;
      const l1 = () => l1Headers(options.signer, options.chainId, skew.nowS());
      useKeys(apiKeys ?? (await patiently(async () => rest.apiKeys(await l1()))));
      // The proof of the keys: the first answer to a signed request.
      const patience = { tries: NEW_KEYS_TRIES, retryMs: NEW_KEYS_RETRY_MS, mayPass: () => true };
      closedOnly = await patiently(() => rest.closedOnly(), isNew ? patience : {});
    },
    async stop() {
      stopped.abort();
      await Promise.all([http.close(), gammaHttp.close(), dataHttp.close()]);
    },
  };
}

/** Not answered at all, or by a venue in trouble: a refusal stays one. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof FillwrightFault) || error.code !== 'venue_unknown') return false;
  const { status } = error.facts;
  return typeof status !== 'number' || status === 429 || status === 425 || status >= 500;
}
