"""The equations of the notes by id: title, LaTeX in both notations, axes, source, functions that compute them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.network import equations as eq


@dataclass(frozen=True)
class Equation:
    """One equation of the notes.

    Attributes:
        id: the name by which explanations, audits and pages know it.
        title: what it says, in words.
        component_latex, latex, delta_latex: for one component, as vectors, in delta notation.
        shapes: the shape of each quantity in the vector form, by axis letters.
        source: files of the lecture notes.
        component, vector, batch: the functions of ``equations`` that compute it, each in its form.
    """

    id: str
    title: str
    component_latex: str
    latex: str
    delta_latex: str
    shapes: str
    source: tuple[str, ...]
    component: Callable[..., Any]
    vector: Callable[..., Any]
    batch: Callable[..., Any]

    def at_layer(self, layer: int, delta: bool = False, component: bool = False) -> str:
        """The LaTeX of this equation, as vectors or for one component, with the layer's number for i (delta: l)."""
        letter, text = ("l", self.delta_latex) if delta else ("i", self.component_latex if component else self.latex)
        text = re.sub(rf"([_^]){letter}(?![A-Za-z])", rf"\1{{{letter}}}", text)

        def number(match: re.Match[str]) -> str:
            return str(layer + int(match[1] or 0))

        return re.sub(rf"(?<![A-Za-z\\]){letter}([+-]1)?(?![A-Za-z])", number, text)


_ROWS = (
    Equation(
        "forward.pre", "pre-activation",
        r"a_{i,m} = \sum_j W_{i,m,j}\, h_{i-1,j} + b_{i,m}",
        r"a_i = W_i h_{i-1} + b_i", r"z^l = (w^l)^T a^{l-1} + b^l",
        "W (m, j), h (j), b (m) -> a (m)", ("003", "004"), eq.pre_component, eq.pre_vector, eq.pre_batch,
    ),
    Equation(
        "forward.act", "activation",
        r"h_{i,m} = g(a_{i,m})",
        r"h_i = g(a_i),\quad \hat{y} = O(a_L)", r"a^l = \sigma(z^l)",
        "a (m) -> h (m)", ("003", "004"), eq.act_component, eq.act, eq.act,
    ),
    Equation(
        "forward.loss", "loss of the batch",
        r"L = \sum_n c_n\, \ell(\hat{y}_n, y_n)",
        r"L = c^T \ell(\hat{y}, y)", r"L = c^T \ell(a^L, y)",
        "c (n), l (n) -> L", ("003", "004"), eq.loss_component, eq.loss_batch, eq.loss_batch,
    ),
    Equation(
        "backward.loss", "gradient of the loss by the output",
        r"\frac{\partial L}{\partial \hat{y}_o} = c\, \frac{\partial \ell}{\partial \hat{y}_o}",
        r"\nabla_{\hat{y}} L = c\, \nabla_{\hat{y}} \ell", r"\nabla_{a^L} L = c\, \nabla_{a^L} \ell",
        "c, dl/dyhat (o) -> grad yhat (o)", ("003",), eq.loss_grad_component, eq.loss_grad_vector, eq.loss_grad_batch,
    ),
    Equation(
        "backward.jacobian", "derivative of the softmax",
        r"\frac{\partial \hat{y}_o}{\partial a_{L,m}} = \hat{y}_o ([o = m] - \hat{y}_m)",
        r"J_O = \operatorname{diag}(\hat{y}) - \hat{y} \hat{y}^T", r"J_O = \operatorname{diag}(a^L) - a^L (a^L)^T",
        "yhat (o) -> J (o, m)", ("003", "004"), eq.jacobian_component, eq.jacobian_vector, eq.jacobian_batch,
    ),
    Equation(
        "backward.slope", "derivative of the activation",
        r"\frac{\partial h_{i,m}}{\partial a_{i,m}} = g'(a_{i,m})",
        r"\operatorname{diag}(g'(a_i))", r"\sigma'(z^l)",
        "a (m) -> g' (m)", ("001", "004"), eq.slope_component, eq.slope, eq.slope,
    ),
    Equation(
        "backward.out", "gradient of the output's pre-activation",
        r"\frac{\partial L}{\partial a_{L,m}} = \sum_o \frac{\partial L}{\partial \hat{y}_o} "
        r"\frac{\partial \hat{y}_o}{\partial a_{L,m}}",
        r"\nabla_{a_L} L = J_O^T \nabla_{\hat{y}} L", r"\delta^L = J_O^T \nabla_{a^L} L",
        "J (o, m), grad yhat (o) -> grad a_L (m)", ("001", "003", "004"), eq.out_component, eq.out_vector, eq.out_batch,
    ),
    Equation(
        "backward.hidden", "gradient of a hidden unit: the sum over all paths",
        r"\frac{\partial L}{\partial h_{i,j}} = \sum_m \frac{\partial L}{\partial a_{i+1,m}} W_{i+1,m,j}",
        r"\nabla_{h_i} L = W_{i+1}^T \nabla_{a_{i+1}} L", r"\nabla_{a^l} L = w^{l+1} \delta^{l+1}",
        "W (m, j), grad a (m) -> grad h (j)", ("000", "001", "004"),
        eq.hidden_component, eq.hidden_vector, eq.hidden_batch,
    ),
    Equation(
        "backward.pre", "gradient through the activation",
        r"\frac{\partial L}{\partial a_{i,m}} = \frac{\partial L}{\partial h_{i,m}}\, g'(a_{i,m})",
        r"\nabla_{a_i} L = \nabla_{h_i} L \odot g'(a_i)", r"\delta^l = (w^{l+1} \delta^{l+1}) \odot \sigma'(z^l)",
        "grad h (m), g' (m) -> grad a (m)", ("001", "004"), eq.pre_grad_component, eq.pre_grad, eq.pre_grad,
    ),
    Equation(
        "backward.weight", "gradient of a weight",
        r"\frac{\partial L}{\partial W_{i,m,j}} = \frac{\partial L}{\partial a_{i,m}}\, h_{i-1,j}",
        r"\nabla_{W_i} L = \nabla_{a_i} L\; h_{i-1}^T", r"\frac{\partial L}{\partial w^l} = a^{l-1} (\delta^l)^T",
        "grad a (m), h (j) -> grad W (m, j)", ("001", "002"), eq.weight_component, eq.weight_vector, eq.weight_batch,
    ),
    Equation(
        "backward.bias", "gradient of a bias",
        r"\frac{\partial L}{\partial b_{i,m}} = \frac{\partial L}{\partial a_{i,m}}",
        r"\nabla_{b_i} L = \nabla_{a_i} L", r"\frac{\partial L}{\partial b^l} = \delta^l",
        "grad a (m) -> grad b (m)", ("001", "002"), eq.bias_component, eq.bias_vector, eq.bias_batch,
    ),
    Equation(
        "update", "gradient descent",
        r"W_{i,m,j} \leftarrow W_{i,m,j} - \eta \frac{\partial L}{\partial W_{i,m,j}}",
        r"W_i \leftarrow W_i - \eta \nabla_{W_i} L,\quad b_i \leftarrow b_i - \eta \nabla_{b_i} L",
        r"w^l \leftarrow w^l - \eta \frac{\partial L}{\partial w^l}",
        "any shape, the same on both sides", ("002",), eq.update, eq.update, eq.update,
    ),
    Equation(
        "chain", "the chain rule along all paths",
        r"\frac{\partial p}{\partial z} = \sum_{\text{paths}} \prod_{\text{edges}} \frac{\partial u}{\partial v}",
        r"\frac{\partial p}{\partial z} = \sum_m \frac{\partial p}{\partial q_m} \frac{\partial q_m}{\partial z}",
        r"\frac{\partial p}{\partial z} = \sum_m \frac{\partial p}{\partial q_m} \frac{\partial q_m}{\partial z}",
        "numbers", ("004",), eq.chain, eq.chain, eq.chain,
    ),
)  # fmt: skip

EQUATIONS: dict[str, Equation] = {row.id: row for row in _ROWS}
