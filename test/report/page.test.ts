import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html } from '../../src/report/html/markup.ts';
import { reportPage } from '../../src/report/html/page.ts';
import { legOn, NOON_MS, type Sample, sampleReport } from './sample.ts';

const STORY: Sample = {
  deposits: [{ atMs: NOON_MS - 1, amountUsd: '1000' }],
  legs: [
    legOn(0, { feeUsd: '0.1' }),
    legOn(1, { side: 'SELL', price: '0.7', size: '4', reason: 'the target' }),
    legOn(5, { side: 'SELL', price: '0.4', size: '3', strategy: 'beta' }),
    legOn(6, { instrumentId: 'paper:home:NO', marketId: 'home', price: '0.6' }),
  ],
  cashUsd: '992.9',
};
const pageOf = async (sample: Sample, change = {}) =>
  reportPage(await sampleReport(sample, change));

const VOID = new Set(['meta', 'path', 'line', 'circle', 'input', 'br']);

/** Names of elements that are opened and not closed, or the other way round. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const text = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '');
  for (const [tag, slash, name = ''] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*)?>/g)) {
    if (tag.endsWith('/>') || VOID.has(name)) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

describe('the page', () => {
  test('holds every figure of the report: plots, tables, positions, exits', async () => {
    const page = await pageOf(STORY);
    expect(unbalanced(page)).toEqual([]);
    for (const title of ['Equity over time', 'Realised PnL per day']) {
      expect(page).toMatch(new RegExp(`<title id="\\w+-title">${title}</title>`));
    }
    for (const caption of [
      'By strategy',
      'By market',
      'By day',
      'Open positions',
      'Newest exits',
    ]) {
      expect(page).toContain(`<caption>${caption}</caption>`);
    }
    // Two days had exits; the days between are there without a bar.
    expect(page.match(/<rect class="(gain|loss)"/g)).toEqual([
      '<rect class="gain"',
      '<rect class="loss"',
    ]);
    expect(page).toContain('<title>2026-11-21: 0.80</title>');
    expect(page).toContain('<title>2026-11-25: -0.30</title>');
    expect(page).toContain('the target');
    expect(page).toContain('Paid in');
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test('fetches nothing, and its own policy forbids it', async () => {
    const page = await pageOf(STORY);
    expect(page).not.toMatch(/\b(src|href|srcset|action|xlink:href)=|url\(|@import|https?:/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    expect(policy).toMatch(/^default-src &#39;none&#39;;/);
    for (const name of ['style', 'script']) {
      const inside = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(page)?.[1] ?? '';
      const hash = createHash('sha256').update(inside).digest('base64');
      expect(policy).toContain(`${name}-src &#39;sha256-${hash}&#39;`);
    }
    expect(page).not.toMatch(/\son[a-z]+=|\sstyle=/);
  });

  test('escapes what comes from the store, wherever it stands', async () => {
    const nasty = `<script>alert("1")</script>'&\u202e`;
    const page = await pageOf(
      {
        legs: [
          legOn(0, { strategy: nasty, marketId: nasty, instrumentId: nasty }),
          legOn(1, {
            side: 'SELL',
            size: '5',
            strategy: nasty,
            marketId: nasty,
            instrumentId: nasty,
            reason: nasty,
          }),
        ],
      },
      { account: nasty },
    );
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page).not.toContain('alert("1")');
    expect(page).not.toContain('\u202e');
    // Title, heading; strategy, market; position: instrument, opener; exit: strategy, instrument, reason.
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp; ';
    expect(page.split(escaped)).toHaveLength(9 + 1);
    expect(unbalanced(page)).toEqual([]);
  });

  test('of an account that did nothing is a page all the same', async () => {
    const page = await pageOf({});
    expect(unbalanced(page)).toEqual([]);
    expect(page).toContain('Nothing moved.');
    expect(page).not.toMatch(/NaN|undefined|<svg/);
  });

  test('draws one movement, and years of them', async () => {
    const one = await pageOf({ legs: [legOn(0)], cashUsd: '-5' });
    const many = Array.from({ length: 900 }, (_, day) =>
      legOn(2 * day, { side: day % 2 === 0 ? 'BUY' : 'SELL', price: `0.${500 + (day % 7)}` }),
    );
    const years = await pageOf({ legs: many });
    for (const page of [one, years]) {
      expect(page).not.toMatch(/NaN|undefined|Infinity/);
      expect(unbalanced(page)).toEqual([]);
    }
    expect(years).toContain('The newest 400 days.');
    expect(years).toContain('of which');
    expect(years).toContain('And 400 more, which "report --json" has.');
  });

  test('warns when the books do not add up, and when it is behind', async () => {
    const page = await pageOf({ ...STORY, cashUsd: '990', lastSeq: 12 });
    expect(page).toContain('The books do not add up:');
    expect(page).toContain('-2.9 dollars');
    expect(page).toContain('The newest 5 inputs of the log');
    expect(await pageOf(STORY)).not.toContain('class="warning"');
  });
});

test('no text can leave the place that it is written to', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { html: made } = html`<i title="${text}">${text}</i>`;
      const inside = /^<i title="([^"<>']*)">([^<>"']*)<\/i>$/u.exec(made);
      expect(inside?.[1]).toBe(inside?.[2]);
      expect(inside).not.toBeNull();
    }),
  );
});
