"""A page and the session that it should agree with: each act is done to both, and what the page says is compared."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any

from chainrule.errors import InputError
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support.page_records import Page, until

#: everything that is drawn and said of numbers, in one reading
READ = """root => ({
  boxes: [...root.querySelectorAll('.network .box')].map(one => ({
    title: one.querySelector('title').textContent, value: one.querySelector('.value').textContent,
    gradient: one.querySelector('.gradient')?.textContent ?? null })),
  weights: [...root.querySelectorAll('.network .weight')].map(one => ({
    title: one.querySelector('title').textContent })),
  problem: [...root.querySelectorAll('.problem')].filter(one => !one.hidden).map(one => one.textContent).join(' '),
  status: root.querySelector('.steps-of-walk .status').textContent,
  behind: root.querySelector('.behind') !== null,
  hash: location.hash,
})"""


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace("∂", "").strip())


def agrees(label: str, value: float | None) -> bool:
    """Whether a label is the number, rounded to at least three digits, with no digit before the point made 0."""
    if value is None:
        return label == "not finite"
    shown = number(label)
    if value == 0 or shown == 0:
        return value == shown
    least = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    step = least if "e" in label else min(1.0, least)
    return abs(shown - value) <= 0.5000001 * step


def numbers(scene: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every number of a drawing by its name."""
    units = [unit[part] for layer in scene["layers"] for unit in layer["units"] for part in ("act", "pre", "bias")]
    edges = [edge for weights in scene["weights"] for edge in weights["edges"]]
    return {item["name"]: item for item in [*units, *edges, *scene["targets"], scene["L"]] if item}


class Model:
    """The page beside its session.

    Attributes:
        lines, about: somebody's own lines, and the network that they were written for.
        known: what stood on the page, by what its address said of it.
    """

    def __init__(self, tab: Any, subject: Subject) -> None:
        self.tab, self.page = tab, Page(tab.locator(".chainrule.page"))
        self.session = Session(subject)
        self.lines = ""
        self.about: dict[str, Any] | None = None
        self.known: dict[str, tuple[Any, ...]] = {}

    def ask(self, **question: Any) -> dict[str, Any]:
        """An answer of the session."""
        return self.session.ask(question)

    def tried(self, **question: Any) -> bool:
        """Whether the session lets it be done."""
        with contextlib.suppress(InputError):
            self.session.ask(question)
            return True
        return False

    def network(self) -> dict[str, Any]:
        """The network as a record."""
        found: dict[str, Any] = self.ask(kind="scene")["network"]
        return found

    def restore(self, network: dict[str, Any]) -> None:
        """The session goes to another network."""
        self.ask(kind="restore", network=json.loads(json.dumps(network)))

    def place(self) -> str:
        """What the address says but for what is only looked at."""
        hash_: str = self.tab.evaluate("location.hash")
        return "&".join(part for part in hash_[1:].split("&") if not re.match(r"(walk|show|tab|rate)=", part))

    def note(self) -> None:
        """Know what stands on the page now by its address."""
        self.known[self.place()] = (self.network(), self.lines, self.about)

    def follow(self) -> None:
        """The page went back or on to a state that it had: so does the session."""
        network, self.lines, self.about = self.known[self.place()]
        self.restore(network)

    def compare(self) -> None:
        """Every number on the page is the session's, under its name, to all digits and as it is rounded."""
        scene = self.ask(kind="scene")
        due = numbers(scene)

        def same() -> bool:
            self.seen = self.tab.evaluate(READ, self.page.root.element_handle())
            if self.seen["behind"]:
                return False
            return all(self._same(part, due) for part in [*self.seen["boxes"], *self.seen["weights"]])

        until(same, patience=20)
        assert not re.search(r"NaN|undefined|Infinity", str(self.seen["boxes"]))
        if self.about is not None:
            self.compare_lines()

    def _same(self, part: dict[str, Any], due: dict[str, Any]) -> bool:
        said = dict(pair.split(" = ") for pair in part["title"].split(", "))
        name, value = next(iter(said.items()))
        item = due[name]
        if value == "·":
            return part["value"] == "·"
        exact = item["value"] is None or number(value) == item["value"]
        if item["gradient_name"] in said and item["gradient"] is not None:
            exact = exact and number(said[item["gradient_name"]]) == item["gradient"]
        labels = agrees(part["value"], item["value"]) if "value" in part else True
        if part.get("gradient"):
            labels = labels and agrees(part["gradient"], item["gradient"])
        return exact and labels

    def compare_lines(self) -> None:
        """Each line has the verdict of the network that it was written for."""
        due = self.ask(kind="audit", text=self.lines, about=self.about)["lines"]
        self.page.show("Audit")
        badges = self.page.root.locator(".verdict .badge")
        until(lambda: [text.split()[1] for text in badges.all_text_contents()] == [one["verdict"] for one in due])
