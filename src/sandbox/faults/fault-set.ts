/** The fault rules that are in force, and how often each has struck. */
import type { Clock, Random } from '../../actors/ports.ts';
import { readOptions } from '../../config/options.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import {
  type FaultInput,
  type FaultKind,
  type FaultRule,
  faultRule,
  type RuleOf,
} from './rules.ts';

/** Every request is compared with every rule; more is a mistake of whoever adds them. */
const MOST_RULES = 1_000;

/** What is happening, to be compared with the rules. */
export interface Situation {
  /** `POST /order`, and the group that it belongs to. */
  readonly route?: string;
  readonly group?: string;
  /** `user.trade`, `market.book` … */
  readonly frame?: string;
  readonly conditionIds?: readonly string[];
  /** Which orders it is about, as numbered by their posting. */
  readonly orders?: readonly number[];
}

export interface FaultHandle {
  readonly id: string;
  readonly rule: FaultRule;
  /** How often it has struck. */
  readonly hits: number;
  remove(): void;
}

/** A rule that strikes, and since when it is in force. */
export interface Strike<Kind extends FaultKind> {
  readonly rule: RuleOf<Kind>;
  readonly sinceMs: number;
}

export interface Faults {
  /** @throws {InvalidValue} for a rule that makes no sense, or for one rule too many. */
  add(rule: FaultInput): FaultHandle;
  /** The same for a rule from outside. */
  read(rule: unknown): FaultHandle;
  list(): readonly FaultHandle[];
  clear(): void;
  /** The first rule of these kinds that strikes now. Counts as a hit. */
  strike<Kind extends FaultKind>(
    kinds: readonly Kind[],
    situation: Situation,
  ): Strike<Kind> | undefined;
}

export interface FaultSetOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The condition id of a market that a rule names. @throws {InvalidValue} for an unknown one. */
  readonly conditionOf: (name: string, place: string) => string;
}

interface Held {
  readonly id: string;
  readonly rule: FaultRule;
  readonly conditionId: string | undefined;
  readonly addedAtMs: number;
  matches: number;
  hits: number;
}

export function createFaultSet({ clock, random, conditionOf }: FaultSetOptions): Faults {
  const held = new Map<string, Held>();
  let added = 0;

  function read(input: unknown): FaultHandle {
    const rule = readOptions(faultRule, input);
    if (held.size >= MOST_RULES) {
      throw new FillwrightFault('overloaded', `There are ${MOST_RULES} fault rules already.`);
    }
    added += 1;
    const fault: Held = {
      id: String(added),
      rule,
      conditionId:
        rule.market === undefined ? undefined : conditionOf(rule.market, 'options.market'),
      addedAtMs: clock.now(),
      matches: 0,
      hits: 0,
    };
    held.set(fault.id, fault);
    return handleOf(fault);
  }

  function handleOf(fault: Held): FaultHandle {
    return {
      id: fault.id,
      rule: fault.rule,
      get hits() {
        return fault.hits;
      },
      remove: () => void held.delete(fault.id),
    };
  }

  function strikes(fault: Held, situation: Situation): boolean {
    const { rule } = fault;
    const sinceMs = clock.now() - fault.addedAtMs - rule.fromMs;
    const forMs = rule.kind === 'restart' ? rule.downForMs + rule.postOnlyForMs : rule.forMs;
    if (sinceMs < 0 || (forMs !== undefined && sinceMs >= forMs)) return false;
    if (rule.count !== undefined && fault.hits >= rule.count) return false;
    if (!concerns(fault, situation)) return false;
    fault.matches += 1;
    if (fault.matches <= rule.skip) return false;
    return rule.probability >= 1 || random() < rule.probability;
  }

  return {
    add: read,
    read,
    list: () => [...held.values()].map(handleOf),
    clear: () => held.clear(),
    strike<Kind extends FaultKind>(kinds: readonly Kind[], situation: Situation) {
      for (const fault of held.values()) {
        if (!isOf(fault.rule, kinds) || !strikes(fault, situation)) continue;
        fault.hits += 1;
        return { rule: fault.rule, sinceMs: fault.addedAtMs + fault.rule.fromMs };
      }
      return undefined;
    },
  };
}

function isOf<Kind extends FaultKind>(
  rule: FaultRule,
  kinds: readonly Kind[],
): rule is RuleOf<Kind> {
  return kinds.some((kind) => kind === rule.kind);
}

function concerns({ rule, conditionId }: Held, situation: Situation): boolean {
  if ('route' in rule) {
    const { route, group } = situation;
    if (rule.route !== 'any' && rule.route !== route && rule.route !== group) return false;
  }
  if ('frame' in rule) {
    const [channel = ''] = (situation.frame ?? '').split('.');
    const named = [situation.frame, `${channel}.any`, 'any'];
    if (!named.includes(rule.frame)) return false;
  }
  if (conditionId !== undefined && situation.conditionIds?.includes(conditionId) !== true) {
    return false;
  }
  return rule.order === undefined || situation.orders?.includes(rule.order) === true;
}
