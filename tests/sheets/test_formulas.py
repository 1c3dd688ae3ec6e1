"""Formulas of worksheets: every way of writing them, plain and LaTeX, to one tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.formula import evaluate, latex, text
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
from chainrule.network.names import LOSS, Derivative, Quantity, read
from tests.support.sample import draws
from tests.support.sheets import error, line, lines, number, q, tree

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
    "h_1": ["h_1", "a^{[1]}", "A^{[1]}", "h^{(1)}", "h^1", "a^1", "a^{L-1}", r"\mathbf{h}_1"],
    "h_2": ["a^2", "a^{2}", "a^L", "a^{L}"],
    "a_21": ["a_21", "a_{21}", "z^2_1", "z_1^2", "z^{(2)}_1", "z_1^{(2)}", "z^{L}_1"],
    "a_2": ["a_2", "a_{2}", "Z^{[2]}", "z^2", "z^{(2)}", "z^L"],
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
    "dL/dW_2": ["dL/dW_2", "dW^{[2]}", "dW^{(2)}", r"\mathrm{d}W^{[2]}", r"dW^{\left[2\right]}", "dJ/dW_2",
                r"\frac{\partial J}{\partial W_2}", r"\nabla_{W_2} J", r"\frac{\partial\mathcal{J}}{\partial W^{[2]}}"],
    "dL/db_2": ["dL/db_2", "db^{[2]}"],
    "dL/da_2": ["dL/da_2", "dz^{[2]}", "dZ^{[2]}"],
    "dL/dh_1": ["dL/dh_1", "da^{[1]}", "dA^{[1]}"],
    "dh_1/da_1": ["dh_1/da_1", r"\frac{da^{[1]}}{dz^{[1]}}", "dA^{[1]}/dZ^{[1]}"],
    "dL/dx": ["dL/dx", r"\frac{\partial L}{\partial\mathbf{x}}"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "written"), [(n, w) for n, ways in DERIVATIVES.items() for w in ways])
def test_every_way_to_write_a_derivative(name, written):
    assert tree(written) == q(name)
    assert tree(f"-{written}") == Neg(q(name))
    assert tree(f"2 {written}") == Mul((number("2"), q(name)))


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("h_1", ["a^{[1]T}", "a^{[1] T}", r"a^{[1]\top}", "a^{(1)T}", "A^{[1]T}", r"a^{[1]\mathsf{T}}", "{a^{[1]}}^T"]),
        ("W_2", ["W^{[2]T}", "W^{[2] T}", r"W^{[2]\intercal}", "W^{(2)T}", "W_2^T"]),
        ("dL/dW_2", ["dW^{[2]T}", "dL/dW^{[2]T}"]),
    ],
)
def test_a_transpose_beside_the_layer(name, ways):
    for written in ways:
        assert tree(written) == Transpose(q(name))


def test_names_that_the_author_introduced_stay_theirs():
    assert tree("dJ/dW_2", "J = 3") == Diff(Ref("J"), Quantity("W", 2))
    assert tree("Z^{(2)}", "Z = 3") == Pow(Ref("Z"), number("2"))
    assert "unknown name 'da^{(1)}'" in line("L = (da^{[1]})/(dz^{[1]})").error
    assert "has no transpose" in line("L = W^{[2]T}_{12}").error


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
    ("sum_{i=2}^{2} x_i", q("x_2")),
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


def test_three_derivatives_of_derivatives_are_read():
    third = Diff(Diff(Diff(q("a_21"), Quantity("x", None, (1,))), Quantity("x", None, (1,))), Quantity("x", None, (1,)))
    assert tree("d/dx_1(d/dx_1(d/dx_1(a_21)))") == third
    assert "at most 3 derivatives" in error("d/dx_1(d/dx_1(d/dx_1(d/dx_1(a_21))))")


def test_digits_are_kept_as_written():
    assert [item.written for item in tree("[0.80, 1.50e-3, 2., 007]").items] == ["0.80", "1.50e-3", "2.", "007"]


def test_sums_run_over_the_vector_rather_than_a_swapped_matrix():
    swapped = tree("sum_k δ_{2k} W_{2,1,k}")  # W_2 has two rows and four columns
    assert len(swapped.terms) == 2
    assert len(tree("sum_k W_{2,1,k} δ_{2k}").terms) == len(tree("sum_k W_{2,1,k} y_k").terms) == 2
    assert len(tree("sum_k W_{2,1,k}").terms) == 4


def test_only_a_space_separates_the_entries_of_a_vector():
    assert tree("[2 -3]") == Array((number("2"), Neg(number("3"))))
    assert tree("[2 - 3]") == tree("[2-3]") == Array((Add((number("2"), Neg(number("3")))),))
    assert error("2 3") == "line 1, column 7: expected an operator or the end; got '3'"
    assert tree("(2 -3)") == Add((number("2"), Neg(number("3"))))


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
        inner.map(lambda item: item if text(item).startswith("-") else Neg(item)),
        some.map(Add),
        some.map(Mul),
        some.map(lambda factors: (Mul if any(map(is_matrix_product, factors)) else Hadamard)(factors)),
        st.builds(Div, inner, inner),
        st.builds(Pow, component, st.sampled_from(["2", "3"]).map(number)),
        st.builds(Transpose, inner),
        st.builds(lambda f, x: Call(f, (x,)), st.sampled_from(FUNCTIONS), inner),
        st.builds(Diff, inner, st.sampled_from(["yhat_1", "W_212", "a_21"]).map(lambda name: read(name)[0])),
        st.lists(ENTRIES, min_size=2, max_size=3).map(tuple).map(Array),
        st.lists(st.tuples(ENTRIES, ENTRIES).map(Array), min_size=1, max_size=3).map(tuple).map(Array),
    )


@given(st.recursive(LEAVES, nodes, max_leaves=12))
@draws(60)
def test_what_is_printed_is_read_back(drawn):
    for notation in ("textbook", "delta"):
        printed = text(drawn, notation)
        found = tree(printed, *BEFORE)
        assert text(found, notation) == printed
    assert text(tree(latex(drawn), *BEFORE)) == text(drawn)
