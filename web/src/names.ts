/** Names of quantities as the drawing and KaTeX write them. */

import { svg } from "./dom";

const NAME = /^(yhat|delta|[a-zA-Zδ])(?:\^(\d+))?(?:_([\d,]+))?$/;

interface Split {
  letter: string;
  above: string;
  below: string;
}

function split(name: string): Split {
  const match = NAME.exec(name);
  if (!match) return { letter: name, above: "", below: "" };
  return { letter: match[1] === "yhat" ? "ŷ" : match[1]!, above: match[2] ?? "", below: match[3] ?? "" };
}

/** A name as parts of an SVG text, with its raised and lowered numbers. */
export function label(name: string): SVGTSpanElement[] {
  const ratio = /^d(.+)\/d(.+)$/.exec(name);
  if (ratio) return [...label(ratio[1]!).map(partial), svg("tspan", {}, "/"), ...label(ratio[2]!).map(partial)];
  const { letter, above, below } = split(name);
  const parts = [svg("tspan", { class: "letter" }, letter)];
  if (above) parts.push(svg("tspan", { class: "index", dy: "-0.45em" }, above));
  if (below) parts.push(svg("tspan", { class: "index", dy: above ? "0.85em" : "0.35em" }, below));
  const moved = (above ? -0.45 : 0) * 0.72 + (below ? (above ? 0.85 : 0.35) : 0) * 0.72;
  if (moved) parts.push(svg("tspan", { dy: `${-moved}em` }, "\u200b"));
  return parts;
}

function partial(part: SVGTSpanElement, index: number): SVGTSpanElement {
  if (index === 0) part.textContent = `∂${part.textContent}`;
  return part;
}

/** The same as one line of plain characters, for a screen reader: "W 2 1 2", "y hat 1". */
export function spoken(name: string): string {
  const ratio = /^d(.+)\/d(.+)$/.exec(name);
  if (ratio) return `derivative of ${spoken(ratio[1]!)} by ${spoken(ratio[2]!)}`;
  const { letter, above, below } = split(name);
  const said = letter === "ŷ" ? "y hat" : letter === "δ" ? "delta" : letter;
  const spread = below.includes(",") ? below.split(",").join(" ") : [...below].join(" ");
  return [said, above && `layer ${above}`, spread].filter(Boolean).join(" ");
}
