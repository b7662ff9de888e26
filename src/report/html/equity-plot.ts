/** The equity curve as a picture, with what was paid in as the line to hold it against. */
import { area, curveStepAfter, line } from 'd3-shape';
import type { Report } from '../report.ts';
import { dollars, timeIn } from '../words.ts';
import { dollarAxis, frame, picture, pixel, timeAxis } from './axes.ts';
import { html, type Markup } from './markup.ts';

interface Spot {
  readonly atMs: number;
  readonly equity: number;
  readonly deposits: number;
}

/** Nothing moved: no picture. */
export function equityPlot({ curve, timeZone }: Report): Markup | undefined {
  const [first, last] = [curve[0], curve.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const spots = curve.map(
    ({ atMs, equityUsd, depositsUsd }): Spot => ({
      ...{ atMs, equity: Number(equityUsd), deposits: Number(depositsUsd) },
    }),
  );
  const y = dollarAxis(spots.flatMap(({ equity, deposits }) => [equity, deposits]));
  const x = timeAxis(first.atMs, last.atMs, timeZone);
  const at = ({ atMs }: Spot) => x.at(atMs);
  const equity = line<Spot>(at, ({ equity }) => y.at(equity)).curve(curveStepAfter);
  const deposits = line<Spot>(at, ({ deposits }) => y.at(deposits)).curve(curveStepAfter);
  const between = area<Spot>(
    at,
    ({ deposits }) => y.at(deposits),
    ({ equity }) => y.at(equity),
  ).curve(curveStepAfter);
  const time = timeIn(timeZone);
  const description = `From ${dollars(first.equityUsd)} dollars at ${time(first.atMs)} to ${dollars(last.equityUsd)} at ${time(last.atMs)}, with ${dollars(last.depositsUsd)} paid in.`;
  return picture(
    'equity',
    'Equity over time',
    description,
    html`${frame(y.marks, x.marks)}
<path class="between" d="${between(spots) ?? ''}"/>
<path class="deposits" d="${deposits(spots) ?? ''}"/>
<path class="equity" d="${equity(spots) ?? ''}"/>
<circle class="newest" r="3.5" cx="${pixel(x.at(last.atMs))}" cy="${pixel(y.at(Number(last.equityUsd)))}"/>`,
  );
}
