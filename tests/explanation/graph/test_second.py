"""Second derivatives: formulas, numbers beside mpmath, Hessian blocks, and how they are asked."""

import mpmath
import numpy as np
import pytest

import chainrule as cr
from trials import graphs as trial


@pytest.mark.parametrize(
    ("source", "asked", "formula"),
    [
        ("z = x^3", "d2z/dx2", "6*x"),
        ("z = x^3", "d2z/dx^2", "6*x"),
        ("z = x^3", "∂²z/∂x²", "6*x"),
        ("z = x^3", "d^2z/dx^2", "6*x"),
        ("z = x^3", "d2z/dxdx", "6*x"),
        ("z = x^2*w", "d2z/dxdw", "2*x"),
        ("z = x^2*w", "∂²z/∂w∂x", "2*x"),
        ("u = x*w; z = u^2", "d2z/dx2", "2*w^2"),
        ("ŷ = σ(a_1)", "d2ŷ/da_1^2", "sigmoid(a_1)*(2*sigmoid(a_1) - 1)*(sigmoid(a_1) - 1)"),
        ("z = x + w", "d2z/dx2", "0"),
        ("z = x1^2*x2^3", "d2z/dx1dx2", "6*x1*x2^2"),
        ("z = x2^2", "d2z/dx2^2", "2"),
        ("z = x^2*x2", "d2z/dx2", "2*x2"),  # x twice: x2 alone would be half a question
    ],
)
def test_formulas(source, asked, formula):
    assert cr.Graph(source).derivative(asked).formula == formula


def test_numbers_are_those_of_mpmath():
    seen = 0
    for seed in range(40):
        one = trial.drawn(seed)
        name = list(one.rules)[-1]
        at = {key: float(number) for key, number in one.at.items()}
        try:
            found = cr.Graph(one.source).derivative(f"d2{name}/dx^2", at)
        except cr.InputError:
            continue
        if found.kinks:
            continue
        with mpmath.workdps(60):
            expected = mpmath.diff(one.value, mpmath.mpf(one.at["x"]), 2)
        assert found.value == pytest.approx(float(expected), rel=1e-12, abs=1e-25), one.source
        assert found.numerical is None or found.numerical == pytest.approx(found.value, rel=1e-9, abs=1e-25)
        seen += 1
    assert seen > 15


def test_a_block_of_the_hessian():
    graph = cr.Graph("W = [[1, 2], [3, 4]]; h = tanh(W x); L = sum(h^2)")
    found = graph.derivative("d2L/dx^2", {"x": [0.1, -0.2]})
    w, x = np.array([[1.0, 2], [3, 4]]), np.array([0.1, -0.2])
    h = np.tanh(w @ x)
    due = w.T @ np.diag((1 - h**2) * (2 * (1 - h**2) - 4 * h**2)) @ w
    np.testing.assert_allclose(found.value, due, rtol=1e-12)
    np.testing.assert_allclose(found.numerical, due, rtol=1e-12)
    assert "d2L/dx^2 = [[" in str(found)
    assert graph.derivative("d2L/dW_11dW_12", {"x": [0.1, -0.2]}).value != 0
    assert found.to_dict()["value"][0][1] == found.value[0, 1]
    assert found.to_latex()


@pytest.mark.parametrize(
    ("source", "asked", "says"),
    [
        ("z = x^2", "d2z/dq2", "a derivative such as dz/dx"),
        ("z = x^2 + q*0", "d2q/dx2", "variables that q depends on"),
        ("h = [x, x^2]", "d2h/dx^2", "a second derivative of one number"),
        ("z = sqrt(x)", "d2z/dx^2", "a finite number"),
    ],
)
def test_what_cannot_be_asked(source, asked, says):
    with pytest.raises(cr.InputError, match=says):
        cr.Graph(source).derivative(asked, {"x": 0.0} if "sqrt" in source or "[" in source else None)


def test_at_a_kink_the_convention_is_told():
    found = cr.Graph("z = relu(x)*x").derivative("d2z/dx^2", {"x": 0.0})
    assert found.kinks
    assert "by convention" in str(found)
    assert found.numerical is None
