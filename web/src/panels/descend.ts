/** Train: steps of gradient descent, the loss curve, and the way back to any step. */

import { button, h, svg } from "../dom";
import { numberField } from "../number_field";
import { short } from "../numbers";
import type { SceneAnswer } from "../records";
import type { State } from "../state";

const SIZE = { width: 420, height: 190, left: 52, right: 12, top: 12, bottom: 30 } as const;

export function descendPanel(state: State): { element: HTMLElement; update: () => void } {
  const rate = numberField({ name: "the learning rate", typed: (value) => state.setRate(value), attributes: { id: state.id("rate") } });
  const step = (steps: number) => void state.move("descend", { steps, learning_rate: learningRate(state) });
  const slider = h("input", {
    id: state.id("rewind"), type: "range", min: 0, step: 1,
    oninput: () => void rewind(slider.valueAsNumber), onchange: () => state.settle(),
  });
  let wanted: number | null = null; // where a slider that is drawn along has come to meanwhile
  async function rewind(to: number): Promise<void> {
    const busy = wanted !== null;
    wanted = to;
    if (busy) return;
    for (let next = -1; next !== wanted; ) await state.move("rewind", { step: (next = wanted) }, "rewind");
    wanted = null;
  }
  const counts = state.source.live ? [1, 10, 100] : [1];
  const buttons = counts.map((n) => button(n === 1 ? "1 step" : `${n} steps`, () => step(n)));
  const again = button("Start again", () => void rewind(0));
  const said = h("p", { class: "status", role: "status" });
  const curve = h("div", { class: "curve" });
  let drawn: SceneAnswer["descent"] | null = null;
  const element = h(
    "div",
    {},
    h("p", { class: "row" }, h("label", { for: state.id("rate") }, "Learning rate η"), rate.input, rate.said),
    h("p", { class: "row" }, ...buttons, again),
    said,
    curve,
    h("p", { class: "row wide" }, h("label", { for: state.id("rewind") }, "Step"), slider),
  );

  function update(): void {
    const { scene } = state;
    const { now, losses } = scene.descent;
    rate.show(learningRate(state));
    rate.input.disabled = !state.source.live;
    slider.max = String(losses.length - 1);
    slider.disabled = losses.length < 2;
    if (slider !== document.activeElement) slider.value = String(now);
    slider.setAttribute("aria-valuetext", `step ${now} of ${losses.length - 1}, loss ${short(losses[now])}`);
    said.textContent = `Step ${now} of ${losses.length - 1}: L = ${short(losses[now], 5)}`;
    if (state.tab !== "descend" || drawn === scene.descent) return;
    drawn = scene.descent;
    curve.replaceChildren(lossCurve(losses, now, (to) => void rewind(to)));
  }
  return { element, update };
}

/** What was typed, or what the worksheet says. */
export function learningRate(state: State): number {
  return state.rate ?? state.scene.learning_rate;
}

/** The loss by step; a click goes to the nearest one. */
function lossCurve(losses: (number | null)[], now: number, go: (step: number) => void): SVGSVGElement {
  const { width, height, left, right, top, bottom } = SIZE;
  const known = losses.map((loss) => loss ?? Number.NaN);
  const finite = known.filter(Number.isFinite);
  const most = finite.length ? Math.max(...finite) : 1;
  const least = Math.min(0, ...finite);
  const span = most - least || 1;
  const last = Math.max(1, losses.length - 1);
  const x = (step: number) => left + (step / last) * (width - left - right);
  const y = (loss: number) => top + (Number.isFinite(loss) ? 1 - (loss - least) / span : 0) * (height - top - bottom);
  const every = Math.ceil(losses.length / 400);
  const points = known.flatMap((loss, i) => (i % every && i !== losses.length - 1 ? [] : [`${x(i)},${y(loss)}`]));
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `loss by step: ${short(known[0])} at the start, ${short(known.at(-1))} after ${losses.length - 1} steps`,
      onclick: (event: MouseEvent) => {
        const box = picture.getBoundingClientRect();
        const at = ((event.clientX - box.left) / box.width) * width;
        go(Math.max(0, Math.min(losses.length - 1, Math.round(((at - left) / (width - left - right)) * last))));
      },
    },
    svg("path", { class: "axis", d: `M${left},${top} V${height - bottom} H${width - right}` }),
    ...[least, least + span / 2, most].map((loss) =>
      svg("text", { x: left - 6, y: y(loss) + 4, class: "tick end" }, short(loss, 2)),
    ),
    svg("text", { x: left, y: height - 10, class: "tick" }, "0"),
    svg("text", { x: width - right, y: height - 10, class: "tick end" }, String(losses.length - 1)),
    svg("text", { x: (left + width - right) / 2, y: height - 10, class: "tick middle" }, "step"),
    svg("polyline", { class: "loss-line", points: points.join(" ") }),
    svg("circle", { class: "loss-now", cx: x(now), cy: y(known[now]!), r: 5 }),
  );
  return picture;
}
