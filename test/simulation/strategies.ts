/** A strategy that trades on what it is told, for the runner and its flags. */
import type { Strategy, StrategyIntent } from '../../src/actors/strategy.ts';
import type { Chance } from './chances.ts';

export function createQuoter(chance: Chance): Strategy {
  return {
    name: 'quoter',
    timerMs: 9_000,
    onTimer(context) {
      const instruments = context.instruments();
      if (instruments.length === 0 || chance.hits(0.4)) return undefined;
      const { id } = chance.pick(instruments);
      const book = context.book(id);
      const price = book?.bids[0]?.price;
      if (price === undefined || context.isPending(id, 'BUY')) return undefined;
      const intent: StrategyIntent = {
        ...{ instrument: id, side: 'BUY', price, size: String(chance.between(5, 15)) },
        postOnly: chance.hits(0.5),
        priority: chance.between(0, 3),
      };
      return [intent];
    },
    onFill({ leg, effect }, context) {
      if (effect !== 'settled' || leg.side !== 'BUY' || !chance.hits(0.5)) return undefined;
      const { id = '' } = context.instruments().find((one) => one.id === leg.instrumentId) ?? {};
      const price = context.book(id)?.asks[0]?.price;
      if (price === undefined || context.isPending(id, 'SELL')) return undefined;
      return [{ instrument: id, side: 'SELL', price, size: leg.size }];
    },
    onOrder(order, context) {
      const isResting = order.status === 'PLACED' || order.status === 'PARTIAL_FILL';
      if (isResting && chance.hits(0.2))
        void context.cancel(order.clientOrderId).catch(() => undefined);
      return undefined;
    },
  };
}
