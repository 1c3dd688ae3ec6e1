// Reads a JSON list of formulas, renders each with KaTeX in its strict mode, prints those that fail.
import { readFileSync } from "node:fs";
import katex from "katex";

const formulas = JSON.parse(readFileSync(0, "utf8"));
const failed = [];
for (const formula of formulas) {
  try {
    katex.renderToString(formula, { displayMode: true, throwOnError: true, strict: "error" });
  } catch (error) {
    failed.push({ formula, error: String(error.message) });
  }
}
console.log(JSON.stringify(failed));
