/** What the page looks at, and every way to change that. Panels read it and are told when it has changed. */

import type { Explanation, Named, Notation, Paths, Place, Questions, Scene, Walk, WalkStep } from "./records";
import { Refused, type Source } from "./source";

/** What is asked: a quantity, in its gradient or its value; a name that was typed has no part. */
export interface Asked {
  item: string;
  part: string | null;
  gradient: string | null;
  view: "gradient" | "value";
}

export type Tab = "ask" | "change" | "descend" | "audit";

let pages = 0;

export class State {
  private readonly page = ++pages;
  notation: Notation = "textbook";
  mode: "value" | "gradient" = "value";
  tab: Tab = "ask";
  scene!: Scene;
  walk: Walk | null = null;
  walkProblem = "";
  /** Steps of the walk that are done; null shows everything. */
  at: number | null = null;
  asked: Asked | null = null;
  explanation: Explanation | null = null;
  paths: Paths | null = null;
  askProblem = "";
  /** A path that is lit alone. */
  alone: number | null = null;
  /** Places of an audited line that are lit, and its paths. */
  fault: Place[] | null = null;
  problem = "";
  /** Counts what was opened; panels that hold a person's own text read it again then. */
  opened = 0;

  private heard: (() => void)[] = [];
  private asking = 0;

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

  /** Fetch everything that is on the page, all at once, and draw it. */
  async refresh(): Promise<void> {
    const turn = ++this.asking;
    const question = this.question();
    const { notation } = this;
    const focus = this.scene && !this.scene.whole && question ? { focus: question } : {};
    const [scene, walk, explanation, paths] = await Promise.all([
      this.source.ask("scene", { notation, ...focus }),
      this.source.ask("walk", { notation }).catch(refusal),
      question ? this.source.ask("explain", { name: question, notation }).catch(refusal) : null,
      question && this.hasPaths(question) ? this.source.ask("paths", { name: question, notation, top: 10 }).catch(refusal) : null,
    ]);
    if (turn !== this.asking) return; // a later question has been asked meanwhile
    this.scene = scene;
    this.walk = walk instanceof Refused ? null : walk;
    this.walkProblem = walk instanceof Refused ? walk.message : "";
    this.explanation = explanation instanceof Refused ? null : explanation;
    this.askProblem = explanation instanceof Refused ? explanation.message : "";
    this.paths = paths instanceof Refused ? null : paths;
    this.alone = null;
    if (this.at !== null && this.walk && this.at > this.walk.steps.length) this.at = null;
    this.tell();
  }

  /** Whether the network is so wide that the drawing depends on the question. */
  private hasPaths(question: string): boolean {
    return /^dL\/d|^δ/.test(question) && /_\d/.test(question);
  }

  /** Do what changes the network, and show it; a refusal becomes a sentence and changes nothing. */
  async move<K extends keyof Questions>(kind: K, rest: Questions[K][0]): Promise<boolean> {
    try {
      await this.source.ask(kind, rest);
      this.problem = "";
    } catch (error) {
      this.problem = words(error);
    }
    await this.safely(() => this.refresh());
    return this.problem === "";
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

  /** The name that is asked for, in the notation of the page. */
  question(): string | null {
    const { asked } = this;
    if (!asked) return null;
    return asked.view === "gradient" && asked.gradient !== null ? asked.gradient : asked.item;
  }

  ask(item: Named, part: string): void {
    const gradient = item.gradient_name ?? null;
    const view = this.asked?.view === "value" && part !== "weight" && part !== "bias" ? "value" : "gradient";
    this.asked = { item: item.name, part, gradient, view };
    this.tab = "ask";
    this.fault = null;
    void this.safely(() => this.refresh());
  }

  askName(name: string): void {
    this.asked = { item: name, part: null, gradient: null, view: "value" };
    this.fault = null;
    void this.safely(() => this.refresh());
  }

  view(view: Asked["view"]): void {
    if (this.asked) this.asked = { ...this.asked, view };
    void this.safely(() => this.refresh());
  }

  // ---------------------------------------------------------------- looking

  setNotation(notation: Notation): void {
    this.notation = notation;
    this.asked = null; // its names are of the other notation
    void this.safely(() => this.refresh());
  }

  setMode(mode: State["mode"]): void {
    this.mode = mode;
    this.tell();
  }

  show(tab: Tab): void {
    this.tab = tab;
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
    this.asked = null;
    this.explanation = this.paths = this.fault = null;
    this.askProblem = "";
    this.tell();
  }
}

function refusal(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
