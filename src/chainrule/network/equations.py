"""The equations of the notes as code: each with an id, its LaTeX, its axes, its source and three forms.

Letters of the axes, the same in code, documentation and pages:
    n  examples        m  units of layer i        j  units of layer i-1        o, k  outputs

``component`` is a sum of plain numbers that a person can follow, ``vector`` is for one example,
``batch`` for examples as rows. The three are written independently and tested against each other.
Batch gradients carry the coefficient of each example in L (mean or sum), so the gradient of the
weights is a plain product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.arrays import Array

# ---------------------------------------------------------------- forward.pre: a_i = W_i h_{i-1} + b_i


def pre_component(row: Sequence[float], h: Sequence[float], b: float) -> float:
    """a_im = sum over j of W_imj h_{i-1,j}, plus b_im."""
    return sum(w * unit for w, unit in zip(row, h, strict=True)) + b


def pre_vector(W: Array, h: Array, b: Array) -> Array:
    """W (m, j), h (j,), b (m,) -> a (m,)."""
    a: Array = W @ h + b
    return a


def pre_batch(W: Array, H: Array, b: Array) -> Array:
    """W (m, j), H (n, j), b (m,) -> A (n, m)."""
    A: Array = H @ W.T
    A += b
    return A


# ---------------------------------------------------------------- forward.act: h_i = g(a_i), yhat = O(a_L)


def act_component(g: Callable[[Array], Array], a: float) -> float:
    """h = g(a) for one unit."""
    return float(g(np.array([a]))[0])


def act(g: Callable[[Array], Array], a: Array) -> Array:
    """h = g(a), elementwise or softmax by rows; vector and batch alike."""
    return g(a)


# ---------------------------------------------------------------- forward.loss, backward.loss: L = sum_n c_n l_n


def loss_component(coefficients: Sequence[float], losses: Sequence[float]) -> float:
    """L = sum over n of c_n l_n; the loss as ``backward`` reports it."""
    return sum(c * one for c, one in zip(coefficients, losses, strict=True) if c)


def loss_batch(coefficients: Array, losses: Array) -> float:
    """c (n,), l (n,) -> L."""
    return float(_weighted(coefficients, losses).sum())


def loss_grad_component(coefficient: float, slope: float) -> float:
    """dL/dyhat_o = c dl/dyhat_o; an example of coefficient 0 adds nothing."""
    return coefficient * slope if coefficient else 0.0


def loss_grad_vector(coefficient: float, slope: Array) -> Array:
    """c, dl/dyhat (o,) -> grad yhat (o,)."""
    grad: Array = coefficient * slope if coefficient else np.zeros_like(slope)
    return grad


def loss_grad_batch(coefficients: Array, slope: Array) -> Array:
    """c (n,), dl/dyhat (n, o) -> grad yhat (n, o)."""
    return _weighted(coefficients[:, None], slope)


def _weighted(coefficients: Array, values: Array) -> Array:
    """The product; an example of coefficient 0 adds nothing, however extreme (0 times infinity is 0 here)."""
    if coefficients.all():
        product: Array = coefficients * values
        return product
    return np.multiply(coefficients, values, where=coefficients != 0, out=np.zeros_like(values))


# ---------------------------------------------------------------- backward.jacobian, backward.slope


def jacobian_component(yhat_o: float, yhat_m: float, same: bool) -> float:
    """Softmax: dyhat_o/da_Lm = yhat_o ([o = m] - yhat_m)."""
    return yhat_o * ((1.0 if same else 0.0) - yhat_m)


def jacobian_vector(yhat: Array) -> Array:
    """Softmax: yhat (o,) -> J (o, m) = diag(yhat) - yhat yhat^T."""
    J: Array = np.diag(yhat) - np.outer(yhat, yhat)
    return J


def jacobian_batch(yhat: Array) -> Array:
    """Softmax: yhat (n, o) -> J (n, o, m). A row sums to 0, which gives 1 - yhat_o without cancelling."""
    J: Array = -yhat[:, :, None] * yhat[:, None, :]
    units = np.arange(yhat.shape[1])
    J[:, units, units] = 0
    J[:, units, units] = -J.sum(axis=2)
    return J


def slope_component(dg: Callable[[Array], Array], a: float) -> float:
    """dh/da = g'(a) for one unit."""
    return float(dg(np.array([a]))[0])


def slope(dg: Callable[[Array], Array], a: Array) -> Array:
    """g'(a), elementwise; vector and batch alike."""
    return dg(a)


# ---------------------------------------------------------------- backward.out: grad a_L = J_O^T grad yhat


def out_component(grad_yhat: Sequence[float], column: Sequence[float]) -> float:
    """dL/da_Lm = sum over o of dL/dyhat_o dyhat_o/da_Lm; ``column`` is column m of J_O."""
    return sum(g * d for g, d in zip(grad_yhat, column, strict=True))


def out_vector(jacobian: Array, grad_yhat: Array) -> Array:
    """J (o, m), grad yhat (o,) -> grad a_L (m,)."""
    grad: Array = jacobian.T @ grad_yhat
    return grad


def out_batch(jacobian: Array, grad_yhat: Array) -> Array:
    """J (n, o, m), grad yhat (n, o) -> grad a_L (n, m)."""
    grad: Array = np.einsum("nom,no->nm", jacobian, grad_yhat)
    return grad


# ---------------------------------------------------------------- backward.hidden: the sum over all paths


def hidden_component(grad_a: Sequence[float], column: Sequence[float]) -> float:
    """dL/dh_ij = sum over m of dL/da_{i+1,m} W_{i+1,m,j}; ``column`` is column j of W_{i+1}."""
    return sum(g * w for g, w in zip(grad_a, column, strict=True))


def hidden_vector(W: Array, grad_a: Array) -> Array:
    """W_{i+1} (m, j), grad a_{i+1} (m,) -> grad h_i (j,)."""
    grad: Array = W.T @ grad_a
    return grad


def hidden_batch(W: Array, grad_A: Array) -> Array:
    """W_{i+1} (m, j), grad A_{i+1} (n, m) -> grad H_i (n, j)."""
    grad: Array = grad_A @ W
    return grad


# ---------------------------------------------------------------- backward.pre: grad a_i = grad h_i * g'(a_i)


def pre_grad_component(grad_h: float, slope: float) -> float:
    """dL/da_im = dL/dh_im g'(a_im)."""
    return grad_h * slope


def pre_grad(grad_h: Array, slope: Array) -> Array:
    """Elementwise product; vector and batch alike."""
    return grad_h * slope


# ---------------------------------------------------------------- backward.weight: grad W_i = grad a_i h_{i-1}^T


def weight_component(grad_a: float, h: float) -> float:
    """dL/dW_imj = dL/da_im h_{i-1,j}."""
    return grad_a * h


def weight_vector(grad_a: Array, h: Array) -> Array:
    """grad a_i (m,), h_{i-1} (j,) -> grad W_i (m, j)."""
    return np.outer(grad_a, h)


def weight_batch(grad_A: Array, H: Array) -> Array:
    """grad A_i (n, m), H_{i-1} (n, j) -> grad W_i (m, j), summed over the examples."""
    grad: Array = grad_A.T @ H
    return grad


# ---------------------------------------------------------------- backward.bias: grad b_i = grad a_i


def bias_component(grad_a: float) -> float:
    """dL/db_im = dL/da_im."""
    return grad_a


def bias_vector(grad_a: Array) -> Array:
    """grad a_i (m,) -> grad b_i (m,)."""
    return grad_a.copy()


def bias_batch(grad_A: Array) -> Array:
    """grad A_i (n, m) -> grad b_i (m,), summed over the examples."""
    grad: Array = grad_A.sum(axis=0)
    return grad


# ---------------------------------------------------------------- update, chain


def update(parameter: Any, gradient: Any, learning_rate: float) -> Any:
    """W <- W - eta dL/dW, for a number or an array of any shape."""
    return parameter - learning_rate * gradient


def chain(paths: Iterable[Sequence[float]]) -> float:
    """dp/dz = sum over all paths of the product of the derivatives along its edges."""
    total = 0.0
    for factors in paths:
        product = 1.0
        for factor in factors:
            product *= factor
        total += product
    return total


# ---------------------------------------------------------------- the table


@dataclass(frozen=True)
class Equation:
    """One equation of the notes.

    Attributes:
        id: the name by which explanations, audits and pages know it.
        title: what it says, in words.
        component_latex, latex, delta_latex: for one component, as vectors, in delta notation.
        shapes: the shape of each quantity in the vector form, by axis letters.
        source: files of the lecture notes.
        component, vector, batch: names of the functions of this module that compute it.
    """

    id: str
    title: str
    component_latex: str
    latex: str
    delta_latex: str
    shapes: str
    source: tuple[str, ...]
    component: str
    vector: str
    batch: str

    def function(self, form: str = "batch") -> Callable[..., Any]:
        """The function that computes this equation in the form asked: component, vector or batch."""
        found: Callable[..., Any] = globals()[getattr(self, form)]
        return found

    def at_layer(self, layer: int, delta: bool = False, component: bool = False) -> str:
        """Its LaTeX, as vectors or for one component, with a number for the layer i; in delta notation for l."""
        letter, text = ("l", self.delta_latex) if delta else ("i", self.component_latex if component else self.latex)
        text = re.sub(rf"([_^]){letter}(?![A-Za-z])", rf"\1{{{letter}}}", text)

        def number(match: re.Match[str]) -> str:
            return str(layer + int(match[1] or 0))

        return re.sub(rf"(?<![A-Za-z\\]){letter}([+-]1)?(?![A-Za-z])", number, text)


_ROWS = (
    Equation(
        "forward.pre",
        "pre-activation",
        r"a_{i,m} = \sum_j W_{i,m,j}\, h_{i-1,j} + b_{i,m}",
        r"a_i = W_i h_{i-1} + b_i",
        r"z^l = (w^l)^T a^{l-1} + b^l",
        "W (m, j), h (j), b (m) -> a (m)",
        ("003", "004"),
        "pre_component",
        "pre_vector",
        "pre_batch",
    ),
    Equation(
        "forward.act",
        "activation",
        r"h_{i,m} = g(a_{i,m})",
        r"h_i = g(a_i),\quad \hat{y} = O(a_L)",
        r"a^l = \sigma(z^l)",
        "a (m) -> h (m)",
        ("003", "004"),
        "act_component",
        "act",
        "act",
    ),
    Equation(
        "forward.loss",
        "loss of the batch",
        r"L = \sum_n c_n\, \ell(\hat{y}_n, y_n)",
        r"L = c^T \ell(\hat{y}, y)",
        r"L = c^T \ell(a^L, y)",
        "c (n), l (n) -> L",
        ("003", "004"),
        "loss_component",
        "loss_batch",
        "loss_batch",
    ),
    Equation(
        "backward.loss",
        "gradient of the loss by the output",
        r"\frac{\partial L}{\partial \hat{y}_o} = c\, \frac{\partial \ell}{\partial \hat{y}_o}",
        r"\nabla_{\hat{y}} L = c\, \nabla_{\hat{y}} \ell",
        r"\nabla_{a^L} L = c\, \nabla_{a^L} \ell",
        "c, dl/dyhat (o) -> grad yhat (o)",
        ("003",),
        "loss_grad_component",
        "loss_grad_vector",
        "loss_grad_batch",
    ),
    Equation(
        "backward.jacobian",
        "derivative of the softmax",
        r"\frac{\partial \hat{y}_o}{\partial a_{L,m}} = \hat{y}_o ([o = m] - \hat{y}_m)",
        r"J_O = \operatorname{diag}(\hat{y}) - \hat{y} \hat{y}^T",
        r"J_O = \operatorname{diag}(a^L) - a^L (a^L)^T",
        "yhat (o) -> J (o, m)",
        ("003", "004"),
        "jacobian_component",
        "jacobian_vector",
        "jacobian_batch",
    ),
    Equation(
        "backward.slope",
        "derivative of the activation",
        r"\frac{\partial h_{i,m}}{\partial a_{i,m}} = g'(a_{i,m})",
        r"\operatorname{diag}(g'(a_i))",
        r"\sigma'(z^l)",
        "a (m) -> g' (m)",
        ("001", "004"),
        "slope_component",
        "slope",
        "slope",
    ),
    Equation(
        "backward.out",
        "gradient of the output's pre-activation",
        r"\frac{\partial L}{\partial a_{L,m}} = \sum_o \frac{\partial L}{\partial \hat{y}_o} "
        r"\frac{\partial \hat{y}_o}{\partial a_{L,m}}",
        r"\nabla_{a_L} L = J_O^T \nabla_{\hat{y}} L",
        r"\delta^L = J_O^T \nabla_{a^L} L",
        "J (o, m), grad yhat (o) -> grad a_L (m)",
        ("001", "003", "004"),
        "out_component",
        "out_vector",
        "out_batch",
    ),
    Equation(
        "backward.hidden",
        "gradient of a hidden unit: the sum over all paths",
        r"\frac{\partial L}{\partial h_{i,j}} = \sum_m \frac{\partial L}{\partial a_{i+1,m}} W_{i+1,m,j}",
        r"\nabla_{h_i} L = W_{i+1}^T \nabla_{a_{i+1}} L",
        r"\nabla_{a^l} L = w^{l+1} \delta^{l+1}",
        "W (m, j), grad a (m) -> grad h (j)",
        ("000", "001", "004"),
        "hidden_component",
        "hidden_vector",
        "hidden_batch",
    ),
    Equation(
        "backward.pre",
        "gradient through the activation",
        r"\frac{\partial L}{\partial a_{i,m}} = \frac{\partial L}{\partial h_{i,m}}\, g'(a_{i,m})",
        r"\nabla_{a_i} L = \nabla_{h_i} L \odot g'(a_i)",
        r"\delta^l = (w^{l+1} \delta^{l+1}) \odot \sigma'(z^l)",
        "grad h (m), g' (m) -> grad a (m)",
        ("001", "004"),
        "pre_grad_component",
        "pre_grad",
        "pre_grad",
    ),
    Equation(
        "backward.weight",
        "gradient of a weight",
        r"\frac{\partial L}{\partial W_{i,m,j}} = \frac{\partial L}{\partial a_{i,m}}\, h_{i-1,j}",
        r"\nabla_{W_i} L = \nabla_{a_i} L\; h_{i-1}^T",
        r"\frac{\partial L}{\partial w^l} = a^{l-1} (\delta^l)^T",
        "grad a (m), h (j) -> grad W (m, j)",
        ("001", "002"),
        "weight_component",
        "weight_vector",
        "weight_batch",
    ),
    Equation(
        "backward.bias",
        "gradient of a bias",
        r"\frac{\partial L}{\partial b_{i,m}} = \frac{\partial L}{\partial a_{i,m}}",
        r"\nabla_{b_i} L = \nabla_{a_i} L",
        r"\frac{\partial L}{\partial b^l} = \delta^l",
        "grad a (m) -> grad b (m)",
        ("001", "002"),
        "bias_component",
        "bias_vector",
        "bias_batch",
    ),
    Equation(
        "update",
        "gradient descent",
        r"W_{i,m,j} \leftarrow W_{i,m,j} - \eta \frac{\partial L}{\partial W_{i,m,j}}",
        r"W_i \leftarrow W_i - \eta \nabla_{W_i} L,\quad b_i \leftarrow b_i - \eta \nabla_{b_i} L",
        r"w^l \leftarrow w^l - \eta \frac{\partial L}{\partial w^l}",
        "any shape, the same on both sides",
        ("002",),
        "update",
        "update",
        "update",
    ),
    Equation(
        "chain",
        "the chain rule along all paths",
        r"\frac{\partial p}{\partial z} = \sum_{\text{paths}} \prod_{\text{edges}} \frac{\partial u}{\partial v}",
        r"\frac{\partial p}{\partial z} = \sum_m \frac{\partial p}{\partial q_m} \frac{\partial q_m}{\partial z}",
        r"\frac{\partial p}{\partial z} = \sum_m \frac{\partial p}{\partial q_m} \frac{\partial q_m}{\partial z}",
        "numbers",
        ("004",),
        "chain",
        "chain",
        "chain",
    ),
)

EQUATIONS: dict[str, Equation] = {row.id: row for row in _ROWS}
