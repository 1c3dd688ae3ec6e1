"""What a page should show, from the records of Python: for the tests of the file, the notebook and the wheel."""

from __future__ import annotations

import time
from decimal import ROUND_HALF_UP, Context, Decimal


def holds(shown: list[str], blocks) -> bool:
    """Whether the LaTeX of the equations that are shown is that of the records: the left side, each right side."""
    wanted = [block for block in blocks if block["block"] == "equation"]
    return len(shown) == len(wanted) and all(_holds(*pair) for pair in zip(shown, wanted, strict=True))


def _holds(text, block) -> bool:
    parts = [block["left"]["latex"], *(f"= {right['latex']}" for right in block["rights"])]
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.count("= ") >= len(block["rights"])


def until(what, patience=60.0) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def short(value, digits=3) -> str:
    """A number as a label of the page."""
    if value is None:
        return "not finite"
    if value == 0:
        return "0"
    size, exact = abs(value), Decimal(value)
    whole = exact.adjusted() + 1
    tiny = size >= 1e5 or size < 1e-3
    rounded = Context(prec=digits if tiny else max(digits, whole), rounding=ROUND_HALF_UP).plus(exact).normalize()
    if tiny:
        mantissa, _, exponent = f"{rounded:e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{rounded:f}"
    return text.replace("-", "−")


def tex(place) -> list[str]:
    """The LaTeX behind the formulas in a part of the page."""
    return place.locator("annotation").all_text_contents()


class Page:
    """The page in a tab, or in an output of a notebook, used as a person uses it.

    Args:
        root: the page's own element.
    """

    def __init__(self, root) -> None:
        self.root, self.keyboard = root, root.page.keyboard

    def button(self, name):
        """A button by its words."""
        return self.root.get_by_role("button", name=name, exact=True)

    def show(self, tab) -> None:
        """Open a panel."""
        self.root.get_by_role("tab", name=tab, exact=True).click()

    def box(self, name):
        """What is drawn of a quantity."""
        return self.root.locator(f"[data-name='{name}']")

    def value(self, name) -> str:
        """The number that is drawn in a box."""
        box = f"[data-key]:is([data-name='{name}'], :has([data-name='{name}']))"
        return self.root.locator(f"{box} .value").text_content()

    def shows_loss(self, loss) -> None:
        """Wait until the loss in the drawing is this one."""
        if self.value("L") == "·":
            self.button("Everything").click()
        until(lambda: self.value("L") == short(loss, 4))

    def type_name(self, name) -> None:
        """Ask by typing."""
        self.show("Ask")
        self.root.get_by_label("Name", exact=True).fill("")
        self.root.get_by_label("Name", exact=True).click()
        self.keyboard.type(name)
        self.keyboard.press("Enter")

    def shows(self, record) -> None:
        """Wait until the answer is on the page, and compare every equation with its record."""
        shown = self.root.locator(".steps .equation")
        until(lambda: holds(tex(shown), record["blocks"]))

    def shows_paths(self, record) -> None:
        """The paths, the product of each, and their sum."""
        paths = self.root.locator(".paths")
        paths.wait_for()
        assert paths.locator("li b").all_text_contents() == [short(p["product"], 5) for p in record["paths"]]
        nodes = [" \\to ".join(path["latex"]) for path in record["paths"]]
        assert [text for text in tex(paths.locator("li")) if "\\to" in text] == nodes

    def walk(self, record) -> None:
        """Go through all steps by the button and the arrow key in turn; each shows its equation."""
        self.button("Start").click()
        status, steps = self.root.locator("[aria-label=walk] .status"), record["steps"]
        for number, step in enumerate(steps, 1):
            if number % 2:
                self.button("Forward ▶").click()
            else:
                self.keyboard.press("ArrowRight")
            assert f"Step {number} of {len(steps)}" in status.text_content(), number
            assert holds(tex(self.root.locator(".current")), [step["block"]])
        self.button("Everything").click()
