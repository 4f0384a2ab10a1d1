// A product of matrices opened cell by cell: a row times a column.
import { make } from "./elements.js";
import { format, product } from "./numbers.js";
import { extras } from "./state.js";
import { calm } from "./view.js";
import { factors } from "./worked.js";

const CELL_PACE = 700; // milliseconds from cell to cell
const MOST_TERMS_SHOWN = 8;
let cellTimer = 0;
let opened = false; // by the reader, of any product

/** A matrix as a table. @param {number[][]} rows */
function grid(rows) {
  const cells = rows.map(row => row.map(v => make("td", {}, format(v))));
  const table = make("table", {}, ...cells.map(row => make("tr", {}, ...row)));
  return { cells, table };
}

/** A product of matrices to be opened; nothing for any other step. @param {Frame} f */
function cellByCell(f) {
  stopCells();
  const found = factors(f);
  if (!found) return [];
  const inside = make("div");
  const all = make("details", { class: "cells" }, make("summary", {}, "row times column, cell by cell"), inside);
  const fill = () => {
    opened = all.open;
    if (!all.open) stopCells();
    else if (!inside.childElementCount) inside.append(...opening(found));
  };
  all.open = opened;
  fill();
  all.addEventListener("toggle", fill);
  return [all];
}

/** @param {Factors} factors */
function opening({ names, left, right, result }) {
  const [a, b, c] = [left, right, result].map(grid);
  const [many, width] = [result.flat().length, result[0].length];
  const words = make("p", { role: "status" });
  let at = 0;
  const show = (/** @type {number} */ k) => {
    at = (k + many) % many;
    const [i, j] = [Math.floor(at / width), at % width];
    a.cells.forEach((row, r) => row.forEach(td => td.classList.toggle("on", r == i)));
    b.cells.forEach(row => row.forEach((td, column) => td.classList.toggle("on", column == j)));
    c.cells.flat().forEach((td, place) => {
      td.classList.toggle("on", place == at);
      td.classList.toggle("later", place > at);
    });
    const terms = left[i].slice(0, MOST_TERMS_SHOWN).map((v, place) => product([v, right[place][j]]));
    const more = left[i].length > terms.length ? " + …" : "";
    words.textContent = `[${i}, ${j}]: ${terms.join(" + ")}${more} = ${format(result[i][j])}`;
  };
  c.cells.flat().forEach((td, place) => td.addEventListener("click", () => { stopCells(); show(place); }));
  const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ click) =>
    make("button", { "aria-label": name, click }, text);
  const play = button("▷", "Play the cells", () => {
    if (cellTimer) return stopCells();
    cellTimer = setInterval(() => {
      if (!words.isConnected || at + 1 == many) return stopCells();
      show(at + 1);
    }, CELL_PACE);
    if (at + 1 == many) show(0);
  });
  const buttons = [
    button("◀", "Previous cell", () => { stopCells(); show(at - 1); }),
    button("▶", "Next cell", () => { stopCells(); show(at + 1); }),
    calm.matches ? null : play, // nothing moves by itself for those who ask for calm
  ];
  show(0);
  const named = (/** @type {string} */ name, /** @type {HTMLElement} */ table) =>
    make("div", {}, make("small", {}, name), table);
  const row = [named(names[0], a.table), "×", named(names[1], b.table), "=", named(names[2], c.table)];
  return [make("div", { class: "product" }, ...row), words, make("div", { class: "links" }, ...buttons)];
}

function stopCells() {
  clearInterval(cellTimer);
  cellTimer = 0;
}

extras.card.push(cellByCell);
