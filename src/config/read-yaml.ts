/**
 * YAML to plain values without a float on the way: whole numbers become numbers, every other number
 * keeps the text that was written, so that `0.95` reaches a decimal as `0.95`.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { FillwrightFault } from '../domain/faults.ts';

/** A configuration is a page; anything far above that is another file. */
const MAX_LENGTH = 1_000_000;
/** Deeper nesting has no meaning here. */
const MAX_DEPTH = 20;
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

export interface YamlFile {
  readonly value: unknown;
  /** Line, from 1, of the deepest part of `path` that is written down; undefined for none. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** @throws {FillwrightFault} `invalid_config` with every syntax error and its line. */
export function readYaml(source: string, place: string): YamlFile {
  if (source.length > MAX_LENGTH) {
    throw invalidConfig([
      `${place}: got ${source.length} characters, expected at most ${MAX_LENGTH}`,
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw invalidConfig(faults.map((fault) => describe(fault, place, lines)));
  }
  const value = toPlain(document.contents, source, 0, (node, expected) => {
    const { line } = lines.linePos(node.range?.[0] ?? 0);
    return invalidConfig([`${place}:${line}: expected ${expected}`]);
  });
  return {
    value: value ?? {},
    lineOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true);
        const range = isScalar(node) || isCollection(node) ? node.range : undefined;
        if (range) return lines.linePos(range[0]).line;
      }
      return undefined;
    },
  };
}

/** All problems of one configuration in one fault, a line each. */
export function invalidConfig(
  problems: readonly string[],
  options?: ErrorOptions,
): FillwrightFault {
  return new FillwrightFault('invalid_config', problems.join('\n'), { problems }, options);
}

function describe(fault: YAMLError, place: string, lines: LineCounter): string {
  return `${place}:${lines.linePos(fault.pos[0]).line}: ${fault.message}`;
}

type Refuse = (node: Node, expected: string) => Error;

function toPlain(node: unknown, source: string, depth: number, refuse: Refuse): unknown {
  if (isAlias(node)) throw refuse(node, 'the value itself: references are not read here');
  if (isCollection(node) && depth >= MAX_DEPTH) {
    throw refuse(node, `at most ${MAX_DEPTH} levels of sections`);
  }
  if (isMap(node)) {
    const entries = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      // A key such as 0x12ab is an id and stays as it was written.
      const name = isScalar(key) ? written(key, source) : String(key);
      // To YAML, 0x12ab and "0x12ab" are two keys: the second would win without a word.
      if (entries.has(name)) throw refuse(isScalar(key) ? key : node, `the key ${name} once`);
      entries.set(name, toPlain(value, source, depth + 1, refuse));
    }
    return Object.fromEntries(entries);
  }
  if (isSeq(node)) return node.items.map((item) => toPlain(item, source, depth + 1, refuse));
  if (!isScalar(node)) return undefined;
  if (typeof node.value !== 'number') return node.value ?? undefined;
  const text = written(node, source);
  return WHOLE_NUMBER.test(text) && Number.isSafeInteger(node.value) ? node.value : text;
}

function written(node: { source?: string; value: unknown; range?: unknown }, source: string) {
  if (node.source !== undefined) return node.source;
  const [start, end] = Array.isArray(node.range) ? node.range : [0, 0];
  return source.slice(Number(start), Number(end)) || String(node.value);
}
