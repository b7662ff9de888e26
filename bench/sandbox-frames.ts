/** How many `price_change` frames the sandbox makes and delivers, beside the same bytes sent ready-made. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Exchange, Hex, NewOrder } from '../src/sandbox/exchange/types.ts';
import type { Sandbox } from '../src/sandbox/sandbox.ts';
import {
  type Client,
  listen,
  marketOf,
  medianOf,
  openClient,
  openSandbox,
  shareOfLimits,
} from './sandbox-parts.ts';

const ROUND_FRAMES = 4_000;
/** The first is thrown away. */
const ROUNDS = 4;
const SUBSCRIBERS = [1, 10, 50] as const;
/** Levels of each side of the book: what the two hashes of a frame cover. */
const DEPTH = 45;
/** The client has read all before more is sent: no queue grows. */
const FLUSHED_EVERY = 200;
const MAKER = '0x5e1fc4ec5e1fc4ec5e1fc4ec5e1fc4ec5e1fc4ec';
const CENT = 10_000n;
const SHARES = 10_000_000n;

export interface FrameRates {
  readonly subscribers: number;
  /** Frames per second, each to all subscribers. */
  readonly frames: number;
  readonly deliveries: number;
  /** The same texts from a plain websocket server. */
  readonly readyMade: number;
  /** In percent of a frame made and a ready-made one sent after one another. */
  readonly ofLimit: number;
}

export interface SandboxFrames {
  readonly levels: number;
  readonly bytesEach: number;
  /** Frames per second with nobody to send them to: matching, both books, both hashes, the text. */
  readonly made: number;
  readonly rates: readonly FrameRates[];
}

export async function benchSandboxFrames(): Promise<SandboxFrames> {
  const sandbox = await openSandbox({ markets: [{ slug: 'frames' }] });
  const plain = await openPlainServer();
  const client = openClient();
  try {
    const driver = await openDriver(sandbox);
    const made = await framesMade(client, driver);
    const rates: FrameRates[] = [];
    let bytes = 0;
    for (const subscribers of SUBSCRIBERS) {
      const rounds: { frames: number; readyMade: number }[] = [];
      for (let index = 0; index < ROUNDS; index += 1) {
        const { perSecond: frames, texts } = await whileListening(client, driver, subscribers);
        const again = { url: plain.url, first: '{}', run: () => plain.run(texts) };
        const { perSecond: readyMade } = await whileListening(client, again, subscribers);
        rounds.push({ frames, readyMade });
        bytes = Buffer.byteLength(texts.join(''));
      }
      const frames = medianOf(rounds, (round) => round.frames);
      const readyMade = medianOf(rounds, (round) => round.readyMade);
      rates.push({
        ...{ subscribers, frames, deliveries: frames * subscribers, readyMade },
        ofLimit: shareOfLimits(frames, made, readyMade),
      });
    }
    return { levels: 4 * DEPTH, bytesEach: Math.round(bytes / ROUND_FRAMES), made, rates };
  } finally {
    await client.end();
    await plain.end();
    await sandbox.stop();
  }
}

async function framesMade(client: Client, driver: Driver): Promise<number> {
  const rounds: { readonly perSecond: number }[] = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    rounds.push(await whileListening(client, driver, 0));
  }
  return medianOf(rounds, ({ perSecond }) => perSecond);
}

interface Driver {
  readonly url: string;
  /** What a subscriber says first. */
  readonly first: string;
  /** Sends `ROUND_FRAMES` and resolves when all have been read. */
  run(): Promise<void>;
}

async function whileListening(
  client: Client,
  { url, first, run }: Driver,
  subscribers: number,
): Promise<{ perSecond: number; texts: readonly string[] }> {
  await client.ask({ kind: 'listen', url, connections: subscribers, first });
  const startedAt = performance.now();
  await run();
  const ms = performance.now() - startedAt;
  const { count, texts } = await client.ask({ kind: 'received' });
  await client.ask({ kind: 'hangUp' });
  if (count !== ROUND_FRAMES * subscribers) {
    throw new Error(`${count} of ${ROUND_FRAMES * subscribers} frames arrived.`);
  }
  return { perSecond: (ROUND_FRAMES * 1_000) / ms, texts };
}

/** Moves one level after the other: an order comes, the one before it goes, each a frame of its own. */
async function openDriver(sandbox: Sandbox): Promise<Driver> {
  const { exchange } = sandbox;
  const { tokens } = marketOf(sandbox, 'frames');
  const [{ tokenId }] = tokens;
  exchange.deposit(MAKER, 10n ** 18n, { [tokenId]: 10n ** 18n });
  const standing: Hex[] = [];
  let placed = 0;
  const next = async (): Promise<void> => {
    placed += 1;
    const order = orderAt(tokenId, placed % (2 * DEPTH), placed);
    await exchange.place(order);
    standing.push(order.id);
  };
  for (let index = 0; index < 2 * DEPTH; index += 1) await next();
  return {
    url: `${sandbox.ws}/market`,
    first: JSON.stringify({
      type: 'market',
      assets_ids: tokens.map((token) => token.tokenId),
      initial_dump: false,
    }),
    async run() {
      for (let frames = 0; frames < ROUND_FRAMES; frames += 2) {
        await next();
        await withdraw(exchange, standing.shift());
        if (frames % FLUSHED_EVERY === 0) await sandbox.flush();
      }
      await sandbox.flush();
    },
  };
}

/** Bids from 0.01 up, asks from 0.99 down; `number` makes the id. */
function orderAt(tokenId: string, place: number, number: number): NewOrder {
  const isBuy = place < DEPTH;
  const cents = BigInt(isBuy ? place + 1 : 99 - (place - DEPTH));
  const dollars = (SHARES * cents * CENT) / 1_000_000n;
  return {
    id: `0x${number.toString(16).padStart(64, '0')}`,
    ...{ owner: 'bench', maker: MAKER, tokenId },
    side: isBuy ? 'BUY' : 'SELL',
    makerAmount: isBuy ? dollars : SHARES,
    takerAmount: isBuy ? SHARES : dollars,
    orderType: 'GTC',
    postOnly: false,
    expirationS: 0,
  };
}

/** Its frame is sent in the microtask before it returns. */
async function withdraw(exchange: Exchange, id: Hex | undefined): Promise<void> {
  if (id === undefined) return;
  exchange.cancel('bench', [id]);
  exchange.forget('bench', [id]);
  await Promise.resolve();
}

interface PlainServer {
  readonly url: string;
  run(texts: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

async function openPlainServer(): Promise<PlainServer> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const port = await listen(http);
  const flush = () => Promise.all([...server.clients].map(answered));
  return {
    url: `ws://127.0.0.1:${port}`,
    async run(texts) {
      for (const [index, text] of texts.entries()) {
        for (const socket of server.clients) socket.send(text);
        if (index % FLUSHED_EVERY === 0) await flush();
      }
      await flush();
    },
    async end() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      http.close();
      await once(http, 'close');
    },
  };
}

/** All that was sent before has been read. */
async function answered(socket: WebSocket): Promise<void> {
  socket.ping();
  await once(socket, 'pong');
}
