/** Runs what it is sent, one run at a time. Started by the pool. */

import type { Answer, Task } from './pool.ts';
import { simulate } from './simulation.ts';

process.on('message', (task: Task) => {
  void simulate(task.options).then((outcome) => {
    const answer: Answer = { id: task.id, outcome };
    process.send?.(answer);
  });
});
