/** The network between the adapter's HTTP and the venue, on simulated time. */
import type { Dispatcher } from 'undici';
import type { Carrier } from '../../src/adapters/venues/polymarket/http.ts';
import type { Answering, RawRequest, Reply } from '../../src/sandbox/rest/answering.ts';
import type { Chance } from './chances.ts';
import type { Life } from './life.ts';
import type { Timeline } from './timeline.ts';

export interface NetworkWeather {
  /** No connection can be made, and nothing passes on those that there are. */
  isCut: boolean;
  /** Chances of each request. */
  refused: number;
  requestLost: number;
  answerLost: number;
  resetBefore: number;
  resetAfter: number;
  repeated: number;
  slow: number;
}

export interface HttpLineOptions {
  readonly life: Life;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: NetworkWeather;
  readonly answering: Pick<Answering, 'answer'>;
  /** Told of every request in the moment in which its first byte leaves. */
  readonly onSent: (request: RawRequest) => void;
  /** Told of what the venue decided, whether or not anybody hears it. */
  readonly onReply: (request: RawRequest, reply: Reply) => void;
  readonly count: (kind: string) => void;
}

const OFTEN_SLOW = 0.01;
/** How long the network may hold a request back whose sender is gone. */
const LATEST_MS = 20_000;

type Fate = 'passes' | 'refused' | 'requestLost' | 'answerLost' | 'resetBefore' | 'resetAfter';

export function createHttpLine(options: HttpLineOptions): Carrier {
  const { life, timeline, chance, weather, answering, count } = options;
  /** On their way to the venue, each with its timer. */
  const underWay = new Map<() => void, () => void>();
  life.onDeath(() => {
    if (weather.slow === 0) return;
    // What has left goes on without its sender: as it would have, late, or not at all.
    for (const [arrive, stop] of underWay) {
      const fate = chance.weighed({ passes: 4, lost: 2, late: 4 });
      if (fate !== 'passes') stop();
      if (fate === 'late') timeline.after(chance.between(100, LATEST_MS), arrive);
    }
  });

  /** The request reaches the venue after this long. */
  function travel(forMs: number, reach: () => Promise<unknown>): void {
    const arrive = (): void => {
      underWay.delete(arrive);
      void reach();
    };
    underWay.set(arrive, timeline.after(forMs, arrive));
  }

  function fateOf(): Fate {
    if (weather.isCut) return chance.hits(0.5) ? 'refused' : 'requestLost';
    const fates = ['refused', 'requestLost', 'answerLost', 'resetBefore', 'resetAfter'] as const;
    // Each is drawn: leaving one kind out must not shift what another one hits.
    const drawn = fates.filter((fate) => chance.hits(weather[fate]));
    return drawn[0] ?? 'passes';
  }

  function latencyMs(): number {
    const usual = chance.between(3, 40);
    const extra = chance.between(100, 6_000);
    // Now and then one takes long, whatever the weather: it arrives when its sender is long gone.
    return usual + (chance.hits(OFTEN_SLOW + weather.slow) ? extra : 0);
  }

  function dispatch(
    asked: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const request = rawRequest(asked);
    const label = `http ${request.method} ${request.target.split('?')[0]}`;
    const exchange = new Exchange(handler);
    life.call(label, () => {
      const fate = fateOf();
      if (fate !== 'passes') count(`network ${fate}`);
      if (fate === 'refused') {
        fail(label, exchange, 'ECONNREFUSED');
        return;
      }
      timeline.after(0, () =>
        life.deliver(`${label} leaves`, () => send(request, label, exchange, fate)),
      );
    });
    return true;
  }

  function send(request: RawRequest, label: string, exchange: Exchange, fate: Fate): void {
    if (!exchange.start()) return;
    options.onSent(request);
    if (fate === 'requestLost') return;
    if (fate === 'resetBefore') {
      fail(label, exchange, 'ECONNRESET');
      return;
    }
    travel(latencyMs(), () => arrive(request, label, exchange, fate));
    if (!chance.hits(weather.repeated)) return;
    count('network repeated');
    travel(latencyMs() + chance.between(0, 3_000), () => handle(request));
  }

  async function handle(request: RawRequest): Promise<Reply> {
    const reply = await answering.answer(request);
    options.onReply(request, reply);
    return reply;
  }

  async function arrive(
    request: RawRequest,
    label: string,
    exchange: Exchange,
    fate: Fate,
  ): Promise<void> {
    const reply = await handle(request);
    if (fate === 'answerLost') return;
    if (fate === 'resetAfter') return fail(label, exchange, 'ECONNRESET');
    const status = reply.kind === 'none' ? 'no answer' : `${reply.status} ${reply.kind}`;
    timeline.after(latencyMs(), () => {
      if (weather.isCut) return;
      life.deliver(`${label} -> ${status}`, () => exchange.take(reply));
    });
  }

  function fail(label: string, exchange: Exchange, code: string): void {
    timeline.after(latencyMs(), () =>
      life.deliver(`${label} -> ${code}`, () => exchange.fail(code)),
    );
  }

  return { dispatch, destroy: async () => undefined };
}

/** One request as the adapter's HTTP hears of it. */
class Exchange implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  readonly rawHeaders = [];
  readonly rawTrailers = [];

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** False: nobody wants it any more, and nothing leaves. */
  start(): boolean {
    try {
      this.#handler.onRequestStart?.(this, {});
      return true;
    } catch {
      return false;
    }
  }

  take(reply: Reply): void {
    if (this.aborted) return;
    if (reply.kind === 'none') {
      this.fail('UND_ERR_SOCKET');
      return;
    }
    const { kind, status, headers, text } = reply;
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    this.#handler.onResponseStart?.(this, status, Object.fromEntries(texts), '');
    const sent = kind === 'half' ? text.slice(0, Math.floor(text.length / 2)) : text;
    this.#handler.onResponseData?.(this, Buffer.from(sent));
    if (kind === 'half') this.fail('UND_ERR_SOCKET');
    else this.#handler.onResponseEnd?.(this, {});
  }

  fail(code: string): void {
    if (this.aborted) return;
    this.#handler.onResponseError?.(this, Object.assign(new Error('cut off'), { code }));
  }
}

function rawRequest({ method, path, headers, body }: Dispatcher.DispatchOptions): RawRequest {
  const entries = Object.entries((headers ?? {}) as Readonly<Record<string, string>>);
  return {
    method,
    target: path,
    headers: Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value])),
    body: typeof body === 'string' ? body : '',
  };
}
