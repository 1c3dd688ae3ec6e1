"""Arithmetic of a line: what its numbers give, how far their digits can move it, and what is rounded, cut or wrong."""

import re

import pytest

from chainrule import InputError
from chainrule.auditing.audit import audit_text
from chainrule.auditing.marking import formulas
from chainrule.auditing.marking.formulas import with_radius
from chainrule.auditing.model.effort import Effort
from chainrule.formula.grammar import parse
from tests.auditing.test_slips import COARSE, HEADER, last


@pytest.mark.parametrize(
    ("formula", "value", "radius"),
    [
        ("0.5", 0.5, 0.05), ("0.50", 0.5, 0.005), ("0.5*0.25", 0.125, 0.05 * 0.25 + 0.005 * 0.5), ("2*0.5", 1.0, 0.1),
        ("0.5 - 0.25", 0.25, 0.05 + 0.005), ("3", 3.0, 0.0), ("0.5^2", 0.25, 0.55**2 - 0.25), ("1e-3", 1e-3, 0.5e-3),
    ],
)  # fmt: skip
def test_digits_of_a_number_are_half_a_unit_wide(formula, value, radius):
    """The wider side counts, and a hundredth more; whole numbers are exact."""
    found, width = with_radius(parse(formula), None, {}, Effort())
    assert (float(found), float(width)) == (pytest.approx(value), pytest.approx(1.01 * radius))


def test_numbers_that_are_given_are_exact():
    _, width = with_radius(parse("0.5*0.25"), None, {0.5: 0.0}, Effort())
    assert float(width) == pytest.approx(1.01 * 0.005 * 0.5)


def test_a_formula_may_have_so_many_numbers(monkeypatch):
    monkeypatch.setattr(formulas, "MOST_MOVED", 6)  # a product of two: three parts, two numbers
    with_radius(parse("0.5*0.25"), None, {}, Effort())
    monkeypatch.setattr(formulas, "MOST_MOVED", 5)
    with pytest.raises(InputError, match=re.escape("at most 5 for its parts times its numbers; got 6")):
        with_radius(parse("0.5*0.25"), None, {}, Effort())


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("e = 0.5*0.5 = 0.3", "rounded"), ("e = 0.5*0.5 = 0.2", "rounded"),  # half a unit, to either side
        ("e = 0.35*0.5 = 0.17", "rounded"), ("e = 0.381*0.5 = 0.19", "rounded"), ("e = 1/3 = 0.33", "rounded"),
        ("e = 2/3 = 0.66", "truncated"), ("e = 2/3 = 0.65", "wrong"), ("e = 1/3 = 0.34", "wrong"),
        ("e = 0.35*0.5 = 0.16", "wrong"), ("e = 0.38*0.5 = 0.18", "wrong"),  # no digit was lost: nothing to cut
        ("a_21 = 0.5*0.69 - 0.6*0.62 + 0.3", "right"), ("a_21 = 0.5*0.69 - 0.6*0.62 + 0.4", "wrong"),
        ("a_2 = [0.5*0.69 - 0.6*0.62 + 0.3, 0.7*0.69 + 0.2*0.62 + 0.1]", "right"),
        ("a_2 = [0.5*0.69 - 0.6*0.62 + 0.3, 0.7*0.69 + 0.2*0.62 + 0.2]", "wrong"),
    ],
)  # fmt: skip
def test_what_the_numbers_give(written, verdict):
    line = last(COARSE, written)
    assert (line.parts[-1] if written.startswith("e =") else line).verdict == verdict
    if written.startswith("e ="):  # a name of the author's own is never right by its arithmetic alone
        assert line.verdict == ("wrong" if verdict == "wrong" else "undecided")


@pytest.mark.parametrize(
    ("x", "written", "verdict"),
    [("[1.0, 2.0]", "yhat_1 = 1", "wrong"), ("[111.0, 2.1]", "a_11 = 12", "rounded")],  # 0.567464 and 11.83
)  # fmt: skip
def test_a_digit_alone_is_as_fine_as_the_rest_of_the_sheet(x, written, verdict):
    """A bare 0 or 1 is no rounding to whole numbers, 12 is."""
    lines = audit_text(HEADER.replace("x = [1.0, 2.0]", f"x = {x}") + written).lines
    assert [line.verdict for line in lines] == [verdict]


def test_what_arithmetic_gives_is_said():
    assert last(COARSE, "a_21 = 0.5*0.69/0.6 + 0.3").message == "0.5*0.69/0.6 + 0.3 is 0.875; a_21 should be 0.2715"
    message = "[0.1*0.5, 0.3] is [0.05, 0.3]; dL/da_2 should be [-0.1062, 0.1481]"
    assert last(COARSE, "dL/da_2 = [0.1*0.5, 0.3]").message == message
    assert last(COARSE, "yhat_1 = 0.56").message == "the digits are cut, not rounded: 0.567"


@pytest.mark.parametrize(
    ("written", "verdict"), [("0.3", "right"), ("0.2", "right"), ("0.25", "right"), ("0.1", "wrong")]
)
def test_a_half_of_the_last_digit_is_rounded_to_either_side(written, verdict):
    arithmetic, _ = last(COARSE, f"e = 0.5*0.5 = {written}").parts
    assert (arithmetic.kind, arithmetic.verdict) == ("arithmetic", verdict)


@pytest.mark.parametrize("formula", ["0.38*0.5", "0.5*0.38", "0.2 - 0.01"])
def test_a_slip_in_the_last_digit_is_one_of_arithmetic(formula):
    """No digit was lost, and no other order of the factors gives it; 0.2 may be 0.19, which leaves e open there."""
    line = last(COARSE, f"e = {formula} = 0.18")
    assert (line.verdict, line.mistakes) == ("wrong", ("arithmetic",))
    assert line.message == f"{formula} is 0.19, not 0.18" + ("; e should be 0.19" if "*" in formula else "")
