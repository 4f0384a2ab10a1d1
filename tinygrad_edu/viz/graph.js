"use strict";
// The script of the step page of a computation graph. G is the graph, as json_export.py writes it.
const N = G.nodes, GROUPS = G.groups, LAST = N.length - 1;
GROUPS.forEach(g => { g.label ??= ""; });
N.forEach((n, i) => { n.i = i; n.title ??= ""; n.inputs ??= []; n.group ??= -1; n.same ??= i; n.leaf = !n.inputs.length && n.kind != "module" && n.kind != "freed"; });
for (const n of N) n.value ??= G.arrays.push({ words: "", shape: [], dtype: "" }) - 1; // what failed made nothing
const uses = N.map(() => []);
N.forEach(n => n.inputs.forEach(s => uses[s].push(n.i)));
const $ = id => document.getElementById(id);

// ------------------------------------------------------------------ words and numbers

// names come from anywhere: characters that cannot be seen are escaped
const clean = s => String(s).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu,
  c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
const code = s => s.split("\n").map(clean).join("\n");
const cut = (s, n) => { s = clean(s); return s.length > n ? s.slice(0, n - 1) + "…" : s; };
const finite = v => !/nan|inf/.test(v);
function format(v) { // four digits, as Python's .4g
  if (typeof v != "number" || Number.isInteger(v) && Math.abs(v) < 1e6) return String(v);
  const e = Math.floor(Math.log10(Math.abs(v)));
  if (e < -4 || e > 5) return v.toExponential(3).replace(/\.?0+e/, "e");
  return String(+v.toPrecision(e > 3 ? e + 1 : 4));
}
const array = i => i == null ? null : G.arrays[i];
const count = a => a.shape.reduce((x, y) => x * y, 1);
const lone = a => a && a.numbers && a.numbers.length == 1 ? a.numbers[0] : null;
const short = a => !a ? "?" : lone(a) != null ? format(lone(a)) : cut(a.words, 60);
const dims = a => `(${a.shape.join(", ")}${a.shape.length == 1 ? "," : ""})`;
const tiny = a => short(a).replace(/ \[.*?\]$/, ""); // without the range
const given = a => a?.words.includes("±") ? " " + dims(a) : " = " + short(a);
const called = n => n.leaf ? cut(n.title, 40) : n.name ? cut(n.name, 40) : cut(n.title, 40) + " #" + n.order;
let order = 0;
N.forEach(n => { if (!n.leaf) n.order = ++order; });

// ------------------------------------------------------------------ building elements

function make(tag, facts = {}, ...inside) {
  const e = document.createElementNS(/^(g|path|rect|text|image)$/.test(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
  for (const [k, v] of Object.entries(facts)) if (k == "click") e.addEventListener("click", v); else if (v != null) e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
}
function heat(a) { // rows of colors: orange above 0, blue below, stronger the farther from 0; NaN is red
  let cells, columns;
  if (a.heat) {
    const span = a.heat_high - a.heat_low;
    cells = a.heat.match(/../g).map(h => h == "ff" ? NaN : a.heat_low + parseInt(h, 16) / 254 * span);
    columns = a.columns;
  } else if (a.numbers && a.numbers.length > 1 && !a.dtype.startsWith("complex")) {
    cells = a.numbers.map(Number);
    columns = a.shape[a.shape.length - 1];
  } else return null;
  const most = Math.max(...cells.map(Math.abs).filter(Number.isFinite), 1e-300);
  const rows = [];
  for (let i = 0; i < cells.length; i += columns)
    rows.push(cells.slice(i, i + columns).map(v => !Number.isFinite(v) ? [224, 49, 49, 1] : [...(v > 0 ? [224, 123, 57] : [59, 130, 196]), Math.abs(v) / most]));
  return rows;
}
const pictures = new Map();
function picture(a) {
  if (!pictures.has(a)) {
    const rows = heat(a);
    let made = null;
    if (rows) {
      const canvas = make("canvas", { width: rows[0].length, height: rows.length }), pen = canvas.getContext("2d");
      rows.forEach((row, y) => row.forEach((c, x) => { pen.fillStyle = `rgba(${c})`; pen.fillRect(x, y, 1, 1); }));
      made = { url: canvas.toDataURL(), width: rows[0].length, height: rows.length };
    }
    pictures.set(a, made);
  }
  return pictures.get(a);
}
const data = v => make("data", { value: v, title: String(v), class: finite(v) ? "number" : "number bad" }, format(v));
function show(a, large) { // the numbers of an array: one, a table, or a picture with statistics
  if (!a) return make("span", {}, "?");
  if (lone(a) != null) return data(lone(a));
  const all = make("div", {});
  const long = a.numbers && Math.max(...a.shape) > 16 && picture(a); // a picture, with its numbers folded away
  if (a.heat || long) {
    const p = picture(a), zoom = Math.max(1, Math.min(large ? 14 : 5, Math.floor((large ? 300 : long ? 140 : 72) / p.width)));
    all.append(make("img", { src: p.url, width: p.width * zoom, height: Math.max(long ? 14 : 1, p.height * zoom), alt: "Heat map: " + a.words }));
  }
  if (a.numbers && a.numbers.length) {
    const tints = heat(a)?.flat(), columns = a.shape.length > 1 ? a.shape.at(-1) : Math.min(4, a.shape[0]), body = make("table", {});
    for (let i = 0; i < a.numbers.length; i += columns) body.append(make("tr", {}, ...a.numbers.slice(i, i + columns).map((v, j) => {
      const c = tints?.[i + j];
      return make("td", { style: c && `background:rgba(${c[0]},${c[1]},${c[2]},${c[3] * .45})` }, data(v));
    })));
    const table = make("div", { class: "table" }, body);
    all.append(long ? make("details", {}, make("summary", {}, `all ${count(a)} numbers`), table) : table);
  }
  if (a.bad || !a.numbers?.length && a.mean == null) all.append(make("p", { class: a.bad ? "bad" : "" }, cut(a.words, 80)));
  if (a.mean != null && large) all.append(make("p", { class: "pale" }, "mean ", data(a.mean), ", standard deviation ", data(a.spread), ", from ", data(a.low), " to ", data(a.high)));
  else if (a.mean != null && !a.numbers) all.append(make("p", { class: "pale" }, data(a.mean), ...(a.spread ? [make("br"), "± ", data(a.spread)] : [])));
  return all;
}

// ------------------------------------------------------------------ collapsed boxes

const closed = new Set();
const outer = g => GROUPS[g].outer ?? -1;
function unit(i) { // the node, or the outermost collapsed box around it
  let found = "n" + i;
  for (let g = N[i].group; g >= 0; g = outer(g)) if (closed.has(g)) found = "g" + g;
  return found;
}
const groupOf = key => key[0] == "n" ? N[key.slice(1)].group : outer(+key.slice(1));
const inside = GROUPS.map(() => []); // operations of a box
N.forEach(n => { if (!n.leaf) for (let g = n.group; g >= 0; g = outer(g)) inside[g].push(n.i); });
const nodeOf = key => key[0] == "n" ? N[key.slice(1)] : N[inside[key.slice(1)].at(-1)]; // of a box its last operation

function start() { // repeated blocks are folded, and so many modules collapsed that the rest fits on a screen
  closed.clear();
  const level = GROUPS.map(() => 0);
  GROUPS.forEach((g, i) => { level[i] = g.outer == null ? 0 : level[g.outer] + 1; if (g.repeats || GROUPS[g.outer]?.repeats) closed.add(i); });
  for (let d = Math.max(0, ...level); d >= 0 && new Set(N.map(n => unit(n.i))).size > 70; d--)
    level.forEach((l, i) => { if (l == d) closed.add(i); });
}

// ------------------------------------------------------------------ layout
// Each expanded box is laid out on its own, in layers, and then takes its place in the box around it. A line
// that crosses a border is a line within each box, from port to port.

const GAP = 26, RISE = 34, CHIP = 14;
const ruler = make("canvas").getContext("2d");
const wide = (s, font) => { ruler.font = font + " system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"; return ruler.measureText(s).width; };
let units, chips, items, local, lines, places, routes;

function gather() {
  units = N.map(n => unit(n.i)); chips = new Map(); items = new Map([[-1, []]]); local = new Map([[-1, new Map()]]);
  lines = new Map(); places = new Map(); routes = new Map();
  const chip = new Set();
  N.forEach(n => {
    if (units[n.i] != "n" + n.i || n.leaf) return;
    const own = n.inputs.filter(s => N[s].leaf && /parameter|constant/.test(N[s].kind) && uses[s].length == 1 && N[s].group == n.group);
    own.forEach(s => chip.add(s)); chips.set("n" + n.i, own);
  });
  const add = key => {
    const g = groupOf(key);
    if (!items.has(g)) { items.set(g, []); local.set(g, new Map()); add("g" + g); }
    if (!items.get(g).includes(key)) items.get(g).push(key);
  };
  const done = new Set();
  units.forEach((u, i) => { if (!chip.has(i) && !done.has(u) && (u[0] == "n" || !N[i].leaf)) { done.add(u); add(u); } });
  const chain = key => { const all = []; for (let g = groupOf(key); g >= 0; g = outer(g)) all.push(g); return [...all, -1]; };
  const line = (g, from, to, source) => { const k = from + ">" + to + ">" + source; local.get(g).set(k, { k, from, to, source }); return [g, k]; };
  N.forEach(n => n.inputs.forEach(s => {
    const a = units[s], b = units[n.i], key = a + ">" + b;
    if (chip.has(s) || a == b || lines.has(key)) return;
    const up = chain(a), down = chain(b), meet = up.find(g => down.includes(g)), parts = [];
    let from = a, to = b;
    for (const g of up) { if (g == meet) break; parts.push(line(g, from, "o" + a, a)); from = "g" + g; }
    const end = [];
    for (const g of down) { if (g == meet) break; end.unshift(line(g, "i" + a, to, a)); to = "g" + g; }
    lines.set(key, { a, b, parts: [...parts, line(meet, from, to, a), ...end] });
  }));
}

function label(key) { // what is written on a node, and its size
  const n = nodeOf(key), box = key[0] == "g", a = array(n.value);
  const title = box ? "+ " + cut(GROUPS[key.slice(1)].label, 34) : n.name ? cut(n.name, 12) + " = " + cut(n.title, 20) : cut(n.title, 28) + (n.settings && n.kind != "module" ? " " : "");
  const extra = box ? inside[key.slice(1)].length + " operations" : n.settings ? cut(n.settings, n.kind == "module" ? 40 : 18) : "";
  const single = lone(a) != null, thumb = single ? null : picture(a);
  const width = Math.max(54, wide(title, "600 13px") + 24, wide(extra, "11px") + 24,
    single ? 118 * (n.gradient != null || !n.leaf) : 24 + wide(dims(a), "11px") + 66 * !!thumb);
  const bare = n.kind == "constant" && single && !box;
  return { n, box, a, title, extra, single, thumb, width: bare ? wide(title, "600 13px") + 20 : width, height: bare ? 26 : 30 + 16 * !!extra + (thumb ? 24 : 16), bare };
}

function size(key) {
  if (key[0] == "g" && !closed.has(+key.slice(1))) return layout(+key.slice(1));
  const about = label(key), own = (chips.get(key) ?? []).map(s => label("n" + s));
  const tall = own.reduce((h, c) => h + c.height + 8, -8);
  return { about, own, l: about.width / 2, r: about.width / 2 + (own.length ? CHIP + Math.max(...own.map(c => c.width)) : 0), h: Math.max(about.height, tall) };
}

function spread(row, want, weight) { // the places nearest to the wanted ones that keep order and distances
  const at = [0];
  for (let i = 1; i < row.length; i++) at[i] = at[i - 1] + row[i - 1].r + (row[i - 1].dummy && row[i].dummy ? 12 : GAP) + row[i].l;
  const blocks = [];
  row.forEach((c, i) => {
    let b = { sum: (want[i] - at[i]) * weight[i], weight: weight[i], n: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > b.sum / b.weight) { const p = blocks.pop(); b = { sum: p.sum + b.sum, weight: p.weight + b.weight, n: p.n + b.n }; }
    blocks.push(b);
  });
  let i = 0;
  for (const b of blocks) for (let k = 0; k < b.n; k++, i++) row[i].x = b.sum / b.weight + at[i];
}

function layout(g) {
  const cells = new Map(), cell = (key, facts) => { const c = { key, up: [], down: [], x: 0, ...facts }; cells.set(key, c); return c; };
  for (const key of items.get(g)) cell(key, size(key));
  const all = [...local.get(g).values()], port = { l: 5, r: 5, h: 0, port: true };
  for (const e of all) for (const k of [e.from, e.to]) if (!cells.has(k)) cell(k, port);
  // layers: a node is below its inputs; a node without inputs is just above its first use
  const before = new Map([...cells.keys()].map(k => [k, []])), after = new Map([...cells.keys()].map(k => [k, []]));
  for (const e of all) { before.get(e.to).push(e.from); after.get(e.from).push(e.to); }
  const ports = all.some(e => e.from[0] == "i") ? 1 : 0;
  const keys = [...cells.keys()], waits = new Map(keys.map(k => [k, before.get(k).length]));
  let ready = keys.filter(k => !waits.get(k)), deepest = 0;
  keys.forEach(k => { cells.get(k).layer = k[0] == "i" ? 0 : ports; });
  const sorted = [];
  while (ready.length) {
    const k = ready.shift(); sorted.push(k);
    deepest = Math.max(deepest, cells.get(k).layer);
    for (const t of after.get(k)) {
      cells.get(t).layer = Math.max(cells.get(t).layer, cells.get(k).layer + 1);
      waits.set(t, waits.get(t) - 1);
      if (!waits.get(t)) ready.push(t);
    }
  }
  for (const k of sorted.reverse()) if (!before.get(k).length && k[0] != "i" && after.get(k).length)
    cells.get(k).layer = Math.min(...after.get(k).map(t => cells.get(t).layer)) - 1;
  const sinks = keys.filter(k => k[0] == "o");
  if (sinks.length) { deepest = Math.max(0, ...keys.filter(k => k[0] != "o").map(k => cells.get(k).layer)) + 1; sinks.forEach(k => { cells.get(k).layer = deepest; }); }
  // a long line gets a place in each layer that it passes
  for (const e of all) {
    const from = cells.get(e.from), to = cells.get(e.to);
    const fx = from.outs?.get(e.source) ?? 0, tx = to.ins?.get(e.source) ?? 0;
    const leaf = e.from[0] == "n" && N[e.from.slice(1)].leaf ? .3 : 1;
    e.through = [];
    let last = from, off = fx;
    for (let l = from.layer + 1; l <= to.layer; l++) {
      const c = l == to.layer ? to : cell(e.k + "@" + l, { l: 4, r: 4, h: 0, layer: l, dummy: true });
      const w = leaf * (c.dummy && last.dummy ? 6 : c.dummy || last.dummy ? 1.5 : 2);
      const t = c == to ? tx : 0;
      last.down.push([c, t - off, w]); c.up.push([last, off - t, w]);
      if (c != to) e.through.push(c);
      last = c; off = t;
    }
    e.fx = fx; e.tx = tx;
  }
  const layers = [];
  for (const c of cells.values()) (layers[c.layer] ??= []).push(c);
  for (let l = 0; l < layers.length; l++) layers[l] ??= [];
  // order: in a few sweeps down and up, each node moves to the mean of its neighbors
  layers.forEach(row => row.forEach((c, i) => { c.pos = i - (row.length - 1) / 2; }));
  for (let sweep = 0; sweep < 8; sweep++) {
    const side = sweep % 2 ? "down" : "up";
    for (const row of sweep % 2 ? layers.slice().reverse() : layers) {
      row.forEach(c => { const near = c[side]; c.mean = near.length ? near.reduce((s, [o, d]) => s + o.pos + d / 1e4, 0) / near.length : c.pos; });
      row.sort((a, b) => a.mean - b.mean);
      row.forEach((c, i) => { c.pos = i - (row.length - 1) / 2; });
    }
  }
  // places: near the neighbors, with the main line straight
  for (const row of layers) spread(row, row.map(() => 0), row.map(() => 1));
  for (let sweep = 0; sweep < 16; sweep++) {
    const sides = sweep > 12 ? ["up"] : sweep % 2 ? ["down"] : ["up"];
    for (const row of sides[0] == "down" ? layers.slice().reverse() : layers) {
      const want = [], weight = [];
      for (const c of row) {
        const near = c[sides[0]], total = near.reduce((s, e) => s + e[2], 0);
        want.push(total ? near.reduce((s, [o, d, w]) => s + (o.x + d) * w, 0) / total : c.x);
        weight.push((total || .05) * (c.dummy ? 4 : 1));
      }
      spread(row, want, weight);
    }
  }
  for (const row of layers) { // nodes without inputs, above what they go to
    const want = row.map(c => !c.up.length && c.down.length ? c.down.reduce((s, [o, d]) => s + o.x + d, 0) / c.down.length : c.x);
    spread(row, want, row.map(c => c.up.length ? 50 : 1));
  }
  let y = 0;
  layers.forEach((row, l) => {
    const h = Math.max(0, ...row.map(c => c.h));
    row.forEach(c => { c.top = y; c.bottom = y + h; c.y = y + (h - c.h) / 2; });
    y += h + (l == layers.length - 1 ? 0 : row.every(c => c.port || c.dummy) || layers[l + 1].every(c => c.port || c.dummy) ? 12 : RISE);
  });
  const low = Math.min(...[...cells.values()].map(c => c.x - c.l)), high = Math.max(...[...cells.values()].map(c => c.x + c.r));
  const ends = [...cells.values()].filter(c => c.key[0] == "o"), begins = [...cells.values()].filter(c => c.key[0] == "i");
  const main = (ends.length ? ends : begins).map(c => c.x), middle = main.length ? main.reduce((s, x) => s + x, 0) / main.length : (low + high) / 2;
  const name = g >= 0 ? wide("− " + cut(GROUPS[g].label, 40), "600 12px") + 24 : 0, pad = g >= 0 ? 16 : 0;
  const l = middle - low + pad, r = Math.max(high - middle + pad, name - l);
  const h = g < 0 ? y : y + 30 + (ends.length ? 2 : 14);
  places.set(g, { cells, middle, l, r, h, all });
  return { l, r, h, child: g,
    ins: new Map(begins.map(c => [c.key.slice(1), c.x - middle])), outs: new Map(ends.map(c => [c.key.slice(1), c.x - middle])) };
}

const spots = new Map(); // key -> where it is drawn
function place(g, x, y) {
  const p = places.get(g), top = y + (g >= 0 ? 30 : 0);
  if (g >= 0) spots.set("b" + g, { x: x - p.l, y, w: p.l + p.r, h: p.h, middle: x });
  for (const c of p.cells.values()) {
    const cx = x - p.middle + c.x, cy = top + c.y;
    if (c.child != null) place(c.child, cx, cy);
    else if (c.about) {
      const { about, own } = c;
      spots.set(c.key, { x: cx - about.width / 2, y: cy + (c.h - about.height) / 2, w: about.width, h: about.height, about });
      let chipY = cy + (c.h - own.reduce((h, o) => h + o.height + 8, -8)) / 2;
      own.forEach(o => { spots.set("n" + o.n.i, { x: cx + about.width / 2 + CHIP, y: chipY, w: o.width, h: o.height, about: o, of: c.key }); chipY += o.height + 8; });
    }
  }
  for (const e of p.all) {
    const from = p.cells.get(e.from), to = p.cells.get(e.to), at = (c, off = 0) => x - p.middle + c.x + off;
    const points = from.port ? [[at(from), (g >= 0 ? y : top)]] : [[at(from, e.fx), from.about ? top + from.y + (from.h + from.about.height) / 2 : top + from.y + from.h], [at(from, e.fx), top + from.bottom]];
    for (const c of e.through) points.push([at(c), top + c.top], [at(c), top + c.bottom]);
    if (to.port) points.push([at(to), g >= 0 ? y + p.h : top + to.top]);
    else points.push([at(to, e.tx), top + to.top], [at(to, e.tx), to.about ? top + to.y + (to.h - to.about.height) / 2 : top + to.y]);
    routes.set(g + ":" + e.k, points);
  }
}

// ------------------------------------------------------------------ drawing

let drawn = new Map(), paths = new Map(), bounds;
function draw() {
  gather(); layout(-1); spots.clear(); place(-1, 0, 0);
  drawn = new Map(); paths = new Map();
  const boxes = make("g"), edges = make("g"), nodes = make("g"), labels = make("g", { class: "labels" });
  for (const [key, s] of [...spots].filter(([k]) => k[0] == "b")) {
    const g = +key.slice(1), words = cut(GROUPS[g].label, 40);
    boxes.append(make("g", { class: "box", tabindex: 0, role: "button", "aria-expanded": "true", "aria-label": "Collapse " + words, "data-key": "b" + g },
      make("rect", { x: s.x, y: s.y, width: s.w, height: s.h, rx: 10 })));
    labels.append(make("text", { x: s.x + 12, y: s.y + 19, class: "small" }, "− " + words));
  }
  for (const [key, line] of lines) {
    const points = line.parts.flatMap(([g, k]) => routes.get(g + ":" + k));
    let d = `M${points[0].map(round)}`;
    for (let i = 1; i < points.length; i++) {
      const [[x, y], [u, v]] = [points[i - 1], points[i]], m = round((y + v) / 2);
      if (x == u && y == v) continue;
      d += Math.abs(x - u) < .5 ? `L${round(u)} ${round(v)}` : `C${round(x)} ${m} ${round(u)} ${m} ${round(u)} ${round(v)}`;
    }
    const path = make("path", { class: "edge", d, "marker-end": "url(#arrow)" });
    paths.set(key, path); edges.append(path);
  }
  for (const [key, s] of spots) {
    if (key[0] == "b") continue;
    if (s.of) {
      const o = spots.get(s.of), y = round(s.y + s.h / 2), near = Math.max(o.y + 8, Math.min(o.y + o.h - 8, y));
      const path = make("path", { class: "edge", d: `M${round(s.x)} ${y}L${round(o.x + o.w)} ${round(near)}`, "marker-end": "url(#arrow)" });
      paths.set(key + ">" + s.of, path); edges.append(path);
    }
    const { n, box, title, extra } = s.about;
    const e = make("g", { class: "node " + (box ? "module" : n.kind), tabindex: 0, role: "button", "data-key": key });
    if (box || n.kind == "module") e.append(make("rect", { x: s.x + 4, y: s.y + 4, width: s.w, height: s.h, rx: 8 }));
    e.append(make("rect", { x: s.x, y: s.y, width: s.w, height: s.h, rx: n.leaf && !box ? Math.min(14, s.h / 2) : 8 }));
    if (n.shade && !box) e.lastChild.style.fill = `color-mix(in srgb, var(--change) ${Math.round(60 * n.shade)}%, var(--operation))`;
    const t = make("text", { x: s.x + 12, y: s.y + 19, "font-weight": 600 }, title);
    if (s.about.bare) { t.setAttribute("x", s.x + s.w / 2); t.setAttribute("text-anchor", "middle"); t.setAttribute("y", s.y + 18); }
    e.append(t);
    if (extra) e.append(make("text", { x: s.x + 12, y: s.y + 34, class: "small" }, extra));
    const facts = make("g"); e.append(facts);
    drawn.set(key, { e, facts, s }); nodes.append(e);
  }
  $("world").replaceChildren(boxes, edges, labels, nodes);
  const all = [...spots.values()];
  bounds = { x: Math.min(...all.map(s => s.x)), y: Math.min(...all.map(s => s.y)), r: Math.max(...all.map(s => s.x + s.w)), b: Math.max(...all.map(s => s.y + s.h)) };
  follow();
}
const round = v => Math.round(v * 10) / 10;

// ------------------------------------------------------------------ steps

// one for each operation, one for the loss's own gradient, one for each edge back
const FRAMES = N.filter(n => !n.leaf).map(n => ({ kind: "forward", node: n.i }));
if (G.steps.length) FRAMES.push({ kind: "seed", node: LAST });
G.steps.forEach(s => FRAMES.push({ kind: "back", ...s }));
let at = null; // how many frames have been shown; null: the whole graph
let visible = [], asking = false, told = "", right = 0, asked = 0, chosen = null, timer = null;

function seen(f) { // does the frame change anything outside of collapsed boxes?
  const u = units[f.node];
  if (f.kind == "back") return units[f.source] != u;
  return u[0] == "n" || f.kind == "seed" || inside[u.slice(1)].at(-1) == f.node;
}
function state() { // which operations are computed, and the gradients accumulated so far
  const done = new Set(), grads = new Map();
  if (at == null) return { done: null, grads: null };
  for (let k = 0; k < at; k++) {
    const f = FRAMES[k];
    if (f.kind == "forward") done.add(f.node);
    else if (f.kind == "seed") grads.set(N[f.node].same, N[f.node].gradient);
    else grads.set(N[f.source].same, f.after);
  }
  return { done, grads };
}
const frame = () => at ? FRAMES[at - 1] : null;
function rule(n, i) {
  const rules = n.row == null ? [] : G.rows[n.row].lines.filter(l => l[0].startsWith("∂L/∂"));
  return rules[Math.min(i ?? 0, rules.length - 1)] ?? null;
}
const argument = (n, i) => { const r = rule(n, i); return r && !r[0].includes("_") ? r[0].slice(4) : ""; };
function sentence(f) {
  const n = N[f.node];
  if (f.kind == "forward") return (n.kind == "freed" ? "Freed: " : "") + called(n) + (n.inputs.length ? " of " + n.inputs.map(s => N[s].leaf && N[s].title == array(N[s].value).words ? short(array(N[s].value)) : called(N[s]) + given(array(N[s].value))).join(", ") : "") + (n.kind == "failed" ? " fails" : " gives " + tiny(array(n.value)));
  if (f.kind == "seed") return "The backward pass begins: the gradient of " + called(n) + " with respect to itself is 1";
  const x = N[f.source], up = array(n.gradient), l = array(f.local), c = array(f.contribution);
  const came = l ? `${tiny(up)} × ${tiny(l)} = ${tiny(c)}` : `${tiny(c)} by the rule`;
  return `Backward from ${called(n)} to ${called(x)}: ${came}. ${called(x)}.grad` + (f.before != null ? `: ${tiny(array(f.before))} + ${tiny(c)} = ${tiny(array(f.after))}` : ` = ${tiny(array(f.after))}`);
}

function follow() { // shows the current step everywhere on the screen
  visible = FRAMES.map((f, k) => seen(f) ? k + 1 : 0).filter(Boolean);
  const { done, grads } = state(), f = asking ? FRAMES[upcoming() - 1] : frame();
  const current = f ? f.kind == "back" ? [units[f.node], units[f.source]] : [units[f.node]] : [];
  const edge = f?.kind == "back" ? units[f.source] + ">" + units[f.node] : f?.kind == "forward" ? null : "";
  for (const [key, { e, facts, s }] of drawn) {
    const n = s.about.n, known = !done || n.leaf || done.has(n.i);
    const g = grads ? grads.get(n.same) : n.gradient;
    const a = array(n.value), d = known ? array(g) : null;
    e.classList.toggle("later", !known && !current.includes(key));
    e.classList.toggle("now", current.includes(key));
    e.classList.toggle("chosen", key == chosen);
    e.classList.toggle("wrong", Boolean(known && a.bad || d?.bad));
    e.setAttribute("aria-label", (s.about.box ? "Module " + clean(GROUPS[key.slice(1)].label) : n.kind == "freed" ? called(n) : n.kind + " " + called(n)) + (known ? ", value " + short(a) : ", not computed yet") + (d ? ", gradient " + short(d) : ""));
    const rows = [], y = s.y + s.about.height - 9;
    if (s.about.bare) { /* its value is its name */ }
    else if (s.about.single) {
      rows.push(make("text", { x: s.x + 12, y, class: "small" + (known && a.bad ? " bad" : "") }, known ? short(a) : "?"));
      if (d) rows.push(make("text", { x: s.x + s.w - 10, y, "text-anchor": "end", class: "small " + (d.bad ? "bad" : "g") }, "∂ " + short(d)));
    } else {
      rows.push(make("text", { x: s.x + 12, y, class: "small" + (known && a.bad ? " bad" : "") }, asking && !known ? "?" : n.kind == "failed" ? "failed" : dims(a)));
      [[d, s.x + s.w - 38, "var(--grad)"], [known ? a : null, s.x + s.w - 70, "var(--edge)"]].forEach(([b, x, color]) => {
        const p = b && picture(b);
        if (p) rows.push(make("image", { href: p.url, x, y: y - 14, width: 28, height: 18, preserveAspectRatio: "none", style: "image-rendering:pixelated" }),
          make("rect", { x: x - .5, y: y - 14.5, width: 29, height: 19, rx: 2, style: `fill:none;stroke:${color};stroke-width:1` }));
      });
    }
    facts.replaceChildren(...rows);
  }
  for (const [key, p] of paths) {
    const now = edge ? key == edge : f?.kind == "forward" && key.endsWith(">" + units[f.node]);
    p.classList.toggle("now", Boolean(now));
    p.style.animationDirection = f?.kind == "back" ? "normal" : "reverse";
  }
  $("at").max = visible.length;
  $("at").value = at == null ? visible.length : visible.filter(k => k <= at).length;
  const words = asking ? "What comes next?" : f ? `${$("at").value} of ${visible.length}: ${sentence(f)}` : at == 0 ? "Before the first step: only the inputs are known" : G.note || G.no_gradient || (N[LAST].kind == "failed" ? `${called(N[LAST])} failed` : "") || "Press → to step through the graph";
  $("at").setAttribute("aria-valuetext", words);
  if ($("words").textContent != words) $("words").textContent = words;
  panel(f);
}

const upcoming = () => at == null ? visible[0] : visible.find(k => k > at);
function go(k, keep) {
  if (!keep) { asking = false; told = ""; }
  at = k;
  follow(); reveal();
}
function forward() {
  const k = at == null && visible.length ? visible[0] : upcoming();
  if (k == null) return pause();
  if ($("predict").getAttribute("aria-pressed") == "true" && !asking) {
    if (at == null) at = 0;
    asking = true; told = "";
    follow(); reveal(); $("guess").focus({ preventScroll: true }); $("guess").scrollIntoView({ block: "end" });
  } else go(k);
}
function back() {
  const earlier = at == null ? visible : visible.filter(k => k < at);
  go(asking ? at : earlier.length ? earlier.at(-1) : 0);
}
function pause() { clearInterval(timer); timer = null; $("play").setAttribute("aria-pressed", "false"); }
function play() {
  if (timer) return pause();
  if (upcoming() == null) at = 0;
  timer = setInterval(forward, 900); $("play").setAttribute("aria-pressed", "true"); forward();
}

// ------------------------------------------------------------------ predictions

const index = (k, shape) => shape.map((d, i) => Math.floor(k / shape.slice(i + 1).reduce((x, y) => x * y, 1)) % d);
const own = (a, place) => a.shape.map((d, i) => d == 1 ? 0 : place[place.length - a.shape.length + i]); // of a number that is broadcast
const entry = (a, place) => a.numbers[own(a, place).reduce((k, i, axis) => k * a.shape[axis] + i, 0)];
const where = (a, place) => a.shape.length ? `[${own(a, place).join(", ")}]` : "";
const factor = v => v < 0 ? `(${format(v)})` : format(v);
const product = (...parts) => parts.map(factor).join(" × ");
const is = (n, word) => n.row != null && G.rows[n.row].lines.some(([name, words]) => name == "is" && words.includes(word));
const flat = (...all) => all.every(a => a?.numbers && a.shape.length == 2);
function worked(f) { // one entry of the result of a step, if few numbers make it: [its index, how it is made, the sum of their sizes]
  const n = N[f.node], back = f.kind == "back", y = array(back ? f.contribution : n.value), up = array(n.gradient), l = array(f.local);
  const xs = n.inputs.map(s => array(N[s].value)), words = back && rule(n, f.i)?.[1] || "";
  if (f.kind == "seed" || !(y?.numbers?.length > 1) || y.dtype.startsWith("complex") || back && !up?.numbers) return null;
  const place = index((f.node * 5 + 1) % y.numbers.length, y.shape), [i, j] = place, terms = [];
  let size = 0;
  const add = (...parts) => { terms.push(product(...parts)); size += Math.abs(parts.reduce((x, y) => x * y)); };
  if (n.title == "matmul" && flat(...xs, y)) {
    const [x, w] = xs, many = back ? up.shape[f.i ? 0 : 1] : w.shape[0];
    for (let k = 0; k < many && many <= 4; k++) add(...!back ? [entry(x, [i, k]), entry(w, [k, j])] : f.i ? [entry(x, [k, i]), entry(up, [k, j])] : [entry(up, [i, k]), entry(w, [j, k])]);
  } else if (!back) {
    if (is(n, "elementwise") && xs.every(x => x?.numbers)) return [place, n.inputs.map((s, k) => (N[s].title == xs[k].words ? "" : called(N[s]) + where(xs[k], place) + " = ") + format(entry(xs[k], place))).join(", "), Math.max(...xs.map(x => Math.abs(entry(x, place))))];
  } else if (l?.numbers) add(entry(up, place), entry(l, place));
  else if (words.startsWith("spread(g") && lone(up) != null) words.includes("count") ? terms.push(format(lone(up)) + " / " + count(y)) : add(lone(up), 1);
  else {
    const simple = words.match(/^(-?)g(?: \* (\w+))?$/), x = simple?.[2] && xs[n.inputs.findIndex((s, k) => argument(n, k) == simple[2])];
    if (simple && is(n, "elementwise") && (!simple[2] || x?.numbers) && count(up) / count(y) <= 8)
      up.numbers.forEach((v, k) => { const p = index(k, up.shape); if (own(y, p).join() == place.join()) add(simple[1] ? -v : v, ...(x ? [entry(x, p)] : [])); });
  }
  return terms.length ? [place, terms.join(" + "), size] : null;
}
function question(f) { // [words, the answer, its kind, the size of what makes it]: a number that can be worked out, else a sign or a shape
  const n = N[f.node], back = f.kind == "back", y = array(back ? f.after : n.value), w = worked(f), x = back && called(N[f.source]);
  if (f.kind == "seed") return [`What is the gradient of ${called(n)} with respect to itself?`, 1];
  const what = !back ? "the result" : f.before != null ? `${x}.grad, after this contribution is accumulated` : `the contribution to ${x}.grad`, from = n.inputs.map(s => array(N[s].value));
  if (w) return [`What is ${what}, at [${w[0].join(", ")}]? There ${back ? "it is " : ""}${f.before != null ? format(entry(array(f.before), w[0])) + " + " : ""}${w[1]}${back ? " = ?" : ""}`, entry(y, w[0]), "", w[2] + Math.abs(f.before != null ? entry(array(f.before), w[0]) : 0)];
  if (lone(y) != null) return [...from, back && array(n.gradient)].every(a => !a || count(a) <= (rule(n)?.[1].startsWith("spread(") ? 8 : 4)) ? [`What is ${what}?`, lone(y)] : [`Is ${what} positive, negative or zero? Answer +, - or 0.`, Math.sign(lone(y)), "sign"];
  return [(back ? `What is the shape of the gradient of ${x}?` : "What is the shape of the result?") + ` Answer like 3, 4. (${n.inputs.map((s, k) => called(N[s]) + " has " + dims(from[k])).slice(0, back ? 0 : 3).concat(back ? ["the upstream gradient has " + dims(array(n.gradient))] : []).join(", ")})`, dims(y), "shape"];
}
function guess(text) {
  const k = upcoming(), [, truth, kind, size] = question(FRAMES[k - 1]), whole = text.match(/\d+/g);
  const said = kind == "shape" ? whole && dims({ shape: whole.map(Number) }) : kind ? Math.sign(/^ *[+\-−] *$/.test(text) ? text.replace("−", "-") + 1 : text) : Number(text.replace(",", "."));
  if (text.trim() && (kind == "shape" ? !said : !Number.isFinite(said))) { told = kind == "shape" ? "That is not a shape: try whole numbers, like 3, 4" : kind ? "Answer +, - or 0" : "That is not a number: try digits, like -0.25"; follow(); $("guess").focus(); return; }
  const tell = v => kind == "sign" ? ["negative", "zero", "positive"][v + 1] ?? v : kind ? v : format(v);
  if (!text.trim()) told = `It is ${tell(truth)}.`;
  else {
    asked++;
    const off = kind ? +(said != truth) : Math.abs(said - truth), close = off <= (kind ? 0 : .01 * Math.abs(truth) + 5e-4 * (size || 0) + 1e-12) || !finite(truth);
    right += close;
    told = (off == 0 ? "Exactly: " : close ? "Right: " : `You answered ${tell(said)}${kind ? "" : ", off by " + format(off)}: `) + `it is ${tell(truth)}. ${right} of ${asked} right.`;
  }
  asking = false;
  go(k, true);
  $("panel").focus({ preventScroll: true });
  $("panel").scrollTop = 0; // the verdict on the guess comes first
}

// ------------------------------------------------------------------ the panel

function term(name, a, large) { return make("div", {}, make("small", {}, name), show(a, large)); }
function operands(n, r) { // [name, array] of all that the formula of a rule names
  const things = new Map([["g", ["g, upstream gradient", array(n.gradient)]], ["y", ["y: " + called(n), array(n.value)]]]);
  n.inputs.forEach((s, i) => { const name = argument(n, i); if (name) things.set(name, [[...new Set([name, called(N[s])])].join(": "), array(N[s].value)]); });
  const found = s => [...new Set(s.match(/(?<![\w.])[a-z]\w*(?!\w|\.(shape|ndim|size|dtype))/g))].filter(w => things.has(w));
  const all = r ? found(r[1].split(/[;:]/)[0]) : [];
  return [...new Set(all.includes("g") ? all : [...all, "g"])].map(w => things.get(w));
}
function how(n, f) { // explains an edge without a local derivative for each number, in a sentence
  const x = array(N[f.source].value), up = array(n.gradient), words = rule(n, f.i)?.[1] ?? "", skip = up ? up.shape.length - x.shape.length : 0;
  const axes = (up?.shape ?? []).map((d, i) => i < skip || x.shape[i - skip] == 1 && d > 1 ? i : -1).filter(i => i >= 0), named = axes.length == 1 ? "axis " + axes : "axes " + axes.join(", ");
  if (n.title == "matmul" && x.shape.length == 2 && up?.shape.length == 2) return `Entry [i, j] is the sum over k of ${f.i ? "x[k, i] × g[k, j]" : "g[i, k] × w[j, k]"}.`;
  if (is(n, "elementwise") && axes.length) return `${called(N[f.source])} is broadcast along ${named} of the result, so its gradient is summed over ${named}.`;
  if (words.startsWith("spread(g")) return `${n.title} goes over ${n.settings?.match(/axis=(\([^)]*\)|[^,]*)/)?.[0].replace("=", " ") ?? "all axes"}: all numbers that were combined into one get the same gradient.`;
  return "The upstream gradient is multiplied by the local derivatives, and summed over all results that a number contributes to.";
}
function card(f) {
  const n = N[f.node], all = make("section", {});
  const up = array(n.gradient), r = rule(n, f.i);
  if (told) all.append(make("p", { class: "grad", role: "status" }, told));
  if (f.kind == "seed") all.append(make("p", { class: "pale" }, "Backward"), make("h2", {}, "∂L/∂L = 1"), make("p", {}, `L is ${called(n)}. A small change of L is a change of L by the same amount.`));
  else if (f.kind == "forward") {
    all.append(make("p", { class: "pale" }, "Forward"), make("h2", {}, called(n)));
    if (n.row != null) all.append(make("pre", {}, clean(G.rows[n.row].title)));
    all.append(make("div", { class: "sum" }, ...n.inputs.map((s, i) => term([...new Set([argument(n, i), called(N[s])])].filter(Boolean).join(": "), array(N[s].value))), make("span", {}, "→"), asking ? make("span", {}, "?") : term("result", array(n.value))));
  } else {
    const x = N[f.source], l = array(f.local), c = array(f.contribution);
    all.append(make("p", { class: "pale" }, "Backward, one edge"), make("h2", {}, called(n) + " → " + called(x)));
    if (r) all.append(make("pre", {}, code(`${r[0]} = ${r[1]}`)), make("p", { class: "pale" }, ["", called(x)].includes(argument(n, f.i)) ? "" : `${argument(n, f.i)} is ${called(x)}`));
    all.append(make("div", { class: "sum" }, ...(l ? [term("upstream gradient", up), "×", term("local derivative", l)] : operands(n, r).map(o => term(...o))), make("span", {}, l ? "=" : "→"), asking ? make("span", {}, "?") : term("contribution", c)));
    const one = !asking && worked(f);
    if (!l) all.append(make("p", { class: "pale" }, how(n, f)));
    if (one) all.append(make("p", { class: "pale" }, `At [${one[0].join(", ")}]: ${one[1]} = ${format(entry(c, one[0]))}`));
    if (f.before != null || !asking) all.append(make("h3", {}, called(x) + ".grad, accumulated"), make("div", { class: "sum grad" }, ...(f.before != null ? [show(array(f.before)), make("span", {}, "+"), asking ? make("span", {}, "?") : show(c), make("span", {}, "=")] : []), asking ? make("span", {}, "?") : show(array(f.after))));
  }
  if (asking) {
    const form = make("form", {}, make("input", { id: "guess", "aria-label": question(f)[0], inputmode: "text", autocomplete: "off" }), make("button", {}, "answer"));
    form.addEventListener("submit", e => { e.preventDefault(); guess($("guess").value); });
    all.append(make("p", {}, question(f)[0]), form);
  }
  return all;
}
function details(key) {
  const box = key[0] == "g", n = nodeOf(key), all = make("section", {});
  const path = []; for (let g = box ? outer(+key.slice(1)) : n.group; g >= 0; g = outer(g)) path.unshift(clean(GROUPS[g].label));
  const row = box || n.row == null ? null : G.rows[n.row];
  const { done, grads } = state(), known = !done || n.leaf || done.has(n.i), g = grads ? grads.get(n.same) : n.gradient;
  const head = (s, ...x) => all.append(make("h3", {}, s), ...x.filter(Boolean));
  all.append(make("h2", {}, box ? clean(GROUPS[key.slice(1)].label) : called(n)), make("p", { class: "pale" }, [box ? inside[key.slice(1)].length + " operations; shown is the last of them" : n.kind, n.settings && clean(n.settings), path.length && "in " + path.join(" › ")].filter(Boolean).join(", ")));
  if (!box && n.change) all.append(...n.change.split("\n").map(s => make("p", { class: "change" }, clean(s))));
  if (box) all.append(make("button", { click: () => toggle(+key.slice(1)) }, "expand"));
  if (n.kind != "failed") {
    head("Shape and type", make("p", { class: "number" }, `${dims(array(n.value))} ${clean(array(n.value).dtype)}`));
    head("Value", known ? show(array(n.value), true) : make("p", {}, "not computed yet"));
  }
  const none = grads && n.gradient != null ? "no contribution yet" : G.no_gradient || "no gradient: nothing that it was made from requires one";
  if (n.kind != "failed") head("Gradient ∂L/∂" + (n.leaf ? called(n) : "y"), g == null ? make("p", {}, none) : make("div", { class: "grad" }, show(array(g), true)));
  if (row) {
    head("Formula", make("pre", {}, clean(row.title)));
    for (const [name, words] of row.lines) head({ in: "Source", is: "Kind" }[name] ?? (name[0].toUpperCase() + name.slice(1)), make("pre", {}, code(words)));
  }
  if (n.line != null && !box) head("Your line", make("pre", {}, clean(G.lines[n.line])));
  const links = list => make("div", { class: "links" }, ...[...new Set(list)].map(i => make("button", { click: () => choose(units[i], true) }, called(N[i]))));
  if (n.inputs.length && !box) head("Inputs", links(n.inputs));
  if (uses[n.i].length) head("Used by", links(uses[n.i].slice(0, 12)));
  return all;
}
function panel(f) {
  const parts = [];
  if (f) parts.push(card(f));
  if (chosen && drawn.has(chosen)) parts.push(details(chosen));
  if (!parts.length && innerWidth > 768) parts.push(welcome());
  const open = $("all")?.open;
  if (f || innerWidth > 768) parts.push(steps(open));
  $("panel").replaceChildren(...parts);
}
function welcome() {
  const said = [G.note, G.no_gradient, N[LAST].kind == "failed" && N[LAST].change].filter(Boolean);
  return make("section", {}, make("h2", {}, "How this number was made"), ...said.map(s => make("p", { class: "bad" }, clean(s))),
    make("p", {}, "Each node is an operation with its value and, in violet, its gradient. Click a node to see its formula, its numbers and the line of your program."),
    make("p", {}, "Press → to step through the forward pass, and then through the backward pass, edge by edge."));
}
function steps(open) { // all steps in words, for screen readers and for reading
  const near = visible.length > 400 ? visible.filter(k => Math.abs(k - (at ?? 0)) < 300).slice(0, 400) : visible;
  const list = make("ol", { start: visible.indexOf(near[0]) + 1 });
  const all = make("details", { id: "all" }, make("summary", {}, visible.length == 1 ? "The only step" : `All ${visible.length} steps`), list);
  const fill = () => { if (all.open && !list.childElementCount) list.append(...near.map(k => make("li", {}, make("button", { click: () => go(k), ...(k == at ? { "aria-current": "step" } : {}) }, sentence(FRAMES[k - 1]))))); };
  all.addEventListener("toggle", fill);
  all.open = open ?? false; fill();
  return make("section", {}, all);
}
function choose(key, show) { chosen = key; follow(); if (innerWidth <= 768 || show) $("panel").scrollTop = 0; if (frame() && !show) $("panel").querySelectorAll("section")[1]?.scrollIntoView({ block: "start" }); if (show) reveal(key); }
function toggle(g) {
  const open = closed.has(g), key = open ? "g" + g : "b" + g;
  const old = spots.get(key);
  if (open) closed.delete(g); else closed.add(g);
  if (GROUPS[g].repeats) GROUPS.forEach((inner, i) => { if (inner.outer == g) closed.add(i); });
  chosen = null;
  draw();
  const now = spots.get(open ? "b" + g : "g" + g); // keep what was clicked under the pointer
  const middle = s => s.middle ?? s.x + s.w / 2;
  if (old && now) move(view.x + (middle(old) - middle(now)) * view.k, view.y + (old.y - now.y) * view.k, view.k);
  drawn.get("g" + g)?.e.focus({ preventScroll: true });
}

// ------------------------------------------------------------------ pan and zoom

const view = { x: 0, y: 0, k: 1 }, canvas = $("canvas");
let motion = null;
function move(x, y, k) { cancelAnimationFrame(motion); Object.assign(view, { x, y, k }); $("world").setAttribute("transform", `translate(${round(x)} ${round(y)}) scale(${k.toFixed(4)})`); }
function glide(x, y, k) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return move(x, y, k);
  const from = { ...view }, begin = performance.now();
  const tick = t => {
    const s = Math.min(1, (t - begin) / 220), e = s * (2 - s);
    move(from.x + (x - from.x) * e, from.y + (y - from.y) * e, from.k + (k - from.k) * e);
    if (s < 1) motion = requestAnimationFrame(tick);
  };
  motion = requestAnimationFrame(tick);
}
function fit(whole) { // the whole graph, or its top at a readable size
  const { clientWidth: w, clientHeight: h } = canvas, bw = bounds.r - bounds.x, bh = bounds.b - bounds.y;
  let k = Math.min((w - 48) / bw, (h - 48) / bh, 1.25);
  const tall = !whole && k < .55;
  const across = Math.min((w - 32) / bw, 1);
  if (tall) k = across < .4 ? .55 : across;
  move((w - bw * k) / 2 - bounds.x * k, tall ? 24 - bounds.y * k : Math.max(24, (h - bh * k) / 2) - bounds.y * k, k);
}
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const k = Math.min(4, Math.max(.02, view.k * factor));
  move(x - (x - view.x) * k / view.k, y - (y - view.y) * k / view.k, k);
}
function reveal(key) { // moves only if the step is out of sight
  const f = asking ? FRAMES[upcoming() - 1] : frame();
  const keys = key ? [key] : f ? f.kind == "back" ? [units[f.node], units[f.source]] : [units[f.node]] : [];
  const some = keys.map(k => spots.get(k)).filter(Boolean);
  if (!some.length) return;
  const w = canvas.clientWidth, h = canvas.clientHeight, m = 40;
  const l = Math.min(...some.map(s => s.x)), t = Math.min(...some.map(s => s.y)), r = Math.max(...some.map(s => s.x + s.w)), b = Math.max(...some.map(s => s.y + s.h));
  const k = Math.min(view.k < .45 ? .8 : view.k, (w - m) / (r - l), (h - m) / (b - t)), inside = l * view.k + view.x >= m / 2 && t * view.k + view.y >= m / 2 && r * view.k + view.x <= w - m / 2 && b * view.k + view.y <= h - m;
  if (!inside || k != view.k) glide(w / 2 - (l + r) / 2 * k, h / 2 - (t + b) / 2 * k, k);
}
const fingers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", e => { if (!fingers.size) moved = 0; fingers.set(e.pointerId, [e.clientX, e.clientY]); });
addEventListener("pointermove", e => {
  const old = fingers.get(e.pointerId);
  if (!old) return;
  const [x, y] = [e.clientX, e.clientY], others = [...fingers].filter(([id]) => id != e.pointerId);
  moved += Math.hypot(x - old[0], y - old[1]);
  if (others.length) {
    const [ox, oy] = others[0][1], box = canvas.getBoundingClientRect();
    zoom(Math.hypot(x - ox, y - oy) / (Math.hypot(old[0] - ox, old[1] - oy) || 1), (x + ox) / 2 - box.left, (y + oy) / 2 - box.top);
  } else if (moved > 4) move(view.x + x - old[0], view.y + y - old[1], view.k);
  fingers.set(e.pointerId, [x, y]);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, e => fingers.delete(e.pointerId));
canvas.addEventListener("wheel", e => { e.preventDefault(); const box = canvas.getBoundingClientRect(); zoom(Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 500)), e.clientX - box.left, e.clientY - box.top); }, { passive: false });
function press(key) {
  if (key[0] == "b") toggle(+key.slice(1));
  else if (key[0] == "g" && chosen == key) toggle(+key.slice(1));
  else choose(key);
}
canvas.addEventListener("click", e => {
  if (moved > 4) return;
  const key = e.target.closest("[data-key]")?.dataset.key;
  if (key) press(key); else { chosen = null; follow(); }
});
canvas.addEventListener("keydown", e => { const key = e.target.dataset?.key; if (key && e.key == "Enter") { e.preventDefault(); press(key); } });

// ------------------------------------------------------------------ buttons and keys

const everything = () => { pause(); chosen = null; asking = false; told = ""; at = null; follow(); };
const tasks = {
  first: () => go(0), back, next: forward, last: () => go(visible.at(-1) ?? 0), play, fit: () => fit(true), in: () => zoom(1.25), out: () => zoom(.8),
  open: () => { closed.clear(); draw(); fit(); }, close: () => { GROUPS.forEach((g, i) => closed.add(i)); draw(); fit(); },
  predict: () => { const on = $("predict").getAttribute("aria-pressed") != "true"; $("predict").setAttribute("aria-pressed", on); if (on) { pause(); asking = false; if (upcoming() == null) at = 0; forward(); } else if (asking) { asking = false; follow(); } },
  theme: () => { document.documentElement.classList.toggle("dark"); follow(); }, help: () => $("keys").showModal(),
};
for (const [id, task] of Object.entries(tasks)) $(id).addEventListener("click", () => { if (id != "play" && id != "theme") pause(); task(); });
$("at").addEventListener("input", () => { pause(); const k = +$("at").value; go(k ? visible[k - 1] : 0); });
addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || $("keys").open) return;
  if (e.target.tagName == "INPUT" && e.target.type != "range" && !["Escape", "ArrowRight", "ArrowLeft"].includes(e.key)) return;
  if (e.target.id == "guess" && e.key != "Escape" && e.target.value) return;
  const key = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play", p: "predict", f: "fit", "+": "in", "=": "in", "-": "out", "?": "help" }[e.key];
  if (e.key == " " && /BUTTON|SUMMARY/.test(e.target.tagName)) return;
  if (e.key == "Escape") everything();
  else if (!key) return;
  else { if (key != "play") pause(); tasks[key](); }
  e.preventDefault();
});

// ------------------------------------------------------------------ begin

const dark = matchMedia("(prefers-color-scheme: dark)");
document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", e => document.documentElement.classList.toggle("dark", e.matches));
document.querySelector("h1").textContent = "Computation graph of " + called(N[LAST]).replace(/ #\d+$/, "");
const plural = (n, one, many) => `${n} ${n == 1 ? one : many}`;
$("about").textContent = `${plural(order, "operation", "operations")}, ${plural(N.length - order, "leaf", "leaves")}` + (G.no_gradient ? "; " + clean(G.no_gradient) : "");
if (!GROUPS.length) $("open").hidden = $("close").hidden = true;
start(); draw(); fit();
addEventListener("resize", () => { follow(); fit(); });
