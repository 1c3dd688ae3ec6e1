/** The walk: its buttons, and the equation of the step that was done last, linked with the drawing. */

import { button, h } from "./dom";
import { equation } from "./formula";
import { learningRate } from "./panels/descend";
import type { State } from "./state";
import { trialView } from "./trial";

const PACE = 2000; // ms a step, while it plays

export interface WalkView {
  bar: HTMLElement;
  legend: HTMLElement;
  step: HTMLElement;
  update: () => void;
}

export function walkView(state: State): WalkView {
  const walkOn = button("Walk \u25b6", () => { state.to(1); onward.focus(); }, { class: "primary", title: "one equation after the other" });
  const play = button("Play", () => playing(timer === undefined), { "aria-pressed": "false", title: "step after step by itself" });
  const first = button("Start", () => byHand(() => state.to(0)), { title: "before the first step" });
  const back = button("\u25c0 Back", () => byHand(() => state.go(-1)), { title: "one step back (left arrow)" });
  const onward = button("Forward \u25b6", () => byHand(() => state.go(1)), { title: "one step on (right arrow)" });
  const all = button("Everything", () => byHand(() => state.to(null)), { title: "all values and gradients" });
  const take = button("Take this step", () => void takeStep(), { class: "primary", title: "go on with the new weights" });
  const bar = h("div", { class: "row walk", role: "group", "aria-label": "walk through the network" },
    walkOn, play, back, onward, take, first, all);
  const said = h("p", { class: "status", role: "status" });
  const means = h("p", { class: "means" });
  const shown = h("div", { class: "current" });
  const legend = h("p", { class: "legend" });
  const trial = trialView(state);
  const step = h("div", { class: "step" }, said, means, shown, trial.element);
  let timer: ReturnType<typeof setInterval> | undefined;
  let drawn: unknown;

  function byHand(act: () => void): void {
    playing(false);
    act();
  }

  function playing(on: boolean): void {
    clearInterval(timer);
    timer = undefined;
    if (on) {
      if (state.at === null || state.at === count()) state.to(0);
      state.go(1);
      timer = setInterval(() => (state.at === null || state.at >= count() ? playing(false) : state.go(1)), PACE);
    }
    play.textContent = on ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(on));
  }

  async function takeStep(): Promise<void> {
    await state.move("descend", { steps: 1, learning_rate: learningRate(state) });
    state.to(0);
  }

  function count(): number {
    return state.walk?.steps.length ?? 0;
  }

  function update(): void {
    const steps = count();
    const done = state.current;
    const ended = state.at === steps && steps > 0;
    for (const one of [walkOn, play, first, back, onward]) one.disabled = !steps;
    onward.disabled ||= ended;
    back.disabled ||= state.at === 0;
    walkOn.hidden = state.at !== null && state.at > 0;
    take.hidden = !ended || done?.phase !== "update";
    if (timer !== undefined && (ended || state.at === null)) playing(false);
    const text = state.walkProblem || position(state, steps);
    if (said.textContent !== text) said.textContent = text;
    means.textContent = done?.means ?? "";
    if (done !== drawn) shown.replaceChildren(...(done ? [equation(done.block, true)] : []));
    drawn = done;
    trial.update();
    shown.classList.toggle("behind", state.behind);
    legend.textContent = legendOf(state);
    legend.hidden = done !== null || state.trial !== null;
  }
  return { bar, legend, step, update };
}

function position(state: State, steps: number): string {
  const step = state.current;
  if (state.at === null) return "Everything is shown. The arrow keys walk through the network, one equation at a time.";
  if (!step) return `Start: the input, the weights and the target are given. ${steps} steps lead forward to the loss, back, and to better weights.`;
  return `Step ${state.at} of ${steps}, ${step.phase}: ${step.stage}.`;
}

function legendOf(state: State): string {
  const shown = state.mode === "gradient" ? "gradients" : "weights";
  const lines = `Lines: ${shown}, positive (blue) solid, negative (orange) dashed, the larger the wider. Below a box, \u2202: its gradient.`;
  const wide = "Of a wide layer the units that matter for the question are drawn; the rest is one box, \u03a3 what it adds.";
  return state.scene.whole ? lines : `${lines} ${wide}`;
}
