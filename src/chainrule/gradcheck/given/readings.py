"""One reading of a set: which quantity each of its arrays is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chainrule.gradcheck.given.containers import Leaf
from chainrule.gradcheck.given.names import Label
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Name, Quantity


class NamedArray(NamedTuple):
    """An array with the quantity that it is under one reading; ``label`` is None where the set has no names."""

    leaf: Leaf
    quantity: Name
    label: Label | None = None

    @property
    def of_parameter(self) -> bool:
        """Whether it is the gradient by W or b, the whole or one entry."""
        return isinstance(self.quantity, Derivative) and self.quantity.wrt.symbol in "Wb"


@dataclass(frozen=True)
class SetReading:
    """One reading of a set's names or order.

    Attributes:
        words: what is said of it: ``layers are counted from 0``; "" where nothing is to be said.
        sure: it is how the names are usually meant, so that it needs no numbers to speak for it.
    """

    items: tuple[NamedArray, ...]
    words: str = ""
    sure: bool = True

    @property
    def quantities(self) -> tuple[Name, ...]:
        """What each array is."""
        return tuple(item.quantity for item in self.items)


def gradient(symbol: str, layer: int, sizes: Sequence[int]) -> Derivative:
    """dL by the whole of a layer's W, b, a or h."""
    found = notation.resolve(Derivative(LOSS, Quantity(symbol, layer)), sizes)
    assert isinstance(found, Derivative)
    return found
