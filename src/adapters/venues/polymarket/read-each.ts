/** Reads of one kind for many things. */

/** Leaves most connections to orders and cancels. */
const READS_AT_ONCE = 4;

/** Calls `read` for every item, four at a time. Rejects with the first fault. */
export async function readEach<Item>(
  items: readonly Item[],
  read: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await read(item);
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker));
}
