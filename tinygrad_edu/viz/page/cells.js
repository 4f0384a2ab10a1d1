// A product of matrices opened cell by cell: a row times a column.
import { make } from "./elements.js";
import { named } from "./graph.js";
import { factor, format, numeric } from "./numbers.js";
import { extras } from "./state.js";
import { calm } from "./view.js";

const CELL_PACE = 700; // milliseconds from cell to cell
const MOST_TERMS_SHOWN = 8;
let cellTimer = 0;
let opened = false; // by the reader, of any product

/** A matrix of the product, and its table. @param {[string, string, boolean]} factor */
function grid([name, reference, transposed]) {
  const { shape: [height, width], numbers } = /** @type {Listed} */ (named(reference));
  const row = (/** @type {number} */ i) => numbers.slice(i * width, (i + 1) * width).map(numeric);
  const rows = Array.from({ length: height }, (_, i) => row(i));
  const matrix = transposed ? rows[0].map((_, j) => rows.map(row => row[j])) : rows;
  const cells = matrix.map(row => row.map(v => make("td", {}, format(v))));
  const table = make("table", {}, cells.map(row => make("tr", {}, row)));
  return { matrix, cells, element: make("div", {}, make("small", {}, name), table) };
}

/** A product of matrices to be opened; nothing for any other step. @param {Frame} f */
function cellByCell(f) {
  stopCells();
  const { factors } = f.told;
  if (!factors) return [];
  const all = make("details", { class: "cells" }, make("summary", {}, "row times column, cell by cell"));
  const fill = () => {
    opened = all.open;
    if (!all.open) stopCells();
    else if (all.childElementCount == 1) all.append(...opening(factors));
  };
  all.open = opened;
  fill();
  all.addEventListener("toggle", fill);
  return [all];
}

/** @param {[string, string, boolean][]} factors */
function opening(factors) {
  const [a, b, c] = factors.map(grid);
  const [every, width] = [c.cells.flat(), c.matrix[0].length];
  const words = make("p", { role: "status" });
  let at = 0;
  const show = (/** @type {number} */ k) => {
    at = (k + every.length) % every.length;
    const [i, j] = [Math.floor(at / width), at % width];
    a.cells.forEach((row, r) => row.forEach(td => td.classList.toggle("on", r == i)));
    b.cells.forEach(row => row.forEach((td, column) => td.classList.toggle("on", column == j)));
    every.forEach((td, place) => {
      td.classList.toggle("on", place == at);
      td.classList.toggle("later", place > at);
    });
    const terms = a.matrix[i].map((v, place) => `${factor(v)} × ${factor(b.matrix[place][j])}`);
    if (terms.length > MOST_TERMS_SHOWN) terms.splice(MOST_TERMS_SHOWN, terms.length, "…");
    words.textContent = `[${i}, ${j}]: ${terms.join(" + ")} = ${format(c.matrix[i][j])}`;
  };
  const go = (/** @type {number} */ k) => {
    stopCells();
    show(k);
  };
  const play = () => {
    if (cellTimer) return stopCells();
    cellTimer = setInterval(() => {
      if (words.isConnected && at + 1 < every.length) show(at + 1);
      else stopCells();
    }, CELL_PACE);
    if (at + 1 == every.length) show(0);
  };
  every.forEach((td, place) => td.addEventListener("click", () => go(place)));
  const buttons = [
    make("button", { "aria-label": "Previous cell", click: () => go(at - 1) }, "◀"),
    make("button", { "aria-label": "Next cell", click: () => go(at + 1) }, "▶"),
    // nothing moves by itself for those who ask for calm
    calm.matches ? null : make("button", { "aria-label": "Play the cells", click: play }, "▷"),
  ];
  show(0);
  const product = make("div", { class: "product" }, a.element, "×", b.element, "=", c.element);
  return [product, words, make("div", { class: "links" }, buttons)];
}

function stopCells() {
  clearInterval(cellTimer);
  cellTimer = 0;
}

extras.card.push(cellByCell);
