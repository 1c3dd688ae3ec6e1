/** Where answers come from: a server, a notebook, or the records inside the page's own file. */

import { trimmed } from "./network";
import type { MovedAnswer, NetworkState, Questions, SceneAnswer } from "./records";

/** What a kind of question takes, and its answer. */
export type Asked<K extends keyof Questions> = Omit<Questions[K][0], "kind">;
export type Answer<K extends keyof Questions> = Questions[K][1];

export interface Source {
  /** Whether it computes; a file only knows what was asked before it was written. */
  readonly live: boolean;
  ask<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<Answer<K>>;
}

/** What the session says to a question that has no answer. */
export class Refused extends Error {}

/** The program has been started anew, or this page was one too many: it does not know the page any more. */
class Forgotten extends Refused {}

/** The server that the page came from. */
export class Server implements Source {
  readonly live = true;
  private session: Promise<string> | null = null;
  /** The network that was shown last: a program that was started anew is told of it. */
  private network: NetworkState | null = null;

  async ask<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<Answer<K>> {
    const session = (this.session ??= this.open());
    session.catch(() => (this.session = this.session === session ? null : this.session));
    const token = await session;
    try {
      return this.noted(await post<Answer<K>>("/api/ask", { session: token, question: { kind, ...rest } }));
    } catch (error) {
      if (!(error instanceof Forgotten)) throw error;
      if (this.session === session) this.session = null;
      return this.ask(kind, rest);
    }
  }

  private async open(): Promise<string> {
    const { session } = await post<{ session: string }>("/api/open", {});
    if (this.network) await post("/api/ask", { session, question: { kind: "restore", network: this.network } });
    return session;
  }

  private noted<T>(answer: T): T {
    if (typeof answer === "object" && answer && "network" in answer) this.network = answer.network as NetworkState;
    return answer;
  }
}

async function post<T>(path: string, body: object): Promise<T> {
  let response: Response;
  try {
    const headers = { "Content-Type": "application/json" };
    response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Refused("The program behind this page does not answer. Is `chainrule view` still running?");
  }
  const answer = await response.json().catch(() => ({ message: `an answer that cannot be read (${response.status})` }));
  if (response.status === 404) throw new Forgotten(String(answer.message));
  if (!response.ok || answer.kind === "error") throw new Refused(String(answer.message));
  return answer;
}

/** The second tells that the kernel behind the widget has gone. */
type ModelEvent = "msg:custom" | "comm_live_update";

/** The model of a widget in a notebook. */
export interface Model {
  send(content: object): void;
  on(event: ModelEvent, heard: (content: any) => void): void;
  off(event: ModelEvent, heard: (content: any) => void): void;
}

const NO_KERNEL = "The kernel that made this page has gone. Run the cell again.";

export class Notebook implements Source {
  readonly live = true;
  private waiting = new Map<string, { done: (answer: any) => void; failed: (error: Error) => void }>();
  private count = 0;
  private gone = false;
  private readonly page = crypto.getRandomValues(new Uint32Array(2)).join("-");

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.heard);
    model.on("comm_live_update", this.left);
  }

  ask<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<Answer<K>> {
    const id = `${this.page}:${this.count++}`;
    return new Promise((done, failed) => {
      if (this.gone) return failed(new Refused(NO_KERNEL));
      this.waiting.set(id, { done, failed });
      this.model.send({ id, question: { kind, ...rest } });
    });
  }

  close(): void {
    this.model.off("msg:custom", this.heard);
    this.model.off("comm_live_update", this.left);
  }

  private readonly left = (): void => {
    this.gone = true;
    for (const { failed } of this.waiting.values()) failed(new Refused(NO_KERNEL));
    this.waiting.clear();
  };

  private readonly heard = (content: { id: string; answer: any }): void => {
    const asked = this.waiting.get(content.id);
    if (!asked) return;
    this.waiting.delete(content.id);
    if (content.answer.kind === "error") asked.failed(new Refused(content.answer.message));
    else asked.done(content.answer);
  };
}

/** Answers by step of gradient descent, then by question; and what each spelling of a name stands for. */
interface Kept {
  states: Record<string, unknown>[];
  names: Record<string, string>;
}

export class File implements Source {
  readonly live = false;
  private now = 0;
  private readonly kept: Promise<Kept>;

  constructor(packed: string) {
    const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    this.kept = new Response(stream).json();
  }

  async ask<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<Answer<K>> {
    const { states, names } = await this.kept;
    const question = { kind, ...rest } as unknown as Questions[keyof Questions][0];
    if (question.kind === "descend") return this.moved(this.now + question.steps, states) as Answer<K>;
    if (question.kind === "rewind") return this.moved(question.step, states) as Answer<K>;
    if (question.kind === "restore") return this.restored(question.network, states) as Answer<K>;
    if (question.kind === "audit") delete question.about; // its lines are of the worksheet
    const name = "name" in question ? question.name : null;
    const found = states[this.now]![key(name === null ? question : { ...question, name: known(name, names) })];
    if (found === undefined) {
      const what = name === null ? "that" : `"${name}"`;
      throw new Refused(`This file has no answer to ${what}; \`chainrule view\` may have one.`);
    }
    const refused = found as { kind: string; message: string };
    if (refused.kind === "error") throw new Refused(refused.message);
    return found as Answer<K>;
  }

  private moved(to: number, states: Kept["states"]): MovedAnswer {
    if (to >= states.length) throw new Refused(`This file holds ${states.length - 1} gradient steps, no more.`);
    this.now = to;
    const { network } = states[to]![key({ kind: "scene", notation: "textbook" })] as SceneAnswer;
    return { now: to, steps: states.length - 1, L: null, network };
  }

  private restored(network: NetworkState, states: Kept["states"]): MovedAnswer {
    const { stretches = [], step, sheet } = trimmed(network);
    const other = sheet || stretches.some(({ change }) => Object.values(change).some((part) => part && Object.keys(part).length));
    if (other) throw new Refused("This file holds the network as it was opened, and its gradient steps; `chainrule view` shows others.");
    return this.moved(step ?? 0, states);
  }
}

/** A name as the file knows it, however it was typed. */
function known(name: string, names: Record<string, string>): string {
  const plain = name.normalize("NFC").replace(/[\s{}]/g, "").replaceAll("ŷ", "yhat").replaceAll("∂", "d").replaceAll("delta", "δ");
  const short = plain.replace(/_\d(,\d)+(?!\d)/g, (numbers) => numbers.replaceAll(",", ""));
  return [plain, short].map((text) => (Object.hasOwn(names, text) ? names[text]! : null)).find(Boolean) ?? name;
}

/** A question as the file knows it: its parts in the order of their names. */
function key(question: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(question).sort(([a], [b]) => (a < b ? -1 : 1))));
}
