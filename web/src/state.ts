/** What the page looks at, and every way to change that. Panels read it and are told when it has changed. */

import { FRESH, read, same, written, type Mode, type PageRecord, type Tab } from "./address";
import { isGiven, itemAt } from "./items";
import { described, opened } from "./network";
import type { CurveAnswer, DrawnNumber, DrawnPlace, ExplainAnswer, MovedAnswer, NetworkState, Notation, PathsAnswer, Questions, SceneAnswer, WalkAnswer, WalkStep } from "./records";
import { Refused, type Asked, type Source } from "./source";
import type { Trail } from "./trail";

/** A given number before it was changed: its value, the loss and the gradient there. */
export interface Trial {
  name: string;
  value: number;
  gradient: number | null;
  L: number | null;
}

/** Questions that change the network. */
type Moves = { [K in keyof Questions]: Questions[K][1] extends MovedAnswer ? K : never }[keyof Questions];

/** Pages in this document; a notebook loads this module once for each of its widgets. */
const shared = globalThis as { chainrulePages?: number };

export class State {
  private readonly page = (shared.chainrulePages = (shared.chainrulePages ?? 0) + 1);
  notation: Notation = FRESH.notation;
  mode: Mode = FRESH.mode;
  tab: Tab = FRESH.tab;
  scene!: SceneAnswer;
  /** The network that is shown, or about to be. */
  network!: NetworkState;
  walk: WalkAnswer | null = null;
  walkProblem = "";
  /** Steps of the walk that are done; null shows everything. */
  at: number | null = FRESH.walk;
  /** The name that is asked for, as it was typed or as the drawing has it. */
  asked: string | null = null;
  explanation: ExplainAnswer | null = null;
  paths: PathsAnswer | null = null;
  curve: CurveAnswer | null = null;
  askProblem = "";
  /** A path that is lit alone. */
  alone: number | null = null;
  /** Places of an audited line that are lit, and its paths. */
  fault: DrawnPlace[] | null = null;
  /** Somebody's own lines, and the network that they were written for; null while there are none. */
  lines = "";
  about: NetworkState | null = null;
  /** Lines as they were saved last. */
  saved = "";
  /** The learning rate, where one was typed. */
  rate: number | null = null;
  problem = "";

  private heard: (() => void)[] = [];
  private asking = 0;
  /** Whether the drawing and the walk are of an earlier network or another notation. */
  private stale = true;
  /** Of a unit, what was asked last: the next unit is asked for the same. */
  private prefers: "gradient" | "value" = "gradient";
  private moving: Promise<unknown> = Promise.resolve();
  /** Whether a number is being dragged. */
  hand = false;
  /** Whether the drawing is ahead of what is said about it. */
  behind = false;
  /** A number that was changed alone, from what. */
  trial: Trial | null = null;
  /** What was done last: the same again is one step of Undo. */
  private doing = "";

  constructor(readonly source: Source, readonly trail: Trail) {
    trail.onMove((text) => void this.safely(() => this.adopt(text)));
  }

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

  // ---------------------------------------------------------------- the state as a record

  get record(): PageRecord {
    const { notation, mode, tab, at: walk, asked: question, rate, about } = this;
    const asOpened = opened(this.network);
    const network = this.network.sheet || this.network.stretches?.length ? this.network : null;
    const lines = this.lines === this.given ? null : this.lines;
    return { network, question, lines, about: about && !same(about, asOpened) ? about : null, notation, mode, tab, walk, rate };
  }

  /** The lines of the worksheet. */
  get given(): string {
    return this.scene.lines.join("\n").replace(/\r\n?/g, "\n").replace(/^\n+/, "");
  }

  /** Look at what a record says, as text. */
  async adopt(text: string): Promise<void> {
    let record = FRESH;
    let refused = "";
    try {
      record = read(text);
    } catch (error) {
      refused = words(error);
    }
    const wanted = record.network ?? opened(null);
    const there = this.scene && written({ ...FRESH, network: this.record.network }) === written({ ...FRESH, network: record.network });
    if (!there && (this.scene || record.network)) {
      try {
        await this.moves("restore", { network: wanted });
      } catch (error) {
        refused ||= words(error);
        record = { ...record, about: null };
      }
    }
    const { notation, mode, tab, walk, question, rate } = record;
    Object.assign(this, { notation, mode, tab, at: walk, asked: question, rate, fault: null, trial: null, problem: "", stale: true, doing: "" });
    await this.refresh();
    this.saved ||= this.given;
    this.lines = record.lines ?? this.given;
    this.about = this.lines.trim() ? (record.about ?? opened(this.network)) : null;
    this.problem = refused;
    this.tell();
  }

  /** Keep the state as it is now; `done` tells what led to it, and is kept once while the same goes on. */
  private keep(done: string): void {
    const text = written(this.record);
    if (done && done === this.doing) this.trail.replace(text);
    else if (text !== this.trail.now) this.trail.push(text);
    this.doing = done;
  }

  /** Keep what is looked at, which is no step of Undo. */
  private look(): void {
    this.trail.replace(written(this.record));
    this.tell();
  }

  /** What comes now is a step of its own. */
  settle(): void {
    this.doing = "";
  }

  // ---------------------------------------------------------------- fetching

  /** Fetch what the page shows and does not have yet, the drawing first; false where a later question came meanwhile. */
  async refresh(): Promise<boolean> {
    const turn = ++this.asking;
    const late = () => turn !== this.asking;
    const { asked, notation, rate } = this;
    let wide = this.scene !== undefined && !this.scene.whole; // then the drawing depends on the question
    const known = asked === null || this.explanation?.name === asked;
    const another = this.scene !== undefined && this.scene.notation !== notation; // then all of it comes at once
    if (this.stale && (known || !wide) && !another) {
      const scene = await this.source.ask("scene", { notation, ...(wide && asked !== null ? { focus: asked } : {}) });
      if (late()) return false;
      this.see(scene);
      wide = !scene.whole;
      this.behind = true;
      this.tell();
      if (this.hand && (await pause(), late())) return false; // the next number comes at once
    }
    const { stale } = this;
    const [found, walk] = await Promise.all([
      asked === null ? null : this.source.ask("explain", { name: asked, notation }).catch(refusal),
      stale ? this.source.ask("walk", { notation, ...(rate === null ? {} : { learning_rate: rate }) }).catch(refusal) : null,
    ]);
    const explanation = found instanceof Refused ? null : found;
    const name = explanation?.name ?? "";
    const [scene, paths, curve] = await Promise.all([
      wide || another ? this.source.ask("scene", { notation, ...(wide && explanation ? { focus: name } : {}) }) : this.scene,
      explanation?.paths ? this.source.ask("paths", { name, notation, top: 10 }).catch(refusal) : null,
      this.curveFor(explanation),
    ]);
    if (late()) return false;
    this.see(scene ?? (await this.source.ask("scene", { notation })));
    if (walk) {
      this.walk = walk instanceof Refused ? null : walk;
      this.walkProblem = walk instanceof Refused ? walk.message : "";
    }
    this.stale = this.behind = false;
    this.explanation = explanation;
    if (explanation) this.asked = explanation.name;
    this.askProblem = found instanceof Refused ? found.message : "";
    this.paths = paths instanceof Refused ? null : paths;
    this.curve = curve instanceof Refused ? null : curve;
    this.alone = null;
    if (this.at !== null && this.walk && this.at > this.walk.steps.length) this.at = null;
    this.tell();
    return true;
  }

  private see(scene: SceneAnswer): void {
    this.scene = scene;
    this.network = scene.network;
  }

  /** Of one number or unit that is asked for. */
  private curveFor(explanation: ExplainAnswer | null): Promise<CurveAnswer | Refused> | null {
    const place = explanation?.highlights[0];
    if (explanation?.highlights.length !== 1 || !place || place.unit === null || place.part === "crossing" || place.part === "loss") return null;
    return this.source.ask("curve", { name: explanation.name, notation: this.notation }).catch(refusal);
  }

  /** Do what changes the network, one after the other, and show it; a refusal becomes a sentence. */
  async move<K extends Moves>(kind: K, rest: Asked<K>, done: string | null = ""): Promise<boolean> {
    if (!done?.startsWith("change")) this.trial = null;
    if (this.at === 0 && done !== null) this.at = null; // what follows is there to be seen
    let refused = "";
    try {
      await this.moves(kind, rest);
      if (done !== null) this.keep(done);
    } catch (error) {
      refused = words(error);
    }
    this.problem = refused;
    this.stale = true;
    await this.safely(() => this.refresh());
    return refused === "";
  }

  private async moves<K extends Moves>(kind: K, rest: Asked<K>): Promise<void> {
    const moved = this.moving.then(() => this.source.ask(kind, rest));
    this.moving = moved.catch(() => null);
    this.network = ((await moved) as MovedAnswer).network;
  }

  /** Another value for one given number: what it does to the loss is shown beside what its gradient foretells. */
  try(item: DrawnNumber, value: number): Promise<boolean> {
    if (this.trial?.name !== item.name) {
      const { name, value: was, gradient } = item;
      this.trial = { name, value: was ?? 0, gradient, L: this.scene.L.value };
    }
    return this.move("change", { values: { [item.name]: value } }, `change ${item.name}`);
  }

  /** Another worksheet or exercise: its lines take the place of those that were there. */
  async open(move: () => Promise<boolean>, at: number | null): Promise<void> {
    this.settle();
    const { asked, at: was } = this;
    Object.assign(this, { asked: null, at, rate: null });
    if (!(await move())) {
      Object.assign(this, { asked, at: was });
      return this.safely(() => this.refresh());
    }
    this.lines = this.saved = this.given;
    this.about = this.lines.trim() ? this.network : null;
    this.keep("");
    this.tell();
  }

  /** The network as it was opened; lines stay. */
  async back(): Promise<void> {
    this.settle();
    await this.move("restore", { network: opened(this.network) });
  }

  /** Whether the network is another than what was opened. */
  get isOther(): boolean {
    return !same(this.network, opened(this.network));
  }

  async safely(act: () => Promise<unknown>): Promise<void> {
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
    if (this.at === 0) this.at = null; // an answer has all the numbers
    this.keep(`ask ${name}`);
    void this.follow();
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

  // ---------------------------------------------------------------- somebody's own lines

  /** Lines are about the network that is shown when the first of them is written. */
  write(lines: string): void {
    if (!lines.trim()) this.about = null;
    else if (!this.lines.trim() || !this.about) this.about = this.network;
    this.lines = lines;
    this.keep("lines");
    this.tell();
  }

  /** From here on the lines are about the network that is shown. */
  adoptLines(): void {
    this.about = this.network;
    this.keep("");
    this.tell();
  }

  /** Show the network that the lines are about. */
  async showLines(): Promise<void> {
    if (this.about) await this.move("restore", { network: this.about });
  }

  /** What the lines are about, in words, where that is not what is shown; else "". */
  get elsewhere(): string {
    if (!this.about || same(this.about, this.network)) return "";
    return described(this.about) || "the network as it was opened";
  }

  // ---------------------------------------------------------------- looking

  setNotation(notation: Notation): void {
    this.notation = notation;
    this.stale = true;
    this.keep("");
    void this.follow();
  }

  /** Show what is asked for; its name is then the one of the notation. */
  private follow(): Promise<void> {
    return this.safely(async () => {
      if (await this.refresh()) this.look();
    });
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.look();
  }

  setRate(rate: number): void {
    this.rate = rate;
    this.look();
    this.stale = true; // the walk ends with a step at this rate
    void this.safely(() => this.refresh());
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.problem = "";
    this.fault = null;
    this.look();
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
    const { asked } = this;
    this.at = at;
    this.problem = "";
    if (asked && !this.scene.whole) this.stale = true; // the drawing is of the question that goes
    this.asking++; // an answer that is still on its way is not wanted any more
    this.asked = null;
    this.explanation = this.paths = this.curve = this.fault = this.trial = null;
    this.askProblem = "";
    if (asked) this.keep(""); // the question can be had again
    this.look();
    if (this.stale) void this.safely(() => this.refresh()); // but the network that it was about is
  }
}

const REST = 80; // ms without a new number, after which all is said about the last

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, REST));
}

function refusal(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
