"""Marking, function by function: the state of a sheet, and a line read, marked and diagnosed."""

from dataclasses import FrozenInstanceError

import numpy as np
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

W = (np.array([[0.1, 0.3], [-0.2, 0.4]]), np.array([[0.5, -0.6], [0.7, 0.2]]))
B = ([0.1, -0.1], [0.3, 0.1])
PROBLEM = Problem.of(Network(W, B, "sigmoid", "sigmoid", "half_squared_error"), [1.0, 2.0], [1.0, 0.0], rate=0.5)


def marked(*lines, diagnosed=True, problem=PROBLEM):
    read = read_lines(lines, 1, problem.sizes)
    return mark_sheet(SheetState(problem, Reading(), read, 0.01), diagnose if diagnosed else None)


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


def test_a_line_follows_though_some_of_its_digits_are_cut():
    wrong, follows = marked("a_1 = [0.8, 0.9]", "h_1 = [0.689, 0.711]").marks
    assert (follows.verdict, follows.root) == ("follows", wrong)


def test_what_follows_may_go_the_way_through_the_wrong_line():
    """Slopes come from h, or from a straight; the first is not right, and has no mistake that is known."""
    _, wrong, by_h, neither = marked(
        "a_1 = [0.8, 0.5]", "h_1 = [0.59, 0.62]", "dh_1/da_1 = [0.242, 0.236]", "dh_1/da_1 = [0.3, 0.2]"
    ).marks
    assert [m.found[0].id for m in (wrong,)] == ["inconsistent_with_own_line"]
    assert (by_h.verdict, by_h.root) == ("follows", wrong)
    assert neither.verdict == "wrong"


@pytest.mark.parametrize(("number", "verdict"), [("-0.0136", "follows"), ("0.0933", "rounded"), ("0.0500", "wrong")])
def test_a_formula_is_judged_by_what_its_names_mean_and_its_number_by_what_they_were(number, verdict):
    formula = "dL/dyhat_1*dyhat_1/dh_12 + dL/dyhat_2*dyhat_2/dh_12"
    wrong, line = marked("dyhat_1/dh_12 = 0.1000", f"dL/dh_12 = {formula} = {number}").marks
    assert wrong.verdict == "wrong"
    assert line.formulas[0].verdict == "right"
    assert line.verdict == verdict


def test_only_a_diagnosed_line_has_mistakes():
    lines = ("a_1 = [0.7, 0.6]", "dL/dW_1 = dL/da_1*h_1^T")
    plain, told = marked(*lines, diagnosed=False), marked(*lines)
    assert [m.verdict for m in plain.marks] == [m.verdict for m in told.marks] == ["wrong", "wrong"]
    assert [m.candidates for m in plain.marks] == [(), ()]
    assert [m.found[0].id for m in told.marks] == ["bias_dropped", "h_for_x_in_dW1"]
    assert told.marks[1].formulas[0].found[0].id == "h_for_x_in_dW1"
    assert [a.candidate.found.id for a in told.adopted] == []  # each line writes all that its mistake touches


def test_a_mistake_that_gives_the_printed_digits_is_exact_whatever_slopes_stand_before_it():
    """The slopes are right; the line takes h for them, and the way straight from yhat, past a wrong dL/dyhat."""
    network = Network(W, B, "sigmoid", "softmax", "cross_entropy")
    yhat, h = np.array([0.4, 0.6]), np.array([0.69, 0.62])
    number = W[1].T @ (yhat - [1.0, 0.0]) * h
    *_, line = marked(
        "h_1 = [0.69, 0.62]", "yhat = [0.4, 0.6]", "dL/dyhat = [-5.0, 4.0]", "dh_1/da_1 = [0.21, 0.24]",
        f"dL/da_1 = {number.round(6).tolist()}", problem=Problem.of(network, [1.0, 2.0], [1.0, 0.0], rate=0.5),
    ).marks  # fmt: skip
    assert [(c.found.id, c.exact) for c in line.candidates] == [("sigma_for_sigma_prime_hidden", True)]
    assert line.candidates[0].found.value == pytest.approx(number)


def test_a_name_with_a_number_alone_has_no_due_value():
    state = marked("c = 3", "e = c*yhat_1 = 1.70")
    number_alone, computed = (m.claim for m in state.marks)
    with pytest.raises(NumbersOnly):
        state.due(number_alone, state.truth)
    assert state.due(computed, state.truth) == pytest.approx(3 * PROBLEM.network.forward([1.0, 2.0]).yhat[0, 0])
