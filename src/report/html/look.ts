/** Style and script of the page. It works without the script, which only sorts. */

export const STYLE = `
:root { color-scheme: light dark;
  --page: #fff; --raised: #f6f7f9; --text: #1b1f24; --quiet: #59636e; --rule: #d9dee4;
  --line: #0b5cad; --gain: #137333; --loss: #b3261e; --between: #0b5cad22; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171b; --raised: #1d2127; --text: #e6e9ed; --quiet: #9aa4af; --rule: #343b44;
  --line: #6cb2f7; --gain: #63c281; --loss: #ff8a80; --between: #6cb2f722; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem; background: var(--page);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2, caption { font-size: 1.1rem; font-weight: 600; text-align: left; margin: 0; padding: 2rem 0 .4rem; }
p { margin: .3rem 0; max-width: 60rem; }
.quiet, figcaption, dt { color: var(--quiet); }
.warning { border-left: 4px solid var(--loss); padding: .4rem .8rem; background: var(--raised); }
dl.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .6rem;
  margin: 1.2rem 0 0; }
dl.figures div { background: var(--raised); border-radius: 6px; padding: .6rem .8rem; }
dl.figures dt { font-size: .85rem; }
dd { margin: 0; }
dl.figures dd { font-size: 1.25rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
figure { margin: 0; }
figure > div { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 40rem; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.grid line { stroke: var(--rule); stroke-width: 1; }
.zero { stroke: var(--quiet); stroke-width: 1; }
.between { fill: var(--between); }
path.equity { fill: none; stroke: var(--line); stroke-width: 1.75; stroke-linejoin: round; }
path.deposits { fill: none; stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 4 4; }
.newest { fill: var(--line); }
rect.gain { fill: var(--gain); } rect.loss { fill: var(--loss); }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap; text-align: left; }
th:first-child { padding-left: 0; }
thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
td.text { white-space: normal; min-width: 10rem; }
.figure { text-align: right; }
td.gain { color: var(--gain); } td.loss { color: var(--loss); }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--line); outline-offset: 2px; }
th[aria-sort=ascending] button::after { content: ' \\2191'; }
th[aria-sort=descending] button::after { content: ' \\2193'; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--quiet); }
.words { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; max-width: 56rem; }
@media print { body { max-width: none; } details { display: none; } }
`;

export const SCRIPT = `
for (const table of document.querySelectorAll('table')) {
  const titles = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  for (const [column, title] of titles.entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...title.childNodes);
    title.append(button);
    const isFigure = title.classList.contains('figure');
    const valueOf = ({ cells }) => cells[column].dataset.value ?? cells[column].textContent;
    const compare = (a, b) => isFigure ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
    button.addEventListener('click', () => {
      const up = title.ariaSort === 'descending' || (!isFigure && title.ariaSort !== 'ascending');
      for (const other of titles) other.removeAttribute('aria-sort');
      title.ariaSort = up ? 'ascending' : 'descending';
      // What is not known stands last either way.
      const rows = [...body.rows].sort((a, b) => {
        const [left, right] = [valueOf(a), valueOf(b)];
        if (left === '' || right === '') return (left === '') - (right === '');
        return up ? compare(left, right) : compare(right, left);
      });
      body.append(...rows);
    });
  }
}
`;
