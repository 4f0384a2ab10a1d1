// The page of a picture in steps: shows one frame after the other, by buttons, slider and keys.

/**
 * An element of the picture: its tag, its attributes and its text.
 * @typedef {[string, Object<string, string>, string]} Shape
 * A frame: its title, its sentence, the place that matters now, its elements.
 * @typedef {[string, string, [number, number] | null, Shape[]]} Frame
 * @typedef {{name: string, width: number, height: number, frames: Frame[]}} Series
 * @typedef {{title: string, about: string, choice: string, series: Series[]}} Picture
 */

const SVG = "http://www.w3.org/2000/svg";
const PAUSE = 1300; // milliseconds between frames
const [SMALLEST, LARGEST] = [0.72, 1.5]; // the scale of the picture

/**
 * Makes the elements of an <svg> those of the next frame. One that stays is changed and not replaced, so that
 * a style sheet can let it move.
 * @param {Element} svg
 * @param {Shape[]} wanted
 */
export function morph(svg, wanted) {
  const tags = new Map(wanted.map(([tag, look]) => [look["data-key"], tag]));
  for (const element of [...svg.children])
    if (tags.get(element.getAttribute("data-key") ?? "") !== element.tagName) element.remove();
  const there = new Map([...svg.children].map(e => [e.getAttribute("data-key"), e]));
  let place = svg.firstElementChild;
  for (const [tag, look, words] of wanted) {
    const element = there.get(look["data-key"]) ?? document.createElementNS(SVG, tag);
    for (const name of element.getAttributeNames()) if (!(name in look)) element.removeAttribute(name);
    for (const name in look)
      if (element.getAttribute(name) !== look[name]) element.setAttribute(name, look[name]);
    if (element.textContent !== words) element.textContent = words;
    if (element === place) place = place.nextElementSibling;
    else svg.insertBefore(element, place);
  }
}

/**
 * Runs the page about a picture.
 * @param {Picture} picture
 */
export function run(picture) {
  const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (document.querySelector(selector));
  const slider = /** @type {HTMLInputElement} */ ($("at"));
  const select = /** @type {HTMLSelectElement} */ (find("select"));
  const svg = $("picture"), stage = $("stage"), play = $("play");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let series = picture.series[0], at = 0, timer = 0;

  function show(/** @type {number} */ wanted) {
    const last = series.frames.length - 1;
    at = Math.max(0, Math.min(last, wanted));
    const [title, words, place, shapes] = series.frames[at];
    morph(svg, shapes);
    svg.setAttribute("aria-label", `${title}. ${words}`);
    find("#said h2").textContent = title;
    find("#said p").textContent = words;
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", `${at + 1} of ${last + 1}: ${title}`);
    $("count").textContent = `${at + 1} of ${last + 1}`;
    for (const [id, end] of /** @type {[string, number][]} */ ([["first", 0], ["back", 0], ["next", last], ["last", last]]))
      $(id).setAttribute("aria-disabled", String(at === end));
    if (at === last) pause();
    if (place) center(place);
  }

  /** Scrolls to a place of the picture, where it is wider or higher than the stage. */
  function center(/** @type {[number, number]} */ [x, y]) {
    const drawn = svg.getBoundingClientRect(), seen = stage.getBoundingClientRect();
    const scale = drawn.width / series.width;
    stage.scrollBy({
      left: drawn.left + x * scale - seen.left - seen.width / 2,
      top: drawn.top + y * scale - seen.top - seen.height / 2,
      behavior: calm.matches ? "auto" : "smooth",
    });
  }

  function size() {
    const { width, height } = series;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const style = getComputedStyle(stage), margin = 2 * parseFloat(style.paddingLeft);
    const room = Math.min((stage.clientWidth - margin) / width, (stage.clientHeight - margin) / height);
    const across = (stage.clientWidth - margin) / width;
    const scale = Math.max(SMALLEST, Math.min(LARGEST, Math.max(room, Math.min(1, across))));
    svg.style.width = `${Math.floor(width * scale)}px`;
    const place = series.frames[at][2];
    if (place) center(place);
  }

  function choose(/** @type {number} */ number) {
    pause();
    series = picture.series[number];
    slider.max = String(series.frames.length - 1);
    svg.replaceChildren();
    show(0);
    size();
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "▷";
  }

  function toggle() {
    if (timer) return pause();
    if (at === series.frames.length - 1) show(0);
    timer = setInterval(() => show(at + 1), PAUSE);
    play.setAttribute("aria-pressed", "true");
    play.textContent = "❚❚";
  }

  /** A step by hand ends the playing. */
  function go(/** @type {number} */ wanted) {
    pause();
    show(wanted);
  }

  /** @type {Object<string, () => void>} */
  const acts = {
    first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(series.frames.length - 1),
    play: toggle,
    theme: () => {
      const root = document.documentElement, dark = getComputedStyle(root).colorScheme === "dark" ||
        (!root.style.colorScheme && matchMedia("(prefers-color-scheme: dark)").matches);
      root.style.colorScheme = dark ? "light" : "dark";
    },
  };
  for (const id in acts) $(id).addEventListener("click", acts[id]);
  slider.addEventListener("input", () => go(Number(slider.value)));
  select.addEventListener("change", () => choose(select.selectedIndex));
  addEventListener("resize", size);

  /** @type {Object<string, string>} */
  const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" };
  addEventListener("keydown", event => {
    const target = /** @type {Element} */ (event.target), act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || target === select) return;
    if (event.key === " " ? target.tagName === "BUTTON" : target === slider) return;
    event.preventDefault();
    acts[act]();
  });

  find("h1").textContent = picture.title;
  $("about").textContent = picture.about;
  $("choice").hidden = picture.series.length < 2;
  find("#choice span").textContent = picture.choice;
  for (const { name } of picture.series) select.add(new Option(name));
  choose(0);
}
