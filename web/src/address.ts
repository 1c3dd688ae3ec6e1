/** The state of the page as text: what stands behind the # of its address, for people to read, to write and to send.
 *
 * `ask=dL/dW_212&walk=3&notation=delta` looks at what was opened; `set=W_212:0.5;b_21:0&descend=3x0.5&step=2` changes two
 * numbers, takes three steps at the rate 0.5 and looks at the second. Any part may be left out.
 */

import { opened, trimmed } from "./network";
import type { NetworkChange, NetworkState, Notation, Stretch } from "./records";

export const TABS = ["ask", "change", "descend", "audit"] as const;
export const MODES = ["value", "gradient"] as const;
export const NOTATIONS = ["textbook", "delta"] as const satisfies readonly Notation[];
export type Tab = (typeof TABS)[number];
export type Mode = (typeof MODES)[number];

export interface PageRecord {
  /** Null: as it was opened. */
  network: NetworkState | null;
  question: string | null;
  /** Null: those of the worksheet. */
  lines: string | null;
  /** The network that the lines were written for; null: what was opened. */
  about: NetworkState | null;
  notation: Notation;
  mode: Mode;
  tab: Tab;
  /** Steps of the walk that are done; null shows everything. */
  walk: number | null;
  /** The learning rate that was typed. */
  rate: number | null;
}

export const FRESH: PageRecord = {
  network: null, question: null, lines: null, about: null, notation: "textbook", mode: "value", tab: "ask", walk: 0, rate: null,
};

// ---------------------------------------------------------------- writing

export function written(record: PageRecord): string {
  const { question, lines, about, notation, mode, tab, walk, rate } = record;
  return joined([
    ...(record.network ? networkPairs(record.network) : []),
    ["ask", question],
    ["walk", walk === null ? "all" : walk || null],
    ["notation", notation === FRESH.notation ? null : notation],
    ["show", mode === FRESH.mode ? null : mode],
    ["tab", tab === FRESH.tab ? null : tab],
    ["rate", rate],
    ["lines", lines],
    ["about", about && joined(networkPairs(trimmed(about)))],
  ]);
}

/** Whether both are the same network. */
export function same(one: NetworkState, other: NetworkState): boolean {
  const [a, b] = [one, other].map((state) => joined(networkPairs({ ...trimmed(state), of: "" })));
  return a === b;
}

type Pair = [string, string | number | null];

function networkPairs(state: NetworkState): Pair[] {
  const { sheet, of, stretches = [], step } = state;
  return [
    ["file", sheet?.file ?? null],
    ["sheet", sheet?.text ?? null],
    ["of", of || null],
    ...stretches.flatMap(stretchPairs),
    ["step", step || null],
  ];
}

function stretchPairs({ change, steps = [] }: Stretch, index: number): Pair[] {
  const set = Object.entries(change.values ?? {}).map(([name, value]) => `${name}:${value}`).join(";");
  return [
    ["set", set || (index ? "" : null)], // begins a stretch
    ["hidden", change.hidden?.join(";") ?? null],
    ["output", change.output ?? null],
    ["loss", change.loss ?? null],
    ...steps.map(({ count, learning_rate }): Pair => ["descend", `${count}x${learning_rate}`]),
  ];
}

function joined(pairs: Pair[]): string {
  return pairs.filter(([, value]) => value !== null).map(([name, value]) => `${name}=${escaped(String(value))}`).join("&");
}

/** Escaped, but for what an address may have as it is. */
function escaped(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")).replace(/%(?:2F|3A|3B|2C)/g, decodeURIComponent);
}

// ---------------------------------------------------------------- reading

/** Throws an error that says which part cannot be read. */
export function read(text: string): PageRecord {
  const parts = new URLSearchParams(text.replace(/^#/, "").replaceAll("+", "%2B"));
  const walk = parts.get("walk");
  const rate = parts.get("rate");
  const about = parts.get("about");
  return {
    network: networkOf(parts),
    question: parts.get("ask"),
    lines: parts.get("lines"),
    about: about === null ? null : (networkOf(new URLSearchParams(about.replaceAll("+", "%2B"))) ?? opened(networkOf(parts))),
    notation: oneOf("notation", NOTATIONS, parts.get("notation")),
    mode: oneOf("show", MODES, parts.get("show")),
    tab: oneOf("tab", TABS, parts.get("tab")),
    walk: walk === "all" ? null : walk === null ? FRESH.walk : whole("walk", walk),
    rate: rate === null ? null : number("rate", rate),
  };
}

function networkOf(parts: URLSearchParams): NetworkState | null {
  const sheet = parts.get("sheet");
  const stretches: Stretch[] = [];
  let last: { change: NetworkChange; steps: { count: number; learning_rate: number }[] } | null = null;
  for (const [name, value] of parts) {
    if (!["set", "hidden", "output", "loss", "descend"].includes(name)) continue;
    if (!last || (name !== "descend" && last.steps.length)) stretches.push((last = { change: { values: {}, hidden: null, output: null, loss: null }, steps: [] }));
    const { change } = last;
    if (name === "set") Object.assign(change.values!, values(value));
    else if (name === "hidden") change.hidden = value.split(";");
    else if (name === "descend") last.steps.push(steps(value));
    else change[name as "output" | "loss"] = value;
  }
  const step = parts.get("step");
  if (sheet === null && !stretches.length && !step) return null;
  return {
    sheet: sheet === null ? null : { text: sheet, file: parts.get("file") ?? "worksheet" },
    of: parts.get("of") ?? "", stretches, step: step === null ? 0 : whole("step", step),
  };
}

function values(text: string): Record<string, number> {
  const pairs = text.split(";").filter(Boolean).map((pair) => pair.split(":"));
  return Object.fromEntries(pairs.map(([name, value]) => [name!, number("set", value ?? "")]));
}

function steps(text: string): { count: number; learning_rate: number } {
  const [count, rate] = text.split("x");
  return { count: whole("descend", count!), learning_rate: number("descend", rate ?? "") };
}

function oneOf<T extends string>(name: string, options: readonly T[], value: string | null): T {
  if (value === null) return options[0]!;
  if (!options.includes(value as T)) throw new Error(`address: expected ${name}=${options.join(` or ${name}=`)}; got ${name}=${value}`);
  return value as T;
}

function number(name: string, text: string): number {
  const value = numberOf(text);
  if (value === null) throw new Error(`address: expected a number in ${name}; got "${text}"`);
  return value;
}

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`address: expected a whole number in ${name}; got "${text}"`);
  return Number(text);
}

/** A number as a person types it, with a point; null where it is none, or too large. */
export function numberOf(text: string): number | null {
  const plain = text.trim().replace("\u2212", "-");
  const value = Number(plain);
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) && Number.isFinite(value) ? value : null;
}
