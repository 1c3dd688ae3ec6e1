/** What the page looks at, and every way to change that. Panels read it and are told when it has changed. */

import { isGiven, itemAt } from "./items";
import type { DrawnNumber, DrawnPlace, ExplainAnswer, Notation, PathsAnswer, Questions, SceneAnswer, WalkAnswer, WalkStep } from "./records";
import { Refused, type Asked, type Source } from "./source";

export type Tab = "ask" | "change" | "descend" | "audit";

/** Pages in this document; a notebook loads this module once for each of its widgets. */
const shared = globalThis as { chainrulePages?: number };

export class State {
  private readonly page = (shared.chainrulePages = (shared.chainrulePages ?? 0) + 1);
  notation: Notation = "textbook";
  mode: "value" | "gradient" = "value";
  tab: Tab = "ask";
  scene!: SceneAnswer;
  walk: WalkAnswer | null = null;
  walkProblem = "";
  /** Steps of the walk that are done; null shows everything. */
  at: number | null = null;
  /** The name that is asked for, as it was typed or as the drawing has it. */
  asked: string | null = null;
  explanation: ExplainAnswer | null = null;
  paths: PathsAnswer | null = null;
  askProblem = "";
  /** A path that is lit alone. */
  alone: number | null = null;
  /** Places of an audited line that are lit, and its paths. */
  fault: DrawnPlace[] | null = null;
  problem = "";
  /** Counts what was opened; panels that hold a person's own text read it again then. */
  opened = 0;

  private heard: (() => void)[] = [];
  private asking = 0;
  /** Whether the drawing and the walk are of an earlier network or another notation. */
  private stale = true;
  /** Of a unit, what was asked last: the next unit is asked for the same. */
  private prefers: "gradient" | "value" = "gradient";
  private moving: Promise<unknown> = Promise.resolve();

  constructor(readonly source: Source) {}

  /** An id that no other page in the same document has. */
  id(name: string): string {
    return `chainrule-${this.page}-${name}`;
  }

  onChange(act: () => void): void {
    this.heard.push(act);
  }

  tell(): void {
    for (const act of this.heard) act();
  }

  /** Fetch what the page shows and does not have yet, and draw it. */
  async refresh(): Promise<void> {
    const turn = ++this.asking;
    const { asked, notation, stale } = this;
    const wide = this.scene !== undefined && !this.scene.whole; // then the drawing depends on the question
    const drawing = wide ? null : stale ? this.source.ask("scene", { notation }).catch(refusal) : this.scene;
    const explaining = asked === null ? null : this.source.ask("explain", { name: asked, notation }).catch(refusal);
    const walking = stale ? this.source.ask("walk", { notation }).catch(refusal) : null;
    const found = await explaining;
    const explanation = found instanceof Refused ? null : found;
    const name = explanation?.name ?? "";
    const [scene, walk, paths] = await Promise.all([
      drawing ?? this.source.ask("scene", { notation, ...(explanation ? { focus: name } : {}) }),
      walking,
      explanation?.paths ? this.source.ask("paths", { name, notation, top: 10 }).catch(refusal) : null,
    ]);
    if (turn !== this.asking) return; // a later question has been asked meanwhile
    if (scene instanceof Refused) throw scene;
    this.scene = scene;
    if (walk) {
      this.walk = walk instanceof Refused ? null : walk;
      this.walkProblem = walk instanceof Refused ? walk.message : "";
    }
    this.stale = false;
    this.explanation = explanation;
    if (explanation) this.asked = explanation.name;
    this.askProblem = found instanceof Refused ? found.message : "";
    this.paths = paths instanceof Refused ? null : paths;
    this.alone = null;
    if (this.at !== null && this.walk && this.at > this.walk.steps.length) this.at = null;
    this.tell();
  }

  /** Do what changes the network, one after the other, and show it; a refusal becomes a sentence. */
  async move<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<boolean> {
    const moved = this.moving.then(() => this.source.ask(kind, rest));
    this.moving = moved.catch(() => null);
    let refused = "";
    try {
      await moved;
    } catch (error) {
      refused = words(error);
    }
    this.problem = refused;
    this.stale = true;
    await this.safely(() => this.refresh());
    return refused === "";
  }

  async safely(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.problem = words(error);
      this.tell();
    }
  }

  // ---------------------------------------------------------------- asking

  /** Ask for what is drawn: of a unit its gradient or its value, of what is given what it does to the loss. */
  ask(item: DrawnNumber, part: DrawnPlace["part"]): void {
    const value = this.prefers === "value" && !isGiven(this.scene, item, part);
    this.askName(value ? item.name : (item.gradient_name ?? item.name));
  }

  askName(name: string): void {
    this.asked = name;
    this.tab = "ask";
    this.fault = null;
    void this.safely(() => this.refresh());
  }

  /** What is drawn of the quantity that is asked for; null for a whole layer. */
  get item(): { item: DrawnNumber; part: DrawnPlace["part"] } | null {
    const place = this.explanation?.highlights[0];
    const item = place && itemAt(this.scene, place);
    return item ? { item, part: place.part } : null;
  }

  view(view: "gradient" | "value", name: string): void {
    this.prefers = view;
    this.askName(name);
  }

  // ---------------------------------------------------------------- looking

  setNotation(notation: Notation): void {
    this.notation = notation;
    this.stale = true;
    void this.safely(() => this.refresh());
  }

  setMode(mode: State["mode"]): void {
    this.mode = mode;
    this.tell();
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.problem = "";
    this.fault = null;
    this.tell();
  }

  lightAlone(path: number | null): void {
    this.alone = path;
    this.tell();
  }

  // ---------------------------------------------------------------- walking

  get done(): WalkStep[] | null {
    return this.at === null ? null : (this.walk?.steps.slice(0, this.at) ?? []);
  }

  get current(): WalkStep | null {
    return this.at ? (this.walk?.steps[this.at - 1] ?? null) : null;
  }

  /** Go on by some steps of the walk; from the view of everything, forward begins at the start. */
  go(by: number): void {
    const last = this.walk?.steps.length ?? 0;
    const from = this.at ?? (by > 0 ? -1 : last + 1);
    this.to(Math.max(0, Math.min(last, from + by)));
  }

  to(at: number | null): void {
    this.at = at;
    this.problem = "";
    if (this.asked && !this.scene.whole) this.stale = true; // the drawing is of the question that goes
    this.asking++; // an answer that is still on its way is not wanted any more
    this.asked = null;
    this.explanation = this.paths = this.fault = null;
    this.askProblem = "";
    this.tell();
    if (this.stale) void this.safely(() => this.refresh()); // but the network that it was about is
  }
}

function refusal(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
