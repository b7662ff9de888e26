/** What comes from outside, made or found fit for the books: one bad value must not stop them all. */
import { isDecimalText, decimal, ONE } from '../domain/decimal.ts';
import type { LegReport } from '../domain/fill-leg.ts';
