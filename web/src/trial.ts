/** "What if": a number that was changed alone, what its gradient foretold of the loss, and what came. */

import { h } from "./dom";
import { full, short } from "./numbers";
import type { SceneAnswer } from "./records";
import type { State } from "./state";

export function trialView(state: State): { element: HTMLElement; update: () => void } {
  const element = h("div", { class: "trial", role: "status" });

  function update(): void {
    const { trial, scene } = state;
    element.hidden = trial === null;
    if (!trial) return;
    const now = valueOf(scene, trial.name);
    const { gradient, L } = trial;
    if (now === null || L === null || scene.L.value === null) {
      element.replaceChildren(h("p", {}, "The loss is not finite."));
      return;
    }
    const by = now - trial.value;
    const came = scene.L.value - L;
    element.replaceChildren(
      h("p", {}, h("b", {}, "What if"), ` ${trial.name} were ${full(now)} instead of ${full(trial.value)}?`),
      h("p", { class: "foretold" },
        gradient === null ? "A target has no gradient here. " : `predicted ΔL = g · Δw = ${short(gradient)} · ${bracketed(short(by))} = ${short(gradient * by)}; `,
        h("b", {}, `actual ΔL = ${short(came)}`)),
    );
  }
  return { element, update };
}

function bracketed(number: string): string {
  return number.startsWith("\u2212") ? `(${number})` : number;
}

/** A given number of the drawing by its name. */
function valueOf(scene: SceneAnswer, name: string): number | null {
  const items = [
    ...scene.layers.flatMap((layer) => layer.units.map((unit) => (layer.layer ? unit.bias : unit.act))),
    ...scene.weights.flatMap((weights) => weights.edges), ...scene.targets,
  ];
  return items.find((item) => item?.name === name)?.value ?? null;
}
