/** The network as a picture: boxes for units and biases, lines for weights, all of them to be asked. */

import { short, svg } from "./dom";
import { label, spoken } from "./names";
import { BOX, Layout, type Point } from "./layout";
import { key, type Lights } from "./lighting";
import type { Layer, Named, Scene, WalkStep } from "./records";

export interface Look {
  mode: "value" | "gradient";
  /** Steps of the walk that are done; null shows all. */
  done: WalkStep[] | null;
  asked: string | null;
}

type Ask = (item: Named, part: string) => void;

const WIDEST = 7; // of a line

export class Drawing {
  readonly layout: Layout;
  readonly element: SVGSVGElement;
  private readonly items = new Map<string, SVGElement>();

  constructor(
    private readonly scene: Scene,
    private readonly look: Look,
    private readonly ask: Ask,
  ) {
    this.layout = new Layout(scene);
    const { width, height } = this.layout;
    this.element = svg("svg", {
      viewBox: `0 0 ${width} ${height}`,
      class: "network",
      role: "group",
      "aria-label": `Network ${scene.sizes.join(", ")}: units, biases and weights`,
    });
    this.element.style.setProperty("--natural", `${width}px`);
    for (const layer of scene.layers) this.drawLayer(layer);
    this.drawCrossing();
    this.drawOutput();
    this.drawLoss();
  }

  keys(): Iterable<string> {
    return this.items.keys();
  }

  /** Light some boxes and lines, and dim the others; null lights nothing and dims nothing. */
  light(lights: Lights | null, kind: "path" | "place" = "path"): void {
    this.element.classList.toggle("dimmed", lights !== null);
    this.element.dataset.lit = lights === null ? "" : kind;
    const largest = Math.max(...[...(lights?.values() ?? [])].map(Math.abs), 0);
    for (const [name, item] of this.items) {
      const size = lights?.get(name);
      item.classList.toggle("lit", size !== undefined);
      item.classList.remove("pulls-up", "pulls-down");
      const line = item.querySelector<SVGElement>(".line");
      line?.style.removeProperty("--lit-width");
      if (size === undefined || kind === "place") continue;
      item.classList.add(size < 0 ? "pulls-down" : "pulls-up");
      line?.style.setProperty("--lit-width", String(largest ? 1.5 + (WIDEST - 1.5) * (Math.abs(size) / largest) : 1.5));
    }
  }

  // ---------------------------------------------------------------- layers

  private drawLayer(layer: Layer): void {
    const i = layer.layer;
    const { scene, layout } = this;
    if (i > 0) this.drawWeights(i);
    const head = i === 0 ? "input" : i === layout.depth ? scene.output : `layer ${i}: ${layer.activation}`;
    const headAt = i === layout.depth ? layout.left("act", i) + BOX.value / 2 : (layout.into(i, 0).x + layout.from(i, 0).x) / 2;
    this.element.append(svg("text", { x: headAt, y: 12, class: "head" }, head));
    for (const unit of layer.units) {
      if (unit.bias) this.box("bias", i, unit.bias, BOX.bias);
      if (unit.pre) this.box("pre", i, unit.pre, BOX.value);
      if (i < layout.depth) this.box("act", i, unit.act, BOX.value);
    }
    if (layer.rest) this.drawRest(layer, layer.rest);
  }

  private drawRest(layer: Layer, rest: NonNullable<Layer["rest"]>): void {
    const { x, y } = this.layout.into(layer.layer, 0);
    const width = this.layout.from(layer.layer, 0).x - x;
    const words = `${rest.count} more units, together ${short(rest.adds)}`;
    const shape = svg("rect", { x, y: y - BOX.height / 2, width, height: BOX.height, rx: 9, class: "shape" });
    const first = svg("text", { x: x + width / 2, y: y - 2 }, `+ ${rest.count} more`);
    const second = svg("text", { x: x + width / 2, y: y + 13, class: "small" }, `Σ ${short(rest.adds)}`);
    const group = svg("g", { class: "rest", role: "img", "aria-label": words }, svg("title", {}, words), shape, first, second);
    this.put(key("rest", layer.layer), group);
  }

  /** A box with its name above, its value in it, its gradient below. */
  private box(part: "bias" | "pre" | "act" | "target", layer: number, item: Named, width: number): void {
    const { layout } = this;
    const x = layout.left(part, layer);
    const y = layout.y(layer, item.unit);
    const known = this.known(part, layer);
    const knows = item.gradient !== undefined && this.knownGradient(part, layer);
    const value = known ? short(item.value, part === "bias" ? 2 : 3) : "·";
    const gradient = knows ? short(item.gradient, 2) : "";
    const said = `${spoken(item.name)} ${known ? short(item.value) : "not yet computed"}`;
    const more = knows ? `, gradient ${short(item.gradient)}` : "";
    const middle = x + width / 2;
    const shape = svg("rect", { x, y: y - BOX.height / 2, width, height: BOX.height, rx: 6, class: "shape" });
    const group = svg(
      "g",
      { class: `box ${part} ${known ? "" : "unknown"}`, ...this.clickable(item, part), "aria-label": said + more },
      svg("title", {}, `${item.name} = ${value}${gradient && `, ${item.gradient_name} = ${gradient}`}`),
      shape,
      svg("text", { x: middle, y: y - BOX.height / 2 - 8, class: "name" }, ...label(item.name)),
      svg("text", { x: middle, y: y + 5, class: "value" }, value),
      gradient ? svg("text", { x: middle, y: y + BOX.height / 2 + 15, class: "gradient" }, `∂\u2009${gradient}`) : null,
    );
    this.put(key(part, layer, item.unit), group, item.name, [key(part, layer)]);
  }

  private clickable(item: Named, part: string): Record<string, any> {
    const act = () => this.ask(item, part);
    return {
      tabindex: 0,
      role: "button",
      "data-name": item.name,
      onclick: act,
      onkeydown: (event: KeyboardEvent) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        act();
      },
    };
  }

  // ---------------------------------------------------------------- lines

  private drawWeights(layer: number): void {
    const weights = this.scene.weights[layer - 1]!;
    const gradient = this.look.mode === "gradient";
    const known = !gradient || this.knownGradient("weight", layer);
    const largest = (gradient ? weights.largest_gradient : weights.largest) || 1;
    const seen = weights.edges.length <= 8;
    for (const edge of weights.edges) {
      const from = this.layout.from(layer - 1, edge.from);
      const to = this.layout.into(layer, edge.to);
      const number = gradient ? edge.gradient : edge.value;
      const said = `${spoken(edge.name)} ${short(edge.value)}, gradient ${this.knownGradient("weight", layer) ? short(edge.gradient) : "not yet computed"}`;
      const group = this.line(from, to, known ? number ?? 0 : null, largest, {
        class: "weight",
        ...this.clickable(edge, "weight"),
        "aria-label": said,
      });
      group.prepend(svg("title", {}, `${edge.name} = ${short(edge.value)}, ${edge.gradient_name} = ${short(edge.gradient)}`));
      if (known) group.append(this.tag(from, to, `${short(number, 2)}`, seen));
      this.put(key("weight", layer, edge.to, edge.from), group, edge.name);
    }
    for (const rest of weights.rest) {
      const from = this.layout.from(layer - 1, 0);
      const to = this.layout.into(layer, rest.to);
      const words = `the other units add ${short(rest.adds)}`;
      const group = this.line(from, to, null, 1, { class: "restline" });
      group.prepend(svg("title", {}, words));
      this.put(key("restline", layer, rest.to), group);
    }
  }

  private drawCrossing(): void {
    const depth = this.layout.depth;
    for (const edge of this.scene.crossing) {
      const from = this.layout.from(depth, edge.from);
      const group = this.line(from, this.layout.intoOutput(edge.to), null, 1, { class: "crossing" });
      group.prepend(svg("title", {}, `${edge.name} = ${short(edge.value)}`));
      group.append(this.tag(from, this.layout.intoOutput(edge.to), short(edge.value, 2), false));
      this.put(key("crossing", depth, edge.to, edge.from), group);
    }
  }

  private line(from: Point, to: Point, value: number | null, largest: number, more: Record<string, any>): SVGGElement {
    const bend = (to.x - from.x) * 0.4;
    const d = `M${from.x},${from.y} C${from.x + bend},${from.y} ${to.x - bend},${to.y} ${to.x},${to.y}`;
    const sign = value === null ? "plain" : value === 0 ? "zero" : value < 0 ? "minus" : "plus";
    const seen = svg("path", { d, class: `line ${sign}` });
    seen.style.setProperty("--width", String(value ? 0.8 + (WIDEST - 3) * Math.min(1, Math.abs(value) / largest) : 0.8));
    const group = svg("g", more, svg("path", { d, class: "reach" }), seen);
    return group;
  }

  /** The number of a line, about a third of the way along it. */
  private tag(from: Point, to: Point, words: string, always: boolean): SVGTextElement {
    const t = 0.36;
    const bend = 3 * t * t * (1 - t) + t * t * t;
    const x = from.x + (to.x - from.x) * (3 * t * (1 - t) * (1 - t) * 0.4 + 3 * t * t * (1 - t) * 0.6 + t * t * t);
    return svg("text", { x, y: from.y + (to.y - from.y) * bend - 4, class: always ? "tag always" : "tag" }, words);
  }

  // ---------------------------------------------------------------- output and loss

  private drawOutput(): void {
    const { layout, scene } = this;
    const last = scene.layers[layout.depth]!;
    for (const unit of last.units) this.box("act", layout.depth, unit.act, BOX.value);
    for (const target of scene.targets) this.box("target", layout.depth, target, BOX.bias);
    for (const unit of last.units) {
      const line = this.line(layout.fromOutput(unit.unit), layout.intoLoss(), null, 1, { class: "lossline" });
      this.put(key("lossline", layout.depth, unit.unit), line);
      const direct = this.line(layout.from(layout.depth, unit.unit), layout.intoLoss(), null, 1, { class: "direct" });
      this.put(key("direct", layout.depth, unit.unit), direct);
    }
  }

  private drawLoss(): void {
    const { layout, scene } = this;
    const known = this.known("loss", layout.depth);
    const y = layout.middle;
    const item: Named = { name: "L", unit: 0, value: scene.L.value };
    const value = known ? short(scene.L.value, 4) : "·";
    const shape = svg("rect", { x: layout.loss, y: y - 24, width: BOX.loss, height: 48, rx: 24, class: "shape" });
    const middle = layout.loss + BOX.loss / 2;
    const group = svg(
      "g",
      { class: "box loss", ...this.clickable(item, "loss"), "aria-label": `loss L ${value}` },
      svg("title", {}, `L = ${value}`),
      shape,
      svg("text", { x: middle, y: y - 30, class: "name" }, ...label("L")),
      svg("text", { x: middle, y: y + 5, class: "value" }, value),
    );
    this.element.append(svg("text", { x: middle, y: 12, class: "head" }, scene.loss.replaceAll("_", " ")));
    this.put("loss", group, "L", ["loss"]);
  }

  // ---------------------------------------------------------------- how far the walk is

  private known(part: string, layer: number): boolean {
    if (this.look.done === null || part === "bias" || part === "target" || (part === "act" && layer === 0)) return true;
    return this.look.done.some((step) => step.phase !== "backward" && step.gives.part === part && step.gives.layer === layer);
  }

  private knownGradient(part: string, layer: number): boolean {
    const { done } = this.look;
    if (done === null) return true;
    const given = (what: string) =>
      done.some((step) => step.is_gradient && step.gives.part === what && step.gives.layer === layer);
    return given(part) || (part === "act" && layer === this.layout.depth && given("pre"));
  }

  private put(name: string, item: SVGElement, asked?: string, now: string[] = []): void {
    item.setAttribute("data-key", name);
    if (asked !== undefined && asked === this.look.asked) item.classList.add("asked");
    const last = this.look.done?.at(-1);
    if (last) {
      const { part, layer } = last.gives;
      const place = part === "loss" ? "loss" : key(part, layer);
      if (now.includes(place) || (part === "weight" && name.startsWith(`${place}:`))) item.classList.add("now");
    }
    this.items.set(name, item);
    this.element.append(item);
  }
}
