/** The network as a picture: boxes for units and biases, lines for weights, all of them to be asked. */

import { svg } from "./dom";
import { fitted, full, short, width as widthOf } from "./numbers";
import { label, spoken } from "./names";
import { BOX, Layout, type Point } from "./layout";
import { key, type Highlights } from "./highlights";
import type { DrawnLayer, DrawnNumber, DrawnPlace, SceneAnswer, WalkStep } from "./records";

export interface Look {
  mode: "value" | "gradient";
  /** Steps of the walk that are done; null shows all. */
  done: WalkStep[] | null;
}

/** What one does to a quantity on the drawing: ask for it; of what is given, take hold of it. */
export interface Hands {
  ask: (item: DrawnNumber, part: DrawnPlace["part"]) => void;
  /** Attributes of what can be dragged and moved by keys; none of what is computed. */
  given: (item: DrawnNumber, part: DrawnPlace["part"]) => Record<string, any>;
}

const WIDEST = 7; // of a line
const MUTE = { "aria-hidden": "true" }; // words that the label of their box says already
const FEW = 20; // lit boxes and lines, up to which each line has its number
const SIZE = { value: 15.5, gradient: 12, tag: 13 } as const; // of fonts, as in page.css
const BEND = 0.22; // of a line at its ends: 0 is straight

function sized(text: SVGTextElement, size: number): SVGTextElement {
  text.style.fontSize = `${size}px`;
  return text;
}

export class Drawing {
  readonly layout: Layout;
  readonly element: SVGSVGElement;
  private readonly items = new Map<string, SVGElement>();
  /** The numbers of lines, over all lines. */
  private readonly tags = new Map<string, SVGElement>();

  constructor(
    private readonly scene: SceneAnswer,
    private readonly look: Look,
    private readonly hands: Hands,
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
    this.element.style.setProperty("--natural-height", `${height}px`);
    for (const layer of scene.layers) this.drawLayer(layer);
    this.drawCrossing();
    this.drawOutput();
    this.drawLoss();
    this.element.append(...this.tags.values());
  }

  keys(): string[] {
    return [...this.items.keys()];
  }

  /** Light some boxes and lines, and dim the others; null lights nothing and dims nothing. */
  light(highlights: Highlights | null, kind: "path" | "place" = "path"): void {
    this.element.classList.toggle("dimmed", highlights !== null);
    this.element.dataset.lit = highlights === null ? "" : kind;
    this.element.classList.toggle("few", highlights !== null && highlights.size <= FEW);
    const largest = Math.max(...[...(highlights?.values() ?? [])].map(Math.abs), 0);
    for (const [name, tag] of this.tags) tag.classList.toggle("tag-lit", highlights?.has(name) ?? false);
    for (const [name, item] of this.items) {
      const size = highlights?.get(name);
      item.classList.toggle("lit", size !== undefined);
      item.classList.remove("pulls-up", "pulls-down");
      const line = item.querySelector<SVGElement>(".line");
      line?.style.removeProperty("--lit-width");
      if (size === undefined || kind === "place") continue;
      if (size) item.classList.add(size < 0 ? "pulls-down" : "pulls-up");
      line?.style.setProperty("--lit-width", String(largest ? 1.5 + (WIDEST - 1.5) * (Math.abs(size) / largest) : 1.5));
    }
  }

  /** Mark what is asked for. */
  mark(asked: Highlights): void {
    for (const [name, item] of this.items) item.classList.toggle("asked", asked.has(name));
    for (const [name, tag] of this.tags) tag.classList.toggle("tag-asked", asked.has(name));
  }

  /** Colour what the factors of an equation are: by the beginning of their keys. */
  factors(colours: Map<string, number>): void {
    for (const [name, item] of this.items) {
      const found = [...colours].find(([at]) => name === at || name.startsWith(`${at}:`));
      if (found) item.dataset.factor = String(found[1]);
      else delete item.dataset.factor;
    }
  }

  /** The middle of what the walk's last step gives, from 0 at the left to 1 at the right. */
  get now(): number | null {
    const last = this.look.done?.at(-1)?.gives;
    return last ? this.layout.middleOf(last.part, last.layer) / this.layout.width : null;
  }

  // ---------------------------------------------------------------- layers

  private drawLayer(layer: DrawnLayer): void {
    const i = layer.layer;
    const { scene, layout } = this;
    if (i > 0) this.drawWeights(i);
    const head = i === 0 ? "input" : i === layout.depth ? scene.output : `layer ${i}: ${layer.activation}`;
    const headAt = i === layout.depth ? layout.left("act", i) + BOX.value / 2 : (layout.into(i, 0).x + layout.from(i, 0).x) / 2;
    this.element.append(svg("text", { x: headAt, y: 18, class: "head" }, head));
    for (const unit of layer.units) {
      if (unit.bias) this.box("bias", i, unit.bias);
      if (unit.pre) this.box("pre", i, unit.pre);
      if (i < layout.depth) this.box("act", i, unit.act);
    }
    if (layer.rest) this.drawRest(layer, layer.rest);
  }

  private drawRest(layer: DrawnLayer, rest: NonNullable<DrawnLayer["rest"]>): void {
    const { x, y } = this.layout.into(layer.layer, 0);
    const width = this.layout.from(layer.layer, 0).x - x;
    const words = `${rest.count.toLocaleString("en")} more units, which together add ${short(rest.adds)}`;
    const shape = svg("rect", { x, y: y - BOX.height / 2, width, height: BOX.height, rx: 9, class: "shape" });
    const first = svg("text", { x: x + width / 2, y: y - 2 }, `+ ${rest.count.toLocaleString("en")} more`);
    const second = svg("text", { x: x + width / 2, y: y + 13, class: "small" }, `Σ ${short(rest.adds)}`);
    const group = svg("g", { class: "rest", role: "img", "aria-label": words }, svg("title", {}, words), shape, first, second);
    this.put(key("rest", layer.layer), group);
  }

  /** A box with its name above, its value in it, its gradient below. */
  private box(part: "bias" | "pre" | "act" | "target", layer: number, item: DrawnNumber): void {
    const { layout } = this;
    const x = layout.left(part, layer);
    const width = layout.boxWidth(part, layer);
    const y = layout.y(layer, item.unit);
    const known = this.known(part, layer);
    const knows = item.gradient_name !== null && this.knownGradient(part, layer);
    const value = known ? fitted(item.value, width - 8, SIZE.value) : { text: "·", size: SIZE.value };
    const gradient = knows ? fitted(item.gradient, width - 18, SIZE.gradient) : null; // beside the sign of ∂ and the next
    const said = `${spoken(item.name)} ${known ? short(item.value) : "not yet computed"}`;
    const more = knows ? `, gradient ${short(item.gradient)}` : "";
    const middle = x + width / 2;
    const place = { x, y: y - BOX.height / 2, width, height: BOX.height, rx: 6, class: "shape" };
    const shape = svg("rect", { ...place, ...this.clickable(item, part), "aria-label": said + more });
    const group = svg(
      "g",
      { class: `box ${part} ${known ? "" : "unknown"}` },
      svg("title", {}, `${item.name} = ${known ? full(item.value) : "·"}${gradient ? `, ${item.gradient_name} = ${full(item.gradient)}` : ""}`),
      shape,
      svg("text", { ...MUTE, x: middle, y: y - BOX.height / 2 - 8, class: "name" }, ...label(item.name)),
      sized(svg("text", { ...MUTE, x: middle, y: y + 5, class: "value" }, value.text), value.size),
      gradient
        ? sized(svg("text", { ...MUTE, x: middle, y: y + BOX.height / 2 + 15, class: "gradient" }, `∂\u2009${gradient.text}`), gradient.size)
        : null,
    );
    this.put(key(part, layer, item.unit), group);
  }

  private clickable(item: DrawnNumber, part: DrawnPlace["part"]): Record<string, any> {
    const act = () => this.hands.ask(item, part);
    return {
      ...this.hands.given(item, part),
      tabindex: 0,
      role: "button",
      "data-name": item.name,
      onclick: act,
      onkeypress: (event: KeyboardEvent) => {
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
    const flow = this.flow(layer);
    const last = this.look.done?.at(-1)?.gives;
    const fresh = last?.part === "weight" && last.layer === layer; // the walk has just come to their gradients
    for (const edge of weights.edges) {
      const from = this.layout.from(layer - 1, edge.from);
      const to = this.layout.into(layer, edge.to);
      const number = gradient ? edge.gradient : edge.value;
      const said = `${spoken(edge.name)} ${short(edge.value)}, gradient ${this.knownGradient("weight", layer) ? short(edge.gradient) : "not yet computed"}`;
      const act = { ...this.clickable(edge, "weight"), "aria-label": said };
      const group = this.line(`weight ${flow}`, from, to, known ? number ?? 0 : null, largest, act);
      const knows = this.knownGradient("weight", layer) ? `, ${edge.gradient_name} = ${full(edge.gradient)}` : "";
      group.prepend(svg("title", {}, `${edge.name} = ${full(edge.value)}${knows}`));
      const words = fresh ? `∂\u2009${short(edge.gradient)}` : short(number);
      const name = key("weight", layer, edge.to, edge.from);
      if (known) this.tag(name, from, to, words, seen);
      this.put(name, group);
    }
    for (const rest of weights.rest) {
      const from = this.layout.from(layer - 1, 0);
      const to = this.layout.into(layer, rest.to);
      const words = `the other units add ${short(rest.adds)}`;
      const group = this.line("restline", from, to);
      group.prepend(svg("title", {}, words));
      this.put(key("restline", layer, rest.to), group);
    }
  }

  private drawCrossing(): void {
    const depth = this.layout.depth;
    for (const edge of this.scene.crossing) {
      const from = this.layout.from(depth, edge.from);
      const group = this.line("crossing", from, this.layout.intoOutput(edge.to));
      group.prepend(svg("title", {}, `${edge.name} = ${full(edge.value)}`));
      const name = key("crossing", depth, edge.to, edge.from);
      this.tag(name, from, this.layout.intoOutput(edge.to), short(edge.value), false);
      this.put(name, group);
    }
  }

  private line(kind: string, from: Point, to: Point, value: number | null = null, largest = 1, act: Record<string, any> = {}): SVGGElement {
    const bend = (to.x - from.x) * BEND;
    const hair = from.y === to.y ? 1 : 0; // a line without any height cannot be clicked by everything that clicks
    const d = `M${from.x},${from.y} C${from.x + bend},${from.y + hair} ${to.x - bend},${to.y - hair} ${to.x},${to.y}`;
    const sign = value === null ? "plain" : value === 0 ? "zero" : value < 0 ? "minus" : "plus";
    const seen = svg("path", { d, class: `line ${sign}` });
    seen.style.setProperty("--width", String(value ? 0.8 + (WIDEST - 3) * Math.min(1, Math.abs(value) / largest) : 0.8));
    return svg("g", { class: kind }, seen, svg("path", { d, class: "reach", ...act }));
  }

  /** The number of a line, near its start, where the lines from one unit have parted. */
  private tag(name: string, from: Point, to: Point, words: string, always: boolean): void {
    const t = 0.3;
    const along = 3 * t * (1 - t) * (1 - t) * BEND + 3 * t * t * (1 - t) * (1 - BEND) + t * t * t;
    const down = 3 * t * t * (1 - t) + t * t * t;
    const y = from.y + (to.y - from.y) * down;
    const room = widthOf(words, SIZE.tag) + 10; // a dash of the line beside it would look like a minus
    const x = Math.max(from.x + (to.x - from.x) * along, from.x + room / 2 + 3);
    this.tags.set(name, svg("g", { ...MUTE, class: always ? "tag always" : "tag", "data-tag": name },
      svg("rect", { x: x - room / 2, y: y - 10, width: room, height: 20, rx: 10 }), svg("text", { x, y: y + 4.5 }, words)));
  }

  // ---------------------------------------------------------------- output and loss

  private drawOutput(): void {
    const { layout, scene } = this;
    const last = scene.layers[layout.depth]!;
    for (const unit of last.units) this.box("act", layout.depth, unit.act);
    for (const target of scene.targets) this.box("target", layout.depth, target);
    for (const unit of last.units) {
      const line = this.line("lossline", layout.fromOutput(unit.unit), layout.intoLoss());
      this.put(key("lossline", layout.depth, unit.unit), line);
      const direct = this.line("direct", layout.from(layout.depth, unit.unit), layout.intoLoss());
      this.put(key("direct", layout.depth, unit.unit), direct);
    }
  }

  private drawLoss(): void {
    const { layout, scene } = this;
    const known = this.known("loss", layout.depth);
    const y = layout.middle;
    const item = scene.L;
    const value = known ? short(item.value, 4) : "·";
    const place = { x: layout.loss, y: y - 24, width: BOX.loss, height: 48, rx: 24, class: "shape" };
    const shape = svg("rect", { ...place, ...this.clickable(item, "loss"), "aria-label": `loss L ${value}` });
    const middle = layout.loss + BOX.loss / 2;
    const group = svg(
      "g",
      { class: `box loss ${known ? "" : "unknown"}` },
      svg("title", {}, `L = ${known ? full(item.value) : value}`),
      shape,
      svg("text", { ...MUTE, x: middle, y: y - 30, class: "name" }, ...label("L")),
      svg("text", { ...MUTE, x: middle, y: y + 5, class: "value" }, value),
    );
    this.element.append(svg("text", { x: middle, y: 18, class: "head" }, scene.loss.replaceAll("_", " ")));
    this.put("loss", group);
  }

  // ---------------------------------------------------------------- how far the walk is

  private known(part: string, layer: number): boolean {
    if (this.look.done === null || part === "bias" || part === "target" || (part === "act" && layer === 0)) return true;
    return this.look.done.some((step) => step.phase !== "backward" && step.phase !== "update" && step.gives.part === part && step.gives.layer === layer);
  }

  private knownGradient(part: string, layer: number): boolean {
    const { done } = this.look;
    if (done === null) return true;
    const given = (what: string) =>
      done.some((step) => step.is_gradient && step.gives.part === what && step.gives.layer === layer);
    return given(part) || (part === "act" && layer === this.layout.depth && given("pre"));
  }

  private put(name: string, item: SVGElement): void {
    item.setAttribute("data-key", name);
    const last = this.look.done?.at(-1)?.gives;
    const now = last && (last.part === "loss" ? "loss" : `${key(last.part, last.layer)}:`);
    if (now && (name === now || (now.endsWith(":") && name.startsWith(now)))) {
      item.classList.add("now");
      this.tags.get(name)?.classList.add("tag-now");
    }
    this.items.set(name, item);
    this.element.append(item);
  }

  /** Whether values, or gradients, have just come through the weights of a layer. */
  private flow(layer: number): string {
    const last = this.look.done?.at(-1);
    if (!last || last.phase === "update") return "";
    const { part, layer: at } = last.gives;
    if (last.phase === "forward") return part === "pre" && at === layer ? "flows" : "";
    return last.is_gradient && part === "act" && at === layer - 1 ? "flows back" : "";
  }
}
