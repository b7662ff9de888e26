/** Which orders a cancel is for. */
import { InvalidValue } from '../domain/faults.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { checkTexts } from './checks.ts';
import type { CancelFilter } from './trading-api.ts';

export function matchesFilter(
  { intent, instrument }: Pick<OrderContext, 'intent' | 'instrument'>,
  filter: CancelFilter,
): boolean {
  return (
    (filter.strategy === undefined || intent.strategy === filter.strategy) &&
    (filter.marketId === undefined || instrument.marketId === filter.marketId) &&
    (filter.instrumentId === undefined || instrument.id === filter.instrumentId) &&
    (filter.side === undefined || intent.side === filter.side)
  );
}

const FILTER_FIELDS: ReadonlySet<string> = new Set<keyof CancelFilter>([
  'strategy',
  'marketId',
  'instrumentId',
  'side',
]);

/** A misspelt filter must not cancel everything. @throws {InvalidValue} */
export function checkFilter(filter: unknown): void {
  if (typeof filter !== 'object' || filter === null) {
    throw new InvalidValue('filter', filter, 'an object, {} for every order');
  }
  for (const [field, value] of Object.entries(filter)) {
    if (!FILTER_FIELDS.has(field)) {
      throw new InvalidValue(`filter.${field}`, value, `only ${[...FILTER_FIELDS].join(', ')}`);
    }
    checkTexts({ [`filter.${field}`]: value });
  }
  const side: unknown = 'side' in filter ? filter.side : undefined;
  if (side === undefined || side === 'BUY' || side === 'SELL') return;
  throw new InvalidValue('filter.side', side, 'BUY or SELL');
}
