"""The chain rule in graphs of formulas: the notes' toy example, random graphs, formulas from strangers."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.formula.tree import Number, refs
from chainrule.network.activations import ACTIVATIONS
from tests.support.sample import draws

TOY = "y1 = x^2; y2 = x^3; z = log(y1/y2)"


def test_the_notes_toy_example():
    d = cr.Graph(TOY).derivative("dz/dx", at={"x": 2.0})
    assert d.count == 2
    assert [p.nodes for p in d.paths] == [("x", "y1", "z"), ("x", "y2", "z")]
    assert [p.value for p in d.paths] == [1.0, -1.5]
    assert [p.product for p in d.paths] == ["2*x/y1", "-3*x^2/y2"]
    assert d.formula == "-1/x"
    assert d.value == -0.5
    assert d.numerical == pytest.approx(-0.5, rel=1e-9)


def test_without_values_there_are_symbols_only():
    d = cr.Graph(TOY).derivative("dz/dx")
    assert (d.value, d.numerical, d.formula) == (None, None, "-1/x")
    assert "= -0.5" not in str(d)


def test_a_derivative_by_a_variable_in_between():
    d = cr.Graph("u = x*w; v = u^2 + x; z = sin(v)*u").derivative("dz/du", at={"x": 1.0, "w": 0.5})
    assert d.count == 2
    assert d.value == pytest.approx(d.numerical, rel=1e-8)


OPERATIONS = ["{a}*{b}", "{a} + {b}", "sin({a})*{b}", "exp(-{a}^2) - {b}", "tanh({a}/2)*{b} + {a}", "sigma({a}) + {b}"]


def reaches(graph, below, above):
    return below == above or any(reaches(graph, below, str(r)) for r in refs(graph.formulas.get(above, Number(0.0))))


@draws(6)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=4),
       st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))  # fmt: skip
def test_drawn_graphs_agree_with_numerical_differentiation(lines, x, w):
    known, formulas = ["x", "w"], []
    for i, (operation, a, b) in enumerate(lines):
        formulas.append(f"v{i} = " + operation.format(a=known[-1 - a % min(3, len(known))], b=known[b % len(known)]))
        known.append(f"v{i}")
    graph = cr.Graph("\n".join(formulas))
    at = {name: {"x": x, "w": w}[name] for name in graph.inputs}
    assume(reaches(graph, "x", known[-1]))
    d = graph.derivative(f"d{known[-1]}/dx", at=at, top=10**6)
    scale = sum(abs(p.value) for p in d.paths)
    assert math.isclose(sum(p.value for p in d.paths), d.value, rel_tol=1e-9, abs_tol=1e-12 * scale)
    assert d.numerical is None or math.isclose(d.value, d.numerical, rel_tol=1e-4, abs_tol=1e-7 * (1 + scale))


@pytest.mark.parametrize(
    ("formulas", "says"),
    [
        ("", "at least one formula"),
        ("z", "formulas such as"),
        ("z = ", "more after its end"),
        ("z = x +* 2", "a number or a name at column 4"),
        ("z = 2x", "a product is written 2*x"),
        ("z = x**2", "a power is written x^2"),
        ("z = foo(x)", "functions are"),
        ("x = 2; x = 3", "x twice"),
        ("z = x; z = 2*x", "z twice"),
        ("a = b; b = a", "no circle"),
        ("z = __import__('os').system('true')", "an operator"),
        ("z = open(x)", "functions are"),
        ("z = x)", "an operator or the end at column 2"),
        ("z = diag(x)", "functions are"),
        ("1z = x", "formulas such as"),
        ("z = " + "(" * 5000, "brackets within brackets"),
        ("z = " + "1+" * 20_000 + "1", "at most 20000 characters"),
    ],
)
def test_formulas_that_cannot_be_read(formulas, says):
    with pytest.raises(cr.InputError, match=re.escape(says)):
        cr.Graph(formulas)


@pytest.mark.parametrize(
    ("name", "at", "says"),
    [
        ("dz/dq", None, "of variables x, y1, y2, z"),
        ("z", None, "a derivative such as"),
        ("dx/dz", None, "a variable that x depends on"),
        ("dz/dx", {"y": 1.0}, "a value for each of x; got none for x and one for y$"),
        ("dz/dx", {"x": 1.0, "y": 1.0}, "a value for each of x; got one for y$"),
        ("dz/dx", {"x": 1.0, "y1": 1.0}, "no formula gives"),
        ("dz/dx", {"x": 0.0}, "value of z: expected a finite number"),
    ],
)
def test_questions_that_make_no_sense(name, at, says):
    with pytest.raises(cr.InputError, match=says):
        cr.Graph(TOY).derivative(name, at)


def test_a_missing_value_alone_is_refused():
    with pytest.raises(cr.InputError, match=re.escape("at: expected a value for each of w, x; got none for w") + "$"):
        cr.Graph("z = w*x").derivative("dz/dx", {"x": 1.0})


def test_many_paths_are_counted():
    steps = "; ".join(f"a{i} = sin(v{i}); b{i} = cos(v{i}); v{i + 1} = a{i}*b{i}" for i in range(8))
    d = cr.Graph(steps).derivative("dv8/dv0", at={"v0": 0.3})
    assert (d.count, len(d.paths)) == (256, 20)
    assert d.value == pytest.approx(d.numerical, rel=1e-6)


@pytest.mark.parametrize(
    ("formulas", "of", "at"),
    [
        ("z = sqrt(x)", "dz/dx", {"x": 0.0}),
        ("z = x^y", "dz/dy", {"x": 0.0, "y": 2.0}),
        ("z = abs(x)^0.5", "dz/dx", {"x": 0.0}),
    ],
)
def test_a_slope_that_is_no_number_is_said(formulas, of, at):
    with pytest.raises(cr.InputError, match="a finite number"):
        cr.Graph(formulas).derivative(of, at)


@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
@pytest.mark.parametrize("function", ["relu", "sigma", "softplus", "tanh"])
def test_functions_have_the_slopes_of_the_table(function, x):
    rule = ACTIVATIONS[{"sigma": "sigmoid"}.get(function, function)]
    found = cr.Graph(f"z = {function}(x)").derivative("dz/dx", {"x": x}).value
    assert found == pytest.approx(float(rule.dg(np.array([x]))[0]), rel=1e-12)


def test_more_paths_than_can_be_listed_are_counted():
    steps = "; ".join(f"a{i} = v{i}; b{i} = v{i}; v{i + 1} = a{i} + b{i}" for i in range(40))
    d = cr.Graph(steps).derivative("dv40/dv0", at={"v0": 1.0})
    assert (d.count, d.value) == (2**40, 2.0**40)
    assert len(d.paths) == 20


@pytest.mark.parametrize(("formula", "x"), [("sin(x)", 1e6), ("log(x)", 1e-5), ("sqrt(x)", 1e-4), ("x^3", -1e-3)])
def test_the_check_finds_a_step_at_every_scale(formula, x):
    d = cr.Graph(f"z = {formula}").derivative("dz/dx", {"x": x})
    assert d.numerical == pytest.approx(d.value, rel=1e-4)
