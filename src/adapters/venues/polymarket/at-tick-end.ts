/**
 * `work` once, after everything that goes on without waiting, however often it was asked for: what
 * one commit releases goes together.
 */
export function atTickEnd(work: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    process.nextTick(() => {
      isAsked = false;
      work();
    });
  };
}
