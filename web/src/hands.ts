/** To take hold of a number on the drawing: drag it to the side, or press the arrow keys up and down. */

import type { Hands } from "./drawing";
import { isGiven } from "./items";
import type { DrawnNumber } from "./records";
import type { State } from "./state";

const FAR = 4; // pixels, from which a press is a drag

/** What one pixel, or one key, changes: a hundredth of the number's power of ten, and never less than 0.01. */
function unitOf(value: number): number {
  return 10 ** (Math.floor(Math.log10(Math.max(1, Math.abs(value)))) - 2);
}

/** So many units on, with the digits of a unit. */
function moved(from: number, unit: number, count: number): number {
  const digits = Math.max(0, Math.round(-Math.log10(unit)));
  return Number((from + count * unit).toFixed(Math.min(100, digits + 2)));
}

export function handsOf(state: State, stage: HTMLElement): Hands {
  let held: { item: DrawnNumber; from: number; x: number; unit: number; far: boolean } | null = null;
  let dragged = false; // the click that ends a drag asks nothing
  let wanted: { item: DrawnNumber; value: number } | null = null;
  let busy = false;

  /** One change at a time: what came meanwhile but for the last is passed over. */
  async function change(item: DrawnNumber, value: number): Promise<void> {
    wanted = { item, value };
    if (busy) return;
    busy = true;
    while (wanted) {
      const next = wanted;
      wanted = null;
      await state.try(next.item, next.value);
    }
    busy = false;
    if (!state.hand) state.settle();
  }

  function move(event: PointerEvent): void {
    if (!held) return;
    const by = event.clientX - held.x;
    held.far ||= Math.abs(by) >= FAR;
    if (!held.far) return;
    event.preventDefault();
    dragged = state.hand = true;
    stage.classList.add("dragging");
    void change(held.item, moved(held.from, event.shiftKey ? held.unit / 10 : held.unit, Math.round(by)));
  }

  function drop(): void {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", drop);
    removeEventListener("pointercancel", drop);
    stage.classList.remove("dragging");
    held = null;
    if (!state.hand) return;
    state.hand = false;
    if (!busy) {
      state.settle();
      void state.safely(() => state.refresh());
    }
    setTimeout(() => { dragged = false; }); // after the click
  }

  return {
    ask: (item, part) => {
      if (!dragged) state.ask(item, part);
      dragged = false;
    },
    given: (item, part) => {
      if (!state.source.live || item.value === null || !isGiven(state.scene, item, part)) return {};
      const { value } = item;
      return {
        "data-given": true,
        onpointerdown: (event: PointerEvent) => {
          if (event.button !== 0) return;
          held = { item, from: value, x: event.clientX, unit: unitOf(value), far: false };
          addEventListener("pointermove", move);
          addEventListener("pointerup", drop);
          addEventListener("pointercancel", drop);
        },
        onkeydown: (event: KeyboardEvent) => {
          const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          void change(item, moved(value, unitOf(value), event.shiftKey ? 10 * by : by));
        },
      };
    },
  };
}
