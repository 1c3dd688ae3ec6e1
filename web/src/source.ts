/** Where answers come from: a server, a notebook, or the records inside the page's own file. */

import type { Questions } from "./records";

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

/** The server that the page came from. */
export class Server implements Source {
  readonly live = true;
  private session: Promise<string> | null = null;

  async ask<K extends keyof Questions>(kind: K, rest: Asked<K>): Promise<Answer<K>> {
    this.session ??= post<{ session: string }>("/api/open", {}).then((answer) => answer.session);
    return post<Answer<K>>("/api/ask", { session: await this.session, question: { kind, ...rest } });
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
    if (question.kind === "descend" || question.kind === "rewind") {
      const to = question.kind === "descend" ? this.now + question.steps : question.step;
      if (to >= states.length) throw new Refused(`This file holds ${states.length - 1} gradient steps, no more.`);
      this.now = to;
      return { now: to, steps: states.length - 1, L: null } as Answer<K>;
    }
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
