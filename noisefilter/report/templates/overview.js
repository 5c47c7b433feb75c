// The views, the cut, and the table of sites.
const tabs = [...document.querySelectorAll('[role=tab]')];
function openTab(name, focus = false) {
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute('aria-selected', chosen);
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute('aria-controls')).hidden = !chosen;
    if (chosen && focus) tab.focus();
  }
}
tabs.forEach((tab, place) => {
  tab.addEventListener('click', () => openTab(tab.id.slice(4)));
  tab.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) openTab(tabs[(place + step + tabs.length) % tabs.length].id.slice(4), true);
  });
});

// Above the cut: counts and the sum of noise, whose mean is the share of noise to expect.
const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);
const pagesIn = data.sums.map((_, bin) => sumOf(Object.values(data.bins).map((counts) => counts[bin])));
function answer(cut) {
  const all = sumOf(pagesIn), above = sumOf(pagesIn.slice(cut)), total = sumOf(data.sums), sum = sumOf(data.sums.slice(cut));
  const percent = (part, whole) => {
    const share = (100 * part) / whole;
    return share > 0 && share < 0.5 ? '< 1' : share < 10 && share % 1 ? share.toFixed(1).replace('.0', '') : share.toFixed(0);
  };
  const at = (cut / 100).toFixed(2).replace(/^0/, '');
  if (!above) return `At ${at} you drop nothing; some ${percent(total, all)} of 100 pages you keep are noise.`;
  const dropped = `At ${at} you drop ${percent(above, all)}% (${many(above)} of ${many(all)} scored pages), some ${percent(sum, above)} of 100 of them noise.`;
  return above === all ? dropped : `${dropped} Of those you keep, some ${percent(total - sum, all - above)} of 100 are noise.`;
}

const cut = byId('cut');
function moveCut() {
  const value = Number(cut.value), line = byId('cut-line');
  byId('cut-answer').textContent = answer(value);
  line.setAttribute('x1', value * 10);
  line.setAttribute('x2', value * 10);
  for (const bar of document.querySelectorAll('.histogram rect')) bar.classList.toggle('below', Number(bar.dataset.bin) < value);
}
if (cut) { cut.addEventListener('input', moveCut); moveCut(); }

const COLUMNS = [
  ['site', (site) => site[0] || '(no site)'],
  ['pages', (site) => site[1]],
  ['mean noise', (site) => site[2] ?? -1],
  ['dropped', (site) => site[5]],
  ['commonest reasons', (site) => (site[6][0] ? site[6][0][0] : '')],
  ['example', (site) => site[7]],
];
const sorting = { column: 1, down: true, shown: 100 };

function drawSites() {
  const wanted = byId('site-search').value.trim().toLowerCase();
  const [, key] = COLUMNS[sorting.column];
  const found = data.sites.filter((site) => !wanted || `${site[0]} ${site[6].map(([text]) => text).join(' ')}`.toLowerCase().includes(wanted));
  found.sort((a, b) => {
    const left = key(a), right = key(b);
    return (left < right ? -1 : left > right ? 1 : 0) * (sorting.down ? -1 : 1);
  });
  document.querySelector('#sites tbody').replaceChildren(...found.slice(0, sorting.shown).map(siteRow));
  byId('site-count').textContent = `${many(found.length)} site${found.length === 1 ? '' : 's'}`;
  byId('more-sites').hidden = found.length <= sorting.shown;
  document.querySelectorAll('#sites th').forEach((head, place) => {
    head.setAttribute('aria-sort', place !== sorting.column ? 'none' : sorting.down ? 'descending' : 'ascending');
  });
}

function siteRow([name, pages, mean, low, high, dropped, reasons, example]) {
  const spread = low === null ? '' : ` (${number(low)}–${number(high)})`;
  const row = data.rows.find((own) => own[0] === example);
  const open = () => { filterBySite(name); openTab('pages', true); };
  const look = () => { openTab('pages', true); openPage(example); };
  return make('tr', {},
    make('th', { scope: 'row' }, make('button', { class: 'link', onclick: open }, make('bdi', {}, legible(name || '(no site)')))),
    make('td', { class: 'number' }, many(pages)),
    make('td', { class: 'number' }, `${number(mean)}${spread}`),
    make('td', { class: 'number' }, `${(100 * dropped).toFixed(0)}%`),
    make('td', {}, make('ul', {}, ...reasons.map(([text, count]) => make('li', {}, `${legible(text)} `, make('small', {}, `× ${many(count)}`))))),
    make('td', {}, !example ? '–' : row ? make('button', { class: 'link', onclick: look }, make('bdi', {}, legible(row[2] || example))) : make('bdi', {}, legible(example))));
}

if (byId('sites')) {
  document.querySelector('#sites thead tr').append(...COLUMNS.map(([name], place) => make('th', { scope: 'col' }, make('button', {
    onclick: () => {
      sorting.down = sorting.column === place ? !sorting.down : place > 0 && place < 4;
      sorting.column = place;
      drawSites();
    },
  }, name))));
  byId('site-search').addEventListener('input', drawSites);
  byId('more-sites').addEventListener('click', () => { sorting.shown += 300; drawSites(); });
  drawSites();
}
