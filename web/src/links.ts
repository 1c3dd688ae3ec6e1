/** A number in an equation and its place on the drawing: to point at one lights the other. */

/** Two keys of which one is the other, or a part of it: `weight:2` and `weight:2:1:3`. */
function belongs(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}:`) || other.startsWith(`${one}:`);
}

/** Link all that has a place within an element; the readout has the digits of what is pointed at on the drawing. */
export function link(root: HTMLElement, readout: HTMLElement): void {
  let now: string | null = null;

  function light(target: EventTarget | null): void {
    const place = (target as Element | null)?.closest?.<HTMLElement | SVGElement>("[data-at], .network [data-key]") ?? null;
    const next = place?.dataset.at ?? place?.dataset.key ?? null;
    readout.textContent = next ? digits(next) : "";
    if (next === now) return;
    now = next;
    for (const one of root.querySelectorAll(".linked, .tag-linked")) one.classList.remove("linked", "tag-linked");
    if (next === null) return;
    for (const one of root.querySelectorAll<HTMLElement | SVGElement>(".katex-html [data-at], .network :is([data-key], [data-tag])")) {
      const key = one.dataset.at ?? one.dataset.key ?? one.dataset.tag!;
      if (belongs(key, next)) one.classList.add(one.dataset.tag ? "tag-linked" : "linked");
    }
  }

  /** What stands at a place, with all its digits. */
  function digits(key: string): string {
    return root.querySelector(`.network [data-key="${CSS.escape(key)}"] > title`)?.textContent ?? "";
  }

  root.addEventListener("pointerover", (event) => light(event.target));
  root.addEventListener("pointerleave", () => light(document.activeElement));
  root.addEventListener("focusin", (event) => light(event.target));
  root.addEventListener("focusout", () => light(null));
}
