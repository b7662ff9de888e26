/**
 * A report as one page in one file: nothing is fetched, and its own policy forbids it. Every text from
 * the store is escaped.
 */
import { createHash } from 'node:crypto';
import type { Report } from '../report.ts';
import { dollars, duration, percent, timeIn, UNKNOWN } from '../words.ts';
import { dayPlot, MOST_DAYS } from './day-plot.ts';
import { equityPlot } from './equity-plot.ts';
import { SCRIPT, STYLE } from './look.ts';
import { html, type Markup, verbatim } from './markup.ts';
import { breakdownTable, curveTable, exitTable, positionTable } from './tables.ts';

export function reportPage(report: Report): string {
  const title = `Fillwright report: ${report.account}`;
  const policy = `default-src 'none'; style-src '${digest(STYLE)}'; script-src '${digest(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${verbatim(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="quiet">${periodOf(report)} Made at ${timeIn(report.timeZone)(report.madeAtMs)}; times and days in ${report.timeZone}. Amounts in dollars.</p>
${warnings(report)}
</header>
<main>
${figures(report)}
${plots(report)}
${breakdownTable(report, 'strategy')}
${breakdownTable(report, 'market')}
${breakdownTable(report, 'day')}
${positionTable(report)}
<p class="quiet">Marks are the prices of our own last fills: the database holds no newer ones, and the market may have moved.</p>
${words()}
${exitTable(report)}
${report.totals.exits > report.exits.length ? html`<p class="quiet">The newest ${report.exits.length} of ${report.totals.exits}.</p>` : []}
</main>
<script>${verbatim(SCRIPT)}</script>
</body>
</html>
`;
  return page.html;
}

function periodOf({ since, until }: Report): string {
  if (since === null && until === null) return 'Everything there is.';
  if (until === null) return `From ${since ?? ''} on.`;
  return since === null ? `Up to ${until}.` : `From ${since} to ${until}.`;
}

function warnings({ ledgerDifference, inputsBehind }: Report): readonly Markup[] {
  const found: Markup[] = [];
  if (ledgerDifference !== null && ledgerDifference !== '0') {
    found.push(
      html`<p class="warning"><strong>The books do not add up:</strong> the ledger differs from deposits and fills by ${ledgerDifference} dollars. "fillwright verify" says where.</p>`,
    );
  }
  if (inputsBehind > 0) {
    found.push(
      html`<p class="warning">The newest ${inputsBehind} inputs of the log are not in this report: the tables were behind.</p>`,
    );
  }
  return found;
}

function figures({ totals, end }: Report): Markup {
  const rows: readonly (readonly [string, string, string])[] = [
    ['Equity', dollars(end.equityUsd), end.equityUsd ?? UNKNOWN],
    ['Paid in', dollars(end.depositsUsd), end.depositsUsd],
    ['Net PnL', dollars(totals.netPnl), totals.netPnl],
    ['Realised PnL', dollars(totals.realizedPnl), totals.realizedPnl],
    ['Unrealised PnL', dollars(end.unrealizedPnl), end.unrealizedPnl ?? UNKNOWN],
    ...(end.redeemableUsd === '0'
      ? []
      : [['Redeemable', dollars(end.redeemableUsd), end.redeemableUsd] as const]),
    ['Fees', dollars(totals.feesUsd), totals.feesUsd],
    ['ROI', percent(totals.roiPct), totals.roiPct ?? ''],
    ['Net ROI', percent(totals.netRoiPct), totals.netRoiPct ?? ''],
    ['Win rate', percent(totals.winRatePct), `${totals.wins} of ${totals.exits}`],
    ['Exits', String(totals.exits), `${totals.wins} with a gain after fees`],
    ['Hold time', duration(totals.holdMs), `${totals.holdMs ?? ''} ms`],
    ['Volume', dollars(totals.volumeUsd), `${totals.volumeUsd}, ${totals.fills} fills`],
  ];
  return html`<dl class="figures">
${rows.map(([name, text, exact]) => html`<div><dt>${name}</dt><dd title="${exact}">${text}</dd></div>\n`)}</dl>`;
}

function plots(report: Report): Markup {
  const equity = equityPlot(report);
  const days = dayPlot(report);
  if (equity === undefined || days === undefined) {
    return html`<h2>Equity</h2>\n<p>Nothing moved.</p>`;
  }
  const { movements, curve } = report;
  return html`<h2>Equity</h2>
<figure><div role="region" aria-label="Equity" tabindex="0">${equity}</div>
<figcaption>Solid: cash, and holdings at the price of our own last fill of each. Dashed: what was paid in. ${movements} movements${movements > curve.length ? `, of which ${curve.length} are drawn: the lowest, the highest and the last of each stretch` : ''}.</figcaption></figure>
<details><summary>The curve as a table</summary>${curveTable(report)}</details>
<h2>Realised PnL per day</h2>
<figure><div role="region" aria-label="Realised PnL per day" tabindex="0">${days}</div>
<figcaption>Before fees. ${report.days.length > MOST_DAYS ? `The newest ${MOST_DAYS} days. ` : ''}The table of days has the figures.</figcaption></figure>`;
}

function words(): Markup {
  const meanings: readonly (readonly [string, string])[] = [
    [
      'Exit',
      'A fill that reduced a position. It counts for the strategy of the order that closed.',
    ],
    ['Realised', 'What exits made against the average entry price, before fees.'],
    ['Net', 'Realised less the fees of all fills, those of open positions included.'],
    ['Cost', 'Entry price × size of what exits closed.'],
    ['ROI', 'Realised / cost × 100. Net ROI: less the fees of what was closed, on both sides.'],
    [
      'Win rate',
      'Exits with a PnL above 0 after the fees of the exit and its share of the entry’s.',
    ],
    ['Hold', 'From entry to exit, the mean over the shares closed; entries are averaged too.'],
    ['Voided fills', 'Those that failed on chain: they count nowhere, as if they had never been.'],
  ];
  return html`<h2>Words</h2>
<dl class="words">${meanings.map(([word, meaning]) => html`<dt>${word}</dt><dd>${meaning}</dd>`)}</dl>`;
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
