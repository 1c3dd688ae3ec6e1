/** What lights up on the drawing: keys of boxes and lines, each with a number that gives width and sign. */

import type { DrawnPath, DrawnPlace } from "./records";
import type { Layout } from "./layout";

export type Highlights = Map<string, number>;

/** The key of a box or a line: weight:2:1:3 is W_2 from unit 3 to unit 1. */
export function key(part: string, layer: number, unit: number | null = null, from: number | null = null): string {
  return [part, layer, unit, from].filter((piece) => piece !== null).join(":");
}

/** The boxes and lines of paths; where several share one, their products add up. */
export function pathHighlights(paths: DrawnPath[], layout: Layout): Highlights {
  const highlights: Highlights = new Map();
  const add = (name: string, product: number | null) => highlights.set(name, (highlights.get(name) ?? 0) + (product ?? 0));
  for (const path of paths) {
    const keys = path.stops.flatMap((stop, i) => [...between(path.stops[i - 1], stop, layout), boxOf(stop, layout)]);
    for (const name of new Set(keys)) add(name, path.product);
  }
  return highlights;
}

function boxOf(stop: DrawnPlace, layout: Layout): string {
  if (stop.part === "loss") return "loss";
  if (stop.part === "weight") return weightKey(stop.layer, stop.unit!, stop.from!, layout);
  return boxKey(stop.part, stop.layer, stop.unit!, layout);
}

function boxKey(part: string, layer: number, unit: number, layout: Layout): string {
  return layout.drawn(layer, unit) ? key(part, layer, unit) : key("rest", layer);
}

function weightKey(layer: number, to: number, from: number, layout: Layout): string {
  if (!layout.drawn(layer, to)) return key("rest", layer);
  return layout.drawn(layer - 1, from) ? key("weight", layer, to, from) : key("restline", layer, to);
}

function between(before: DrawnPlace | undefined, stop: DrawnPlace, layout: Layout): string[] {
  if (before === undefined || before.part === "weight" || before.part === "bias") return [];
  if (stop.part === "loss") return [key(before.part === "pre" ? "direct" : "lossline", layout.depth, before.unit)];
  if (before.part === "act") return [weightKey(stop.layer, stop.unit!, before.unit!, layout)];
  const crosses = stop.part === "act" && stop.layer === layout.depth;
  return crosses ? [key("crossing", stop.layer, stop.unit, before.unit)] : [];
}

/** The boxes and lines of places: a whole vector is all of its layer. */
export function placeHighlights(places: DrawnPlace[], keys: string[]): Highlights {
  const highlights: Highlights = new Map();
  for (const place of places) {
    const start = place.part === "loss" ? "loss" : key(place.part, place.layer, place.unit, place.from);
    for (const name of keys) if (name === start || name.startsWith(`${start}:`)) highlights.set(name, 0);
  }
  return highlights;
}
