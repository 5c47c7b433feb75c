// What the reader marks → labels in the documented format. `noise` is 2 (noise) or 1 (worth it): the least that either claims.
const NOISE = 2, WORTH = 1;
const marks = new Map(); // id → { noise, spans }; null is unknown
const STORED = `noisefilter ${data.total} ${data.pages.map((view) => view.id).join(' ').slice(0, 2000)}`;

function recall() {
  try {
    for (const [id, mark] of JSON.parse(localStorage.getItem(STORED) || '[]')) marks.set(id, mark);
  } catch { /* no storage in this place: marks live as long as the page */ }
}

function keep() {
  try { localStorage.setItem(STORED, JSON.stringify([...marks])); } catch { /* as above */ }
  const count = marks.size;
  byId('marked-count').textContent = `${count} marked`;
  byId('download-labels').disabled = byId('download-pages').disabled = !count;
  if (data.saveTo) save();
}

function markOf(view) {
  return marks.get(view.id) || { noise: null, spans: null };
}

function setMark(view, change) {
  const mark = { ...markOf(view), ...change };
  if (mark.noise === null && mark.spans === null) marks.delete(view.id); else marks.set(view.id, mark);
  keep();
}

// The page's spans as they stand now: the model's, until the reader changed one.
function spansOf(view) {
  const own = markOf(view).spans;
  return own ? own.map(([start, end, kind, score, why]) => [start, end, kind, score ?? null, why]) : view.spans;
}

function without(spans, start, end, kind) {
  return spans.flatMap((span) => {
    if ((kind !== null && span[2] !== kind) || span[1] <= start || span[0] >= end) return [span];
    const parts = [];
    if (span[0] < start) parts.push([span[0], start, ...span.slice(2)]);
    if (span[1] > end) parts.push([end, span[1], ...span.slice(2)]);
    return parts;
  });
}

// One span of a kind over the range and whatever of that kind it touches.
function withSpan(spans, start, end, kind) {
  const touched = spans.filter((span) => span[2] === kind && span[0] < end && span[1] > start);
  const low = Math.min(start, ...touched.map((span) => span[0])), high = Math.max(end, ...touched.map((span) => span[1]));
  return [...spans.filter((span) => !touched.includes(span)), [low, high, kind, null, -1]].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

// Blanks at the ends of a selection are no part of what was meant.
function trimmed(view, start, end) {
  const points = ruler(view.text);
  const words = view.text.slice(points.unit(start), points.unit(end));
  const lead = words.length - words.trimStart().length, trail = words.length - words.trimEnd().length;
  return [start + lead, end - trail];
}

function labelRow(view) {
  const mark = markOf(view), at = ruler(view.text);
  const spans = mark.spans && mark.spans.map(([start, end, kind]) => ({
    start, end, kind: KINDS[kind], quote: view.text.slice(at.unit(start), at.unit(end)),
  }));
  const row = { id: view.id, noise: mark.noise, spans, text_version: view.version, by: 'report', guide: '1' };
  return view.type ? { ...row, page_type: view.type } : row;
}

async function pageRow(view) {
  const content = view.raw ? { html: await unpack(view.raw) } : { text: view.text };
  const row = { id: view.id, ...content, url: view.url, title: view.title, site: view.site || null, model: view.model };
  for (const name of Object.keys(row)) if (row[name] === null) delete row[name];
  return { ...row, marked: view.spans.map(([start, end, kind]) => [start, end, KINDS[kind]]) };
}

const markedViews = () => data.pages.filter((view) => marks.has(view.id));
const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }));
  const link = make('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// One save at a time, and the newest marks last: answers may overtake one another.
const saving = { now: false, again: false };
async function save() {
  byId('marked-count').textContent = `${marks.size} marked, not saved yet`;
  saving.again = true;
  if (saving.now) return;
  saving.now = true;
  while (saving.again) {
    saving.again = false;
    const told = await send(markedViews());
    if (!saving.again) byId('marked-count').textContent = told;
  }
  saving.now = false;
}

async function send(views) {
  try {
    const body = JSON.stringify({ labels: views.map(labelRow), pages: await Promise.all(views.map(pageRow)) });
    const done = await fetch(data.saveTo, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    if (!done.ok) throw new Error(done.status);
    return `${views.length} marked, saved`;
  } catch {
    return `${views.length} marked, NOT saved: is noisefilter review still running?`;
  }
}

byId('download-labels').addEventListener('click', () => download('labels.jsonl', lines(markedViews().map(labelRow))));
byId('download-pages').addEventListener('click', async () => download('pages.jsonl', lines(await Promise.all(markedViews().map(pageRow)))));
