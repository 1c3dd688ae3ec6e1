"""What a person does with two pages of one notebook: the same in JupyterLab (trials) and with a model alone (tests)."""

from __future__ import annotations

import chainrule as cr
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support.page_records import Page, until

W = [[[0.1, 0.3], [-0.3, -0.2]], [[0.5, 0.8]]]
RULES = {"hidden": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}


def subject(x=(1.0, 2.0), y=(1.0,), **more):
    return Subject.of(cr.Network(W, **RULES), list(x), list(y), **more)


def use_two_pages(tab):
    """Walk, ask, change, train and audit in the first of two pages, on the examples below; the second keeps its own.

    Returns:
        What the sessions behind the two pages must be now.
    """
    one, two = (Page(tab.locator(".chainrule.page").nth(i)) for i in (0, 1))
    first, second = Session(subject(learning_rate=0.5)), Session(subject((1.0, 3.0), (0.0,)))
    ids = tab.locator(".chainrule [id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))

    one.walk(first.ask({"kind": "walk"}))
    one.type_name("dL/dW_212")
    one.shows(first.ask({"kind": "explain", "name": "dL/dW_212"}))
    one.shows_paths(first.ask({"kind": "paths", "name": "dL/dW_212"}))
    two.box("a_11").click()
    two.shows(second.ask({"kind": "explain", "name": "dL/da_11"}))

    one.box("W_111").focus()
    one.keyboard.press("Enter")
    one.root.get_by_label("W_111 =").click()
    one.keyboard.press("Control+a")
    one.keyboard.type("0.25")
    first.ask({"kind": "change", "values": {"W_111": 0.25}})
    one.shows(first.ask({"kind": "explain", "name": "dL/dW_111"}))
    one.show("Train")
    one.button("10 steps").click()
    first.ask({"kind": "descend", "steps": 10, "learning_rate": 0.5})
    one.shows_loss(first.ask({"kind": "scene"})["L"]["value"])
    two.shows_loss(second.ask({"kind": "scene"})["L"]["value"])

    one.show("Audit")  # keys that JupyterLab would take for its cells
    lines = one.root.get_by_label("Your lines")
    lines.click()
    one.keyboard.type("a_11 = 1")
    one.keyboard.press("Enter")
    one.keyboard.type("L = 1")
    want = first.ask({"kind": "audit", "text": "a_11 = 1\nL = 1"})["lines"]
    verdicts = one.root.locator(".verdict .badge")
    until(lambda: [text.split()[1] for text in verdicts.all_text_contents()] == [line["verdict"] for line in want])
    one.keyboard.press("Control+z")
    until(lambda: lines.input_value() != "a_11 = 1\nL = 1")
    one.box("W_111").focus()
    for letter in "abdmxyz":
        one.keyboard.press(letter)
    return first, second
