"""Roots without brackets, norms between two bars, poles, and the messages about them."""

import mpmath
import numpy as np
import pytest

import chainrule as cr


def slope(formula, at=4.0):
    return cr.Graph(f"f = {formula}").derivative("df/dx", {"x": at}).value


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("√x", "sqrt(x)"), ("2*√x", "2*sqrt(x)"), ("√4*x", "sqrt(4)*x"), ("√x*x", "sqrt(x)*x"), ("-√x", "-sqrt(x)"),
        ("1/√x", "1/sqrt(x)"), ("x^√x", "x^sqrt(x)"), ("√√x", "sqrt(sqrt(x))"), ("∛x", "cbrt(x)"),
        ("∛8*x", "cbrt(8)*x"), ("∜x", "sqrt(sqrt(x))"), ("∜(x + 1)", "sqrt(sqrt(x + 1))"), ("√(x)^2", "sqrt(x)^2"),
        ("√exp(x)", "sqrt(exp(x))"), ("√|x|", "sqrt(abs(x))"), ("√2 x", "sqrt(2)*x"),
        ("√x + √(x*√x)", "sqrt(x) + sqrt(x*sqrt(x))"), ("||x| - 1|", "abs(abs(x) - 1)"), ("||x||^3", "abs(x)^3"),
        ("‖x - 1‖", "abs(x - 1)"), ("√||x||", "sqrt(abs(x))"), ("|x|*||x||", "abs(x)*abs(x)"),
    ],
)  # fmt: skip
def test_roots_and_bars_are_what_is_written_out(written, plain):
    assert slope(written) == pytest.approx(slope(plain), rel=1e-14)


@pytest.mark.parametrize("written", ["||x||^2", "‖x‖^2", "||x||_2^2", "‖x‖_{2}^2", "norm(x)^2"])
def test_two_bars_are_a_norm(written):
    assert np.allclose(slope(written, [3.0, 4.0]), [6.0, 8.0])


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("√x^2", "brackets: √(x^2) or (√x)^2"), ("√x²", "brackets"), ("√2x", "brackets: √(2*x) or √(2)*x"),
        ("√2(x)", "brackets"), ("√-x", "brackets after √, such as √(x)"), ("√", "brackets after √"),
        ("x√2", "an operator"), ("3√x", "an operator"), ("∜*x", "brackets after ∜"),
    ],
)  # fmt: skip
def test_what_may_be_read_two_ways_is_refused(written, says):
    with pytest.raises(cr.InputError) as error:
        slope(written)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("formula", "at", "says"),
    [
        ("tan(pi/2*x)", 1, "no odd multiple of pi/2 and has 1.5708, a pole of tan"),
        ("sec(pi/2*x)", 3, "a pole of sec"),
        ("cot(pi*x)", 2, "a pole of cot"),
        ("csc(pi*x)", -1, "a pole of csc"),
        ("x/x", 0, "got x/x, which needs a divisor that is not 0"),
        ("x^(x - 1)", 0, "got x^(x - 1), which needs"),
    ],
)
def test_a_pole_is_said(formula, at, says):
    with pytest.raises(cr.InputError) as error:
        slope(formula, at)
    assert says in str(error.value)


@pytest.mark.parametrize("near", ["1.5707963267948966", "1.57", "4.71238898038469"])
def test_beside_a_pole_there_is_a_number(near):
    with mpmath.workdps(60):
        due = float(mpmath.sec(mpmath.mpf(near)) ** 2)
    assert slope("tan(x)", float(near)) == pytest.approx(due, rel=1e-12)


def test_beside_a_pole_that_rounding_cannot_tell():
    assert slope("tan(pi/2 - 1e-60*x)", 1.0) == pytest.approx(-1e60, rel=1e-12)


def test_a_name_that_does_not_stand_in_the_graph_is_told():
    with pytest.raises(cr.InputError) as error:
        cr.Graph("f = 2*x").derivative("df/dq", {"x": 1})
    assert "got q, which does not stand in the graph (a product is written x*y)" in str(error.value)
