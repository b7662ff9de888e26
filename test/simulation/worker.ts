/** Runs what it is sent, one run at a time. Started by the pool. */

import type { Answer, Task } from './pool.ts';
import { simulate } from './simulation.ts';

process.on('message', (task: Task) => {
  void simulate(task.options).then((outcome) => {
    const answer: Answer = { id: task.id, outcome };
    // A parent that has just gone hears nothing, and nobody else wants to.
    process.send?.(answer, undefined, undefined, () => undefined);
  });
});

// Without its parent there is nobody to run for.
process.on('disconnect', () => process.exit());
