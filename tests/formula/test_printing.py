"""Formulas as text and as LaTeX: brackets where needed, numbers in place of names, long arrays shortened."""

import numpy as np
import pytest

from chainrule.formula import latex, parse, text
from chainrule.formula.printing import LONGEST, number_text, symbol_latex, symbol_text
from chainrule.formula.tree import (
    Add,
    Array,
    Call,
    Diff,
    Div,
    Hadamard,
    More,
    Mul,
    Neg,
    Number,
    Pow,
    Ref,
    Slope,
    Timed,
    Transpose,
)
from chainrule.network.names import Quantity, read

a, b, c = (Ref(name) for name in "abc")


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.5, 6, "0.5"), (-0.0, 6, "0"), (0.0, 2, "0"), (-0.130384, 5, "-0.13038"), (4.386e-4, 4, "0.0004386"),
        (4.386e-5, 4, "4.386e-5"), (4.386e-15, 3, "4.39e-15"), (123456.0, 3, "1.23e5"), (1e100, 6, "1e100"),
        (float("inf"), 3, "inf"), (float("-inf"), 3, "-inf"), (float("nan"), 3, "nan"), (100.0, 3, "100"),
    ],
)  # fmt: skip
def test_numbers_have_so_many_significant_digits(value, digits, written):
    assert number_text(value, digits) == written


@pytest.mark.parametrize(
    ("tree", "plain", "tex"),
    [
        (Add((a, Neg(b))), "a - b", "a - b"),
        (Add((Neg(a), b)), "-a + b", "-a + b"),
        (Add((a, Number(-2.0))), "a - 2", "a - 2"),
        (Add((a, Add((b, c)))), "a + (b + c)", r"a + \left(b + c\right)"),
        (Add((a, Neg(Add((b, c))))), "a - (b + c)", r"a - \left(b + c\right)"),
        (Add((a, Mul((Neg(b), c)))), "a - b*c", r"a - b \cdot c"),
        (Mul((Neg(a), b)), "-a*b", r"-a \cdot b"),
        (Mul((a, Neg(b))), "a*(-b)", r"a \cdot \left(-b\right)"),
        (Mul((Add((a, b)), c)), "(a + b)*c", r"\left(a + b\right) \cdot c"),
        (Mul((a, Mul((b, c)))), "a*(b*c)", r"a \cdot \left(b \cdot c\right)"),
        (Neg(Mul((a, b))), "-a*b", r"-a \cdot b"),
        (Neg(Neg(a)), "-(-a)", r"-\left(-a\right)"),
        (Hadamard((Mul((a, b)), c)), "(a*b) ⊙ c", r"\left(a \cdot b\right) \odot c"),
        (Hadamard((Neg(a), c)), "(-a) ⊙ c", r"\left(-a\right) \odot c"),
        (Div(Neg(a), b), "-a/b", r"\frac{-a}{b}"),
        (Div(Add((a, b)), Add((b, c))), "(a + b)/(b + c)", r"\frac{a + b}{b + c}"),
        (Div(a, Mul((b, c))), "a/(b*c)", r"\frac{a}{b \cdot c}"),
        (Div(a, Pow(b, c)), "a/b^c", r"\frac{a}{b^{c}}"),
        (Pow(Neg(a), b), "(-a)^b", r"\left(-a\right)^{b}"),
        (Pow(Pow(a, b), c), "(a^b)^c", r"\left(a^{b}\right)^{c}"),
        (Pow(a, Neg(b)), "a^(-b)", "a^{-b}"),
        (Pow(Number(-2.0), b), "(-2)^b", r"\left(-2\right)^{b}"),
        (Mul((a, Div(b, c))), "a*(b/c)", r"a \cdot \frac{b}{c}"),
        (Pow(Div(a, b), c), "(a/b)^c", r"\left(\frac{a}{b}\right)^{c}"),
        (Transpose(a), "a^T", "a^T"),
        (Transpose(Transpose(a)), "(a^T)^T", r"\left(a^T\right)^T"),
        (Transpose(Add((a, b))), "(a + b)^T", r"\left(a + b\right)^T"),
        (Pow(Call("exp", (a,)), b), "exp(a)^b", r"\left(e^{a}\right)^{b}"),
        (Call("sqrt", (a,)), "sqrt(a)", r"\sqrt{a}"),
        (Call("abs", (a,)), "abs(a)", r"\left|a\right|"),
        (Call("step", (a,)), "step(a)", "[a > 0]"),
        (Call("max", (a, b)), "max(a, b)", r"\max\left(a, b\right)"),
        (Call("sigma", (a,)), "sigma(a)", r"\sigma\left(a\right)"),
        (Call("gelu", (a,)), "gelu(a)", r"\operatorname{gelu}\left(a\right)"),
        (Array((a, b)), "[a, b]", r"\left[\begin{matrix} a \\ b \end{matrix}\right]"),
        (
            Array((Array((a, b)), Array((b, c)))),
            "[[a, b], [b, c]]",
            r"\left[\begin{matrix} a & b \\ b & c \end{matrix}\right]",
        ),
        (Add((a, More((b, c)))), "a + … 2 more terms", r"a + \dots\ \text{2 more terms}"),
        (Mul((Number(0.5, "0.50"), a)), "0.50*a", r"0.50 \cdot a"),
        (Pow(Diff(a, "b"), c), "(d/db[a])^c", r"\left(\frac{\partial}{\partial b}\left[a\right]\right)^{c}"),
    ],
)
def test_brackets_stand_where_they_are_needed(tree, plain, tex):
    assert (text(tree), latex(tree)) == (plain, tex)
    if not isinstance(tree, Diff) and "more" not in plain and "d/d" not in plain:
        assert text(parse(plain, "free")) == plain


VALUES = {
    "a": 0.5,
    "b": -2.0,
    "c": np.array([1.0, -0.25]),
    "d": 1.5e-7,
    "M": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}


@pytest.mark.parametrize(
    ("formula", "plain", "tex"),
    [
        ("a + b", "0.5 - 2", "0.5 - 2"),
        ("a*b", "0.5*(-2)", r"0.5 \cdot \left(-2\right)"),
        ("b*a", "-2*0.5", r"-2 \cdot 0.5"),
        ("b^a", "(-2)^0.5", r"\left(-2\right)^{0.5}"),
        ("d^a", "1.5e-7^0.5", r"\left(1.5 \cdot 10^{-7}\right)^{0.5}"),
        ("c", "[1, -0.25]", r"\left[\begin{matrix} 1 \\ -0.25 \end{matrix}\right]"),
        ("M", "[[1, 2, 3], [4, 5, 6]]", r"\left[\begin{matrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{matrix}\right]"),
        ("c^T", "[1, -0.25]^T", r"\left[\begin{matrix} 1 \\ -0.25 \end{matrix}\right]^T"),
    ],
)
def test_numbers_in_place_of_names(formula, plain, tex):
    tree = parse(formula, "free")
    assert (text(tree, values=VALUES.get), latex(tree, values=VALUES.get)) == (plain, tex)


def test_digits_are_those_asked_for():
    assert text(a, values=lambda _: 1 / 3) == "0.333333"
    assert text(a, values=lambda _: 1 / 3, digits=3) == "0.333"
    assert latex(a, values=lambda _: 2e-9 / 3, digits=2) == r"6.7 \cdot 10^{-10}"
    assert latex(a, values=lambda _: np.inf) == r"\infty"
    assert latex(a, values=lambda _: np.nan) == r"\mathrm{nan}"


def test_terms_that_are_not_shown_have_their_sum():
    tree = Add((a, More((b, b))))
    assert text(tree, values=VALUES.get) == "0.5 + … 2 more terms (-4)"
    assert latex(tree, values=VALUES.get) == r"0.5 + \dots\ \text{2 more terms}\ (-4)"


def test_matrices_in_delta_notation_are_transposed():
    """w^l is the transpose of W_l: a formula of W_l says so, and its numbers are those of w^l."""
    W, M = Ref(read("W_2")[0]), VALUES["M"]
    assert (text(W, "delta"), text(Transpose(W), "delta")) == ("(w^2)^T", "w^2")
    assert (text(W), text(Transpose(W))) == ("W_2", "W_2^T")
    assert text(W, "delta", lambda _: M) == "[[1, 4], [2, 5], [3, 6]]^T"
    assert text(Transpose(W), "delta", lambda _: M) == "[[1, 4], [2, 5], [3, 6]]"
    assert text(W, values=lambda _: M) == "[[1, 2, 3], [4, 5, 6]]"
    component = Ref(read("W_212")[0])
    assert (text(component, "delta"), text(Transpose(Ref(read("b_2")[0])), "delta")) == ("w^2_21", "(b^2)^T")
    assert text(Pow(component, Number(2.0)), "delta") == "(w^2_21)^2"


def test_long_arrays_are_shortened_to_so_many_entries():
    numbers = np.arange(1.0, LONGEST + 2)
    short = text(a, values=lambda _: numbers[:LONGEST], whole=False)
    assert short == "[1, 2, 3, 4, 5, 6, 7, 8]"
    assert text(a, values=lambda _: numbers, whole=False) == "[1, 2, 3, 4, 5, 6, … 2 more, 9]"
    assert text(a, values=lambda _: numbers) == "[1, 2, 3, 4, 5, 6, 7, 8, 9]"
    assert latex(a, values=lambda _: numbers[None, :], whole=False) == (
        r"\left[\begin{matrix} 1 & 2 & 3 & 4 & 5 & 6 & \dots\ \text{2 more} & 9 \end{matrix}\right]"
    )
    assert text(Array((a,) * (LONGEST + 1)), whole=False) == "[a, a, a, a, a, a, … 2 more, a]"
    rows = Array((Array((a, b)),) * (LONGEST + 2))
    assert latex(rows, whole=False).count(r"a & b") == LONGEST - 1
    assert r"\dots\ \text{3 more}" in latex(rows, whole=False)


@pytest.mark.parametrize(
    ("name", "plain", "tex"),
    [
        ("u", "u", "u"), ("u_1", "u_1", "u_{1}"), ("u1", "u1", "u_{1}"), ("u1_2", "u1_2", "u_{1,2}"),
        ("u12_x", "u12_x", r"u_{\mathrm{12,x}}"), ("E_t", "E_t", "E_{t}"),
        ("E_total", "E_total", r"E_{\mathrm{total}}"),
        ("E_o1", "E_o1", r"E_{\mathrm{o1}}"), ("net_h", "net_h", r"\mathrm{net}_{h}"), ("net", "net", r"\mathrm{net}"),
        ("η", "η", r"\eta"), ("eta", "eta", r"\eta"), ("Δw_23", "Δw_23", r"\Delta w_{23}"), ("Δ", "Δ", r"\Delta"),
        ("Δw", "Δw", r"\Delta w"), ("E_1,2", "E_1,2", "E_{1,2}"), ("u'", "u'", "u'"), ("u_1''", "u_1''", "u_{1}''"),
        ("_1", "_1", r"\mathrm{\_1}"), ("E_a_b", "E_a_b", r"E_{\mathrm{a\_b}}"),
    ],
)  # fmt: skip
def test_names_of_an_authors_own(name, plain, tex):
    assert (symbol_text(name, "textbook"), symbol_latex(name, "textbook")) == (plain, tex)


@pytest.mark.parametrize(
    ("name", "notation", "plain", "tex"),
    [
        (Slope(2), "textbook", "g'(a_2)", "g'(a_{2})"),
        (Slope(2), "delta", "σ'(z^2)", r"\sigma'(z^{2})"),
        (Timed(Quantity("b", 2, (1,)), 1), "textbook", "b_21'", "b_{21}'"),
        (Timed(Quantity("b", 2, (1,)), 2), "textbook", "b_21'{2}", "b_{21}'^{(2)}"),
        (Timed(Quantity("b", 2, (1,)), 1), "delta", "b^2_1'", "{b^{2}_{1}}'"),
        (Timed(Quantity("b", 2, (1,)), 3), "delta", "b^2_1'{3}", "{b^{2}_{1}}'^{(3)}"),
    ],
)
def test_names_of_the_network(name, notation, plain, tex):
    assert (symbol_text(name, notation), symbol_latex(name, notation)) == (plain, tex)
