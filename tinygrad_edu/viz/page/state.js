// What the reader has chosen, and who must hear of it when it changes.

export const state = {
  /** How many steps of `FRAMES` have been shown; null: the whole graph. @type {number | null} */
  at: null,
  /** The steps that change something outside of collapsed boxes, counted from 1. @type {number[]} */
  visible: [],
  /** A question is open. */
  asking: false,
  /** What is said of the last answer. */
  told: "",
  /** The key of the node whose details are shown. @type {string | null} */
  chosen: null,
};

/** What modules that not every page has add to the card of a step, and to the details of a node in group g.
 * @type {{ card: ((f: Frame) => HTMLElement[])[],
 *   details: ((g: number, open: boolean) => HTMLElement[])[] }} */
export const extras = { card: [], details: [] };

/** @type {(() => void)[]} */
const listeners = [];

/** Calls a function after each change, in the order in which the modules are imported.
 * @param {() => void} listener */
export const onChange = listener => void listeners.push(listener);

/** Shows the state everywhere on the page. */
export function changed() {
  for (const listener of listeners) listener();
}
