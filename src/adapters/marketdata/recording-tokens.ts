/** Which instruments a recording holds: learned from its own messages. */
import { createHash } from 'node:crypto';
import type { DecimalText } from '../../domain/decimal.ts';
import { InvalidValue } from '../../domain/faults.ts';
import {
  type FeeSchedule,
  type Instrument,
  instrumentId,
  type Outcome,
} from '../../domain/instrument.ts';
import type { WireMessage } from './polymarket-wire.ts';

/** What the market channel does not say of a market. */
export interface RecordingDefaults {
  readonly tickSize: DecimalText;
  readonly minimumOrderSize: DecimalText;
  readonly fees: FeeSchedule;
  readonly takerDelayMs: number;
  readonly negRisk: boolean;
}

export interface TokenDiscoveryOptions {
  readonly venue: string;
  readonly defaults: RecordingDefaults;
  readonly outcomes?: Readonly<Record<string, Outcome>>;
}

const OUTCOMES: readonly Outcome[] = ['YES', 'NO'];

/**
 * Names the tokens of a recording: in each market the first token seen is YES and the second NO,
 * unless `outcomes` tells. A third token has no place and is refused.
 */
export class TokenDiscovery {
  readonly #options: TokenDiscoveryOptions;
  /** Tokens by the market id of the wire, in order of appearance. */
  readonly #markets = new Map<string, string[]>();
  /** Recordings of 2025 leave the market empty: its name is made of its tokens. */
  #namelessId: string | undefined;

  constructor(options: TokenDiscoveryOptions) {
    this.#options = options;
  }

  /** Notes the tokens of a message. Called for the head of the file, before `instruments`. */
  note(message: WireMessage): void {
    for (const tokenId of tokensOf(message)) {
      if (message.type !== 'ignored') this.#place(tokenId, message.marketId);
    }
  }

  /** True when each market that was noted has both its tokens. */
  complete(): boolean {
    return this.#markets.size > 0 && [...this.#markets.values()].every((ids) => ids.length === 2);
  }

  /** @throws {InvalidValue} when `outcomes` gives both tokens of a market the same outcome. */
  instruments(): readonly Instrument[] {
    const nameless = this.#markets.get('');
    if (nameless !== undefined) this.#namelessId ??= namelessMarketId(nameless);
    return [...this.#markets].flatMap(([marketId, ids]) => {
      const built = ids.map((id) => this.#instrument(id, marketId));
      if (built.length === 2 && built[0]?.outcome === built[1]?.outcome) {
        throw new InvalidValue('recording.outcomes', ids, 'one YES and one NO in a market');
      }
      return built;
    });
  }

  /** The instrument of a token met later in the file; undefined when its market is complete. */
  late(tokenId: string, marketId: string): Instrument | undefined {
    if (!this.#place(tokenId, marketId)) return undefined;
    return this.instruments().find((instrument) => instrument.tokenId === tokenId);
  }

  #place(tokenId: string, marketId: string): boolean {
    const ids = this.#markets.get(marketId) ?? [];
    if (ids.includes(tokenId)) return true;
    if (ids.length >= 2) return false;
    this.#markets.set(marketId, [...ids, tokenId]);
    return true;
  }

  #instrument(tokenId: string, wireMarketId: string): Instrument {
    const { venue, defaults } = this.#options;
    const marketId = wireMarketId === '' ? (this.#namelessId ?? '') : wireMarketId;
    const outcome = this.#outcome(tokenId, wireMarketId);
    return {
      ...defaults,
      id: instrumentId(venue, marketId, outcome),
      venue,
      marketId,
      tokenId,
      outcome,
    };
  }

  /** As told; else what the market's other token is not; else by order of appearance. */
  #outcome(tokenId: string, wireMarketId: string): Outcome {
    const told = this.#options.outcomes ?? {};
    const own = told[tokenId];
    if (own !== undefined) return own;
    const ids = this.#markets.get(wireMarketId) ?? [];
    const other = ids.find((id) => id !== tokenId);
    const others = other === undefined ? undefined : told[other];
    if (others !== undefined) return others === 'YES' ? 'NO' : 'YES';
    return OUTCOMES[ids.indexOf(tokenId)] ?? 'YES';
  }
}

function tokensOf(message: WireMessage): readonly string[] {
  if (message.type === 'ignored') return [];
  if (message.type === 'priceChange') return message.changes.map((change) => change.tokenId);
  return [message.tokenId];
}

/** The same tokens give the same name, in whatever order they appear. */
function namelessMarketId(tokenIds: readonly string[]): string {
  const digest = createHash('sha1')
    .update([...tokenIds].sort().join('/'))
    .digest('hex');
  return `recording-${digest.slice(0, 12)}`;
}
