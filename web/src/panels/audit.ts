/** Audit: one's own derivation, line by line, with its verdicts as it is typed; exercises to work there. */

import { button, h } from "../dom";
import { formula, line } from "../formula";
import type { AuditAnswer, AuditedLine, DrawnPlace, Verdict } from "../records";
import { numberField } from "../number_field";
import { words } from "../state";
import type { State } from "../state";

const PAUSE = 150; // ms after the last key
const SIGNS: Record<Verdict, string> = {
  right: "✓", rounded: "✓", truncated: "✓", follows: "↳", wrong: "✗", undecided: "?", unreadable: "!",
};

const ACCEPTED = new Set<Verdict>(["right", "rounded", "truncated"]);
const EXERCISES = ["all", "forward", "backward", "update", "one"] as const;

export function auditPanel(state: State): { element: HTMLElement; update: () => void } {
  const text = h("textarea", {
    id: state.id("derivation"), rows: 6, spellcheck: "false", autocapitalize: "off",
    placeholder: "a_1 = [2.9, 1.4]\nh_1 = sigma(a_1)\ndL/dW_212 = …",
    oninput: () => { state.write(text.value); later(); },
    onkeyup: () => follow(),
    onclick: () => follow(),
    onblur: () => { state.settle(); light(state, null); },
  });
  text.readOnly = !state.source.live;
  const verdicts = h("div", { class: "verdicts" });
  const said = h("p", { class: "status", role: "status" });
  const file = h("input", { type: "file", id: state.id("open-sheet"), accept: ".md,.txt,.toml,text/*", onchange: () => void open() });
  const kind = h("select", { id: state.id("exercise-kind") },
    ...EXERCISES.map((part) => h("option", { value: part }, part)));
  let seed = 7;
  const number = numberField({
    name: "the number", whole: true, least: 0, attributes: { id: state.id("exercise-seed") }, typed: (value) => number.show((seed = value)),
  });
  number.show(seed);
  const about = h("p", { class: "row remark", "aria-live": "polite" });
  let waiting: number | undefined;
  let turn = 0;
  let audited = "";
  let header: { about: string; text: string } | null = null; // of the network that the lines are about
  let lines: AuditedLine[] = [];
  const tools = h(
    "div",
    { class: "tools" },
    h("p", { class: "row" }, h("label", { for: state.id("open-sheet") }, "Open a worksheet"), file),
    h("p", { class: "row" },
      h("label", { for: state.id("exercise-kind") }, "Exercise"), kind,
      h("label", { for: state.id("exercise-seed") }, "number"), number.input,
      button("New exercise", () => void exercise()), number.said),
  );
  const save = h("p", { class: "row" }, button("Save the worksheet", () => void store()));
  const element = h(
    "div",
    { class: "audit" },
    h("label", { for: state.id("derivation") }, "Your lines"),
    text,
    about,
    said,
    verdicts,
    ...(state.source.live ? [save, tools] : []),
  );

  function later(): void {
    clearTimeout(waiting);
    waiting = setTimeout(() => void check(), PAUSE) as unknown as number;
  }

  async function check(): Promise<void> {
    const mine = ++turn;
    try {
      const audit = await state.source.ask("audit", { text: state.lines, about: state.about });
      if (mine === turn) show(audit);
      await fetchHeader();
    } catch (error) {
      if (mine === turn) verdicts.replaceChildren(h("p", { class: "problem", role: "alert" }, words(error)));
    }
  }

  /** Light what is at fault in the line that is being written. */
  function follow(): void {
    if (text !== document.activeElement) return;
    const number = text.value.slice(0, text.selectionStart).split("\n").length;
    const one = lines.find((line) => line.number === number);
    light(state, one && !ACCEPTED.has(one.verdict) ? one.highlights : null);
  }

  function show(audit: AuditAnswer): void {
    lines = audit.lines;
    said.replaceChildren(...line(audit.summary));
    const remarks = audit.remarks.map((remark) => h("p", { class: "remark" }, remark));
    verdicts.replaceChildren(...remarks, h("ol", {}, ...audit.lines.map((one) => verdict(state, one))));
    follow();
  }

  async function open(): Promise<void> {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const content = await chosen.text();
    await begin(() => state.move("open", { text: content, file: chosen.name.slice(0, 200) }, null));
    file.value = "";
  }

  async function exercise(): Promise<void> {
    const asked = { ask: EXERCISES[kind.selectedIndex], seed, digits: 4, notation: state.notation };
    await begin(() => state.move("exercise", asked, null), 0); // what is to be found is not shown
  }

  async function begin(move: () => Promise<boolean>, at: number | null = null): Promise<void> {
    await state.open(move, at);
    if (!state.problem) text.focus();
  }

  /** Have the header of the lines' network at hand: lines are saved even where nobody answers. */
  async function fetchHeader(): Promise<void> {
    const wanted = JSON.stringify(state.about);
    if (!state.source.live || header?.about === wanted) return;
    const sheet = await state.source.ask("sheet", { text: "", about: state.about });
    header = { about: wanted, text: sheet.text };
  }

  async function store(): Promise<void> {
    await state.safely(async () => {
      await fetchHeader();
      const link = h("a", { href: URL.createObjectURL(new Blob([header!.text + state.lines], { type: "text/markdown" })) });
      link.download = "worksheet.md";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      state.saved = state.lines;
    });
  }

  function update(): void {
    if (text.value !== state.lines) text.value = state.lines;
    if (state.tab !== "audit") return;
    const { elsewhere } = state;
    if (about.textContent !== elsewhere) {
      about.replaceChildren(...(elsewhere ? [
        `The lines are judged by the network that they were written for: ${elsewhere}. The drawing shows another.`,
        button("Show that one", () => void state.showLines()), button("Judge them by the one shown", () => state.adoptLines()),
      ] : []));
    }
    const now = JSON.stringify([state.about, text === document.activeElement ? null : state.lines]);
    if (now !== audited) void check();
    audited = now;
  }
  return { element, update };
}

function light(state: State, places: DrawnPlace[] | null): void {
  if (state.fault === places) return;
  state.fault = places;
  state.tell();
}

/** A line with its verdict; to point at it lights what it is about. */
function verdict(state: State, one: AuditedLine): HTMLElement {
  const on = () => light(state, one.highlights);
  const off = () => light(state, null);
  const root = one.verdict === "follows" && one.root !== null ? ` from line ${one.root}` : "";
  const wrong = one.fault?.wrong ? equationPair(one.fault.wrong, one.fault.right) : null;
  const ask = one.asks;
  return h(
    "li",
    { class: `verdict ${one.verdict}`, value: one.number, tabindex: 0, onmouseenter: on, onmouseleave: off, onfocusin: on, onfocusout: off },
    h("code", {}, one.text.trim()),
    h("span", { class: "badge" }, `${SIGNS[one.verdict]} ${one.verdict}${root}`),
    one.message ? h("p", {}, one.message) : null,
    ...one.part_messages.map((message) => h("p", {}, message)),
    wrong,
    ask ? button("Show where it comes from", () => state.askName(ask)) : null,
  );
}

function equationPair(wrong: string, right: string): HTMLElement {
  const row = (word: string, latex: string) => h("div", {}, h("span", { class: "word" }, word), formula({ latex, text: latex }));
  return h("div", { class: "pair", tabindex: 0, role: "group", "aria-label": "equations" },
    row("done", wrong), right ? row("due", right) : null);
}
