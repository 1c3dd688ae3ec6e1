"""The page in one file: everything is inside, from disk and without a network it walks and answers."""

import base64
import contextlib
import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.network import names
from chainrule.sheets.header import parse_worksheet
from chainrule.view import export
from chainrule.view.export import export_page
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support import browser
from tests.support.loading import ROOT
from tests.support.page_records import Page, until

EXAMPLE = ROOT / "examples" / "worked_example.md"
SHEET = EXAMPLE.read_text() + "a_2 = [1.24, 0.32]\ndL/dW_212 = -0.1304\ndL/dW_211 = 99\n"
NASTY = "</script><script>alert(1)</script> <!-- </title> \"'& \x00\x07\x1b[31m \u2028 \u202e é 🙂"


def session_of(text):
    return Session(Subject.of_worksheet(parse_worksheet(text, "sheet")))


def tiny(**more):
    net = cr.Network([[[0.5, -0.5]], [[2.0]]], None, "tanh", "sigmoid", "half_squared_error")
    return Session(Subject.of(net, [1.0, 2.0], [1.0], **more))


def inside(page):
    """What a file holds: the answers by step, and the spellings of names."""
    packed = re.search(r'id="chainrule-records">([^<]*)<', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.fixture(scope="session")
def lesson(shared):
    """The worked example, exported by the command line in a process of its own, once for all workers."""
    return browser.once(shared / "lesson", lambda: export_lesson(shared)) / "lesson.html"


def export_lesson(shared):
    folder = shared / "lesson-fresh"
    folder.mkdir(exist_ok=True)
    (folder / "sheet.md").write_text(SHEET)
    command = [sys.executable, "-m", "chainrule", "view", "sheet.md", "--export", "lesson.html", "--steps", "2"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"page saved to lesson.html \(\d\.\d MB\)\n", ran.stdout)
    assert sorted(path.name for path in folder.iterdir()) == ["lesson.html", "sheet.md"]
    folder.rename(shared / "lesson")


@pytest.fixture
def opened(new_tab, watch):
    """Open a file with the network switched off: the page in it."""

    def open_file(path, **settings):
        tab = new_tab(**settings)
        tab.context.set_offline(True)
        tab.goto(path.as_uri())
        tab.locator("h1").wait_for()
        return Page(tab.locator(".chainrule.page"))

    yield open_file
    assert all(url.startswith(("file:", "data:", "blob:")) for url in watch.requests)


# ---------------------------------------------------------------- in the browser


def test_it_walks_asks_and_steps_from_disk_without_a_network(lesson, opened, axe):
    session = session_of(SHEET)
    page = opened(lesson)
    tab = page.root.page
    assert tab.title() == "Worked example"
    assert axe(tab) == ""
    page.walk(session.ask({"kind": "walk"}))

    for name, typed in [("dL/dW_212", None), ("dL/dW_131", "W_1,3,1"), ("dL/dh_13", "∂L/∂h_{13}"), ("a_21", " a_21 ")]:
        if typed is None:
            page.box("W_212").focus()
            page.keyboard.press("Enter")
        else:
            page.type_name(typed)
        page.shows(session.ask({"kind": "explain", "name": name}))
        if name.startswith("dL"):
            page.shows_paths(session.ask({"kind": "paths", "name": name}))
    page.box("L").click()
    page.shows(session.ask({"kind": "explain", "name": "L"}))
    assert axe(tab) == ""

    page.button("z, a, δ").click()
    page.type_name("delta^1_3")
    page.shows(session.ask({"kind": "explain", "name": "dL/da_13", "notation": "delta"}))
    page.shows_paths(session.ask({"kind": "paths", "name": "dL/da_13", "notation": "delta"}))
    page.type_name("dL/dw^2_21")
    page.shows(session.ask({"kind": "explain", "name": "dL/dW_212", "notation": "delta"}))
    page.button("a, h").click()

    page.show("Train")
    for step in (1, 2):
        page.button("1 step").click()
        session.ask({"kind": "descend", "steps": 1, "learning_rate": 0.5})
        loss = session.ask({"kind": "scene"})["L"]["value"]
        page.shows_loss(loss)
        assert f"Step {step} of 2" in page.root.locator("[role=tabpanel]:visible .status").text_content()
    page.type_name("dL/dW_212")
    page.shows(session.ask({"kind": "explain", "name": "dL/dW_212"}))
    page.show("Train")
    page.button("1 step").click()
    page.root.get_by_text("This file holds 2 gradient steps, no more.").wait_for()
    page.button("Start again").click()
    session.ask({"kind": "rewind", "step": 0})
    page.shows_loss(session.ask({"kind": "scene"})["L"]["value"])
    assert axe(tab) == ""


def test_the_lines_of_the_sheet_are_audited_and_what_it_lacks_is_said(lesson, opened, axe):
    session = session_of(SHEET)
    page = opened(lesson, color_scheme="dark")
    page.show("Audit")
    want = session.ask({"kind": "audit", "text": "\n".join(session.opened.lines).lstrip("\n")})
    verdicts = page.root.locator(".verdict .badge")
    until(lambda: verdicts.count() == len(want["lines"]))
    assert [text.split()[1] for text in verdicts.all_text_contents()] == [one["verdict"] for one in want["lines"]]
    assert {"rounded", "wrong"} <= {one["verdict"] for one in want["lines"]}
    assert page.root.get_by_label("Your lines").evaluate("box => box.readOnly")
    assert axe(page.root.page) == ""
    for name in ("dL/dW_999", "constructor", "__proto__", "</script>"):
        page.type_name(name)
        page.root.get_by_text(f'This file has no answer to "{name}"').wait_for()
    page.type_name("y_1")
    page.root.get_by_text("is given: what the prediction should be.").wait_for()
    assert page.root.get_by_role("tab", name="Change").count() == 0


def test_words_that_could_break_the_file_are_words(tmp_path, opened):
    lines = ("", NASTY, "a_2 = 1\rL = 1", "", "\ud83d half", "a_11 = -0.5 </SCRIPT> <!--<script>")
    session = tiny(title=NASTY + "\ud800", lines=lines)
    (tmp_path / "page.html").write_text(export_page(session, 0), encoding="utf-8")
    page = opened(tmp_path / "page.html")
    assert page.root.page.title().startswith("</script><script>alert(1)</script> <!-- </title> \"'&")
    assert page.root.locator("h1").text_content().startswith("</script><script>alert(1)</script>")
    assert page.root.page.locator("script").count() == 2
    page.show("Audit")
    until(lambda: page.root.locator(".verdict").count() >= 2)
    assert page.root.locator(".problem:visible").count() == 0
    page.type_name("dL/dW_112")
    page.shows(session.ask({"kind": "explain", "name": "dL/dW_112"}))


def test_numbers_that_overflow_have_their_errors_inside(tmp_path, opened):
    net = cr.Network([[[1e200]]], None, "identity", "identity", "half_squared_error")
    session = Session(Subject.of(net, [1e200], [0.0], learning_rate=0.1))
    (tmp_path / "page.html").write_text(export_page(session), encoding="utf-8")
    page = opened(tmp_path / "page.html")
    page.button("Everything").click()
    assert page.value("L") == "not finite"
    states = inside((tmp_path / "page.html").read_text(encoding="utf-8"))["states"]
    assert len(states) == 1
    refused = [json.loads(key) for key, answer in states[0].items() if answer["kind"] == "error"]
    asked = {q["name"] for q in refused if q["kind"] == "explain"}
    for name in asked:
        page.type_name(name)
        page.root.locator(".answer .problem").wait_for()
    page.show("Train")
    page.button("1 step").click()
    page.root.get_by_text("This file holds 0 gradient steps, no more.").wait_for()


# ---------------------------------------------------------------- what is in the file


@pytest.mark.parametrize("loss", ["half_squared_error", "identity"])
def test_all_that_the_page_can_ask_is_in_it(loss):
    net = cr.Network([[[0.5, -0.5], [1.0, 0.25]], [[2.0, 1.0]]], None, "tanh", "sigmoid", loss)
    session = Session(Subject.of(net, [1.0, 2.0], None if loss == "identity" else [1.0], learning_rate=0.5))
    held = inside(export_page(session, 1))
    assert len(held["states"]) == 2
    for step, answers in enumerate(held["states"]):
        for notation in ("textbook", "delta"):
            scene = session.ask({"kind": "scene", "notation": notation})
            items = [
                unit[part] for layer in scene["layers"] for unit in layer["units"] for part in ("act", "pre", "bias")
            ]
            items += [edge for weights in scene["weights"] for edge in weights["edges"]]
            asked = {item[key] for item in items if item for key in ("name", "gradient_name")} - {None}
            asked |= {"L", *(target["name"] for target in scene["targets"])}
            for name in asked:
                live = session.ask({"kind": "explain", "name": name, "notation": notation})
                stored = answers[key_of(kind="explain", name=held["names"][name], notation=notation)]
                assert stored == {part: live[part] for part in live if part != "schema"}
                if live["paths"]:
                    live = session.ask({"kind": "paths", "name": live["name"], "notation": notation, "top": 10})
                    key = key_of(kind="paths", name=held["names"][live["quantity"]], notation=notation, top=10)
                    assert answers[key]["paths"] == live["paths"]
            walk = session.ask({"kind": "walk", "notation": notation})
            assert answers[key_of(kind="walk", notation=notation)]["steps"] == walk["steps"]
        assert answers[key_of(kind="scene", notation="delta")]["descent"]["now"] == step
        session.ask({"kind": "descend", "steps": 1, "learning_rate": 0.5})


def key_of(**question):
    return json.dumps(question, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_name_in_every_spelling_is_the_same_name():
    net = cr.Network([np.ones((3, 2)), np.ones((2, 3)), np.ones((2, 2))], None, "tanh", "softmax", "cross_entropy")
    held = inside(export_page(Session(Subject.of(net, [1.0, 2.0], 1)), 0))["names"]
    assert {"h_0": "dL/dx", "a^3_1": "yhat_1", "h_32": "yhat_2"}.items() <= held.items()
    assert {"dL/dh_32": "dL/dyhat_2", "δ^2_1": "dL/da_21", "dL/dz^2_1": "dL/da_21"}.items() <= held.items()
    assert {"w^2_31": "dL/dW_213", "dL/dw^2_31": "dL/dW_213", "W_2": "dL/dW_2", "y_2": "y_2"}.items() <= held.items()
    for text, meant in held.items():
        name = names.find(text, net.sizes)[0]
        assert names.find(meant, net.sizes)[0] in (name, names.Derivative(names.LOSS, name))


def test_it_is_one_file_that_asks_nobody(lesson):
    text = lesson.read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href)=(\S+)", re.sub(r"<script type=\"module\">.*?</script>", "", text, flags=re.S)) == [
        '"data:,">'
    ]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert len(text) < 2_500_000


def test_the_same_input_gives_the_same_bytes(tmp_path):
    code = "from tests.view.test_export import tiny, export_page\nprint(export_page(tiny(lines=('L = 1',)), 1))"
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"  # another than in this process
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "PYTHONHASHSEED": seed}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert ran.stdout.decode() == export_page(tiny(lines=("L = 1",)), 1) + "\n"


def test_the_session_is_left_as_it_was_and_progress_is_told():
    session, told = tiny(learning_rate=0.5), []
    session.ask({"kind": "descend", "steps": 4, "learning_rate": 0.5})
    export_page(session, 2, lambda done, total: told.append((done, total)))
    assert session.descent.now == 4
    total = told[0][1]
    assert told == [(done, total) for done in range(1, total + 1)]


def test_steps_end_where_numbers_stop_being_finite():
    net = cr.Network([[[1.0]]], None, "identity", "identity", "half_squared_error")
    session = Session(Subject.of(net, [1e60], [0.0], learning_rate=1.0))
    assert len(inside(export_page(session, 5))["states"]) < 4


def test_no_part_of_the_bundle_ends_its_element():
    folder = Path(export.__file__).parent / "static"
    script, style = (folder / "page.js").read_text(encoding="utf-8"), (folder / "page.css").read_text(encoding="utf-8")
    page = export_page(tiny(), 0)
    assert page.lower().count("</script") == 2
    assert page.lower().count("</style") == 1
    assert "String.raw" not in script  # where \x3c would not be <
    assert script in page
    assert style in page


# ---------------------------------------------------------------- the command line


def test_what_is_too_large_is_one_error(refused, tmp_path):
    for sizes, words in (((13, 2), "13 units"), ((12, 12, 12, 12), "468 parameters"), ((1,) * 22, "21 layers")):
        weights = [np.ones((m, j)).tolist() for j, m in pairwise(sizes)]
        text = f'+++\n[network]\nhidden = "tanh"\nx = {[1.0] * sizes[0]}\ny = {[0.0] * sizes[-1]}\n'
        text += "".join(f"[[network.layer]]\nW = {W}\n" for W in weights) + "+++\n"
        (tmp_path / "large.md").write_text(text)
        assert words in refused("view", "large.md", "--export", "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["large.md"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--export", "page.html", "--steps", "-1"), "--steps: expected a number from 0 to 50; got -1"),
        (("--export", "page.html", "--steps", "51"), "got 51"),
        (("--no-open", "--steps", "3"), "--steps: expected --export beside it"),
        (("--export", "no/folder/page.html"), "no such folder"),
    ],
)
def test_options_that_do_not_fit(refused, options, words):
    assert words in refused("view", EXAMPLE, *options)


@contextlib.contextmanager
def on_terminal(folder):
    """An export whose standard error is a terminal: the process, and what reads the terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "chainrule", "view", str(EXAMPLE), "--export", "page.html", "--steps", "3"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def read_until(terminal, pattern):
    said, end = "", time.monotonic() + 60
    while not re.search(pattern, said):
        assert time.monotonic() < end, said
        try:
            said += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the process has ended
            raise AssertionError(said) from None


def test_the_bar_and_ctrl_c_which_leaves_no_file(tmp_path):
    (tmp_path / "page.html").write_text("the old one")
    with on_terminal(tmp_path) as (process, terminal):
        read_until(terminal, r"answers.* [1-9]\d*/\d{3,}")
        process.send_signal(signal.SIGINT)
        with pytest.raises(AssertionError):  # the bar goes, and nothing but a word of the end may come
            read_until(terminal, "Traceback")
        assert process.wait(60) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "the old one"
