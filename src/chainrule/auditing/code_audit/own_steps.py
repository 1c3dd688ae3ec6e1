"""Whether code that steps its weights subtracts the gradients that it keeps or returns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.gradcheck.given.containers import TakenApart
from chainrule.gradcheck.given.records import GivenGradients
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity
from chainrule.network.network import Network

NEAR = 1e-5  # of the largest entry


def other_steps(network: Network, given: GivenGradients, steps: TakenApart, in_out: bool) -> Iterator[str]:
    """Of each array that takes another step than its gradient says, what is subtracted, in words.

    A step is the rate times the gradient; weight decay may be in it. Nothing is said where the arrays have no rate in
    common, and of steps that have the sign of the gradient everywhere: an optimizer may scale or clip each entry.

    Args:
        given: the gradients as they were read. steps: by name, ``W1``, ``b1``, as the weights lie.
    """
    taken = {leaf.name: leaf.value for leaf in steps.leaves}
    own: dict[str, tuple[Quantity, Array, Array]] = {}
    for array in given.arrays:
        quantity = array.quantity
        if isinstance(quantity, Derivative) and quantity.wrt.symbol in "Wb" and not quantity.wrt.index:
            name = f"{quantity.wrt.symbol}{quantity.wrt.layer}"
            if name in taken:
                step = taken[name].T if in_out and quantity.wrt.symbol == "W" else taken[name]
                if step.size == array.value.size:
                    own[name] = (quantity.wrt, array.value, step.reshape(array.value.shape))
    rates = {name: rate for name, (_, g, step) in own.items() if (rate := _rate(g, step)) is not None}
    usual = [
        rate
        for rate in rates.values()
        if rate and sum(_is_one(rate, other) for other in rates.values()) * 2 >= len(own)
    ]
    if not usual:
        return
    for name, (quantity, g, step) in own.items():
        W = (network.weights if quantity.symbol == "W" else network.biases)[(quantity.layer or 1) - 1]
        downhill = (np.sign(step) * np.sign(usual[0] * g) >= 0).all()  # clipped, or scaled entry by entry
        if name in rates or g.size < 2 or not g.any() or downhill or _rate(W, step - usual[0] * g) is not None:
            continue
        what = f"{rate:.6g} {quantity}" if (rate := _rate(W, step)) is not None else "something else"
        yield f"what is subtracted from {quantity} is not the rate times its gradient, as for the others, but {what}"


def _rate(g: Array, step: Array) -> float | None:
    """How many times g a step is; None where it is no multiple."""
    largest = float(np.abs(g).max(initial=0.0))
    if largest == 0.0 or g.size < 2:
        return None
    rate = float((step * g).sum() / (g * g).sum())
    return rate if (np.abs(step - rate * g) <= NEAR * abs(rate) * largest).all() else None


def _is_one(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR * abs(one)
