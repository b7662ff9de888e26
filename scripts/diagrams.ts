/**
 * Writes docs/machines/<machine>.mmd: each machine as a Mermaid state diagram, made from the
 * machine itself. With `--check` it writes nothing and fails where a file is not what the machine
 * says now. The same machine always gives the same text.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { accountMachine } from '../src/machines/account.machine.ts';
import { exitMachine } from '../src/machines/exit.machine.ts';
import { orderMachine } from '../src/machines/order.machine.ts';
import { positionMachine } from '../src/machines/position.machine.ts';
import { systemMachine } from '../src/machines/system.machine.ts';
import { venueMachine } from '../src/machines/venue.machine.ts';

const MACHINES: readonly AnyStateMachine[] = [
  orderMachine,
  positionMachine,
  accountMachine,
  venueMachine,
  systemMachine,
  exitMachine,
];

/** Mermaid names: letters and underscores. */
function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? node.key : node.path.join('_');
}

function blockOf(node: AnyStateNode, indent: string): string[] {
  const children = Object.values(node.states);
  const lines: string[] = [];
  for (const child of children) {
    if (Object.keys(child.states).length === 0) {
      lines.push(`${indent}state "${child.key}" as ${nameOf(child)}`);
    } else {
      lines.push(`${indent}state "${child.key}" as ${nameOf(child)} {`);
      lines.push(...blockOf(child, `${indent}  `));
      lines.push(`${indent}}`);
    }
    for (const invoked of child.invoke) {
      lines.push(`${indent}${nameOf(child)} : invokes ${String(invoked.src)}`);
    }
  }
  // Regions stand beside each other: Mermaid's divider cannot carry arrows between inner states.
  const initial = node.type === 'parallel' ? undefined : node.initial?.target?.[0];
  if (initial !== undefined) lines.push(`${indent}[*] --> ${nameOf(initial)}`);
  return lines;
}

/** Arrows between two states carry all their events, one a line. */
function arrowsOf(node: AnyStateNode): string[] {
  const labels = new Map<string, string[]>();
  const add = (target: AnyStateNode, label: string) => {
    const arrow = `${nameOf(node)} --> ${nameOf(target)}`;
    labels.set(arrow, [...(labels.get(arrow) ?? []), label]);
  };
  const always = node.always ?? [];
  for (const transition of [...node.transitions.values(), always].flat()) {
    const event = transition.eventType === '' ? 'always' : transition.eventType;
    const guard = typeof transition.guard === 'string' ? ` [${transition.guard}]` : '';
    for (const target of transition.target ?? []) add(target, `${event}${guard}`);
  }
  const own = [...labels].map(([arrow, events]) => `  ${arrow} : ${events.join('<br/>')}`);
  return [...own, ...Object.values(node.states).flatMap(arrowsOf)];
}

function diagramOf(machine: AnyStateMachine): string {
  return [
    `%% The ${machine.id} machine. Made by \`npm run diagrams\` from src/machines/${machine.id}.machine.ts: do not edit.`,
    'stateDiagram-v2',
    ...blockOf(machine.root, '  '),
    ...arrowsOf(machine.root),
    '',
  ].join('\n');
}

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const machine of MACHINES) {
  const path = join('docs', 'machines', `${machine.id}.mmd`);
  const text = diagramOf(machine);
  if (!check) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) stale.push(path);
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run \`npm run diagrams\` and commit the result.`);
  process.exitCode = 1;
} else {
  console.log(`${MACHINES.length} diagrams ${check ? 'are up to date' : 'written'}.`);
}
