"""Which units of a wide layer matter for a question, and by how much.

For the loss L (or no question): dL/dh_ij * h_ij, what a unit adds to the loss to first order.
For a question about one unit u (of a weight or a bias: the unit it leads to):
- in a later layer, da_im/du * dL/da_im: what goes through a unit; over a layer they add up to dL/du;
- in an earlier layer, da/dh_ij * h_ij, a the pre-activation of u: what a unit adds to it to first order.
"""

from __future__ import annotations

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import Derivative, Name, Quantity

WIDE = 12  # units of a layer that are all drawn
SHOWN = 8  # of a wider one, beside those that are asked


def contributions(b: Backward, name: Name | None) -> list[Array]:
    """What each unit of each layer (0 to L) adds to what is asked, (m,) each."""
    f, net = b.forward, b.forward.network
    asked = _asked(name)
    if asked is None:
        inner = [b.grad_x, *b.grad_h, b.grad_yhat]
        with np.errstate(invalid="ignore"):
            return [np.nan_to_num((grad * h)[0].astype(float)) for grad, h in zip(inner, f.h, strict=True)]
    layer, unit, is_pre = asked
    found: list[Array] = [np.zeros(m) for m in net.sizes]
    one = np.zeros(net.sizes[layer])
    one[unit] = 1.0
    onward = one  # d of the unit after a stage / du
    for stage in net.stages[2 * layer - is_pre : -1]:
        slope = f.derivative(stage)
        onward = slope @ onward if stage.kind == "affine" else slope[0] * onward
        if stage.kind == "affine":
            found[stage.layer] = onward * b.grad_a[stage.layer - 1][0]
    back = one[None]  # da / d of the unit before a stage
    for stage in reversed(net.stages[: max(0, 2 * layer - 1)]):
        back = stage.vjp(f.derivative(stage), back)
        if stage.kind == "affine":
            found[stage.layer - 1] = back[0] * f.h[stage.layer - 1][0]
    return found


def shown_units(found: list[Array], name: Name | None) -> list[tuple[int, ...]]:
    """Of each layer the units that are drawn, counted from 1, in their order; all of a layer that is not wide."""
    asked = _units(name)
    shown = []
    for layer, values in enumerate(found):
        if len(values) <= WIDE:
            shown.append(tuple(range(1, len(values) + 1)))
            continue
        order = [int(u) + 1 for u in np.argsort(-np.abs(values), kind="stable")[:SHOWN] if values[u] or not asked]
        first = [u for at, u in asked if at % len(found) == layer]
        shown.append(tuple(sorted({*first, *order})))
    return shown


def _units(name: Name | None) -> list[tuple[int, int]]:
    """(layer, unit) of the units that a name is about; the output layer is -1."""
    wrt = name.wrt if isinstance(name, Derivative) else name
    if wrt is None or not wrt.index:
        return []
    assert wrt.layer is not None or wrt.symbol in ("x", "y", "yhat")
    layer = {"x": 0, "y": -1, "yhat": -1}.get(wrt.symbol, wrt.layer or 0)
    units = [(layer, wrt.index[0])]
    if wrt.symbol == "W":
        units.append((layer - 1, wrt.index[1]))
    return units


def _asked(name: Name | None) -> tuple[int, int, bool] | None:
    """The layer, the unit from 0 and whether it is a pre-activation; None for a whole layer or the loss."""
    wrt: Quantity | None = name.wrt if isinstance(name, Derivative) else name
    if wrt is None or not wrt.index or wrt.symbol in ("y", "yhat"):
        return None
    return (wrt.layer or 0, wrt.index[0] - 1, wrt.symbol in ("a", "b", "W"))
