"""How graphs are written: names of any alphabet, sums over an index, products without a sign; and what is refused."""

import random
import re

import pytest

import chainrule as cr
from chainrule.explanation.graph.language import read
from chainrule.explanation.graph.tokens import plain_name
from chainrule.formula import text

VALUES = {"x": 0.7, "y": -1.2, "w_1": 0.3, "w_2": 2.0, "w_3": -0.5, "x_1": 1.5, "x_2": 0.25, "x_3": 4.0}


def worth(formula):
    """The number of a formula at some values."""
    graph = cr.Graph(f"z = {formula}")
    at = {name: VALUES[name] for name in graph.inputs}
    return graph.gradients("z", at).nodes[-1].value


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("-x^2", "-(x*x)"),
        ("x^-2", "1/(x*x)"),
        ("x^-2*y", "y/(x*x)"),
        ("2^-x", "1/2^x"),
        ("x²", "x*x"),
        ("(x + y)²·y", "(x+y)*(x+y)*y"),
        ("x⁻¹", "1/x"),
        ("a/b/c".replace("a", "x").replace("b", "y").replace("c", "2"), "x/(y*2)"),
        ("x/y*2", "2*x/y"),
        ("x - y - 2", "x - (y + 2)"),
        ("x*-y", "-(x*y)"),
        ("--x", "x"),
        ("+x", "x"),
        ("x × y ÷ 2", "x*y/2"),
        ("|x - 2|*3", "3*abs(x - 2)"),
        ("|x|*|y|", "abs(x*y)"),
        ("√(x)*2", "2*sqrt(x)"),
        ("x y", "x*y"),
        ("(x + y) (x - y)", "x^2 - y^2"),
        ("(x + y)(x - y)", "x^2 - y^2"),
        ("x sin(y)", "sin(y)*x"),
        ("x^2 y", "y*x*x"),
        ("x^{2}", "x*x"),
        ("sum_{i=1}^{3} w_i*x_i", "w_1*x_1 + w_2*x_2 + w_3*x_3"),
        ("sum_{i=1}^3 w_i x_i + y", "w_1*x_1 + w_2*x_2 + w_3*x_3 + y"),
        ("Σ_{i=1}^{3} w_{i}*x_{i}", "w_1*x_1 + w_2*x_2 + w_3*x_3"),
        ("sum(w_i*x_i, i=1..3)", "w_1*x_1 + w_2*x_2 + w_3*x_3"),
        ("2*sum(w_i + 1, i=2..3)^2", "2*(w_2 + w_3 + 2)^2"),
        ("sum_{i=1}^{2} sum_{j=2}^{3} w_i*x_j", "(w_1 + w_2)*(x_2 + x_3)"),
        ("sum_{i=2}^{3} w_{i-1}*x_i", "w_1*x_2 + w_2*x_3"),
        ("sum_{i=1}^{3} i*x^i", "x + 2*x^2 + 3*x^3"),
        ("sum_{i=1}^{3} (x_i - y)^2", "(x_1-y)^2 + (x_2-y)^2 + (x_3-y)^2"),
        ("sum_{i=1}^{3} -w_i", "-(w_1 + w_2 + w_3)"),
        ("1e-3*x + .5", "x/1000 + 0.5"),
        ("ln(e^x)", "x"),
        ("sin(π*x)", "sin(3.141592653589793*x)"),
        ("max(x, y, 1, 0)", "1"),
        ("min(x, y, 1)", "y"),
        ("log10(100)*x", "2*x"),
    ],
)
def test_a_formula_is_worth_what_it_says(written, plain):
    assert worth(written) == pytest.approx(worth(plain), rel=1e-14)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("2x", "a product is written 2*x"),
        ("2(x + 1)", "a product is written 2*x"),
        ("x(y + 1)", "functions are"),
        ("f(x)", "functions are"),
        ("x/y z", "brackets around what is divided by"),
        ("sin x", "brackets after sin"),
        ("sin^2(x)", "brackets after sin"),
        ("x^y^2", "powers of powers"),
        ("x +", "more after its end"),
        ("(x", "more after its end"),
        ("(x]", "an operator or the end"),
        ("x,y", "an operator or the end"),
        ("[]", "a number or a name"),
        ("max()", "a number or a name"),
        ("max(x)", "at least 2 arguments"),
        ("sin(x, y)", "1 argument"),
        ("x ! y", "an operator or the end at column 3"),
        ("sum_{i=3}^{1} x_i", "a last value of 3 or more"),
        ("sum_{i=1}^{999999999} x_i", "when written out"),
        ("sum_{i=1}^n x_i", "a sum between numbers, such as sum_{i=1}^{3} x_i"),
        ("sum_i x_i", "a sum between numbers"),
        ("sum(x_i, i=1..n)", "a sum between numbers"),
        ("sum(x_i, i=1..3", "a sum such as"),
        ("1e999*x", "between 1e-308 and 1e308"),
        ("softmax(x)", "a vector in it"),
        ("[1, 2] [3, 4]", "a^T b for a number"),
        ("[1, 2] + [1, 2, 3]", "parts of one shape"),
        ("[[1, 2], [3]]", "rows of one length"),
        ("[[1, 2], [3, 4]]^2", "a matrix"),
        ("x^T", "a vector or a matrix before it"),
    ],
)
def test_what_cannot_be_read_is_said(formula, says):
    with pytest.raises(cr.InputError, match=re.escape(says)):
        cr.Graph(f"z = {formula}").gradients("z", {name: 1.0 for name in "xyz" if name in formula.replace("max", "")})


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("w₁", "w_1"), ("w_{1}", "w_1"), ("w[1]", "w_1"), ("w_{1,2}", "w_12"), ("w[1,2]", "w_12"), ("w₁₂", "w_12"),
        ("w_{10,2}", "w_{10,2}"), ("y\u0302", "ŷ"), ("δ", "δ"), ("w′", "w'"), ("E_total", "E_total"),
        ("h_{3-1}", "h_2"),
    ],
)  # fmt: skip
def test_one_name_has_one_spelling(written, name):
    assert plain_name(written) == name


@pytest.mark.parametrize("name", ["δ", "ŷ", "w₁", "x_12", "θ'", "σ2", "λ", "z̄", "été", "变量", "W_{out}"])
def test_names_stand_on_both_sides(name):
    found = cr.Graph(f"{name} = x^2; z = 3*{name}").derivative(f"d{name}/dx")
    assert found.formula == "2*x"
    assert cr.Graph(f"{name} = x^2; z = 3*{name}").derivative(f"dz/d{name}").formula == "3"


def test_a_variable_may_have_the_name_of_a_function_or_a_constant():
    assert cr.Graph("e = y - t; L = e^2").derivative("dL/de").formula == "2*e"
    assert cr.Graph("T = x; z = x^T").derivative("dz/dT").formula == "x^T*log(x)"
    assert cr.Graph("sigma = x^2; z = sigma*2").derivative("dz/dx").formula == "4*x"


def test_values_are_given_under_any_spelling():
    found = cr.Graph("ŷ = w₁*δ").derivative("dŷ/dw_1", {"w_{1}": 2.0, "δ": 3.0})
    assert found.value == 3.0
    assert found.at == {"w_1": 2.0, "δ": 3.0}


def test_a_name_with_an_index_is_no_entry_of_a_number():
    graph = cr.Graph("y = x + y_0; z = y*y_1")
    assert graph.inputs == ("x", "y_0", "y_1")
    assert graph.derivative("dz/dy_1", {"x": 1, "y_0": 2, "y_1": 5}).value == 3.0


def test_lines_remarks_and_brackets_over_lines():
    graph = cr.Graph("W = [[1, 2],  # the weights\n     [3, 4]]\n\nx = [1, 1]; h = W x\n# the end\nL = sum(h)")
    assert graph.gradients("L").nodes[-1].value == 10.0


WORDS = [
    "x", "y", "w_1", "w₂", "δ", "W", "T", "e", "π", "2", "0", "-1", "1e300", "0.5", "+", "-", "*", "/", "^", "(",
    ")", "[", "]", ",", "=", ";", "sin", "exp", "log", "max", "relu", "sum", "sum_{i=1}^{3}", "x_i", "w_{i,j}",
    "^T", "ᵀ", "²", "⁻¹", "·", "⊙", "√", "softmax", "abs(", "sin(", "max(", "[1,2]", "[[1,2],[3,4]]", "#", "{", "}",
    "'", "∂", "@", "**", "..", "…", "_", "x[1]", "x[i]", "W[1,2]", "é", "𝑧", "ln(", "-x", "^-",
]  # fmt: skip


def said(source):
    """What is said to a graph that may be nonsense."""
    try:
        return str(cr.Graph(source).derivative("dz/dx", {"x": 1.0}))
    except cr.InputError as error:
        return str(error).replace("\n", "LINE")


def test_whatever_is_written_is_read_or_refused_in_one_line():
    draw = random.Random(0)
    for _ in range(1500):
        source = " z = " + draw.choice(["", " "]).join(draw.choices(WORDS, k=draw.randint(1, 7)))
        assert "LINE" not in said(source + draw.choice(["", "; L = z^2", "; x = [1, 2]"])), source


def test_a_deep_formula_is_read_without_recursion():
    tree = read("-" * 5000 + "x")
    depth = 0
    while not hasattr(tree, "name"):
        tree, depth = tree.item, depth + 1
    assert depth == 5000
    assert text(read("x*(y + 2)/z")) == "x*(y + 2)/z"
