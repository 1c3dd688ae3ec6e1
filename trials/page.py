"""Random acts on the page, and the same to the session of Python: ``python -m trials.page --count 500``.

Each sequence opens the page anew and does some 30 acts by clicks and keys: walks, questions, numbers typed and
dragged, steps of gradient descent, lines, notations, Undo, Redo, reloads, a program that is started anew. After each,
every number on the page is compared with the session's, and no error may have come.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chainrule import Network
from chainrule.view.subject import Subject
from tests.support import browser
from tests.support.page import open_page, served
from tests.support.page_model import Model
from tests.support.page_records import until

ACTS = 30
GIVEN = ("W_111", "W_122", "W_211", "b_11", "b_21", "x_1", "x_2", "y_1")
ASKED = ("dL/dW_111", "dL/dh_11", "a_21", "L", "dL/dx_2", "W_212", "dL/dW_2", "dL/dW_999", "h_12")
TYPED = st.sampled_from(["0.25", "-1.5", "3", "1e-10", "131.176", "-0", ".5", "12345.678"])
NO_NUMBERS = st.sampled_from(["2,5", "", "1e999", "0x10", "1_0", "NaN", "--1", "three"])


def subject() -> Subject:
    """A small network of every kind of number."""
    net = Network([[[0.5, -0.5], [1.25, 0.75]], [[0.5, -1.0], [0.25, 1.5]]], None, "tanh", "identity", "squared_error")
    return Subject.of(net, [1.0, -2.0], [0.5, -0.25], learning_rate=0.05, title="Trial")


class PageMachine(RuleBasedStateMachine):
    """One page; ``tab`` and ``address`` are set by ``run``."""

    tab: Any
    address: str
    watch: browser.Watch

    @initialize()
    def begin(self) -> None:
        """The page as it opens."""
        open_page(self.tab, self.address, "")
        self.model = Model(self.tab, subject())
        self.page = self.model.page
        self.model.note()

    # ------------------------------------------------------------ looking

    @rule(button=st.sampled_from(["Start", "Forward ▶", "◀ Back", "Everything", "gradients", "weights"]))
    def press(self, button: str) -> None:
        """A step of the walk, or another look."""
        found = self.page.button(button)
        if found.is_enabled():
            found.click()

    @rule(notation=st.sampled_from(["a, h", "z, a, δ"]))
    def notation(self, notation: str) -> None:
        """The other notation, and back to the one that the session is compared in."""
        self.page.button(notation).click()
        self.page.button("a, h").click()

    @rule(name=st.sampled_from(ASKED))
    def question(self, name: str) -> None:
        """A question by its name; its answer is the session's."""
        self.page.type_name(name)
        if self.model.tried(kind="explain", name=name):
            self.page.shows(self.model.ask(kind="explain", name=name))
        else:
            self.page.root.locator(".answer .problem").wait_for()

    # ------------------------------------------------------------ changing

    def type_into(self, name: str, text: str) -> None:
        """Type a number where all given ones are."""
        self.page.show("Change")
        box = self.page.root.get_by_label(name, exact=True)
        box.fill(text)
        box.blur()

    @rule(name=st.sampled_from(GIVEN), text=TYPED)
    def change(self, name: str, text: str) -> None:
        """Another number."""
        self.type_into(name, text)
        self.model.tried(kind="change", values={name: float(text)})

    @rule(name=st.sampled_from(GIVEN), text=NO_NUMBERS)
    def no_number(self, name: str, text: str) -> None:
        """What is no number changes nothing, and the box says again what stands."""
        self.type_into(name, text)
        assert float(self.page.root.get_by_label(name, exact=True).input_value()) == self.given(name)

    def given(self, name: str) -> float:
        """A given number of the session's."""
        from tests.support.page_model import numbers

        value: float = numbers(self.model.ask(kind="scene"))[name]["value"]
        return value

    @rule(name=st.sampled_from(["x_1", "b_11", "y_1"]), up=st.booleans())
    def nudge(self, name: str, up: bool) -> None:
        """A number by an arrow key on the drawing."""
        was = self.given(name)
        self.page.box(name).focus()
        self.page.keyboard.press("ArrowUp" if up else "ArrowDown")
        until(lambda: f"{name} =" in self.page.root.locator(f".box:has([data-name='{name}']) title").text_content())
        unit = 10.0 ** (np.floor(np.log10(max(1.0, abs(was)))) - 2)
        value = float(f"{was + (unit if up else -unit):.{max(0, round(-np.log10(unit))) + 2}f}")
        self.model.tried(kind="change", values={name: value})
        self.page.root.locator("h1").click()
        self.page.box(name).blur()

    @rule(steps=st.sampled_from(["1 step", "10 steps"]))
    def descend(self, steps: str) -> None:
        """Steps of gradient descent."""
        self.page.show("Train")
        self.page.button(steps).click()
        self.model.tried(kind="descend", steps=int(steps.split()[0]), learning_rate=0.05)

    @precondition(lambda self: self.page.root.get_by_role("button", name="Back to what was opened").is_visible())
    @rule()
    def back(self) -> None:
        """The network as it was opened."""
        self.page.button("Back to what was opened").click()
        self.model.restore({"sheet": None, "of": "", "stretches": [], "step": 0})

    # ------------------------------------------------------------ lines

    @rule(text=st.sampled_from(["a_11 = 1.5", "L = 2.0625\na_21 = 1", "", "nonsense", "dL/dW_211 = 3"]))
    def write(self, text: str) -> None:
        """Lines, which are about the network that is shown when there are any for the first time."""
        self.page.show("Audit")
        self.page.root.get_by_label("Your lines").fill(text)
        if not text.strip():
            self.model.about = None
        elif self.model.about is None:
            self.model.about = self.model.network()
        self.model.lines = text
        self.page.root.get_by_label("Your lines").blur()

    # ------------------------------------------------------------ lasting

    @rule(redo=st.booleans())
    def undo(self, redo: bool) -> None:
        """A state that was: the page goes there, and the session with it."""
        button = self.page.button("Redo" if redo else "Undo")
        if not button.is_enabled():
            return
        was = self.model.place()
        button.click()
        until(lambda: self.model.place() != was, patience=5)
        assert self.model.place() in self.model.known
        self.model.follow()

    @rule()
    def reload(self) -> None:
        """The page again, from its address."""
        self.tab.wait_for_timeout(300)
        self.tab.reload()
        self.tab.locator("svg.network").wait_for()
        if self.model.lines:
            self.page.show("Audit")
            until(lambda: self.page.root.get_by_label("Your lines").input_value() == self.model.lines)

    @rule()
    def forgotten(self) -> None:
        """A program that was started anew knows no page."""
        self.forget()

    forget: Any = staticmethod(lambda: None)

    @invariant()
    def agree(self) -> None:
        """What the page says is what the session says."""
        self.model.compare()
        self.model.note()
        trouble = [said for said in self.watch.seen if "404" not in said]  # a page that was forgotten is opened anew
        assert not trouble, trouble


def run(chromium: Any, count: int, acts: int = ACTS, seed: int = 0) -> None:
    """Sequences of acts in one tab; raises at the first that goes wrong."""
    from chainrule.view import server

    made: list[Any] = []
    create = server.create_app
    server.create_app = lambda *a, **more: made.append(create(*a, **more)) or made[-1]  # type: ignore[func-returns-value]
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    watch = browser.Watch()
    watch.over(context)
    try:
        with served(subject()) as address:
            pages = made[-1].state.pages

            class Machine(PageMachine):
                tab = context.new_page()

            Machine.address, Machine.watch = address, watch
            Machine.forget = staticmethod(pages.pages.clear)
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=count, stateful_step_count=acts, deadline=None, derandomize=seed == 0,
                    suppress_health_check=list(HealthCheck), database=None, report_multiple_bugs=False,
                ),
            )  # fmt: skip
    finally:
        server.create_app = create
        context.close()


def main() -> int:
    """Run the trial and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--acts", type=int, default=ACTS)
    wanted = parser.parse_args()
    path = browser.find_chromium()
    assert path is not None, "no Chromium"
    started = time.monotonic()
    with browser.launched(path) as chromium:
        run(chromium, wanted.count, wanted.acts)
    print(f"{wanted.count} sequences of up to {wanted.acts} acts: no false number, no lost state, no error "
          f"({time.monotonic() - started:.0f} s)")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
