/** The other half of person.ts, in the engine's process: says of unknown orders what the person says. */
import { existsSync, readFileSync } from 'node:fs';
import type { StrategyContext } from '../../src/actors/strategy.ts';

/** Settles the orders that the file names, a line each, as never taken; each of them once. */
export function createSettling(path: string): (context: StrategyContext) => void {
  const settled = new Set<string>();
  return (context) => {
    if (!existsSync(path)) return;
    for (const orderId of readFileSync(path, 'utf8').split('\n')) {
      if (orderId === '' || settled.has(orderId)) continue;
      settled.add(orderId);
      const reason = 'the exchange has no such order, by its own ledger';
      context
        .send({ type: 'order.settleUnknown', orderId, by: 'chaos', reason })
        .catch(() => settled.delete(orderId));
    }
  };
}
