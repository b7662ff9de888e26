/** Lists that are kept in order: their first and last items are there without looking. */

/** Below zero where `a` comes first, 0 for the same. */
export type Order<T> = (a: T, b: T) => number;

export function insertSorted<T>(list: T[], item: T, order: Order<T>): void {
  const last = list.at(-1);
  // Names are made in order, so nearly every one is the last.
  if (last === undefined || order(last, item) < 0) list.push(item);
  else list.splice(placeOf(list, item, order), 0, item);
}

export function removeSorted<T>(list: T[], item: T, order: Order<T>): void {
  const index = placeOf(list, item, order);
  const found = list[index];
  if (found !== undefined && order(found, item) === 0) list.splice(index, 1);
}

/** Where the item is, or would be: the first place that nothing before it comes after. */
export function placeOf<T>(list: readonly T[], item: T, order: Order<T>): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(list[middle] as T, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
