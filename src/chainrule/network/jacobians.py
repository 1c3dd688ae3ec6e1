"""Derivatives of one quantity of the network by an earlier one: dyhat_1/da_21, da_21/dW_212, dyhat/dx."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity
from chainrule.network.stages import Stage


def local_derivative(
    name: Derivative, stages: Sequence[Stage], value: Callable[[Quantity], Array], derivative: Callable[[Stage], Array]
) -> Array:
    """d of / d wrt, for every example: shape (n,) + shape of ``of`` + shape of ``wrt``.

    The rows of the identity at ``of`` are carried back to ``wrt`` by the vjp of every stage between them.

    Args:
        value, derivative: of a forward pass, the values (n, m) of a quantity and the derivative of a stage.

    Raises:
        InputError: ``wrt`` does not come before ``of``.
    """
    depth, target = len(stages) // 2, name.wrt
    check_order(name, depth)
    at_start = value(name.of.whole)
    n, width = at_start.shape
    units = [i - 1 for i in name.of.index] or range(width)
    rows = np.zeros((n, len(units), width), at_start.dtype)
    rows[:, np.arange(len(units)), units] = 1
    for stage in reversed(stages[_position(target, depth) : _position(name.of, depth)]):
        rows = stage.vjp(derivative(stage), rows)
        if stage.kind == "output":
            rows = rows + 0.0  # 0 times a negative slope is -0, which would be printed
    if target.symbol == "W":
        rows = _by_weight(rows, value(stages[_position(target, depth) - 1].before), target)
    elif target.index:
        rows = rows[:, :, target.index[0] - 1]
    return rows[:, 0] if name.of.index else rows


def check_order(name: Derivative, depth: int) -> None:
    """Raise an InputError where ``wrt`` comes after ``of``."""
    if _position(name.wrt, depth) > _position(name.of, depth):
        depends = f"a derivative by something that {name.of} depends on"
        raise InputError(f"name {name}", depends, f"{name.wrt}, which comes after it")


def _position(quantity: Quantity, depth: int) -> int:
    """Stages before a quantity on the way forward: x 0, a_1 1, h_1 2, …, yhat 2 L; W_i and b_i stand with a_i."""
    if quantity.symbol in ("x", "yhat"):
        return 0 if quantity.symbol == "x" else 2 * depth
    assert quantity.layer is not None
    return 2 * quantity.layer - (quantity.symbol != "h")


def _by_weight(rows: Array, inputs: Array, target: Quantity) -> Array:
    """d u / dW_imj = d u / da_im h_{i-1,j}."""
    if target.index:
        m, j = target.index
        one: Array = rows[:, :, m - 1] * inputs[:, None, j - 1]
        return one
    product: Array = rows[:, :, :, None] * inputs[:, None, None, :]
    return product
