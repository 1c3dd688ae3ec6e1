"""An array as somebody holds it, turned into the layout of the design: (m, j), (m,), (n, m).

Axes, as in ``chainrule.network.equations``: n examples, m units of layer i, j units of layer i-1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.gradcheck.given.readings import NamedArray
from chainrule.network import names as notation
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import LOSS, Derivative, Name, Quantity

IN_COLUMNS = "transposed: its examples are in columns"
IN_OUT = "transposed: it is (in, out)"


@dataclass(frozen=True)
class ArrayLayout:
    """How the arrays of a whole set lie.

    Attributes:
        in_out: weights have a row for each unit before, (j, m).
        bias_first: where W holds b too, it is the first column (or row), not the last.
    """

    in_out: bool = False
    bias_first: bool = False


class LaidOut(NamedTuple):
    """An array, or the part of one, in the layout of the design.

    Attributes:
        name: as given. done: what was done to it, in words.
        turns: it can be its transpose as well, and the numbers decide: examples in columns, as many as units.
        against: its shape speaks against the set's layout of weights.
        speaks: its shape speaks for it.
    """

    name: str
    quantity: Name
    value: Array
    precision: str
    done: tuple[str, ...] = ()
    turns: bool = False
    against: bool = False
    speaks: bool = False

    @property
    def of_units(self) -> bool:
        """Whether it has an axis of examples in a batch."""
        return self.quantity.subject.symbol not in "WbL"


def due_shape(quantity: Name, b: Backward) -> tuple[int, ...]:
    """The shape of a whole quantity in the design, with the axis of examples of a batch."""
    subject = quantity.subject
    if subject.symbol == "L":
        return ()
    shape = notation.shape(subject, b.forward.network.sizes)
    return shape if subject.symbol in "Wb" or b.forward.single else (b.forward.n, *shape)


def pieces(item: NamedArray, layout: ArrayLayout, b: Backward) -> list[LaidOut] | None:
    """An array in the layout of the design: or W and b where it holds both; None where it fits none."""
    leaf, quantity = item.leaf, item.quantity
    done: tuple[str, ...] = (leaf.done,) if leaf.done else ()
    value = _squeezed(leaf.value)
    subject, shape = quantity.subject, due_shape(quantity, b)
    whole = not subject.is_component and subject.symbol != "L"
    if whole and subject.symbol == "W":
        return _weights(item, value, layout, shape, done)
    if value.size != int(np.prod(shape)):
        return None
    if whole and subject.symbol != "b" and len(shape) == 2:
        return _units(item, value, shape, done)
    if value.ndim == 2 and 1 not in value.shape:
        return None
    done += (f"its shape {leaf.value.shape} read as {shape}",) if leaf.value.shape != shape and leaf.value.ndim else ()
    return [LaidOut(leaf.name, quantity, value.reshape(shape), leaf.precision, done)]


def _squeezed(value: Array) -> Array:
    """Without axes of one entry beyond the second."""
    while value.ndim > 2 and 1 in value.shape:
        value = value.squeeze(value.shape.index(1))
    return value


def _units(item: NamedArray, value: Array, shape: tuple[int, ...], done: tuple[str, ...]) -> list[LaidOut] | None:
    leaf, quantity = item.leaf, item.quantity
    if value.shape == shape:
        return [LaidOut(leaf.name, quantity, value, leaf.precision, done, turns=shape[0] == shape[1] > 1)]
    if value.shape == shape[::-1]:
        done += (IN_COLUMNS,) if 1 not in shape else ()
        return [LaidOut(leaf.name, quantity, value.T, leaf.precision, done)]
    if value.ndim < 2 or 1 in value.shape:
        done += (f"its shape {leaf.value.shape} read as {shape}",)
        return [LaidOut(leaf.name, quantity, value.reshape(shape), leaf.precision, done)]
    return None


def _weights(
    item: NamedArray, value: Array, layout: ArrayLayout, shape: tuple[int, ...], done: tuple[str, ...]
) -> list[LaidOut] | None:
    m, j = shape
    leaf, quantity = item.leaf, item.quantity
    in_out = layout.in_out or (item.label is not None and item.label.designed and item.label.in_out)
    if value.size == m * j:
        return _matrix(item, value, in_out, shape, done)
    if value.size != m * (j + 1):
        return None
    expected = (j + 1, m) if in_out else (m, j + 1)
    if value.ndim != 1 and value.shape != expected:
        return None
    both = value.reshape(expected)
    both = both.T if in_out else both
    place = f"{'first' if layout.bias_first else 'last'} {'row' if in_out else 'column'}"
    W, bias = (both[:, 1:], both[:, 0]) if layout.bias_first else (both[:, :-1], both[:, -1])
    turned = (IN_OUT,) if in_out else ()
    assert quantity.subject.layer is not None
    of_b = Derivative(LOSS, Quantity("b", quantity.subject.layer))
    speaks, how = value.ndim == 2 and m != j + 1, (*done, *turned, f"without its {place}")
    return [
        LaidOut(leaf.name, quantity, W, leaf.precision, how, speaks=speaks),
        LaidOut(f"{leaf.name} ({place})", of_b, bias, leaf.precision, done),
    ]


def _matrix(
    item: NamedArray, value: Array, in_out: bool, shape: tuple[int, ...], done: tuple[str, ...]
) -> list[LaidOut] | None:
    leaf, given = item.leaf, value.shape
    expected = shape[::-1] if in_out else shape
    if given not in (expected, expected[::-1]):
        if value.ndim == 2 and 1 not in given:
            return None
        done += (f"its {value.size} numbers read as {expected}",) if min(shape) > 1 else ()
        value = value.reshape(expected)
    elif 1 in shape:
        value = value.reshape(expected)
    if in_out:
        value = value.T
        named = item.label is not None and item.label.designed and item.label.in_out
        done += (IN_OUT,) if min(shape) > 1 and not named else ()
    against, speaks = given == expected[::-1] != expected, given == expected != expected[::-1]
    return [LaidOut(leaf.name, item.quantity, value, leaf.precision, done, against=against, speaks=speaks)]


def layouts(items: tuple[NamedArray, ...], known: bool | None = None) -> Iterator[ArrayLayout]:
    """The layouts that a set may have, the likeliest first: by the names, then (out, in), b last.

    Args:
        known: the only way in which weights may lie; None for either.
    """
    by_names = any(item.label is not None and item.label.in_out and not item.label.designed for item in items)
    for in_out in (by_names, not by_names) if known is None else (known,):
        for bias_first in (False, True):
            yield ArrayLayout(in_out, bias_first)
