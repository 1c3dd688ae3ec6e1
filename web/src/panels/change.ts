/** Change: the rules by choice, every given number in place; the page follows as one types. */

import { h } from "../dom";
import { numberField, type NumberField } from "../number_field";
import { full } from "../numbers";
import type { DrawnNumber, SceneAnswer } from "../records";
import type { State } from "../state";

export function changePanel(state: State): { element: HTMLElement; update: () => void } {
  const element = h("div", { class: "change" });
  let shape = "";
  let inputs = new Map<string, NumberField>();
  let now = new Map<string, DrawnNumber>(); // the numbers that stand
  let selects: [HTMLSelectElement, (scene: SceneAnswer) => string][] = [];

  function build(scene: SceneAnswer): void {
    inputs = new Map();
    selects = [];
    const select = (label: string, options: string[], now: (scene: SceneAnswer) => string, chosen: (value: string) => void) => {
      const id = state.id(`rule-${selects.length}`);
      const box = h("select", { id, onchange: () => chosen(box.value) }, ...options.map((o) => h("option", { value: o }, o.replaceAll("_", " "))));
      selects.push([box, now]);
      return h("p", { class: "row" }, h("label", { for: id }, label), box);
    };
    const number = (item: DrawnNumber) => {
      const { name } = item;
      const field = numberField({
        name, attributes: { "aria-label": name, title: name },
        typed: (value) => void state.try(now.get(name)!, value),
        left: () => state.settle(),
      });
      inputs.set(name, field);
      return field;
    };
    const vector = (title: string, items: DrawnNumber[]) => matrix(title, [items.map(number)]);
    const hidden = scene.hidden.map((_, i) =>
      select(`Layer ${i + 1}`, scene.choices.hidden, (s) => s.hidden[i]!, (value) =>
        void state.move("change", { hidden: state.scene.hidden.map((was, j) => (i === j ? value : was)) }),
      ),
    );
    const parameters = scene.weights.flatMap((weights) => {
      const units = scene.layers[weights.layer]!.units;
      const rows = units.map((unit) => weights.edges.filter((edge) => edge.to === unit.unit).map(number));
      return [matrix(`Weights of layer ${weights.layer}`, rows), vector(`Biases of layer ${weights.layer}`, units.map((u) => u.bias!))];
    });
    const notAll = scene.whole ? null : h("p", { class: "hint" }, "Shown are the numbers of the units on the drawing.");
    element.replaceChildren(
      h("h3", {}, "Rules"),
      h("div", { class: "row" }, ...hidden,
        select("Output", scene.choices.output, (s) => s.output, (output) => void state.move("change", { output })),
        select("Loss", scene.choices.loss, (s) => s.loss, (loss) => void state.move("change", { loss }))),
      h("h3", {}, "Numbers"),
      ...(notAll ? [notAll] : []),
      vector("Input x", scene.layers[0]!.units.map((unit) => unit.act)),
      ...(scene.targets.length ? [vector("Target y", scene.targets)] : []),
      ...parameters,
    );
  }

  function update(): void {
    const { scene } = state;
    if (state.tab !== "change") return;
    const built = JSON.stringify([scene.notation, scene.layers.map((layer) => layer.units.map((u) => u.unit)), scene.targets.length]);
    if (built !== shape) build(scene);
    shape = built;
    for (const [box, value] of selects) box.value = value(scene);
    const items = [
      ...scene.layers.flatMap((layer) => layer.units.flatMap((unit) => (layer.layer ? [unit.bias!] : [unit.act]))),
      ...scene.weights.flatMap((weights) => weights.edges),
      ...scene.targets,
    ];
    now = new Map(items.map((item) => [item.name, item]));
    for (const { name, value } of items) {
      const field = inputs.get(name);
      field?.show(value);
      if (field) field.input.title = `${name} = ${full(value)}`;
    }
  }
  return { element, update };
}

/** Inputs in rows, as the matrix is written. */
function matrix(title: string, rows: NumberField[][]): HTMLElement {
  const lines = rows.map((row) => h("div", { class: "inputs" }, ...row.map((field) => field.input)));
  return h("fieldset", {}, h("legend", {}, title), ...lines, ...rows.flat().map((field) => field.said));
}
