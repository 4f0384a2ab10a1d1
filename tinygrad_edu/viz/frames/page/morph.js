// A picture becomes the next one: elements that stay are changed and not replaced, so that they can move.

/** An element of the picture: its tag, its attributes and its text.
 * @typedef {[string, Record<string, string>, string]} Shape */

const SVG = "http://www.w3.org/2000/svg";

/** Which elements of a picture go, and which are made, by their keys. An element stays if its tag does.
 * @param {[string, string][]} there key and tag of the elements that are there, in their order
 * @param {[string, string][]} wanted the same of those that shall be there
 * @returns {{ gone: Set<string>, made: Set<string> }} */
export function changes(there, wanted) {
  const before = new Map(there), after = new Map(wanted);
  return {
    gone: new Set([...before.keys()].filter(key => after.get(key) !== before.get(key))),
    made: new Set([...after.keys()].filter(key => after.get(key) !== before.get(key))),
  };
}

const keyOf = (/** @type {Element} */ e) => e.getAttribute("data-key") ?? "";

/** Makes the elements of an <svg> those of the next frame.
 * @param {Element} svg @param {Shape[]} wanted */
export function morph(svg, wanted) {
  const there = new Map([...svg.children].map(e => [keyOf(e), e]));
  const named = /** @type {[string, string][]} */ ([...there].map(([key, e]) => [key, e.tagName]));
  const { gone, made } = changes(named, wanted.map(([tag, look]) => [look["data-key"], tag]));
  for (const key of gone) there.get(key)?.remove();
  let place = svg.firstElementChild;
  for (const [tag, look, words] of wanted) {
    const kept = made.has(look["data-key"]) ? undefined : there.get(look["data-key"]);
    const element = kept ?? document.createElementNS(SVG, tag);
    change(element, look, words);
    if (element === place) place = place.nextElementSibling;
    else svg.insertBefore(element, place);
  }
}

/** @param {Element} element @param {Record<string, string>} look @param {string} words */
function change(element, look, words) {
  for (const name of element.getAttributeNames()) if (!(name in look)) element.removeAttribute(name);
  for (const name in look)
    if (element.getAttribute(name) !== look[name]) element.setAttribute(name, look[name]);
  if (element.textContent !== words) element.textContent = words;
}
