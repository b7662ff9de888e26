/** Frame, grid and labels of a plot. Pixels are numbers; no figure of the report is made from them. */
import { scaleLinear, scaleUtc } from 'd3-scale';
import { timeIn } from '../words.ts';
import { html, type Markup } from './markup.ts';

export const PLOT = { width: 960, height: 280, left: 76, right: 30, top: 14, bottom: 30 } as const;
export const INNER = {
  right: PLOT.width - PLOT.right,
  bottom: PLOT.height - PLOT.bottom,
} as const;

const Y_TICKS = 5;
const X_TICKS = 8;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface Axis {
  at(value: number): number;
  readonly marks: readonly { readonly at: number; readonly label: string }[];
}

/** Dollars from the lowest to the highest of `values`, ended by round figures. */
export function dollarAxis(values: readonly number[]): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A flat line stands in the middle.
  const [from, to] = low === high ? [low - 1, high + 1] : [low, high];
  const scale = scaleLinear([from, to], [INNER.bottom, PLOT.top]).nice(Y_TICKS);
  const label = scale.tickFormat(Y_TICKS);
  return {
    at: (value) => scale(value),
    marks: scale.ticks(Y_TICKS).map((tick) => ({ at: scale(tick), label: label(tick) })),
  };
}

/** Time between two moments, marked at round times of the zone. */
export function timeAxis(fromMs: number, toMs: number, timeZone: string): Axis {
  const [from, to] =
    fromMs === toMs ? [fromMs - MINUTE_MS, toMs + MINUTE_MS] : [fromMs, Math.max(fromMs, toMs)];
  const scale = scaleUtc([from, to], [PLOT.left, INNER.right]);
  const read = timeIn(timeZone);
  // Marks are round in the zone as it stands at the beginning.
  const offsetMs =
    Date.parse(`${read(from).replace(' ', 'T')}Z`) - Math.floor(from / SECOND_MS) * SECOND_MS;
  const shifted = scaleUtc([from + offsetMs, to + offsetMs], [0, 1]);
  const marks = shifted
    .ticks(X_TICKS)
    // Labels go to seconds.
    .filter((tick) => tick.getTime() % SECOND_MS === 0)
    .map((tick) => tick.getTime() - offsetMs);
  const inSeconds = marks.some((atMs) => !read(atMs).endsWith(':00'));
  return {
    at: (atMs) => scale(atMs),
    marks: marks.map((atMs) => ({ at: scale(atMs), label: timeLabel(read(atMs), inSeconds) })),
  };
}

/** Midnight is the day, the first of a year is the year, all else the time of day. */
function timeLabel(time: string, inSeconds: boolean): string {
  const [date = '', clock = ''] = time.split(' ');
  if (clock !== '00:00:00') return inSeconds ? clock : clock.slice(0, 5);
  return date.endsWith('-01-01') ? date.slice(0, 4) : dayLabel(date);
}

/** `27 Nov` of `2026-11-27`. */
export function dayLabel(day: string): string {
  const [, month = '', number = ''] = day.split('-');
  return `${Number(number)} ${MONTHS[Number(month) - 1] ?? month}`;
}

/** Grid lines with their dollars, and the marks of the other axis. */
export function frame(dollarMarks: Axis['marks'], bottomMarks: Axis['marks']): Markup {
  return html`<g class="grid">${dollarMarks.map(
    ({ at }) =>
      html`<line x1="${PLOT.left}" x2="${INNER.right}" y1="${pixel(at)}" y2="${pixel(at)}"/>`,
  )}</g>
<g class="labels" text-anchor="end">${dollarMarks.map(
    ({ at, label }) => html`<text x="${PLOT.left - 8}" y="${pixel(at + 4)}">${label}</text>`,
  )}</g>
<g class="labels" text-anchor="middle">${bottomMarks.map(
    ({ at, label }) => html`<text x="${pixel(at)}" y="${PLOT.height - 8}">${label}</text>`,
  )}</g>`;
}

/** A picture with its words for those who do not see it. */
export function picture(id: string, title: string, description: string, content: Markup): Markup {
  return html`<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${content}
</svg>`;
}

export function pixel(value: number): string {
  return value.toFixed(1);
}
