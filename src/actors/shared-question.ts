/** One question for all who ask the same at the same time. */

/**
 * Each caller gets an answer that was asked for after it had called: a question under way is not
 * joined, all who come meanwhile share the next one. So at most one is under way and one waits.
 */
export function createSharedQuestion<Asked, Answer>(
  ask: (asked: readonly Asked[]) => Promise<Answer>,
): (asked: Asked) => Promise<Answer> {
  let underway: Promise<unknown> | undefined;
  let next: { readonly asked: Asked[]; readonly answer: Promise<Answer> } | undefined;

  function start(asked: readonly Asked[]): Promise<Answer> {
    const answer = ask(asked);
    const over = answer
      .catch(() => undefined)
      .then(() => {
        // Whoever waits is the next one under way.
        if (underway === over && next === undefined) underway = undefined;
      });
    underway = over;
    return answer;
  }

  return (asked) => {
    if (underway === undefined) return start([asked]);
    if (next !== undefined) {
      next.asked.push(asked);
      return next.answer;
    }
    const together = [asked];
    const answer = underway.then(() => {
      next = undefined;
      return start(together);
    });
    next = { asked: together, answer };
    return answer;
  };
}
