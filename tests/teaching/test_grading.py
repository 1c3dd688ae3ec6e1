"""Marking a folder: points, keys, what is written, and that nothing in a sheet or its name does harm."""

import csv
import io
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.auditing.model.claims import claimed_quantity
from chainrule.auditing.records import Convention, Found
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.records import LineAudit
from chainrule.errors import InputError
from chainrule.sheets.lines import read_lines
from chainrule.system.workers import Lost
from chainrule.teaching import grading
from chainrule.teaching.answer_keys import first_difference
from chainrule.teaching.feedback import feedback_document
from chainrule.teaching.grades import Graded, Grades, Slip
from chainrule.teaching.grading import GradingPlan, find_sheets, grade, is_key, mark_sheet
from chainrule.teaching.marking_scheme import EarnedMark, check_points, due_lines, marks, other_numbers, quantity_named

FORGOTTEN = Found("hidden_derivative_missing", "dL/da_1", "the derivative of the activation of layer 1 is left out")
SIZES = (3, 3, 2)
NETWORK = "Network(3-3-2, hidden=sigmoid, output=softmax, loss=cross_entropy, mean, float64)"


def claim(number, name, verdict, claimed=0.5, right=0.5, found=(), swapped=False):
    read = read_lines((f"{name} = 0",), number, SIZES) if name else ()
    quantity = claimed_quantity(read[0], SIZES, swapped) if read else None
    return LineAudit(
        number, f"{name} = {claimed}", name, claimed, right, None, verdict, (), found, root=None, quantity=quantity
    )


def sheet(*lines, **other):
    return Audit("s.md", "Exercise", NETWORK, lines, sizes=SIZES, **other)


# ---------------------------------------------------------------- points


def earned(student, key=None, points=None, follow_through=1.0):
    due = due_lines(key or student, points or {}, strict=key is not None)
    return {m.name: (m.verdict, m.points, m.of) for m in marks(student, due, follow_through)}


def test_a_line_is_worth_a_point_and_what_follows_earns_its_share():
    student = sheet(
        *(claim(n, *each) for n, each in enumerate([
            ("a_1", "right"), ("h_1", "rounded"), ("yhat", "truncated"), ("dL/da_1", "wrong"), ("dL/dW_1", "follows"),
            ("dL/db_1", "undecided"), ("", "unreadable", None, None),
        ], 1)),
    )  # fmt: skip
    points = {name: got[1] for name, got in earned(student, follow_through=0.5).items()}
    assert points == {"a_1": 1, "h_1": 1, "yhat": 1, "dL/da_1": 0, "dL/dW_1": 0.5, "dL/db_1": 0, "line 7": 0}
    assert earned(student)["dL/dW_1"] == ("follows", 1, 1)


def test_with_a_key_missing_lines_earn_nothing_and_others_do_not_count():
    key = sheet(claim(1, "a_11", "right"), claim(2, "dL/dW_212", "right"), claim(3, "L", "right"))
    student = sheet(claim(5, "dL/dw^2_21", "right"), claim(6, "h_11", "right"), claim(7, "a_11", "right"))
    assert earned(student, key, {"dL/dW_212": 2.5, "default": 0.5}) == {
        "a_11": ("right", 0.5, 0.5), "dL/dW_212": ("right", 2.5, 2.5), "L": ("missing", 0, 0.5),
    }  # fmt: skip


def test_points_are_for_lines_that_there_are():
    key = sheet(claim(1, "a_11", "right"))
    with pytest.raises(InputError, match="expected names of the key: a_11; got dL/dW_999"):
        due_lines(key, {"dL/dW_999": 2}, strict=True)
    for bad in (-1, float("nan"), float("inf"), 10**310, "2", True, [1]):
        with pytest.raises(InputError, match="points of a_11: expected a number from 0 to 1,000,000,000"):
            check_points({"a_11": bad})


def test_of_lines_with_one_name_the_last_that_claims_a_value_counts():
    key = sheet(claim(1, "L", "right"))
    assert earned(sheet(claim(1, "L", "wrong"), claim(2, "L", "right")), key)["L"][0] == "right"
    assert earned(sheet(claim(1, "L", "right"), claim(2, "L", "wrong")), key)["L"][0] == "wrong"
    formula_only = claim(3, "L", "wrong", None)
    assert earned(sheet(claim(1, "L", "right"), formula_only), key)["L"][0] == "right"


def test_a_vector_counts_by_its_components_and_a_component_by_its_vector():
    key = sheet(claim(1, "a_1", "right", right=np.zeros(3)), claim(2, "dL/dW_2", "right", right=np.zeros((2, 3))))
    parts = [claim(n, f"a_1{n}", v) for n, v in ((1, "right"), (2, "follows"), (3, "wrong"))]
    assert earned(sheet(*parts), key, follow_through=0.5)["a_1"] == ("wrong", pytest.approx(0.5), 1)
    assert earned(sheet(*parts[:1]), key)["a_1"] == ("missing", pytest.approx(1 / 3), 1)
    weights = [claim(1, f"dL/dW_2{m}{j}", "right") for m in (1, 2) for j in (1, 2, 3)]
    assert earned(sheet(*weights), key)["dL/dW_2"] == ("right", pytest.approx(1), 1)
    components = sheet(claim(1, "h_12", "right"), claim(2, "dL/dW_212", "right"))
    whole = sheet(claim(1, "h_1", "right", right=np.zeros(3)), claim(2, "dL/dW_2", "wrong", right=np.zeros((2, 3))))
    assert [got[:2] for got in earned(whole, components).values()] == [("right", 1), ("wrong", 0)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("w^2_21", "W_212"), ("a^2", "yhat"), ("h_2", "yhat"), ("a^0", "x"), ("δ^1", "dL/da_1"), ("W_{2,1,2}'", "W_212'"),
     ("ŷ_1'{10000}", "yhat_1'{10000}"), ("L'", "L'{1}"), ("L''", "L'{2}"), ("e_1", " e_1 "),
     (r"\frac{\partial L}{\partial W_{212}}", "dL/dW_212"), (r"$\hat{y}_1$", "yhat_1")],
)  # fmt: skip
def test_a_name_is_what_it_means(one, other):
    assert quantity_named(one, sheet()) == quantity_named(other, sheet())
    assert quantity_named(one, sheet()) != quantity_named(other + "'", sheet())


def test_numbers_other_than_the_keys_are_noticed():
    key = due_lines(sheet(claim(1, "a_11", "right", right=0.5), claim(2, "L", "right", right=0.2)), {})
    assert other_numbers(sheet(claim(1, "a_11", "wrong", 9.0, 0.5)), key) == ""
    assert other_numbers(sheet(claim(1, "a_11", "right", 0.0, 0.0)), key) == "a_11"
    doubled = claim(2, "L", "right", 0.4, 0.4)
    assert other_numbers(sheet(doubled), key) == "L"
    assert other_numbers(sheet(doubled, conventions=(Convention("no_half", "no 1/2"),)), key) == ""


def test_weights_are_found_the_way_the_author_counts_them():
    key = sheet(claim(1, "dL/dW_212", "right"), claim(2, "W_223'", "right"))
    lines = (1, "dL/dW_221", "right"), (2, "W_232'", "right")
    assert [m[0] for m in earned(sheet(*(claim(*a) for a in lines)), key).values()] == ["missing", "missing"]
    swapped = (Convention("swapped", "W_ij goes from unit i to unit j"),)
    student = sheet(*(claim(*a, swapped=True) for a in lines), conventions=swapped)
    assert [m[0] for m in earned(student, key).values()] == ["right", "right"]
    assert [due.points for due in due_lines(student, {"W_232'": 3}, strict=True)] == [1, 3]


# ---------------------------------------------------------------- a folder, with a stand-in for the audit


def stand_in(path, *_):
    """Reads ``name verdict`` lines; the file's text decides what happens."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    if "refuse" in text:
        raise InputError(f"worksheet {path}", "a header", "\x1b[31mnone\nat all")
    if "deep" in text:
        raise RecursionError
    rows = [row.split() for row in text.splitlines()]
    return sheet(*(claim(n, name, verdict, found=(FORGOTTEN,) * (verdict == "wrong")) for n, (name, verdict) in
                   enumerate(rows, 1)))  # fmt: skip


@pytest.fixture
def here(monkeypatch):
    """Sheets are read by the stand-in, in this process."""
    monkeypatch.setitem(sys.modules, "chainrule.auditing.audit", SimpleNamespace(audit=stand_in))

    def run(function, tasks, **_):
        for place in reversed(range(len(tasks))):
            hangs = "hang" in tasks[place][0]
            yield place, Lost("took more than 10 s") if hangs else function(tasks[place])

    monkeypatch.setattr(grading, "run_all", run)


@pytest.fixture
def folder(tmp_path, here):
    """A class: two that are right, one wrong, one refused, one that hangs."""
    files = {
        "ada.md": "a_1 right\ndL/da_1 right", "bob.txt": "a_1 right\ndL/da_1 wrong\ndL/dW_1 follows",
        "eve.md": "refuse", "hang.md": "",
        "zoe.tex": "a_1 rounded\ndL/da_1 right\ndL/dW_1 right", ".hidden.md": "refuse", "notes.pdf": "x",
    }  # fmt: skip
    place = tmp_path / "sheets"
    place.mkdir()
    for name, text in files.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


def test_one_bad_sheet_never_stops_the_rest(folder):
    told, pages = [], {}
    grades = grade(folder, progress=lambda *done: told.append(done), feedback=pages.__setitem__)
    assert told == [(n, 5) for n in range(1, 6)]
    assert [(s.file, s.score, s.of) for s in grades.sheets] == [
        ("ada.md", 2, 2), ("bob.txt", 2, 3), ("eve.md", None, None), ("hang.md", None, None),
        ("zoe.tex", 3, 3),
    ]  # fmt: skip
    assert grades.sheets[1].first_wrong == "2: dL/da_1"
    assert grades.sheets[2].error == "expected a header; got ␛[31mnone at all"
    assert grades.sheets[3].error == "took more than 10 s"
    assert sorted(pages) == ["ada.md", "bob.txt", "eve.md", "hang.md", "zoe.tex"]
    assert "2 of 3 points (67 %)" in pages["bob.txt"]
    assert "could not be marked" in pages["eve.md"]
    assert pages["ada.md"].startswith("<!DOCTYPE html>")
    assert [(m.id, m.sheets, m.share, m.lines) for m in grades.mistakes] == [
        ("hidden_derivative_missing", 1, pytest.approx(1 / 3), (("dL/da_1", 1),))
    ]
    text = " ".join(str(grades).split())
    assert "3 of 5 sheets marked. Mean 89 %, median 100 %. 2 have every point." in text
    assert re.search("the derivative of the .* 1 +33 % +dL/da_1 \\(1\\)", text)
    assert json.dumps(grades.to_dict() | {"sheets": [], "mistakes": []})


def test_the_key_in_the_folder_says_what_is_due(folder):
    (folder / "week-key.md").write_text("a_1 right\ndL/da_1 right\ndL/dW_1 right\nL wrong", encoding="utf-8")
    grades = grade(folder, points={"dL/dW_1": 2}, follow_through=0.5)
    assert grades.key == "week-key.md"
    assert grades.notes == ("The key's own line 4, L, is wrong.",)
    assert [(s.score, s.of) for s in grades.marked] == [(2, 5), (2, 5), (4, 5)]
    (folder / "key.md").write_text("a_1 right", encoding="utf-8")
    with pytest.raises(InputError, match=r"key: expected one key .* got 2 keys: key.md, week-key.md"):
        grade(folder)
    assert [s.of for s in grade(folder, key=folder / "key.md").marked] == [1, 1, 1]
    (folder / "key.md").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="lines that claim something"):
        grade(folder, key=folder / "key.md")


@pytest.mark.parametrize(
    ("name", "key"),
    [("key.md", True), ("KEY.md", True), ("a-key.md", True), ("a.key.md", True), ("a_key.md", True),
     ("mickey.md", False), ("key.txt", False), ("keys.md", False), ("key", False)],
)  # fmt: skip
def test_keys_are_told_from_people(name, key):
    assert is_key(name) is key


def test_the_first_name_is_told_of_which_a_sheet_has_something_else_than_its_key():
    key = {"the number of layers": 1, "W_1": [[0.1, 0.3]], "b_1": [0.2], "x": [1.0, 2.0], "the loss": "huber"}
    assert first_difference(None, key) == "all of it"
    assert first_difference(dict(key), key) == ""
    assert first_difference(key | {"W_1": [[0.1 * (1 + 1e-15), 0.3]]}, key) == ""
    assert first_difference(key | {"b_1": [0.3], "the loss": "poisson"}, key) == "b_1"
    assert first_difference(key | {"x": [1.0]}, key) == "x"
    assert first_difference({name: value for name, value in key.items() if name != "the loss"}, key) == "the loss"


def test_strangers_names_and_links(tmp_path, here):
    outside = tmp_path / "secret.md"
    outside.write_text("a_1 right", encoding="utf-8")
    place = tmp_path / "sheets"
    place.mkdir()
    (place / "folder.md").mkdir()
    names = ["=cmd|' calc'!A1.md", "+1.md", "-x.md", "@a.md", "\x1b[31m.md", "a\nb.md", "<b>&.md", "日本.md"]
    for name in [*names, os.fsdecode(b"\xff\xfe.md")]:
        (place / name).write_text("a_1 right", encoding="utf-8")
    (place / "link.md").symlink_to(outside)
    (place / "gone.md").symlink_to(tmp_path / "nothing.md")
    os.mkfifo(place / "pipe.md")
    grades = grade(place)
    text = grades.to_csv()
    cells = [row[0] for row in csv.reader(io.StringIO(text))][1:]
    assert len(cells) == len(names) + 4
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert {"'=cmd|' calc'!A1.md", "␛[31m.md", "a b.md", "\ufffd\ufffd.md"} <= set(cells)
    assert "\x1b" not in text
    errors = {s.file: s.error for s in grades.sheets if s.error}
    outside_error = "a link to a file outside the folder"
    assert errors == {"link.md": outside_error, "gone.md": outside_error, "pipe.md": "not a file"}


def test_a_sheet_that_is_too_deep_is_refused(tmp_path, here):
    (tmp_path / "a.md").write_text("deep", encoding="utf-8")
    graded, page = mark_sheet((str(tmp_path / "a.md"), GradingPlan({}, pages=False)))
    assert graded.error == "RecursionError"
    assert page == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"follow_through": 1.5}, "follow_through: expected a number from 0 to 1"),
        ({"processes": 0}, "processes: expected a number from 1 up"),
        ({"points": {"a_1": -1}}, "points of a_1"),
    ],
)
def test_bad_questions_are_refused(folder, arguments, words):
    with pytest.raises(InputError, match=words):
        grade(folder, **arguments)


def test_folders_without_sheets_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        grade(tmp_path / "none")
    with pytest.raises(InputError, match=r"expected sheets \(\*\.md, \*\.txt, \*\.tex\); got none"):
        find_sheets(tmp_path)
    (tmp_path / "a.md").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="got a file"):
        find_sheets(tmp_path / "a.md")


# ---------------------------------------------------------------- what is printed


def test_the_page_of_an_author_says_where_points_are_missing():
    student = sheet(claim(1, "a_1", "right"), claim(2, "dL/da_1", "wrong", found=(FORGOTTEN,)))
    each = ("a_1", "right", 1, 1, 1), ("dL/da_1", "wrong", 0, 2, 2), ("L", "missing", 0, 1)
    all_marks = tuple(EarnedMark(*one) for one in each)
    text = feedback_document(Graded("<b>.md", all_marks, note="its numbers differ"), student).to_text()
    assert "<b>.md: 1 of 4 points (25 %)." in text
    assert "To look at: its numbers differ." in text
    assert "dL/da_1   2     ✗ wrong    0 of 2" in text
    assert "L               – missing  0 of 1" in text
    assert "Probably the derivative of the activation of layer 1 is left out." in " ".join(text.split())
    assert "no line is due" in feedback_document(Graded("a.md"), sheet()).to_text()


def test_the_summary_counts_sheets_not_lines():
    slips = (Slip("m", "words of layer 1", "L"), Slip("m", "words of layer 2", "L"), Slip("unknown", "?", "a_1"))
    twice = Graded("a.md", (EarnedMark("L", "wrong", 0, 1, 1),), "1: L", slips)
    once = replace(twice, file="b.md", slips=(Slip("m", "words of layer 1", "yhat"),))
    grades = Grades("f", (twice, once, Graded("c.md", error="no")))
    assert [(m.id, m.words, m.sheets, m.lines) for m in grades.mistakes] == [
        ("m", "words of layer 1", 2, (("L", 1), ("yhat", 1))), ("unknown", "?", 1, (("a_1", 1),)),
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(grades.to_csv())))
    assert rows[0]["mistakes"] == "m (L); unknown (a_1)"
    assert (rows[0]["score"], rows[0]["percent"]) == ("0", "0.0")
    assert (rows[2]["score"], rows[2]["of"], rows[2]["error"]) == ("", "", "no")
    assert "c.md: no" in str(grades)
    assert max(map(len, str(grades).split("\n"))) <= 80


def test_a_class_without_mistakes_is_told():
    grades = Grades("f", (Graded("a.md", (EarnedMark("L", "right", 1, 1, 1),)),))
    assert "No line of any sheet is wrong." in str(grades)
