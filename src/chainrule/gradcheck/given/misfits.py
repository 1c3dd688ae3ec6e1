"""An array whose shape fits nothing: what was probably left out, and what it would fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainrule.errors import InputError
from chainrule.gradcheck.given.layouts import due_shape, layouts, pieces
from chainrule.gradcheck.given.readings import NamedArray, SetReading
from chainrule.network import names as notation
from chainrule.network.backward import Backward
from chainrule.network.names import LOSS, Derivative, Name, Quantity

Shape = tuple[int, ...]


def misfit(found: Sequence[SetReading], b: Backward) -> InputError:
    """The error of a set that no reading fits, by the reading that fits most of it."""
    best = min(found, key=lambda naming: len(_misfits(naming, b)))
    item = _misfits(best, b)[0]
    due, shape = due_shape(item.quantity, b), item.leaf.value.shape
    looks = next(_looks(item.quantity, shape, b), "")
    as_named = str(item.quantity) if str(item.quantity) != item.leaf.name else ""
    expected = f"shape {due}{f' of {as_named}' if as_named else ''}"
    return InputError(item.leaf.name, expected, f"shape {shape}{f': {looks}' if looks else ''}")


def _misfits(naming: SetReading, b: Backward) -> list[NamedArray]:
    return [item for item in naming.items if all(pieces(item, way, b) is None for way in layouts(naming.items))] or [
        naming.items[0]
    ]


def _looks(quantity: Name, shape: Shape, b: Backward) -> Iterator[str]:
    """What the array looks like, the likeliest first."""
    n, subject, sizes = b.forward.n, quantity.subject, b.forward.network.sizes
    examples = f"{n} example{'s' if n > 1 else ''}"
    own = _shape(subject, sizes)
    if subject.symbol in "Wb" and sorted(shape) == sorted((n, *own)):
        yield f"it looks as if the sum over the {examples} is missing"
    if subject.symbol in "Wb" and len(shape) == len(own) + 1 and shape[1:] == own:
        yield f"it looks as if the sum over {shape[0]} examples is missing; there are {n}"
    if subject.symbol == "b" and shape in ((), (1,), (1, 1)):
        yield "it looks as if it is summed over the units too"
    if subject.symbol not in "WbL" and not b.forward.single and shape in (own, (1, *own), (*own, 1)):
        yield f"it looks as if it is of one example, or summed over the {examples}"
    fits = [str(other) for other in _all(b) if other != quantity and shape in (s := due_shape(other, b), s[::-1])]
    if subject.symbol == "W" and shape in ((own[0],), (own[1],)):
        yield "it looks as if the product with the other layer's values is missing"
    if fits:
        yield f"it would fit {', '.join(fits[:3])}"
    if len(shape) == 1 and shape[0] == b.flat.size:
        yield "it looks like all parameters in one vector, which is given without a name"


def _shape(subject: Quantity, sizes: Sequence[int]) -> Shape:
    return () if subject.symbol == "L" else notation.shape(subject, sizes)


def _all(b: Backward) -> Iterator[Name]:
    """The whole gradients of a network."""
    depth = b.forward.network.depth
    for i in range(depth, 0, -1):
        for symbol in "Wba":
            yield Derivative(LOSS, Quantity(symbol, i))
        yield Derivative(LOSS, Quantity("h", i - 1) if i > 1 else Quantity("x"))
