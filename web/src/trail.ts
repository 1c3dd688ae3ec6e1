/** The states that were, one behind the other, for Undo and Redo: in the browser's own history, or in a list. */

export interface Trail {
  /** The state as it is now, as text. */
  readonly now: string;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** A new state; those that were undone go. */
  push(state: string): void;
  /** The same state, seen otherwise. */
  replace(state: string): void;
  undo(): void;
  redo(): void;
  /** Called with the state that was gone back to, or on to. */
  onMove(act: (state: string) => void): void;
}

/** For a page inside another's. */
export class OwnTrail implements Trail {
  private states = [""];
  private at = 0;
  private moved: (state: string) => void = () => {};

  get now(): string {
    return this.states[this.at]!;
  }

  get canUndo(): boolean {
    return this.at > 0;
  }

  get canRedo(): boolean {
    return this.at < this.states.length - 1;
  }

  push(state: string): void {
    this.states.splice(++this.at, Infinity, state);
  }

  replace(state: string): void {
    this.states[this.at] = state;
  }

  undo(): void {
    if (this.canUndo) this.moved(this.states[--this.at]!);
  }

  redo(): void {
    if (this.canRedo) this.moved(this.states[++this.at]!);
  }

  onMove(act: (state: string) => void): void {
    this.moved = act;
  }
}

const PAUSE = 250; // ms between two writings of the address: browsers refuse more than some 20 a second
const LONGEST = 200_000; // of an address; a longer state is kept beside it, and can be had again but not sent
const TOP = "chainrule-top"; // of this tab: the last state that can be gone on to

/** In the address: Undo is the browser's Back, and a reload finds all of it again. */
export class AddressTrail implements Trail {
  private at: number;
  private top: number;
  private waiting: number | undefined;
  private state = kept();
  private moved: (state: string) => void = () => {};

  constructor() {
    const before: unknown = history.state?.chainrule;
    this.at = typeof before === "number" ? before : 0;
    this.top = typeof before === "number" ? Math.max(before, Number(sessionStorage.getItem(TOP))) : 0;
    this.write("replaceState");
    addEventListener("popstate", this.heard);
    addEventListener("pagehide", () => this.flush());
  }

  get now(): string {
    return this.state;
  }

  get canUndo(): boolean {
    return this.at > 0;
  }

  get canRedo(): boolean {
    return this.at < this.top;
  }

  push(state: string): void {
    this.flush();
    this.state = state;
    this.top = ++this.at;
    this.write("pushState");
  }

  replace(state: string): void {
    if (state === this.state) return;
    this.state = state;
    this.waiting ??= setTimeout(() => this.flush(), PAUSE) as unknown as number;
  }

  undo(): void {
    this.flush();
    if (this.canUndo) history.back();
  }

  redo(): void {
    this.flush();
    if (this.canRedo) history.forward();
  }

  onMove(act: (state: string) => void): void {
    this.moved = act;
  }

  private flush(): void {
    if (this.waiting !== undefined) this.write("replaceState");
  }

  private write(how: "pushState" | "replaceState"): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const long = this.state.length > LONGEST;
    const hash = this.state && !long ? `#${this.state}` : "";
    history[how]({ chainrule: this.at, ...(long ? { text: this.state } : {}) }, "", `${location.pathname}${location.search}${hash}`);
    sessionStorage.setItem(TOP, String(this.top));
  }

  /** Back, forward, or an address that somebody typed. */
  private readonly heard = (event: PopStateEvent): void => {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.state = kept();
    const at: unknown = event.state?.chainrule;
    if (typeof at === "number") this.at = at;
    else {
      this.top = ++this.at;
      this.write("replaceState");
    }
    this.moved(this.state);
  };
}

/** The state of the entry of the browser's history that is shown. */
function kept(): string {
  const text: unknown = history.state?.text;
  return typeof text === "string" ? text : location.hash.slice(1);
}
