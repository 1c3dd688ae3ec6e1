"""Formulas: what is written for a derivative, in the inputs."""

import pytest

import chainrule as cr


@pytest.mark.parametrize(
    ("source", "of", "formula"),
    [
        ("y1 = x^2; y2 = x^3; z = log(y1/y2)", "dz/dx", "-1/x"),
        ("z = sinh(x)", "dz/dx", "cosh(x)"),
        ("δ = x^2; z = δ*2", "dz/dx", "4*x"),
        ("w₁ = x; ŷ = w₁^2", "dŷ/dx", "2*x"),
        ("p = sigmoid(z); L = -ln(p)", "dL/dz", "sigmoid(z) - 1"),
        ("z = (x + 1)/(x - 1)", "dz/dx", "-2/(x - 1)^2"),
        ("z = (x+1)^1000/(x-1)^999", "dz/dx", "(x + 1)^999*(x - 1999)/(x - 1)^1000"),
        ("z = exp(x)*exp(-x)*x", "dz/dx", "1"),
        ("z = e^(2*x)", "dz/dx", "2*exp(2*x)"),
        ("z = x^n", "dz/dx", "n*x^(n - 1)"),
        ("z = x^n", "dz/dn", "x^n*log(x)"),
        ("z = sqrt(x)", "dz/dx", "1/(2*sqrt(x))"),
        ("z = tan(x)", "dz/dx", "tan(x)^2 + 1"),
        ("h = tanh(a); z = h", "dz/da", "1 - tanh(a)^2"),
        ("z = 0.125*x^2", "dz/dx", "x/4"),
        ("z = 0.001*x", "dz/dx", "0.001"),
        ("z = max(0, u); u = x*w", "dz/dw", "x*step(w*x)"),
        ("z = x*10^(10^10)", "dz/dx", "10^10000000000"),
        ("x = -2; y = 5; z = -4; q = x+y; f = q*z", "df/dx", "z"),
        ("z = x/3 - x/3 + w*x", "dz/dx", "w"),
        ("z = (1 + x/10^12)^(10^12)", "dz/dx", "(0.000000000001*x + 1)^999999999999"),
        ("z = (a + b)*(a + b)", "dz/da", "2*a + 2*b"),
        ("s = sum_{i=1}^{3} w_i*x_i^2 + b", "ds/dx_2", "2*w_2*x_2"),
    ],
)
def test_a_small_formula_is_as_a_person_writes_it(source, of, formula):
    assert cr.Graph(source).derivative(of).formula == formula


def test_a_formula_is_written_in_what_it_is_asked_by_and_in_the_inputs():
    graph = cr.Graph("u = x*w; v = u^2 + x; z = sin(v)*u")
    assert graph.derivative("dz/du").formula == "2*u^2*cos(u^2 + x) + sin(u^2 + x)"


def test_a_formula_that_is_long_in_the_inputs_stays_in_the_variables():
    lines = "; ".join(f"{name} = sin(x + {i})*cos(x)*exp(x*{i}) + log(x^2 + {i})" for i, name in enumerate("abcd", 2))
    found = cr.Graph(f"{lines}; y = x; z = a*b*c*d*y").derivative("dz/dy")
    assert found.formula == "a*b*c*d"
