"""How fast the page follows, in a real browser: ``python benchmarks/page.py``. Prints a table; asserts nothing.

Measured in the page itself, from the event to the frame in which the new drawing stands:
- a digit typed into a weight of the notes' network, its paths and its explanation being shown;
- a click on a weight of the notes' network;
- a name typed into the page of a 784-256-10 network, each time another weight.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support import browser
from tests.support.page import large, open_page, served, worked_example

RUNS = 15

#: resolves with the milliseconds from an act to the first frame after the last change of the watched element
MEASURE = """async ([selector, text, watched]) => {
  const started = performance.now();
  let changed = 0;
  const seen = new MutationObserver(() => { changed = performance.now(); });
  seen.observe(document.querySelector(watched), { subtree: true, childList: true });
  const target = document.querySelector(selector);
  if (text === null) target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  else if (target.form) { target.value = text; target.form.requestSubmit(); }
  else { target.value = text; target.dispatchEvent(new Event("input", { bubbles: true })); }
  while (!changed || performance.now() - changed < 250) await new Promise((done) => setTimeout(done, 5));
  seen.disconnect();
  return changed - started;
}"""


def measure(page, acts: list[tuple[str, str | None, str]]) -> list[float]:
    """The milliseconds of each act; the first, which warms up, is left out."""
    return [page.evaluate(MEASURE, list(act)) for act in acts][1:]


def main() -> None:
    """Measure and print."""
    rows: list[tuple[str, list[float]]] = []
    path = browser.find_chromium()
    assert path is not None, "no Chromium"
    with browser.launched(path) as chromium, served(worked_example()) as notes, served(large()) as wide:
        page = open_page(chromium.new_page(), notes)
        names = [f"W_{i}{m}{j}" for i, m, j in [(1, 3, 1), (2, 1, 2), (1, 1, 4), (2, 2, 3)] * 4]
        clicks = measure(page, [(f'[data-name="{name}"]', None, ".answer") for name in names])
        rows.append(("4-4-2: from a click on a weight to its explanation and paths", clicks))
        digits = [("[id$=edit-value]", f"0.{i}", ".stage") for i in range(1, RUNS + 2)]
        rows.append(("4-4-2: from a key in a weight to the new drawing", measure(page, digits)))
        page = open_page(chromium.new_page(), wide)
        asked = [("[name=name]", f"dL/dW_{{1,{3 * i + 1},{7 * i + 2}}}", "aside") for i in range(RUNS + 1)]
        rows.append(("784-256-10: from a question to its answer and the new drawing", measure(page, asked)))
    print(f"{'':64}{'median':>9}{'worst':>9}")
    for name, times in rows:
        print(f"{name:64}{statistics.median(times):6.0f} ms{max(times):6.0f} ms")


if __name__ == "__main__":
    main()
