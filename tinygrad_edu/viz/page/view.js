// Which part of the picture is seen: pan, zoom, and the way to what a step is about.
import { $ } from "./elements.js";
import { bounds } from "./drawing.js";
import { around, spots } from "./layout.js";
import { round } from "./numbers.js";
import { current, keysOf } from "./steps.js";

export const canvas = $("canvas");
/** A point p of the picture is seen at (x, y) + k p. */
export const view = { x: 0, y: 0, k: 1 };

const MARGIN = 40;
const READABLE = 0.6925; // a graph whose names would be smaller than 9 pixels is shown in part
const GLIDE = 220; // milliseconds
const CLICK = 4; // pixels that a pointer may move in a click
let motion = 0;

export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @type {(() => void)[]} */
const followers = [];
/** Calls a function after each move. @param {() => void} follower */
export const onMove = follower => void followers.push(follower);

/** @param {number} x @param {number} y @param {number} k */
export function move(x, y, k) {
  cancelAnimationFrame(motion);
  Object.assign(view, { x, y, k });
  $("world").setAttribute("transform", `translate(${round(x)} ${round(y)}) scale(${k.toFixed(4)})`);
  for (const follower of followers) follower();
}

/** Moves there smoothly. @param {number} x @param {number} y @param {number} k */
function glide(x, y, k) {
  if (calm.matches) return move(x, y, k);
  const from = { ...view };
  const begin = performance.now();
  const tick = (/** @type {number} */ now) => {
    const share = Math.min(1, (now - begin) / GLIDE);
    const e = share * (2 - share);
    move(from.x + (x - from.x) * e, from.y + (y - from.y) * e, from.k + (k - from.k) * e);
    if (share < 1) motion = requestAnimationFrame(tick);
  };
  motion = requestAnimationFrame(tick);
}

/** Shows the whole graph, or, of a tall one, its top at a readable size. @param {boolean} [whole] */
export function fit(whole = false) {
  const { clientWidth: w, clientHeight: h } = canvas;
  const [width, height] = [bounds.right - bounds.left, bounds.bottom - bounds.top];
  const margin = Math.min(48, 0.06 * w);
  const all = Math.min((w - margin) / width, (h - margin) / height, 1.25);
  if (whole || all >= READABLE) {
    const top = (h - height * all) / 2;
    return move((w - width * all) / 2 - bounds.left * all, top - bounds.top * all, all);
  }
  const k = Math.max(READABLE, Math.min((w - 32) / width, 1));
  // wherever the graph begins: the middle of a wide one may be empty there
  const first = [...spots.values()].reduce((a, b) => (b.about && (!a.about || b.y < a.y) ? b : a));
  const x = w / 2 - (first.x + first.w / 2) * k;
  const [low, high] = [w - 16 - bounds.right * k, 16 - bounds.left * k];
  move(low < high ? Math.min(high, Math.max(low, x)) : (low + high) / 2, 24 - bounds.top * k, k);
}

/** Zooms to a node and those it is connected with. @param {string} key @param {string[]} others */
export function zoomTo(key, others) {
  const some = [key, ...others].flatMap(k => spots.get(k) ?? []);
  if (!some.length) return;
  const { left, top, right, bottom } = around(some);
  const { clientWidth: w, clientHeight: h } = canvas;
  const k = Math.min(1.5, (w - 2 * MARGIN) / (right - left), (h - 2 * MARGIN) / (bottom - top));
  glide(w / 2 - ((left + right) / 2) * k, h / 2 - ((top + bottom) / 2) * k, k);
}

/** @param {number} factor @param {number} [x] what stays in its place @param {number} [y] */
export function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const k = Math.min(4, Math.max(0.02, view.k * factor));
  move(x - ((x - view.x) * k) / view.k, y - ((y - view.y) * k) / view.k, k);
}

/** Is a point of the canvas in the corner that the minimap covers? @param {number} x @param {number} y */
function isUnderMap(x, y) {
  const map = $("minimap").getBoundingClientRect();
  const { left, top } = canvas.getBoundingClientRect();
  return map.width > 0 && x > map.left - left && y > map.top - top;
}

/** Brings nodes, or what the step is about, into sight, or the last of them, which matters most.
 * Moves only if they are not. @param {string[]} [keys] */
export function reveal(keys = keysOf(current())) {
  const some = keys.flatMap(k => spots.get(k) ?? []);
  if (!some.length) return;
  const { clientWidth: w, clientHeight: h } = canvas;
  const readable = view.k < 0.45 ? 0.8 : view.k;
  const room = (/** @type {ReturnType<typeof around>} */ s) =>
    Math.min(readable, (w - MARGIN) / (s.right - s.left), (h - MARGIN) / (s.bottom - s.top));
  let part = around(some);
  // of a long edge, where its gradient arrives
  if (room(part) < Math.min(READABLE, readable)) part = around(some.slice(-1));
  const { left, top, right, bottom } = part;
  const k = room(part);
  const seen = !isUnderMap(right * view.k + view.x, bottom * view.k + view.y) &&
    left * view.k + view.x >= MARGIN / 2 && right * view.k + view.x <= w - MARGIN / 2 &&
    top * view.k + view.y >= MARGIN / 2 && bottom * view.k + view.y <= h - MARGIN;
  if (!seen || k != view.k) glide(w / 2 - ((left + right) / 2) * k, h / 2 - ((top + bottom) / 2) * k, k);
}

/** Moves the picture by as much as something in it has moved, so that it stays under the pointer.
 * @param {Spot | undefined} old @param {Spot | undefined} now */
export function keepInPlace(old, now) {
  if (!old || !now) return;
  const middle = (/** @type {Spot} */ s) => s.middle ?? s.x + s.w / 2;
  move(view.x + (middle(old) - middle(now)) * view.k, view.y + (old.y - now.y) * view.k, view.k);
}

// ---------------------------------------------------------------------------- mouse and fingers

/** Where the pressed pointers are. @type {Map<number, [number, number]>} */
const fingers = new Map();
let moved = 0;

/** Was the last press a drag, and no click? */
export const wasDrag = () => moved > CLICK;

canvas.addEventListener("pointerdown", e => {
  if (!fingers.size) moved = 0;
  fingers.set(e.pointerId, [e.clientX, e.clientY]);
});

addEventListener("pointermove", e => {
  const old = fingers.get(e.pointerId);
  if (!old) return;
  const [x, y] = [e.clientX, e.clientY];
  const other = [...fingers].find(([id]) => id != e.pointerId)?.[1];
  moved += Math.hypot(x - old[0], y - old[1]);
  if (other) pinch([x, y], old, other);
  else if (wasDrag()) move(view.x + x - old[0], view.y + y - old[1], view.k);
  fingers.set(e.pointerId, [x, y]);
});

/** Zooms as a finger moves from `old` to (x, y) while the other rests.
 * @param {[number, number]} finger @param {[number, number]} old @param {[number, number]} other */
function pinch([x, y], old, [u, v]) {
  const { left, top } = canvas.getBoundingClientRect();
  const before = Math.hypot(old[0] - u, old[1] - v) || 1;
  zoom(Math.hypot(x - u, y - v) / before, (x + u) / 2 - left, (y + v) / 2 - top);
}

for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
  addEventListener(end, e => fingers.delete(e.pointerId));

/** @param {WheelEvent} e */
function onWheel(e) {
  e.preventDefault();
  const { left, top } = canvas.getBoundingClientRect();
  zoom(Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 500)), e.clientX - left, e.clientY - top);
}
canvas.addEventListener("wheel", onWheel, { passive: false });
