/** The door for exit plans: what was written down becomes a whole, frozen plan or one fault. */
import { InvalidValue } from '../faults.ts';
import { type Expectations, shapeFault } from '../shape-fault.ts';
import type { ExitLadder, ExitOffer, ExitPlan, ExitRule } from './exit-plan.ts';
import {
  EXPECTED_LEVELS,
  IS_TIMED,
  LADDER_EXPECTATIONS,
  ladderShape,
  OFFER_EXPECTATIONS,
  offerShape,
  PLAN_EXPECTATIONS,
  planShape,
  RULE_EXPECTATIONS,
  RULE_KINDS,
  RULE_SHAPES,
  type RuleKind,
} from './exit-plan-shape.ts';

/**
 * Checks a plan and fills in what it leaves out.
 *
 * @throws {InvalidValue} at a place such as `exitPlan.rules[1].price`.
 */
export function parseExitPlan(input: unknown, place = 'exitPlan'): ExitPlan {
  const parsed = planShape.safeParse(input);
  if (!parsed.success) {
    throw shapeFault(place, 'an exit plan', input, parsed.error.issues, PLAN_EXPECTATIONS);
  }
  const rules = parsed.data.rules.map((rule, index) => parseRule(rule, `${place}.rules[${index}]`));
  refuseRepeatedIds(rules, place);
  return Object.freeze({
    ...parsed.data,
    rules: Object.freeze(rules),
    ladder: parseLadder(parsed.data.ladder, `${place}.ladder`),
  });
}

function parseRule(input: unknown, place: string): ExitRule {
  const kind = kindOf(input, place);
  const parsed = RULE_SHAPES[kind].safeParse(input);
  if (!parsed.success) {
    throw shapeFault(place, `a ${kind} rule`, input, parsed.error.issues, expectationsOf(kind));
  }
  const rule: ExitRule = parsed.data;
  const { fromAgeMs, untilAgeMs } = rule;
  if (untilAgeMs !== undefined && untilAgeMs <= fromAgeMs) {
    throw new InvalidValue(`${place}.untilAgeMs`, untilAgeMs, `more than fromAgeMs (${fromAgeMs})`);
  }
  checkLevel(rule, place);
  return Object.freeze(rule);
}

function kindOf(input: unknown, place: string): RuleKind {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidValue(place, input, 'a rule object');
  }
  const value: unknown = Object.getOwnPropertyDescriptor(input, 'kind')?.value;
  const kind = RULE_KINDS.find((known) => known === value);
  if (kind !== undefined) return kind;
  throw new InvalidValue(`${place}.kind`, value, RULE_EXPECTATIONS.kind);
}

function expectationsOf(kind: RuleKind): Expectations {
  const known = new Set(Object.keys(RULE_SHAPES[kind].shape));
  return Object.fromEntries(
    Object.entries(RULE_EXPECTATIONS).filter(([field]) => known.has(field)),
  );
}

/** A rule by price has exactly one level, a rule by time has its time. */
function checkLevel(rule: ExitRule, place: string): void {
  if (rule.kind === 'timeExit') {
    if (rule.atMs !== undefined || rule.fromAgeMs > 0) return;
    throw new InvalidValue(place, 'neither', IS_TIMED);
  }
  const levels = EXPECTED_LEVELS[rule.kind];
  if (levels.length === 0) return;
  const given = levels.filter((field) => field in rule);
  if (given.length === 1) return;
  const got = given.length === 0 ? 'none' : given.join(' and ');
  throw new InvalidValue(place, got, `exactly one of ${levels.join(', ')}`);
}

function refuseRepeatedIds(rules: readonly ExitRule[], place: string): void {
  const seen = new Set<string>();
  rules.forEach(({ id }, index) => {
    if (seen.has(id)) {
      throw new InvalidValue(`${place}.rules[${index}].id`, id, 'an id that no other rule has');
    }
    seen.add(id);
  });
}

function parseLadder(input: unknown, place: string): ExitLadder {
  const parsed = ladderShape.safeParse(input);
  if (!parsed.success) {
    throw shapeFault(place, 'a ladder', input, parsed.error.issues, LADDER_EXPECTATIONS);
  }
  const offers = parsed.data.offers.map((offer, index) =>
    parseOffer(offer, `${place}.offers[${index}]`),
  );
  return Object.freeze({ ...parsed.data, offers: Object.freeze(offers) });
}

function parseOffer(input: unknown, place: string): ExitOffer {
  const parsed = offerShape.safeParse(input);
  if (!parsed.success) {
    throw shapeFault(place, 'an offer', input, parsed.error.issues, OFFER_EXPECTATIONS);
  }
  const offer = parsed.data;
  if (offer.kind === 'limit' || (offer.ticksAboveBid === 0 && !offer.postOnly)) {
    return Object.freeze(offer);
  }
  const field = offer.postOnly ? 'postOnly' : 'ticksAboveBid';
  const expected = `nothing with ${offer.kind}: only a limit rests above the bid`;
  throw new InvalidValue(`${place}.${field}`, offer[field], expected);
}
