/** Elements in one call. Words are always text, never markup. */

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: any) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A group of choices of which one holds, as buttons. */
export function choice<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  now: T,
  chosen: (value: T) => void,
): HTMLElement {
  const buttons = options.map(([value, words]) =>
    h("button", { type: "button", "aria-pressed": String(value === now), onclick: () => chosen(value) }, words),
  );
  const name = h("span", { class: "choice-label", "aria-hidden": "true" }, label);
  return h("div", { class: "choice", role: "group", "aria-label": label }, name, ...buttons);
}

export function button(words: string, act: () => void, more: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick: act, ...more }, words);
}
