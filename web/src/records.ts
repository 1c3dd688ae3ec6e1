/** The answers of the session, as Python gives them. */

export type Notation = "textbook" | "delta";

export interface Named {
  name: string;
  unit: number;
  value: number | null;
  gradient?: number | null;
  gradient_name?: string;
}

export interface Unit {
  unit: number;
  adds: number;
  act: Named;
  pre?: Named;
  bias?: Named;
}

export interface Layer {
  layer: number;
  size: number;
  activation: string | null;
  units: Unit[];
  rest: { count: number; adds: number; largest: number } | null;
}

export interface Edge extends Named {
  from: number;
  to: number;
}

export interface Weights {
  layer: number;
  largest: number | null;
  largest_gradient: number | null;
  edges: Edge[];
  rest: { to: number; adds: number | null }[];
}

export interface Scene {
  title: string;
  note: string;
  network: string;
  notation: Notation;
  sizes: number[];
  hidden: string[];
  output: string;
  loss: string;
  dtype: string;
  parameters: number;
  learning_rate: number;
  whole: boolean;
  layers: Layer[];
  weights: Weights[];
  crossing: { from: number; to: number; name: string; value: number | null }[];
  targets: Named[];
  L: { name: string; value: number | null };
  track: { now: number; losses: (number | null)[] };
  choices: { hidden: string[]; output: string[]; loss: string[] };
  lines: string[];
}

export interface Formula {
  text: string;
  latex: string;
}

export type Part = { words: string } | { code: string } | Formula;

export type Block =
  | { block: "heading"; level: number; line: Part[] }
  | { block: "paragraph"; line: Part[] }
  | { block: "equation"; left: Formula; rights: Formula[]; title: string; note: string }
  | { block: "table"; header: Part[][]; rows: Part[][][] }
  | { block: "bullets"; items: Part[][] }
  | { block: "verbatim"; text: string }
  | { block: "picture"; file: string; words: string };

/** Where a quantity is drawn; `unit` is null for a whole vector or matrix. */
export interface Place {
  part: "pre" | "act" | "bias" | "weight" | "target" | "loss" | "crossing";
  layer: number;
  unit: number | null;
  from: number | null;
}

export interface WalkStep {
  phase: "forward" | "loss" | "backward";
  equation: string;
  title: string;
  stage: string;
  /** What the step does, in one sentence. */
  means: string;
  name: string;
  gives: Place;
  is_gradient: boolean;
  block: Block;
}

export interface Walk {
  steps: WalkStep[];
}

export interface Explanation {
  name: string;
  value: unknown;
  blocks: Block[];
  highlights: Place[];
  /** Whether its paths can be asked for. */
  paths: boolean;
}

export interface Path {
  nodes: string[];
  edges: string[];
  factors: (number | null)[];
  product: number | null;
  stops: Place[];
  latex: string[];
}

export interface Paths {
  quantity: string;
  latex: string;
  total: number | null;
  count: number;
  share: number;
  direct: boolean;
  paths: Path[];
}

export type Verdict = "right" | "rounded" | "truncated" | "follows" | "wrong" | "undecided" | "unreadable";

export interface AuditLine {
  number: number;
  text: string;
  name: string;
  verdict: Verdict;
  message: string;
  root: number | null;
  /** What was probably done. */
  fault: { id: string; where: string; words: string; wrong: string; right: string } | null;
  parts: { text: string; kind: string; verdict: Verdict; message: string }[];
  highlights: Place[];
  asks: string | null;
}

export interface Audit {
  ok: boolean;
  summary: Part[];
  conventions: { id: string; words: string; lines: number[] }[];
  contradictions: { words: string; lines: number[] }[];
  lines: AuditLine[];
}

export interface Moved {
  now: number;
  steps: number;
  L: number | null;
}

/** A question's kind, what it takes, and its answer. */
export interface Questions {
  scene: [{ notation: Notation; focus?: string }, Scene];
  walk: [{ notation: Notation }, Walk];
  explain: [{ name: string; notation: Notation }, Explanation];
  paths: [{ name: string; notation: Notation; top: number }, Paths];
  audit: [{ text: string }, Audit];
  sheet: [{ text: string }, { text: string }];
  change: [{ values?: Record<string, number>; hidden?: string[]; output?: string; loss?: string }, Moved];
  descend: [{ steps: number; learning_rate: number }, Moved];
  rewind: [{ step: number }, Moved];
  open: [{ text: string; file: string }, Moved];
  exercise: [{ ask: string; seed: number; digits: number; notation: Notation }, Moved];
}
