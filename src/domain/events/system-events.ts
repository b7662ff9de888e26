/** Events of the engine, of reconciliation (`system:main`) and of the venue (`venue:<name>`). */
import { z } from 'zod';
import { HOLD_LEVELS } from '../risk/holds.ts';
import { LIMIT_NAMES } from '../risk/limit-levels.ts';
import { entries } from './entry.ts';
import { count, dollars, flag, milliseconds, orNull, text, timeMs, word } from './fields.ts';

const FINDING = {
  findingId: text('Follows from kind and subject: the same difference has the same id.'),
  kind: text('What differs.'),
  subject: text('What it is about: an instrument, an order, the cash.'),
  instrumentId: orNull(text('The instrument; null where it is about none.')),
  severity: word(['info', 'warning', 'critical'], '`critical`: no entries there while it is open.'),
  summary: text('One sentence for a person.'),
  openedAtMs: timeMs('Since when.'),
};

const LIMIT = {
  limit: word(LIMIT_NAMES, 'As in the configuration.'),
  subject: orNull(text('The market or event; null: the whole account.')),
  used: text('Decimal text: dollars, orders or percent, as the limit; with what was asked for.'),
  cap: text('Decimal text: the limit.'),
};

const VENUE = { venue: text('Its name.') };

const system = { since: 1, stream: 'system' } as const;
const venue = { since: 1, stream: 'venue' } as const;

export const SYSTEM_EVENTS = entries({
  'system.started': {
    ...{ ...system, priority: 9 },
    meaning: 'The engine has started and holds what it held. Entries wait for the venue.',
    payload: z.strictObject({
      restarted: flag('False: the first start on this database.'),
      venue: text('The venue it trades on.'),
      minimumReserveUsd: dollars('Cash that no order may touch.'),
      maxOpenOrders: count('An entry beyond it is denied.'),
    }),
  },
  'system.bootChecked': {
    ...{ ...system, priority: 8 },
    meaning:
      'What the boot check finds has changed. With a problem no entries are taken; a start at which all holds is not told.',
    payload: z.strictObject({
      problem: orNull(text('What is missing; null where all of it is there again.')),
    }),
  },
  'system.held': {
    ...{ ...system, priority: 9 },
    meaning:
      'Trading is held: by a person, or by the engine where a limit was met. `liquidating`: everything is being closed.',
    payload: z.strictObject({
      scope: text('`all`, `market:<id>`, `strategy:<name>` or `engine:<cause>`.'),
      level: word(HOLD_LEVELS, 'What is still sent: see risk.md.'),
      by: text('Who; `engine` by itself.'),
      reason: text('Why.'),
      untilMs: orNull(timeMs('Ends by itself then; null: until it is released.')),
    }),
  },
  'system.released': {
    ...{ ...system, priority: 9 },
    meaning: 'A hold has ended.',
    payload: z.strictObject({
      scope: text('Which one.'),
      by: text('Who; `engine` by itself.'),
      reason: text('Why.'),
    }),
  },
  'system.degraded': {
    ...{ ...system, since: 2, priority: 9 },
    meaning: 'Entries are no longer taken, for reasons of the engine itself, not of a person.',
    payload: z.strictObject({
      causes: z.array(text('One cause, in words.')).describe('All that stand against them.'),
    }),
  },
  'system.recovered': {
    ...{ ...system, since: 2, priority: 8 },
    meaning: 'The engine has nothing against entries any more.',
    payload: z.strictObject({}),
  },
  'time.drifted': {
    ...{ ...system, since: 2, priority: 9 },
    meaning: "Our clock and the venue's are too far apart: entries wait until they agree.",
    payload: z.strictObject({
      skewMs: milliseconds("The venue's less ours."),
    }),
  },
  'limit.approached': {
    ...{ ...system, since: 2, priority: 6 },
    meaning: 'From 80 % of a limit on; told once until less than 70 % was in use.',
    payload: z.strictObject(LIMIT),
  },
  'limit.breached': {
    ...{ ...system, since: 2, priority: 8 },
    meaning:
      'A limit is met, or was asked to be exceeded: what would exceed it is denied or made smaller.',
    payload: z.strictObject(LIMIT),
  },
  'override.granted': {
    ...{ ...system, priority: 8 },
    meaning: 'A person lets one order go that rules are against. Once, and not for long.',
    payload: z.strictObject({
      overrideId: text('Shown with the order that uses it up.'),
      rules: z.array(text('A rule that is set aside.')).describe('The rules that are set aside.'),
      marketId: orNull(text('Only an intent of this market.')),
      strategy: orNull(text('Only an intent of this strategy.')),
      by: text('Who.'),
      why: text('Why.'),
      untilMs: timeMs('It can no longer be used then.'),
    }),
  },
  'reconciliation.findingOpened': {
    ...{ ...system, priority: 8 },
    meaning: "Our books and the venue's differ, and it has lasted.",
    payload: z.strictObject(FINDING),
  },
  'reconciliation.findingClosed': {
    ...{ ...system, priority: 5 },
    meaning: 'The difference is gone, or a person has decided on it.',
    payload: z.strictObject({
      ...FINDING,
      as: word(['applied', 'approved', 'dismissed'], '`applied`: gone. Else a person’s word.'),
      by: text('Who.'),
      why: text('Why.'),
    }),
  },
  'venue.connected': {
    ...{ ...venue, priority: 5 },
    meaning: 'The stream of the venue stands; what was missed is being asked. Entries wait.',
    payload: z.strictObject(VENUE),
  },
  'venue.caughtUp': {
    ...{ ...venue, priority: 6 },
    meaning: 'Everything that may have been missed is taken in. Entries are taken.',
    payload: z.strictObject(VENUE),
  },
  'venue.disconnected': {
    ...{ ...venue, priority: 8 },
    meaning: 'The stream of the venue is gone. Entries wait for the next one.',
    payload: z.strictObject(VENUE),
  },
});
