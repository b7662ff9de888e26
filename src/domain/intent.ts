/** What a strategy asks for, before it is an order. */
import type { DecimalText } from './decimal.ts';
import type { InstrumentId, Side } from './instrument.ts';

/** GTC rests; GTD rests until `expiresAtMs`; FOK fills whole or not at all; FAK fills what it can. */
export type TimeInForce = 'GTC' | 'GTD' | 'FOK' | 'FAK';

/**
 * A checked intent. Decimal text everywhere; built only by `parseIntent` or `intentFromSignal`.
 * Exactly one of `size` (shares) and `amountUsd` (dollars, market BUY only) is present.
 */
export interface Intent {
  /** Idempotency key, unique for ever: the same key is the same order. 1 to 200 characters. */
  readonly key: string;
  readonly strategy: string;
  readonly instrumentId: InstrumentId;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  /** Limit price; for a market order the worst acceptable price. */
  readonly price: DecimalText;
  readonly size?: DecimalText;
  readonly amountUsd?: DecimalText;
  readonly timeInForce: TimeInForce;
  /** GTD only: milliseconds since 1970 UTC. */
  readonly expiresAtMs?: number;
  readonly postOnly: boolean;
  /** Higher goes first where several wait. */
  readonly priority: number;
  /** Why, for a person to read. */
  readonly reason: string;
  /** BUY only: the budget whose dollars it uses, and no others. */
  readonly budget?: string;
}

/** How the names of the engine's own strategies begin: nobody else may use them. */
export const OWN_STRATEGIES = 'fillwright.';
