/** What a verification found. */

/** Which of the four proofs speaks. */
export type Proof =
  /** The log itself: its order and its hashes. */
  | 'log'
  /** The hashes of the orders' steps. */
  | 'steps'
  /** The log told again from nothing, row by row. */
  | 'fold'
  /** Legs and ledger added up without the machines. */
  | 'books';

export interface Difference {
  readonly proof: Proof;
  readonly table: string;
  /** Key columns, joined by `/`. */
  readonly key: string;
  /** A column, or a path into a column of JSON; `row` for a row that is missing or too many. */
  readonly column: string;
  /** What the database holds; null: nothing. */
  readonly have: string | null;
  /** What it should hold; null: nothing. */
  readonly expected: string | null;
  readonly note?: string;
}

export interface Verified {
  readonly ok: boolean;
  /** How far the log goes, how far the snapshots know it, and how far the read tables do. */
  readonly lastSeq: number;
  readonly projectedThrough: number;
  readonly rowsThrough: number;
  readonly log: {
    readonly batches: number;
    /** Batches that were written before there were hashes. */
    readonly unchained: number;
    /** The newest batch that has a hash: to be kept elsewhere, and given to a later verification. */
    readonly head: Anchor | null;
  };
  readonly steps: {
    readonly rows: number;
    /** Steps that were written before there were hashes. */
    readonly unchained: number;
  };
  /** Rows of each table that were held against the log. */
  readonly compared: Readonly<Record<string, number>>;
  /**
   * Rows with every value as it should be and another text: snapshots of an older version of their
   * machine, or once brought up from one, and steps of which this version would say more.
   */
  readonly sameValues: number;
  readonly differences: readonly Difference[];
  /** Rows that differ and are not among these, by table. */
  readonly unnamed: Readonly<Record<string, number>>;
}

/** A place in the log and the hash that stands there. */
export interface Anchor {
  /** The last input of the batch. */
  readonly seq: number;
  readonly hash: string;
}
