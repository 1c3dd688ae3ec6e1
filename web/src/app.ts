/** The page: the drawing with its walk on one side, the panels on the other. */

import { button, choice, h } from "./dom";
import { Drawing } from "./drawing";
import { colourFactors } from "./formula";
import { pathHighlights, placeHighlights } from "./highlights";
import { handsOf } from "./hands";
import { link } from "./links";
import { overview } from "./overview";
import { askPanel } from "./panels/ask";
import { auditPanel } from "./panels/audit";
import { changePanel } from "./panels/change";
import { descendPanel } from "./panels/descend";
import type { Tab } from "./address";
import { described } from "./network";
import type { State } from "./state";
import { walkView } from "./walk";

/** Build the page inside an element. `keys` is what the keys are heard on; a document's title and its end are the page's own. */
export async function mount(root: HTMLElement, state: State, keys: HTMLElement | Document = root): Promise<void> {
  root.classList.add("chainrule", "page");
  await state.safely(() => state.adopt(state.trail.now));
  if (!state.scene) {
    root.replaceChildren(h("p", { class: "problem", role: "alert" }, state.problem));
    return;
  }
  const parts = [header(state, root), problem(state), main(state)];
  root.replaceChildren(...parts.map((part) => part.element));
  const update = () => parts.forEach((part) => part.update());
  state.onChange(update);
  update();
  keys.addEventListener("keydown", (event) => {
    arrows(state, event as KeyboardEvent);
    undoing(state, event as KeyboardEvent);
  });
  if (!(keys instanceof Document)) return;
  const entitle = () => { document.title = state.scene.title || "chainrule"; };
  state.onChange(entitle);
  entitle();
  addEventListener("beforeunload", (event) => {
    if (state.lines.trim() && state.lines !== state.saved) event.preventDefault(); // the browser asks
  });
}

interface Piece {
  element: HTMLElement;
  update: () => void;
}

function arrows(state: State, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (target.closest("input, textarea, select, [role=tab], .display, .scroll")) return;
  if (target.matches(".stage") && target.scrollWidth > target.clientWidth) return; // it scrolls
  if (event.key === "ArrowRight") state.go(1);
  else if (event.key === "ArrowLeft") state.go(-1);
  else return;
  event.preventDefault();
}

/** Undo and Redo by their usual keys, but where somebody types: there they are the box's own. */
function undoing(state: State, event: KeyboardEvent): void {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
  if ((event.target as HTMLElement).closest("input, textarea")) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) state.trail.redo();
  else state.trail.undo();
}

// ---------------------------------------------------------------- header

function header(state: State, root: HTMLElement): Piece {
  const title = h("h1", {});
  const about = h("p", { class: "about" });
  const tools = h("div", { class: "tools" });
  const undo = button("Undo", () => state.trail.undo(), { title: "what was done last (Ctrl+Z)" });
  const redo = button("Redo", () => state.trail.redo(), { title: "what was undone (Ctrl+Shift+Z)" });
  const back = button("Back to what was opened", () => void state.back());
  const past = h("div", { class: "row past", role: "group", "aria-label": "history" }, undo, redo, back);
  const element = h("header", {}, h("div", {}, title, about), past, tools);

  function theme(next: string): void {
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    update();
  }

  function update(): void {
    const { scene } = state;
    title.textContent = scene.title || "Network";
    const hidden = [...new Set(scene.hidden)].join(", ") || "none";
    const sizes = scene.sizes.join("\u2013");
    about.textContent = [
      `${sizes}; hidden: ${hidden}; output: ${scene.output}; loss: ${scene.loss.replaceAll("_", " ")}`,
      `${scene.parameters.toLocaleString("en")} parameters`, scene.note, described(state.network) && `now: ${described(state.network)}`,
    ].filter(Boolean).join("; ");
    undo.disabled = !state.trail.canUndo;
    redo.disabled = !state.trail.canRedo;
    back.hidden = !state.isOther;
    const active = tools.contains(document.activeElement) ? document.activeElement!.textContent : null;
    tools.replaceChildren(
      choice("Lines show", [["value", "weights"], ["gradient", "gradients"]] as const, state.mode, (mode) => state.setMode(mode)),
      choice("Notation", [["textbook", "a, h"], ["delta", "z, a, δ"]] as const, state.notation, (way) => state.setNotation(way)),
      choice("Light", [["auto", "auto"], ["light", "light"], ["dark", "dark"]] as const,
        (root.dataset.theme as "light" | "dark" | undefined) ?? "auto", theme),
    );
    if (active) [...tools.querySelectorAll("button")].find((one) => one.textContent === active)?.focus();
  }
  return { element, update };
}

function problem(state: State): Piece {
  const element = h("p", { class: "problem", role: "alert" });
  return {
    element,
    update: () => {
      element.hidden = !state.problem;
      if (element.textContent !== state.problem) element.textContent = state.problem;
    },
  };
}

// ---------------------------------------------------------------- drawing and walk

function main(state: State): Piece {
  const walk = walkView(state);
  const readout = h("p", { class: "readout", "aria-hidden": "true" });
  const drawing = stage(state, () => walk.step);
  const right = panels(state);
  const left = h("main", {}, drawing.element, readout, h("section", { class: "steps-of-walk", "aria-label": "walk" }, walk.bar, walk.step, walk.legend));
  link(left, readout);
  const element = h("div", { class: "columns" }, left, right.element);
  return { element, update: () => [walk, drawing, right].forEach((part) => part.update()) };
}

function stage(state: State, equation: () => HTMLElement): Piece {
  const element = h("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "drawing of the network" });
  const strip = overview(state, element);
  const hands = handsOf(state, element);
  let drawing: Drawing | null = null;
  let drawn: unknown[] = [];
  let lit: unknown[] = [];

  function update(): void {
    const now = [state.scene, state.mode, state.at, state.at === null ? null : state.walk];
    if (!drawing || now.some((part, i) => part !== drawn[i])) {
      drawn = now;
      const active = document.activeElement;
      const focus = active && element.contains(active) ? active.closest("[data-key]")?.getAttribute("data-key") : null;
      const { mode, done } = state;
      drawing = new Drawing(state.scene, { mode, done }, hands);
      element.replaceChildren(drawing.element);
      if (focus) element.querySelector<SVGElement>(`[data-key="${CSS.escape(focus)}"] [role=button]`)?.focus();
      if (drawing.now !== null) element.scrollLeft = drawing.now * element.scrollWidth - element.clientWidth / 2;
    }
    drawing.factors(colourFactors(equation()));
    light(drawing);
    strip.update(drawing);
  }

  function light(on: Drawing): void {
    on.mark(state.explanation && state.tab === "ask" ? placeHighlights(state.explanation.highlights, on.keys()) : new Map());
    if (state.fault) on.light(placeHighlights(state.fault, on.keys()), "place");
    else if (state.paths && state.tab === "ask") {
      const { paths } = state.paths;
      on.light(pathHighlights(state.alone === null ? paths : [paths[state.alone]!], on.layout), "path");
    } else if (state.explanation && state.tab === "ask") on.light(placeHighlights(state.explanation.highlights, on.keys()), "place");
    else on.light(null);
    const now = [state.fault, state.paths, state.alone, state.explanation];
    if (now.some((part, i) => part !== lit[i])) bringIntoView(element);
    lit = now;
  }
  return { element: h("div", { class: "drawing" }, strip.element, element), update };
}

/** Scroll a drawing that is larger than its place to where what is lit begins. */
function bringIntoView(stage: HTMLElement): void {
  const boxes = [...stage.querySelectorAll(".lit .shape, .lit .line")].map((one) => one.getBoundingClientRect());
  if (!boxes.length) return;
  const at = stage.getBoundingClientRect();
  stage.scrollLeft += Math.min(...boxes.map((box) => box.left)) - at.left - 16;
  const [top, bottom] = [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))];
  if (top < at.top || bottom > at.bottom) stage.scrollTop += top - at.top - 40;
}

// ---------------------------------------------------------------- panels

const TABS: readonly (readonly [Tab, string])[] = [["ask", "Ask"], ["change", "Change"], ["descend", "Train"], ["audit", "Audit"]];

function panels(state: State): Piece {
  const live = state.source.live;
  const tabs = TABS.filter(([tab]) => live || tab !== "change");
  const made: Partial<Record<Tab, Piece>> = {
    ask: askPanel(state), descend: descendPanel(state), audit: auditPanel(state), ...(live ? { change: changePanel(state) } : {}),
  };
  const buttons = tabs.map(([tab, words]) =>
    h("button", {
      type: "button", role: "tab", id: state.id(`tab-${tab}`), "aria-controls": state.id(`panel-${tab}`),
      onclick: () => state.show(tab),
    }, words),
  );
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "panels", onkeydown: turn }, ...buttons);
  const bodies = tabs.map(([tab]) =>
    h("div", { class: "panel", role: "tabpanel", id: state.id(`panel-${tab}`), "aria-labelledby": state.id(`tab-${tab}`) }, made[tab]!.element),
  );

  function turn(event: KeyboardEvent): void {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    const now = tabs.findIndex(([tab]) => tab === state.tab);
    const next = (now + by + tabs.length) % tabs.length;
    state.show(tabs[next]![0]);
    buttons[next]!.focus();
  }

  function update(): void {
    tabs.forEach(([tab], i) => {
      const chosen = tab === state.tab;
      buttons[i]!.setAttribute("aria-selected", String(chosen));
      buttons[i]!.tabIndex = chosen ? 0 : -1;
      bodies[i]!.hidden = !chosen;
      made[tab]!.update();
    });
  }
  return { element: h("aside", { "aria-label": "questions" }, list, ...bodies), update };
}
