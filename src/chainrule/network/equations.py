"""The equations of the notes as code, each in three forms; ``equation_table`` has their names and their LaTeX.

Letters of the axes, the same in code, documentation and pages:
    n  examples        m  units of layer i        j  units of layer i-1        o, k  outputs

``component`` is a sum of plain numbers that a person can follow, ``vector`` is for one example,
``batch`` for examples as rows. The three are written independently and tested against each other.
Batch gradients carry the coefficient of each example in L (mean or sum), so the gradient of the
weights is a plain product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
