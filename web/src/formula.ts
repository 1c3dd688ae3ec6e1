/** Records as a document: headings, equations by KaTeX, tables. */

import katex, { type KatexOptions } from "katex";
import { h } from "./dom";
import type { DocumentBlock, EquationBlock, FormulaPart, LinePart } from "./records";

/** Marks on numbers are the one command that is trusted: in data attributes nothing is ever run. */
const OPTIONS: KatexOptions = {
  throwOnError: false, output: "htmlAndMathml",
  trust: ({ command }) => command === "\\htmlData", strict: (code) => (code === "htmlExtension" ? "ignore" : "warn"),
};

export function formula(math: FormulaPart, display = false): HTMLElement {
  const place = h("span", { class: display ? "display" : "formula" });
  katex.render(math.latex, place, { ...OPTIONS, displayMode: display });
  return place;
}

/** An equation with its right sides one below the other; or one after the other, where there is room for that. */
export function equation(block: EquationBlock, wide = false): HTMLElement {
  const lines = block.rights.map((right) => `&= ${right.latex}`).join(" \\\\ ");
  const row = block.rights.map((right) => `= ${right.latex}`).join(" ");
  const latex = wide ? `\\displaystyle ${block.left.latex} ${row}` : `\\begin{aligned} ${block.left.latex} ${lines} \\end{aligned}`;
  const text = [block.left.text, ...block.rights.map((right) => right.text)].join(" = ");
  const math = formula({ latex, text }, !wide);
  if (wide) math.classList.add("display", "wide");
  math.setAttribute("tabindex", "0");
  math.setAttribute("role", "group");
  math.setAttribute("aria-label", block.left.text);
  math.addEventListener("keydown", through);
  const note = block.note ? `${block.title}: ${block.note}` : block.title;
  return h("figure", { class: "equation" }, note ? h("figcaption", {}, note) : null, math);
}

/** With the arrow keys from one marked number of the equation to the next. */
function through(event: KeyboardEvent): void {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const marks = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[data-at]")];
  if (!by || !marks.length || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const now = marks.indexOf(document.activeElement as HTMLElement);
  const next = marks[Math.max(0, Math.min(marks.length - 1, now + by))]!;
  next.tabIndex = -1;
  next.focus();
}

/** A colour for each factor of an equation, in the order of reading; the left side has none. */
export function colourFactors(equation: HTMLElement): Map<string, number> {
  const marks = [...equation.querySelectorAll<HTMLElement>(".katex-html [data-factor]")];
  const own = marks[0]?.dataset.factor;
  const names = [...new Set(marks.map((mark) => mark.dataset.factor!))].filter((name) => name !== own).slice(0, COLOURS);
  const places = new Map<string, number>();
  for (const mark of marks) {
    const colour = names.indexOf(mark.dataset.factor!) + 1;
    if (!colour) continue;
    mark.dataset.colour = String(colour);
    if (!places.has(mark.dataset.at!)) places.set(mark.dataset.at!, colour);
  }
  return places;
}

function line(parts: LinePart[]): Node[] {
  return parts.map((part) => {
    if ("words" in part) return document.createTextNode(part.words);
    return "code" in part ? h("code", {}, part.code) : formula(part);
  });
}

export { line };

const COLOURS = 5;

/** All blocks, headings from the given level down. */
export function blocks(list: DocumentBlock[], top = 3): HTMLElement[] {
  const made: HTMLElement[] = [];
  let values: HTMLElement | null = null; // values without a title stand side by side
  for (const block of list) {
    const element = one(block, top);
    const bare = block.block === "equation" && !block.title && block.rights.length === 1;
    if (!bare) values = null;
    else if (!values) made.push((values = h("div", { class: "values" })));
    if (values) values.append(element);
    else made.push(element);
  }
  return made;
}

function one(block: DocumentBlock, top: number): HTMLElement {
  switch (block.block) {
    case "heading":
      return h(`h${Math.min(6, top + block.level - 1)}` as "h3", {}, ...line(block.line));
    case "paragraph":
      return h("p", {}, ...line(block.line));
    case "equation":
      return equation(block);
    case "bullets":
      return h("ul", {}, ...block.items.map((item) => h("li", {}, ...line(item))));
    case "verbatim":
      return h("pre", {}, block.text);
    case "picture":
      return h("img", { src: block.file, alt: block.words });
    case "table": {
      const head = h("tr", {}, ...block.header.map((cell) => h("th", { scope: "col" }, ...line(cell))));
      const rows = block.rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, ...line(cell)))));
      return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "table" },
        h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)));
    }
  }
}
