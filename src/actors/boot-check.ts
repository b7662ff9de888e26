/**
 * What must hold after a restart before new entries are taken: every row is an actor, the venue and we
 * have the same orders, everything that is not finished wakes up again, and what is held back is what
 * the orders hold. Pure: facts in, problems out. A check more is a function more in `BOOT_CHECKS`.
 */
import { plus } from '../domain/exact.ts';
import { type ExecutionState, isExecutionOver } from '../machines/order.status.ts';

export interface BootOrder {
  readonly actorId: string;
  readonly execution: ExecutionState;
  /** The venue has shown that it has it. */
  readonly acknowledged: boolean;
  /** Calls and waits of its own that are under way. */
  readonly effects: readonly string[];
  /** Fills of it are not final, or legs that the venue has told of are missing. */
  readonly waitsForSettlement: boolean;
  /** It threw too often: nothing reaches it any more. */
  readonly isSetAside: boolean;
  readonly instrumentId: string;
  readonly reservedUsd: string;
  readonly reservedShares: string;
  /** The venue lists it as open, or says so of it by its id. */
  readonly isAtVenue: boolean;
  /** Why the venue need not list it now; null: it must. */
  readonly notListedBecause: string | null;
}

export interface BootPosition {
  readonly actorId: string;
  readonly instrumentId: string;
  /** Signed shares. */
  readonly size: string;
  readonly reservedShares: string;
  /** It is open, a plan is configured, and it has no exit. */
  readonly lacksExit: boolean;
}

/** An order that the venue lists as open. */
export interface ListedOrder {
  readonly venueOrderId: string;
  /** Our order of that id, by what was committed before it was sent; null: we never made it. */
  readonly clientOrderId: string | null;
  /** Where our order stands; null: it has no actor. */
  readonly execution: ExecutionState | null;
  /** Why it need not be alive here; null: it must be. */
  readonly explained: string | null;
}

/** The exit of one position. */
export interface BootExit {
  readonly actorId: string;
  /** Nothing is to be done: the position was left, or exits are suspended. */
  readonly rests: boolean;
  /** Calls and waits of its own that are under way. */
  readonly effects: readonly string[];
  readonly isSetAside: boolean;
}

export interface BootFacts {
  /** Ids of the rows of live actors, and of the actors that were made of them. */
  readonly rows: readonly string[];
  readonly restored: readonly string[];
  /** Orders in memory that are not closed. */
  readonly orders: readonly BootOrder[];
  readonly positions: readonly BootPosition[];
  readonly exits: readonly BootExit[];
  /** What the account holds back for orders. */
  readonly reservedUsd: string;
  readonly listed: readonly ListedOrder[];
  /** When the books are compared with the venue's next; undefined: never. */
  readonly comparesAtMs: number | undefined;
  /** When something is done next about fills that are not final; undefined: never. */
  readonly settlesAtMs: number | undefined;
}

export interface BootProblem {
  readonly check: string;
  /** The actor, or the id at the venue where there is none. */
  readonly actorId: string;
  readonly message: string;
}

export type BootCheck = (facts: BootFacts) => readonly BootProblem[];

export interface BootReport {
  readonly ok: boolean;
  readonly counts: {
    readonly rows: number;
    readonly actors: number;
    readonly orders: number;
    readonly positions: number;
    /** Open orders at the venue, and those of them that are not ours or have been explained. */
    readonly listed: number;
    readonly explained: number;
  };
  /** The first ones; `problemCount` is of all. */
  readonly problems: readonly BootProblem[];
  readonly problemCount: number;
  /** Orders at the venue that are not live orders of ours, with the reason; the first ones. */
  readonly explained: readonly { readonly venueOrderId: string; readonly why: string }[];
}

/** Problems and explanations in a report: a person reads these, the rest is counted. */
export const MAX_REPORTED = 50;

export function checkBoot(
  facts: BootFacts,
  checks: readonly BootCheck[] = BOOT_CHECKS,
): BootReport {
  const problems = checks.flatMap((check) => check(facts));
  const explained = facts.listed.flatMap(({ venueOrderId, clientOrderId, explained: why }) => {
    if (clientOrderId === null)
      return [{ venueOrderId, why: why ?? 'not an order of this engine' }];
    return why === null ? [] : [{ venueOrderId, why }];
  });
  return {
    ok: problems.length === 0,
    counts: {
      rows: facts.rows.length,
      actors: facts.restored.length,
      orders: facts.orders.length,
      positions: facts.positions.length,
      listed: facts.listed.length,
      explained: explained.length,
    },
    problems: problems.slice(0, MAX_REPORTED),
    problemCount: problems.length,
    explained: explained.slice(0, MAX_REPORTED),
  };
}

/** Every row of a live actor is an actor in memory, and there are no others. */
const rowsAreActors: BootCheck = ({ rows, restored }) => {
  const check = 'rows';
  const [read, made] = [new Set(rows), new Set(restored)];
  const twice = rows.length - read.size;
  return [
    ...rows
      .filter((actorId) => !made.has(actorId))
      .map((actorId) => ({ check, actorId, message: `${actorId} has a row and no actor.` })),
    ...restored
      .filter((actorId) => !read.has(actorId))
      .map((actorId) => ({ check, actorId, message: `${actorId} has an actor and no row.` })),
    ...(twice === 0
      ? []
      : [{ check, actorId: '', message: `${twice} row(s) of live actors were read twice.` }]),
  ];
};

/** The venue's open orders are orders that live here, or it is known why not. */
const listedOrdersLiveHere: BootCheck = ({ listed }) =>
  listed
    .filter(({ clientOrderId, explained }) => clientOrderId !== null && explained === null)
    .filter(({ execution }) => execution === null || isExecutionOver(execution))
    .map(({ venueOrderId, clientOrderId, execution }) => ({
      check: 'venue',
      actorId: `order:${clientOrderId}`,
      message:
        execution === null
          ? `The venue lists ${venueOrderId} as open: order ${clientOrderId} was prepared here and has no actor.`
          : `The venue lists ${venueOrderId} as open: order ${clientOrderId} is ${execution} here.`,
    }));

/** Our orders that the venue has taken are open there, or it is being asked about them. */
const ourOrdersAreListed: BootCheck = ({ orders }) =>
  orders
    .filter(({ acknowledged, execution }) => acknowledged && !isExecutionOver(execution))
    .filter(({ isAtVenue, notListedBecause }) => !isAtVenue && notListedBecause === null)
    .map(({ actorId, execution }) => ({
      check: 'venue',
      actorId,
      message: `${actorId} is ${execution} here, and the venue does not list it.`,
    }));

/** What makes an order go on by itself, in words; undefined: nothing does. */
export function wakeUpOf(
  order: BootOrder,
  { comparesAtMs, settlesAtMs }: Pick<BootFacts, 'comparesAtMs' | 'settlesAtMs'>,
): string | undefined {
  const { execution, effects, isSetAside, waitsForSettlement } = order;
  if (isSetAside) return undefined;
  if (effects.length > 0) return effects.join(', ');
  if (isExecutionOver(execution)) {
    return waitsForSettlement && settlesAtMs !== undefined ? 'the settlement watch' : undefined;
  }
  if (!execution.startsWith('working')) return undefined;
  return comparesAtMs === undefined ? undefined : 'the comparison with the venue';
}

/** Nothing waits for a word that nobody would ever ask for. */
const everyOrderWakes: BootCheck = (facts) =>
  facts.orders
    .filter((order) => wakeUpOf(order, facts) === undefined)
    .map(({ actorId, execution, isSetAside }) => ({
      check: 'wake-up',
      actorId,
      message: isSetAside
        ? `${actorId} is ${execution} and set aside: it threw too often.`
        : `${actorId} is ${execution} and waits for nothing that will come.`,
    }));

/** What the account and the positions hold back is what the orders hold: no order is missing. */
const reservationsAddUp: BootCheck = ({ orders, positions, reservedUsd }) => {
  let usd = '0';
  const shares = new Map<string, string>();
  for (const order of orders) {
    usd = plus(usd, order.reservedUsd);
    const before = shares.get(order.instrumentId) ?? '0';
    shares.set(order.instrumentId, plus(before, order.reservedShares));
  }
  const check = 'reservations';
  return [
    ...(usd === reservedUsd
      ? []
      : [
          {
            check,
            actorId: 'account',
            message: `The account holds back ${reservedUsd} dollars, its orders ${usd}.`,
          },
        ]),
    ...positions
      .filter(({ instrumentId, reservedShares }) => {
        return reservedShares !== (shares.get(instrumentId) ?? '0');
      })
      .map(({ actorId, instrumentId, reservedShares }) => ({
        check,
        actorId,
        message: `${actorId} holds back ${reservedShares} shares, its orders ${shares.get(instrumentId) ?? '0'}.`,
      })),
  ];
};

/** In the order in which a person would look. */
/** An open position has its exit plan, where there is one; and what is to be left is watched. */
const exitsWatch: BootCheck = ({ positions, exits }) => [
  ...positions
    .filter(({ lacksExit }) => lacksExit)
    .map(({ actorId }) => ({
      ...{ check: 'exits', actorId },
      message: `${actorId} is open and has no exit, although a plan is configured.`,
    })),
  ...exits
    .filter(({ rests, effects, isSetAside }) => isSetAside || (!rests && effects.length === 0))
    .map(({ actorId, isSetAside }) => ({
      ...{ check: 'exits', actorId },
      message: isSetAside
        ? `${actorId} has thrown too often: nothing leaves its position until the next start.`
        : `${actorId} waits for nothing: it would never look at its plan again.`,
    })),
];

export const BOOT_CHECKS: readonly BootCheck[] = [
  rowsAreActors,
  listedOrdersLiveHere,
  ourOrdersAreListed,
  everyOrderWakes,
  reservationsAddUp,
  exitsWatch,
];
