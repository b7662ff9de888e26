/**
 * What the venue's answers to an order mean, as data. Source: Polymarket docs, "Error codes" and
 * "Create orders", and the reports named in the rows.
 *
 * A text that is not listed is a refusal only on a 4xx with a JSON `error`. All else is unknown: an
 * order may never be given up for an answer that nobody can explain.
 */

export type Meaning = 'rejected' | 'killed' | 'duplicated' | 'notAccepted' | 'unknown';

/** What else follows from an answer, beside the outcome of the order. */
export type Consequence =
  /** The account may not trade: nothing more is sent. */
  | 'haltAccount'
  /** The account may only close what it holds: no more BUY orders. */
  | 'haltEntries'
  /** Orders for this market are signed for the wrong contract: none is sent any more. */
  | 'haltMarket'
  | 'refreshTick'
  /** The venue's cached balance may be old. */
  | 'refreshBalance'
  | 'readClock';

/** What the matching engine says of itself. */
export type ModeSign = 'restarting' | 'postOnly' | 'cancelOnly' | 'disabled';

export interface OutcomeRow {
  readonly status: number;
  /** The body's `code`; it alone decides where it is given. */
  readonly code?: string;
  /** Anchored. Absent: every body of this status, JSON or not. */
  readonly text?: RegExp;
  readonly meaning: Meaning;
  readonly consequence?: Consequence;
  readonly mode?: ModeSign;
}

export const SUBMIT_ROWS: readonly OutcomeRow[] = [
  { status: 400, text: /^Invalid order payload$/, meaning: 'rejected' },
  {
    status: 400,
    text: /^the order owner has to be the owner of the API KEY$/,
    meaning: 'rejected',
  },
  {
    status: 400,
    text: /^the order signer address has to be the address of the API KEY$/,
    meaning: 'rejected',
  },
  {
    status: 400,
    text: /^\S+ address banned$/,
    meaning: 'rejected',
    consequence: 'haltAccount',
  },
  {
    status: 400,
    text: /^\S+ address in closed only mode$/,
    meaning: 'rejected',
    consequence: 'haltEntries',
  },
  // py-clob-client-v2 #52, #53, #83.
  {
    status: 400,
    text: /^maker address not allowed, please use the deposit wallet flow$/,
    meaning: 'rejected',
    consequence: 'haltAccount',
  },
  // py-clob-client #335, #337, #340.
  {
    status: 400,
    text: /^order_version_mismatch$/,
    meaning: 'rejected',
    consequence: 'haltMarket',
  },
  {
    status: 400,
    text: /^order \S+ is invalid\. Price \(\S+\) breaks minimum tick size rule: [\d.]+$/,
    meaning: 'rejected',
    consequence: 'refreshTick',
  },
  {
    status: 400,
    text: /^order \S+ is invalid\. Size \(\S+\) lower than the minimum: [\d.]+$/,
    meaning: 'rejected',
  },
  // An earlier attempt was taken. It may rest, have been filled, or be over. Whatever else is said.
  { status: 400, text: /^order \S+ is invalid\. Duplicated\b/, meaning: 'duplicated' },
  { status: 400, text: /^order \S+ crosses the book$/, meaning: 'rejected' },
  {
    status: 400,
    text: /^invalid post-only order: (?:order crosses book|only GTC and GTD order types are allowed)$/,
    meaning: 'rejected',
  },
  // With or without the venue's figures behind it. py-clob-client #287, #290.
  {
    status: 400,
    text: /^not enough balance \/ allowance\b/,
    meaning: 'rejected',
    consequence: 'refreshBalance',
  },
  { status: 400, text: /^invalid amount for a marketable BUY order\b/, meaning: 'rejected' },
  {
    status: 400,
    text: /^invalid amounts, the .* supports a max accuracy of /,
    meaning: 'rejected',
  },
  { status: 400, text: /^invalid (?:nonce|expiration)$/, meaning: 'rejected' },
  { status: 400, text: /^order canceled in the CTF exchange contract$/, meaning: 'killed' },
  // The documents call it delayed: it may have been matched.
  { status: 400, text: /^order match delayed due to market conditions$/, meaning: 'unknown' },
  {
    status: 400,
    text: /^order couldn't be fully filled\. FOK orders are fully filled or killed\.?$/,
    meaning: 'killed',
  },
  {
    status: 400,
    text: /^no orders found to match with FAK order\. FAK orders are partially filled or killed if no match is found\.?$/,
    meaning: 'killed',
  },
  {
    status: 400,
    text: /^the market is not yet ready to process new orders$/,
    meaning: 'rejected',
  },
  // The venue's own wait ended, wherever the order was by then.
  { status: 400, text: /^context canceled$/, meaning: 'unknown' },
  { status: 401, text: /^/, meaning: 'rejected', consequence: 'readClock' },
  { status: 425, meaning: 'notAccepted', mode: 'restarting' },
  { status: 429, meaning: 'notAccepted' },
  // Documented as refused before it entered the book. Only this very text.
  { status: 500, text: /^order timed out$/, meaning: 'rejected' },
  { status: 500, text: /^there are no matching orders$/, meaning: 'unknown' },
  { status: 500, text: /^FOK orders are filled or killed$/, meaning: 'unknown' },
  { status: 500, text: /^the trade contains rounding issues$/, meaning: 'unknown' },
  {
    status: 500,
    text: /^the price of the taker's order has a discrepancy greater than allowed with the worst maker order$/,
    meaning: 'unknown',
  },
  // py-clob-client #331.
  { status: 500, text: /^could not (?:insert order|run the execution)$/, meaning: 'unknown' },
  {
    status: 503,
    text: /^Trading is currently disabled\. Check polymarket\.com for updates$/,
    meaning: 'notAccepted',
    mode: 'disabled',
  },
  { status: 503, text: /^trading is disabled$/, meaning: 'notAccepted', mode: 'disabled' },
  {
    status: 503,
    text: /^Trading is currently cancel-only\. New orders are not accepted, but cancels are allowed\.?$/,
    meaning: 'notAccepted',
    mode: 'cancelOnly',
  },
  {
    status: 503,
    code: 'post_only_mode',
    text: /^post-only mode: only post-only orders and cancels are allowed$/,
    meaning: 'notAccepted',
    mode: 'postOnly',
  },
];

/** In a leg of a batch only: no such text comes with a status of its own. */
export const LEG_ROWS: readonly Omit<OutcomeRow, 'status'>[] = [
  { text: /^Rate limit exceeded for tokenId\b/, meaning: 'notAccepted' },
];

/** The row of a status, code and text; undefined for what is not listed. */
export function rowOf(
  status: number,
  code: string | undefined,
  error: string | undefined,
): OutcomeRow | undefined {
  return SUBMIT_ROWS.find((row) => {
    if (row.status !== status) return false;
    if (row.text === undefined || (row.code !== undefined && row.code === code)) return true;
    return error !== undefined && row.text.test(error);
  });
}

/** The row of a leg's text: a leg has no status of its own. */
export function legRowOf(error: string): Omit<OutcomeRow, 'status'> | undefined {
  const known = (row: Pick<OutcomeRow, 'text' | 'status'>): boolean =>
    row.status !== 401 && row.text?.test(error) === true;
  return SUBMIT_ROWS.find(known) ?? LEG_ROWS.find((row) => row.text?.test(error) === true);
}

/** The tick size that a refusal names. */
export function tickInRefusal(reason: string): string | undefined {
  return /breaks minimum tick size rule: ([\d.]*\d)/.exec(reason)?.[1];
}
