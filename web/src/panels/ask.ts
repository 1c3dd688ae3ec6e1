/** Ask: where a quantity comes from, its paths to the loss, and for a given number a place to change it. */

import { choice, h, short } from "../dom";
import { blocks, formula } from "../formula";
import type { Path } from "../records";
import type { Asked, State } from "../state";

const GIVEN = new Set(["weight", "bias", "target", "x"]);

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
  const body = h("div", { class: "answer" });
  const element = h("div", {}, form, body);
  let drawn: unknown = null;

  function update(): void {
    const { asked, explanation, askProblem } = state;
    const now = [asked, explanation, askProblem, state.paths];
    if (drawn !== null && now.every((part, i) => part === (drawn as unknown[])[i])) return;
    drawn = now;
    const focus = focused(body);
    body.replaceChildren(...answer(state));
    focus?.();
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
  if (!asked) {
    return [h("p", { class: "hint" }, "Choose a unit, a weight or a bias on the drawing, or type a name.")];
  }
  const parts: (HTMLElement | null)[] = [edit(state, asked), views(state, asked)];
  if (askProblem) parts.push(h("p", { class: "problem", role: "alert" }, askProblem));
  if (explanation) parts.push(h("section", { class: "steps", "aria-label": "steps" }, ...blocks(explanation.blocks)));
  parts.push(pathList(state));
  return parts.filter((part) => part !== null);
}

function views(state: State, asked: Asked): HTMLElement | null {
  if (asked.gradient === null || asked.part === "weight" || asked.part === "bias" || given(state, asked)) return null;
  const options = [["gradient", "gradient"], ["value", "value"]] as const;
  return choice("What to explain", options, asked.view, (view) => state.view(view));
}

function given(state: State, asked: Asked): boolean {
  if (asked.part === "act") return state.scene.layers[0]!.units.some((unit) => unit.act.name === asked.item);
  return asked.part !== null && GIVEN.has(asked.part);
}

/** The number itself, to be changed in place. */
function edit(state: State, asked: Asked): HTMLElement | null {
  if (!state.source.live || !given(state, asked)) return null;
  const input = h("input", {
    id: state.id("edit-value"), type: "number", step: "any", value: valueOf(state, asked.item) ?? "",
    oninput: () => {
      if (input.value.trim() && Number.isFinite(input.valueAsNumber)) {
        void state.move("change", { values: { [asked.item]: input.valueAsNumber } });
      }
    },
  });
  return h("p", { class: "row" }, h("label", { for: state.id("edit-value") }, `${asked.item} =`), input);
}

function valueOf(state: State, name: string): number | null {
  const { scene } = state;
  const all = [
    ...scene.layers.flatMap((layer) => layer.units.flatMap((unit) => [unit.act, unit.bias])),
    ...scene.weights.flatMap((weights) => weights.edges),
    ...scene.targets,
  ];
  return all.find((item) => item?.name === name)?.value ?? null;
}

// ---------------------------------------------------------------- paths

function pathList(state: State): HTMLElement | null {
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
    h("h3", {}, `${count} to the loss${shown}`),
    h("ol", {}, ...items),
    h("p", { class: "sum" }, `Their sum${rest}: `, sum),
  );
}

function pathItem(state: State, path: Path, index: number): HTMLElement {
  const light = () => state.lightAlone(index);
  const dark = () => state.lightAlone(null);
  const nodes = formula({ latex: path.latex.join(" \\to "), text: path.nodes.join(" → ") });
  const product = path.factors.map((factor) => short(factor)).reverse().join(" · ");
  const sign = (path.product ?? 0) < 0 ? "pulls-down" : "pulls-up";
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
