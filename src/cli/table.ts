/** Plain text tables that fit a width. */

export interface Column {
  readonly title: string;
  /** Numbers stand right. */
  readonly align?: 'right';
  /** May be cut when the table is too wide; the first of these is cut first. */
  readonly shrinks?: boolean;
}

/** A column is never cut below this. */
const NARROWEST = 8;
const GAP = '  ';

/** The table as lines, none longer than `width`. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const safe = rows.map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...safe.map((row) => row[index]?.length ?? 0)),
  );
  shrink(columns, widths, width);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const size = widths[index] ?? 0;
        const cell = cut(cells[index] ?? '', size);
        return align === 'right' ? cell.padStart(size) : cell.padEnd(size);
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...safe.map(line)].map((text) =>
    cut(text, width),
  );
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, size) => sum + size, GAP.length * (widths.length - 1)) - width;
  for (const [index, { shrinks }] of columns.entries()) {
    const size = widths[index] ?? 0;
    if (excess <= 0 || shrinks !== true || size <= NARROWEST) continue;
    const taken = Math.min(excess, size - NARROWEST);
    widths[index] = size - taken;
    excess -= taken;
  }
}

/** Text of at most `width` characters; what is left out in the middle is marked. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width <= 1) return text.slice(0, Math.max(0, width));
  const tail = Math.floor((width - 1) / 3);
  return `${text.slice(0, width - 1 - tail)}…${tail === 0 ? '' : text.slice(-tail)}`;
}

/** Text from outside may hold characters that a terminal obeys. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
