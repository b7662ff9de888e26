/**
 * A second bookkeeper that knows nothing of the machines: positions, cash and fees added up from the
 * fill legs and the ledger alone, by the server, and held against what the tables say.
 */
import { type Kysely, sql } from 'kysely';

/** Differences that are named for one rule. */
const MAX_NAMED = 100;

export interface BookDifference {
  readonly table: string;
  readonly key: string;
  /** The column, or the field of a snapshot. */
  readonly column: string;
  readonly have: string | null;
  readonly expected: string | null;
  /** The rule that is broken. */
  readonly rule: string;
}

interface Rule {
  readonly rule: string;
  readonly table: string;
  readonly column: string;
  /** Over the rows of the rule's `books`. */
  readonly have: string;
  readonly expected: string;
}

/** `books`: a row for each thing that the rules speak of, its name in `key`. */
interface Books {
  readonly books: (schema: string) => string;
  readonly rules: readonly Rule[];
}

/** Legs that count: of a known order, and not failed. */
const legs = (schema: string) => `legs as (
  select instrument_id, client_order_id, leg_key, fee_usd, size, settlement, side,
    case side when 'BUY' then size else -size end as shares,
    case side when 'BUY' then -price * size else price * size end as flow
  from ${schema}.fill_legs where client_order_id is not null and settlement <> 'failed'
)`;

const POSITIONS: Books = {
  books: (schema) => `${legs(schema)}, held as (
    select instrument_id, sum(shares) as size, sum(flow) as flow, sum(fee_usd) as fees,
      greatest(0, coalesce(sum(size) filter (where side = 'BUY' and settlement = 'confirmed'), 0)
        - coalesce(sum(size) filter (where side = 'SELL'), 0)) as sellable
    from legs group by instrument_id
  ), reserved as (
    select instrument_id, sum(reserved_shares) as shares from ${schema}.orders group by 1
  ), books as (
    select coalesce(p.instrument_id, h.instrument_id) as key,
      coalesce(p.size, 0) as size,
      case when p.payout is null then coalesce(h.size, 0)
        when floor((coalesce(h.size, 0) - p.redeemed_size) * p.payout * 1000000) = 0 then 0
        else coalesce(h.size, 0) - p.redeemed_size end as legs_size,
      coalesce(p.redeemable_usd, 0) as redeemable,
      case when p.payout is null then 0
        else floor((coalesce(h.size, 0) - p.redeemed_size) * p.payout * 1000000) / 1000000
        end as legs_redeemable,
      coalesce(p.fees_usd, 0) as fees, coalesce(h.fees, 0) as legs_fees,
      coalesce(p.sellable_size, 0) as sellable,
      case when p.payout is null then coalesce(h.sellable, 0) else 0 end as legs_sellable,
      coalesce(p.realized_pnl - p.cost_basis - p.redeemed_usd - p.redeemable_usd, 0) as flow,
      coalesce(h.flow, 0) as legs_flow,
      coalesce(p.reserved_shares, 0) as reserved, coalesce(r.shares, 0) as orders_reserved
    from ${schema}.positions p full join held h on h.instrument_id = p.instrument_id
      left join reserved r on r.instrument_id = coalesce(p.instrument_id, h.instrument_id)
  )`,
  rules: [
    ['size', 'size', 'legs_size', 'shares of the legs that are not redeemed or lost'],
    [
      'redeemable_usd',
      'redeemable',
      'legs_redeemable',
      'shares of the legs x payout, not redeemed',
    ],
    ['fees_usd', 'fees', 'legs_fees', 'fees of the legs'],
    ['sellable_size', 'sellable', 'legs_sellable', 'confirmed bought less sold'],
    [
      'realized_pnl',
      'flow',
      'legs_flow',
      'realised PnL less cost less payout = cash flow of the legs',
    ],
    ['reserved_shares', 'reserved', 'orders_reserved', 'shares that the orders reserve'],
  ].map(([column = '', have = '', expected = '', rule = '']) => ({
    ...{ rule, table: 'positions', column, have, expected },
  })),
};

const ORDERS: Books = {
  books: (schema) => `${legs(schema)}, books as (
    select o.client_order_id as key, o.filled_size as filled, o.fees_usd as fees,
      coalesce(sum(l.size), 0) as legs_size, coalesce(sum(l.fee_usd), 0) as legs_fees
    from ${schema}.orders o left join legs l on l.client_order_id = o.client_order_id
    group by o.client_order_id, o.filled_size, o.fees_usd
  )`,
  rules: [
    {
      ...{ rule: 'shares of its legs', table: 'orders', column: 'filled_size' },
      ...{ have: 'filled', expected: 'legs_size' },
    },
    {
      ...{ rule: 'fees of its legs', table: 'orders', column: 'fees_usd' },
      ...{ have: 'fees', expected: 'legs_fees' },
    },
  ],
};

/** What the ledger says of each leg, and what the leg says of itself. */
const LEDGER: Books = {
  books: (schema) => `${legs(schema)}, booked as (
    select leg_key as key, sum(amount_usd) filter (where kind in ('fill', 'fillVoided')) as fill,
      sum(amount_usd) filter (where kind in ('fee', 'feeVoided')) as fee
    from ${schema}.ledger_entries where leg_key is not null group by leg_key
  ), books as (
    select coalesce(b.key, l.leg_key) as key, coalesce(b.fill, 0) as fill,
      coalesce(b.fee, 0) as fee, coalesce(l.flow, 0) as legs_flow, coalesce(-l.fee_usd, 0) as legs_fee
    from booked b full join legs l on l.leg_key = b.key
  )`,
  rules: [
    {
      ...{ rule: 'what the leg cost or brought', table: 'ledger_entries', column: 'amount_usd' },
      ...{ have: 'fill', expected: 'legs_flow' },
    },
    {
      ...{ rule: 'the fee of the leg', table: 'ledger_entries', column: 'amount_usd' },
      ...{ have: 'fee', expected: 'legs_fee' },
    },
  ],
};

/** A field of the account; null where it is no amount. `absent`: of programs that did not have it. */
function amount(field: string, absent?: string): string {
  const found = `(a.snapshot -> 'context' ->> '${field}')`;
  const text = absent === undefined ? found : `coalesce(${found}, '${absent}')`;
  return `case when ${text} ~ '^-?[0-9]+([.][0-9]+)?$' then ${text}::numeric end`;
}

/** The ledger as far as the snapshots know it. */
const ACCOUNT: Books = {
  books: (schema) => `known as (
    select 'account:' || account_id as actor_id, sum(amount_usd) as cash,
      coalesce(sum(amount_usd) filter (where kind = 'deposit'), 0) as deposits,
      -coalesce(sum(amount_usd) filter (where kind in ('fee', 'feeVoided')), 0) as fees
    from ${schema}.ledger_entries
    where seq <= (select value::bigint from ${schema}.system_metadata where key = 'projected_through')
    group by account_id
  ), books as (
    select coalesce(a.actor_id, k.actor_id) as key, coalesce(k.cash, 0) as cash,
      coalesce(k.deposits, 0) as deposits, coalesce(k.fees, 0) as fees,
      ${amount('cashUsd')} as account_cash, ${amount('depositsUsd')} as account_deposits,
      ${amount('feesUsd')} as account_fees
    from (select * from ${schema}.actor_snapshots where kind = 'account') a
      full join known k on k.actor_id = a.actor_id
  )`,
  rules: [
    ['cashUsd', 'account_cash', 'cash', 'cash = the ledger'],
    ['depositsUsd', 'account_deposits', 'deposits', 'deposits in the ledger'],
    ['feesUsd', 'account_fees', 'fees', 'fees in the ledger'],
  ].map(([field = '', have = '', expected = '', rule = '']) => ({
    ...{ rule, table: 'actor_snapshots', column: `snapshot.context.${field}`, have, expected },
  })),
};

const AMOUNTS = ['cashUsd', 'reservedUsd', 'feesUsd', 'depositsUsd'];

/** Double entry against the account, as far as the snapshots know it. */
const POSTED_ACCOUNT: Books = {
  books: (schema) => `books as (
    select p.account_id as key, sum(p.cash_usd + p.reserved_usd + p.budgets_usd) as cash,
      sum(p.budgets_usd) as budgets, ${amount('budgetsUsd', '0')} as account_budgets,
      sum(p.reserved_usd) as reserved, sum(p.fees_usd) as fees, -sum(p.external_usd) as deposits,
      ${amount('cashUsd')} as account_cash, ${amount('reservedUsd')} as account_reserved,
      ${amount('feesUsd')} as account_fees, ${amount('depositsUsd')} as account_deposits
    from ${schema}.postings p
      join ${schema}.actor_snapshots a on a.actor_id = 'account:' || p.account_id
    where p.seq <= (select value::bigint from ${schema}.system_metadata where key = 'projected_through')
    group by p.account_id, a.snapshot::text, ${AMOUNTS.map((field) => amount(field)).join(', ')},
      ${amount('budgetsUsd', '0')}
  )`,
  rules: [
    ['cash_usd', 'account_cash', 'cash', 'cash and what is held back = the postings'],
    ['reserved_usd', 'account_reserved', 'reserved', 'what is held back = the postings'],
    ['budgets_usd', 'account_budgets', 'budgets', 'what is in budgets = the postings'],
    ['fees_usd', 'account_fees', 'fees', 'fees = the postings'],
    ['external_usd', 'account_deposits', 'deposits', 'deposits = the postings'],
  ].map(([column = '', have = '', expected = '', rule = '']) => ({
    ...{ rule, table: 'postings', column, have, expected },
  })),
};

/** Double entry against the positions. */
const POSTED_POSITIONS: Books = {
  books: (schema) => `posted as (
    select account_id, sum(shares_usd) as shares, -sum(pnl_usd) as pnl,
      sum(redeemable_usd) as redeemable from ${schema}.postings group by 1
  ), books as (
    select p.account_id as key, p.shares, p.pnl,
      p.redeemable, coalesce(sum(h.cost_basis), 0) as cost,
      coalesce(sum(h.realized_pnl), 0) as realized, coalesce(sum(h.redeemable_usd), 0) as owed
    from posted p left join ${schema}.positions h on h.account_id = p.account_id
    group by p.account_id, p.shares, p.pnl, p.redeemable
  )`,
  rules: [
    ['shares_usd', 'cost', 'shares', 'what the positions cost = the postings'],
    ['pnl_usd', 'realized', 'pnl', 'what the positions won = the postings'],
    ['redeemable_usd', 'owed', 'redeemable', 'what resolved markets owe = the postings'],
  ].map(([column = '', have = '', expected = '', rule = '']) => ({
    ...{ rule, table: 'postings', column, have, expected },
  })),
};

/**
 * Budgets against the legs and the reservations of their orders. JSON is read as text: a quote within a
 * text is escaped there, and what somebody has broken is still compared.
 */
const BUDGETS: Books = {
  books: (schema) => `${legs(schema)}, of_budget as (
    select substring(i.body from '"budget":"([^"]*)"') as budget_id,
      o.client_order_id, o.reserved_usd
    from ${schema}.intents i join ${schema}.orders o on o.client_order_id = i.client_order_id
    where i.body like '%"budget":"%'
  ), spent as (
    select b.budget_id, sum(l.fee_usd - l.flow) as usd
    from of_budget b join legs l on l.client_order_id = b.client_order_id group by 1
  ), held as (
    select budget_id, sum(reserved_usd) as usd from of_budget group by 1
  ), books as (
    select g.budget_id as key, g.spent_usd, g.held_usd, g.remaining_usd, g.committed_usd,
      coalesce(s.usd, 0) as legs_usd, coalesce(h.usd, 0) as orders_usd,
      greatest(0, g.amount_usd - g.committed_usd - g.held_usd) as remains,
      coalesce(s.usd, 0) + coalesce((select sum(c[1]::numeric)
        from regexp_matches(g.commits::text, '"amountUsd":"([0-9]+([.][0-9]+)?)"', 'g') c), 0)
        as said_usd
    from ${schema}.budgets g left join spent s on s.budget_id = g.budget_id
      left join held h on h.budget_id = g.budget_id
    where g.state = 'open'
  )`,
  rules: [
    ['spent_usd', 'legs_usd', 'what the legs of its orders cost'],
    ['held_usd', 'orders_usd', 'what its orders reserve'],
    ['committed_usd', 'said_usd', 'spent and said to be'],
    ['remaining_usd', 'remains', 'amount less committed less held'],
  ].map(([column = '', expected = '', rule = '']) => ({
    ...{ rule, table: 'budgets', column, have: column, expected },
  })),
};

/** What remains of open budgets against double entry. */
const POSTED_BUDGETS: Books = {
  books: (schema) => `books as (
    select account_id as key, sum(budgets_usd) as posted, coalesce((select sum(remaining_usd)
      from ${schema}.budgets b where b.account_id = p.account_id and b.state = 'open'), 0) as remain
    from ${schema}.postings p group by account_id
  )`,
  rules: [
    {
      ...{ rule: 'what remains of open budgets = the postings', table: 'postings' },
      ...{ column: 'budgets_usd', have: 'posted', expected: 'remain' },
    },
  ],
};

/** What was redeemed, by the ledger and by the positions, as far as both are written. */
const REDEEMED: Books = {
  books: (schema) => `booked as (
    select account_id, sum(amount_usd) as usd from ${schema}.ledger_entries
    where kind = 'redemption' group by 1
  ), held as (
    select account_id, sum(redeemed_usd) as usd from ${schema}.positions group by 1
  ), books as (
    select coalesce(b.account_id, h.account_id) as key, coalesce(b.usd, 0) as booked,
      coalesce(h.usd, 0) as redeemed
    from booked b full join held h on h.account_id = b.account_id
  )`,
  rules: [
    {
      ...{ rule: 'what the positions were paid', table: 'ledger_entries', column: 'amount_usd' },
      ...{ have: 'booked', expected: 'redeemed' },
    },
  ],
};

const EXITS: Books = {
  books: (schema) => `books as (
    select e.exit_id as key, e.voided, coalesce(l.settlement = 'failed', true) as failed
    from ${schema}.exit_events e left join ${schema}.fill_legs l on l.leg_key = e.leg_key
  )`,
  rules: [
    {
      ...{ rule: 'void exactly when its leg failed', table: 'exit_events', column: 'voided' },
      ...{ have: 'voided', expected: 'failed' },
    },
  ],
};

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}

/** What does not add up in the tables of `schema`, which SQL names so. */
export async function bookDifferences(
  db: Kysely<unknown>,
  schema: string,
): Promise<readonly BookDifference[]> {
  const found: BookDifference[] = [];
  const all = [
    ...[POSITIONS, ORDERS, LEDGER, ACCOUNT, POSTED_ACCOUNT, POSTED_POSITIONS, REDEEMED, EXITS],
    ...[BUDGETS, POSTED_BUDGETS],
  ];
  for (const { books, rules } of all) {
    for (const { rule, table, column, have, expected } of rules) {
      const broken = await sql
        .raw<{ key: string; have: unknown; expected: unknown }>(
          `with ${books(schema)} select key, ${have} as have, ${expected} as expected from books
           where ${have} is distinct from ${expected} order by key limit ${MAX_NAMED}`,
        )
        .execute(db);
      for (const row of broken.rows) {
        const [is, shouldBe] = [textOf(row.have), textOf(row.expected)];
        found.push({ table, key: row.key, column, have: is, expected: shouldBe, rule });
      }
    }
  }
  return found;
}
