/** What is drawn where: the quantity behind a place, and whether it is given or computed. */

import type { DrawnNumber, DrawnPlace, SceneAnswer } from "./records";

/** The quantity at a place; null for a whole layer, or a unit that is not drawn. */
export function itemAt(scene: SceneAnswer, place: DrawnPlace): DrawnNumber | null {
  const { part, layer, unit, from } = place;
  if (part === "loss") return scene.L;
  if (part === "crossing") return null;
  if (part === "weight") return scene.weights[layer - 1]?.edges.find((edge) => edge.to === unit && edge.from === from) ?? null;
  if (part === "target") return scene.targets.find((target) => target.unit === unit) ?? null;
  return scene.layers[layer]?.units.find((one) => one.unit === unit)?.[part] ?? null;
}

/** Whether it can be changed: the input, the target, a weight, a bias. */
export function isGiven(scene: SceneAnswer, item: DrawnNumber, part: DrawnPlace["part"]): boolean {
  if (part === "act") return scene.layers[0]!.units.some((unit) => unit.act.name === item.name);
  return part === "weight" || part === "bias" || part === "target";
}
