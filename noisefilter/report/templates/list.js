// The list of pages with its filters.
const listing = { places: [], shown: 100 };
let only = null; // the site that is filtered by exactly; the field filters by a part of its name

const control = (id) => byId(`filter-${id}`);
const ORDERS = {
  doubt: (a, b) => b[7] - a[7] || Math.abs((a[5] ?? 2) - 0.5) - Math.abs((b[5] ?? 2) - 0.5),
  high: (a, b) => (b[5] ?? -1) - (a[5] ?? -1),
  low: (a, b) => (a[5] ?? 2) - (b[5] ?? 2),
};

function filterBySite(name) {
  for (const id of ['verdict', 'text']) control(id).value = '';
  control('site').value = name || '(no site)';
  only = name;
  drawList();
}

function matches(row, verdict, site, words) {
  if (verdict && row[3] !== verdict) return false;
  if (only !== null ? row[1] !== only : site && !(row[1] || '(no site)').toLowerCase().includes(site)) return false;
  if (control('marked').checked && !marks.has(row[0])) return false;
  if (!words) return true;
  const view = data.pages[row[6]];
  return `${row[0]} ${row[2]}`.toLowerCase().includes(words) || (view && (view.text.toLowerCase().includes(words) || (view.url || '').toLowerCase().includes(words)));
}

function drawList() {
  const verdict = control('verdict').value, site = control('site').value.trim().toLowerCase(), words = control('text').value.trim().toLowerCase();
  const order = ORDERS[byId('order').value];
  listing.places = data.rows.map((_, place) => place).filter((place) => matches(data.rows[place], verdict, site, words));
  listing.places.sort((a, b) => order(data.rows[a], data.rows[b]) || a - b);
  byId('list').replaceChildren(...listing.places.slice(0, listing.shown).map(listItem));
  const listed = data.rows.length < data.total ? ` of ${many(data.rows.length)} listed; ${many(data.total)} pages in all` : '';
  byId('page-count').textContent = `${many(listing.places.length)} page${listing.places.length === 1 ? '' : 's'}${listed}`;
  byId('more-pages').hidden = listing.places.length <= listing.shown;
}

function listItem(place) {
  const [id, site, title, verdict, status, noise, view] = data.rows[place];
  const classes = [marks.has(id) ? 'is-marked' : '', view < 0 ? 'bare' : ''].join(' ').trim();
  return make('li', {}, make('button', { 'data-place': place, 'data-view': view, class: classes, 'aria-current': current !== null && data.pages[view] === current, onclick: () => showPage(place) },
    make('span', { class: 'noise' }, number(noise)), make('span', { class: `badge v-${verdict}` }, status === 'ok' ? verdict : status),
    make('bdi', { class: 'title' }, legible(title || id)), make('bdi', { class: 'site' }, legible(site || id))));
}

function openPage(id) {
  const place = data.rows.findIndex((row) => row[0] === id);
  if (place >= 0) showPage(place);
}

// The next or previous page of the list that has a text.
function step(by) {
  const own = listing.places.filter((place) => data.rows[place][6] >= 0);
  const at = own.findIndex((place) => data.pages[data.rows[place][6]] === current);
  const next = own[at < 0 ? 0 : at + by];
  if (next !== undefined) showPage(next);
}

for (const id of ['verdict', 'text', 'marked']) control(id).addEventListener('input', () => { listing.shown = 100; drawList(); });
control('site').addEventListener('input', () => { only = null; listing.shown = 100; drawList(); });
byId('order').addEventListener('input', drawList);
byId('more-pages').addEventListener('click', () => { listing.shown += 300; drawList(); });
byId('site-names').append(...data.sites.slice(0, 200).map(([name]) => make('option', { value: name || '(no site)' })));
recall();
keep();
drawList();
const first = listing.places.find((place) => data.rows[place][6] >= 0);
if (first !== undefined) {
  showPage(first);
  if (document.body.classList.contains('many')) byId('view-pages').classList.remove('open'); // narrow screens begin with the list
}
