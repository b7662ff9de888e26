/** A rule that a run broke. */
export interface Violation {
  /** Of design and architecture: a short name that stays the same. */
  readonly rule: string;
  readonly message: string;
  readonly atMs: number;
}

/** Ends a run at once: what follows a broken rule proves nothing. */
export class RuleBroken extends Error {
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.name = 'RuleBroken';
    this.rule = rule;
  }
}
