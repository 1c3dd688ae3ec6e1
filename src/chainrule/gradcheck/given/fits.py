"""How well an array is a multiple of the gradient that it is said to be: the evidence by which a reading is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from chainrule.gradcheck.given.arrays import EPS
from chainrule.gradcheck.given.layouts import LaidOut
from chainrule.gradcheck.rounding import rounding_errors
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.forward import pick
from chainrule.network.names import LOSS, Derivative, Name

SAME = 1e-3  # factors that differ by less are one
HALF = 0.05  # of the largest entry: the most that rounding to half precision may explain
FEW = 3  # entries that may be a multiple by accident


class Fit(NamedTuple):
    """A piece beside what is due.

    Attributes:
        factor: so many times what is due is nearest to it. exact: it is that, to rounding.
        empty: what is due is 0 everywhere, or no more than rounding, so that nothing speaks for a factor.
        informative: its transpose would be another array.
    """

    factor: float
    exact: bool
    empty: bool
    informative: bool

    def at(self, factor: float) -> bool:
        """Whether the piece is so many times what is due."""
        return self.exact and (self.empty or abs(self.factor - factor) <= SAME * abs(factor))


@dataclass(eq=False)
class Evidence:
    """What is due of every quantity, and each comparison made once.

    Attributes:
        added: what is due beside the gradient of the loss, as of a penalty.
    """

    b: Backward
    precision: str = "float32"
    added: Mapping[Name, Array] = field(default_factory=dict)
    _bounds: dict[Name, Array] | None = field(default=None, init=False)
    _fits: dict[tuple[object, ...], Fit] = field(default_factory=dict, init=False)
    _bases: dict[int, Array] = field(default_factory=dict, init=False)
    _kept: list[Array] = field(default_factory=list, init=False)  # so that no id is used twice

    def due(self, quantity: Name, each: bool = False) -> Array:
        """What is due, in the layout of the design.

        Args:
            each: derivatives by units are of each example's own loss.
        """
        value = self.b.value(quantity)
        return self._laid_out(quantity, value + self.added[quantity] if quantity in self.added else value, each)

    def bound(self, quantity: Name, each: bool = False) -> Array:
        """How far rounding in the set's precision can move it."""
        if self._bounds is None:
            self._bounds = rounding_errors(self.b, EPS[self.precision])
        whole = quantity.whole
        found = self._bounds.get(whole)
        if found is None:
            return np.zeros_like(self.due(quantity, each))
        return self._laid_out(quantity, pick(found, quantity.subject), each)

    def basis(self, layer: int) -> Array:
        """Orthonormal rows that span those of H of a layer."""
        if layer not in self._bases:
            self._bases[layer] = np.linalg.svd(self.b.forward.h[layer], full_matrices=False)[2]
        return self._bases[layer]

    def _laid_out(self, quantity: Name, value: Array, each: bool) -> Array:
        examples = quantity.subject.symbol not in ("W", "b", "L")
        if each and examples and isinstance(quantity, Derivative):
            c = self.b.coefficients.reshape(-1, *[1] * (value.ndim - 1))
            value = np.divide(value, c, out=np.zeros_like(value), where=c != 0)
        return value[0] if examples and self.b.forward.single else np.asarray(value)

    def fit(self, piece: LaidOut, each: bool = False) -> Fit:
        """A piece beside what is due."""
        key = (id(piece.value.base if piece.value.base is not None else piece.value), piece.value.ctypes.data,
               piece.value.strides, piece.quantity, each)  # fmt: skip
        if key not in self._fits:
            self._kept.append(piece.value)
            self._fits[key] = self._compared(piece, each)
        return self._fits[key]

    def _compared(self, piece: LaidOut, each: bool) -> Fit:
        given, due = piece.value, self.due(piece.quantity, each)
        if given.shape != due.shape:
            return Fit(1.0, False, False, True)
        informative = given.ndim == 2 and given.shape[0] == given.shape[1] > 1 and not np.allclose(given, given.T)
        bound, largest = self.bound(piece.quantity, each), float(np.abs(due).max(initial=0.0))
        if EPS[self.precision] > SAME / 2:  # what rounding to half precision explains says too little of a reading
            bound = np.minimum(bound, HALF * largest)
        little = bool((np.abs(due) <= bound).all())  # 0, or no more than rounding
        factor = 1.0 if largest == 0.0 else float((given * (due / largest)).sum() / (due * (due / largest)).sum())
        same = max(SAME, 2 * EPS[self.precision])
        near = next((nice for nice in (1.0, -1.0) if abs(factor - nice) <= same), factor or 1.0)
        relative = max(SAME, 10 * EPS[self.precision])
        room = relative * np.abs(due) + relative * 1e-2 * largest
        gap = np.abs(given - near * due)
        if little and (due.size < FEW or largest == 0.0 or (gap > abs(near) * room).any()):
            return Fit(1.0, bool((np.abs(given - due) <= bound).all()), True, informative)
        return Fit(near, bool((gap <= abs(near) * (room + bound)).all()), False, informative)


def of_gradient(quantity: Name) -> bool:
    """Whether it is a gradient of L."""
    return isinstance(quantity, Derivative) and quantity.of == LOSS
