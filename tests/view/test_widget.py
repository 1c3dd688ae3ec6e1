"""``cr.show``: the page in a notebook, by a widget that never raises, in JupyterLab itself."""

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
from chainrule.view.subject import Subject
from chainrule.view.widget import answer_message
from tests.support import lab
from tests.support.page_records import Page, until

W = [[[0.1, 0.3], [-0.3, -0.2]], [[0.5, 0.8]]]
RULES = {"hidden": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
CELLS = [
    f"import chainrule as cr\nnet = cr.Network({W}, **{RULES})\n"
    'first = cr.show(net, [1.0, 2.0], [1.0], title="First", learning_rate=0.5)\nfirst',
    'second = cr.show(net, [1.0, 3.0], [0.0], title="Second")\nsecond',
    "print(*(float(n.weights[0][0, 0]) for n in (net, first.session.subject.network, second.session.subject.network)))",
    "first.close()",
]


def subject(x=(1.0, 2.0), y=(1.0,), **more):
    return Subject.of(cr.Network(W, **RULES), list(x), list(y), **more)


# ---------------------------------------------------------------- in JupyterLab


def run_cell(tab, number):
    cell = tab.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    tab.keyboard.press("Shift+Enter")
    return cell


def wait_for_kernel(tab):
    tab.locator(".jp-StatusBar-Widget, #jp-main-statusbar").get_by_text("| Idle").first.wait_for()


@pytest.fixture
def opened(new_tab, tmp_path):
    """A notebook, open in JupyterLab with its kernel running: the tab. All of it has ended when the test has."""
    tab = new_tab(viewport={"width": 1500, "height": 1000})
    tab.set_default_timeout(lab.PATIENCE * 1000)
    with lab.jupyter(tmp_path) as (address, folder):
        try:
            (folder / "lesson.ipynb").write_text(lab.notebook(CELLS))
            tab.goto(address.format("lesson.ipynb"))
            wait_for_kernel(tab)
            server = [int(place.stem.partition("-")[2]) for place in (tmp_path / "run").glob("jpserver-*.json")]
            kernels = lab.children(server[0])
            assert kernels
            yield tab
        finally:
            tab.close()
    assert lab.gone([*server, *kernels])


def test_two_pages_in_a_notebook(opened):
    tab = opened
    run_cell(tab, 0).locator("h1", has_text="First").wait_for()
    run_cell(tab, 1).locator("h1", has_text="Second").wait_for()
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
    assert tab.locator(".jp-Cell").count() == len(CELLS)

    numbers = run_cell(tab, 2).locator(".jp-OutputArea-output").inner_text().split()
    changed = float(first.subject.network.weights[0][0, 0])
    assert list(map(float, numbers)) == [0.1, changed, 0.1]

    run_cell(tab, 3)
    until(lambda: tab.locator(".chainrule.page").count() == 1, lab.PATIENCE)
    two = Page(tab.locator(".chainrule.page"))
    two.type_name("dL/dx")
    two.shows(second.ask({"kind": "explain", "name": "dL/dx"}))

    tab.get_by_role("menuitem", name="Kernel", exact=True).click()
    tab.get_by_text("Restart Kernel…", exact=True).click()
    tab.get_by_role("button", name="Confirm Kernel Restart").click()
    gone = two.root.get_by_text("The kernel that made this page has gone. Run the cell again.")
    for _ in range(40):  # until the restart has come through
        two.type_name("L")
        if gone.count():
            break
        tab.wait_for_timeout(250)
    assert gone.first.is_visible()
    wait_for_kernel(tab)
    run_cell(tab, 0).locator("h1", has_text="First").wait_for()
    again = Page(tab.locator(".chainrule.page", has_text="First"))
    again.type_name("L")
    again.shows(Session(subject()).ask({"kind": "explain", "name": "L"}))


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
KINDS = ["scene", "walk", "explain", "paths", "audit", "sheet", "change", "descend", "rewind", "open", "exercise", "x"]
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
