/** One module for the served page, the file and the notebook. */

import "katex/dist/katex.css";
import "./page.css";
import { mount } from "./app";
import { File, Notebook, Server, type Model } from "./source";
import { State } from "./state";
import { AddressTrail, OwnTrail } from "./trail";

/** The widget of a notebook; what it returns is called when the cell's output goes. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const source = new Notebook(model);
  const root = document.createElement("div");
  root.classList.add("widget");
  root.addEventListener("keydown", ownKeys);
  el.append(root);
  void mount(root, new State(source, new OwnTrail()));
  return () => source.close();
}

/** Keep the page's keys from JupyterLab, which takes Enter, arrows and letters (even in a text box) for the cells. */
function ownKeys(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || /^(z|y|control|meta)$/i.test(event.key)) event.stopPropagation();
}

export default { render };

const page = document.querySelector<HTMLElement>("[data-chainrule]");
if (page) {
  const records = document.getElementById("chainrule-records");
  const source = records ? new File(records.textContent!.trim()) : new Server();
  void mount(page, new State(source, new AddressTrail()), document);
}
