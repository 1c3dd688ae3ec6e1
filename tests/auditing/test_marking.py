"""Marking, function by function: the state of a sheet, and a line read, marked and diagnosed."""

from dataclasses import FrozenInstanceError

import pytest

from chainrule.auditing.diagnosis import diagnose
from chainrule.auditing.marking.dependencies import sources
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.world import NumbersOnly
from chainrule.network.network import Network
from chainrule.sheets.lines import read_lines

W = ([[0.1, 0.3], [-0.2, 0.4]], [[0.5, -0.6], [0.7, 0.2]])
B = ([0.1, -0.1], [0.3, 0.1])
PROBLEM = Problem.of(Network(W, B, "sigmoid", "sigmoid", "half_squared_error"), [1.0, 2.0], [1.0, 0.0], rate=0.5)


def marked(*lines, diagnosed=True):
    read = read_lines(lines, 1, PROBLEM.sizes)
    return mark_sheet(SheetState(PROBLEM, Reading(), read, 0.01), diagnose if diagnosed else None)


def test_a_line_has_all_that_belongs_to_its_number_or_no_number():
    state = marked("a_1 = W_1*x + b_1 = [0.8, 0.5]", "h_1 = sigma(a_1)", "e = 3", "a_2 = [1, 2, 3]")
    number, formula, own_name, misfit = state.marks
    assert [m.verdict for m in state.marks] == ["right", "right", "undecided", "unreadable"]
    assert number.value.fits.all()
    assert number.value.due == pytest.approx([0.8, 0.5])
    assert number.formulas[0].verdict == "right"
    assert [m.value for m in (formula, own_name, misfit)] == [None] * 3
    assert misfit.why == "a_2: expected 2; got 3"
    with pytest.raises(FrozenInstanceError):
        number.verdict = "wrong"


def test_what_follows_from_a_wrong_line_has_it_as_its_root():
    state = marked("a_1 = [0.8, 0.9]", "h_1 = [0.690, 0.711]", "W_111 = 0.1")
    wrong, follows, given = state.marks
    assert (wrong.verdict, follows.verdict, given.verdict) == ("wrong", "follows", "right")
    assert follows.root is wrong
    assert sources(state, follows.claim) == [wrong]
    assert sources(state, given.claim) == []
    assert state.lines_of(Node("a", 1), 0) == [wrong]


def test_only_a_diagnosed_line_has_mistakes():
    lines = ("a_1 = [0.7, 0.6]", "dL/dW_1 = dL/da_1*h_1^T")
    plain, told = marked(*lines, diagnosed=False), marked(*lines)
    assert [m.verdict for m in plain.marks] == [m.verdict for m in told.marks] == ["wrong", "wrong"]
    assert [m.candidates for m in plain.marks] == [(), ()]
    assert [m.found[0].id for m in told.marks] == ["bias_dropped", "h_for_x_in_dW1"]
    assert told.marks[1].formulas[0].found[0].id == "h_for_x_in_dW1"
    assert [a.candidate.found.id for a in told.adopted] == []  # each line writes all that its mistake touches


def test_a_name_with_a_number_alone_has_no_due_value():
    state = marked("c = 3", "e = c*yhat_1 = 1.70")
    number_alone, computed = (m.claim for m in state.marks)
    with pytest.raises(NumbersOnly):
        state.due(number_alone, state.truth)
    assert state.due(computed, state.truth) == pytest.approx(3 * PROBLEM.network.forward([1.0, 2.0]).yhat[0, 0])
