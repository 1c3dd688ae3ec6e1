"""How fast the page follows, in a real browser: ``python benchmarks/page.py``. Prints a table; asserts nothing.

Measured in the page itself, from the event to the change of the document:
- a weight of the notes' network and of others dragged, from a move of the pointer to the new drawing;
- a digit typed into a weight of the notes' network, its paths and its explanation being shown: to the new drawing, and
  to all that is said of it;
- a click on a weight of the notes' network;
- a weight of a 784-256-10 network dragged; a name typed there, each time another weight.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support import browser
from tests.support.page import large, open_page, served, worked_example

RUNS = 15

#: resolves with the milliseconds from an act to the first, or to the last, change of the watched element
MEASURE = """async ([selector, act, watched, which]) => {
  let first = 0, last = 0;
  const seen = new MutationObserver(() => { last = performance.now(); first ||= last; });
  seen.observe(document.querySelector(watched), { subtree: true, childList: true });
  const target = document.querySelector(selector);
  const started = performance.now();
  if (typeof act === "number") window.dispatchEvent(new PointerEvent("pointermove", { clientX: act, bubbles: true }));
  else if (act === null) target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  else if (target.form) { target.value = act; target.form.requestSubmit(); }
  else { target.value = act; target.dispatchEvent(new Event("input", { bubbles: true })); }
  while (!last || performance.now() - last < 250) await new Promise((done) => setTimeout(done, 5));
  seen.disconnect();
  return (which === "first" ? first : last) - started;
}"""


def measure(page, acts: list[tuple[str, str | float | None, str]], which: str = "last") -> list[float]:
    """The milliseconds of each act; the first, which warms up, is left out."""
    return [page.evaluate(MEASURE, [*act, which]) for act in acts][1:]


def drag(page, name: str) -> list[float]:
    """The milliseconds from each move of a dragged number to its drawing."""
    box = f"document.querySelector(`[data-name='{name}']`)"
    page.evaluate(f"{box}.dispatchEvent(new PointerEvent('pointerdown', {{ bubbles: true }}))")
    times = measure(page, [("body", 10.0 + 3 * i, ".stage") for i in range(RUNS + 1)], "first")
    page.evaluate("window.dispatchEvent(new PointerEvent('pointerup'))")
    return times


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
        keys = [("[id$=edit-value]", f"0.{i}") for i in range(1, RUNS + 2)]
        drawn = measure(page, [(*key, ".stage") for key in keys], "first")
        rows.append(("4-4-2: from a key in a weight to the new drawing", drawn))
        said = measure(page, [(box, f"{text}5", ".answer") for box, text in keys])  # others: the same changes nothing
        rows.append(("4-4-2: from a key in a weight to its new explanation", said))
        rows.append(("4-4-2: from a move of a dragged weight to the new drawing", drag(page, "W_212")))
        page = open_page(chromium.new_page(), wide)
        name = page.locator(".network .weight [data-name]").first.get_attribute("data-name")
        rows.append(("784-256-10: from a move of a dragged weight to the new drawing", drag(page, name)))
        asked = [("[name=name]", f"dL/dW_{{1,{3 * i + 1},{7 * i + 2}}}", "aside") for i in range(RUNS + 1)]
        rows.append(("784-256-10: from a question to its answer and the new drawing", measure(page, asked)))
    print(f"{'':64}{'median':>9}{'worst':>9}")
    for name, times in rows:
        print(f"{name:64}{statistics.median(times):6.0f} ms{max(times):6.0f} ms")


if __name__ == "__main__":
    main()
