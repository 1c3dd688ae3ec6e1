"""Activations by a formula: the derivative by rule is the numerical one, and both turn where it is said."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.formula import tree as t
from chainrule.formula.derivative import derivative
from chainrule.formula.evaluate import FUNCTIONS, evaluate
from chainrule.formula.grammar import parse
from chainrule.formula.own_rule import REACH, FormulaRule, named
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.network import Network

A = t.Ref("a")
SMOOTH = sorted({"exp", "sin", "cos", "tanh", "sigmoid", "softplus", "gelu", "silu"} & set(FUNCTIONS))
trees = st.recursive(
    st.just(A) | st.integers(1, 9).map(lambda n: t.Number(n / 2, f"{n / 2}")),
    lambda inner: (
        st.builds(lambda x, y: t.Add((x, t.Neg(y))), inner, inner)
        | st.builds(lambda x, y: t.Mul((x, y)), inner, inner)
        | st.builds(lambda x, y: t.Div(x, t.Add((t.Number(2.0, "2"), t.Call("sin", (y,))))), inner, inner)
        | st.builds(lambda x: t.Pow(x, t.Number(3.0, "3")), inner)
        | st.builds(lambda f, x: t.Call(f, (x,)), st.sampled_from(SMOOTH), inner)
        | st.builds(lambda f, x, y: t.Call(f, (x, y)), st.sampled_from(["max", "min"]), inner, inner)
    ),
    max_leaves=5,
)


@given(trees, st.floats(-1.5, 1.5))
def test_the_derivative_is_the_numerical_one(tree, at):
    def value(tree, a):
        return float(evaluate(tree, lambda _: a))

    h = 1e-4
    ends = [(value(tree, at + i * h) - value(tree, at + j * h)) / ((i - j) * h) for i, j in ((1, 0), (0, -1), (1, -1))]
    if not np.isfinite(ends).all() or max(map(abs, ends)) > 1e4 or abs(ends[0] - ends[1]) > 1e-2:
        return  # steep, or at a kink
    assert value(derivative(tree, "a"), at) == pytest.approx(ends[2], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_formula_of_the_table_is_that_row(name):
    assert named(parse(ACTIVATIONS[name].formula, "free")) == name


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.25, 0.3, 0.9])
def test_a_slope_left_of_0_is_a_leaky_relu(slope):
    assert named(parse(f"max({slope}*a, a)", "free")) == f"leaky_relu({slope})"


@pytest.mark.parametrize(
    "formula",
    ["a/10", "a^3 - a", "a/(1 + abs(a))", "exp(-a^2)", "sin(a)", "min(max(0, a), 1)", "2*a", "sqrt(1 + a^2)",
     "ln(1 + a^2)", "log10(1 + a^2)", "log2(1 + a^2)", "tan(a/9)", "2^a"],
)  # fmt: skip
def test_rows_of_formulas(formula):
    rule = FormulaRule(formula)
    row = rule.row
    points = np.linspace(-5.03, 5.01, 400)
    slopes = (row.g(points + 1e-6) - row.g(points - 1e-6)) / 2e-6
    assert row.dg(points) == pytest.approx(slopes, rel=1e-5, abs=1e-6)
    for values, turns in ((row.g(points), row.turns), (row.dg(points), row.dturns)):
        steps = np.sign(np.round(np.diff(values), 12))
        for i in np.flatnonzero(steps[1:] * steps[:-1] < 0):
            assert any(points[i] <= turn <= points[i + 2] for turn in turns)
    assert pickle.loads(pickle.dumps(rule)).row.formula == row.formula
    assert np.imag(row.g(points + 1e-20j)) / 1e-20 == pytest.approx(row.dg(points), rel=1e-5, abs=1e-6)


def test_a_network_of_formulas_has_the_gradients_of_its_loss():
    import chainrule as cr

    rng = np.random.default_rng(3)
    weights = [rng.normal(size=(3, 2)), rng.normal(size=(2, 3)), rng.normal(size=(1, 2))]
    hidden = ["leaky_relu(0.2)", FormulaRule("a^3 - a")]
    net = Network(weights, hidden=hidden, output=FormulaRule("a/10"), loss="squared_error")
    assert cr.check_gradients(net, [0.3, -0.4], [1.0]).ok


@pytest.mark.parametrize(
    ("formula", "says"),
    [("b + a", "a formula of a alone"), ("2", "a formula of a alone"), ("softmax(a)", "one whose derivative is known")],
)
def test_formulas_that_are_no_activation(formula, says):
    with pytest.raises(InputError, match=says):
        _ = FormulaRule(formula).row
    assert REACH > 0


@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_a_slope_of_h_alone_is_that_of_the_formula(row):
    tree = parse(row.dformula, "free")
    assert (row.dg_of_h is not None) == (set(t.refs(tree)) == {"h"})
    if row.dg_of_h is not None:
        for h in np.linspace(-0.9, 0.9, 7):
            assert row.dg_of_h(h) == pytest.approx(evaluate(tree, lambda _, h=h: h))
            assert row.dg_of_h(row.g(np.array(h))) == pytest.approx(row.dg(np.array(h)))
