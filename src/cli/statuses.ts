/** Which public statuses mean that an order may still be filled. */
const OPEN: ReadonlySet<string> = new Set(['PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN']);

export function isOpenStatus(status: string): boolean {
  return OPEN.has(status);
}
