/** An exchange on a virtual clock, with orders written the way people say them. */
import { createHash } from 'node:crypto';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../src/adapters/clock/virtual-clock.ts';
import { createRandom, type SeededRandom } from '../../../src/adapters/random.ts';
import { createExchange } from '../../../src/sandbox/exchange/exchange.ts';
import type {
  Exchange,
  ExchangeEvent,
  Hex,
  Micros,
  NewOrder,
  Placed,
  SandboxMarket,
  SettlementRules,
} from '../../../src/sandbox/exchange/types.ts';
import { microsText, parseMicros } from '../../../src/sandbox/numbers.ts';

export const START_MS = 1_800_000_000_000;
export const YES = '1001';
export const NO = '1002';
export const CONDITION: Hex = `0x${'c1'.repeat(32)}`;

export const micros = (text: string): Micros => parseMicros(text, 'test');

export function marketOf(changes: Partial<SandboxMarket> = {}): SandboxMarket {
  return {
    conditionId: CONDITION,
    slug: 'test',
    question: 'Does it work?',
    tokens: [
      { tokenId: YES, outcome: 'YES' },
      { tokenId: NO, outcome: 'NO' },
    ],
    tickSize: '0.01',
    minimumOrderSize: '5',
    negRisk: false,
    version: 'v1',
    fees: { rate: '0', exponent: 1, takerOnly: true },
    takerDelayMs: 0,
    blockingDelay: false,
    ...changes,
  };
}

export interface Bench {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly exchange: Exchange;
  readonly events: ExchangeEvent[];
  /** `bench.order('ann', 'BUY', YES, '0.5', '10')`: GTC unless said otherwise. */
  order(
    maker: string,
    side: 'BUY' | 'SELL',
    tokenId: string,
    price: string,
    size: string,
    changes?: Partial<NewOrder>,
  ): NewOrder;
  place(...order: Parameters<Bench['order']>): Promise<Placed>;
  /** Lets this much time pass. */
  wait(ms: number): Promise<void>;
  /** `dollars` or `YES` / `NO` shares as text. */
  balance(maker: string, tokenId?: string): string;
  /** Book of a token as `price x size`, best first. */
  book(tokenId?: string): { readonly bids: string[]; readonly asks: string[] };
  /** Events since the last call, as short lines. */
  told(): string[];
}

export function createBench(
  options: {
    readonly market?: Partial<SandboxMarket>;
    readonly settlement?: Partial<SettlementRules>;
    readonly money?: Readonly<Record<string, { dollars?: string; yes?: string; no?: string }>>;
  } = {},
): Bench {
  const clock = createVirtualClock(START_MS);
  const random = createRandom('exchange');
  const exchange = createExchange({
    clock,
    random: random.next,
    ...(options.settlement === undefined ? {} : { settlement: options.settlement }),
  });
  exchange.addMarket(marketOf(options.market));
  for (const [maker, has] of Object.entries(options.money ?? RICH)) {
    exchange.deposit(maker, micros(has.dollars ?? '0'), {
      [YES]: micros(has.yes ?? '0'),
      [NO]: micros(has.no ?? '0'),
    });
  }
  const events: ExchangeEvent[] = [];
  exchange.subscribe((event) => events.push(event));
  let made = 0;
  let heard = 0;

  const bench: Bench = {
    clock,
    random,
    exchange,
    events,
    order(maker, side, tokenId, price, size, changes = {}) {
      made += 1;
      const dollars = (micros(price) * micros(size)) / 1_000_000n;
      return {
        id: `0x${createHash('sha256').update(String(made)).digest('hex')}`,
        owner: `key of ${maker}`,
        maker,
        tokenId,
        side,
        makerAmount: side === 'BUY' ? dollars : micros(size),
        takerAmount: side === 'BUY' ? micros(size) : dollars,
        orderType: 'GTC',
        postOnly: false,
        expirationS: 0,
        ...changes,
      };
    },
    place: (...order) => exchange.place(bench.order(...order)),
    wait: (ms) => clock.advanceTo(clock.now() + ms),
    balance: (maker, tokenId) => microsText(exchange.balance(maker, tokenId)),
    book(tokenId = YES) {
      const { bids, asks } = exchange.book(tokenId);
      const lines = (levels: readonly { price: Micros; size: Micros }[]): string[] =>
        levels.map(({ price, size }) => `${microsText(price)} x ${microsText(size)}`).reverse();
      return { bids: lines(bids), asks: lines(asks) };
    },
    told() {
      const lines = events.slice(heard).map(lineOf);
      heard = events.length;
      return lines;
    },
  };
  return bench;
}

/** Everybody has enough of everything. */
const RICH = Object.fromEntries(
  ['ann', 'ben', 'cat', 'dan'].map((maker) => [
    maker,
    { dollars: '1000', yes: '1000', no: '1000' },
  ]),
);

function lineOf(event: ExchangeEvent): string {
  switch (event.type) {
    case 'order': {
      const { maker, side, outcome, status, sizeMatched, originalSize, reason } = event.order;
      const matched = `${microsText(sizeMatched)}/${microsText(originalSize)}`;
      const why = reason === undefined ? '' : ` (${reason})`;
      return `${event.change} ${maker} ${side} ${outcome} ${matched} ${status}${why}`;
    }
    case 'trade': {
      const { side, outcome, size, price, status, makerFills } = event.trade;
      return `trade ${side} ${outcome} ${microsText(size)} at ${microsText(price)} with ${makerFills.length}: ${status}`;
    }
    case 'levels':
      return `levels ${event.changes
        .map(({ tokenId, side, price, size }) => {
          const name = tokenId === YES ? 'YES' : 'NO';
          return `${name} ${side} ${microsText(price)} x ${microsText(size)}`;
        })
        .join(', ')}`;
    case 'print':
      return `print ${event.side} ${event.tokenId === YES ? 'YES' : 'NO'} ${microsText(event.size)} at ${microsText(event.price)}`;
    case 'tickSize':
      return `tick ${event.oldTickSize} to ${event.newTickSize}`;
    case 'resolved':
      return 'resolved';
  }
}
