/** Where everything stands: columns for the input, each layer, the output, the loss; rows for units. */

import type { DrawnPlace, SceneAnswer } from "./records";

export const BOX = { height: 40, bias: 70, value: 74, rest: 104, loss: 124 } as const;
const ROW = { least: 88, most: 140, all: 490 } as const;
const GAP = { weights: 124, crossing: 70 } as const;
const MARGIN = { x: 12, top: 54, bottom: 30 } as const;

export interface Point {
  x: number;
  y: number;
}

export class Layout {
  readonly width: number;
  readonly height: number;
  /** Left edge of each layer; of the last one that of its pre-activations. */
  private readonly lefts: number[] = [];
  private readonly yhat: number;
  readonly loss: number;
  private readonly rows: Map<number, number>[];

  constructor(private readonly scene: SceneAnswer) {
    const most = Math.max(...scene.layers.map((layer) => layer.units.length + (layer.rest ? 1 : 0)));
    const row = Math.max(ROW.least, Math.min(ROW.most, ROW.all / most));
    this.height = MARGIN.top + most * row - (row - BOX.height) + MARGIN.bottom;
    this.rows = scene.layers.map((layer) => {
      const keys = [...layer.units.map((unit) => unit.unit), ...(layer.rest ? [0] : [])];
      const middle = (most - keys.length) / 2;
      return new Map(keys.map((unit, at) => [unit, MARGIN.top + (at + middle) * row + BOX.height / 2]));
    });
    let x: number = MARGIN.x;
    for (const layer of scene.layers) {
      this.lefts.push(x);
      x += this.layerWidth(layer.layer) + GAP.weights;
    }
    this.yhat = x - GAP.weights + GAP.crossing;
    this.loss = this.yhat + BOX.value + (scene.targets.length ? BOX.bias : 0) + GAP.crossing;
    this.width = this.loss + BOX.loss + MARGIN.x;
  }

  get depth(): number {
    return this.scene.sizes.length - 1;
  }

  private layerWidth(layer: number): number {
    if (layer === 0) return this.boxWidth("act", 0);
    return BOX.bias + BOX.value * (layer === this.depth ? 1 : 2);
  }

  /** The width of a compartment; the input's has room for what stands in the box of its rest. */
  boxWidth(part: "bias" | "pre" | "act" | "target", layer: number): number {
    if (part === "bias" || part === "target") return BOX.bias;
    return layer === 0 && this.scene.layers[0]!.rest ? BOX.rest : BOX.value;
  }

  /** The middle of a part of a layer, from the left edge. */
  middleOf(part: DrawnPlace["part"], layer: number): number {
    if (part === "loss") return this.loss + BOX.loss / 2;
    if (part === "weight" || part === "crossing") return this.lefts[layer]! - GAP.weights / 2;
    return this.left(part, layer) + this.boxWidth(part, layer) / 2;
  }

  /** The row of a unit; of one that is not drawn, that of the rest of its layer. */
  y(layer: number, unit: number): number {
    const rows = this.rows[layer]!;
    return rows.get(unit) ?? rows.get(0) ?? this.height / 2;
  }

  drawn(layer: number, unit: number): boolean {
    return this.rows[layer]!.has(unit);
  }

  get middle(): number {
    return (MARGIN.top + this.height - MARGIN.bottom) / 2;
  }

  /** Left edge of a compartment. */
  left(part: "bias" | "pre" | "act" | "target", layer: number): number {
    const edge = this.lefts[layer]!;
    if (part === "bias" || layer === 0) return edge;
    if (part === "pre") return edge + BOX.bias;
    if (part === "target") return this.yhat + BOX.value;
    return layer === this.depth ? this.yhat : edge + BOX.bias + BOX.value;
  }

  /** Where lines into a layer end, and where they start from it. */
  into(layer: number, unit: number): Point {
    return { x: this.lefts[layer]!, y: this.y(layer, unit) };
  }

  from(layer: number, unit: number): Point {
    return { x: this.lefts[layer]! + this.layerWidth(layer), y: this.y(layer, unit) };
  }

  intoOutput(unit: number): Point {
    return { x: this.yhat, y: this.y(this.depth, unit) };
  }

  fromOutput(unit: number): Point {
    return { x: this.yhat + BOX.value + (this.scene.targets.length ? BOX.bias : 0), y: this.y(this.depth, unit) };
  }

  intoLoss(): Point {
    return { x: this.loss, y: this.middle };
  }
}
