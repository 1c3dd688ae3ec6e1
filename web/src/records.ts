/** The questions of the page and their answers. Written by tools/typescript.py from the records of Python. */

export type Notation = "textbook" | "delta";

export type Verdict = "right" | "rounded" | "truncated" | "follows" | "wrong" | "undecided" | "unreadable";

export type LinePart = WordsPart | CodePart | FormulaPart;

export type DocumentBlock = HeadingBlock | ParagraphBlock | EquationBlock | TableBlock | BulletsBlock | VerbatimBlock | PictureBlock;

/** The audit of some lines; the remarks are about the sheet as a whole. */
export interface AuditAnswer {
  summary: LinePart[];
  remarks: string[];
  lines: AuditedLine[];
}

/** The verdict of each line of somebody's derivation, about the network that it was written for.

Without `about`, that is the network that was shown when there were lines for the first time. */
export interface AuditQuestion {
  kind: "audit";
  text: string;
  about?: NetworkState | null;
}

/** A line with its verdict. `asks`: a gradient whose paths explain it; `part_messages`: of its single parts. */
export interface AuditedLine {
  number: number;
  text: string;
  verdict: Verdict;
  message: string;
  part_messages: string[];
  root: number | null;
  fault: LineFault | null;
  highlights: DrawnPlace[];
  asks: string | null;
}

/** A list. */
export interface BulletsBlock {
  block: "bullets";
  items: LinePart[][];
}

/** Other numbers (by name) or other rules. */
export interface ChangeQuestion {
  values?: Record<string, number>;
  hidden?: string[] | null;
  output?: string | null;
  loss?: string | null;
  kind: "change";
}

/** Something as it is typed, within a line. */
export interface CodePart {
  code: string;
}

/** A curve: `of` over `over` at the points `x` and `y`, and its tangent where the network is.

`at` and `value` are that point, `slope` is the derivative there; null for a target. `rule` is the curve's. */
export interface CurveAnswer {
  over: string;
  of: string;
  rule: string;
  x: number[];
  y: (number | null)[];
  at: number;
  value: number | null;
  slope: number | null;
}

/** The loss over one given number, or what a unit gives over its pre-activation. */
export interface CurveQuestion {
  kind: "curve";
  name: string;
  notation?: Notation;
}

/** Steps of gradient descent from here. */
export interface DescendQuestion {
  kind: "descend";
  steps: number;
  learning_rate: number;
}

/** The loss at the start and after each step of gradient descent, and the step that is looked at. */
export interface DescentSoFar {
  now: number;
  losses: (number | null)[];
}

/** The units of a layer that are drawn, and the others; layer 0 is the input, which has no activation. */
export interface DrawnLayer {
  layer: number;
  size: number;
  activation: string | null;
  units: DrawnUnit[];
  rest: OtherUnits | null;
}

/** A number under its name; its derivative of the loss, under its own, is null for a target and the loss. */
export interface DrawnNumber {
  name: string;
  unit: number;
  value: number | null;
  gradient: number | null;
  gradient_name: string | null;
}

/** A path: its nodes as text, as LaTeX and as places; the derivative along each edge, and their product. */
export interface DrawnPath {
  nodes: string[];
  latex: string[];
  stops: DrawnPlace[];
  factors: (number | null)[];
  product: number | null;
}

/** Where a quantity is drawn; `unit` and `from` are null for a whole vector or matrix. */
export interface DrawnPlace {
  part: "pre" | "act" | "bias" | "weight" | "target" | "loss" | "crossing";
  layer: number;
  unit: number | null;
  from: number | null;
}

/** A unit and what it adds to what is asked; an input has an activation alone. */
export interface DrawnUnit {
  unit: number;
  adds: number | null;
  act: DrawnNumber;
  pre: DrawnNumber | null;
  bias: DrawnNumber | null;
}

/** A weight, from a unit of the layer before to a unit of its own layer. */
export interface DrawnWeight {
  name: string;
  unit: number;
  value: number | null;
  gradient: number | null;
  gradient_name: string | null;
  from: number;
  to: number;
}

/** The weights between two layers; the largest by size are those of the whole matrix, drawn or not. */
export interface DrawnWeights {
  layer: number;
  largest: number | null;
  largest_gradient: number | null;
  edges: DrawnWeight[];
  rest: OtherWeights[];
}

/** A left side and what it equals, one right side after the other. */
export interface EquationBlock {
  block: "equation";
  left: FormulaPart;
  rights: FormulaPart[];
  title: string;
  note: string;
}

/** An exercise with a network of this shape. */
export interface ExerciseQuestion {
  kind: "exercise";
  ask?: "all" | "forward" | "backward" | "update" | "one";
  seed?: number;
  digits?: number;
  notation?: Notation;
}

/** Where a quantity comes from. `paths`: its paths to the loss can be asked for. */
export interface ExplainAnswer {
  name: string;
  value: number | unknown[] | null;
  blocks: DocumentBlock[];
  highlights: DrawnPlace[];
  paths: boolean;
}

/** Where a quantity comes from. */
export interface ExplainQuestion {
  kind: "explain";
  name: string;
  notation?: Notation;
}

/** A formula as plain text and as LaTeX. */
export interface FormulaPart {
  text: string;
  latex: string;
}

/** A heading; level 1 is the title. */
export interface HeadingBlock {
  block: "heading";
  level: number;
  line: LinePart[];
}

/** The mistake that a line most probably makes: its id, the wrong equation and the one due, as LaTeX or "". */
export interface LineFault {
  id: string;
  wrong: string;
  right: string;
}

/** The network that the page shows now: the step of gradient descent, of how many, and the loss. */
export interface MovedAnswer {
  now: number;
  steps: number;
  L: number | null;
  network: NetworkState;
}

/** Other numbers (by name) or other rules; null leaves a rule as it is. */
export interface NetworkChange {
  values?: Record<string, number>;
  hidden?: string[] | null;
  output?: string | null;
  loss?: string | null;
}

/** A network by its history: what was opened, what was done to it, the step of the last stretch that is looked at.

`sheet` is null for what the program was started with; `of` is the digest of what was opened, or "". */
export interface NetworkState {
  sheet?: OpenedSheet | null;
  of?: string;
  stretches?: Stretch[];
  step?: number;
}

/** Another worksheet, given as its text. */
export interface OpenQuestion {
  text: string;
  file?: string;
  kind: "open";
}

/** A worksheet that was opened on the page. */
export interface OpenedSheet {
  text: string;
  file?: string;
}

/** The units of a layer that are not drawn: how many, what they add together, and the one that adds most. */
export interface OtherUnits {
  count: number;
  adds: number | null;
  largest: number | null;
}

/** What the units that are not drawn add to the pre-activation of one that is. */
export interface OtherWeights {
  to: number;
  adds: number | null;
}

/** The derivative of a prediction by a pre-activation of the last layer. */
export interface OutputSlope {
  from: number;
  to: number;
  name: string;
  value: number | null;
}

/** A paragraph. */
export interface ParagraphBlock {
  block: "paragraph";
  line: LinePart[];
}

/** The largest paths from a number to the loss, how many there are, and the sum of all. */
export interface PathsAnswer {
  quantity: string;
  latex: string;
  total: number | null;
  count: number;
  paths: DrawnPath[];
}

/** The paths of a number to the loss. */
export interface PathsQuestion {
  kind: "paths";
  name: string;
  notation?: Notation;
  top?: number;
}

/** A picture by the name of its file, and what it shows in words. */
export interface PictureBlock {
  block: "picture";
  file: string;
  words: string;
}

/** A network as it was, with all that led to it. */
export interface RestoreQuestion {
  kind: "restore";
  network: NetworkState;
}

/** Back to a step of gradient descent; 0 is the start. */
export interface RewindQuestion {
  kind: "rewind";
  step: number;
}

/** The rules that may be chosen. */
export interface RuleChoices {
  hidden: string[];
  output: string[];
  loss: string[];
}

/** All that is drawn. `whole`: no unit is left out. `lines`: of the worksheet that was opened.

`network` tells how this network came about. */
export interface SceneAnswer {
  title: string;
  note: string;
  notation: Notation;
  sizes: number[];
  hidden: string[];
  output: string;
  loss: string;
  parameters: number;
  learning_rate: number;
  whole: boolean;
  layers: DrawnLayer[];
  weights: DrawnWeights[];
  crossing: OutputSlope[];
  targets: DrawnNumber[];
  L: DrawnNumber;
  descent: DescentSoFar;
  network: NetworkState;
  choices: RuleChoices;
  lines: string[];
}

/** The drawing; of wide layers the units that matter for `focus`. */
export interface SceneQuestion {
  kind: "scene";
  notation?: Notation;
  focus?: string | null;
}

/** A worksheet as its text. */
export interface SheetAnswer {
  text: string;
}

/** These lines as a worksheet, under a header with the network that they were written for. */
export interface SheetQuestion {
  kind: "sheet";
  text: string;
  about?: NetworkState | null;
}

/** Steps of gradient descent at one learning rate. */
export interface Steps {
  count: number;
  learning_rate: number;
}

/** A change, and the steps of gradient descent that were taken from there. */
export interface Stretch {
  change: NetworkChange;
  steps?: Steps[];
}

/** A table: the cells of its header, and of each row. */
export interface TableBlock {
  block: "table";
  header: LinePart[][];
  rows: LinePart[][][];
}

/** Text whose lines and spaces stay as they are. */
export interface VerbatimBlock {
  block: "verbatim";
  text: string;
}

/** Every equation in the order in which it is applied. */
export interface WalkAnswer {
  steps: WalkStep[];
}

/** Every equation in its order, up to the update by a learning rate: that of the worksheet, where none is given. */
export interface WalkQuestion {
  kind: "walk";
  notation?: Notation;
  learning_rate?: number | null;
}

/** An equation: what it gives and where, what it means in a sentence, and with the network's numbers. */
export interface WalkStep {
  phase: "forward" | "loss" | "backward" | "update";
  stage: string;
  means: string;
  name: string;
  gives: DrawnPlace;
  is_gradient: boolean;
  block: EquationBlock;
}

/** Words within a line. */
export interface WordsPart {
  words: string;
}

/** A question's kind, the question, and its answer. */
export interface Questions {
  scene: [SceneQuestion, SceneAnswer];
  walk: [WalkQuestion, WalkAnswer];
  explain: [ExplainQuestion, ExplainAnswer];
  paths: [PathsQuestion, PathsAnswer];
  curve: [CurveQuestion, CurveAnswer];
  audit: [AuditQuestion, AuditAnswer];
  sheet: [SheetQuestion, SheetAnswer];
  change: [ChangeQuestion, MovedAnswer];
  descend: [DescendQuestion, MovedAnswer];
  rewind: [RewindQuestion, MovedAnswer];
  restore: [RestoreQuestion, MovedAnswer];
  open: [OpenQuestion, MovedAnswer];
  exercise: [ExerciseQuestion, MovedAnswer];
}
