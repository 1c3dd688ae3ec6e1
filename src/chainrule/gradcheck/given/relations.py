"""What holds among somebody's arrays themselves, whether they are right or not: each layer's follow from one another.

A mistake at the output makes every array wrong; how they lie can then still be told from how they fit together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.gradcheck.given.fits import Evidence
from chainrule.gradcheck.given.layouts import LaidOut
from chainrule.network.arrays import Array
from chainrule.network.names import LOSS, Derivative

NEAR = 1e-4  # relative to the largest entry


def holding(pieces: Sequence[LaidOut], evidence: Evidence, each: bool = False) -> int:
    """How many equations of the backward pass hold among the arrays of a set.

    Args:
        each: derivatives by units are of each example's own loss.
    """
    given: dict[tuple[str, int], Array] = {}
    b = evidence.b
    depth = b.forward.network.depth
    for piece in pieces:
        name = piece.quantity
        if isinstance(name, Derivative) and name.of == LOSS and not name.wrt.index:
            value = piece.value[None] if piece.of_units and b.forward.single else piece.value
            value = value * b.coefficients[:, None] if each and piece.of_units else value
            symbol = {"x": "h", "yhat": "h"}.get(name.wrt.symbol, name.wrt.symbol)
            given[symbol, name.wrt.layer_in(depth)] = value
    return sum(_near(*sides) for sides in _equations(given, evidence))


def _equations(given: dict[tuple[str, int], Array], evidence: Evidence) -> Iterator[tuple[Array, Array]]:
    """Both sides of each equation among the arrays that are given."""
    b = evidence.b
    network, h = b.forward.network, b.forward.h
    for i in range(1, network.depth + 1):
        dW, db, da = (given.get((symbol, i)) for symbol in ("W", "b", "a"))
        dh, before = given.get(("h", i)), given.get(("h", i - 1))
        if da is not None and dh is not None and i < network.depth:
            yield da, dh * network.activations[i - 1].dg(b.forward.a[i - 1])
        if da is not None and before is not None:
            yield before, da @ network.weights[i - 1]
        if da is not None and db is not None:
            yield db, da.sum(axis=0)
        if dW is None:
            continue
        if da is not None and da.shape[1] == dW.shape[0]:
            yield dW, da.T @ h[i - 1]
        elif len(h[i - 1]) < h[i - 1].shape[1] == dW.shape[-1]:  # a sum of few rows of H lies among them
            rows = evidence.basis(i - 1)
            yield dW, dW @ rows.T @ rows


def _near(one: Array, other: Array) -> bool:
    if one.shape != other.shape or not one.size:
        return False
    largest = float(np.abs(one).max())
    return largest > 0.0 and bool((np.abs(one - other) <= NEAR * largest).all())
