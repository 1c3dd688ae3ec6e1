/** Where everything stands: columns for the input, each layer, the output, the loss; rows for units. */

import type { Scene } from "./records";

export const BOX = { height: 40, row: 100, bias: 58, value: 72, loss: 92 } as const;
const GAP = { weights: 118, crossing: 66 } as const;
const MARGIN = { x: 10, top: 40, bottom: 34 } as const;

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

  constructor(private readonly scene: Scene) {
    const most = Math.max(...scene.layers.map((layer) => layer.units.length + (layer.rest ? 1 : 0)));
    this.height = MARGIN.top + most * BOX.row - (BOX.row - BOX.height) + MARGIN.bottom;
    this.rows = scene.layers.map((layer) => {
      const keys = [...layer.units.map((unit) => unit.unit), ...(layer.rest ? [0] : [])];
      const middle = (most - keys.length) / 2;
      return new Map(keys.map((unit, row) => [unit, MARGIN.top + (row + middle) * BOX.row + BOX.height / 2]));
    });
    let x: number = MARGIN.x;
    for (const layer of scene.layers) {
      this.lefts.push(x);
      x += this.boxWidth(layer.layer) + GAP.weights;
    }
    this.yhat = x - GAP.weights + GAP.crossing;
    this.loss = this.yhat + BOX.value + (scene.targets.length ? BOX.bias : 0) + GAP.crossing;
    this.width = this.loss + BOX.loss + MARGIN.x;
  }

  get depth(): number {
    return this.scene.sizes.length - 1;
  }

  private boxWidth(layer: number): number {
    if (layer === 0) return BOX.value;
    return BOX.bias + BOX.value * (layer === this.depth ? 1 : 2);
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
    return { x: this.lefts[layer]! + this.boxWidth(layer), y: this.y(layer, unit) };
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
