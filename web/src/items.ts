/** What is drawn where: the quantity behind a place, and whether it is given or computed. */

import type { Named, Place, Scene } from "./records";

/** The quantity at a place; undefined for a whole layer, or a unit that is not drawn. */
export function itemAt(scene: Scene, place: Place): Named | undefined {
  const { part, layer, unit, from } = place;
  if (part === "loss") return { name: "L", unit: 0, value: scene.L.value };
  if (part === "weight") return scene.weights[layer - 1]?.edges.find((edge) => edge.to === unit && edge.from === from);
  if (part === "target") return scene.targets.find((target) => target.unit === unit);
  if (part === "crossing") return undefined;
  return scene.layers[layer]?.units.find((one) => one.unit === unit)?.[part];
}

/** Whether it can be changed: the input, the target, a weight, a bias. */
export function isGiven(scene: Scene, item: Named, part: Place["part"]): boolean {
  if (part === "act") return scene.layers[0]!.units.some((unit) => unit.act.name === item.name);
  return part === "weight" || part === "bias" || part === "target";
}
