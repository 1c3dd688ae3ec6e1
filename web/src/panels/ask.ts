/** Ask: where a quantity comes from, its paths to the loss, and for a given number a place to change it. */

import { button, choice, h } from "../dom";
import { blocks, formula } from "../formula";
import { isGiven } from "../items";
import { numberField } from "../number_field";
import { short } from "../numbers";
import { plot } from "../plot";
import type { DrawnNumber, DrawnPath } from "../records";
import type { State } from "../state";

export function askPanel(state: State): { element: HTMLElement; update: () => void } {
  const name = h("input", {
    id: state.id("ask-name"), name: "name", autocomplete: "off", spellcheck: "false", maxlength: 60, placeholder: "dL/dW_212",
  });
  const form = h(
    "form",
    {
      class: "row",
      onsubmit: (event: Event) => {
        event.preventDefault();
        if (name.value.trim()) state.askName(name.value.trim());
      },
    },
    h("label", { for: state.id("ask-name") }, "Name"),
    name,
    h("button", { type: "submit" }, "Ask"),
  );
  const change = edit(state);
  const body = h("div", { class: "answer" });
  const curve = curveView(state);
  const element = h("div", {}, form, change.element, curve.element, body);
  let drawn: unknown[] = [];
  let said: unknown[] = [NaN];

  function update(): void {
    body.classList.toggle("behind", state.behind);
    body.setAttribute("aria-busy", String(state.behind));
    curve.update();
    const now = [state.asked, state.explanation, state.askProblem, state.paths, state.scene];
    if (now.every((part, i) => part === drawn[i])) return;
    drawn = now;
    change.update();
    if (name !== document.activeElement) name.value = state.asked ?? "";
    if (said.every((part, i) => part === now[i])) return;
    said = now.slice(0, 4);
    const focus = focused(body);
    body.replaceChildren(...answer(state));
    focus?.();
  }
  return { element, update };
}

/** The loss over the number that is asked for, or what its unit gives: the point moves along as a number is dragged. */
function curveView(state: State): { element: HTMLElement; update: () => void } {
  const title = h("h3", {});
  const place = h("div", { class: "curve" });
  const element = h("section", { "aria-label": "curve" }, title, place);
  let drawn: unknown[] = [];

  function update(): void {
    const { curve, item } = state;
    element.hidden = !curve || !item;
    if (element.hidden) return;
    const moves = curve!.of === "L" && item!.item.name === curve!.over && (!state.behind || state.trial?.name === curve!.over);
    const at = moves ? item!.item.value! : curve!.at;
    const value = moves ? state.scene.L.value : curve!.value;
    const now = [curve, at, value];
    if (now.every((part, i) => part === drawn[i])) return;
    drawn = now;
    const what = curve!.of === "L" ? "The loss over" : `${curve!.rule.replaceAll("_", " ")}:`;
    title.textContent = curve!.of === "L" ? `${what} ${curve!.over}, all else as it is` : `${what} ${curve!.of} over ${curve!.over}`;
    place.replaceChildren(plot(curve!, at, value));
  }
  return { element, update };
}

/** What puts the focus back where it was, by the element's id. */
function focused(body: HTMLElement): (() => void) | null {
  const id = body.contains(document.activeElement) ? document.activeElement!.id : "";
  return id ? () => body.querySelector<HTMLElement>(`#${CSS.escape(id)}`)?.focus() : null;
}

function answer(state: State): HTMLElement[] {
  const { asked, explanation, askProblem } = state;
  if (asked === null) {
    return [h("p", { class: "hint" }, "Choose a unit, a weight or a bias on the drawing, or type a name.")];
  }
  if (askProblem) return [h("p", { class: "problem", role: "alert" }, askProblem)];
  if (!explanation) return [];
  const steps = h("section", { class: "steps", tabindex: -1, "aria-label": "step by step" }, ...blocks(explanation.blocks));
  const jump = state.paths ? button("Step by step \u2193", () => { steps.scrollIntoView(); steps.focus({ preventScroll: true }); }) : null;
  return [views(state), pathList(state, jump), steps].filter((part) => part !== null);
}

/** Of a unit that is computed: its gradient, or its value. */
function views(state: State): HTMLElement | null {
  const { item, explanation } = state;
  const gradient = item?.item.gradient_name;
  if (!item || !gradient || isGiven(state.scene, item.item, item.part)) return null;
  const names = { gradient, value: item.item.name };
  const now = explanation!.name === gradient ? "gradient" : "value";
  if (explanation!.name !== names[now]) return null;
  return choice("Explain the", [["gradient", "gradient"], ["value", "value"]] as const, now, (view) => state.view(view, names[view]));
}

/** The number itself, to be changed in place; it stays as it is while one types in it. */
function edit(state: State): { element: HTMLElement; update: () => void } {
  const label = h("label", { for: state.id("edit-value") });
  const place = h("div", { class: "row" });
  let name = "";

  let item: DrawnNumber;

  function build(): void {
    const own = name;
    const field = numberField({
      name: own, attributes: { id: state.id("edit-value") },
      typed: (value) => void state.try(item, value),
      left: () => state.settle(),
    });
    label.textContent = `${own} =`;
    place.replaceChildren(label, field.input, field.said);
    show = field.show;
  }
  let show: (value: number | null) => void = () => {};

  function update(): void {
    const asked = state.item;
    place.hidden = !state.source.live || !asked || !isGiven(state.scene, asked.item, asked.part);
    if (place.hidden) return;
    ({ item } = asked!);
    if (name !== item.name) {
      ({ name } = item);
      build();
    }
    show(item.value);
  }
  return { element: place, update };
}

// ---------------------------------------------------------------- paths

function pathList(state: State, jump: HTMLElement | null): HTMLElement | null {
  const { paths } = state;
  if (!paths) return null;
  const count = paths.count === 1 ? "One path" : `${paths.count.toLocaleString("en")} paths`;
  const shown = paths.paths.length < paths.count ? `, the ${paths.paths.length} largest of them` : "";
  const items = paths.paths.map((path, i) => pathItem(state, path, i));
  const rest = paths.paths.length < paths.count ? ` (the others included)` : "";
  const sum = formula({ latex: `${paths.latex} = ${tex(paths.total)}`, text: `${paths.quantity} = ${paths.total}` });
  return h(
    "section",
    { class: "paths", "aria-label": "paths to the loss" },
    h("div", { class: "row apart" }, h("h3", {}, `${count} to the loss${shown}`), jump),
    h("ol", {}, ...items),
    h("p", { class: "sum" }, `Their sum${rest}: `, sum),
  );
}

function pathItem(state: State, path: DrawnPath, index: number): HTMLElement {
  const light = () => state.lightAlone(index);
  const dark = () => state.lightAlone(null);
  const nodes = formula({ latex: path.latex.join(" \\to "), text: path.nodes.join(" → ") });
  const [first, ...others] = path.factors.map((factor) => short(factor)).reverse();
  const product = [first, ...others.map((factor) => (factor.startsWith("\u2212") ? `(${factor})` : factor))].join(" · ");
  const sign = path.product ? (path.product < 0 ? "pulls-down" : "pulls-up") : "pulls-nowhere";
  return h(
    "li",
    { class: sign, tabindex: 0, onmouseenter: light, onmouseleave: dark, onfocus: light, onblur: dark },
    nodes,
    h("span", { class: "product" }, path.factors.length > 1 ? `${product} = ` : "", h("b", {}, short(path.product, 5))),
  );
}

function tex(value: number | null): string {
  return short(value, 5).replace("\u2212", "-").replace(/e(.+)$/, " \\cdot 10^{$1}").replaceAll("\u2212", "-");
}
