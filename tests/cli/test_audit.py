"""``chainrule audit`` and ``chainrule grade`` as a person runs them."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

HEADER = """+++
title = "Exercise 7"
learning_rate = 0.5
[network]
hidden = "sigmoid"
output = "softmax"
loss = "cross_entropy"
x = [1, 0.5, -1]
y = [1, 0]
[[network.layer]]
W = [[0.1, 0.3, 0.8], [-0.3, -0.2, 0.5], [0.4, 0.1, -0.6]]
b = [0.1, -0.2, 0]
[[network.layer]]
W = [[0.5, 0.8, 0.2], [0.5, -0.2, 0.3]]
b = [0.1, 0]
+++
"""
LINES = {
    "a_1": "[-0.45, -1.1, 1.05]",
    "h_1": "[0.3894, 0.2497, 0.7408]",
    "a_2": "[0.6426, 0.3670]",
    "yhat": "[0.5685, 0.4315]",
    "dL/da_2": "[-0.4315, 0.4315]",
    "dL/dW_212": "-0.1078",
    "dL/dh_1": "[0.0000, -0.4315, 0.0432]",
    "dL/da_1": "[0.0000, -0.0809, 0.0083]",
}


def lines(**changed):
    changed = {name.replace("__", "/"): value for name, value in changed.items()}
    return HEADER + "".join(f"{name} = {value}\n" for name, value in (LINES | changed).items() if value)


RIGHT = lines()
FORGOTTEN = lines(dL__da_1="[0.0000, -0.4315, 0.0432]")  # the derivative of the sigmoid is left out


@pytest.fixture
def sheet(run, tmp_path):
    (tmp_path / "right.md").write_text(RIGHT, encoding="utf-8")
    (tmp_path / "wrong.md").write_text(FORGOTTEN, encoding="utf-8")
    return tmp_path


# ---------------------------------------------------------------- audit


def test_a_right_sheet_ends_with_0_and_a_wrong_one_with_1(run, sheet):
    code, out, err = run("audit", "right.md")
    assert (code, err) == (0, "")
    assert "All 8 lines are right." in out
    code, out, err = run("audit", "wrong.md")
    assert (code, err) == (1, "")
    assert "The first that is wrong is line 24, dL/da_1." in " ".join(out.split())
    assert max(map(len, out.split("\n"))) <= 80


@pytest.mark.parametrize(
    ("form", "start"),
    [("text", "Exercise 7\n══"), ("markdown", "# Exercise 7\n"), ("latex", "\\section*{Exercise 7}"), ("json", "{\n"),
     ("html", "<!DOCTYPE html>")],
)  # fmt: skip
def test_every_form_to_the_screen_and_to_a_file(run, sheet, form, start):
    code, out, _ = run("audit", "wrong.md", "--format", form)
    assert code == 1
    assert out.startswith(start)
    assert out.endswith("\n")
    assert not out.endswith("\n\n")
    code, nothing, _ = run("audit", "wrong.md", "--format", form, "--out", "page")
    assert (code, nothing) == (1, "")
    assert (sheet / "page").read_text(encoding="utf-8") == out


def test_json_says_what_the_page_says(run, sheet):
    told = json.loads(run("audit", "wrong.md", "--json")[1])
    assert (told["schema"], told["kind"], told["ok"], told["first_wrong"]) == ("chainrule/1", "audit", False, 24)
    assert [line["verdict"] in ("right", "rounded") for line in told["lines"]] == [True] * 7 + [False]
    assert told["lines"][-1]["mistakes"][0] == "hidden_derivative_missing"


def test_the_ending_of_a_file_says_the_form(run, sheet):
    for name, start in (
        ("a.html", "<!DOCTYPE"),
        ("a.md", "# "),
        ("a.json", "{"),
        ("a.tex", "\\section"),
        ("a.x", "Ex"),
    ):
        assert run("audit", "right.md", "--out", name)[0] == 0
        assert (sheet / name).read_text(encoding="utf-8").startswith(start)


def test_a_dash_reads_standard_input(run, sheet, monkeypatch, refused):
    def typed(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    typed(FORGOTTEN.encode())
    assert run("audit", "-")[0] == 1
    typed(b"\xef\xbb\xbf" + RIGHT.encode())
    assert run("audit", "-")[0] == 0
    typed(b"\xff\xfe")
    assert "standard input: expected text in UTF-8" in refused("audit", "-")
    typed(b"[" * 1_000_001)
    assert "at most 1000000 bytes" in refused("audit", "-")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.md",), "no such file"),
        (("right.md", "--format", "pdf"), "--format: expected text, markdown, latex, html, json; got 'pdf'"),
        (("right.md", "--out", "right.md"), "a file of its own"),
        (("right.md", "--out", "none/a.md"), "no such folder"),
    ],
)
def test_bad_input_is_one_line(refused, sheet, arguments, words):
    assert words in refused("audit", *arguments)
    assert (sheet / "right.md").read_text(encoding="utf-8") == RIGHT


def test_a_link_to_itself_stays_and_is_refused(run, sheet):
    (sheet / "loop.md").symlink_to("loop.md")
    code, _, err = run("audit", "right.md", "--out", "loop.md")
    assert (code, "loop.md" in err, err.count("\n")) == (2, True, 1)
    assert (sheet / "loop.md").is_symlink()


def test_an_audit_loads_nothing_that_it_does_not_need(sheet):
    code = (
        "import sys; from chainrule.cli import main; sys.argv = ['chainrule', 'audit', 'right.md']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.stderr.write(' '.join({m.partition('.')[0] for m in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=sheet, capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert not loaded & {"matplotlib", "sklearn", "scipy", "mpmath", "pyarrow", "rich", "latex2mathml", "safetensors"}


# ---------------------------------------------------------------- grade


@pytest.fixture
def school(run, tmp_path):
    folder = tmp_path / "sheets"
    folder.mkdir()
    sheets = {
        "key.md": RIGHT, "ada.md": RIGHT, "bob.md": FORGOTTEN, "cyd.txt": lines(dL__da_1="", dL__dh_1=""),
        "dan.md": "no header", "eve.md": "[" * 10**6 * 2, "fay.md": "\x00\xff", "=1.md": FORGOTTEN,
    }  # fmt: skip
    for name, text in sheets.items():
        (folder / name).write_bytes(text.encode("latin-1"))
    return folder


class Sources(HTMLParser):
    """What a page loads."""

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "iframe", "object", "link")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "href") or value == "summary.png"


def test_a_folder_is_marked(run, school):
    code, out, err = run("grade", "sheets", "--processes", 2)
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert "4 of 7 sheets marked." in flat
    assert "The lines that are due are those of key.md." in flat
    assert "dan.md: " in flat
    out = school / "marked"
    rows = {row["file"]: row for row in csv.DictReader(io.StringIO((out / "grades.csv").read_text(encoding="utf-8")))}
    assert list(rows) == ["'=1.md", "ada.md", "bob.md", "cyd.txt", "dan.md", "eve.md", "fay.md"]
    assert [rows[name]["score"] for name in rows] == ["7", "8", "7", "6", "", "", ""]
    assert {row["of"] for row in rows.values()} == {"8", ""}
    assert rows["bob.md"]["first wrong line"] == "24: dL/da_1"
    assert "hidden_derivative_missing" in rows["bob.md"]["mistakes"]
    assert all(rows[name]["error"].startswith("expected ") for name in ("dan.md", "eve.md", "fay.md"))
    pages = sorted(f.name for f in (out / "feedback").iterdir())
    assert pages == ["=1.html", "ada.html", "bob.html", "cyd.html", "dan.html", "eve.html", "fay.html"]
    for page in (*(out / "feedback").iterdir(), out / "summary.html"):
        Sources().feed(page.read_text(encoding="utf-8"))
    assert (out / "summary.png").read_bytes().startswith(b"\x89PNG")
    assert "![the mistakes of the class" in (out / "summary.md").read_text(encoding="utf-8")
    assert sorted(f.name for f in out.iterdir()) == [
        "feedback",
        "grades.csv",
        "summary.html",
        "summary.md",
        "summary.png",
    ]
    before = (out / "grades.csv").read_bytes()
    assert run("grade", "sheets", "--processes", 1)[0] == 0
    assert (out / "grades.csv").read_bytes() == before


def test_points_follow_through_and_markdown(run, school, tmp_path):
    (tmp_path / "points.toml").write_text('"dL/da_1" = 3\ndefault = 0.5\n', encoding="utf-8")
    code, out, _ = run("grade", school, "--points", "points.toml", "--follow-through", "partial", "--out", "done",
                       "--feedback", "markdown", "--json")  # fmt: skip
    assert code == 0
    told = json.loads(out)
    scores = {s["file"]: (s["score"], s["of"]) for s in told["sheets"] if not s["error"]}
    assert scores == {"=1.md": (3.5, 6.5), "ada.md": (6.5, 6.5), "bob.md": (3.5, 6.5), "cyd.txt": (3.0, 6.5)}
    assert (told["kind"], told["key"], told["out"]) == ("grade", "key.md", "done")
    assert (tmp_path / "done" / "feedback" / "bob.md").read_text(encoding="utf-8").startswith("# Exercise 7")


def test_sheets_that_would_share_a_page_have_their_own(run, school):
    shutil.copy(school / "ada.md", school / "ADA.txt")
    assert run("grade", school)[0] == 0
    pages = {f.name for f in (school / "marked" / "feedback").iterdir()}
    assert {"ada.md.html", "ADA.txt.html"} <= pages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none",), "no such folder"),
        (("sheets", "--follow-through", "half"), "--follow-through: expected full, partial"),
        (("sheets", "--feedback", "pdf"), "--feedback: expected html or markdown"),
        (("sheets", "--out", "sheets"), "a folder other than that of the sheets"),
        (("sheets", "--out", "sheets/key.md"), "expected a folder; got a file"),
        (("sheets", "--points", "none.toml"), "no such file"),
        (("sheets", "--points", "sheets/ada.md"), "expected TOML"),
    ],
)
def test_bad_questions_are_one_line_and_nothing_is_written(refused, school, arguments, words):
    assert words in refused("grade", *arguments)
    assert not (school / "marked").exists()


def test_a_key_without_a_network_is_one_line_and_a_header_to_copy(run, school):
    code, out, err = run("grade", "sheets", "--key", "sheets/dan.md")
    said, _, copy = err.partition("A header to copy and to fill in:\n")
    assert (code, out, said.count("\n")) == (2, "", 1)
    assert "a network, in a header" in said
    assert copy.startswith("+++")
    assert not (school / "marked").exists()


def test_ctrl_c_stops_cleanly(school):
    for number in range(2000):  # many more than are marked before the signal comes, also on a busy machine
        shutil.copy(school / "bob.md", school / f"s{number}.md")
    command = [sys.executable, "-m", "chainrule", "grade", str(school), "--processes", "2"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    pages = school / "marked" / "feedback"
    deadline = time.monotonic() + 60
    while not (pages.is_dir() and len(list(pages.iterdir())) > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert err in ("", "chainrule: interrupted\n")
    written = [f for f in Path(school / "marked").rglob("*") if f.is_file()]
    assert not [f.name for f in written if f.name.startswith(".")]
    assert not (school / "marked" / "grades.csv").exists()
    assert all(f.read_text(encoding="utf-8").endswith("</html>\n") for f in written)
