// Texts of pages → what is shown. Offsets count code points, as Python's do; the browser's count UTF-16 units.
const data = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);
const KINDS = data.kinds.map((kind) => kind.name);
const NAMES = Object.fromEntries(data.kinds.map((kind) => [kind.name, kind.called]));
const OBEYED = /[\ud800-\udbff][\udc00-\udfff]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/g;
const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

// What turns or hides text is shown as a sign of its own, one for one, so that offsets keep their place.
function legible(text) {
  return text.replace(OBEYED, (sign) => {
    const code = sign.charCodeAt(0);
    return sign.length > 1 ? sign : code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
  });
}

// Places of code points in a text: `unit(point)` and `point(unit)`.
function ruler(text) {
  if (!PAIR.test(text)) return { length: text.length, unit: (point) => point, point: (unit) => unit };
  const starts = [];
  for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) starts.push(unit);
  starts.push(text.length);
  const point = (unit) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < unit) low = middle + 1; else high = middle;
    }
    return low;
  };
  return { length: starts.length - 1, unit: (place) => starts[Math.min(place, starts.length - 1)], point };
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';
function draw(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Start, end and spans of each stretch under the same spans, in order; spans are [start, end, kind, score, why].
function stretches(spans, length) {
  const events = [];
  spans.forEach((span, index) => events.push([span[0], 1, index], [span[1], 0, index]));
  events.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const running = new Set(), found = [];
  let position = 0;
  for (const [place, opens, index] of events) {
    if (place > position) found.push([position, place, [...running]]);
    position = place;
    if (opens) running.add(index); else running.delete(index);
  }
  if (position < length) found.push([position, length, []]);
  return found;
}

// Where a long text is cut into chunks, of which only those in sight are laid out: behind a line break, else behind a blank.
function breaks(text) {
  const found = [];
  for (let from = 0; from + LONGEST < text.length;) {
    const line = text.lastIndexOf('\n', from + LONGEST), blank = text.lastIndexOf(' ', from + LONGEST);
    const cut = line > from ? line : blank > from ? blank : from + LONGEST;
    from = cut + 1;
    found.push(from);
  }
  return found;
}
const LONGEST = 4000;

// The text with its spans as elements; where kinds overlap, the worse one gives the look and all are named.
function spanned(text, spans, why) {
  const at = ruler(text), seen = new Set(), chunks = [make('div', { class: 'chunk' })];
  const edges = breaks(text).map(at.point);
  let next = 0;
  const add = (start, end, inside) => {
    if (start === edges[next]) { chunks.push(make('div', { class: 'chunk' })); next += 1; }
    const edge = edges[next] < end ? edges[next] : end;
    const words = legible(text.slice(at.unit(start), at.unit(edge)));
    chunks[chunks.length - 1].append(inside.length ? marked(words, spans, inside, why, seen) : words);
    if (edge < end) add(edge, end, inside);
  };
  for (const [start, end, inside] of stretches(spans, at.length)) {
    inside.sort((a, b) => spans[a][2] - spans[b][2] || a - b);
    add(start, end, inside);
  }
  return chunks;
}

function marked(words, spans, inside, why, seen) {
  const told = inside.map((index) => describe(spans[index], why)).join('\n');
  const look = KINDS[spans[inside[0]][2]] + (seen.has(inside[0]) ? '' : ' first');
  seen.add(inside[0]);
  return make('mark', { class: look, tabindex: 0, 'data-tip': told, 'aria-description': told, 'data-span': inside.join(' ') }, words);
}

function describe([, , kind, score, reason], why) {
  const name = NAMES[KINDS[kind]];
  return score === null ? `${name}: marked here` : `${name}, ${score.toFixed(2)}: ${why[reason] || ''}`;
}

function cleaned(view) {
  const at = ruler(view.text), parts = [];
  for (let index = 0; index < view.kept.length; index += 2) {
    parts.push(view.text.slice(at.unit(view.kept[index]), at.unit(view.kept[index + 1])));
  }
  return parts.join('');
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}

const number = (value, digits = 2) => (value === null ? '–' : value.toFixed(digits));
const many = (count) => count.toLocaleString('en');

// One tooltip for all marks: on hover and on focus; Escape hides it. Scrolling moves it with a focused mark, since focus scrolls, too:
// then what comes to lie under a resting pointer, which the browser reports as hovering, leaves it alone.
const tip = byId('tip');
function focusedMark() {
  const mark = document.activeElement;
  return !tip.hidden && mark.dataset.tip && tip.textContent === legible(mark.dataset.tip) ? mark : null;
}
function showTip(event) {
  const mark = event.target.closest && event.target.closest('[data-tip]');
  if (!mark) { tip.hidden = !focusedMark(); return; }
  tip.textContent = legible(mark.dataset.tip);
  tip.hidden = false;
  placeTip(mark);
}
function placeTip(mark) {
  const around = mark.getClientRects()[0] || mark.getBoundingClientRect();
  const left = Math.max(8, Math.min(around.left, window.innerWidth - tip.offsetWidth - 8));
  const below = around.bottom + 6 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? around.bottom + 6 : Math.max(8, around.top - tip.offsetHeight - 6)}px`;
}
document.addEventListener('mouseover', showTip);
document.addEventListener('focusin', showTip);
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') tip.hidden = true; });
document.addEventListener('scroll', () => {
  const mark = focusedMark();
  if (mark) placeTip(mark);
  else tip.hidden = true;
}, { passive: true, capture: true });
