"""The value of an explanation beside numerical differentiation, by the complex step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.explanation.records import Check
from chainrule.gradcheck.numerical import STEP, PerturbedLoss
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import Derivative, Notation, Quantity, to_text

MOST = 6  # entries of a vector or a matrix that are differentiated: the largest and the smallest


def numerical_check(b: Backward, name: Derivative, value: Any, notation: Notation) -> Check:
    """Differentiate ``of`` by entries of ``wrt``; of a vector or a matrix the one that differs most is reported."""
    probe = replace(PerturbedLoss.of(b, "complex"), reads=name.of)
    whole = np.asarray(value, dtype=float)
    if notation == "delta" and name.wrt.symbol == "W" and not name.wrt.index:
        whole = whole.T
    if name.wrt.index:
        places = [tuple(i - 1 for i in name.wrt.index)]
    else:
        order = np.argsort(-np.abs(whole), axis=None)
        chosen = dict.fromkeys([*order[: MOST // 2].tolist(), *order[-(MOST // 2) :].tolist()])
        places = [tuple(int(i) for i in np.unravel_index(place, whole.shape)) for place in chosen]
    checks = []
    tolerance = 1e-6 if b.forward.network.dtype == np.float64 else 1e-2
    for place in places:
        ours = float(whole) if name.wrt.index else float(whole[place])
        entry = Derivative(name.of, Quantity(name.wrt.symbol, name.wrt.layer, tuple(i + 1 for i in place)))
        numerical = _derivative(probe, name.wrt, place)
        checks.append(Check(ours, numerical, to_text(entry, notation), tolerance))
    return max(checks, key=lambda c: abs(c.value - c.numerical))


def _derivative(probe: PerturbedLoss, wrt: Quantity, place: tuple[int, ...]) -> float:
    parameter = wrt.symbol in "Wb"
    shape = _moved_shape(probe, wrt)
    delta = np.zeros(shape, dtype=complex)
    delta[(0, *place[1:]) if parameter else (0, *place)] = STEP * 1j
    moved, _ = probe.moved(wrt, delta, row=place[0] if parameter else None)
    return float(np.imag(moved) / STEP)


def _moved_shape(probe: PerturbedLoss, wrt: Quantity) -> tuple[int, ...]:
    if wrt.symbol == "W":
        return (1, probe.network.sizes[(wrt.layer or 1) - 1])
    if wrt.symbol == "b":
        return (1,)
    layer = wrt.layer_in(probe.network.depth)
    like: Array = probe.a[layer - 1] if wrt.symbol == "a" else probe.h[layer]
    return like.shape
