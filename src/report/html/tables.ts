/** Tables of the page. Each cell carries its exact value, by which a click on the title sorts. */
import type { ClosedExit } from '../../domain/performance/holding.ts';
import { type Breakdown, breakdownColumns, breakdownRows } from '../breakdown.ts';
import type { Report } from '../report.ts';
import { dollars, duration, price, shares, shortName, timeIn } from '../words.ts';
import { html, type Markup } from './markup.ts';

/** A page with more rows is no page to read; all of them are in the JSON. */
const MOST_ROWS = 500;

interface Cell {
  readonly text: string;
  /** Exact; what the column is sorted by. Absent: the text. */
  readonly value?: string;
  readonly tone?: 'gain' | 'loss';
}

interface Title {
  readonly text: string;
  readonly meaning?: string;
  readonly isFigure?: boolean;
}

interface Table {
  readonly caption: string;
  /** The first column names the row. */
  readonly titles: readonly Title[];
  readonly rows: readonly (readonly Cell[])[];
}

const TITLES: Readonly<Record<Breakdown, string>> = {
  strategy: 'By strategy',
  market: 'By market',
  day: 'By day',
};
/** Where the sign is the news. */
const SIGNED: ReadonlySet<string> = new Set(['netPnl', 'realizedPnl', 'unrealizedPnl']);

export function breakdownTable(report: Report, by: Breakdown): Markup {
  const columns = breakdownColumns(by);
  const shown = columns.flatMap(({ read, ...column }) =>
    read === undefined ? [] : [{ ...column, read }],
  );
  return tableOf({
    caption: TITLES[by],
    titles: [
      { text: by },
      ...shown.map(({ title, meaning }) => ({ text: title, meaning, isFigure: true })),
    ],
    rows: breakdownRows(report, by).map((row) => [
      { text: row.label, value: row.name },
      ...shown.map(({ key, read }): Cell => {
        const value = String(row[key] ?? '');
        return { text: read(row), value, ...(SIGNED.has(key) ? toneOf(value) : {}) };
      }),
    ]),
  });
}

export function positionTable(report: Report): Markup {
  const time = timeIn(report.timeZone);
  return tableOf({
    caption: 'Open positions',
    titles: [
      { text: 'instrument' },
      { text: 'opened by' },
      figure('size', 'Shares; below 0 is SHORT.'),
      figure('entry', 'Average price of what is open.'),
      figure('cost'),
      figure('fees', 'Of the entries of what is open.'),
      figure('mark', 'Price of our own last fill there.'),
      { text: 'marked at', meaning: 'When that fill was matched.' },
      figure('unrealised', 'Before fees, at the mark.'),
    ],
    rows: report.positions.map((position) => [
      { text: shortName(position.instrumentId), value: position.instrumentId },
      { text: position.strategies.join(', ') },
      { text: shares(position.size), value: position.size },
      { text: price(position.averageEntry), value: position.averageEntry },
      { text: dollars(position.costUsd), value: position.costUsd },
      { text: dollars(position.feesUsd), value: position.feesUsd },
      position.mark === null
        ? { text: 'unknown', value: '' }
        : { text: price(position.mark.price), value: position.mark.price },
      { text: position.mark === null ? '' : time(position.mark.atMs) },
      {
        text: dollars(position.unrealizedPnl),
        value: position.unrealizedPnl ?? '',
        ...toneOf(position.unrealizedPnl ?? ''),
      },
    ]),
  });
}

export function exitTable(report: Report): Markup {
  const time = timeIn(report.timeZone);
  const row = (exit: ClosedExit): readonly Cell[] => [
    { text: time(exit.closedAtMs) },
    { text: exit.strategy },
    { text: shortName(exit.instrumentId), value: exit.instrumentId },
    { text: shares(exit.size), value: exit.size },
    { text: price(exit.entryPrice), value: exit.entryPrice },
    { text: price(exit.exitPrice), value: exit.exitPrice },
    { text: dollars(exit.feesUsd), value: exit.feesUsd },
    { text: dollars(exit.netPnl), value: exit.netPnl, ...toneOf(exit.netPnl) },
    { text: duration(exit.holdMs), value: String(exit.holdMs) },
    { text: exit.reason ?? '' },
  ];
  return tableOf({
    caption: 'Newest exits',
    titles: [
      { text: 'closed' },
      { text: 'strategy', meaning: 'Of the order that closed.' },
      { text: 'instrument' },
      ...[figure('size'), figure('entry'), figure('exit'), figure('fees', 'Of both sides.')],
      ...[figure('net', 'After the fees of both sides.'), figure('hold'), { text: 'reason' }],
    ],
    rows: report.exits.toReversed().map(row),
  });
}

export function curveTable(report: Report): Markup {
  const time = timeIn(report.timeZone);
  return tableOf(
    {
      caption: 'The equity curve',
      titles: [{ text: 'time' }, figure('equity'), figure('paid in')],
      rows: report.curve.map(({ atMs, equityUsd, depositsUsd }) => [
        { text: time(atMs) },
        { text: dollars(equityUsd), value: equityUsd },
        { text: dollars(depositsUsd), value: depositsUsd },
      ]),
    },
    Number.POSITIVE_INFINITY,
  );
}

function figure(text: string, meaning?: string): Title {
  return { text, isFigure: true, ...(meaning === undefined ? {} : { meaning }) };
}

function toneOf(value: string): Pick<Cell, 'tone'> {
  if (value === '' || value === '0') return {};
  return { tone: value.startsWith('-') ? 'loss' : 'gain' };
}

function tableOf({ caption, titles, rows }: Table, most = MOST_ROWS): Markup {
  if (rows.length === 0) return html`<h2>${caption}</h2>\n<p>None.</p>`;
  const left = rows.length - Math.min(most, rows.length);
  const classOf = (index: number) => (titles[index]?.isFigure === true ? 'figure' : 'text');
  const exact = ({ text, value = text }: Cell) =>
    value === text ? [] : html` data-value="${value}" title="${value}"`;
  const cellOf = (cell: Cell, index: number) =>
    index === 0
      ? html`<th scope="row"${exact(cell)}>${cell.text}</th>`
      : html`<td class="${[classOf(index), cell.tone ?? []].flat().join(' ')}"${exact(cell)}>${cell.text}</td>`;
  return html`<div class="scrolls" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${titles.map(
    ({ text, meaning }, index) =>
      html`<th scope="col" class="${classOf(index)}" title="${meaning ?? text}">${text}</th>`,
  )}</tr></thead>
<tbody>
${rows.slice(0, most).map((row) => html`<tr>${row.map(cellOf)}</tr>\n`)}</tbody>
</table></div>${left === 0 ? [] : html`\n<p>And ${left} more, which "report --json" has.</p>`}`;
}
