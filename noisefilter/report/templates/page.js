// One page: what moved its noise, its text with spans, the cleaned text, the page itself; and the buttons that mark it.
let current = null; // the view that is shown
let selected = null; // [start, end] of the words last selected in its text, in code points
let focused = null; // the mark that was last in focus

const FRAME_STYLE = `:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;margin:1rem;overflow-wrap:anywhere}
mark{color:inherit;background:color-mix(in srgb,var(--kind) 16%,transparent);text-decoration:underline var(--underline) 2px var(--kind)}
${data.kinds.map((kind) => `mark.${kind.name}{--kind:${kind.colour};--underline:${kind.underline}${kind.around ? ';color:var(--kind);background:none' : ''}}`).join('')}`;

function showPage(place) {
  const row = data.rows[place], view = data.pages[row[6]];
  const box = byId('page');
  current = view || null;
  selected = focused = null;
  byId('view-pages').classList.add('open');
  for (const item of document.querySelectorAll('#list button')) item.setAttribute('aria-current', item.dataset.place === String(place));
  if (!view) {
    box.replaceChildren(back(), make('h2', {}, legible(row[2] || row[0])), badge(row[3]),
      make('p', { class: 'note' }, `noise ${number(row[5])}, status ${row[4]}. This page is counted, but is not among those shown with their text: report fewer inputs, or --pages more, to see it.`));
    return;
  }
  const parts = [back(), heading(view), toolbar(view), numbers(view), reasonChart(view),
    view.whole ? legend() : null,
    make('div', { class: 'texts' },
      make('section', {}, make('h3', {}, view.whole ? 'Text with its spans' : 'Text'), make('div', { id: 'text', class: 'text', dir: 'auto' })),
      view.spans.length || view.kept.length ? make('section', {}, make('h3', {}, 'Cleaned text'), make('div', { class: 'text', id: 'cleaned', dir: 'auto' }, ...spanned(cleaned(view), [], []))) : null),
    quoted(view), framed(view)];
  box.replaceChildren(...parts.filter(Boolean));
  drawText(view);
  box.scrollTop = 0;
}

const back = () => make('p', { class: 'back' }, make('button', { onclick: () => { byId('view-pages').classList.remove('open'); } }, '← List'));
const badge = (verdict) => make('span', { class: `badge v-${verdict}` }, verdict);

function heading(view) {
  const safe = /^https?:\/\//i.test(view.url || '');
  const address = view.url && (safe ? make('a', { href: view.url, rel: 'noreferrer noopener', target: '_blank' }, legible(view.url)) : make('bdi', {}, legible(view.url)));
  return make('header', {},
    make('h2', { dir: 'auto' }, legible(view.title || view.id)),
    make('p', { class: 'meta' }, badge(view.verdict), view.status === 'ok' ? null : make('span', {}, view.status), view.type ? make('span', {}, view.type) : null,
      view.id === view.title ? null : make('bdi', { class: 'id' }, legible(view.id)), address || null),
    view.note ? make('p', { class: 'note' }, legible(view.note)) : null);
}

function toolbar(view) {
  const button = (name, label, action, key) => make('button', { 'data-mark': name, onclick: action, onmousedown: (event) => event.preventDefault(), title: key ? `key ${key}` : null }, label);
  const noise = (value) => () => { setMark(view, { noise: markOf(view).noise === value ? null : value }); drawMarks(view); };
  const kind = (name) => () => markRange(view, name);
  return make('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Mark this page' },
    make('span', { class: 'group' }, make('b', {}, 'The article: '), button('noise', 'Noise', noise(NOISE), 'n'), button('worth', 'Worth it', noise(WORTH), 'w')),
    view.whole ? make('span', { class: 'group' }, make('b', {}, 'Selection or focused span: '),
      ...KINDS.map((name) => button(name, NAMES[name][0].toUpperCase() + NAMES[name].slice(1), kind(name), name === 'off_topic' && 'f')),
      button('not_foreign', 'Not foreign', kind('not_foreign'), 'x'), button('none', 'No mark', kind('none')), button('reset', 'Reset', () => { setMark(view, { spans: null }); drawText(view); tell('As the model marked it'); })) : null,
    make('span', { id: 'told', role: 'status' }));
}

function drawMarks(view) {
  const mark = markOf(view);
  for (const [name, value] of [['noise', NOISE], ['worth', WORTH]]) {
    document.querySelector(`[data-mark=${name}]`).setAttribute('aria-pressed', mark.noise === value);
  }
  const reset = document.querySelector('[data-mark=reset]');
  if (reset) reset.disabled = mark.spans === null;
  const item = document.querySelector(`#list button[data-view="${data.pages.indexOf(view)}"]`);
  if (item) item.classList.toggle('is-marked', marks.has(view.id));
}

const tell = (words) => { byId('told').textContent = words; };

function markRange(view, action) {
  const spans = spansOf(view), foreign = KINDS.indexOf('off_topic');
  let ranges = selected ? [trimmed(view, ...selected)] : [];
  let covered = [];
  if (!selected && focused) {
    covered = focused.dataset.span.split(' ').map((index) => spans[Number(index)]);
    ranges = covered.slice(0, 1).map((span) => [span[0], span[1]]);
  }
  if (!ranges.length && action !== 'not_foreign') { tell('Select words in the text, or focus a span, first.'); return; }
  if (!ranges.length) ranges = [[0, ruler(view.text).length]]; // nothing on the whole page is foreign
  const [start, end] = ranges[0];
  if (start >= end) { tell('Select words in the text first.'); return; }
  let changed = spans;
  if (action === 'none') changed = without(spans, start, end, null);
  else if (action === 'not_foreign') changed = without(spans, start, end, foreign);
  else {
    if (covered.length) changed = changed.filter((span) => span !== covered[0]);
    changed = withSpan(changed, start, end, KINDS.indexOf(action));
  }
  setMark(view, { spans: changed });
  const at = ruler(view.text), words = legible(view.text.slice(at.unit(start), at.unit(end))).replace(/\s+/g, ' ');
  const names = { none: 'No mark', not_foreign: 'Not foreign' }, byKeyboard = covered.length > 0;
  drawText(view);
  if (byKeyboard) focusFrom(view, start);
  tell(`${names[action] || `Marked as ${NAMES[action]}`}: “${words.length > 60 ? `${words.slice(0, 59)}…` : words}”`);
}

// The first mark at or behind a place takes the focus, so that the keyboard goes on where it was.
function focusFrom(view, start) {
  const spans = spansOf(view), behind = (mark) => mark.dataset.span.split(' ').some((index) => spans[Number(index)][0] >= start);
  const mark = [...document.querySelectorAll('#text mark')].find(behind);
  if (mark) mark.focus({ preventScroll: true });
}

function drawText(view) {
  const box = byId('text'), place = box.scrollTop;
  box.replaceChildren(...spanned(view.text, spansOf(view), view.why));
  if (place) box.scrollTop = place;
  selected = focused = null;
  drawMarks(view);
}

function numbers(view) {
  return make('dl', { class: 'numbers' }, ...data.numbers.map((name, place) => make('div', {}, make('dt', {}, name.replace('_', '-')), make('dd', {}, number(view.numbers[place])))));
}

// Reasons as bars to the right of a middle line (raises noise) or to its left (lowers it), with a sign in words.
function reasonChart(view) {
  if (!view.reasons.length) {
    return make('p', { class: 'note' }, view.status === 'ok' ? 'The record holds no reasons for its noise.' : 'A page that is not judged has no reasons.');
  }
  const most = Math.max(...view.reasons.map(([, share]) => Math.abs(share)));
  const bars = view.reasons.map(([text, share]) => {
    const width = (Math.abs(share) / most) * 100, up = share > 0;
    const picture = draw('svg', { viewBox: '0 0 204 14', class: 'bar', role: 'img', 'aria-label': `${up ? 'raises' : 'lowers'} noise, ${(100 * Math.abs(share)).toFixed(0)}% of what moved it` },
      draw('line', { x1: 102, x2: 102, y1: 0, y2: 14 }), draw('rect', { x: up ? 102 : 102 - width, y: 2, width, height: 10, class: up ? 'up' : 'down' }));
    return make('li', {}, picture, make('span', {}, `${legible(text)} `, make('small', {}, `(${(100 * Math.abs(share)).toFixed(0)}% of what moved it)`)));
  });
  return make('section', { class: 'reasons' }, make('h3', {}, 'What moved noise'), make('p', { class: 'note' }, '← lowers it · raises it →'), make('ul', {}, ...bars));
}

function legend() {
  return make('p', { class: 'legend', 'aria-label': 'Legend' }, ...KINDS.map((kind) => make('mark', { class: `${kind} first` }, NAMES[kind])));
}

// Spans of a record that holds their words, but not the text around them.
function quoted(view) {
  if (!view.quotes.length) return null;
  return make('section', {}, make('h3', {}, 'What was found'), make('ul', { class: 'quotes' }, ...view.quotes.map(([kind, score, why, words]) => make('li', {},
    make('mark', { class: `${KINDS[kind]} first` }, legible(words)), ' ', make('small', {}, legible(describe([0, 0, kind, score, 0], [why])))))));
}

function framed(view) {
  if (!view.frame) return null;
  const box = make('section', { class: 'inplace' }, make('h3', {}, 'The page, with marks in place'),
    make('p', { class: 'note' }, 'Without scripts, styles and pictures; nothing is loaded. Marks made here above do not appear in it.'));
  unpack(view.frame).then((html) => {
    const policy = "default-src 'none'; style-src 'unsafe-inline'";
    box.append(make('iframe', {
      sandbox: '', title: 'The page, with marks in place', referrerpolicy: 'no-referrer',
      srcdoc: `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><style>${FRAME_STYLE}</style><body>${html}`,
    }));
  });
  return box;
}

// Where the words selected stand: each text node of the text is one stretch, in order.
function selection() {
  const own = document.getSelection(), box = byId('text');
  if (!current || !box || own.rangeCount === 0 || own.isCollapsed) return null;
  const range = own.getRangeAt(0);
  if (!box.contains(range.startContainer) || !box.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(box);
  before.setEnd(range.startContainer, range.startOffset);
  const start = before.toString().length, at = ruler(current.text);
  return [at.point(start), at.point(start + range.toString().length)];
}

document.addEventListener('selectionchange', () => {
  const found = selection();
  if (found) { selected = found; return; }
  const own = document.getSelection();
  if (own.isCollapsed && byId('text') && byId('text').contains(own.anchorNode)) selected = null;
});
document.addEventListener('focusin', (event) => {
  if (event.target.matches('#text mark')) focused = event.target;
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select, textarea') || byId('view-pages').hidden) return;
  const names = { n: 'noise', w: 'worth', f: 'off_topic', x: 'not_foreign' };
  const button = names[event.key] && document.querySelector(`[data-mark=${names[event.key]}]`);
  if (button) button.click();
  else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1);
});
