/** The layers in one line, where the drawing is wider than its place: which are seen, and a way to the others. */

import { button, h } from "./dom";
import type { Drawing } from "./drawing";
import { short } from "./numbers";
import type { State } from "./state";

export interface Overview {
  element: HTMLElement;
  update: (drawing: Drawing) => void;
}

export function overview(state: State, stage: HTMLElement): Overview {
  const element = h("nav", { class: "overview", "aria-label": "layers" });
  let stops: { x: number; button: HTMLButtonElement }[] = []; // x from 0 at the left of the drawing to 1

  function mark(): void {
    element.hidden = stage.scrollWidth <= stage.clientWidth + 8;
    const [left, right] = [stage.scrollLeft, stage.scrollLeft + stage.clientWidth].map((x) => x / stage.scrollWidth);
    for (const { x, button: one } of stops) one.setAttribute("aria-current", String(x >= left! && x <= right!));
  }

  function go(x: number): void {
    stage.scrollTo({ left: x * stage.scrollWidth - stage.clientWidth / 2 });
  }

  function update({ layout }: Drawing): void {
    const { scene } = state;
    const known = state.done === null || state.done.some((step) => step.gives.part === "loss");
    const words = scene.sizes.map((size, i) => (i === 0 ? `x ${size}` : i === layout.depth ? `\u0177 ${size}` : `${i}: ${size}`));
    const places = scene.sizes.map((_, i) => layout.middleOf("act", i) / layout.width);
    const all = [...words.map((text, i) => ({ text, x: places[i]! })), { text: known ? `L ${short(scene.L.value, 4)}` : "L", x: 1 - 60 / layout.width }];
    if (stops.length !== all.length) {
      stops = all.map(({ x }, i) => ({ x, button: button("", () => go(stops[i]!.x)) }));
      element.replaceChildren(...stops.map((stop) => stop.button));
    }
    all.forEach(({ text, x }, i) => {
      stops[i]!.x = x;
      if (stops[i]!.button.textContent !== text) stops[i]!.button.textContent = text;
    });
    mark();
  }

  stage.addEventListener("scroll", mark, { passive: true });
  new ResizeObserver(mark).observe(stage);
  return { element, update };
}
