/** Lists that the venue hands out page by page. Source: Polymarket docs, cursors `MA==` to `LTE=`. */
import { FillwrightFault, InvalidValue } from '../../../domain/faults.ts';
import type { RouteName } from './rate-limiter-budgets.ts';
import type { Rest } from './rest.ts';
import { fieldsOf, listOf } from './rest-fields.ts';

const FIRST_CURSOR = 'MA==';
const LAST_CURSOR = 'LTE=';
/** 100 to 500 rows each: more than any catch-up should hold in memory. */
const MAX_PAGES = 500;
/** The venue's pages hold 100 and 500. */
const MAX_ROWS = 10_000;

export interface PagesRequest<Row> {
  readonly route: RouteName;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly parse: (value: unknown, place: string) => Row;
  /** Told every row that could not be read; the others are there nonetheless. */
  readonly onMalformed: (fault: InvalidValue) => void;
}

/**
 * Every row of every page.
 * @throws {FillwrightFault} `venue_unknown` when a page was not answered, `overloaded` for too many.
 */
export async function readPages<Row>(
  rest: Pick<Rest, 'read'>,
  { route, path, query, parse, onMalformed }: PagesRequest<Row>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let cursor = FIRST_CURSOR;
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    const answer = await rest.read({
      ...{ route, path, signed: true },
      query: { ...query, next_cursor: cursor },
    });
    // A bare list is a last page: the shape of old answers.
    const page = Array.isArray(answer) ? { data: answer } : fieldsOf(answer, path);
    const values = listOf(page.data ?? [], `${path}.data`, MAX_ROWS);
    rows.push(...readRows(values, path, parse, onMalformed));
    const next = 'next_cursor' in page ? page.next_cursor : undefined;
    if (next === undefined || next === null || next === '' || next === LAST_CURSOR) return rows;
    if (typeof next !== 'string' || next === cursor || next.length > 1_000) {
      throw new InvalidValue(`${path}.next_cursor`, next, 'another cursor, or LTE=');
    }
    cursor = next;
  }
  throw tooManyPages(path, MAX_PAGES);
}

/** The rows that can be read; `onMalformed` is told the others. */
export function readRows<Row>(
  values: readonly unknown[],
  place: string,
  parse: PagesRequest<Row>['parse'],
  onMalformed: PagesRequest<Row>['onMalformed'],
): readonly Row[] {
  return values.flatMap((value, index) => {
    try {
      return [parse(value, `${place}[${index}]`)];
    } catch (fault) {
      if (!(fault instanceof InvalidValue)) throw fault;
      onMalformed(fault);
      return [];
    }
  });
}

export function tooManyPages(path: string, pages: number): FillwrightFault {
  const message = `${path} has more than ${pages} pages.`;
  return new FillwrightFault('overloaded', message, { path, pages });
}
