"""Marks in the lists of Moodle and Canvas, and the results of Gradescope: each mark at its person, or told."""

import csv
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.teaching.grades import Graded, Grades, Slip
from chainrule.teaching.marking_scheme import EarnedMark
from chainrule.teaching.rosters import gradescope, read_roster
from tests.support.loading import ROOT

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (8812),Final Score (read only)
    Points Possible,,,,,50,
"Doe, Jane",4321,s1001,jdoe,Sec 1,,
"Lee, Ann",4322,s1002,alee,Sec 1,,
"Müller, Jörg",4323,s1003,jmu,Sec 1,,
"""
MOODLE = """\ufeffIdentifier;Full name;Email address;Status;Grade;Maximum Grade;Feedback comments
Participant 4321;Jane Doe;jane.doe@u.edu;Submitted;;"100,00";
Participant 4322;Ann Lee;ann.lee@u.edu;Submitted;;"100,00";
Participant 4323;Jörg Müller;joerg@u.edu;Submitted;;"100,00";
"""


def sheet(file, points=(1, 0), error=""):
    names = ("dL/dW_2", "dL/db_2")
    due = [
        EarnedMark(name, "right" if p else "wrong", p, 1, i)
        for i, (name, p) in enumerate(zip(names, points, strict=True), 5)
    ]
    slips = () if all(points) else (Slip("h_twice", "=cmd", "dL/db_2"),)
    return Graded(file, () if error else tuple(due), "7: dL/db_2" if slips else "", slips, error)


@pytest.fixture
def filled(tmp_path):
    def fill(text, *sheets, column=None):
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        roster = read_roster(tmp_path / "list.csv", column)
        found = roster.filled(Grades("f", tuple(sheets)))
        return list(csv.DictReader(io.StringIO(found.text), delimiter=roster.separator)), found

    return fill


@pytest.mark.parametrize(
    "jane", ["doejane_4321_98765_hw1.md", "Jane Doe.md", "jdoe.md", "hw1-4321.md", "s1001.txt", "DOE-jane-LATE.md"]
)
def test_canvas(filled, jane):
    rows, found = filled(CANVAS, sheet(jane), sheet("müllerjörg_4323_1_a.md", (1, 1)), column="HW 1")
    assert [row["HW 1 (8812)"] for row in rows] == ["50", "25", "", "50"]
    assert [row["Student"] for row in rows[1:]] == ["Doe, Jane", "Lee, Ann", "Müller, Jörg"]
    assert (found.people, found.left) == (2, ())


@pytest.mark.parametrize(
    "jane", ["Jane Doe_4321_assignsubmission_file_hw.md", "jane.doe.md", "4321.md", "jane_doe.tex"]
)
def test_moodle(filled, jane):
    rows, _ = filled(MOODLE, sheet(jane))
    assert [row["Grade"] for row in rows] == ["50", "", ""]
    assert rows[0]["Feedback comments"] == "1 of 2 points; first wrong: line 7: dL/db_2; dL/db_2: =cmd"
    assert rows[1]["Feedback comments"] == ""


def test_a_list_of_ones_own(filled):
    rows, _ = filled("name\tmark\nada\t\nbob\t9\n", sheet("ada.md"), column="mark")
    assert [row["mark"] for row in rows] == ["1", "9"]


def test_no_mark_where_it_is_not_plain_whose(filled):
    several = "name,id,mark\nAnn Lee,501,\nLee Chan,502,\nAnn Chan,503,\n"
    given = [
        sheet("lee.md"),
        sheet("501.md"),
        sheet("501 again.md"),
        sheet("502.md", error="no network"),
        sheet("ann chan lee.md"),
    ]
    rows, found = filled(several, *given, column="mark")
    assert [row["mark"] for row in rows] == ["", "", ""]
    assert found.people == 0
    assert found.left[:2] == ("lee.md is nobody's in list.csv", "ann chan lee.md is nobody's in list.csv")
    assert "501.md and 501 again.md are of one person (Ann Lee)" in found.left[2]
    assert "502.md could not be marked" in found.left[3]


WORDS = st.text("abcdefgh", min_size=4, max_size=8)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=6, unique=True), st.data())
def test_nobody_gets_the_mark_of_another(people, data):
    """Whatever people are called: a file with a whole name goes to a person of that name or to nobody."""
    number = {person: 1000 + i for i, person in enumerate(people)}
    text = "name,number,mark\n" + "".join(f"{' '.join(p)},{n},\n" for p, n in number.items())
    chosen = data.draw(st.sampled_from(people))
    file = data.draw(
        st.sampled_from([f"{chosen[0]} {chosen[1]}.md", f"hw_{number[chosen]}_x.md", f"{chosen[1]}-{chosen[0]}.md"])
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "l.csv").write_text(text)
        found = read_roster(Path(folder) / "l.csv", "mark").filled(Grades("f", (sheet(file),)))
    rows = list(csv.DictReader(io.StringIO(found.text)))
    marked = [row["name"] for row in rows if row["mark"]]
    assert len(marked) <= 1
    assert all(set(name.split()) == set(chosen) for name in marked)
    assert bool(marked) != bool(found.left)
    if str(number[chosen]) in file:
        assert marked == [" ".join(chosen)]


@pytest.mark.parametrize(
    ("content", "column", "says"),
    [
        (b"", None, "a line of names and a line for each person; got 0 lines"),
        (b"a,b\n1,2\n", None, "--column: expected the column for the marks: a, b; got none"),
        (b"name,Mark\n1,2\n", "Marc", r"got 'Marc' \(did you mean 'Mark'\?\)"),
        (b"name,Grade\n1,2,3\n", None, "row 2: expected 2 cells"),
        (b"name,Grade\nJ\xf6rg,2\n", None, "expected CSV in UTF-8"),
        (b"m,m\n1,2\n", "m", "a column whose name stands once"),
        (None, None, "No such file"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, content, column, says):
    if content is not None:
        (tmp_path / "l.csv").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_roster(tmp_path / "l.csv", column)


def test_gradescope():
    found = json.loads(gradescope(Grades("f", (sheet("ada.md"),))))
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 1
    assert [(t["name"], t["max_score"], t["output"]) for t in found["tests"]] == [
        ("dL/dW_2", 1, "right"),
        ("dL/db_2", 1, "wrong"),
    ]
    refused = json.loads(gradescope(Grades("f", (sheet("ada.md", error="no network"),))))
    assert refused["score"] == 0
    assert "no network" in refused["output"]
    with pytest.raises(InputError, match="got 2 sheets"):
        gradescope(Grades("f", (sheet("a.md"), sheet("b.md"))))


def test_the_command_fills_a_list_and_writes_results(run, tmp_path, page_of_lines):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "doejane_4321_1_hw.md").write_text(page_of_lines)
    (tmp_path / "canvas.csv").write_text(CANVAS, encoding="utf-8")
    code, out, _ = run("grade", "in", "--roster", "canvas.csv", "--column", "HW 1", "--gradescope")
    assert code == 0
    assert "1 mark in in/marked/canvas-marked.csv, column 'HW 1 (8812)'" in out
    filled = (tmp_path / "in" / "marked" / "canvas-marked.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(filled)))
    result = json.loads((tmp_path / "in" / "marked" / "results.json").read_text(encoding="utf-8"))
    of = sum(test["max_score"] for test in result["tests"])
    assert float(rows[1]["HW 1 (8812)"]) == pytest.approx(50 * result["score"] / of)
    assert run("grade", "in", "--column", "HW 1")[0] == 2


@pytest.fixture
def page_of_lines():
    return (ROOT / "examples" / "derivation.md").read_text(encoding="utf-8")
