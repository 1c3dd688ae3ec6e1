/** A box for one number: what is typed is read as it stands or not at all, and what does not stand is said. */

import { numberOf } from "./address";
import { h } from "./dom";

export interface NumberField {
  input: HTMLInputElement;
  /** What is wrong with what was typed, and which number stands; empty where it is well. */
  said: HTMLElement;
  /** Show the number that stands, unless somebody is typing. */
  show(value: number | null): void;
}

interface Wishes {
  /** What it is, in words. */
  name: string;
  typed: (value: number) => void;
  /** Nothing is typed any more. */
  left?: () => void;
  least?: number;
  whole?: boolean;
  attributes?: Record<string, string | number>;
}

export function numberField({ name, typed, left, least, whole, attributes = {} }: Wishes): NumberField {
  let stands: number | null = null;
  const said = h("span", { class: "field-said", "aria-live": "polite" });
  const input = h("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", class: "number", ...attributes,
    oninput: () => {
      const value = numberOf(input.value);
      const wrong = wrongIn(value);
      tell(wrong);
      if (!wrong && value !== stands) typed(value!);
    },
    onblur: () => {
      if (said.textContent) tell("");
      input.value = text(stands);
      left?.();
    },
  });

  function wrongIn(value: number | null): string {
    if (!input.value.trim()) return `nothing typed: ${name} stays ${text(stands)}`;
    const few = least !== undefined && value !== null && value < least;
    if (value !== null && !few && !(whole && !Number.isInteger(value))) return "";
    const kind = whole ? `a whole number${least === undefined ? "" : ` from ${least}`}` : few ? `at least ${least}` : "a number such as 2.5";
    return `expected ${kind}; got "${input.value.trim()}": ${name} stays ${text(stands)}`;
  }

  function tell(words: string): void {
    said.textContent = words;
    input.setAttribute("aria-invalid", String(words !== ""));
  }

  return {
    input, said,
    show: (value) => {
      stands = value;
      if (input !== document.activeElement) input.value = text(value);
      input.size = Math.max(8, text(value).length);
    },
  };
}

function text(value: number | null): string {
  return value === null ? "" : String(value);
}
