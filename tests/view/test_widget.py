"""``cr.show``: the page in a notebook, by a widget that never raises."""

import builtins
import doctest
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.view import widget
from chainrule.view.session import Session
from chainrule.view.widget import answer_message
from tests.support.notebook import RULES, W, subject, use_two_pages
from tests.support.page_records import Page

# ---------------------------------------------------------------- in a page of another's, as JupyterLab's


HOST = """<!DOCTYPE html><html lang="en"><head><title>t</title></head>
<body><div class="cell" tabindex="0"></div><div class="cell" tabindex="0"></div></body></html>"""
#: a notebook's part: a model for each widget, whose messages go to Python, and keys that it would take for its cells
MOUNT = """async ({ source, style }) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const page = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.taken = [];
  document.addEventListener("keydown", (event) => window.taken.push((event.ctrlKey ? "Control+" : "") + event.key));
  window.models = [...document.querySelectorAll(".cell")].map((el, i) => {
    const heard = { "msg:custom": new Set(), comm_live_update: new Set() };
    const model = {
      on: (event, listener) => heard[event].add(listener),
      off: (event, listener) => heard[event].delete(listener),
      say: (event, content) => heard[event].forEach((listener) => listener(content)),
      listeners: () => heard["msg:custom"].size + heard.comm_live_update.size,
      send: async (content) => (await window.ask(i, content)).forEach((reply) => model.say("msg:custom", reply)),
    };
    model.close = page.default.render({ model, el });
    return model;
  });
}"""


def test_two_pages_beside_each_other(tab):
    examples = ([1.0, 2.0], [1.0]), ([1.0, 3.0], [0.0])
    made = [
        cr.show(cr.Network(W, **RULES), *xy, title=title, learning_rate=rate)
        for xy, title, rate in zip(examples, ("First", "Second"), (0.5, None), strict=True)
    ]
    try:
        tab.expose_function("ask", lambda number, content: heard(made[number], content))
        tab.set_content(HOST)
        state = made[0].get_state()
        tab.evaluate(MOUNT, {"source": state["_esm"], "style": state["_css"]})
        for title in ("First", "Second"):
            tab.locator("h1", has_text=title).wait_for()
        first, _ = use_two_pages(tab)
        changed = float(first.subject.network.weights[0][0, 0])
        assert [float(m.session.subject.network.weights[0][0, 0]) for m in made] == [changed, 0.1]
        assert set(tab.evaluate("taken")) == {"Control+a"}

        two = Page(tab.locator(".chainrule.page").nth(1))
        tab.evaluate("models[1].say('comm_live_update')")
        two.type_name("L")
        two.root.get_by_text("The kernel that made this page has gone. Run the cell again.").first.wait_for()
        tab.evaluate("models.forEach((model) => model.close())")
        assert tab.evaluate("models.map((model) => model.listeners())") == [0, 0]
    finally:
        for one in made:
            one.close()


# ---------------------------------------------------------------- in Python


def heard(made, content):
    """What a widget sends when its page sends something."""
    sent = []
    made.send = sent.append
    made._handle_custom_msg(content, [])
    return sent


@pytest.fixture
def shown():
    """A widget without a kernel."""
    made = cr.show(cr.Network(W, **RULES), [1.0, 2.0], [1.0], title="Here")
    yield made
    made.close()


def test_the_widget_answers_its_page(shown):
    (reply,) = heard(shown, {"id": "a:0", "question": {"kind": "explain", "name": "dL/dW_212"}})
    assert reply == {"id": "a:0", "answer": shown.session.ask({"kind": "explain", "name": "dL/dW_212"})}
    (reply,) = heard(shown, {"id": "a:1", "question": {"kind": "explain", "name": "dL/dW_999"}})
    assert reply["answer"]["kind"] == "error"
    assert "dL/dW_999" in reply["answer"]["message"]
    assert heard(shown, {"id": 3, "question": {"kind": "walk"}}) == []


def test_what_the_page_changes_is_its_own(shown):
    net = shown.session.opened.network
    heard(shown, {"id": "a", "question": {"kind": "change", "values": {"W_111": 9.0}}})
    assert shown.session.subject.network.weights[0][0, 0] == 9.0
    assert net.weights[0][0, 0] == 0.1


def test_it_is_made_without_a_kernel_and_kept_as_a_view(shown):
    data = shown._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"]
    assert json.loads(json.dumps(data)) == data
    folder = widget.files("chainrule.view") / "static"
    state = shown.get_state()
    assert state["_esm"] == (folder / "page.js").read_text(encoding="utf-8")
    assert len(json.dumps(state)) < 1_000_000


def test_each_widget_has_its_session():
    one, two = (cr.show(cr.Network(W, **RULES), [1.0, 2.0], [1.0], title=title) for title in "ab")
    assert one.session is not two.session
    one.close()
    two.close()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
KINDS = [
    "restore",
    "curve",
    "scene",
    "walk",
    "explain",
    "paths",
    "audit",
    "sheet",
    "change",
    "descend",
    "rewind",
    "open",
    "exercise",
    "x",
]
PARTS = [
    "name",
    "notation",
    "text",
    "values",
    "hidden",
    "output",
    "loss",
    "steps",
    "learning_rate",
    "step",
    "seed",
    "top",
    "network",
    "about",
]
QUESTIONS = st.builds(
    lambda kind, rest: {"kind": kind, **rest}, st.sampled_from(KINDS), st.dictionaries(st.sampled_from(PARTS), VALUES)
)


@given(VALUES | st.fixed_dictionaries({"id": VALUES | st.text(), "question": VALUES | QUESTIONS}))
def test_no_message_is_too_strange(content):
    reply = answer_message(Session(subject()), content)
    if reply is not None:
        assert set(reply) == {"id", "answer"}
        json.dumps(reply, ensure_ascii=False, allow_nan=False).encode()


def test_messages_that_hurt():
    deep = []
    for _ in range(5000):
        deep = [deep]
    questions = [
        deep,
        "\ud800",
        {"kind": "explain", "name": "\ud800"},
        {"kind": "audit", "text": "\ud800 = 1"},
        10**400,
    ]
    questions += [{"kind": "descend", "steps": 1, "learning_rate": 10**400}, float("nan"), {1: 2}, object(), b"x"]
    questions += [{"kind": "change", "values": {"W_111": float("inf")}}, {"kind": "rewind", "step": -1}]
    for question in questions:
        reply = answer_message(Session(subject()), {"id": "i", "question": question})
        assert (reply["id"], reply["answer"]["kind"]) == ("i", "error")
        json.dumps(reply, ensure_ascii=False, allow_nan=False).encode()


def test_a_bug_is_an_answer_too(monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("broken\nhere")

    monkeypatch.setattr(Session, "ask", broken)
    reply = answer_message(Session(subject()), {"id": "i", "question": {"kind": "walk"}})
    assert reply["answer"]["message"] == "something went wrong: ZeroDivisionError: broken here"
    assert "ZeroDivisionError" in caplog.text


def test_without_anywidget_it_says_what_is_missing(monkeypatch):
    imported = builtins.__import__

    def absent(name, *rest, **more):
        if name == "anywidget":
            raise ModuleNotFoundError(name)
        return imported(name, *rest, **more)

    widget._widget_class.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(cr.InputError, match=r"cr.show: expected the extra chainrule\[notebook\]"):
        cr.show(cr.Network(W, **RULES), [1.0, 2.0], [1.0])


def test_the_example_of_the_documentation():
    """Its lines that need anywidget are left out where that may be absent; here they run."""
    text = cr.show.__doc__.replace("# doctest: +SKIP", "")
    example = doctest.DocTestParser().get_doctest(text, {"cr": cr}, "cr.show", None, None)
    assert doctest.DocTestRunner().run(example) == doctest.TestResults(0, 3)


def test_input_that_does_not_fit():
    net = cr.Network(W, **RULES)
    for x, y in (([1.0], [1.0]), (np.ones((3, 2)), np.ones((3, 1))), ([1.0, np.nan], [1.0]), ([1.0, 2.0], None)):
        with pytest.raises(cr.InputError):
            cr.show(net, x, y)


def test_importing_brings_no_widget():
    code = "import sys, chainrule, chainrule.view.widget; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"anywidget", "ipywidgets", "IPython", "starlette", "uvicorn"} & set(loaded)
