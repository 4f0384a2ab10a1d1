// The types that the modules of the page share, for TypeScript's checker. Nothing of this is in the page.

/** A number of an array; NaN, infinities and complex numbers are words. */
type Value = number | string | boolean;
/** A point of a line; the third number is how far the bend that leads there reaches down or up. */
type Point = [number, number, number?];

// ------------------------------------------------------- the graph, as json_export.py writes it

interface Shaped {
  shape: number[];
}

/** An array, whole if it is small. */
interface Numbers extends Shaped {
  words: string;
  dtype: string;
  bad?: string[]; // which of "nan", "inf" and "-inf" are among the numbers
  numbers?: Value[]; // all of them
  mean?: number;
  spread?: number;
  low?: number;
  high?: number;
  heat?: string; // two hexadecimal digits for each cell of a picture
  columns?: number;
  heat_low?: number;
  heat_high?: number;
}

interface Listed extends Numbers {
  numbers: Value[];
}

/** A node. Value, gradient, row and line are places in lists of the graph. */
interface WrittenNode {
  kind: string;
  value?: number; // what failed has none
  title?: string;
  name?: string; // its user's name for the result
  settings?: string;
  change?: string; // what is wrong with it
  clash?: number[][]; // of what failed: the axes of each input that do not fit
  rounding?: string; // why the numbers seem not to add up
  inputs?: number[];
  gradient?: number;
  group?: number;
  same?: number; // the first node of the same Tensor
  uses?: number[]; // of a leaf that is drawn more than once: all that use it
  axes?: string; // over which axes an operation goes, in words
  row?: number;
  line?: number;
  shade?: number;
  called: string; // in a sentence: "x", "multiply #3"
  label: string; // what is written on it, and
  extra: string; // below that
  order?: number; // of an operation
  told?: Told;
}

/** What Python says of a step. Numbers are named in braces: see worked.py. */
interface Told {
  said: string;
  rule?: string;
  how?: string; // an edge without a local derivative, explained
  symbols?: string[]; // of the inputs, in the formulas
  worked?: [number[], string]; // the place of an entry, and what makes it
  factors?: [string, string, boolean][]; // of a product: name, array, is it transposed?
  ask: { kind: "number" | "sign" | "shape"; at?: number; words: string; terms?: string; given?: string; hint?: string };
}

/** A node with what is missing there filled in. */
interface GraphNode extends WrittenNode {
  i: number;
  value: number;
  title: string;
  inputs: number[];
  group: number;
  same: number;
  leaf: boolean;
  order: number;
}

/** A module: a box around its nodes. */
interface Group {
  label: string;
  short: string;
  inside: number[]; // its operations
  story: string[]; // forward, backward
  outer?: number;
  repeats?: number;
}

/** One edge of the backward pass. All but node, source and i are places in `arrays`. */
interface Step {
  node: number;
  source: number;
  i?: number; // which input of the node the source is
  contribution: number;
  after: number;
  before?: number;
  local?: number;
  rounding?: string;
  told: Told;
}

/** Where NaN or infinity came up first, and the nodes that it went through. */
interface FirstBad {
  node: number;
  path: number[];
  ends?: boolean; // it reaches neither the result nor a gradient
  words: string;
}

/** What the derivative table knows. */
interface Row {
  title: string;
  lines: [string, string][];
}

interface WrittenGraph {
  nodes: WrittenNode[];
  groups: Group[];
  steps: Step[];
  arrays: Numbers[];
  rows: Row[];
  lines: string[];
  note: string;
  no_gradient: string;
  play?: WrittenPlay;
  first_bad?: FirstBad | null;
  alert?: string; // in play: what is wrong there
  id: string; // of the shape of the graph, for scores
  seed: Told;
  closed: number[];
  culprit?: number; // the node that a page about an error begins with
  decades?: [number, number];
}

// -------------------------------------------------------------------------------------- steps

interface ForwardFrame {
  kind: "forward" | "seed";
  node: number;
  told: Told;
}
interface BackFrame extends Step {
  kind: "back";
}
type Frame = ForwardFrame | BackFrame;

/** What is known after some steps. */
interface Progress {
  isKnown(n: GraphNode): boolean; // has the value been computed?
  gradientOf(n: GraphNode): number | undefined; // the place of what has accumulated
}

interface Question {
  words: string;
  truth: number | string;
  kind: "number" | "sign" | "shape";
  hints: string[]; // what helps, the last nearly tells
}

// ------------------------------------------------------------------------------------- layout

/** What is written on a node, and its size. */
interface Label {
  n: GraphNode;
  group: boolean; // a collapsed group
  title: string;
  number: string; // "#3", of an operation
  extra: string;
  single: boolean; // its value is one number
  bare: boolean; // a number alone
  width: number;
  height: number;
}

/** Where something is drawn: a node, or (with `middle`) a box. */
interface Spot {
  x: number;
  y: number;
  w: number;
  h: number;
  about?: Label;
  of?: string; // the node that it is a chip of
  middle?: number;
}

/** A node: its element, the part that changes with the steps, its place. */
interface Drawn {
  element: SVGGElement;
  facts: SVGGElement;
  spot: Spot;
  about: Label;
  look: string; // what it shows now
}

/** A line from node to node, and its parts: [group, id of the line in it]. */
interface LongLine {
  a: string;
  b: string;
  parts: [number, string][];
}

/**
 * What takes room in a box: a node, an inner box, a port ("i..." at the top, "o..." at the bottom, where a
 * line crosses the border), or the place in a layer that a long line passes (dummy).
 */
interface Cell {
  key: string;
  l: number; // from its middle to its left side
  r: number;
  h: number;
  port?: boolean;
  dummy?: boolean;
  child?: number; // the group, if it is a box
  ins?: Map<string, number>; // of a box: by the source of a line, where it enters
  outs?: Map<string, number>;
  about?: Label;
  own?: Label[]; // the leaves beside it
  layer: number;
  column: number; // of a tall box that is broken into columns
  pos: number; // its place in the layer, counted from the middle
  x: number; // its middle
  y: number;
  top: number; // of its layer
  bottom: number;
  up: Neighbor[];
  down: Neighbor[];
}

/** A cell, how far beside its middle the line ends, and how strongly the line pulls. */
interface Neighbor {
  cell: Cell;
  offset: number;
  pull: number;
}

/** A line within a box. */
interface Line {
  id: string;
  from: string;
  to: string;
  source: string; // where it comes from originally
  weak?: boolean; // it comes from a leaf, which must not bend the main line
  through: Cell[]; // the places that it passes
  startOffset: number;
  endOffset: number;
  turns?: Map<Cell, Turn>; // before the first cell in another column
}

/** Where a line goes to the next column: at x, from below the one to above the other. */
interface Turn {
  x: number;
  below: number;
  above: number;
}

/** The inside of an expanded group. */
interface Box {
  cells: Map<string, Cell>;
  inner: Line[];
  middle: number;
  l: number;
  r: number;
  h: number;
}

/** A heat map as an image with one pixel for each number. */
interface Picture {
  url: string;
  width: number;
  height: number;
}

// --------------------------------------------------------------------------------------- play

/** What differs from point to point: see `_play` in json_export.py. */
interface Changes {
  slots: number[];
  places: (number | null)[][];
  trouble?: { alert: string; first_bad?: FirstBad | null }[] | null; // at each point
}

interface WrittenSlider extends Changes {
  node: number;
  place: number[];
  points: number[];
  start: number;
  kept: number[];
  curve: { line: string; dots: string[]; tangents: string[] } | null;
}

interface WrittenPlay {
  arrays: (Numbers | number)[];
  sliders: WrittenSlider[];
  rate?: number;
  descent?: Changes;
}

/** A small picture of the result over a number. */
interface Curve {
  element: SVGElement;
  show(k: number): void;
}

interface Knob extends WrittenSlider {
  input: HTMLInputElement;
  output: HTMLElement;
  picture: Curve | null;
}
