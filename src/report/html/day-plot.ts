/** Realised PnL of each day as bars, days without a movement included. */
import { scaleBand } from 'd3-scale';
import type { Day } from '../../domain/performance/calendar.ts';
import type { Report } from '../report.ts';
import { dollars } from '../words.ts';
import { dayLabel, dollarAxis, frame, INNER, PLOT, picture, pixel } from './axes.ts';
import { html, type Markup } from './markup.ts';

/** The newest days: more bars than this are thinner than two pixels. */
export const MOST_DAYS = 400;
const MOST_LABELS = 10;
const WIDEST_BAR = 64;
const LOWEST_BAR = 1;
const DAY_MS = 86_400_000;

/** Nothing moved: no picture. */
export function dayPlot(report: Report): Markup | undefined {
  const made = new Map(report.days.map(({ day, realizedPnl }) => [day, realizedPnl]));
  const days = everyDay(report.days[0]?.day, report.days.at(-1)?.day);
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const y = dollarAxis([0, ...days.map((day) => Number(made.get(day) ?? '0'))]);
  const x = scaleBand(days, [PLOT.left, INNER.right]).padding(0.25);
  const width = Math.min(x.bandwidth(), WIDEST_BAR);
  const left = (day: Day) => (x(day) ?? 0) + (x.bandwidth() - width) / 2;
  const labelEvery = Math.ceil(days.length / MOST_LABELS);
  const labels = days
    .filter((_, index) => index % labelEvery === 0)
    .map((day) => ({ at: (x(day) ?? 0) + x.bandwidth() / 2, label: dayLabel(day) }));
  const bars = days.flatMap((day) => {
    const pnl = made.get(day) ?? '0';
    if (pnl === '0') return [];
    const [top, bottom] = [y.at(Math.max(0, Number(pnl))), y.at(Math.min(0, Number(pnl)))];
    const height = Math.max(LOWEST_BAR, bottom - top);
    return html`<rect class="${pnl.startsWith('-') ? 'loss' : 'gain'}" x="${pixel(left(day))}" y="${pixel(top)}" width="${pixel(width)}" height="${pixel(height)}"><title>${day}: ${dollars(pnl)}</title></rect>`;
  });
  const description = `${days.length === 1 ? `The day ${first}` : `The days from ${first} to ${last}`}; each is a row of the table of days.`;
  const zero = pixel(y.at(0));
  return picture(
    'days',
    'Realised PnL per day',
    description,
    html`${frame(y.marks, labels)}
${bars}
<line class="zero" x1="${PLOT.left}" x2="${INNER.right}" y1="${zero}" y2="${zero}"/>`,
  );
}

/** From `first` to `last`, the newest of them. */
function everyDay(first: Day | undefined, last: Day | undefined): readonly Day[] {
  if (first === undefined || last === undefined) return [];
  const [from, to] = [first, last].map((day) => Date.parse(`${day}T00:00:00Z`) / DAY_MS);
  if (from === undefined || to === undefined) return [];
  const count = Math.min(MOST_DAYS, to - from + 1);
  return Array.from({ length: count }, (_, index) =>
    new Date((to - count + 1 + index) * DAY_MS).toISOString().slice(0, 10),
  );
}
