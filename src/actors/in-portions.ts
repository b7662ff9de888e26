/** Much of the same, so that nothing else waits for all of it. */
import { setImmediate as nextTick } from 'node:timers/promises';

/**
 * Begins the work for each item, `size` of them at once; whatever else is due has the thread in between.
 * The results are in the order of the items.
 * @throws what the first one throws that cannot be done; the others go on.
 */
export async function inPortions<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const begun: Promise<Result>[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % size === 0) await nextTick();
    const one = work(item);
    // It is looked at below; until then nobody is to think that it was forgotten.
    one.catch(() => undefined);
    begun.push(one);
  }
  return Promise.all(begun);
}
