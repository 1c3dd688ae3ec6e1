r"""Reading the lines of worksheets: every way of writing, plain and LaTeX, to one tree; errors with their place."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.formula import evaluate, latex, text
from chainrule.formula.sheet import LARGEST, MOST_LINES, read_lines
from chainrule.formula.tree import (
    Add,
    Array,
    Call,
    Delta,
    Diff,
    Div,
    Hadamard,
    Mul,
    Neg,
    Number,
    Pow,
    Ref,
    Timed,
    Transpose,
    children,
    is_matrix,
    refs,
    with_children,
)
from chainrule.notation import LOSS, Derivative, Quantity, read

SIZES = (4, 4, 2)


def lines(*written, sizes=SIZES, first=1):
    return read_lines([line for text in written for line in text.split("\n")], first, sizes)


def line(written, *before, sizes=SIZES):
    """The one line read, after others."""
    found = lines(*before, written, sizes=sizes)
    return found[-1]


def tree(formula, *before, sizes=SIZES):
    """The tree of a formula, which can be read."""
    found = line(f"L = {formula}", *before, sizes=sizes)
    assert found.error == ""
    assert len(found.parts) == 2
    return found.parts[1].tree


def error(formula, *before):
    return line(f"L = {formula}", *before).error


def q(name):
    return Ref(read(name)[0])


def number(written):
    return Number(float(written), written)


# ---------------------------------------------------------------- names

NAMES = {
    "W_212": ["W_212", "W_2,1,2", "W_{212}", "W_{2,1,2}", "W_{2, 1, 2}", r"\mathbf{W}_{212}", "w_212", "w_{2,1,2}",
    "w_{212}",
              "W^{(2)}_{12}", "W_{12}^{(2)}", "W^{[2]}_{1,2}", "W^2_{12}", "w^2_21", "w^{2}_{21}", "w_{21}^2", "W₂₁₂",
              r"\omega^{2}_{21}"],
    "W_2": ["W_2", "w_2", "W^{(2)}", "W^{(L)}", "W^2", r"\boldsymbol{W}_2", r"\mathbf W_2"],
    "b_2": ["b_2", "b^2", "b^{(2)}", r"\mathbf{b}^{[2]}"],
    "b_21": ["b_21", "b^2_1", "b_1^{(2)}", "b_1^2"],
    "yhat_1": ["yhat_1", "ŷ_1", "ŷ₁", r"\hat{y}_1", r"\hat y_1", r"\hat{y}_{1}", r"\widehat{y}_1", "y_hat_1",
               r"\hat{y_1}", r"\hat{\mathbf{y}}_1", "y\u0302_1", r"\hat{y}^{(2)}_1"],
    "yhat": ["yhat", "ŷ", r"\hat{y}", r"\hat{\mathbf{y}}"],
    "h_13": ["h_13", "h_{13}", "h_{1,3}", "h^{(1)}_3", "h_3^{(1)}", "h^{[1]}_{3}", "a^1_3", "a_3^1", r"h_{1\,3}"],
    "h_1": ["h_1", "h^{(1)}", "h^1", "a^1", "a^{L-1}", r"\mathbf{h}_1"],
    "h_2": ["a^2", "a^{2}", "a^L", "a^{L}"],
    "a_21": ["a_21", "a_{21}", "z^2_1", "z_1^2", "z^{(2)}_1", "z_1^{(2)}", "z^{L}_1"],
    "a_2": ["a_2", "a_{2}", "z^2", "z^{(2)}", "z^L"],
    "x": ["x", r"\mathbf{x}", r"\vec{x}", "x^{(0)}"],
    "x_3": ["x_3", "x_{3}", "x₃"],
    "y": ["y", "y^{L}"],
    "L": ["L", r"\mathcal{L}"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "written"), [(n, w) for n, ways in NAMES.items() for w in ways])
def test_every_way_to_write_a_name(name, written):
    assert tree(written) == q(name)


def test_matrices_in_delta_notation_are_transposed():
    W = q("W_2")
    assert tree("w^2") == tree("w^{(2)}") == Transpose(W)
    assert tree(r"\frac{\partial L}{\partial w^{L}}") == Transpose(q("dL/dW_2"))
    assert tree("dL/dW^{(2)}") == q("dL/dW_2")
    assert tree("(w^2)^T") == Transpose(Transpose(W))
    assert tree("w^2'") == Transpose(Ref(Timed(Quantity("W", 2), 1)))


def test_a_name_in_brackets_means_the_preactivation_where_h_is_the_activation():
    assert tree("a^{(2)}_1") == q("h_21")
    assert tree("a^{(2)}_1", "h_1 = [1, 2, 3, 4]") == q("a_21")
    assert tree(r"a^{(2)}", r"\mathbf{h}_1 = [1, 2, 3, 4]") == q("a_2")
    assert tree("a^2_1", "h_1 = [1, 2, 3, 4]") == q("h_21")  # without brackets it is delta notation


def test_z_with_a_layer_below_makes_a_the_activation():
    assert tree("z_21") == q("a_21")
    assert tree("a_13", "z_13 = 0.5") == q("h_13")
    assert tree("a_13", "z_13 = 0.5", "h_13 = 0.5") == q("a_13")
    assert tree("a_13", "z_1^{2} = 0.5") == q("a_13")


def test_layers_above_nine_take_commas():
    deep = (2,) * 12
    assert tree("W_10,1,2", sizes=deep) == Ref(Quantity("W", 10, (1, 2)))
    assert tree("2*a_10,*3", sizes=deep).factors[1] == Ref(Quantity("a", 10))
    assert tree("h^{(10)}_2", sizes=deep) == Ref(Quantity("h", 10, (2,)))
    assert tree("[h_11,2, 3]", sizes=deep).items[0] == Ref(Quantity("h", 11, (2,)))


def test_commas_of_a_list_are_no_indices():
    assert tree("max(a_21,0)") == Call("max", (q("a_21"), number("0")))
    assert tree("[h_1,h_2]") == Array((q("h_1"), q("h_2")))
    assert tree("[yhat_1,2]") == Array((q("yhat_1"), number("2")))
    assert tree("[yhat_1,0.5]") == Array((q("yhat_1"), number("0.5")))
    assert tree("[a_21,3]") == Array((q("a_21"), number("3")))


def test_a_network_of_one_layer_needs_no_layers():
    assert tree("W x + b", sizes=(3, 1)) == Add((Mul((q("W_1"), q("x"))), q("b_1")))


DERIVATIVES = {
    "dL/dW_212": ["dL/dW_212", "dL / dW_212", "∂L/∂W_212", "∂L/∂W_{2,1,2}", r"\frac{dL}{dW_{212}}",
    r"\frac{\partial L}{\partial W_{212}}",
                  r"\dfrac{\partial L}{\partial W_{212}}", r"\tfrac{dL}{dw_{212}}", r"\partial L/\partial W_{212}",
                  "dL/dw^2_21",
                  r"\frac{\mathrm{d}L}{\mathrm{d}W_{212}}", r"\frac{\partial\mathcal{L}}{\partial W^{(2)}_{12}}",
                  r"\nabla_{W_{212}} L"],
    "dL/dW_1": ["dL/dW_1", r"\nabla_{W_1} L", "∇_{W_1} L", "∇_W_1 L", r"\nabla_{\mathbf{W}_1}\mathcal{L}"],
    "dyhat_1/da_21": ["dyhat_1/da_21", "dŷ_1/da_21", r"\frac{d\hat{y}_1}{da_{21}}",
    r"\frac{\partial \hat y_1}{\partial a_{21}}",
                      r"\partial\hat{y}_1/\partial z^{2}_1"],
    "da_21/dW_212": ["da_21/dW_212", r"\frac{\partial a_{21}}{\partial W_{212}}"],
    "dL/dx": ["dL/dx", r"\frac{\partial L}{\partial\mathbf{x}}"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "written"), [(n, w) for n, ways in DERIVATIVES.items() for w in ways])
def test_every_way_to_write_a_derivative(name, written):
    assert tree(written) == q(name)
    assert tree(f"-{written}") == Neg(q(name))
    assert tree(f"2 {written}") == Mul((number("2"), q(name)))


@pytest.mark.parametrize(
    ("delta", "ways"),
    [
        (Delta(2, (1,)), ["δ_21", "delta_21", r"\delta_{21}", "δ^2_1", "delta^2_1", r"\delta^{(2)}_1",
            r"\delta_1^{2}", r"\delta_1^{L}"]),
        (Delta(2), ["δ_2", "δ^2", r"\delta^{(2)}", r"\boldsymbol{\delta}^{(2)}", r"\delta^L", "δ²"]),
        (Delta(1, (3,)), [r"\delta_3^{(1)}", r"\delta^{L-1}_3", "δ_{1,3}"]),
    ],
)  # fmt: skip
def test_the_letter_delta_is_seen(delta, ways):
    for written in ways:
        assert tree(written) == Ref(delta)
    assert delta.name == Derivative(LOSS, Quantity("a", delta.layer, delta.index))
    assert (
        text(Ref(delta))
        == text(Ref(delta), "delta")
        == str(delta.name).replace("dL/da_", "δ^")[:3] + (f"_{delta.index[0]}" if delta.index else "")
    )


@pytest.mark.parametrize(
    ("name", "after", "ways"),
    [
        ("W_212", 1, ["W_212'", "W'_212", "W_{212}'", "W_{212}^{\\prime}", "W_{212}^{new}", r"W_{212}^{\text{new}}",
            "W_212′", "w^2_21'"]),
        ("W_212", 2, ["W_212''", "W_212'{2}", "W_212″"]),
        ("yhat_1", 10000, ["yhat_1'{10000}", r"\hat{y}_1'^{(10000)}", "ŷ_1'{10000}"]),
        ("L", 1, ["L'", r"\mathcal{L}'", "(L)'"]),
        ("dL/dW_212", 1, ["dL/dW_212'", "dL'/dW_212'", r"\frac{\partial L}{\partial W_{212}}'",
            r"\frac{\partial L'}{\partial W_{212}'}"]),
    ],
)  # fmt: skip
def test_primes_are_updates(name, after, ways):
    for written in ways:
        assert tree(written) == Ref(Timed(read(name)[0], after))


def test_a_delta_after_an_update():
    assert tree("δ^2_1'") == tree(r"{\delta^{2}_{1}}'") == Ref(Timed(Delta(2, (1,)), 1))


def test_the_learning_rate():
    for written in ("eta", "η", r"\eta", "lr", "learning_rate", "alpha", "α", r"\alpha"):
        assert tree(f"{written}*2") == Mul((Ref("eta"), number("2")))
    assert tree("alpha", "alpha = 0.3") == Ref("alpha")
    assert line("eta = 0.5").parts[0].tree == line("lr = 0.5").parts[0].tree == Ref("eta")


# ---------------------------------------------------------------- formulas

SAME = [
    ("yhat_1*(1 - yhat_1)", [r"\hat{y}_1 (1 - \hat{y}_1)", "yhat_1(1-yhat_1)",
        r"\hat{y}_1 \cdot \left(1 - \hat{y}_1\right)",
                             "ŷ₁·(1 − ŷ₁)", r"\hat{y}_1 \times (1-\hat{y}_1)", "{yhat_1}*{(1-yhat_1)}"]),
    ("-2*(y_1 - yhat_1)", ["-2(y_1 - yhat_1)", r"-2\left(y_1-\hat{y}_1\right)", "-2 * (y_1 - yhat_1)",
        r"-2\bigl(y_1-\hat{y}_1\bigr)"]),
    ("(y_1 - yhat_1)^2 + (y_2 - yhat_2)^2",
     [r"\sum_{i=1}^2 (y_i - \hat{y}_i)^2", "sum_{i=1}^{2} (y_i - yhat_i)^2", "sum_i (y_i-yhat_i)^2",
     r"\sum\limits_{i}(y_i-\hat{y}_i)^{2}",
      "(y_1 - yhat_1)**2 + (y_2 - yhat_2)**2", "(y_1 − yhat_1)² + (y_2 − yhat_2)²", "Σ_i (y_i - ŷ_i)²",
      "∑_{i}^{n} (y_i - ŷ_i)^2"]),
    ("W_211*h_11 + W_212*h_12", ["W_211 h_11 + W_212 h_12", "w_{211}h_{11} + w_{212}h_{12}",
        r"W_{211}\,h_{11}+W_{212}\,h_{12}",
                                 "W₂₁₁h₁₁ + W₂₁₂h₁₂"]),
    ("W_1*x + b_1", ["W_1 x + b_1", "W_1x + b_1", r"\mathbf{W}_1\mathbf{x} + \mathbf{b}_1", "W_1 @ x + b_1"]),
    ("exp(a_21)/(exp(a_21) + exp(a_22))", [r"\frac{e^{a_{21}}}{e^{a_{21}} + e^{a_{22}}}", "e^a_21/(e^a_21 + e^a_22)",
                                           r"\exp(a_{21}) / (\exp(a_{21}) + \exp(a_{22}))",
                                           "e^{a_21}/(e^{a_21}+e^{a_22})"]),
    ("1/(1 + exp(-a_13))", [r"\frac{1}{1 + e^{-a_{13}}}", "1/(1+e^(-a_13))", "1/(1+e^-a_13)"]),
    ("1/2*(y_1 - yhat_1)^2", [r"\frac{1}{2}(y_1-\hat{y}_1)^2", r"\frac12 (y_1-\hat{y}_1)^2",
        r"\tfrac12(y_1 - \hat y_1)^2",
                              "½(y_1 - ŷ_1)²", "1/2 (y_1 - yhat_1)^2", r"{\frac 1 2}(y_1-\hat{y}_1)^2"]),
    ("(W_2^T*δ^2) ⊙ sigma'(a_1)", [r"W_2^T \delta^{(2)} \odot \sigma'(z^{(1)})", r"(W_2^T δ^2) ⊙ σ'(z^1)",
        r"W_2^\top δ^2 ∘ σ'(z^1)", r"W_2^{\top}\delta^2 \circ \sigma'(z^1)",
                                 r"W_2^{T}\delta^{2}\odot\sigma^{\prime}\left(z^{1}\right)", "W_2ᵀ δ^2 ⊙ sigma'(z^1)",
                                 "W_2.T @ δ^2 ⊙ σ′(z^1)"]),
    ("log(yhat_1)", [r"\log \hat{y}_1", "log yhat_1", r"\log(\hat{y}_1)", r"\log\left(\hat{y}_1\right)",
        r"\log{\hat{y}_1}"]),
    ("ln(yhat_1)", [r"\ln \hat{y}_1", "ln yhat_1", "Ln(yhat_1)", r"\log_e \hat{y}_1"]),
    ("log10(yhat_1) + log2(yhat_2)", [r"\log_{10}\hat{y}_1 + \log_2 \hat{y}_2", "log_10(yhat_1) + log_2(yhat_2)"]),
    ("-(y_1*log(yhat_1) + y_2*log(yhat_2))", [r"-\sum_i y_i \log \hat{y}_i", "-sum_i y_i*log(yhat_i)",
        r"-\sum_{k=1}^{K} y_k\log(\hat{y}_k)"]),
    ("sigmoid(a_13)", [r"\text{sigmoid}(a_{13})", r"\operatorname{Sigmoid}(a_{13})", "Sigmoid(a_13)", "SIGMOID(a_13)",
        r"\mathrm{sigmoid}\left(a_{13}\right)"]),
    ("sigmoid'(a_1)", [r"\text{sigmoid}'(a_1)", "Sigmoid'(a_1)"]),
    ("leaky_relu(a_1)", ["LeakyReLU(a_1)", "leaky_relu(a_1)"]),
    ("softmax(a_2)", [r"\text{Softmax}(a_2)", "Softmax(a_2)"]),
    ("sqrt(y_1 + y_2)", [r"\sqrt{y_1 + y_2}", "√(y_1+y_2)"]),
    ("abs(y_1 - yhat_1)", [r"\left|y_1-\hat{y}_1\right|", r"\lvert y_1 - \hat{y}_1\rvert"]),
    ("d/dyhat_1[(y_1 - yhat_1)^2 + (y_2 - yhat_1)^2]",
        [r"\frac{d}{d\hat{y}_1} \left[(y_1 - \hat{y}_1)^2 + (y_2 - \hat{y}_1)^2 \right]",
        r"\frac{\partial}{\partial \hat{y}_1}((y_1 - \hat{y}_1)^2 + (y_2 - \hat{y}_1)^2)",
        "d/dyhat_1 [ (y_1-yhat_1)^2 + (y_2-yhat_1)^2 ]", "∂/∂ŷ_1 [(y_1-ŷ_1)² + (y_2-ŷ_1)²]"]),
    ("d/da_21[1/2*(y_1 - a_21)^2] + 1", [r"\frac{\partial}{\partial a_{21}} \frac12 (y_1 - a_{21})^2 + 1"]),
    ("[2.9, 1.4]", [r"[2.9 \quad 1.4]", r"[2.9 \ 1.4]", "[2.9 1.4]", r"\begin{bmatrix} 2.9 \\ 1.4 \end{bmatrix}",
        r"\left[\begin{matrix} 2.9 \\ 1.4 \\ \end{matrix}\right]",
                    r"(\begin{array}{c} 2.9 \\ 1.4 \end{array})"]),
    ("[2.9, -1.4]", ["[2.9 -1.4]", r"[2.9 \quad -1.4]", "[2.9, −1.4]"]),
    ("[yhat_1, yhat_2]", [r"[\hat{y}_1 \quad \hat{y}_2]", r"\begin{pmatrix}\hat{y}_1\\ \hat{y}_2\end{pmatrix}"]),
    ("[[0.1, 0.3], [-0.3, 0.2]]", [r"\begin{bmatrix} 0.1 & 0.3 \\ -0.3 & 0.2 \end{bmatrix}",
        r"\begin{pmatrix}0.1&0.3\\[2pt]-0.3&0.2\end{pmatrix}",
        r"\left[\begin{matrix} 0.1 & 0.3 \\ -0.3 & 0.2 \end{matrix}\right]", "[[0.1 0.3], [-0.3 0.2]]"]),
    ("[[1, 2]]", [r"\begin{bmatrix} 1 & 2 \end{bmatrix}"]),
    ("[1, 2]^T", [r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}^T", "[1 2]ᵀ"]),
    ("3.5*10^(-5)", [r"3.5 \cdot 10^{-5}", "3.5×10^{-5}", "3.5·10⁻⁵"]),
    ("x_1^(-1)", ["x_1^{-1}", "x_1^-1"]),
    ("δ^2_1*W_212 + δ^2_2*W_222", [r"\sum_k \delta_k^{2} w_{2k}^{2}", r"\sum_{k=1}^{2} \delta^{(2)}_k W^{(2)}_{k2}",
        "sum_k δ_{2k} W_{2,k,2}", "sum_k δ_2k*W_2k2"]),
    ("0.5*dL/dW_212", ["0.5 dL/dW_212", r"0.5 \cdot \frac{\partial L}{\partial W_{212}}", r"0.5\frac{dL}{dW_{212}}"]),
    ("a_21^2", ["a_{21}^2", "a_21²", r"{a_{21}}^2", "z_{21}^{2}"]),
    ("h_1^2", ["h_1^{2}", "(h_1)^2"]),
    ("yhat_1^2", [r"\hat{y}_1^2", r"\hat{y}_1^{2}", "ŷ₁²"]),
    ("h_12^2", ["h_{12}^2", "h_12²"]),
    ("x_2*y_1", [r"\left\{x_2\right\} y_1", r"x_2\;y_1",
        r"\underbrace{x_2}_{\text{input}} \cdot \overbrace{y_1}^{\text{target}}"]),
    ("h_11*(1 - h_11)*x_1 - y_1/2/3", [r"h_{11}(1-h_{11})x_1 - y_1/2/3"]),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "written"), [(plain, way) for plain, ways in SAME for way in ways])
def test_plain_and_latex_of_the_same_thing_give_the_same_tree(plain, written):
    assert tree(written) == tree(plain)
    assert text(tree(plain)) == plain


TREES = [
    ("2*y_1 - y_2", Add((Mul((number("2"), q("y_1"))), Neg(q("y_2"))))),
    ("-y_1*y_2", Neg(Mul((q("y_1"), q("y_2"))))),
    ("y_1 y_2 / x_1 x_2", Mul((Div(Mul((q("y_1"), q("y_2"))), q("x_1")), q("x_2")))),
    ("y_1 ⊙ y_2 * x_1", Mul((Hadamard((q("y_1"), q("y_2"))), q("x_1")))),
    ("sigma'(a_1) ⊙ W_2^T δ_2", Hadamard((Call("sigma'", (q("a_1"),)), Mul((Transpose(q("W_2")), Ref(Delta(2))))))),
    ("(δ_2 ⊙ a_2) h_1^T", Mul((Hadamard((Ref(Delta(2)), q("a_2"))), Transpose(q("h_1"))))),
    ("δ_2 ⊙ a_2 h_1^T", Mul((Hadamard((Ref(Delta(2)), q("a_2"))), Transpose(q("h_1"))))),
    ("y_1 * -x_1", Mul((q("y_1"), Neg(q("x_1"))))),
    ("yhat_1^2", Pow(q("yhat_1"), number("2"))),
    ("g'(a_1) ⊙ f(a_13)", Hadamard((Call("g'", (q("a_1"),)), Call("g", (q("a_13"),))))),
    ("f'(a_1) σ(a_2)", Mul((Call("g'", (q("a_1"),)), Call("sigma", (q("a_2"),))))),
    ("g_1(a_1)", Call("g", (q("a_1"),))),
    ("softmax(a_21)", Call("softmax", (q("a_21"),))),
    ("sum(h_1)^2", Pow(Call("sum", (q("h_1"),)), number("2"))),
    (r"\sum h_1", Call("sum", (q("h_1"),))),
    ("log yhat_1^2 * 3", Mul((Call("log", (Pow(q("yhat_1"), number("2")),)), number("3")))),
    ("log(yhat_1)^2", Pow(Call("log", (q("yhat_1"),)), number("2"))),
    ("sum_i i*x_i", Add(tuple(Mul((Number(float(i), str(i)), q(f"x_{i}"))) for i in (1, 2, 3, 4)))),
    ("sum_{i=2}^{3} x_i + 1", Add((Add((q("x_2"), q("x_3"))), number("1")))),
    ("sum_i sum_j W_{1ij}", Add(tuple(Add(tuple(q(f"W_1{i}{j}") for j in (1, 2, 3, 4))) for i in (1, 2, 3, 4)))),
    ("sum_{i=1}^{3} x_{i+1}", Add((q("x_2"), q("x_3"), q("x_4")))),
    ("x_1(y_1)", Mul((q("x_1"), q("y_1")))),
    ("[x_1 + x_2]*2", Mul((Add((q("x_1"), q("x_2"))), number("2")))),
    ("[0.5]", Array((number("0.5"),))),
    ("W_221*h_1 - 0.80", Add((Mul((q("W_221"), q("h_1"))), Neg(number("0.80"))))),
    ("1e-4", number("1e-4")),
    (".5", number(".5")),
    ("-0.0652", Neg(number("0.0652"))),
    (r"\frac{x_1}{2}^T", Transpose(Div(q("x_1"), number("2")))),
    ("dL/dyhat_1 dyhat_1/da_21", Mul((q("dL/dyhat_1"), q("dyhat_1/da_21")))),
]


@pytest.mark.parametrize(("written", "expected"), TREES)
def test_a_formula_is_read_to_its_tree(written, expected):
    assert tree(written) == expected


def test_digits_are_kept_as_written():
    assert [item.written for item in tree("[0.80, 1.50e-3, 2., 007]").items] == ["0.80", "1.50e-3", "2.", "007"]


def test_sums_run_over_the_vector_rather_than_a_swapped_matrix():
    swapped = tree("sum_k δ_{2k} W_{2,1,k}")  # W_2 has two rows and four columns
    assert len(swapped.terms) == 2


# ---------------------------------------------------------------- names of the author's own


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("e_1", "e_1"), ("E_{1}", "E_1"), ("E_{total}", "E_total"), (r"E_{\text{total}}", "E_total"), ("error",
        "error"),
        ("Δw_23", "Δw_23"), (r"\Delta w_{23}", "Δw_23"), ("L_1", "L_1"), (r"\mathcal{L}_{1}", "L_1"), ("net_{h1}",
        "net_h1"),
        (r"\text{net}_{h1}", "net_h1"), ("out_o1", "out_o1"), ("w5", "w5"), ("θ", "θ"), (r"\theta_1", "θ_1"), ("e_1'",
        "e_1'"),
        ("h_{o1}", "h_o1"), ("MSE", "MSE"), ("eval", "eval"), ("e", "e"),
    ],
)  # fmt: skip
def test_a_line_introduces_a_name(subject, name):
    first, second = lines(f"{subject} = 0.5", f"L = 2*{subject}")
    assert first.parts[0].tree == Ref(name)
    assert (first.error, second.error) == ("", "")
    assert second.parts[1].tree == Mul((number("2"), Ref(name)))
    assert lines(f"L = 2*{subject}")[0].error != ""


def test_own_names_have_derivatives_and_run_in_sums():
    assert tree("dE_1/da_21", "E_1 = 0.3") == Diff(Ref("E_1"), Quantity("a", 2, (1,)))
    assert tree(r"\frac{\partial E_{1}}{\partial a_{21}}", "E_1 = 0.3") == Diff(Ref("E_1"), Quantity("a", 2, (1,)))
    assert tree("sum_i E_i", "E_1 = 1", "E_2 = 2") == Add((Ref("E_1"), Ref("E_2")))
    assert tree("e^2", "e = 0.5") == Pow(Ref("e"), number("2"))
    assert tree("f(x_1)", "f = 0.5") == Mul((Ref("f"), q("x_1")))


def test_a_name_is_known_only_after_its_line():
    assert lines("e_1 = e_1 + 1")[0].error == "line 1, column 7: unknown name 'e_1'"
    assert lines("L = e_1", "e_1 = 2")[0].error == "line 1, column 5: unknown name 'e_1'"


# ---------------------------------------------------------------- lines, claims and prose


def parts(written, **options):
    return [[part.text for part in line.parts] for line in lines(written, **options)]


@pytest.mark.parametrize(
    "prose",
    [
        "Now the output.", "", "   ", "So the loss is what we wanted = good", "W_{212} influences a_{21}", "3.", "$$",
        "----", "a_21", "# Part 1",
        "The network, with W_1[2][2] as printed", "l = no. of hidden layer", "Activation = sigmoid",
        r"$\therefore \frac{dL}{db_{212}} =$ Substitute values calculated in forward pass and get the update values.",
        r"$$W_2 \text{ matrix} \rightarrow 4 \times 2 \text{ or } 2 \times 4$$", "\x00\x01", "====", "= 3",
    ],
)  # fmt: skip
def test_prose_is_left_out(prose):
    assert lines(prose) == ()


@pytest.mark.parametrize(
    "written",
    [
        "1. {}", "2) {}", "(3) {}", "a) {}", "• {}", "- {}", "* {}", "1st. {}", "• 2nd {}", "> {}", "∴ {}",
        r"\therefore {}", "=> {}", "→ {}", r"\Rightarrow {}",
        "${}$", "$${}$$", r"\({}\)", r"\[{}\]", r"\begin{{aligned}} {} \end{{aligned}}", r"$$\boxed{{{}}}$$",
        r"{} \\", "{}.", "{},", r"\quad {}",
        "`{}`", "**{}**", r"\textcircled{{1}} {}", "① {}", "So {}", "Hence, {}", "Step 1: {}", "{} (rounded)",
        "{}, which is small enough",
        r"$${} \quad \text{{for the first output}}$$", "{}. That was easy.", r"{} \tag{{1}}",
    ],
)  # fmt: skip
def test_what_surrounds_a_claim_is_left_out(written):
    (found,) = lines(written.format("yhat_1 = 0.34"))
    assert found.error == ""
    assert [part.text for part in found.parts] == ["yhat_1", "0.34"]
    assert found.text == "yhat_1 = 0.34"


def test_signs_of_equality():
    for sign in ("=", "≈", ":=", "==", r"\approx", r"\simeq", "&=", "&\\approx", "≡"):
        assert parts(f"yhat_1 {sign} 0.34") == [["yhat_1", "0.34"]]


def test_several_claims_on_a_line():
    assert parts("yhat_1 = 0.34; yhat_2 = 0.19") == [["yhat_1", "0.34"], ["yhat_2", "0.19"]]
    assert parts("yhat_1 = 0.34, yhat_2 = 0.19") == [["yhat_1", "0.34"], ["yhat_2", "0.19"]]
    assert parts(r"x = [2 \ 5 \ 3 \ 3] \quad y = [1, 0]") == [["x", r"[2 \ 5 \ 3 \ 3]"], ["y", "[1, 0]"]]
    assert parts("a_1 = [1, 2], h_1 = max(0, a_1)") == [["a_1", "[1, 2]"], ["h_1", "max(0, a_1)"]]
    assert parts("x_1 = 2 => x_2 = 3") == [["x_1", "2"], ["x_2", "3"]]
    assert parts("L = sum_{i=1}^{2} y_i, y_1 = 1") == [["L", "sum_{i=1}^{2} y_i"], ["y_1", "1"]]


def test_a_line_that_begins_with_equal_goes_on():
    (found,) = lines("prose", "a_21 = W_211 h_11 + b_21", "  = 0.5*0.2", "", "and so", "$$= 0.1$$", first=10)
    assert found.number == 11
    assert [part.text for part in found.parts] == ["a_21", "W_211 h_11 + b_21", "0.5*0.2", "0.1"]
    assert found.text == "a_21 = W_211 h_11 + b_21 = 0.5*0.2 = 0.1"
    assert parts("dL/dW_212\n= -0.13") == [["dL/dW_212", "-0.13"]]
    assert parts("dL/dW_212 =\n  -0.13") == [["dL/dW_212", "-0.13"]]


def test_what_nobody_filled_in():
    for written in ("a_21 =", "a_21 = ?", "a_21 = ____", "a_21 = …"):
        first, second = lines(written, "yhat_1 = 0.3")
        assert "expected a number or a formula" in first.error
        assert second.error == ""


def test_blocks_of_latex_over_several_lines():
    block = r"""$$
\begin{aligned}
\delta^{(2)}_1 &= (y_1 - \hat{y}_1)
  \cdot h_{12} \\
&= -0.0652 \\
\hat{y}_1 &= 0.3
\end{aligned}
$$
L = 1"""
    found = lines(block)
    assert [[text(part.tree) for part in line.parts] for line in found] == [
        ["δ^2_1", "(y_1 - yhat_1)*h_12", "-0.0652"],
        ["yhat_1", "0.3"],
        ["L", "1"],
    ]
    assert [line.number for line in found] == [3, 6, 9]
    assert [line.notation for line in found] == ["delta", "textbook", "textbook"]


def test_matrices_over_several_lines():
    rows = Array((Array((number("1"), number("2"))), Array((number("3"), number("4")))))
    for written in ("W_2 = [[1, 2],\n       [3, 4]]", "W_2 = \\begin{bmatrix}\n1 & 2 \\\\\n3 & 4\n\\end{bmatrix}"):
        first, last = lines(written, "L = 1")
        assert first.parts[1].tree == rows
        assert last.text == "L = 1"


def test_a_block_that_is_never_closed_takes_no_other_line_with_it():
    assert [line.text for line in lines("$$ L = 1", "x_1 = 2")] == ["L = 1", "x_1 = 2"]
    assert len(lines("x = [1, 2", "y = [1, 0]")) == 2
    assert len(lines(r"\begin{aligned} L = 1", "x_1 = 2")) == 2


def test_the_subject_may_be_a_formula():
    assert text(line("-dL/dW_212 = -0.0221").parts[0].tree) == "-dL/dW_212"
    assert text(line("y_1 - yhat_1 = -0.17").parts[0].tree) == "y_1 - yhat_1"
    assert text(line("0.5*dL/dW_211 = 0.5*0.2 = 0.1").parts[0].tree) == "0.5*dL/dW_211"


def test_parts_are_as_written():
    (found,) = lines(r"$$\therefore \boxed{\mathbf{\hat{y}}_1 = \text{Softmax}(a_{2})_{}}$$")
    assert found.parts[0].text == r"\mathbf{\hat{y}}_1"


@pytest.mark.parametrize(
    ("written", "notation"),
    [
        ("L = a_21", "textbook"), ("L = z^2_1", "delta"), ("z^2 = 1", "delta"), ("L = δ_21", "textbook"),
        ("L = δ^2_1", "delta"),
        ("L = h^{(1)}_1", "textbook"), ("L = W^{(2)}_{12}", "delta"), ("L = yhat_1^2", "textbook"),
    ],
)  # fmt: skip
def test_the_notation_of_a_line(written, notation):
    assert line(written).notation == notation


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("L = foo", "line 3, column 5: unknown name 'foo'"),
        (r"  $L = 2 \cdot foo$", "line 3, column 16: unknown name 'foo'"),
        ("L = __import__", "line 3, column 5: nothing here is written with '_'"),
        ("L = eval(1)", "line 3, column 5: unknown name 'eval'"),
        ("L = y_i", "line 3, column 5: index i has no number; a claim about this network needs numbers"),
        (r"\delta_j^l = 3", "line 3, column 1: index j has no number; a claim about this network needs numbers"),
        ("z^l = 3", "line 3, column 1: index l has no number; a claim about this network needs numbers"),
        ("L = 2 +", "line 3, column 8: expected a number, a name or a bracket; got the end"),
        ("L = 2 3", "line 3, column 7: expected an operator or the end; got '3'"),
        ("L = (2 + 3", "line 3, column 11: expected a closing bracket; got the end"),
        ("L = 2)", "line 3, column 6: expected an operator or the end; got ')'"),
        ("L = 2 # 3", "line 3, column 7: nothing here is written with '#'"),
        (r"L = \foo{2}", r"line 3, column 5: nothing here is written with '\\foo'"),
        ("L = a", "line 3, column 5: expected a layer, such as a_1; got none"),
        ("L = sigmoid''(a_1)", "line 3, column 5: unknown function \"sigmoid''\""),
        ("L = 2'", 'line 3, column 6: expected an operator or the end; got "\'"'),
        ("L = (2)'", "line 3, column 8: a prime stands behind a name, or behind a function before its bracket"),
        ("L = sum_{ij} x_i", "line 3, column 5: a sum runs over one letter, as in sum_{i=1}^{2} or sum_i"),
        ("L = sum_i 3", "line 3, column 5: nothing says how far the sum over i runs"),
        ("L = dδ^2_1/da_11", "line 3, column 5: δ is a derivative itself; within one stands z or a"),
        ("L = yhat^{(1)}", "line 3, column 5: yhat belongs to layer 2; got layer 1"),
        ("2*foo = 3", "line 3, column 3: unknown name 'foo'"),
        ("L = 1\x00", r"line 3, column 6: nothing here is written with '\x00'"),
    ],
)
def test_an_error_names_line_and_column(written, said):
    found = lines("Prose.", "x_1 = 2", written)[-1]
    assert found.error == said
    assert found.number == 3
    assert any(part.tree is None for part in found.parts)


@pytest.mark.parametrize("written", ["W_2123", "a_211", "b_{212}", "W_02", "x_0", "w_{11}", "W_{1,2}", "a_{2,1,1}"])
def test_a_name_with_the_wrong_number_of_indices(written):
    assert error(written).startswith("line 1, column 5: expected")


def test_a_swapped_index_is_left_to_the_marker():
    assert tree("W_241") == Ref(Quantity("W", 2, (4, 1)))


def test_the_place_within_a_block():
    found = lines("$$", "L = 1 +", "  2 + foo", "$$")
    assert found[0].error == "line 3, column 7: unknown name 'foo'"


def test_the_other_parts_of_an_unreadable_line_are_read():
    (found,) = lines("L = foo = 0.3")
    assert [part.tree is None for part in found.parts] == [False, True, False]


# ---------------------------------------------------------------- limits

FLOODS = [
    "(" * 10_000 + "1" + ")" * 10_000, "[" * 19_000, r"\frac{" * 3_000, r"\mathbf{" * 2_400, r"\hat{" * 3_500,
        "9" * 1_000_000, "9" * 19_000, "-" * 19_000 + "1",
    "x_1/" * 4_000 + "1", "x_1/2*" * 3_000 + "1", "log " * 4_000 + "x_1", r"\sum_i " * 2_500 + "x_i",
        "x_1" + "^T" * 4_000, "x_1" + "'" * 9_000,
    "sum_{i=1}^{999999} 1", "sum_i sum_j sum_k sum_l sum_m sum_n sum_p x_i*x_j*x_k*x_l*x_m*x_n*x_p", "1, " * 6_000,
        "= 1 " * 4_000, "e^" * 9_000, "d/d" * 6_000,
    "W_1" * 6_000, "W_" + "1," * 9_000, "a_" + "i" * 18_000, "a" * 19_000, " " * 19_000 + "1", "3" + ", ab" * 4_000,
        "3" + ". ab cd" * 2_400, "1 = [" * 3_000,
    r"1 \\ " * 3_000, "$" * 19_000, "·" * 18_000, "\\" * 18_000, "∑_" * 9_000, "_" * 18_000, "{" * 50 + "1" + "}" * 50,
]  # fmt: skip


@pytest.mark.parametrize("flood", FLOODS, ids=range(len(FLOODS)))
def test_a_line_that_floods_is_refused_quickly(flood):
    tree("1")  # the parser is there
    start = time.process_time()
    for found in lines(f"L = {flood}"):
        assert found.parts or found.error
        for part in found.parts:
            if part.tree is not None:
                assert depth(part.tree) < 300
                text(part.tree), latex(part.tree)
    assert time.process_time() - start < 1


def depth(node):
    deepest, rest = 0, [(node, 1)]
    while rest:
        node, at = rest.pop()
        deepest = max(deepest, at)
        rest += [(child, at + 1) for child in children(node)]
    return deepest


def test_the_limits_of_a_line():
    assert "at most 20000 characters can be read; got 20005" in error("1" * 20_001)
    assert "expected a number of at most 40 characters; got one of 41" in error("1" * 41)
    assert error("1" * 40) == ""
    assert "at most 60 brackets within brackets can be read" in error("(" * 61 + "1" + ")" * 61)
    assert error("(" * 59 + "1" + ")" * 59) == ""
    assert len(line("L = " + "(" * 30_000).text) < 300


def test_the_limits_of_a_sheet():
    with pytest.raises(InputError, match=f"at most {MOST_LINES} lines; got 5001"):
        read_lines(["L = 1"] * 5_001, 1, SIZES)
    with pytest.raises(InputError, match=f"at most {LARGEST} characters; got 10000004"):
        read_lines(["L = " + "(" * 10_000_000], 1, SIZES)
    with pytest.raises(InputError, match=f"at most {LARGEST} characters"):
        read_lines(["L = " + "(" * 5_000] * 2_000, 1, SIZES)


def test_an_ordinary_line_takes_little_time():
    sheet = [
        r"$$\frac{\partial L}{\partial W_{212}} = \frac{\partial L}{\partial \hat{y}_1} \cdot W_{211} h_{11} = -0.06$$"
    ] * 200
    read_lines(sheet, 1, SIZES)
    start = time.process_time()
    assert len(read_lines(sheet, 1, SIZES)) == 200
    assert time.process_time() - start < 200 * 0.002


# ---------------------------------------------------------------- the notes

PATHS = (
    "dL/dyhat_1*dyhat_1/da_21*da_21/dh_13 + dL/dyhat_2*dyhat_2/da_22*da_22/dh_13",
    "dL/dz^2_1*dz^2_1/da^1_2*da^1_2/dz^1_2*dz^1_2/dw^1_32 + dL/dz^2_2*dz^2_2/da^1_2*da^1_2/dz^1_2*dz^1_2/dw^1_32",
)
#: the lines of two pages of lecture notes, with numbers (l = 1, i = 3, j = 2) for letters that nothing binds
NOTES = [
    (r"$$h_1 = \text{Sigmoid}(a_1)$$", "h_1 = sigmoid(a_1)"),
    (r"$$x = [2 \ 5 \ 3 \ 3] \quad y = [1 \ 0]$$", "x = [2, 5, 3, 3]; y = [1, 0]"),
    (
        r"$$W_2 = \begin{bmatrix} 0.5 & 0.8 & 0.2 & 0.4 \\ 0.5 & 0.2 & 0.3 & -0.5 \end{bmatrix}$$",
        "W_2 = [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]",
    ),
    (
        "$$\\frac{dL}{dW_{212}}$$\n\n$$= \\frac{dL}{da_1} \\cdot \\frac{da_1}{dW_{212}}$$\n\nW_{212} influences a_{21}\n\n"
        "$$= \\frac{dL}{d\\hat{y}_1} \\cdot \\frac{d\\hat{y}_1}{da_1} \\cdot \\frac{da_1}{dW_{212}}$$",
        "dL/dW_212 = dL/da_1*da_1/dW_212 = dL/dyhat_1*dyhat_1/da_1*da_1/dW_212",
    ),
    (r"$$\hat{y}_1 = \text{Softmax}(a_{21})$$", "yhat_1 = softmax(a_21)"),
    (
        r"$$\boxed{\frac{dL}{dW_{212}} = \frac{dL}{d\hat{y}_1} \cdot \frac{d\hat{y}_1}{da_1} \cdot \frac{da_1}{dW_{212}}}$$",
        "dL/dW_212 = dL/dyhat_1*dyhat_1/da_1*da_1/dW_212",
    ),
    (r"$$\therefore L = \sum_{i=1}^2 (y_i - \hat{y}_i)^2$$", "L = (y_1 - yhat_1)^2 + (y_2 - yhat_2)^2"),
    (
        r"$$\frac{dL}{d\hat{y}_1} = \frac{d}{d\hat{y}_1} \left[(y_1 - \hat{y}_1)^2 + (y_2 - \hat{y}_1)^2 \right]$$",
        "dL/dyhat_1 = d/dyhat_1[(y_1 - yhat_1)^2 + (y_2 - yhat_1)^2]",
    ),
    (r"$$\boxed{\frac{dL}{d\hat{y}_1} = -2(y_1 - \hat{y}_1)}$$", "dL/dyhat_1 = -2*(y_1 - yhat_1)"),
    (
        r"$$\hat{y}_1 = \frac{e^{a_{21}}}{e^{a_{21}} + e^{a_{22}}} = \frac{1}{1 + e^{a_{22} - a_{21}}}$$",
        "yhat_1 = exp(a_21)/(exp(a_21) + exp(a_22)) = 1/(1 + exp(a_22 - a_21))",
    ),
    (
        r"$$\therefore \frac{d\hat{y}_1}{da_{21}} = \frac{d}{da_{21}} \left[\frac{1}{1 + e^{a_{22} - a_{21}}} \right]$$",
        "dyhat_1/da_21 = d/da_21[1/(1 + exp(a_22 - a_21))]",
    ),
    (r"$$\boxed{\frac{d\hat{y}_1}{da_{21}} = \hat{y}_1 (1 - \hat{y}_1)}$$", "dyhat_1/da_21 = yhat_1*(1 - yhat_1)"),
    (
        r"$$a_{21} = w_{211}h_{11} + w_{212}h_{12} + w_{213}h_{13} + w_{214}h_{14}$$",
        "a_21 = W_211*h_11 + W_212*h_12 + W_213*h_13 + W_214*h_14",
    ),
    (
        r"$$h_1 = \text{Sigmoid}(a_1) = [0.95 \quad 0.80 \quad 0.89 \quad 0.91]$$",
        "h_1 = sigmoid(a_1) = [0.95, 0.80, 0.89, 0.91]",
    ),
    (r"$$a_2 = w_2 h_1 + b_2 = [1.66 \quad 0.45]$$", "a_2 = W_2*h_1 + b_2 = [1.66, 0.45]"),
    (r"$$\hat{y} = \text{Softmax}(a_2) = [0.77 \quad 0.23]$$", "yhat = softmax(a_2) = [0.77, 0.23]"),
    (
        r"$$\begin{aligned} \frac{dL}{dw_{131}} &= \frac{dL}{da_{13}} \cdot \frac{da_{13}}{dw_{131}} \\ "
        r"&= \frac{dL}{dh_{13}} \cdot \frac{dh_{13}}{da_{13}} \cdot \frac{da_{13}}{dw_{131}} \end{aligned}$$"
        "\n\n"
        r"$$= \left(\frac{dL}{da_{21}} \frac{da_{21}}{dh_{13}} + \frac{dL}{da_{22}} \frac{da_{22}}{dh_{13}} \right) "
        r"\frac{dh_{13}}{da_{13}} \cdot \frac{da_{13}}{dw_{131}}$$",
        "dL/dW_131 = dL/da_13*da_13/dW_131 = dL/dh_13*dh_13/da_13*da_13/dW_131 = "
        "(dL/da_21*da_21/dh_13 + dL/da_22*da_22/dh_13)*dh_13/da_13*da_13/dW_131",
    ),
    (
        r"$$\frac{\partial L}{\partial w_{131}} = \left(\frac{\partial L}{\partial \hat{y}_1} \cdot "
        r"\frac{\partial \hat{y}_1}{\partial a_{21}} \cdot \frac{\partial a_{21}}{\partial h_{13}} + "
        r"\frac{\partial L}{\partial \hat{y}_2} \cdot \frac{\partial \hat{y}_2}{\partial a_{22}} \cdot "
        r"\frac{\partial a_{22}}{\partial h_{13}} \right) \cdot \left(\frac{\partial h_{13}}{\partial a_{13}} \right) "
        r"\cdot \left(\frac{\partial a_{13}}{\partial w_{131}} \right)$$",
        f"dL/dW_131 = ({PATHS[0]})*dh_13/da_13*da_13/dW_131",
    ),
    (r"$$\frac{\partial L}{\partial \hat{y}_2} = -2(y - \hat{y}_2)$$", "dL/dyhat_2 = -2*(y - yhat_2)"),
    (r"$$\frac{\partial a_{21}}{\partial h_{13}} = w_{213}$$", "da_21/dh_13 = W_213"),
    (
        r"$$\frac{\partial h_{13}}{\partial a_{13}} = \frac{1}{1 + e^{-a_{13}}} = \text{sigmoid}(a_{13})$$",
        "dh_13/da_13 = 1/(1 + exp(-a_13)) = sigmoid(a_13)",
    ),
    (
        r"$$\frac{\partial L}{\partial w_{32}^1} = \sum_k \left(\frac{\partial L}{\partial z_k^{2}} \right) \cdot "
        r"\frac{\partial z_k^{2}}{\partial a_2^1} \cdot \frac{\partial a_2^1}{\partial z_2^1} \cdot "
        r"\frac{\partial z_2^1}{\partial w_{32}^1}$$",
        f"dL/dw^1_32 = {PATHS[1]}",
    ),
    (
        r"$$z_1^{2} = \sum_j w_{j1}^2 \cdot a_j^1$$",
        "z^2_1 = w^2_11*a^1_1 + w^2_21*a^1_2 + w^2_31*a^1_3 + w^2_41*a^1_4",
    ),
    (r"$$\textcircled{1} \frac{\partial z_1^{2}}{\partial a_2^1} = w_{21}^2$$", "dz^2_1/da^1_2 = w^2_21"),
    (r"$$a_2^1 = \sigma(z_2^1)$$", "a^1_2 = sigma(z^1_2)"),
    (r"$$\frac{\partial a_2^1}{\partial z_2^1} = \sigma'(z_2^1)$$", "da^1_2/dz^1_2 = sigma'(z^1_2)"),
    (r"$$\frac{\partial z_2^1}{\partial w_{32}^1} = a_3^{1-1}$$", "dz^1_2/dw^1_32 = a^0_3"),
    (
        r"$$= \sum_k \left(\delta_k^{2} \cdot w_{2k}^2 \right) \cdot \sigma'(z_2^1) \cdot a_3^{0}$$",
        "",  # it goes on with a line that is not there
    ),
    (
        r"$$\delta_2^1 = \sum_k (\delta_k^{2} \cdot w_{2k}^{2}) \odot \sigma'(z_2^1)$$",
        "δ^1_2 = (δ^2_1*w^2_21) ⊙ sigma'(z^1_2) + (δ^2_2*w^2_22) ⊙ sigma'(z^1_2)",
    ),
    (r"$$\frac{\partial L}{\partial w_{32}^1} = \delta_2^1 a_3^{0}$$", "dL/dw^1_32 = δ^1_2*a^0_3"),
    (r"$$\frac{\partial L}{\partial b_2^L} = \delta_2^L$$", "dL/db^2_2 = δ^2_2"),
    (r"$$\frac{\partial L}{\partial w^L} = a^{L-1} \cdot (\delta^L)^T$$", "dL/dw^2 = a^1*(δ^2)^T"),
    (
        r"$$\frac{\partial L}{\partial \omega^L} = \underbrace{a^{L-1}}_{\text{matrix}} \underbrace{(\delta^L)^T}_{\text{vector}} "
        r"\quad \left. \vphantom{\frac{\partial L}{\partial \omega^L}} \right\} \text{true for both output and hidden layer.}$$",
        "dL/dw^2 = a^1*(δ^2)^T",
    ),
    (
        r"$$\delta^L = \underbrace{(a^L - y^L)}_{\text{vector}} \odot \underbrace{\sigma'(z^L)}_{\text{vector}}$$",
        "δ^2 = (a^2 - y) ⊙ sigma'(z^2)",
    ),
    (
        r"$$\delta^1 = \left(w^{1+1} \delta^{(1+1)} \right) \odot \sigma'(z^1) "
        r"\quad \left. \vphantom{\delta^l} \right\} \text{for hidden layer}$$",
        "δ^1 = (w^2*δ^2) ⊙ sigma'(z^1)",
    ),
]


@pytest.mark.parametrize(("written", "said"), NOTES)
def test_the_lines_of_the_notes(written, said):
    found = lines(written)
    assert [line.error for line in found] == [""] * len(found)
    printed = [" = ".join(text(part.tree, line.notation) for part in line.parts) for line in found]
    assert "; ".join(printed) == said


# ---------------------------------------------------------------- the new nodes


def test_the_new_nodes_are_part_of_the_tree():
    wrt = Quantity("yhat", None, (1,))
    node = Diff(Pow(q("yhat_1"), number("2")), wrt)
    assert children(node) == (node.item,)
    assert with_children(node, (q("y_1"),)) == Diff(q("y_1"), wrt)
    assert list(refs(node)) == [wrt]
    assert text(node) == "d/dyhat_1[yhat_1^2]"
    assert latex(node) == r"\frac{\partial}{\partial \hat{y}_{1}}\left[\hat{y}_{1}^{2}\right]"
    assert text(Diff(q("a_21"), Quantity("a", 2, (1,))), "delta") == "d/dz^2_1[z^2_1]"


@pytest.mark.parametrize(
    ("name", "plain", "tex"),
    [
        (Timed(Quantity("W", 2, (1, 2)), 1), "W_212'", "W_{212}'"),
        (Timed(Quantity("yhat", None, (1,)), 10000), "yhat_1'{10000}", r"\hat{y}_{1}'^{(10000)}"),
        (Timed(Derivative(LOSS, Quantity("b", 1)), 1), "dL/db_1'", r"\frac{\partial L}{\partial b_{1}}'"),
        (Timed(Delta(2, (1,)), 1), "δ^2_1'", r"{\delta^{2}_{1}}'"),
        (Delta(2), "δ^2", r"\delta^{2}"),
        ("E_total", "E_total", r"E_{\mathrm{total}}"),
        ("Δw_23", "Δw_23", r"\Delta w_{23}"),
        ("eta", "eta", r"\eta"),
    ],
)
def test_names_are_printed(name, plain, tex):
    before = [f"{name} = 1"] if isinstance(name, str) else []
    assert (text(Ref(name)), latex(Ref(name))) == (plain, tex)
    assert tree(plain, *before) == tree(tex, *before) == Ref(name)


def test_a_derivative_of_a_formula_is_its_slope():
    values = {
        Quantity("yhat"): np.array([0.3, 0.7]),
        Quantity("y"): np.array([1.0, 0.0]),
        Quantity("W", 2): np.arange(8.0).reshape(2, 4),
    }

    def lookup(name):
        return values[name] if name in values else values[name.whole][tuple(i - 1 for i in name.index)]

    def value(formula):
        return evaluate(tree(formula), lookup)

    assert value("d/dyhat_1[(y_1 - yhat_1)^2 + (y_2 - yhat_1)^2]") == pytest.approx(-2 * 0.7 + 2 * 0.3, rel=1e-10)
    assert value("d/dyhat_2[sum((y - yhat)^2)]") == pytest.approx(2 * 0.7, rel=1e-10)
    np.testing.assert_allclose(value("d/dyhat_2[exp(yhat)]"), [[0], [np.exp(0.7)]], rtol=1e-10)
    assert value("d/dW_223[sum(W_2) * W_223]") == pytest.approx(28 + 6, rel=1e-10)
    with pytest.raises(InputError, match="with respect to a number"):
        value("d/dyhat[sum(yhat)]")
    with pytest.raises(InputError, match="function g: expected one of"):
        value("g(yhat_1)")
    assert value("ln(yhat_1) + log10(yhat_1) + log2(yhat_1)") == pytest.approx(
        np.log(0.3) + np.log10(0.3) + np.log2(0.3)
    )


# ---------------------------------------------------------------- round trips

QUANTITIES = ["x_1", "y_2", "yhat_1", "a_21", "h_13", "W_212", "b_21", "L", "dL/dW_212", "dyhat_1/da_21"]
WHOLE = ["x", "yhat", "a_2", "h_1", "W_1", "W_2", "dL/dW_2", "dL/dx"]
FUNCTIONS = ["exp", "log", "ln", "sigmoid", "tanh'", "g'", "sigma", "sqrt"]
LEAVES = st.one_of(
    st.sampled_from(QUANTITIES + WHOLE).map(q),
    st.sampled_from(["0.80", "3", "1e-4", "0.05", "12.5"]).map(number),
    st.sampled_from([Delta(2, (1,)), Delta(1), Timed(Quantity("W", 2, (1, 2)), 1), Timed(Quantity("yhat"), 300)]).map(
        Ref
    ),
    st.sampled_from(["e_1", "E_total", "Δw_23", "eta"]).map(Ref),
)
ENTRIES = st.one_of(LEAVES, LEAVES.map(Neg), st.tuples(LEAVES, LEAVES).map(Add))
BEFORE = ["e_1 = 1", "E_total = 1", "Δw_23 = 1"]


def is_matrix_product(tree):
    """A matrix by itself behind ⊙ takes the factors behind it; brackets would be needed to print the other reading."""
    inner = tree.item if isinstance(tree, Transpose) else tree
    return isinstance(inner, Ref) and is_matrix(inner.name)


def nodes(inner):
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    component = st.sampled_from(QUANTITIES).map(q)
    return st.one_of(
        inner.filter(lambda item: not text(item).startswith("-")).map(Neg),
        some.map(Add),
        some.map(Mul),
        some.filter(lambda factors: not any(map(is_matrix_product, factors))).map(Hadamard),
        st.builds(Div, inner, inner),
        st.builds(Pow, component, st.sampled_from(["2", "3"]).map(number)),
        st.builds(Transpose, inner),
        st.builds(lambda f, x: Call(f, (x,)), st.sampled_from(FUNCTIONS), inner),
        st.builds(Diff, inner, st.sampled_from(["yhat_1", "W_212", "a_21"]).map(lambda name: read(name)[0])),
        st.lists(ENTRIES, min_size=2, max_size=3).map(tuple).map(Array),
        st.lists(st.tuples(ENTRIES, ENTRIES).map(Array), min_size=1, max_size=3).map(tuple).map(Array),
    )


@given(st.recursive(LEAVES, nodes, max_leaves=12))
@settings(max_examples=300, deadline=None)
def test_what_is_printed_is_read_back(drawn):
    for notation in ("textbook", "delta"):
        printed = text(drawn, notation)
        found = tree(printed, *BEFORE)
        assert text(found, notation) == printed
    assert text(tree(latex(drawn), *BEFORE)) == text(drawn)


JUMBLE = r"""
\frac{ } dL/ d ∂ W_212 \hat{y} yhat_1 _ ^ { } ( ) [ ] = , ; $$ $ \begin{bmatrix} \end{bmatrix} & \\ + - * / 1 0.5 1e-4
a_21 h^{(2)} \sum_i sum_ log e^ ' '{3} ^T g' σ δ^2 \text{ \left( \right) \quad foo _i i \mathbf{ \underbrace{ }_{ ⊙ ½ ₁
² ∇_ \\[ . : ∴ eta word \prime ^{ \tag{
"""
PIECES = JUMBLE.split()


def checked(found):
    for line in found:
        assert line.parts or line.error
        assert all(part.tree is not None or line.error for part in line.parts)
        assert line.error == "" or line.error.startswith("line ")


@given(st.lists(st.text(), max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(written):
    checked(read_lines(written, 1, SIZES))
    checked(read_lines([f"L = {line}" for line in written], 1, SIZES))


@given(st.lists(st.lists(st.sampled_from([*PIECES, " "]), max_size=20).map("".join), max_size=3))
@settings(max_examples=300, deadline=None)
def test_any_jumble_of_pieces_is_read_or_refused(written):
    checked(read_lines(written, 1, SIZES))
    checked(read_lines([f"L = {line}" for line in written], 1, SIZES))
