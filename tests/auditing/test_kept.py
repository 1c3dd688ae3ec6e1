"""What is kept of one marking of a sheet for the next changes nothing that is said of it."""

import re

import pytest

import chainrule as cr
from chainrule.auditing.audit import audit_text
from chainrule.auditing.marking import conventions, sheet
from chainrule.auditing.model.problem import Problem
from chainrule.sheets import lines
from tests.support.author_conventions import Case, bishop, book, counted
from tests.support.sample import covering

STYLES = {"layers counted": counted("^%s", "w", 2), "Bishop": bishop, "numbered through": book("Han and Kamber")}
CASES = [(name, seed) for name in STYLES for seed in (3, 4)]


def two_sheets(name, seed):
    """Two sheets with the same lines, one of them wrong, and the numbers of two networks in their headers."""
    cases = [Case((2, 2, 1), seed), Case((2, 2, 1), seed + 100)]
    heads = [case.text(STYLES[name](case), "design")[0] for case in cases]
    claims = cases[0].text(STYLES[name](cases[0]), "design")[1]
    claims[3] = re.sub(r"(\d)\.(\d)(\d{3})", lambda m: f"{m[1]}.{(int(m[2]) + 3) % 10}{m[3]}", claims[3])
    return [head + "\n".join(claims) + "\n" for head in heads]


def forget():
    """Read every line anew."""
    for kept in (lines._prepared, lines._claimed):
        kept.cache_clear()


@pytest.mark.parametrize(("name", "seed"), covering(CASES))
def test_another_sheet_with_the_same_lines_changes_nothing(name, seed):
    first, second = two_sheets(name, seed)
    alone = []
    for text in (first, second):
        forget()
        alone.append(audit_text(text).to_dict())
    forget()
    in_turn = [audit_text(text).to_dict() for text in (first, second, first, second)]
    assert in_turn == alone + alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize(("name", "seed"), covering(CASES))
def test_a_sheet_marked_from_nothing_each_time_is_marked_alike(name, seed, monkeypatch):
    (text, _), kept = two_sheets(name, seed), []
    marked = sheet.mark_sheet
    forget()
    found = audit_text(text).to_dict()

    def anew(state, *rest):
        forget()
        for problem in {id(p): p for p in (state.problem, state.header)}.values():
            problem.known.clear()
        kept.append(state)
        state.be_about(state.problem)
        state.reader._places = {}
        return marked(state, *rest)

    monkeypatch.setattr(conventions, "mark_sheet", anew)
    monkeypatch.setattr("chainrule.auditing.audit.mark_sheet", anew)
    monkeypatch.setattr("chainrule.auditing.marking.naming.mark_sheet", anew)
    monkeypatch.setattr("chainrule.auditing.audit._stands", lambda *_: False)
    assert audit_text(text).to_dict() == found
    assert kept


def test_a_problem_made_from_another_knows_nothing_of_it():
    problem = Problem.of(cr.Network([[[0.5, -0.6]]], [[0.1]], output="sigmoid", loss="half_squared_error"), [1, 2], [1])
    problem.known["a"] = 1
    assert problem.scaled(2.0).known == {}
