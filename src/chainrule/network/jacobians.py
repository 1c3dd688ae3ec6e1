"""Derivatives of one quantity of the network by an earlier one: dyhat_1/da_21, da_21/dW_212, dyhat/dx."""

from __future__ import annotations

import numpy as np

from chainrule.errors import InputError
from chainrule.network import equations
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity
from chainrule.network.network import Network


def local_derivative(network: Network, a: tuple[Array, ...], h: tuple[Array, ...], name: Derivative) -> Array:
    """d of / d wrt, for every example: shape (n,) + shape of ``of`` + shape of ``wrt``.

    The rows of the identity at ``of`` are carried back, layer by layer, by the equations
    backward.out, backward.hidden and backward.pre, to ``wrt``.

    Raises:
        InputError: ``wrt`` does not come before ``of``.
    """
    target = name.wrt
    check_order(name, network.depth)
    start, stop = _stage(name.of, network.depth), _stage(target, network.depth)
    n, width = h[0].shape[0], (a[start // 2] if start % 2 else h[start // 2]).shape[1]
    units = [i - 1 for i in name.of.index] or range(width)
    rows = np.zeros((n, len(units), width), network.dtype)
    rows[:, np.arange(len(units)), units] = 1
    for stage in range(start, stop, -1):
        rows = _one_back(network, a, h, stage, rows)
    if target.symbol == "W":
        rows = _by_weight(rows, h[stop // 2], target)
    elif target.index:
        rows = rows[:, :, target.index[0] - 1]
    return rows[:, 0] if name.of.index else rows


def check_order(name: Derivative, depth: int) -> None:
    """Raise an InputError where ``wrt`` comes after ``of``."""
    if _stage(name.wrt, depth) > _stage(name.of, depth):
        depends = f"a derivative by something that {name.of} depends on"
        raise InputError(f"name {name}", depends, f"{name.wrt}, which comes after it")


def _stage(quantity: Quantity, depth: int) -> int:
    """Position on the way forward: x 0, a_1 1, h_1 2, a_2 3, …, yhat 2 L; W_i and b_i stand with a_i."""
    if quantity.symbol in ("x", "yhat"):
        return 0 if quantity.symbol == "x" else 2 * depth
    assert quantity.layer is not None
    return 2 * quantity.layer - (quantity.symbol != "h")


def _one_back(network: Network, a: tuple[Array, ...], h: tuple[Array, ...], stage: int, rows: Array) -> Array:
    """Rows (n, u, units) of d u / d stage, carried to the stage before."""
    layer = (stage + 1) // 2
    if stage % 2:  # a_i -> h_{i-1}
        back: Array = equations.hidden_batch(network.weights[layer - 1], rows)
        return back
    if layer == network.depth:  # yhat -> a_L
        jacobian = network.output_rule.jacobian(a[-1], h[-1])
        through: Array = rows @ jacobian
        return through
    return equations.pre_grad(rows, network.activations[layer - 1].dg(a[layer - 1])[:, None, :])


def _by_weight(rows: Array, inputs: Array, target: Quantity) -> Array:
    """d u / dW_imj = d u / da_im h_{i-1,j}."""
    if target.index:
        m, j = target.index
        one: Array = rows[:, :, m - 1] * inputs[:, None, j - 1]
        return one
    product: Array = rows[:, :, :, None] * inputs[:, None, None, :]
    return product
